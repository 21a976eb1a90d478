"""What can be read of a server, against what it has answered and against the rules.

Logs are read on from where they ended the last time, so that a reading after each restart is cheap;
the last reading begins anew. Rules are in `ledger.py` and `usage.py`, and `forgeries.py` shows that
each of them can say no.
"""

import json

import usage
from audit import TIMER, Broken, ensure, millis
from holdfast import canonical, check_chain, expect, shared_out
from ledger import Ledger
from workload import now_ms

SAMPLE = 100
PATHS = {"ast": "/assets/", "bkg": "/bookings/", "crp": "/condition-reports/",
         "mnt": "/maintenance/"}
LISTS = ("bookings", "condition-reports", "maintenance")


def path_of(identity):
    return PATHS[identity.partition("_")[0]] + identity


class Judge:
    def __init__(self, sent):
        self.sent = sent
        self.answers = {}   # key -> (status as first given, body bytes), of what is kept
        self.logs = {}      # asset -> audit entries, oldest first, as last read
        self.ledgers = {}
        self.entries = {}   # key -> its entry
        self.agreed = set() # keys whose entry is known to be as answered
        self.newest = {}    # id -> the newest version that an answer has shown

    def answered(self, key, status, body):
        self.answers[key] = (status, body)
        if status in (200, 201):
            image = json.loads(body)
            self.newest[image["id"]] = max(image["version"], self.newest.get(image["id"], 0))

    async def read(self, readers, assets, settled_by=None):
        """The logs: since the last time, or all anew once everything has settled."""
        before = self.logs
        if settled_by is not None:
            self.logs, self.ledgers, self.entries, self.agreed = {}, {}, {}, set()

        async def of(asset, number):
            entries = self.logs.setdefault(asset, [])
            await self.read_on(readers[number], asset, entries)
            expect(entries[:len(before.get(asset, ()))] == before.get(asset, []),
                   f"the log of {asset} tells another past")
            if settled_by is not None:
                self.ledgers[asset].settled(settled_by)

        await shared_out(assets, len(readers), of)

    async def read_on(self, connection, asset, entries):
        last = entries[-1] if entries else None
        known = last["seq"] if last else 0
        rows = await connection.pages(f"/assets/{asset}/audit",
                                      lambda rows: rows[-1]["seq"] <= known + 1)
        expect(rows and rows[0]["seq"] >= known, f"the log of {asset} has become shorter")
        new = [row for row in reversed(rows) if row["seq"] > known]
        check_chain(asset, new, last)
        # Engine time may be a little ahead of a wall clock that is being slowed down.
        expect(millis(rows[0]["at"]) <= now_ms() + 50, f"{asset}: an entry of the future")
        entries += new
        for entry in new:
            key = entry["idempotency_key"]
            if key is not None:
                ensure(key not in self.entries, f"{key} had more than one effect")
                self.entries[key] = entry
        self.ledgers.setdefault(asset, Ledger(self.sent)).play(new)

    def keys(self, unanswered=frozenset(), idle=frozenset()):
        """The logs hold exactly what was acknowledged, as it was answered; of what was not answered
        they hold an entry or none, and none where it was said that nothing happened. What no key
        asked for the ledgers have judged."""
        happened = idle & self.entries.keys()
        ensure(not happened, f"nothing happened, it was said: {sorted(happened)[:5]}")
        for key in self.entries.keys() - self.agreed:
            entry = self.entries[key]
            ensure(key in self.sent, f"a key that nobody sent: {key}")
            ensure(entry["actor"]["sub"] != TIMER, f"a timer has the key {key}")
            if key in unanswered:
                continue
            ensure(key in self.answers, f"{key} has an effect and was answered with a refusal")
            agrees(key, entry, *self.answers[key])
            self.agreed.add(key)
        lost = [key for key, (status, _) in self.answers.items()
                if status in (200, 201) and key not in self.entries]
        ensure(not lost, f"acknowledged and not in the log: {lost[:5]}")

    async def sample(self, readers, chance):
        """Some documents that answers have shown, as they are served now."""
        shown = {}

        async def of(identity, number):
            answer = await readers[number].get(path_of(identity))
            expect(answer.status == 200, f"{identity}: {answer.status} {answer.body[:300]}")
            shown[identity] = answer.json()

        known = sorted(self.newest)
        await shared_out(chance.sample(known, min(SAMPLE, len(known))), len(readers), of)
        return shown

    def shown(self, shown):
        """Each is what the log, read after it, holds of that version, and no older than answered."""
        for identity, image in shown.items():
            asset = image.get("asset_id", identity)
            ensure(image["version"] >= self.newest[identity], f"{identity} has become older")
            entry = self.logs[asset][image["version"] - 1]
            ensure(entry["after"] == image, f"{identity} is not as in the log: {image}")

    async def served(self, readers, chance):
        """What is served now is what the logs end with: documents one by one and in lists, and usage.

        Where something of an asset fell due while it was read, its log is read on and it is read again.
        """
        async def of(asset, number):
            while True:
                try:
                    await self.documents(readers[number], asset)
                    await self.usage(readers[number], asset, chance)
                    return
                except Broken:
                    if not self.ledgers[asset].all_due(now_ms()):
                        raise
                await self.read_on(readers[number], asset, self.logs[asset])

        await shared_out(list(self.ledgers), len(readers), of)

    async def documents(self, connection, asset):
        told = self.ledgers[asset].documents()
        listed = {asset: told[asset]}
        for part in LISTS:
            for row in await connection.pages(f"/assets/{asset}/{part}"):
                listed[row["id"]] = row
        other = [identity for identity in listed.keys() | told.keys()
                 if listed.get(identity) != told.get(identity)]
        ensure(not other, f"the lists and the log of {asset} differ: {other[:5]}")
        for identity, image in told.items():
            answer = await connection.get(path_of(identity))
            ensure(answer.body == canonical(image), f"{identity} is not as in the log")

    async def usage(self, connection, asset, chance):
        """Of its whole time, and of two parts of it."""
        ledger, moments = self.ledgers[asset], [entry["at"] for entry in self.logs[asset]]
        parts = [sorted(chance.choices(moments, k=2), key=millis) for _ in range(2)]
        for part in [None, *(part for part in parts if part[0] != part[1])]:
            rows, summary = await read_usage(connection, asset, part)
            usage.judge(rows, summary, ledger, part and tuple(map(millis, part)))


async def read_usage(connection, asset, part=None):
    """All rows, and the summary, which each page must repeat."""
    query = f"date_from={part[0]}&date_to={part[1]}&" if part else ""
    rows, cursor, summary = [], "", None
    while True:
        answer = await connection.get(f"/assets/{asset}/usage?{query}limit=100{cursor}")
        expect(answer.status == 200, f"usage: {answer.status} {answer.body[:300]}")
        page = answer.json()
        ensure(summary in (None, page["summary"]), f"usage of {asset}: pages differ in their sums")
        rows, summary = rows + page["items"], page["summary"]
        if page["next_cursor"] is None:
            return rows, summary
        cursor = "&cursor=" + page["next_cursor"]


def agrees(key, entry, status, body):
    """An entry is what was answered."""
    refused = entry["type"].endswith(".refused")
    ensure(refused == (status not in (200, 201)), f"{key}: {entry['type']} and {status}")
    if refused:
        same = entry["after"]["code"] == json.loads(body)["code"]
    else:
        same = canonical(entry["after"]) == body
    ensure(same, f"{key}: the log holds {entry['after']}, the answer was {body[:500]}")
