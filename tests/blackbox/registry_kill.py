#!/usr/bin/env python3
"""kill -9 in the middle of bulk writes to the asset registry.

Clients write batches of 1,000 assets, new ones and again and again the same ones (the pool), remove
some of them, and link others, several hundred associations at once. After each restart every batch that
was acknowledged is there as a whole, none that was not is there in part, and what is settled stays so
(`registry_judge.py`). Lists that are read meanwhile show whole batches as well.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import Counter

import registry_forgeries
from holdfast import Connection, Server, expect, fail, many_files, shared_out
from registry_judge import (BATCH, Batch, Broken, Pool, Reading, code, judge, marks, name, new_assets,
                            new_links, pool_assets, whole)

READERS = 4
TYPES = ["Far", "New", "Pool", "Root"]
# A client that has so many batches removes some first: the list is read after every kill.
KEPT_MAX = 8
# Roots whose associations are read after a kill, beside those without an answer.
ROOTS_READ = 20


class Load:
    def __init__(self, server, arguments):
        self.server, self.token = server, server.token()
        self.clients, self.linkers = arguments.clients, arguments.linkers
        self.chance = random.Random(arguments.seed)
        self.batches, self.pools = {}, {}
        self.numbers = iter(range(1, 1 << 30))
        self.running = False
        self.counts = Counter()

    # Writing.

    async def write(self, connection, method, path, body):
        """Whether it was acknowledged; without an answer it may have been written."""
        try:
            answer = await connection.send(method, path, body=json.dumps(body).encode())
        except ConnectionError:
            self.counts["without an answer"] += 1
            return False
        if answer.status == 503:
            self.counts["503"] += 1
            return False
        expect(answer.status == 204, f"{method} {path}: {answer.status} {answer.body[:300]}")
        self.counts["acknowledged"] += 1
        return True

    async def send(self, connection, batch):
        """Writes a batch, for the first time or again."""
        self.batches[batch.number] = batch
        path, body = (("/asset", new_assets(batch.number)) if batch.kind == "assets" else
                      ("/association", new_links(batch.number)))
        if await self.write(connection, "POST", path, body):
            self.batches[batch.number] = batch._replace(state="kept")
            return True
        return False

    async def remove(self, connection, batch):
        self.batches[batch.number] = batch._replace(state="deleting")
        codes = [code(batch.number, place) for place in range(BATCH)]
        if await self.write(connection, "DELETE", "/asset/bytype/New/bycode", codes):
            self.batches[batch.number] = batch._replace(state="gone")
            return True
        return False

    async def into_pool(self, connection, client):
        pool = self.pools.get(client, Pool(0, None))
        number = pool.kept + 1
        self.pools[client] = Pool(pool.kept, number)
        if await self.write(connection, "POST", "/asset", pool_assets(client, number)):
            self.pools[client] = Pool(number, None)
            return True
        return False

    async def some_write(self, connection, client):
        mine = [batch for batch in self.batches.values()
                if (batch.client, batch.kind, batch.state) == (client, "assets", "kept")]
        choice = self.chance.random()
        if len(mine) >= KEPT_MAX or mine and choice < 0.2:
            return await self.remove(connection, self.chance.choice(mine))
        if choice < 0.45:
            return await self.into_pool(connection, client)
        return await self.send(connection, Batch(next(self.numbers), "assets", client, "sent"))

    async def client(self, client):
        connection = Connection(self.server, self.token)
        while self.running and await self.some_write(connection, client):
            pass
        connection.close()

    async def linker(self, client):
        connection = Connection(self.server, self.token)
        while self.running and await self.send(
                connection, Batch(next(self.numbers), "links", client, "sent")):
            pass
        connection.close()

    async def reader(self):
        """Reads lists while they change; the last may break off."""
        connection = Connection(self.server, self.token)
        while self.running:
            try:
                answer = await connection.get("/asset")
            except ConnectionError:
                break
            if answer.status == 200:
                whole(answer.json())
                self.counts["lists read meanwhile"] += 1
            await asyncio.sleep(0.05)
        connection.close()

    async def prepare(self):
        connection = Connection(self.server, self.token)
        types = [{"Code": ty} for ty in TYPES]
        expect(await self.write(connection, "POST", "/type", types), "no types")
        for client in range(self.clients):
            # Twice, so that there is one before the newest.
            for _ in range(2):
                expect(await self.into_pool(connection, client), "no pool")
        # Of no client, so nobody removes it.
        for kind in ("assets", "links"):
            batch = Batch(next(self.numbers), kind, None, "sent")
            expect(await self.send(connection, batch), f"no {kind}")
        connection.close()

    async def until_killed(self, seconds):
        self.running = True
        at_work = [self.client(n) for n in range(self.clients)]
        at_work += [self.linker(self.clients + n) for n in range(self.linkers)]
        at_work = asyncio.gather(*at_work, self.reader())
        await asyncio.sleep(seconds)
        self.server.kill()
        self.running = False
        await at_work

    # Reading, with nobody writing.

    async def read(self, all_roots=False):
        connections = [Connection(self.server, self.token) for _ in range(READERS)]
        documents = await listed(connections[0], "GET", "/asset")
        reading = Reading(documents)
        linked = [batch.number for batch in self.batches.values() if batch.kind == "links"]
        open_roots = [n for n in linked if self.batches[n].state == "sent"]
        sample = linked if all_roots else open_roots + self.chance.sample(
            linked, min(len(linked), ROOTS_READ))

        async def read_root(number, reader):
            path = f"/association/from/Root/{code(number, 0)}"
            answer = await connections[reader].get(path)
            expect(answer.status in (200, 404), f"GET {path}: {answer.status}")
            reading.roots[number] = None if answer.status == 404 else [
                (name(one["ToAsset"]), marks(one["Association"]))
                for one in answer.json().get("Associations", [])]

        await shared_out(sorted(set(sample)), READERS, read_root)
        answer = await connections[0].get(f"/association/to/Pool/{code(0, 0)}")
        expect(answer.status == 200, f"what leads to the pool: {answer.status}")
        reading.leading = [name(one["FromAsset"]) for one in answer.json().get("Associations", [])]
        await self.read_in_bulk(connections, documents)
        for connection in connections:
            connection.close()
        return reading, documents

    async def read_in_bulk(self, connections, documents):
        """By their codes the same is read as in the list."""
        by_number = {}
        for document in documents:
            if document["Type"] == "New":
                by_number.setdefault(int(document["Code"].split("-")[0]), []).append(document)
        numbers = [b.number for b in self.batches.values() if b.kind == "assets"]
        doubtful = [n for n in numbers if self.batches[n].state in ("sent", "deleting")]
        sample = set(doubtful + self.chance.sample(numbers, min(len(numbers), READERS)))

        async def compare(number, reader):
            codes = [code(number, place) for place in range(BATCH)]
            found = await listed(connections[reader], "POST", "/asset/bytype/New/bycode", codes)
            expect(found == by_number.get(number, []),
                   f"batch {number}: the list and a read by codes differ")

        await shared_out(sorted(sample), READERS, compare)

    async def settle(self, all_roots=False):
        """Judges, and takes what is there now for the truth; some that had no answer go again."""
        reading, documents = await self.read(all_roots)
        open_batches = [b for b in self.batches.values() if b.state in ("sent", "deleting")]
        open_pools = [client for client, pool in self.pools.items() if pool.sent is not None]
        settled, self.pools = judge(self.batches, self.pools, reading)
        for batch in open_batches:
            there = settled[batch.number].state == "kept"
            written = there == (batch.state == "sent")
            self.counts["unanswered and whole" if written else "unanswered and absent"] += 1
        self.counts["unanswered in the pool"] += len(open_pools)
        self.batches = settled
        connection = Connection(self.server, self.token)
        for batch in open_batches:
            if batch.state == "sent" and self.chance.random() < 0.5:
                expect(await self.send(connection, settled[batch.number]), "a retry has no answer")
                self.counts["sent again"] += 1
        connection.close()
        return reading, documents


async def listed(connection, method, path, body=None):
    sent = b"" if body is None else json.dumps(body).encode()
    answer = await connection.send(method, path, body=sent)
    expect(answer.status == 200, f"{method} {path}: {answer.status} {answer.body[:300]}")
    return answer.json()


def run(arguments, data_dir):
    # Small, so that records are folded and files change under the load.
    server = Server(arguments.binary, data_dir, [
        "--fold-entries", "40", "--fold-age-ms", "300", "--journal-segment-bytes", str(16 << 20)])
    server.start()
    load = Load(server, arguments)
    asyncio.run(load.prepare())
    began = time.monotonic()
    for _ in range(arguments.kills):
        asyncio.run(load.until_killed(load.chance.uniform(0.02, arguments.seconds)))
        if load.chance.random() < 0.2:
            server.delete_views()
        server.start()
        asyncio.run(load.settle())
    server.terminate()
    server.start()
    reading, documents = asyncio.run(load.settle(all_roots=True))
    server.terminate()
    took = time.monotonic() - began
    found = registry_forgeries.all_found(load.batches, load.pools, reading)
    registry_forgeries.torn_list_found(documents)
    report(load, arguments, reading, took)
    print(f"registry_kill: {len(found) + 1} forged readings found out: {', '.join(found)}, a torn list")


def report(load, arguments, reading, took):
    kinds = Counter((batch.kind, batch.state) for batch in load.batches.values())
    told = ", ".join(f"{count} batches of {kind} {state}"
                     for (kind, state), count in sorted(kinds.items()))
    print(f"registry_kill: seed {arguments.seed}, {arguments.kills} kills under "
          f"{arguments.clients} + {arguments.linkers} clients in {took:.1f} s; {told}; "
          f"{len(reading.names)} assets at the end")
    print("registry_kill: " + ", ".join(f"{n} × {what}" for what, n in load.counts.most_common()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--clients", type=int, default=6, help="that write assets")
    parser.add_argument("--linkers", type=int, default=3, help="that write associations")
    parser.add_argument("--seconds", type=float, default=1.5, help="longest time between kills")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    many_files()
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(arguments, folder + "/data")
        except Broken as broken:
            fail(f"seed {arguments.seed}: {broken}")


if __name__ == "__main__":
    main()
