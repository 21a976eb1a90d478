"""One asset's audit log, read again by somebody who trusts nobody.

`Ledger` plays the log entry by entry by the rules of docs/api.md, sharing no code with the server:
which step of a booking's life may follow which, what happens by itself and when, who holds the
asset at which moment, what a use costs. It raises `Broken` at the first entry that cannot be true.
"""

from collections import Counter
from datetime import datetime, timedelta, timezone

import bill

MINUTE = 60_000
TIMER = "system:timer"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

# What the step is taken from, what it comes to (None: as before), and which members it may change.
STEPS = {
    "booking.approved": (("PENDING_APPROVAL",), "CONFIRMED", {"status", "approvals"}),
    "booking.rejected": (("PENDING_APPROVAL",), "REJECTED", {"status", "approvals", "cost_minor"}),
    "booking.cancelled": (("PENDING_APPROVAL", "CONFIRMED"), "CANCELLED",
                          {"status", "approvals", "cost_minor", "cost_lines"}),
    "booking.rescheduled": (("CONFIRMED", "CHECKED_IN"), None, {
        "start", "end", "overdue", "terms_version", "estimated_cost_minor"}),
    "booking.checked_in": (("CONFIRMED",), "CHECKED_IN",
                           {"status", "actual_start", "check_in_notes"}),
    "booking.checked_out": (("CHECKED_IN",), "CHECKED_OUT", {
        "status", "actual_end", "overdue", "cost_minor", "cost_lines"}),
    "booking.overdue": (("CHECKED_IN",), "CHECKED_IN", {"overdue"}),
    "booking.no_show": (("CONFIRMED",), "NO_SHOW", {"status", "cost_minor", "cost_lines"}),
    "booking.expired": (("PENDING_APPROVAL", "CONFIRMED"), "EXPIRED",
                        {"status", "approvals", "cost_minor"}),
    "booking.cost_adjusted": (("CHECKED_OUT", "CANCELLED", "REJECTED", "EXPIRED", "NO_SHOW"), None,
                              {"cost_minor", "cost_lines"}),
}
BY_TIME = {"booking.overdue", "booking.no_show", "booking.expired"}
LIVE = {"PENDING_APPROVAL", "CONFIRMED", "CHECKED_IN"}
ALWAYS_CHANGE = {"etag", "version", "updated_at"}


class Broken(Exception):
    """The log tells of something that cannot have happened."""


def millis(moment):
    return (datetime.fromisoformat(moment.replace("Z", "+00:00")) - EPOCH) // timedelta(
        milliseconds=1)


class NotYet(Broken):
    """Something is due and has not happened."""


class Booking:
    """A document, with its times as numbers and the terms it is under."""

    def __init__(self, image, terms):
        self.image = image
        self.id = image["id"]
        self.status = image["status"]
        self.terms = terms
        self.start, self.end = millis(image["start"]), millis(image["end"])
        self.came = image["actual_start"] and millis(image["actual_start"])
        self.expires = image["approvals"] and millis(image["approvals"][0]["expires_at"])

    def claim(self, at):
        """What it keeps from others: with its buffers, and in use from the check-in until now."""
        start = self.start - self.terms.get("buffer_before_minutes", 0) * MINUTE
        end = self.end
        if self.status == "CHECKED_IN":
            start, end = min(start, self.came), max(end, at)
        return start, end + self.terms.get("buffer_after_minutes", 0) * MINUTE

    def due(self, free_since):
        """What happens to it by itself, as (when, audit type); None when nothing does.

        `free_since`: since when the asset could be taken up; None while it cannot.
        """
        if self.status == "PENDING_APPROVAL":
            return self.expires, "booking.expired"
        if self.status == "CHECKED_IN":
            return None if self.image["overdue"] else (self.end, "booking.overdue")
        if free_since is None:
            return self.end, "booking.expired"
        patience = self.end - self.start
        minutes = self.terms.get("check_in", {}).get("no_show_after_minutes")
        if minutes is not None:
            patience = min(patience, minutes * MINUTE)
        runs_out = max(self.start, free_since) + patience
        if runs_out <= self.end:
            return runs_out, "booking.no_show"
        return self.end, "booking.expired"


class Ledger:
    def __init__(self, sent):
        self.sent = sent     # idempotency key -> what was asked under it
        self.at = 0          # of the newest entry
        self.asset = None
        self.terms = {}      # version -> booking terms
        self.free_since = None
        self.live = {}
        self.over = {}       # id -> last document
        self.cooling = []    # claims of uses that are over, whose buffers run
        self.cooled = {}     # booking -> claim of each use that is over
        self.by_time = Counter()
        self.due_at = []     # of the transitions by time

    def play(self, entries):
        """`entries` oldest first."""
        for entry in entries:
            try:
                self.take(entry)
            except Broken as broken:
                raise Broken(f"audit entry {entry['seq']} of {entry['asset_id']}, "
                             f"{entry['type']} at {entry['at']}: {broken}") from None
        return self

    def take(self, entry):
        at, kind, actor = millis(entry["at"]), entry["type"], entry["actor"]["sub"]
        self.ensure(at >= self.at, f"earlier than the entry before it, {self.at - at} ms")
        self.ensure((actor == TIMER) == (kind in BY_TIME), f"by {actor}")
        if actor == TIMER:
            self.is_due(entry["after"]["id"], kind, at)
        else:
            missed = [(due, booking) for due, _, booking in self.all_due(at)]
            self.ensure(not missed, f"this was due before it: {missed}")
        self.at = at
        if kind in ("asset.created", "asset.updated"):
            self.asset_became(entry, at)
        elif kind.endswith(".refused"):
            self.refused(entry, at)
        elif kind == "booking.created":
            self.created(entry, at)
        else:
            self.stepped(entry, kind, at)

    def ensure(self, condition, message):
        if not condition:
            raise Broken(message)

    def all_due(self, until):
        """(when, what, booking) of everything that is due by then and has not happened."""
        found = []
        for booking in self.live.values():
            # Nothing is due before its window begins, except the end of a wait for approval.
            if booking.start <= until or booking.status == "PENDING_APPROVAL":
                due = booking.due(self.free_since)
                if due is not None and due[0] <= until:
                    found.append((*due, booking.id))
        return sorted(found)

    def is_due(self, booking, kind, at):
        waiting = self.all_due(at)
        self.ensure((kind, booking) in [(what, whose) for _, what, whose in waiting],
                    f"{booking}: not due at that time, {waiting} is")
        due = next(when for when, what, whose in waiting if (what, whose) == (kind, booking))
        self.ensure(due == waiting[0][0], f"{waiting[0]} was due earlier")
        self.ensure(at == max(due, self.at), f"it was due {at - due} ms before that")
        self.by_time[kind] += 1
        self.due_at.append(due)

    def asset_became(self, entry, at):
        after = entry["after"]
        self.ensure(entry["before"] == self.asset, "the asset was another before")
        self.asset = after
        self.terms.setdefault(after["terms_version"], after["booking_terms"] or {})
        self.ensure(self.terms[after["terms_version"]] == (after["booking_terms"] or {}),
                    "the terms changed under their number")
        if after["status"] != "ACTIVE" or self.out() is not None:
            self.free_since = None
        elif self.free_since is None:
            self.free_since = at

    def out(self):
        return next((b for b in self.live.values() if b.status == "CHECKED_IN"), None)

    def booking(self, image):
        return Booking(image, self.terms[image["terms_version"]])

    def created(self, entry, at):
        booking, body = self.booking(entry["after"]), self.sent[entry["idempotency_key"]].body
        self.ensure(entry["before"] is None and booking.id not in self.live
                    and booking.id not in self.over, f"{booking.id} was there before")
        self.ensure(booking.image["terms_version"] == self.asset["terms_version"], "old terms")
        self.ensure(booking.image["user_id"] == body["user_id"], "another user")
        currency = booking.terms.get("pricing", {}).get("currency", "EUR")
        self.ensure(booking.image["currency"] == currency, "currency")
        self.estimated(booking)
        self.ensure((booking.start, booking.end) == (millis(body["start"]), millis(body["end"])),
                    "another window than asked for")
        approval = booking.terms.get("approval", {})
        waits = approval.get("required", False)
        self.ensure(booking.status == ("PENDING_APPROVAL" if waits else "CONFIRMED"), "status")
        if waits:
            minutes = approval.get("expires_minutes")
            latest = booking.start if minutes is None else at + minutes * MINUTE
            self.ensure(booking.expires == min(booking.start, latest), "the end of its wait")
        self.admitted(booking, at)
        self.live[booking.id] = booking

    def admitted(self, booking, at, its_terms=True):
        """It may have this window now."""
        self.ensure(self.asset["status"] == "ACTIVE", "the asset is not active")
        deadline = booking.terms.get("deadline_minutes", 0) if its_terms else 0
        self.ensure(at < booking.start - deadline * MINUTE, "after its deadline")
        self.holds_alone(booking, at)

    def claims(self, at, but=None):
        """(start, end, booking) of all that holds the asset at that moment."""
        self.cooling = [claim for claim in self.cooling if claim[1] > at]
        return [(*booking.claim(at), booking.id) for booking in self.live.values()
                if booking.id != but] + self.cooling

    def holds_alone(self, booking, at):
        """Claims never grow but here and while late, so if this holds each time no two meet."""
        start = booking.start - booking.terms.get("buffer_before_minutes", 0) * MINUTE
        end = booking.end + booking.terms.get("buffer_after_minutes", 0) * MINUTE
        for other_start, other_end, other in self.claims(at, but=booking.id):
            self.ensure(other_end <= start or end <= other_start,
                        f"{booking.id} is let into the claim of {other}")

    def stepped(self, entry, kind, at):
        from_status, to_status, may_change = STEPS[kind]
        after, before = entry["after"], entry["before"]
        known = self.live.get(after["id"])
        image = known.image if known else self.over.get(after["id"])
        self.ensure(image is not None, f"{after['id']} was never made")
        self.ensure(before == image, "the booking was another before")
        self.ensure(before["status"] in from_status, f"from {before['status']}")
        self.ensure(after["status"] == (to_status or before["status"]), f"to {after['status']}")
        changed = {name for name in after if after[name] != before.get(name)}
        if changed or kind != "booking.rescheduled":
            self.ensure(changed <= may_change | ALWAYS_CHANGE, f"it changes {sorted(changed)}")
            self.ensure(after["version"] == entry["seq"], "its version")
            self.ensure(millis(after["updated_at"]) == at, "its updated_at")
            getattr(self, kind.partition(".")[2])(entry, self.booking(after), at)
        self.live.pop(after["id"], None)
        if after["status"] in LIVE:
            self.live[after["id"]] = self.booking(after)
        else:
            self.over[after["id"]] = after
            self.ensure(after["cost_minor"] == bill.total(after["cost_lines"]), "its cost")

    def approved(self, entry, booking, at):
        (approval,) = booking.image["approvals"]
        self.ensure(approval["status"] == "APPROVED" and millis(approval["decided_at"]) == at
                    and approval["decided_by"] == entry["actor"]["sub"], f"{approval}")
        self.admitted(booking, at, its_terms=False)

    def rejected(self, entry, booking, at):
        self.costs(entry, [])

    def expired(self, entry, booking, at):
        self.costs(entry, [])

    def cancelled(self, entry, booking, at):
        own = entry["actor"]["sub"] == booking.image["user_id"]
        confirmed = entry["before"]["status"] == "CONFIRMED"
        fee = booking.terms.get("pricing", {}).get("cancel_fee_minor", 0)
        self.costs(entry, bill.item("CANCEL", fee if own and confirmed else 0))

    def no_show(self, entry, booking, at):
        fee = booking.terms.get("pricing", {}).get("no_show_fee_minor", 0)
        self.costs(entry, bill.item("NO_SHOW", fee))

    def overdue(self, entry, booking, at):
        self.ensure(booking.image["overdue"] and not entry["before"]["overdue"], "overdue twice")

    def rescheduled(self, entry, booking, at):
        body, before = self.sent[entry["idempotency_key"]].body, entry["before"]
        for name, moment in (("start", booking.start), ("end", booking.end)):
            self.ensure(moment == millis(body.get(name, before[name])), f"another {name}")
        version = before["terms_version"]
        if booking.status == "CONFIRMED":
            version = self.asset["terms_version"]
            self.admitted(booking, at)
        else:
            self.ensure(booking.end > at and not booking.image["overdue"], "it ends in the past")
            self.holds_alone(booking, at)
        self.ensure(booking.image["terms_version"] == version, "its terms")
        self.estimated(booking)

    def estimated(self, booking):
        planned = booking.start, booking.end
        cost = bill.total(bill.of_use(booking.terms, planned, planned))
        self.ensure(booking.image["estimated_cost_minor"] == cost, f"it would cost {cost}")

    def checked_in(self, entry, booking, at):
        early = booking.terms.get("check_in", {}).get("early_minutes", 15)
        self.ensure(booking.start - early * MINUTE <= at < booking.end, "too early or too late")
        self.ensure(booking.came == at, "actual_start")
        self.ensure(self.asset["status"] == "ACTIVE" and self.out() is None, "it cannot be had")
        self.free_since = None

    def checked_out(self, entry, booking, at):
        left = millis(booking.image["actual_end"])
        self.ensure(left == at, "actual_end")
        extra = self.sent[entry["idempotency_key"]].body.get("extra_cost_minor", 0)
        used = bill.of_use(booking.terms, (booking.start, booking.end), (booking.came, left))
        self.costs(entry, used + bill.item("EXTRA", extra))
        start = booking.start - booking.terms.get("buffer_before_minutes", 0) * MINUTE
        after = booking.terms.get("buffer_after_minutes", 0) * MINUTE
        self.cooling.append((min(start, booking.came), left + after, booking.id))
        self.cooled[booking.id] = self.cooling[-1][:2]
        self.free_since = at if self.asset["status"] == "ACTIVE" else None

    def cost_adjusted(self, entry, booking, at):
        body = self.sent[entry["idempotency_key"]].body
        line = bill.line("ADJUSTMENT", "ITEM", body["amount_minor"])
        self.costs(entry, entry["before"]["cost_lines"] + [{**line, "reason": body["reason"]}])

    def costs(self, entry, lines):
        told = entry["after"]["cost_lines"]
        self.ensure(told == lines, f"it costs {told}, should cost {lines}")

    def refused(self, entry, at):
        """What a refusal says of the asset was so at that moment."""
        why, asked = entry["after"], self.sent[entry["idempotency_key"]]
        if why["code"] == "BOOKING_OVERLAP":
            # What begins soon asks, by its buffer, for time that is past.
            claims = self.cooled | {
                whose: (start, end) for start, end, whose in self.claims(at, asked.booking)}
            self.ensure(why["conflicts"], "no conflict is named")
            for conflict in why["conflicts"]:
                told = millis(conflict["start"]), millis(conflict["end"])
                self.ensure(claims.get(conflict["id"]) == told, f"{conflict} holds {claims}")
        if why["code"] == "INVALID_TRANSITION":
            known = self.live.get(asked.booking)
            status = known.status if known else self.over[asked.booking]["status"]
            self.ensure(status == why["current_status"], f"{asked.booking} was {status}")

    def settled(self, until):
        """Everything that was due by then has happened, and every document says so."""
        missed = self.all_due(until)
        if missed:
            raise NotYet(f"not done by {until}: {missed}")
        for booking in self.live.values():
            late = booking.status == "CHECKED_IN" and booking.image["overdue"]
            self.ensure(booking.end > until or late, f"{booking.id} is {booking.status}")
