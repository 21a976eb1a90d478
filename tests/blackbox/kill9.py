#!/usr/bin/env python3
"""kill -9 at random moments under load, while bookings fall due by themselves.

Clients send every command; whoever got no answer asks again with the same key after the restart.
At the end no acknowledged write may be missing, none invented, each key must have had exactly one
effect, every audit chain must verify and tell a possible story (`ledger.py`), in which whatever
fell due happened once and at its moment, also when the server was down then.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import Counter

import forgeries
from holdfast import (Connection, Server, canonical, check_chain, expect, fail, many_files,
                      shared_out)
from ledger import TIMER, Broken, Ledger, NotYet, millis
from workload import USER, Workload, now_ms

READERS = 8
# Refusals that no record keeps: the same key may come to something else later.
PASSING = {412, 422}


class Load:
    def __init__(self, server, arguments):
        self.server = server
        self.tokens = {"manager": server.token(),
                       "member": server.token(sub=USER, scope="booking:write")}
        self.clients = arguments.clients
        self.workload = Workload(arguments.seed)
        self.sent = {}      # key -> request
        self.answers = {}   # key -> (status as first given, body bytes), of what is kept
        self.logs = {}      # asset -> audit entries, oldest first, as last read
        self.open = []      # keys without an answer
        self.down = []      # (killed, ready again), in milliseconds
        self.running = False
        self.counts = Counter()

    def connections(self):
        """Of whoever asks: one for each of the tokens."""
        return {by: Connection(self.server, token) for by, token in self.tokens.items()}

    async def ask(self, connections, key):
        asked = self.sent[key]
        return await connections[asked.by].command(
            asked.method, asked.path, key, asked.body, asked.if_match)

    async def register(self, count):
        connections = self.connections()
        for number in range(count):
            key = f"asset-{number}"
            kind, self.sent[key] = self.workload.asset(number)
            answer = await self.ask(connections, key)
            expect(answer.status == 201, f"POST /assets: {answer.status} {answer.body[:300]}")
            self.acknowledge(key, 201, answer)
            self.workload.learn_asset(answer.json(), kind)
        close(connections)

    async def client(self, number):
        connections, mine = self.connections(), []
        while self.running:
            key = f"c{number}-{len(self.sent)}"
            self.sent[key] = self.workload.next(mine)
            try:
                answer = await self.ask(connections, key)
            except ConnectionError:
                self.open.append(key)
                break
            if answer.status == 503:
                self.open.append(key)
                continue
            self.acknowledge(key, answer.status, answer)
            if answer.status in (200, 201) and "user_id" in (image := answer.json()):
                mine.append(image)
        close(connections)

    def acknowledge(self, key, status, answer):
        code = answer.json().get("code")
        self.counts[f"{status} {code}" if code else status] += 1
        if status in PASSING:
            return
        kept = status in (200, 201, 409) or code == "TERMS_NOT_ACCEPTED"
        expect(kept, f"{self.sent[key]}: {status} {answer.body[:300]}")
        self.answers[key] = (status, answer.body)
        if status in (200, 201):
            image = answer.json()
            learn = self.workload.learn_booking if "user_id" in image else self.workload.learn_asset
            learn(image)

    async def until_killed(self, seconds):
        self.running = True
        clients = [asyncio.ensure_future(self.client(n)) for n in range(self.clients)]
        await asyncio.sleep(seconds)
        self.server.kill()
        self.running = False
        await asyncio.gather(*clients)

    def restart(self, killed):
        self.server.start()
        self.down.append((killed, now_ms()))

    async def retry(self):
        """Every unanswered request again; twice, so that the second is a replay for certain."""
        keys, self.open = self.open, []
        readers = [self.connections() for _ in range(READERS)]

        async def again(key, number):
            one = await self.ask(readers[number], key)
            two = await self.ask(readers[number], key)
            replayed = [answer.headers.get("idempotency-replayed") == "true"
                        for answer in (one, two)]
            self.counts["retries that found their effect" if replayed[0] else
                        "retries that had none"] += 1
            # Beyond 64 refusals per second and asset one is not kept, and is decided again.
            if one.status in (200, 201) or replayed[1]:
                expect(two.body == one.body, f"{key}: the second retry differs")
                expect(replayed[1], f"{key}: decided twice")
                two = one
            path = self.sent[key].path
            created = path.endswith("/bookings") and two.status in (200, 201)
            self.acknowledge(key, 201 if created else two.status, two)

        await shared_out(keys, READERS, again)
        for connections in readers:
            close(connections)
        return len(keys)

    async def check(self, settled_by=None):
        """Everything that can be read, against what was answered and against the rules."""
        readers = [self.connections() for _ in range(READERS)]
        ledgers, served = {}, {}

        async def read(asset, number):
            connection = readers[number]["manager"]
            entries = (await connection.pages(f"/assets/{asset}/audit"))[::-1]
            check_chain(asset, entries)
            # Engine time may be a little ahead of a wall clock that is being slowed down.
            expect(millis(entries[-1]["at"]) <= now_ms() + 50, f"{asset}: an entry of the future")
            self.logs[asset] = entries
            ledgers[asset] = Ledger(self.sent).play(entries)
            if settled_by is not None:
                ledgers[asset].settled(settled_by)
            for booking in await connection.pages(f"/assets/{asset}/bookings"):
                served[booking["id"]] = booking

        await shared_out(list(self.workload.assets), READERS, read)
        self.compare_keys()
        if settled_by is not None:
            await self.compare_documents(readers, ledgers, served)
            await self.replay(readers)
        for connections in readers:
            close(connections)
        return list(ledgers.values())

    def compare_keys(self):
        """The log holds exactly what was acknowledged, as it was answered."""
        seen = {}
        for entry in (entry for entries in self.logs.values() for entry in entries):
            key = entry["idempotency_key"]
            if entry["actor"]["sub"] == TIMER:
                expect(key is None, f"a timer has the key {key}")
                continue
            expect(key in self.sent, f"a key that nobody sent: {key}")
            expect(key not in seen, f"{key} had more than one effect")
            seen[key] = entry
            expect(key in self.answers, f"{key} has an effect and was answered with a refusal")
            status, body = self.answers[key]
            refused = entry["type"].endswith(".refused")
            expect(refused == (status not in (200, 201)), f"{key}: {entry['type']} and {status}")
            if refused:
                same = entry["after"]["code"] == json.loads(body)["code"]
            else:
                same = canonical(entry["after"]) == body
            expect(same, f"{key}: the log holds {entry['after']}, the answer was {body[:500]}")
        lost = [key for key, (status, _) in self.answers.items()
                if status in (200, 201) and key not in seen]
        expect(not lost, f"acknowledged and not in the log: {lost[:5]}")

    async def compare_documents(self, readers, ledgers, served):
        """What is served now is what the log ends with; nothing moves any more."""
        told = {}
        for ledger in ledgers.values():
            told |= {booking.id: booking.image for booking in ledger.live.values()} | ledger.over
        expect(served == told, "the lists and the logs differ: "
               f"{[i for i in served.keys() | told.keys() if served.get(i) != told.get(i)][:5]}")

        async def same(identity, number):
            answer = await readers[number]["manager"].get(f"/bookings/{identity}")
            expect(answer.body == canonical(told[identity]), f"{identity} is not as in the log")

        await shared_out(sorted(told), READERS, same)

    async def replay(self, readers):
        """Old keys still answer as they first did."""
        kept = [entry["idempotency_key"] for entries in self.logs.values() for entry in entries
                if entry["idempotency_key"] is not None]

        async def again(key, number):
            answer = await self.ask(readers[number], key)
            expect(answer.body == self.answers[key][1]
                   and answer.headers.get("idempotency-replayed") == "true", f"{key} differs")

        await shared_out(self.workload.chance.sample(kept, min(1_000, len(kept))), READERS, again)

    def last_due(self, ledgers, patience):
        """When the last of what falls due within so many seconds does."""
        until = now_ms() + int(patience * 1000)
        return max((due for ledger in ledgers for due, _, _ in ledger.all_due(until)), default=0)


def close(connections):
    for connection in connections.values():
        connection.close()


def settle(load, patience):
    """Waits for what falls due soon; everything by then must have happened a moment later."""
    last = load.last_due(asyncio.run(load.check()), patience)
    time.sleep(max(0, last - now_ms()) / 1000)
    # Ticks may be late on a busy machine, but what they do must say when it was due.
    for _ in range(10):
        time.sleep(1)
        try:
            return asyncio.run(load.check(settled_by=last))
        except NotYet as broken:
            missing = broken
    raise missing


def run(arguments, data_dir):
    server = Server(arguments.binary, data_dir, ["--fold-entries", "2000", "--fold-age-ms", "300"])
    server.start()
    load = Load(server, arguments)
    chance = load.workload.chance
    asyncio.run(load.register(arguments.assets))
    began = time.monotonic()
    unanswered = 0
    for kill in range(1, arguments.kills + 1):
        asyncio.run(load.until_killed(chance.uniform(0.02, arguments.seconds)))
        killed = now_ms()
        # Long enough down that what begins within two seconds falls due meanwhile.
        time.sleep(chance.choice([0, 0, chance.uniform(0.1, 1.5)]))
        load.restart(killed)
        unanswered += asyncio.run(load.retry())
        if kill % 10 == 0:
            asyncio.run(load.check())
    killed = now_ms()
    server.kill()
    time.sleep(0.5)
    load.restart(killed)
    ledgers = settle(load, arguments.patience)
    server.terminate()
    found = forgeries.all_found(load.logs, load.sent)
    report(load, ledgers, arguments, unanswered, time.monotonic() - began)
    print(f"kill9: {len(found)} forged logs found out: {', '.join(found)}")


def report(load, ledgers, arguments, unanswered, took):
    bookings = sum(len(ledger.live) + len(ledger.over) for ledger in ledgers)
    by_time = sum((ledger.by_time for ledger in ledgers), Counter())
    while_down = sum(killed <= due <= ready for ledger in ledgers for due in ledger.due_at
                     for killed, ready in load.down)
    entries = sum(len(entries) for entries in load.logs.values())
    print(f"kill9: seed {arguments.seed}, {arguments.kills} kills under {arguments.clients} "
          f"clients in {took:.1f} s: {len(load.sent)} requests, {unanswered} retried, "
          f"{bookings} bookings, {entries} audit entries")
    print(f"kill9: by time: {dict(by_time)}, {while_down} of them due while the server was down")
    print("kill9: " + ", ".join(f"{count} × {what}" for what, count in load.counts.most_common()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--assets", type=int, default=80)
    parser.add_argument("--seconds", type=float, default=0.8, help="longest time between kills")
    parser.add_argument("--patience", type=float, default=6,
                        help="how many seconds to wait at the end for what falls due")
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
