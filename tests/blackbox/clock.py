#!/usr/bin/env python3
"""Restarts the server under other clocks: a day ahead, an hour back, four days ahead.

What is due happens once, at the moment at which it was due; when the clock goes back nothing
happens again or too early, and the log's time stands still rather than run back. Needs libfaketime.
"""

import argparse
import asyncio
import glob
import tempfile
import time

from audit import MINUTE, TIMER, Broken, millis
from holdfast import Connection, Server, check_chain, expect, fail
from ledger import Ledger
from workload import USER, Request, moment, now_ms

HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE

# Asset: terms, then its bookings as (start, end) in hours from now. The last one of each is still
# ahead on the day after, the others fall due before it.
ASSETS = {
    "missed": ({"check_in": {"no_show_after_minutes": 30}, "pricing": {"no_show_fee_minor": 700}},
               [(3, 4), (80, 81)]),
    "held": (None, [(3, 4), (5, 6), (80, 81)]),
    "waiting": ({"approval": {"required": True, "expires_minutes": 90}}, [(1, 2), (3, 4)]),
    "used": ({"check_in": {"early_minutes": 1440}}, [(1, 5), (6, 7), (80, 81)]),
    "quiet": (None, [(80, 81)]),
}
# Asset: what has happened by itself the day after, (type, hours from now of the start, when due).
A_DAY_LATER = {
    "missed": [("booking.no_show", 3, 3.5)],
    "held": [("booking.no_show", 3, 4), ("booking.no_show", 5, 6)],
    "waiting": [("booking.expired", 1, 1), ("booking.expired", 3, 1.5)],
    # Out and not back: who comes next is not to blame.
    "used": [("booking.overdue", 1, 5), ("booking.expired", 6, 7)],
    "quiet": [],
}


class Travel:
    def __init__(self, binary, data_dir, library):
        self.server = Server(binary, data_dir, ["--fold-age-ms", "100"])
        self.library = library
        self.now = now_ms()
        self.token = None
        self.sent = {}
        self.ids = {}       # asset name -> id

    def start(self, offset_ms):
        """The monotonic clock is left alone: only the time of day is another."""
        self.server.tracer = ["env", f"LD_PRELOAD={self.library}", "FAKETIME_DONT_FAKE_MONOTONIC=1",
                              f"FAKETIME={offset_ms // 1000:+d}"]
        self.server.start()
        self.token = self.token or self.server.token(ttl="9d")

    def restart(self, offset_ms):
        self.server.kill()
        self.start(offset_ms)

    async def ask(self, path, body, booking=None):
        key = f"key-{len(self.sent)}"
        self.sent[key] = Request("POST", path, body, names=booking)
        connection = Connection(self.server, self.token)
        answer = await connection.post(path, key, body)
        connection.close()
        return answer

    def made(self, path, body):
        answer = asyncio.run(self.ask(path, body))
        expect(answer.status in (200, 201), f"POST {path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    def book(self, name, start, end):
        return self.made(f"/assets/{self.ids[name]}/bookings", {
            "user_id": USER, "accept_terms": True, "start": moment(self.now + int(start * HOUR)),
            "end": moment(self.now + int(end * HOUR))})

    def prepare(self):
        for name, (terms, windows) in ASSETS.items():
            self.ids[name] = self.made("/assets", {
                "name": name, "category": "EQUIPMENT", "owner_org_id": "org_1",
                "location_id": "loc_7", "booking_terms": terms})["id"]
            first, *_ = [self.book(name, *window) for window in windows]
            if name == "used":
                self.made(f"/assets/{self.ids[name]}/check-in", {"booking_id": first["id"]})

    def fill(self, *names):
        """So many commands that the next start begins from a snapshot."""
        for name in names:
            for _ in range(20):
                booking = self.book(name, 300, 301)
                self.made(f"/bookings/{booking['id']}/cancel", {})

    async def log(self, name):
        connection = Connection(self.server, self.token)
        entries = (await connection.pages(f"/assets/{self.ids[name]}/audit"))[::-1]
        connection.close()
        check_chain(name, entries)
        Ledger(self.sent).play(entries)
        return entries

    def happened(self):
        """What happened by itself, as in `A_DAY_LATER`; the ledger checks the milliseconds."""
        def hours(text):
            return round((millis(text) - self.now) / HOUR, 2)

        return {name: [(entry["type"], hours(entry["before"]["start"]), hours(entry["at"]))
                       for entry in asyncio.run(self.log(name)) if entry["actor"]["sub"] == TIMER]
                for name in self.ids}

    def expect_happened(self, wanted, when):
        """Soon: timers follow a start. And then no more of it."""
        for _ in range(100):
            if self.happened() == wanted:
                break
            time.sleep(0.1)
        time.sleep(1)
        found = self.happened()
        expect(found == wanted, f"{when} this had happened: {found}, wanted {wanted}")

    def last_at(self, name):
        return millis(asyncio.run(self.log(name))[-1]["at"])


def travel(trip):
    nothing = {name: [] for name in ASSETS}
    trip.start(0)
    trip.prepare()
    trip.expect_happened(nothing, "before anything was due")

    trip.restart(-HOUR)
    trip.expect_happened(nothing, "an hour back")

    trip.restart(DAY)
    # A command comes first where it can: what was due comes before it in the log all the same.
    trip.book("missed", 90, 91)
    trip.book("quiet", 90, 91)
    trip.expect_happened(A_DAY_LATER, "a day later")
    trip.fill("used", "held")
    trip.expect_happened(A_DAY_LATER, "after more commands")

    trip.restart(-HOUR)
    trip.expect_happened(A_DAY_LATER, "an hour back again")
    stood = {name: trip.last_at(name) for name in ("quiet", "held")}
    for name, at in stood.items():
        # Not yet over by this clock, but over by the log's time, where that is ahead.
        answer = asyncio.run(trip.ask(f"/assets/{trip.ids[name]}/bookings", {
            "user_id": USER, "accept_terms": True, "start": moment(at), "end": moment(at + HOUR)}))
        expect(answer.json().get("code") == "BOOKING_DEADLINE_PASSED", f"{answer.body[:300]}")
        trip.book(name, 92, 93)
        expect(trip.last_at(name) == at, f"{name}: the log's time does not stand still")
    trip.expect_happened(A_DAY_LATER, "after commands in the past")

    trip.restart(0)
    trip.expect_happened(A_DAY_LATER, "back in the present")

    trip.restart(4 * DAY)
    windows = {"missed": (80, 90), "held": (80, 92), "used": (80,), "quiet": (80, 90, 92)}
    wanted = {name: list(done) for name, done in A_DAY_LATER.items()}
    for name, starts in windows.items():
        kind = "booking.expired" if name == "used" else "booking.no_show"
        waits = 0.5 if name == "missed" else 1
        wanted[name] += [(kind, start, start + waits) for start in starts]
    trip.expect_happened(wanted, "four days later")
    trip.server.terminate()
    print(f"clock: {sum(map(len, wanted.values()))} transitions in 6 starts under other clocks, "
          "each once and at its moment")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    arguments = parser.parse_args()
    libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    expect(libraries, "libfaketime is not installed (Debian: faketime)")
    with tempfile.TemporaryDirectory() as folder:
        try:
            travel(Travel(arguments.binary, folder + "/data", libraries[0]))
        except Broken as broken:
            fail(str(broken))


if __name__ == "__main__":
    main()
