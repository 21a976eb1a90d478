"""The load of `kill9.py` on a server that is not killed but fails, or whose files are damaged."""

import asyncio
import os
import signal
import time

from holdfast import Connection, Server, expect, fail
from load import Load
from upkeep_workload import UpkeepWorkload
from workload import moment

# A record of a booking takes some 2 kB; a fold every 300 ms makes the views matter.
FOLDING = ["--fold-entries", "2000", "--fold-age-ms", "300"]
UNFOLDED = ["--fold-age-ms", "3600000"]


class Watched(Connection):
    """Once anybody was told that the outcome is unknown, nobody who asks later may get a yes."""

    def __init__(self, load, by):
        super().__init__(load.server, load.tokens[by])
        self.load = load

    async def send(self, method, path, key=None, body=b"", if_match=None):
        late = key is not None and self.load.failed_at is not None
        answer = await super().send(method, path, key, body, if_match)
        if answer.status == 503 and key is not None:
            code = answer.json()["code"]
            self.load.refusals[code] = self.load.refusals.get(code, 0) + 1
            if code == "OUTCOME_UNKNOWN" and not late:
                self.load.failed_at = self.load.failed_at or time.monotonic()
        expect(not late or answer.status == 503,
               f"{method} {path}: {answer.status} after the log had failed")
        return answer


class Still(UpkeepWorkload):
    """Nothing of it falls due within a month, so that one reading can be compared with a later one.

    To be used nevertheless, an asset may be taken a year before its booking begins.
    """

    TERMS = {"check_in": {"early_minutes": 525_600}, "pricing": {"per_hour_minor": 1_250}}

    def asset(self, number):
        kind, asked = super().asset(number)
        asked.body["booking_terms"] = self.TERMS
        return kind, asked

    def update(self):
        asked = super().update()
        asked.body.pop("booking_terms", None)
        return asked

    def window(self, soon):
        return super().window(soon=False)

    def change(self, image):
        asked = super().change(image)
        if image["status"] == "CHECKED_IN":
            asked["end"] = moment(self.window(soon=False)[1])
        return asked

    def due(self):
        return self.window(soon=False)[0]

    def rule(self, number):
        rule = super().rule(number)
        if "every_days" in rule:
            rule |= {"every_days": 100, "first_due": moment(self.due()), "notify_before_minutes": []}
        return rule


class FaultyLoad(Load):
    """The load of `kill9.py`, whose server is not killed but fails."""

    def __init__(self, server, arguments, workload=UpkeepWorkload):
        super().__init__(server, arguments, workload)
        self.failed_at = None
        self.refusals = {}

    def connection(self, by):
        return Watched(self, by)

    def booking(self, key):
        """Who asks for another booking under this key, and how."""
        self.sent[key] = self.workload.book()
        return self.connections(), key

    def acknowledged(self):
        """How many bookings, reports, maintenance and assets answers have shown."""
        return len(self.judge.newest)

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


def load_on(server, arguments, assets=20, workload=UpkeepWorkload):
    load = FaultyLoad(server, arguments, workload)
    asyncio.run(load.register(assets))
    return load


def recheck(load, server, arguments=FOLDING):
    """After a start: what was acknowledged, every open request again, and all that together."""
    load.healed(server)
    server.arguments = list(arguments)
    server.start()
    asyncio.run(load.check())
    retried = asyncio.run(load.retry())
    asyncio.run(load.check())
    return retried
