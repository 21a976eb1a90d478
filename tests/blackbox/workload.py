"""What the clients of kill9.py ask for: every command, on assets under different terms.

Many windows begin within two seconds and last as long, so that bookings fall due by themselves
while nobody looks, also while the server is down.
"""

import random
import time
from datetime import datetime, timedelta, timezone

USER = "usr_9"

# Each kind of asset has two sets of terms; owners change between them.
TERMS = {
    "plain": [None, {"check_in": {"early_minutes": 0}}],
    "buffered": [{"buffer_before_minutes": 1, "buffer_after_minutes": 2},
                 {"buffer_after_minutes": 1, "cancel_cutoff_minutes": 1}],
    # What begins soon claims time that is past, and meets uses that are over.
    "preceded": [{"buffer_before_minutes": 1}, {"buffer_before_minutes": 2}],
    "approved": [{"approval": {"required": True, "expires_minutes": 1}},
                 {"approval": {"required": True}, "pricing": {"cancel_fee_minor": 55}}],
    "hasty": [{"approval": {"required": True, "expires_minutes": 0}},
              {"approval": {"required": True, "expires_minutes": 1},
               "check_in": {"no_show_after_minutes": 0}}],
    "no-show": [{"check_in": {"no_show_after_minutes": 0, "early_minutes": 1},
                 "pricing": {"no_show_fee_minor": 770}},
                {"check_in": {"no_show_after_minutes": 1},
                 "pricing": {"no_show_fee_minor": 771}}],
    "deadline": [{"deadline_minutes": 1, "cancel_cutoff_minutes": 2},
                 {"check_in": {"no_show_after_minutes": 5}}],
    "priced": [{"pricing": {"per_hour_minor": 1250, "per_day_minor": 6000, "rounding_minutes": 7,
                            "basis": "GREATER_OF_PLANNED_AND_ACTUAL", "cancel_fee_minor": 310,
                            "no_show_fee_minor": 777, "late_fee": {
                                "per_started_minutes": 1, "amount_minor": 900,
                                "cap_minor": 1000}}},
               {"pricing": {"currency": "USD", "per_day_minor": 4321, "late_fee": {
                   "grace_minutes": 1, "per_started_minutes": 1, "amount_minor": 5}}}],
    "metered": [{"pricing": {"per_hour_minor": 999, "basis": "ACTUAL"}},
                {"pricing": {"per_hour_minor": 1001, "rounding_minutes": 2, "late_fee": {
                    "per_started_minutes": 2, "amount_minor": 77}}}],
}

# What may be done with a booking of this status, and how often; the rest is left to time.
DEEDS = {
    "PENDING_APPROVAL": [("approve", 40), ("reject", 10), ("cancel", 10), (None, 40)],
    "CONFIRMED": [("check-in", 35), ("patch", 20), ("cancel", 12), (None, 33)],
    "CHECKED_IN": [("check-out", 45), ("patch", 25), (None, 30)],
    "CHECKED_OUT": [("adjust", 20), (None, 80)],
}
ANY_DEED = ["approve", "reject", "cancel", "patch", "check-in", "check-out", "adjust"]


def now_ms():
    return time.time_ns() // 1_000_000


def moment(ms):
    """RFC 3339 with milliseconds."""
    seconds, rest = divmod(ms, 1000)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"


class Request:
    """A command as it goes over the wire; asked again it is the same."""

    __slots__ = ("method", "path", "body", "by", "if_match", "names")

    def __init__(self, method, path, body, by="manager", if_match=None, names=None):
        self.method = method
        self.path = path
        self.body = body
        self.by = by              # "manager", "inspector", or "member": the bookings' own user
        self.if_match = if_match
        self.names = names        # the booking, report or maintenance that it is about

    def __repr__(self):
        return f"{self.method} {self.path} {self.body} by the {self.by}"


class Workload:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        first = datetime.now(timezone.utc) + timedelta(days=30)
        self.first = int(first.timestamp()) * 1000
        self.assets = {}  # id -> newest known document
        self.kinds = {}   # id -> of TERMS
        self.out = {}     # asset -> booking that was checked in

    def asset(self, number):
        kind = list(TERMS)[number % len(TERMS)]
        return kind, Request("POST", "/assets", {
            "name": f"Van {number}", "category": "EQUIPMENT", "owner_org_id": "org_1",
            "location_id": "loc_7", "booking_terms": TERMS[kind][0]})

    def learn(self, image, kind=None):
        """A document as an answer shows it."""
        noun = image["id"].partition("_")[0]
        {"ast": self.learn_asset, "bkg": self.learn_booking, "crp": self.learn_report,
         "mnt": self.learn_maintenance}[noun](image)
        if kind is not None:
            self.kinds[image["id"]] = kind

    def learn_asset(self, image):
        self.assets[image["id"]] = image

    def learn_report(self, image):
        """Here nobody asks for any; nor for maintenance."""

    learn_maintenance = learn_report

    def learn_booking(self, image):
        if image["status"] == "CHECKED_IN":
            self.out[image["asset_id"]] = image["id"]
        elif self.out.get(image["asset_id"]) == image["id"]:
            del self.out[image["asset_id"]]

    def window(self, soon):
        if not soon:
            start = self.first + 600_000 * self.chance.randrange(20_000)
            return start, start + 600_000 * self.chance.randint(1, 12)
        start = now_ms() + self.chance.randint(30, 1_600)
        if self.chance.random() < 0.15:
            start += 60_000  # so that a deadline of a minute can be met
        return start, start + self.chance.choice([1, 200, 700, 1_500, 2_500])

    def looks_at(self):
        """An asset whose upkeep a client reads before it goes on; mostly none."""

    def next(self, mine):
        """The next request of a client; `mine`: bookings it may go on with."""
        draw = self.chance.random()
        if draw < 0.01:
            return self.update()
        if draw < 0.013 and self.out:
            asset, booking = self.chance.choice(list(self.out.items()))
            return self.use("check-out", asset, booking)
        if draw < 0.55 and mine:
            image = mine.pop(self.chance.randrange(len(mine)))
            asked = self.deed(image)
            if asked is not None:
                return asked
        return self.book()

    def book(self):
        start, end = self.window(soon=self.chance.random() < 0.5)
        return Request("POST", f"/assets/{self.chance.choice(list(self.assets))}/bookings", {
            "user_id": USER, "start": moment(start), "end": moment(end),
            "accept_terms": self.chance.random() < 0.99}, by=self.anybody())

    def anybody(self):
        return self.chance.choice(["manager", "member"])

    def if_match(self, image):
        return self.chance.choice(["*", "*", image["etag"]])

    def update(self):
        asset, image = self.chance.choice(list(self.assets.items()))
        body = {"status": self.chance.choice(["ACTIVE"] * 5 + ["MAINTENANCE"])}
        if self.chance.random() < 0.3:
            body["booking_terms"] = self.chance.choice(TERMS[self.kinds[asset]])
        return Request("PUT", f"/assets/{asset}", body, if_match=self.if_match(image))

    def deed(self, image):
        choices = DEEDS.get(image["status"], [(None, 1)])
        name = self.chance.choices([what for what, _ in choices],
                                   [often for _, often in choices])[0]
        if self.chance.random() < 0.05:
            name = self.chance.choice(ANY_DEED)
        booking, path = image["id"], f"/bookings/{image['id']}"
        if name is None:
            return None
        if name in ("check-in", "check-out"):
            return self.use(name, image["asset_id"], booking)
        if name == "patch":
            return Request("PATCH", path, self.change(image), self.anybody(),
                           self.if_match(image), names=booking)
        if name == "adjust":
            amount = self.chance.choice([250, 1_000, -50, -5_000])
            return Request("POST", path + "/adjustments", {
                "amount_minor": amount, "reason": "agreed on"}, names=booking)
        by = self.anybody() if name == "cancel" else "manager"
        return Request("POST", f"{path}/{name}", {}, by, names=booking)

    def use(self, name, asset, booking):
        body = {"booking_id": booking}
        if name == "check-out" and self.chance.random() < 0.3:
            body["extra_cost_minor"] = self.chance.randint(0, 500)
        return Request("POST", f"/assets/{asset}/{name}", body, self.anybody(), names=booking)

    def change(self, image):
        if image["status"] == "CHECKED_IN":
            return {"end": moment(now_ms() + self.chance.randint(200, 3_000))}
        start, end = self.window(soon=self.chance.random() < 0.5)
        body = {"start": moment(start), "end": moment(end)}
        if self.chance.random() < 0.9:
            body["accept_terms"] = True
        return body
