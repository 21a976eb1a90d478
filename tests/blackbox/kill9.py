#!/usr/bin/env python3
"""kill -9 at random moments under load.

Clients book and cancel; whoever got no answer asks again with the same key after the restart. At
the end no acknowledged write may be missing, none invented, each key must have had exactly one
effect, no two live bookings may overlap, and every audit chain must verify.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

from holdfast import (Connection, Server, check_chain, check_no_overlap, expect, many_files,
                      shared_out, text)

# What a key can come to and be kept.
KEPT = {200, 201, 409}


class Load:
    def __init__(self, server, token, arguments):
        self.server = server
        self.token = token
        self.clients = arguments.clients
        self.chance = random.Random(arguments.seed)
        self.first = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=30)
        self.assets = []
        self.sent = {}      # key -> (path, body)
        self.answers = {}   # key -> (status as first given, body bytes)
        self.bookings = {}  # booking id -> its newest acknowledged bytes
        self.open = []      # keys without an answer
        self.running = False
        self.counts = Counter()

    async def register(self, count):
        connection = Connection(self.server, self.token)
        for number in range(count):
            answer = await connection.post("/assets", f"asset-{number}", {
                "name": f"Van {number}", "category": "EQUIPMENT", "owner_org_id": "org_1",
                "location_id": "loc_7"})
            expect(answer.status == 201, f"POST /assets: {answer.status} {answer.body[:300]}")
            self.assets.append(answer.json()["id"])
        connection.close()

    def booking(self):
        start = self.first + timedelta(minutes=10 * self.chance.randrange(20_000))
        end = start + timedelta(minutes=10 * self.chance.randint(1, 12))
        return (f"/assets/{self.chance.choice(self.assets)}/bookings",
                {"user_id": "usr_9", "start": text(start), "end": text(end),
                 "accept_terms": True})

    def connection(self):
        return Connection(self.server, self.token)

    async def client(self, number):
        connection = self.connection()
        mine = []
        while self.running:
            if mine and self.chance.random() < 0.2:
                path, body = f"/bookings/{mine.pop()}/cancel", {}
            else:
                path, body = self.booking()
            key = f"c{number}-{len(self.sent)}"
            self.sent[key] = (path, body)
            try:
                answer = await connection.post(path, key, body)
            except ConnectionError:
                self.open.append(key)
                return
            if answer.status == 503:
                self.open.append(key)
                continue
            self.acknowledge(key, answer.status, answer)
            if answer.status == 201:
                mine.append(answer.json()["id"])
        connection.close()

    def acknowledge(self, key, status, answer):
        expect(status in KEPT, f"{self.sent[key]}: {status} {answer.body[:300]}")
        self.answers[key] = (status, answer.body)
        self.counts[status] += 1
        if status in (200, 201):
            self.bookings[answer.json()["id"]] = answer.body

    async def until_killed(self, seconds):
        self.running = True
        clients = [asyncio.ensure_future(self.client(n)) for n in range(self.clients)]
        await asyncio.sleep(seconds)
        self.server.kill()
        self.running = False
        await asyncio.gather(*clients)

    async def retry(self):
        """Every unanswered request again; twice, so that the second is a replay for certain."""
        keys, self.open = self.open, []
        connections = [Connection(self.server, self.token) for _ in range(8)]

        async def again(key, number):
            path, body = self.sent[key]
            one = await connections[number].post(path, key, body)
            two = await connections[number].post(path, key, body)
            replayed = one.headers.get("idempotency-replayed") == "true"
            self.counts["retries that found their effect" if replayed else
                        "retries that had none"] += 1
            created = path.endswith("/bookings") and one.status in (200, 201)
            self.acknowledge(key, 201 if created else one.status, one)
            # Beyond 64 refusals per second and asset one is not kept, and is decided again.
            kept = one.status != 409 or two.headers.get("idempotency-replayed") == "true"
            expect(not kept or two.body == one.body, f"{key}: the second retry differs")
            expect(not kept or two.headers.get("idempotency-replayed") == "true",
                   f"{key}: decided twice")

        await shared_out(keys, 8, again)
        for connection in connections:
            connection.close()
        return len(keys)

    async def check(self):
        connections = [Connection(self.server, self.token) for _ in range(8)]
        stored, keys = {}, Counter()

        async def read(asset, number):
            connection = connections[number]
            bookings = await connection.pages(f"/assets/{asset}/bookings")
            check_no_overlap(asset, bookings)
            stored.update((booking["id"], booking) for booking in bookings)
            entries = await connection.pages(f"/assets/{asset}/audit")
            check_chain(asset, entries[::-1])
            keys.update(entry["idempotency_key"] for entry in entries)

        await shared_out(list(self.assets), 8, read)
        known = sorted(self.bookings)

        async def same(identity, number):
            answer = await connections[number].get(f"/bookings/{identity}")
            expect(answer.status == 200, f"{identity} was acknowledged and is gone")
            expect(answer.body == self.bookings[identity], f"{identity} is not as answered")

        await shared_out(known, 8, same)
        expect(sorted(stored) == known, "the lists and what was acknowledged differ")
        twice = [key for key, count in keys.items() if count != 1]
        expect(not twice, f"keys with more than one effect: {twice[:5]}")
        stranger = [key for key in keys if key not in self.sent and not key.startswith("asset-")]
        expect(not stranger, f"keys that nobody sent: {stranger[:5]}")
        lost = [key for key, (status, _) in self.answers.items()
                if status in (200, 201) and key not in keys]
        expect(not lost, f"acknowledged and not in the log: {lost[:5]}")
        for connection in connections:
            connection.close()


def run(arguments, data_dir):
    server = Server(arguments.binary, data_dir, ["--fold-entries", "2000", "--fold-age-ms", "300"])
    server.start()
    load = Load(server, server.token(), arguments)
    asyncio.run(load.register(arguments.assets))
    began = time.monotonic()
    unanswered = 0
    for kill in range(1, arguments.kills + 1):
        asyncio.run(load.until_killed(load.chance.uniform(0.02, arguments.seconds)))
        server.start()
        unanswered += asyncio.run(load.retry())
        if kill % 10 == 0:
            asyncio.run(load.check())
    asyncio.run(load.check())
    server.terminate()
    print(f"kill9: seed {arguments.seed}, {arguments.kills} kills under {arguments.clients} clients "
          f"in {time.monotonic() - began:.1f} s: {len(load.sent)} requests, {unanswered} retried, "
          f"{len(load.bookings)} bookings as acknowledged; "
          + ", ".join(f"{count} × {what}" for what, count in load.counts.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--assets", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=0.8, help="longest time between kills")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    many_files()
    with tempfile.TemporaryDirectory() as folder:
        run(arguments, folder + "/data")


if __name__ == "__main__":
    main()
