"""One asset's audit log, read again by somebody who trusts nobody.

`Ledger` plays the log entry by entry by the rules of docs/api.md, sharing no code with the server:
which step of a booking's life may follow which, what happens by itself and when, who holds the
asset at which moment, what a use costs; `upkeep.py` does the same for reports and maintenance. It
raises `Broken` at the first entry that cannot be true.
"""

from collections import Counter

import bill
import refusals
from audit import (MINUTE, TIMER, Broken, NotYet, ensure, ensure_becomes, ensure_is, meet,
                   millis)
from upkeep import Upkeep

# What the step is taken from, what it comes to (None: as before), and which members it may change.
STEPS = {
    "booking.approved": (("PENDING_APPROVAL",), "CONFIRMED", {"status", "approvals"}),
    "booking.rejected": (("PENDING_APPROVAL",), "REJECTED",
                         {"status", "approvals", "cost_minor", "cost_lines"}),
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
                        {"status", "approvals", "cost_minor", "cost_lines"}),
    "booking.cost_adjusted": (("CHECKED_OUT", "CANCELLED", "REJECTED", "EXPIRED", "NO_SHOW"), None,
                              {"cost_minor", "cost_lines"}),
}
BY_TIME = {"booking.overdue", "booking.no_show", "booking.expired", "maintenance.due"}
# What one entry may make due on another resource.
ENTAILED = {"asset.updated", "booking.cost_adjusted", "maintenance.scheduled", "maintenance.updated",
            "maintenance.cancelled", "maintenance.due"}
LIVE = {"PENDING_APPROVAL", "CONFIRMED", "CHECKED_IN"}
ALWAYS_CHANGE = {"etag", "version", "updated_at"}


def with_buffers(terms, start, end):
    return (start - terms.get("buffer_before_minutes", 0) * MINUTE,
            end + terms.get("buffer_after_minutes", 0) * MINUTE)


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
        if self.status != "CHECKED_IN":
            return with_buffers(self.terms, self.start, self.end)
        start, end = with_buffers(self.terms, self.start, max(self.end, at))
        return min(start, self.came), end

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
        self.last = None     # the newest entry
        self.asset = None
        self.terms = {}      # version -> booking terms
        self.free_since = None
        self.live = {}
        self.over = {}       # id -> last document
        self.ended = {}      # id -> when it became so
        self.past = {}       # booking -> claim of each use that is over
        self.upkeep = Upkeep(self)
        self.by_time = Counter()
        self.entailed = Counter()
        self.due_at = []     # of the transitions by time

    def play(self, entries):
        """`entries` oldest first; where they end, all that they owe has been done."""
        for entry in entries:
            try:
                self.take(entry)
            except Broken as broken:
                raise Broken(f"audit entry {entry['seq']} of {entry['asset_id']}, "
                             f"{entry['type']} at {entry['at']}: {broken}") from None
        if self.asset is not None:
            owed = self.upkeep.owed()
            ensure(not owed, f"the log of {self.asset['id']} ends and owes {owed}")
        return self

    def take(self, entry):
        at, kind = millis(entry["at"]), entry["type"]
        ensure(at >= self.at, f"earlier than the entry before it, {self.at - at} ms")
        owed = self.upkeep.owed() if self.asset is not None else []
        if owed:
            self.follows(entry, owed)
        else:
            self.begins(entry, kind, at)
        self.at, self.last = at, entry
        noun, _, step = kind.partition(".")
        if step == "refused":
            refusals.judge(self, entry, at)
        elif noun == "asset":
            self.asset_became(entry, at, owed)
        elif noun == "booking":
            self.created(entry, at) if step == "created" else self.stepped(entry, kind, at, owed)
        elif noun == "condition_report":
            getattr(self.upkeep, f"report_{step}")(entry, at)
        elif step == "scheduled":
            self.upkeep.maintenance_scheduled(entry, at, owed)
        else:
            self.upkeep.maintenance_changed(entry, step, at, owed)
        self.upkeep.settle()

    def begins(self, entry, kind, at):
        """Somebody asked for it, or it was time; nothing that was due before is left."""
        if entry["actor"]["sub"] == TIMER:
            ensure(kind in BY_TIME, "by the timer")
            self.is_due(entry["after"]["id"], kind, at)
            return
        ensure(entry["idempotency_key"] is not None, "nobody asked for it and nobody owed it")
        missed = [(due, booking) for due, _, booking in self.all_due(at)]
        ensure(not missed, f"this was due before it: {missed}")

    def follows(self, entry, owed):
        """What an entry entails comes at once and in the same name; what it is is judged later."""
        same = all(entry[name] == self.last[name] for name in ("at", "actor", "request_id"))
        ensure(same and entry["idempotency_key"] is None and entry["type"] in ENTAILED,
               f"it comes before what is owed: {owed}")
        self.entailed[entry["type"]] += 1

    def status(self):
        return self.asset["status"]

    def asked(self, entry):
        return self.sent[entry["idempotency_key"]]

    def is_live(self, booking):
        return booking in self.live

    def has(self, booking):
        return booking in self.live or booking in self.over

    def documents(self):
        """Everything that may be read now, by id."""
        upkeep = self.upkeep
        return ({self.asset["id"]: self.asset} | self.over | upkeep.reports | upkeep.over
                | {one.id: one.image for part in (self.live, upkeep.open)
                   for one in part.values()})

    def all_due(self, until):
        """(when, what, booking) of everything that is due by then and has not happened."""
        found = []
        for booking in self.live.values():
            # Nothing is due before its window begins, except the end of a wait for approval.
            if booking.start <= until or booking.status == "PENDING_APPROVAL":
                due = booking.due(self.free_since)
                if due is not None and due[0] <= until:
                    found.append((*due, booking.id))
        return sorted(found + [due for due in self.upkeep.notices() if due[0] <= until])

    def is_due(self, booking, kind, at):
        waiting = self.all_due(at)
        ensure((kind, booking) in [(what, whose) for _, what, whose in waiting],
                    f"{booking}: not due at that time, {waiting} is")
        due = next(when for when, what, whose in waiting if (what, whose) == (kind, booking))
        ensure(due == waiting[0][0], f"{waiting[0]} was due earlier")
        ensure(at == max(due, self.at), f"it was due {at - due} ms before that")
        self.by_time[kind] += 1
        self.due_at.append(due)

    def asset_became(self, entry, at, owed):
        before, after = self.asset, entry["after"]
        ensure(entry["before"] == before, "the asset was another before")
        if owed:
            self.upkeep.pays(owed, ("follow", after["status"]))
            ensure_becomes(entry, {"status": after["status"], "etag": after["etag"]})
        else:
            body = self.asked(entry).body
            ensure_is(after, {**after, **body})
            self.upkeep.asset_by_hand(before, after, at)
        self.asset = after
        self.terms.setdefault(after["terms_version"], after["booking_terms"] or {})
        ensure(self.terms[after["terms_version"]] == (after["booking_terms"] or {}),
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
        ensure(entry["before"] is None and not self.has(booking.id),
               f"{booking.id} was there before")
        ensure(booking.image["terms_version"] == self.asset["terms_version"], "old terms")
        ensure(booking.image["user_id"] == body["user_id"], "another user")
        currency = booking.terms.get("pricing", {}).get("currency", "EUR")
        ensure(booking.image["currency"] == currency, "currency")
        self.estimated(booking)
        ensure((booking.start, booking.end) == (millis(body["start"]), millis(body["end"])),
               "another window than asked for")
        approval = booking.terms.get("approval", {})
        waits = approval.get("required", False)
        ensure(booking.status == ("PENDING_APPROVAL" if waits else "CONFIRMED"), "status")
        if waits:
            minutes = approval.get("expires_minutes")
            latest = booking.start if minutes is None else at + minutes * MINUTE
            ensure(booking.expires == min(booking.start, latest), "the end of its wait")
        self.admitted(booking, at)
        self.live[booking.id] = booking

    def admitted(self, booking, at, its_terms=True):
        """It may have this window now."""
        ensure(self.asset["status"] == "ACTIVE", "the asset is not active")
        deadline = booking.terms.get("deadline_minutes", 0) if its_terms else 0
        ensure(at < booking.start - deadline * MINUTE, "after its deadline")
        self.holds_alone(booking, at)

    def claims(self, at, but=None):
        """(start, end, whose) of all that keeps others away at that moment.

        Uses that are over are among them for good: two claims must not overlap, and the buffer before
        a window that begins soon is a claim on time that is past.
        """
        return [(*booking.claim(at), booking.id) for booking in self.live.values()
                if booking.id != but] + [
                    (*claim, whose) for whose, claim in self.past.items()] + self.upkeep.claims(but)

    def adds(self, terms, start, end, known):
        """What a window would keep from others and does not yet; `known`: the booking as it is."""
        claim = with_buffers(terms, start, end)
        if known is None or known.status != "CHECKED_IN":
            return claim
        return with_buffers(terms, known.start, known.end)[1], claim[1]

    def holds_alone(self, booking, at):
        """Claims never grow but here and while late, so if this holds each time no two meet."""
        known = self.live.get(booking.id)
        wanted = self.adds(booking.terms, booking.start, booking.end, known)
        for *other, whose in self.claims(at, but=booking.id):
            ensure(wanted[0] >= wanted[1] or not meet(wanted, other),
                   f"{booking.id} is let into the claim of {whose}")

    def before_its_claim(self, booking, at):
        """Whose plans a check-in at that moment would take time from."""
        early = at, booking.claim(at)[0]
        planned = [(*one.claim(at), one.id) for one in self.live.values()
                   if one.id != booking.id and one.status != "CHECKED_IN"]
        return [whose for *other, whose in planned + self.upkeep.claims()
                if early[0] < early[1] and meet(early, other)]

    def stepped(self, entry, kind, at, owed):
        from_status, to_status, may_change = STEPS[kind]
        after, before = entry["after"], entry["before"]
        known = self.live.get(after["id"])
        image = known.image if known else self.over.get(after["id"])
        ensure(not owed or kind == "booking.cost_adjusted", f"nobody owed it: {owed}")
        ensure(image is not None, f"{after['id']} was never made")
        ensure(before == image, "the booking was another before")
        ensure(before["status"] in from_status, f"from {before['status']}")
        ensure(after["status"] == (to_status or before["status"]), f"to {after['status']}")
        changed = {name for name in after if after[name] != before.get(name)}
        if changed or kind != "booking.rescheduled":
            ensure(changed <= may_change | ALWAYS_CHANGE, f"it changes {sorted(changed)}")
            ensure(after["version"] == entry["seq"], "its version")
            ensure(millis(after["updated_at"]) == at, "its updated_at")
            if owed:
                line = self.upkeep.rebilled(entry, owed)
                self.costs(entry, before["cost_lines"] + [line])
            else:
                getattr(self, kind.partition(".")[2])(entry, self.booking(after), at)
        self.live.pop(after["id"], None)
        if after["status"] in LIVE:
            self.live[after["id"]] = self.booking(after)
        else:
            self.over[after["id"]] = after
            self.ended.setdefault(after["id"], at)
            ensure(after["cost_minor"] == bill.total(after["cost_lines"]), "its cost")

    def approved(self, entry, booking, at):
        (approval,) = booking.image["approvals"]
        ensure(approval["status"] == "APPROVED" and millis(approval["decided_at"]) == at
               and approval["decided_by"] == entry["actor"]["sub"], f"{approval}")
        self.admitted(booking, at, its_terms=False)

    def rejected(self, entry, booking, at):
        self.ends(entry, [])

    def expired(self, entry, booking, at):
        self.ends(entry, [])

    def cancelled(self, entry, booking, at):
        own = entry["actor"]["sub"] == booking.image["user_id"]
        confirmed = entry["before"]["status"] == "CONFIRMED"
        fee = booking.terms.get("pricing", {}).get("cancel_fee_minor", 0)
        self.ends(entry, bill.item("CANCEL", fee if own and confirmed else 0))

    def no_show(self, entry, booking, at):
        fee = booking.terms.get("pricing", {}).get("no_show_fee_minor", 0)
        self.ends(entry, bill.item("NO_SHOW", fee))

    def overdue(self, entry, booking, at):
        ensure(booking.image["overdue"] and not entry["before"]["overdue"], "overdue twice")

    def rescheduled(self, entry, booking, at):
        body, before = self.sent[entry["idempotency_key"]].body, entry["before"]
        for name, moment in (("start", booking.start), ("end", booking.end)):
            ensure(moment == millis(body.get(name, before[name])), f"another {name}")
        version = before["terms_version"]
        if booking.status == "CONFIRMED":
            version = self.asset["terms_version"]
            self.admitted(booking, at)
        else:
            ensure(booking.end > at and not booking.image["overdue"], "it ends in the past")
            self.holds_alone(booking, at)
        ensure(booking.image["terms_version"] == version, "its terms")
        self.estimated(booking)

    def estimated(self, booking):
        planned = booking.start, booking.end
        cost = bill.total(bill.of_use(booking.terms, planned, planned))
        ensure(booking.image["estimated_cost_minor"] == cost, f"it would cost {cost}")

    def checked_in(self, entry, booking, at):
        early = booking.terms.get("check_in", {}).get("early_minutes", 15)
        ensure(booking.start - early * MINUTE <= at < booking.end, "too early or too late")
        ensure(booking.came == at, "actual_start")
        ensure(self.asset["status"] == "ACTIVE" and self.out() is None, "it cannot be had")
        whose = self.before_its_claim(self.live[booking.id], at)
        ensure(not whose, f"it takes time from {whose}")
        self.free_since = None

    def checked_out(self, entry, booking, at):
        left = millis(booking.image["actual_end"])
        ensure(left == at, "actual_end")
        extra = self.sent[entry["idempotency_key"]].body.get("extra_cost_minor", 0)
        used = bill.of_use(booking.terms, (booking.start, booking.end), (booking.came, left))
        self.ends(entry, used + bill.item("EXTRA", extra))
        self.upkeep.used(booking.came, left)
        start, end = with_buffers(booking.terms, booking.start, left)
        self.past[booking.id] = min(start, booking.came), end
        self.free_since = at if self.asset["status"] == "ACTIVE" else None

    def cost_adjusted(self, entry, booking, at):
        body = self.sent[entry["idempotency_key"]].body
        line = bill.line("ADJUSTMENT", "ITEM", body["amount_minor"])
        self.costs(entry, entry["before"]["cost_lines"] + [{**line, "reason": body["reason"]}])

    def ends(self, entry, lines):
        """What reports charge comes on top."""
        self.costs(entry, lines + self.upkeep.damage_lines(entry["after"]["id"]))

    def costs(self, entry, lines):
        told = entry["after"]["cost_lines"]
        ensure(told == lines, f"it costs {told}, should cost {lines}")

    def settled(self, until):
        """Everything that was due by then has happened, and every document says so."""
        missed = self.all_due(until)
        if missed:
            raise NotYet(f"not done by {until}: {missed}")
        for booking in self.live.values():
            late = booking.status == "CHECKED_IN" and booking.image["overdue"]
            ensure(booking.end > until or late, f"{booking.id} is {booking.status}")
