"""Receivers that misbehave, each with an endpoint of its own on one server, beside one that does not.

What is promised for each: gone disables, a redirect is a failure, a body without end a success, no answer
a failure after a second, and `Retry-After` is honoured. None of them holds up another. What an endpoint
missed while it was disabled it is told when it is enabled. With nothing left to do nothing is done.
"""

import asyncio
import json
import time

from holdfast import expect
from audit import millis
from webhook_house import House, Receivers, cpu_seconds, telling, until
from webhook_judge import arrived, place
from webhook_rotation import assets, book

WAITS_S = (0.3, 0.6, 1.2)
TIMEOUT_S = 1
# On a busy machine things are late; they are never early.
SLACK_S = 1.5
# A sender that gives up counts from when it sent; the receiver wrote down when it had got around to it.
NOTED_LATE_S = 0.4
PATHS = {"fine": "/ok/fine", "gone": "/gone/1", "redirects": "/redirect/1", "streams": "/stream/1",
         "hangs": "/hang/1", "later": "/later/3", "fails": "/fail/1", "much later": "/later/3600"}
IDLE_S = 4


class Scene:
    def __init__(self, arguments, folder):
        self.receivers = Receivers(folder)
        self.server = telling(
            arguments.binary, folder + "/data", "--webhook-timeout", f"{TIMEOUT_S}s",
            "--webhook-retry", ",".join(f"{round(wait * 1000)}ms" for wait in WAITS_S))
        self.server.start()
        self.fleet = asyncio.run(assets(self.server, 4))
        self.ids, self.booked = {}, 0

    def house(self, work):
        async def within():
            house = House(self.server)
            try:
                return await work(house)
            finally:
                house.close()
        return asyncio.run(within())

    def book(self, count):
        asyncio.run(book(self.server, self.fleet, range(self.booked, self.booked + count)))
        self.booked += count

    def came(self, path):
        return self.receivers.read()[path]

    def took(self, path):
        """(asset, seq) in the order in which they were taken for the first time."""
        return list(dict.fromkeys(
            place(json.loads(one["body"])) for one in self.came(path) if arrived(one)))

    def all_at(self, path, what, seconds=20):
        """Every booking there is has arrived there, in order per asset."""
        until(lambda: len(self.took(path)) >= self.booked, f"{what}: {self.booked} events", seconds)
        took = self.took(path)
        expect(len(took) == self.booked, f"{what}: {len(took)} of {self.booked}")
        for asset in self.fleet:
            seqs = [seq for whose, seq in took if whose == asset]
            expect(seqs == list(range(2, self.booked // len(self.fleet) + 2)),
                   f"{what}: told of {asset} {seqs}")

    def rows(self, name, *statuses):
        return self.house(lambda house: house.deliveries(self.ids[name], *statuses))

    def change(self, name, **members):
        return self.house(lambda house: house.change(self.ids[name], **members))

    def settled_as(self, name, status, count):
        return until(lambda: len(rows := self.rows(name, status)) >= count and rows,
                     f"{name}: {count} × {status}", 40)

    # One after another.

    async def make_endpoints(self, house):
        for name, path in PATHS.items():
            made = await house.endpoint(self.receivers.url(path), ["booking.created"])
            self.ids[name] = made["id"]

    def nobody_is_held_up(self):
        """By those who hang and stream and fail at the same time."""
        self.all_at(PATHS["fine"], "fine")
        waits = sorted(one["at"] - millis(json.loads(one["body"])["created_at"]) / 1_000
                       for one in self.came(PATHS["fine"]))
        expect(waits[-1] < SLACK_S, f"others hold it up: {waits[-1]:.2f} s")
        return waits

    def gone(self):
        until(lambda: self.house(lambda house: house.read(self.ids["gone"]))["status"] == "DISABLED",
              "gone: it is disabled")
        shown = self.house(lambda house: house.read(self.ids["gone"]))
        expect(shown["disabled_reason"] == "GONE", f"{shown}")
        tries = len(self.came(PATHS["gone"]))
        expect(tries <= 8, f"gone: {tries} tries")
        return tries

    def redirects(self):
        rows = self.settled_as("redirects", "DEAD", len(self.fleet))
        expect(all(one["last_attempt"]["status_code"] == 302 for one in rows), f"{rows}")
        expect(not self.came("/ok/redirected"), "a redirect was followed")

    def streams(self):
        self.all_at(PATHS["streams"], "streams")
        tries = len(self.came(PATHS["streams"]))
        expect(tries == self.booked, f"streams: {tries} tries of {self.booked} events")

    def waits(self, name, first, error, status_code):
        """Between the tries of each event, in seconds, held against the schedule."""
        rows = self.settled_as(name, "DEAD", len(self.fleet))
        most = len(WAITS_S) + 1
        for one in rows:
            last = one["last_attempt"]
            expect((one["attempts"], last["error"], last["status_code"])
                   == (most, error, status_code), f"{one}")
        found = []
        for one in rows:
            at = [it["at"] for it in self.came(PATHS[name])
                  if it["headers"]["webhook-id"] == one["event_id"]]
            expect(len(at) == most, f"{name}: {len(at)} tries of {one['event_id']}")
            for (before, after), wait in zip(zip(at, at[1:]), WAITS_S):
                least, longest = first(wait)
                expect(least - 0.01 <= after - before <= longest + SLACK_S,
                       f"{name}: {after - before:.2f} s where {wait} s are promised")
                found.append(after - before)
        return sorted(found)

    def enabled_again(self):
        """It goes on where it stopped, at its new address, and nothing is lost."""
        tries = len(self.came(PATHS["gone"]))
        for name in ("gone", "fine"):
            shown = self.change(name, status="DISABLED")
            expect(shown["status"] == "DISABLED", f"{shown}")
        time.sleep(1.5)
        fine = len(self.came(PATHS["fine"]))
        self.book(len(self.fleet) * 10)
        time.sleep(1)
        expect(len(self.came(PATHS["gone"])) == tries, "gone: something more was sent")
        expect(len(self.came(PATHS["fine"])) == fine, "disabled: something was sent")
        self.change("fine", status="ENABLED")
        shown = self.change("gone", url=self.receivers.url("/ok/back"), status="ENABLED")
        expect((shown["status"], shown["disabled_reason"]) == ("ENABLED", None), f"{shown}")
        self.all_at(PATHS["fine"], "fine again")
        self.all_at("/ok/back", "back again")
        time.sleep(1.2)
        expect(len(self.came(PATHS["fine"])) == self.booked, "fine: something was sent twice")
        expect(len(self.came("/ok/back")) == self.booked, "back: something was sent twice")

    def restart_keeps_waits(self):
        """What waits an hour waits on after a restart, and its try is not made early."""
        before = self.rows("much later", "PENDING")
        asked = [millis(one["next_attempt_at"]) - millis(one["last_attempt"]["at"]) for one in before]
        expect(len(before) == len(self.fleet) and min(asked) >= 3_600_000, f"{before}")
        tries = len(self.came(PATHS["much later"]))
        self.server.kill()
        self.server.start()
        time.sleep(1)
        expect(self.rows("much later", "PENDING") == before, "much later: a restart moved it")
        expect(len(self.came(PATHS["much later"])) == tries, "much later: tried early")

    async def idle(self, house):
        """No record is written and next to nothing is computed while there is nothing to do."""
        await asyncio.sleep(2)
        records, cpu = await house.records(), cpu_seconds(self.server.process)
        await asyncio.sleep(IDLE_S)
        cpu = cpu_seconds(self.server.process) - cpu
        written = await house.records() - records
        expect(written == 0, f"{written} records of an idle server")
        expect(cpu < 0.2 * IDLE_S, f"{cpu:.2f} s of CPU in {IDLE_S} idle seconds")
        return cpu / IDLE_S


def spread(seconds):
    return "–".join(f"{seconds[place]:.2f}" for place in (0, len(seconds) // 2, -1)) + " s"


def run(arguments, folder):
    scene = Scene(arguments, folder)
    scene.house(scene.make_endpoints)
    scene.book(len(scene.fleet) * 5)
    fine = scene.nobody_is_held_up()
    tries = scene.gone()
    scene.streams()
    promised = {
        "fails": scene.waits("fails", lambda wait: (0.9 * wait, 1.1 * wait), None, 500),
        "hangs": scene.waits(
            "hangs", lambda wait: (TIMEOUT_S - NOTED_LATE_S + 0.9 * wait, TIMEOUT_S + 1.1 * wait),
            "timeout", None),
        "later": scene.waits("later", lambda wait: (3, 3), None, 503),
    }
    scene.redirects()
    scene.enabled_again()
    scene.restart_keeps_waits()
    for name in ("fails", "hangs", "later", "redirects"):
        scene.change(name, status="DISABLED")
    idle = scene.house(scene.idle)
    scene.server.terminate()
    scene.receivers.end()
    print(f"webhooks: gone after {tries} tries and disabled; beside all of them events arrive within "
          f"{spread(fine)}; enabled again nothing is lost and nothing sent twice")
    print("webhooks: between tries " + ", ".join(
        f"{spread(waits)} where it {name}" for name, waits in promised.items())
        + " (min–median–max)")
    print(f"webhooks: no proxy was asked; idle it writes nothing and takes {idle:.1%} of a core")
