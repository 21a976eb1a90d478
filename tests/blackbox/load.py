"""Clients that send commands until the server goes away, and ask again when it is back.

What was answered is kept for the judge (`judge.py`); what was not is asked again under the same key.
"""

import asyncio
from collections import Counter

import usage
from audit import Broken
from holdfast import SCOPES, Connection, expect, fail, shared_out
from judge import Judge
from workload import USER, Workload, now_ms

READERS = 8
# Refusals that no record keeps: the same key may come to something else later.
PASSING = {412, 422}
CREATES = {"assets", "bookings", "condition-reports", "maintenance"}
OPEN = "status=SCHEDULED&status=DUE&status=IN_PROGRESS"


def creates(asked):
    """Its first answer is 201, and those after it are 200."""
    return asked.method == "POST" and asked.path.rpartition("/")[2] in CREATES


class Load:
    def __init__(self, server, arguments, workload=Workload):
        self.server = server
        self.tokens = {"manager": server.token(), "inspector": server.token(sub="inspector"),
                       "member": server.token(sub=USER, scope=SCOPES, role="member")}
        self.clients = arguments.clients
        self.workload = workload(arguments.seed)
        self.sent = {}      # key -> request
        self.open = []      # keys without an answer
        self.idle = set()   # those of them of which it was said that nothing happened
        self.down = []      # (killed, ready again), in milliseconds
        self.running = False
        self.counts = Counter()
        self.judge = Judge(self.sent)

    @property
    def logs(self):
        return self.judge.logs

    def connection(self, by):
        return Connection(self.server, self.tokens[by])

    def connections(self):
        """Of whoever asks: one for each of the tokens."""
        return {by: self.connection(by) for by in self.tokens}

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
            self.acknowledge(key, 201, answer, kind)
        close(connections)

    async def client(self, number):
        connections, mine, key = self.connections(), [], None
        while self.running:
            try:
                key = None
                await self.look(connections["manager"])
                key = f"c{number}-{len(self.sent)}"
                self.sent[key] = self.workload.next(mine)
                answer = await self.ask(connections, key)
                if answer.status == 503:
                    self.open.append(key)
                    if answer.json()["code"] != "OUTCOME_UNKNOWN":
                        self.idle.add(key)
                    continue
                self.acknowledge(key, answer.status, answer)
                if answer.status in (200, 201) and "user_id" in (image := answer.json()):
                    mine.append(image)
                    key = None
                    await self.is_used(connections["manager"], image)
            except ConnectionError:
                if key is not None:
                    self.open.append(key)
                break
        close(connections)

    async def look(self, connection):
        """Reads while others write: what follows by itself is learnt from lists."""
        asset = self.workload.looks_at()
        if asset is None:
            return
        listed = await connection.get(f"/assets/{asset}/maintenance?{OPEN}&limit=100")
        used = await connection.get(f"/assets/{asset}/usage?limit=100")
        if (listed.status, used.status) != (200, 200):
            self.unready(listed, used)
            return
        for image in listed.json()["items"]:
            self.workload.learn(image)
        try:
            usage.adds_up(used.json())
        except Broken as broken:
            fail(f"the usage of {asset}: {broken}")

    async def is_used(self, connection, image):
        """A read that follows a write's answer contains the write: a use that is over is counted."""
        left = image["actual_end"]
        if left is None:
            return
        path = f"/assets/{image['asset_id']}/usage?date_from={left}&limit=100"
        answer = await connection.get(path)
        if answer.status != 200:
            self.unready(answer)
            return
        page = answer.json()
        known = page["has_more"] or image["id"] in [row["booking_id"] for row in page["items"]]
        expect(known, f"{image['id']} was returned at {left} and is not in the usage since then")

    def unready(self, *answers):
        expect(all(answer.status in (200, 503) for answer in answers),
               f"a read was answered {[(answer.status, answer.body[:300]) for answer in answers]}")

    def acknowledge(self, key, status, answer, kind=None):
        image = answer.json()
        code = image.get("code")
        self.counts[f"{status} {code}" if code else status] += 1
        if status in PASSING or code == "FORBIDDEN_ROLE":
            return
        kept = status in (200, 201, 409) or code == "TERMS_NOT_ACCEPTED"
        expect(kept, f"{self.sent[key]}: {status} {answer.body[:300]}")
        self.judge.answered(key, status, answer.body)
        if status in (200, 201):
            self.workload.learn(image, kind)

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
        """Every unanswered request again; twice, so that the second is a replay for certain.

        A command was done wholly or not at all: what the log holds already is answered as it was.
        """
        keys, self.open, self.idle = self.open, [], set()
        readers = [self.connections() for _ in range(READERS)]

        async def again(key, number):
            one = await self.ask(readers[number], key)
            two = await self.ask(readers[number], key)
            replayed = [answer.headers.get("idempotency-replayed") == "true"
                        for answer in (one, two)]
            self.counts["retries that found their effect" if replayed[0] else
                        "retries that had none"] += 1
            expect(replayed[0] or key not in self.judge.entries,
                   f"{key} was in the log after the restart, and is decided again")
            # Beyond 64 refusals per second and asset one is not kept, and is decided again.
            if one.status in (200, 201) or replayed[1]:
                expect(two.body == one.body, f"{key}: the second retry differs")
                expect(replayed[1], f"{key}: decided twice")
                two = one
            created = creates(self.sent[key]) and two.status in (200, 201)
            self.acknowledge(key, 201 if created else two.status, two)

        await shared_out(keys, READERS, again)
        for connections in readers:
            close(connections)
        return len(keys)

    async def check(self, settled_by=None):
        """Everything that can be read, against what was answered and against the rules.

        `settled_by`: nobody asks for anything any more, and whatever was due by then must have happened.
        """
        readers = [self.connections() for _ in range(READERS)]
        managers = [connections["manager"] for connections in readers]
        assets = list(self.workload.assets)
        shown = await self.judge.sample(managers, self.workload.chance)
        await self.judge.read(managers, assets, settled_by)
        self.judge.keys(set(self.open), self.idle)
        self.judge.shown(shown)
        if settled_by is not None:
            await self.judge.served(managers, self.workload.chance)
            await self.replay(readers)
        for connections in readers:
            close(connections)
        return list(self.judge.ledgers.values())

    async def replay(self, readers):
        """Old keys still answer as they first did."""
        kept, answers = list(self.judge.entries), self.judge.answers
        kept = [key for key in kept if key in answers]

        async def again(key, number):
            answer = await self.ask(readers[number], key)
            expect(answer.body == answers[key][1]
                   and answer.headers.get("idempotency-replayed") == "true", f"{key} differs")

        await shared_out(self.workload.chance.sample(kept, min(1_000, len(kept))), READERS, again)

    def last_due(self, ledgers, patience):
        """When the last of what falls due within so many seconds does."""
        until = now_ms() + int(patience * 1000)
        return max((due for ledger in ledgers for due, _, _ in ledger.all_due(until)), default=0)


def close(connections):
    for connection in connections.values():
        connection.close()
