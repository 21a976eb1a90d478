#!/usr/bin/env python3
"""What a disk, an operator and a second process can do to a running server.

Needs root on Linux, strace and mount. A part whose tool is missing fails, unless `--without` names
the tool. Each part has a data directory of its own.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter

from damage import damaged_journal, damaged_views, everything_read
from faulty_load import FOLDING, UNFOLDED, Still, TracedServer, load_on, recheck
from holdfast import Connection, Server, expect, many_files
from load import close

# So that a small disk is full soon.
SMALL = ["--journal-segment-bytes", str(4 << 20), "--in-flight-bytes-max", str(1 << 20)]


def failed_disk(arguments, folder):
    """One write or sync of the log fails, once; everything after it would succeed again."""
    cases = [("fdatasync", "EIO", when) for when in arguments.syncs]
    cases += [("pwrite64", error, when) for error, when in (("EIO", 30), ("ENOSPC", 60))]
    for number, (call, error, when) in enumerate(cases):
        data, log = f"{folder}/{number}/data", f"{folder}/{number}.strace"
        server = Server(arguments.binary, data, FOLDING)
        server.start()
        # Only what clients ask for is written, so that somebody waits whenever it fails.
        load = load_on(server, arguments, workload=Still)
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
        # Whoever was not heard any more is told so, and that nothing happened is looked up.
        expect(told > 0 and set(load.refusals) <= {"OUTCOME_UNKNOWN", "OVERLOADED"},
               f"{what}: waiting requests were told {load.refusals}")
        retried = recheck(load, Server(arguments.binary, data))
        load.server.terminate()
        print(f"faults: {what}: {injected} injected, exit 70 after {late:.2f} s, {told} × 503, "
              f"{retried} retried, {load.acknowledged()} documents as acknowledged")


@contextlib.contextmanager
def small_disk(folder):
    mounted = f"{folder}/small"
    os.mkdir(mounted)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", mounted], check=True)
    try:
        yield mounted
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
    connections, key = load.booking("no-room")
    answer = await load.ask(connections, key)
    expect((answer.status, answer.json()["code"]) == (503, "STORAGE_FULL"), f"{answer.body}")
    # No problem document, so not one for `Watched`.
    reader = Connection(load.server, load.tokens["manager"])
    ready = await reader.get("/readyz")
    reader.close()
    expect(ready.status == 503, f"/readyz says {ready.status} though nothing can be written")
    close(connections)
    await load.check()


async def until_written(load, seconds_max):
    began = time.monotonic()
    for attempt in range(1_000_000):
        connections, key = load.booking(f"room-{began}-{attempt}")
        answer = await load.ask(connections, key)
        close(connections)
        if answer.status != 503:
            load.acknowledge(key, answer.status, answer)
            return time.monotonic() - began
        expect(answer.json()["code"] == "STORAGE_FULL", f"{answer.body}")
        expect(time.monotonic() - began < seconds_max, "there is room and writes are refused")
        await asyncio.sleep(0.05)


def full_disk(arguments, folder):
    with small_disk(folder) as mounted:
        full_disk_on(arguments, mounted)


def full_disk_on(arguments, mounted):
    """Under a journal alone; what a fold comes to that meets a full disk is the next part's."""
    ballast = f"{mounted}/ballast"
    server = Server(arguments.binary, f"{mounted}/data", SMALL + UNFOLDED)
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
    came = start_without_room(load, server)
    os.remove(ballast)
    recheck(load, server, SMALL + FOLDING)
    server.terminate()
    print(f"faults: kill -9 on a full disk: a start there {came}; with room again "
          f"{load.acknowledged()} documents as acknowledged")


def start_without_room(load, server):
    """Where the journal alone is enough to serve from it serves, and refuses writes as before; where
    the views have to be written first it says so and ends."""
    server.launch()
    if server.listens():
        load.healed(server)
        asyncio.run(refused_writes(load))
        server.kill()
        return "refuses writes and answers reads"
    code = server.ended()
    expect(code == 70 and any("No space left" in line for line in server.said),
           f"a start without room for the views: exit {code}, {server.said}")
    return "says so and ends"


def full_disk_under_views(arguments, folder):
    """A fold that finds no room leaves sled of no use. Until the next start some of what rests on
    the views is refused, never answered otherwise; then nothing is missing."""
    with small_disk(folder) as mounted:
        server = Server(arguments.binary, f"{mounted}/data", SMALL + FOLDING)
        server.start()
        load = load_on(server, arguments)
        asyncio.run(load.for_seconds(1.5))
        server.terminate()  # which folds all of it
        server.start()
        fill(f"{mounted}/ballast")
        # And on from there, until the log is full too.
        asyncio.run(load.for_seconds(60, lambda: is_said(server, "a fold failed")
                                     and load.refusals.get("STORAGE_FULL", 0) > 50))
        expect(is_said(server, "a fold failed"), "a fold found room on a full disk")
        # A store that is of no use for now is no fault of an asset.
        expect(set(load.refusals) <= {"STORAGE_FULL", "OVERLOADED"}, f"{load.refusals}")
        reads = asyncio.run(everything_read(load))
        statuses = Counter(pages[-1][0] for pages in reads.values())
        expect(set(statuses) <= {200, 503}, f"reads were answered {statuses}")
        server.kill()
        os.remove(f"{mounted}/ballast")
        recheck(load, server, SMALL + FOLDING)
        expect(is_said(server, "are built anew"), "views that a fold failed on are kept")
        server.terminate()
        print(f"faults: a fold failed on a full disk: {statuses[503]} of {statuses.total()} reads are "
              f"refused until the next start; then {load.acknowledged()} documents as acknowledged")


def is_said(server, words):
    return any(words in line for line in server.said)


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
    load = load_on(server, arguments, assets=3, workload=Still)

    async def book():
        for number in range(40):
            connections, key = load.booking(f"alone-{number}")
            answer = await load.ask(connections, key)
            expect(answer.status in (201, 403, 409), f"{answer.body}")
            close(connections)

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


PARTS = [
    (failed_disk, "strace"),
    (syncs, "strace"),
    (full_disk, "mount"),
    (full_disk_under_views, "mount"),
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
