#!/usr/bin/env python3
"""Replays a file of real bookings over HTTP, then kills the server and asks again.

Each client keeps the file's order for the assets it posts; all are moved by whole weeks into the
future. With --verify the server is killed and restarted, and once more without its views; every
answer must stay the same, byte for byte, and every audit chain must verify.
"""

import argparse
import asyncio
import csv
import gzip
import hashlib
import tempfile
import time
from collections import Counter

from holdfast import (Connection, Server, check_chain, check_no_overlap, expect, instant,
                      many_files, shared_out, text, weeks_ahead)


def read_flights(path):
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")
    with opened as file:
        rows = list(csv.DictReader(file))
    shift = weeks_ahead(min(instant(row["start"]) for row in rows))
    assets = {}
    for row in rows:
        row["start"] = text(instant(row["start"]) + shift)
        row["end"] = text(instant(row["end"]) + shift)
        assets.setdefault(row["asset_code"], []).append(row)
    return rows, assets


class Replay:
    def __init__(self, server, token, clients):
        self.server = server
        self.token = token
        self.clients = clients
        self.counts = Counter()
        self.ids = {}       # asset code -> id
        self.booked = {}    # booking id -> the bytes of its 201

    async def post_all(self, assets):
        """Client n posts the assets n, n + clients, …: many assets in flight, each in order."""
        codes = list(assets)

        async def client(number):
            connection = Connection(self.server, self.token)
            mine = codes[number::self.clients]
            for code in mine:
                await self.register(connection, code, assets[code][0])
            # Row by row over all its assets, in the order of the file.
            rows = sorted((row["order"], code) for code in mine for row in assets[code])
            cursors = {code: iter(assets[code]) for code in mine}
            for _, code in rows:
                await self.book(connection, code, next(cursors[code]))
            connection.close()

        await asyncio.gather(*(client(number) for number in range(self.clients)))

    async def register(self, connection, code, row):
        answer = await connection.post("/assets", f"asset-{code}", {
            "name": code, "category": row["category"], "owner_org_id": "org_1",
            "location_id": row["location"]})
        expect(answer.status == 201, f"POST /assets {code}: {answer.status} {answer.body[:300]}")
        self.ids[code] = answer.json()["id"]

    async def book(self, connection, code, row):
        answer = await connection.post(
            f"/assets/{self.ids[code]}/bookings", f"row-{row['order']}",
            {"user_id": row["user"], "start": row["start"], "end": row["end"],
             "accept_terms": True})
        if answer.status == 201:
            self.counts["201"] += 1
            self.booked[answer.json()["id"]] = answer.body
        else:
            problem = answer.json()
            self.counts[f"{answer.status} {problem.get('code')}"] += 1

    async def digest(self):
        """Everything readable, as one hash per asset; chains and overlaps checked on the way."""
        digests = {}
        connections = [Connection(self.server, self.token) for _ in range(self.clients)]

        async def read(code, number):
            connection, asset = connections[number], self.ids[code]
            document = await connection.get(f"/assets/{asset}")
            expect(document.status == 200, f"GET asset {code}: {document.status}")
            bookings = await connection.pages(f"/assets/{asset}/bookings")
            check_no_overlap(code, bookings)
            entries = await connection.pages(f"/assets/{asset}/audit")
            check_chain(code, entries[::-1])
            read = hashlib.sha256(document.body)
            for booking in bookings:
                one = await connection.get(f"/bookings/{booking['id']}")
                expect(one.body == self.booked.get(booking["id"]),
                       f"{booking['id']} is not what was answered")
                read.update(one.body)
            for entry in entries:
                read.update(entry["hash"].encode())
            digests[code] = (len(bookings), len(entries), read.hexdigest())

        await shared_out(list(self.ids), self.clients, read)
        for connection in connections:
            connection.close()
        return digests


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--flights", required=True, help="CSV, also gzipped")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--accepted", type=int, required=True)
    parser.add_argument("--refused", type=int, required=True)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--data-dir", help="a folder to keep; a temporary one otherwise")
    return parser.parse_args()


def run(arguments, data_dir):
    rows, assets = read_flights(arguments.flights)
    for order, row in enumerate(rows):
        row["order"] = order
    server = Server(arguments.binary, data_dir)
    server.start()
    replay = Replay(server, server.token(), arguments.clients)
    began = time.monotonic()
    asyncio.run(replay.post_all(assets))
    took = time.monotonic() - began
    print(f"replay: {len(rows)} rows, {len(assets)} assets, {arguments.clients} clients, "
          f"{took:.1f} s: {dict(replay.counts)}")
    expected = {"201": arguments.accepted, "409 BOOKING_OVERLAP": arguments.refused}
    expect({k: v for k, v in expected.items() if v} == dict(replay.counts), f"wanted {expected}")
    if arguments.verify:
        verify(server, replay, arguments)
    server.terminate()


def verify(server, replay, arguments):
    before = asyncio.run(replay.digest())
    listed = sum(bookings for bookings, _, _ in before.values())
    logged = sum(entries for _, entries, _ in before.values())
    expect(listed == arguments.accepted, f"{listed} bookings are listed")
    wanted = arguments.accepted + arguments.refused + len(before)
    expect(logged == wanted, f"{logged} audit entries, {wanted} wanted")
    server.kill()
    server.start()
    expect(asyncio.run(replay.digest()) == before, "kill -9 changed an answer")
    print("replay: after kill -9 the same answers and chains")
    server.kill()
    server.delete_views()
    server.start()
    expect(asyncio.run(replay.digest()) == before, "without the views an answer differs")
    print("replay: without views.sled the same answers and chains")


def main():
    arguments = parse()
    many_files()
    if arguments.data_dir:
        run(arguments, arguments.data_dir)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(arguments, folder + "/data")


if __name__ == "__main__":
    main()
