"""Damaged files: no answer is another than before. Parts of `faults.py`."""

import asyncio
import os
import random
import shutil
import time

from faulty_load import FOLDING, UNFOLDED, Still, load_on
from holdfast import Connection, Server, expect
from judge import path_of

LISTS = ("assets", "bookings", "condition-reports", "maintenance", "usage", "audit")


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
    """What is answered to reads that rest on views as much as on the journal: path → answers, page
    by page until one is refused."""
    connection = Connection(load.server, load.tokens["manager"])
    paths = ["/assets"] + [f"/assets/{asset}/{part}"
                           for asset in load.workload.assets for part in LISTS[1:]]
    paths += [path_of(identity) for identity in load.judge.newest]
    answers = {path: await all_pages(connection, path) for path in paths}
    connection.close()
    return answers


async def all_pages(connection, path):
    pages, cursor = [], ""
    while True:
        limit = "?limit=100" if path.rpartition("/")[2] in LISTS else ""
        answer = await connection.get(path + limit + cursor)
        pages.append((answer.status, answer.body))
        cursor = answer.json().get("next_cursor") if answer.status == 200 else None
        if cursor is None:
            return pages
        cursor = "&cursor=" + cursor


def is_refused(pages):
    return pages[-1][0] == 503


async def once_still(load):
    """What is read as soon as it no longer moves: what was due at once may come a tick later."""
    answers = await everything_read(load)
    while answers != (again := await everything_read(load)):
        answers = again
    return answers


def until_marked(data_dir, since):
    """Waits for the mark of how far the log is durable to be of after that moment."""
    until = time.monotonic() + 20
    while os.stat(f"{data_dir}/journal/high-water").st_mtime < since:
        expect(time.monotonic() < until, "nobody marks how far the log is durable")
        time.sleep(0.05)


def stored(arguments, folder, stop):
    """A data directory with all kinds of documents in it, its server gone, and what it answered."""
    folding = FOLDING if stop == "terminate" else UNFOLDED
    server = Server(arguments.binary, f"{folder}/data", folding)
    server.start()
    load = load_on(server, arguments, workload=Still)
    asyncio.run(load.for_seconds(arguments.seconds))
    almost = time.time()
    asyncio.run(load.for_seconds(0.1))
    answers = asyncio.run(once_still(load))
    expect({status for pages in answers.values() for status, _ in pages} == {200}, "reads fail")
    until_marked(server.data_dir, almost)
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
            other = [path for path in found if not is_refused(now[path])
                     or now[path][:-1] != answers[path][:len(now[path]) - 1]]
            expect(not other, f"{where}: other answers: {other}, the first was "
                   f"{answers[other[0]] if other else None}, is {now[other[0]] if other else None}")
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
