"""kill -9 in the middle of events on their way to five receivers, one of them dead.

Clients do what they do in kill9.py while the server dies under them, and again while it catches up.
In the end each live receiver has been told everything that the audit logs hold (`webhook_judge.py`);
the dead one has delayed nobody and its deliveries are there to be seen. Then the views are deleted.
"""

import asyncio
import json
import statistics
import time

from holdfast import expect
from load import Load
from audit import millis
from webhook_house import House, Receivers, dead_port, telling
from webhook_judge import all_found, arrived, judge, place, told

# Two that are always there, one that answers without a body, one that wants each event twice.
LIVE = ("/ok/one", "/ok/two", "/empty/three", "/flaky/1/four")
STEADY = LIVE[:3]
RETRY_MS = (200, 500, 1_000, 2_000, 4_000)
PATIENCE_S = 45
# What waits may be this late on a busy machine; and where each try takes a second and eight are made at
# once, assets wait for one another.
LATE_MS = 5_000
AT_ONCE = 8
QUIET_S = 2.5


class Telling(Load):
    def accepted(self):
        return self.counts[200] + self.counts[201]

    async def until_accepted(self, count, kill):
        self.running = True
        clients = [asyncio.ensure_future(self.client(n)) for n in range(self.clients)]
        while self.accepted() < count and not all(client.done() for client in clients):
            await asyncio.sleep(0.005)
        if kill:
            self.server.kill()
        self.running = False
        await asyncio.gather(*clients)


class Scene:
    def __init__(self, arguments, folder, dead):
        self.arguments, self.dead_kind = arguments, dead
        self.receivers = Receivers(folder)
        self.server = telling(
            arguments.binary, folder + "/data", "--fold-entries", "2000", "--fold-age-ms", "300",
            "--webhook-timeout", "1s", "--webhook-retry", ",".join(f"{ms}ms" for ms in RETRY_MS))
        self.server.start()
        self.load = Telling(self.server, arguments)
        self.chance = self.load.workload.chance
        self.ids, self.secrets = {}, {}
        self.seen = {path: (0, set()) for path in LIVE}

    def house(self, work):
        async def within():
            house = House(self.server)
            try:
                return await work(house)
            finally:
                house.close()
        return asyncio.run(within())

    async def make_endpoints(self, house):
        dead = "/hang/dead" if self.dead_kind == "hangs" else None
        urls = {path: self.receivers.url(path) for path in LIVE}
        urls["dead"] = self.receivers.url(dead) if dead else f"http://127.0.0.1:{dead_port()}/"
        for path, url in urls.items():
            made = await house.endpoint(url)
            self.ids[path], self.secrets[path] = made["id"], made["secret"]

    def kill(self):
        if self.server.process.poll() is None:
            self.server.kill()
        time.sleep(self.chance.choice([0, 0, self.chance.uniform(0.1, 1.0)]))
        self.load.restart(time.time_ns() // 1_000_000)

    def make_events(self):
        """Kills while there is load, and while the lanes catch up."""
        load, arguments = self.load, self.arguments
        under_load = arguments.kills - arguments.kills // 3
        marks = sorted(self.chance.randint(1, arguments.events) for _ in range(under_load))
        retried = 0
        for mark in marks:
            asyncio.run(load.until_accepted(mark, kill=True))
            self.kill()
            retried += asyncio.run(load.retry())
        asyncio.run(load.until_accepted(arguments.events, kill=False))
        for _ in range(arguments.kills // 3):
            time.sleep(self.chance.uniform(0.1, 1.5))
            self.kill()
        retried += asyncio.run(load.retry())
        return retried

    def arrived(self, path):
        """(asset, seq) of everything that a receiver has taken."""
        known, found = self.seen[path]
        deliveries = self.receivers.read()[path]
        for delivery in deliveries[known:]:
            if arrived(delivery):
                found.add(place(json.loads(delivery["body"])))
        self.seen[path] = len(deliveries), found
        return found

    def complete(self, paths, expected):
        """When each of them had everything; fails when nothing has moved for a while."""
        done, moved, left = {}, time.monotonic(), None
        while len(done) < len(paths):
            missing = {path: len(expected - self.arrived(path)) for path in paths}
            done |= {path: time.monotonic() for path, count in missing.items()
                     if count == 0 and path not in done}
            if missing != left:
                moved, left = time.monotonic(), missing
            expect(time.monotonic() - moved < PATIENCE_S, f"nothing arrives any more: {missing}")
            time.sleep(0.1)
        return done

    def judge(self, due):
        """Against logs read after everything that is judged had arrived."""
        took = {path: list(self.receivers.read()[path]) for path in LIVE}
        dead = list(self.receivers.at["/hang/dead"])
        asyncio.run(self.load.check())
        twice = [judge(took[path], self.load.logs, self.secrets[path], due) for path in LIVE]
        judge(dead, self.load.logs, self.secrets["dead"], {})
        return took, twice

    async def look_at_the_dead(self, house):
        deliveries = await house.deliveries(self.ids["dead"])
        now, most = time.time_ns() // 1_000_000, len(RETRY_MS) + 1
        by_status = {"PENDING": 0, "DEAD": 0}
        queue = len(self.load.workload.assets) * 1_000 // AT_ONCE
        late_max = LATE_MS + (queue if self.dead_kind == "hangs" else 0)
        error = "timeout" if self.dead_kind == "hangs" else "connection_failed"
        for one in deliveries:
            expect(one["status"] in by_status, f"it is dead: {one}")
            by_status[one["status"]] += 1
            if one["attempts"]:
                expect((one["last_attempt"]["status_code"], one["last_attempt"]["error"])
                       == (None, error), f"{one}")
            if one["status"] == "DEAD":
                expect((one["attempts"], one["next_attempt_at"]) == (most, None), f"{one}")
            else:
                expect(one["attempts"] < most, f"it is tried too often: {one}")
                late = now - millis(one["next_attempt_at"])
                expect(late < late_max, f"it waits and nobody comes, {late} ms: {one}")
        expect(by_status["PENDING"] > 0, "the dead one is through before the others")
        for path in LIVE:
            waits = await house.deliveries(self.ids[path], "PENDING", "DEAD")
            late = [one for one in waits if one["status"] == "DEAD" or (
                now - millis(one["next_attempt_at"])) > LATE_MS]
            expect(not late, f"{path}: {late[:2]}")
        return by_status

    def latencies(self):
        """Between what happened and its arrival, in milliseconds, while one is dead."""
        since = time.time()
        asyncio.run(self.load.check())
        before = told(self.load.logs).keys()
        asyncio.run(self.load.until_accepted(self.load.accepted() + 200, kill=False))
        asyncio.run(self.load.check())
        self.complete(STEADY, told(self.load.logs).keys())
        waits = []
        for path in STEADY:
            for delivery in self.receivers.at[path]:
                event = json.loads(delivery["body"])
                if delivery["at"] > since and place(event) not in before:
                    waits.append(delivery["at"] * 1_000 - millis(event["created_at"]))
        middle = statistics.median(waits)
        expect(middle < 2_000, f"the dead one delays the others: {middle:.0f} ms")
        return min(waits), middle, max(waits)

    # The views are deleted while it is stopped.

    async def everything_listed(self, house):
        return {"endpoints": await house.endpoints(), **{
            path: [await house.deliveries(identity), await house.deliveries(identity, "DEAD")]
            for path, identity in self.ids.items()}}

    async def set_all(self, house, status):
        for identity in self.ids.values():
            await house.change(identity, status=status)

    def without_views(self):
        self.house(lambda house: self.set_all(house, "DISABLED"))
        time.sleep(QUIET_S)
        took = {path: len(self.receivers.read()[path]) for path in LIVE}
        listed = self.house(self.everything_listed)
        self.server.terminate()
        self.server.delete_views()
        self.server.start()
        again = self.house(self.everything_listed)
        for name, rows in listed.items():
            expect(again[name] == rows, f"{name}: other rows without the views of before")
        time.sleep(QUIET_S)
        self.receivers.read()
        expect(took == {path: len(self.receivers.at[path]) for path in LIVE}, "sent while disabled")
        had = {path: set(self.arrived(path)) for path in LIVE}
        self.house(lambda house: self.set_all(house, "ENABLED"))
        asyncio.run(self.load.until_accepted(self.load.accepted() + 50, kill=False))
        asyncio.run(self.load.check())
        self.complete(LIVE, told(self.load.logs).keys())
        for path in LIVE:
            again = [place(json.loads(one["body"])) for one in self.receivers.at[path][took[path]:]]
            twice = had[path].intersection(again)
            expect(not twice, f"{path}: {len(twice)} sent again after a start without views")
        return {name: len(rows) if name == "endpoints" else len(rows[0])
                for name, rows in listed.items()}


def run(arguments, folder, dead):
    """`dead`: how the dead one is dead, "hangs" or "refuses"."""
    scene = Scene(arguments, folder, dead)
    scene.house(scene.make_endpoints)
    began = time.monotonic()
    asyncio.run(scene.load.register(arguments.assets))
    retried = scene.make_events()
    made = time.monotonic()
    asyncio.run(scene.load.check())
    due = {asset: list(entries) for asset, entries in scene.load.logs.items()}
    done = scene.complete(LIVE, told(due).keys())
    took, twice = scene.judge(due)
    dead_rows = scene.house(scene.look_at_the_dead)
    waits = scene.latencies()
    rows = scene.without_views()
    expect(scene.house(scene.look_at_the_dead)["DEAD"] >= dead_rows["DEAD"], "dead letters lost")
    scene.server.terminate()
    found = all_found(took[LIVE[0]], scene.load.logs, scene.secrets[LIVE[0]], due)
    scene.receivers.end()
    print(f"webhooks: seed {arguments.seed}, {arguments.kills} kills, {len(told(due))} events of "
          f"{len(due)} assets, {retried} requests retried; made in {made - began:.1f} s, complete "
          + ", ".join(f"{at - made:+.1f} s {path}" for path, at in done.items()))
    print(f"webhooks: {sum(map(len, took.values()))} deliveries, {sum(twice)} of them again "
          f"({', '.join(map(str, twice))}); one {dead}: {dead_rows}, and the others wait "
          + "–".join(f"{ms:.0f}" for ms in waits) + " ms (min–median–max)")
    print(f"webhooks: without the views the same rows: {rows}; nothing sent again")
    print(f"webhooks: {len(found)} forged records found out: {', '.join(found)}")
