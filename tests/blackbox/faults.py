#!/usr/bin/env python3
"""What a disk, an operator and a second process can do to a running server.

Needs root on Linux, strace and mount. A part whose tool is missing fails, unless `--without` names
the tool. Each part has a data directory of its own.
"""

import argparse
import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

from holdfast import Connection, Server, expect, fail, many_files
from load import Load

# A record of a booking takes some 2 kB; a fold every 300 ms makes the views matter.
FOLDING = ["--fold-entries", "2000", "--fold-age-ms", "300"]
UNFOLDED = ["--fold-age-ms", "3600000"]


class Watched(Connection):
    """Once anybody was told that the outcome is unknown, nobody who asks later may get a yes."""

    def __init__(self, load):
        super().__init__(load.server, load.token)
        self.load = load

    async def send(self, method, path, key=None, body=b""):
        late = self.load.failed_at is not None
        answer = await super().send(method, path, key, body)
        if answer.status == 503:
            code = answer.json()["code"]
            self.load.refusals[code] = self.load.refusals.get(code, 0) + 1
            if code == "OUTCOME_UNKNOWN" and not late:
                self.load.failed_at = self.load.failed_at or time.monotonic()
        expect(not late or answer.status == 503,
               f"{method} {path}: {answer.status} after the log had failed")
        return answer


class FaultyLoad(Load):
    """The load of `kill9.py`, whose server is not killed but fails."""

    def __init__(self, server, token, arguments):
        super().__init__(server, token, arguments)
        self.failed_at = None
        self.refusals = {}

    def connection(self):
        return Watched(self)

    async def for_seconds(self, seconds, enough=lambda: False):
        self.running = True
        clients = [asyncio.ensure_future(self.client(n)) for n in range(self.clients)]
        until = time.monotonic() + seconds
        while time.monotonic() < until and not enough():
            await asyncio.sleep(0.02)
        self.running = False
        await asyncio.gather(*clients)

    async def until_it_ends(self, seconds_max):
        """Returns the exit code and how long after the first "outcome unknown" it ended."""
        self.running = True
        clients = [asyncio.ensure_future(self.client(n)) for n in range(self.clients)]
        until = time.monotonic() + seconds_max
        while self.server.process.poll() is None:
            if time.monotonic() > until:
                self.server.kill_traced()
                fail(f"it did not end within {seconds_max} s; it said {self.server.said[-5:]}")
            await asyncio.sleep(0.005)
        ended = time.monotonic()
        self.running = False
        await asyncio.gather(*clients)
        code = self.server.process.returncode
        return code, ended - (self.failed_at or ended)

    def healed(self, server):
        self.server, self.failed_at, self.refusals = server, None, {}


class TracedServer(Server):
    """Under strace; a signal to strace would leave the server running, so it goes to the child."""

    def pid(self):
        me = self.process.pid
        with open(f"/proc/{me}/task/{me}/children", encoding="ascii") as children:
            return int(children.read().split()[0])

    def kill_traced(self):
        os.kill(self.pid(), signal.SIGKILL)
        self.process.wait()

    def terminate(self):
        os.kill(self.pid(), signal.SIGTERM)
        expect(self.ended() == 0, "SIGTERM did not end it with 0")


def load_on(server, arguments, assets=20, kind=FaultyLoad):
    load = kind(server, server.token(), argparse.Namespace(
        clients=arguments.clients, seed=arguments.seed))
    asyncio.run(load.register(assets))
    return load


def recheck(load, server, arguments=FOLDING):
    """After a start: every open request again, then everything that was acknowledged."""
    load.healed(server)
    server.arguments = list(arguments)
    server.start()
    retried = asyncio.run(load.retry())
    asyncio.run(load.check())
    return retried


def failed_disk(arguments, folder):
    """One write or sync of the log fails, once; everything after it would succeed again."""
    cases = [("fdatasync", "EIO", when) for when in arguments.syncs]
    cases += [("pwrite64", error, when) for error, when in (("EIO", 30), ("ENOSPC", 60))]
    for number, (call, error, when) in enumerate(cases):
        data, log = f"{folder}/{number}/data", f"{folder}/{number}.strace"
        server = Server(arguments.binary, data, FOLDING)
        server.start()
        load = load_on(server, arguments)
        asyncio.run(load.for_seconds(0.2))
        server.terminate()
        # The segment in use alone: segments being made ready and views may fail without harm.
        server = TracedServer(arguments.binary, data, FOLDING, [
            "strace", "-f", "-qq", "-o", log, "-P", f"{data}/journal/00000001.seg",
            "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"])
        load.healed(server)
        server.start()
        code, late = asyncio.run(load.until_it_ends(60))
        with open(log, encoding="utf-8") as lines:
            injected = sum("(INJECTED)" in line for line in lines)
        what = f"{call} {error} at the {when}th"
        expect(injected > 0, f"{what}: nothing was injected, so nothing was shown")
        expect(code == 70, f"{what}: exit {code}, said {server.said[-3:]}")
        expect(late < 2, f"{what}: it ran on for {late:.1f} s")
        told = load.refusals.get("OUTCOME_UNKNOWN", 0)
        expect(told > 0 and set(load.refusals) == {"OUTCOME_UNKNOWN"},
               f"{what}: waiting requests were told {load.refusals}")
        retried = recheck(load, Server(arguments.binary, data))
        load.server.terminate()
        print(f"faults: {what}: {injected} injected, exit 70 after {late:.2f} s, {told} × 503, "
              f"{retried} retried, {len(load.bookings)} bookings as acknowledged")


def full_disk(arguments, folder):
    mounted = f"{folder}/small"
    os.mkdir(mounted)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", mounted], check=True)
    try:
        full_disk_on(arguments, mounted)
    finally:
        # Lazily: after a failure the server still has it open, until this script ends.
        subprocess.run(["umount", "-l", mounted], check=True)


def fill(path):
    chunk = bytes(1 << 16)
    with open(path, "wb", buffering=0) as ballast:
        while True:
            try:
                ballast.write(chunk)
            except OSError:
                return


async def refused_writes(load):
    """No room: writes are refused and nothing happens, reads go on."""
    connection = Connection(load.server, load.token)
    path, body = load.booking()
    answer = await connection.post(path, "no-room", body)
    expect((answer.status, answer.json()["code"]) == (503, "STORAGE_FULL"), f"{answer.body}")
    ready = await connection.get("/readyz")
    expect(ready.status == 503, f"/readyz says {ready.status} though nothing can be written")
    connection.close()
    await load.check()


async def until_written(load, seconds_max):
    connection = Connection(load.server, load.token)
    began = time.monotonic()
    for attempt in range(1_000_000):
        path, body = load.booking()
        key = f"room-{attempt}"
        load.sent[key] = (path, body)
        answer = await connection.post(path, key, body)
        if answer.status != 503:
            load.acknowledge(key, answer.status, answer)
            connection.close()
            return time.monotonic() - began
        expect(answer.json()["code"] == "STORAGE_FULL", f"{answer.body}")
        expect(time.monotonic() - began < seconds_max, "there is room and writes are refused")
        await asyncio.sleep(0.05)


def full_disk_on(arguments, mounted):
    small = ["--journal-segment-bytes", str(4 << 20), "--in-flight-bytes-max", str(1 << 20), *FOLDING]
    ballast = f"{mounted}/ballast"
    server = Server(arguments.binary, f"{mounted}/data", small)
    server.start()
    load = load_on(server, arguments)
    asyncio.run(load.for_seconds(0.3))
    for time_around in ("at first", "after room was made once"):
        fill(ballast)
        asyncio.run(load.for_seconds(300, lambda: load.refusals.get("STORAGE_FULL", 0) > 50))
        expect(load.refusals.get("STORAGE_FULL", 0) > 0,
               f"full {time_around}: never refused: {load.refusals}, {server.said[-3:]}")
        expect(set(load.refusals) <= {"STORAGE_FULL", "OVERLOADED"}, f"{load.refusals}")
        expect(server.process.poll() is None, f"it ended: {server.said[-3:]}")
        asyncio.run(refused_writes(load))
        refused = load.refusals["STORAGE_FULL"]
        os.remove(ballast)
        waited = asyncio.run(until_written(load, 10))
        load.refusals.clear()
        # What was refused had no effect, so all of it may be asked again.
        retried = asyncio.run(load.retry())
        asyncio.run(load.check())
        print(f"faults: disk full {time_around}: {refused} × STORAGE_FULL, reads as before, "
              f"written again {waited:.1f} s after room was made, {retried} retried")
    fill(ballast)
    asyncio.run(load.for_seconds(300, lambda: load.refusals.get("STORAGE_FULL", 0) > 50))
    server.kill()
    code = server.refused()
    expect(code == 70 and any("No space left" in line for line in server.said),
           f"a start without room for the views: exit {code}, {server.said}")
    os.remove(ballast)
    recheck(load, server, small)
    server.terminate()
    print(f"faults: kill -9 on a full disk: a start there says so and ends; with room again "
          f"{len(load.bookings)} bookings as acknowledged")


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0x5A]))


def used(path):
    """One past the last byte that is not zero."""
    with open(path, "rb") as file:
        return len(file.read().rstrip(b"\0"))


async def everything_read(load):
    """What is answered to reads that rest on views as much as on the journal."""
    paths = ["/assets"] + [f"/assets/{asset}{part}" for asset in load.assets
                           for part in ("", "/bookings", "/audit")]
    connection = Connection(load.server, load.token)
    answers = {path: await connection.get(path) for path in paths}
    connection.close()
    return {path: (answer.status, answer.body) for path, answer in answers.items()}


def stored(arguments, folder, stop):
    """A data directory with bookings in it, its server gone, and what it answered."""
    folding = FOLDING if stop == "terminate" else UNFOLDED
    server = Server(arguments.binary, f"{folder}/data", folding)
    server.start()
    load = load_on(server, arguments)
    asyncio.run(load.for_seconds(arguments.seconds))
    answers = asyncio.run(everything_read(load))
    expect({status for status, _ in answers.values()} == {200}, f"reads: {answers}")
    if stop == "kill":
        time.sleep(1.5)  # the mark of how far the log is durable is written once a second
    getattr(server, stop)()
    return load, server, answers


def damaged_views(arguments, folder):
    load, server, answers = stored(arguments, folder, "terminate")
    kept = f"{folder}/kept"
    shutil.copytree(server.data_dir, kept)
    views = "views.sled/db"
    length = used(f"{kept}/{views}")
    chance = random.Random(arguments.seed)
    flips = [chance.randrange(length) for _ in range(arguments.flips)]
    cuts = [0, length // 3, length - 5]
    rebuilt = refused = 0
    for what, at in [("flip", at) for at in flips] + [("cut", at) for at in cuts]:
        shutil.rmtree(server.data_dir)
        shutil.copytree(kept, server.data_dir)
        path = f"{server.data_dir}/{views}"
        if what == "flip":
            flip(path, at)
        else:
            os.truncate(path, at)
        server.start()
        where = f"views, {what} at {at} of {length}"
        # Damage inside a row is found when the row is read: 503 then, never another answer, and the
        # next start builds the views anew.
        now = asyncio.run(everything_read(load))
        found = [path for path, answer in now.items() if answer != answers[path]]
        if found:
            expect(all(now[path][0] == 503 for path in found), f"{where}: other answers: {found}")
            refused += 1
            server.kill()
            server.start()
            expect(any("are built anew" in line for line in server.said), f"{where}: kept")
            now = asyncio.run(everything_read(load))
        expect(now == answers, f"{where}: other answers; {server.said}")
        asyncio.run(load.check())
        rebuilt += any("are built anew" in line for line in server.said)
        server.terminate()
    print(f"faults: damaged views: {len(flips)} flips and {len(cuts)} cuts in {length} bytes, the "
          f"same answers each time; {rebuilt} × built anew from the journal, {refused} × only after "
          "a row was found damaged (503 until the next start)")


def damaged_journal(arguments, folder):
    load, server, answers = stored(arguments, f"{folder}/unfolded", "kill")
    first, mark = (f"{server.data_dir}/journal/{name}" for name in ("00000001.seg", "high-water"))
    middle = used_part(first)
    flip(first, middle // 2)
    expect(server.refused() == 65, f"a flipped byte below the mark: {server.said}")
    flip(first, middle // 2)
    for gone in (mark, first):
        os.rename(gone, gone + ".away")
        code = server.refused()
        expect(code == 65, f"{os.path.basename(gone)} is gone: exit {code}, {server.said}")
        # What the refusal left behind must not hinder the repair.
        os.rename(gone + ".away", gone)
    server.start()
    expect(asyncio.run(everything_read(load)) == answers, "other answers after the repair")
    asyncio.run(load.check())
    server.terminate()
    # All of it is folded now, and a start reads only what lies after the fold: the rest is checked
    # beside the running server.
    flip(first, middle // 2)
    server.start()
    until = time.monotonic() + 20
    while not any("an older segment is damaged" in line for line in server.said):
        expect(time.monotonic() < until, "nobody says that the older part is damaged")
        time.sleep(0.05)
    server.kill()
    print("faults: damaged journal: flipped byte, mark gone, segment gone: 65; older than the last "
          "fold: the check beside the server says so")


def used_part(segment):
    """Bytes in use of a prepared segment: its last sixteen say that it is prepared."""
    with open(segment, "rb") as file:
        return len(file.read()[:-16].rstrip(b"\0"))


def two_processes_and_signals(arguments, folder):
    server = Server(arguments.binary, f"{folder}/data", FOLDING)
    server.start()
    second = Server(arguments.binary, server.data_dir)
    expect(second.refused() == 73, f"a second process: {second.said}")
    load = load_on(server, arguments)
    for signals in (1, 2):
        seconds, code = asyncio.run(ended_by_signals(load, signals))
        expect(seconds < 15, f"SIGTERM took {seconds:.1f} s")
        expect(signals == 2 or code == 0, f"SIGTERM under load: exit {code}")
        expect(signals == 1 or (code in (0, 1) and seconds < 2), f"two signals: {code}, {seconds}")
        recheck(load, server)
        print(f"faults: {signals} × SIGTERM under load: exit {code} after {seconds:.2f} s, nothing "
              "acknowledged is missing")
    server.terminate()


async def ended_by_signals(load, count):
    load.running = True
    clients = [asyncio.ensure_future(load.client(n)) for n in range(load.clients)]
    await asyncio.sleep(0.5)
    began = time.monotonic()
    for _ in range(count):
        load.server.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.01)
    while load.server.process.poll() is None and time.monotonic() < began + 20:
        await asyncio.sleep(0.01)
    seconds = time.monotonic() - began
    load.running = False
    await asyncio.gather(*clients)
    return seconds, load.server.process.poll()


def syncs(arguments, folder):
    """Each 201 is written to its socket only after a sync that followed its request."""
    log = f"{folder}/strace"
    server = TracedServer(arguments.binary, f"{folder}/data", UNFOLDED, [
        "strace", "-f", "-qq", "-s", "12", "-o", log, "-e",
        "trace=fdatasync,recvfrom,read,readv,sendto,write,writev,sendmsg"])
    server.start()
    connection = Connection(server, server.token())
    load = load_on(server, arguments, assets=3)

    async def book():
        for number in range(20):
            answer = await connection.post(*keyed(load, f"alone-{number}"))
            expect(answer.status in (201, 409), f"{answer.body}")
        connection.close()

    asyncio.run(book())
    server.terminate()
    synced, answers, asked = 0, 0, False
    done = re.compile(r"fdatasync(\(| resumed).*= 0")
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if '"POST ' in line:
                asked, synced = True, 0
            elif done.search(line):
                synced += 1
            elif '"HTTP/1.1 201' in line or '"HTTP/1.1 20' in line:
                expect(not asked or synced > 0, f"a 201 without a sync before it: {line}")
                answers += asked
                asked = False
    expect(answers >= 10, f"only {answers} answers were seen in the trace")
    print(f"faults: {answers} × 201 one by one, each after a sync of its own")


def keyed(load, key):
    path, body = load.booking()
    load.sent[key] = (path, body)
    return path, key, body


PARTS = [
    (failed_disk, "strace"),
    (syncs, "strace"),
    (full_disk, "mount"),
    (damaged_views, None),
    (damaged_journal, None),
    (two_processes_and_signals, None),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--short", action="store_true", help="fewer places, shorter loads")
    parser.add_argument("--without", action="append", default=[], choices=["strace", "mount"],
                        help="leave out the parts that need this tool")
    parser.add_argument("--only", help="one part, by name")
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    arguments.syncs = [20, 90] if arguments.short else [1, 7, 20, 50, 90, 200]
    arguments.flips = 6 if arguments.short else 40
    arguments.seconds = 1.5 if arguments.short else 5
    many_files()
    print(f"faults: seed {arguments.seed}")
    for part, tool in PARTS:
        if arguments.only not in (None, part.__name__):
            continue
        if tool in arguments.without:
            print(f"faults: {part.__name__} left out, as asked: without {tool}")
            continue
        expect(tool is None or shutil.which(tool), f"{part.__name__} needs {tool}")
        expect(tool is None or os.geteuid() == 0, f"{part.__name__} needs root")
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            part(arguments, folder)
        print(f"faults: {part.__name__}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
