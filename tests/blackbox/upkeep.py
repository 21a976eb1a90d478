"""What keeps an asset usable, read from its log: reports, maintenance, what holds the asset out of
service, and what one entry has made due on other resources.

Part of `ledger.py`, by the same rule: docs/api.md alone. What is owed must follow at once, entry by
entry, in the name of whoever caused it, before anything else.
"""

import bill
import rules
from audit import ensure, ensure_becomes, ensure_is, meet, millis
from maintenance import WAITING, Maintenance, ahead, window_of

FAULTS = {"DAMAGED", "MISSING"}


class Upkeep:
    def __init__(self, ledger):
        self.ledger = ledger   # bookings, the asset, and what was asked
        self.rules = {}        # id -> Rule, of those that were removed too
        self.open = {}         # id -> Maintenance
        self.over = {}         # id -> last document of a maintenance
        self.reports = {}      # id -> document
        self.waiting = set()   # reports that somebody has to decide
        self.superseded = set()
        self.holds = set()     # what keeps the asset out of service
        self.former = None     # its status before the first of them
        self.charges = []      # (report, booking, amount) that count
        self.listed = []       # owed because of what happened; the rest follows from how things are

    def owed(self):
        """What must come next, in any order, as tuples that begin with a verb."""
        owed = list(self.listed)
        for rule in self.rules.values():
            if rule.open and rule.is_used_up() and self.open[rule.open].status == "SCHEDULED":
                owed.append(("fire", rule.open))
        status = self.ledger.status()
        target = "MAINTENANCE" if self.holds else self.former or status
        if target != status:
            owed.append(("follow", target))
        return owed

    def pays(self, owed, wanted):
        ensure(wanted in owed, f"nobody owed {wanted}, owed: {owed}")
        if wanted in self.listed:
            self.listed.remove(wanted)

    def settle(self):
        """Once the status of before is back it is forgotten."""
        if not self.holds and self.former == self.ledger.status():
            self.former = None

    def hold(self, by):
        self.former = self.former or self.ledger.status()
        self.holds.add(by)

    def notices(self):
        """(when, what, maintenance) of what each tells next."""
        told = ((one.next_notice(), one.id) for one in self.open.values())
        return [(notice[0], "maintenance.due", whose) for notice, whose in told if notice]

    def claims(self, but=None):
        return [(*one.claim, one.id) for one in self.open.values() if one.claim and one.id != but]

    # The asset.

    def asset_by_hand(self, before, after, at):
        """A manager's word on the status beats whatever holds the asset."""
        if before is not None and before["status"] != after["status"]:
            self.holds, self.former = set(), None
        old, new = rules.of(before), rules.of(after)
        for name in old.keys() - new.keys():
            rule = self.rules[name]
            rule.text = None
            if rule.open and self.open[rule.open].status in WAITING:
                self.listed.append(("cancel", rule.open))
        for name, text in new.items():
            rule = self.rules.setdefault(name, rules.Rule())
            rule.text = text
            if name not in old:
                rule.begin(at)
                if rule.open is None:
                    self.listed.append(("open", name))
            elif old[name] != text and rule.open and self.open[rule.open].status == "SCHEDULED":
                self.listed.append(("replan", rule.open, rules.keeps_time(old[name], text)))

    # Bookings.

    def used(self, came, left):
        for rule in self.rules.values():
            rule.used(came, left)

    def damage_lines(self, booking):
        """What reports add to the bill of a booking when it ends."""
        return [line for _, whose, amount in self.charges if whose == booking
                for line in bill.item("DAMAGE", amount)]

    def rebilled(self, entry, owed):
        """One more line on the bill of a booking that is over; those of one come in their order."""
        booking, *_, line = entry["after"]["id"], *entry["after"]["cost_lines"]
        bills = [one for one in owed if one[0] in ("damage", "reverse") and one[2] == booking]
        ensure(bills, f"nobody owed {booking} another line, owed: {owed}")
        verb, report, _, amount = bills[0]
        self.pays(owed, bills[0])
        if verb == "damage":
            return bill.line("DAMAGE", "ITEM", amount)
        # The words are free, but they name the report whose charge is taken back.
        ensure(report in line.get("reason", ""), f"it does not say why: {line}")
        return {**bill.line("ADJUSTMENT", "ITEM", -amount), "reason": line["reason"]}

    # Reports.

    def report_created(self, entry, at):
        after, body = entry["after"], self.ledger.asked(entry).body
        report, earlier = after["id"], body.get("supersedes")
        ensure(entry["before"] is None and report not in self.reports, f"{report} was there before")
        booking, charge = body.get("booking_id"), body.get("proposed_charge_minor")
        ensure(booking is None or self.ledger.has(booking), f"{booking} was never made")
        ensure(earlier is None or earlier in self.reports, f"{earlier} was never made")
        ensure(earlier not in self.superseded, f"{earlier} is superseded twice")
        holds = body.get("takes_out_of_service", False)
        faulty = any(check["result"] in FAULTS for check in body["checklist"])
        pending = bool(faulty or charge or holds)
        ensure_is(after, {
            "id": report, "asset_id": self.ledger.asset["id"], "booking_id": booking,
            "checklist": [{"note": None, **check} for check in body["checklist"]],
            "photos": [{"sha256": None, **photo} for photo in body["photos"]],
            "notes": body.get("notes"), "proposed_charge_minor": charge,
            "takes_out_of_service": holds, "supersedes": earlier,
            "status": "PENDING_APPROVAL" if pending else "APPROVED",
            "created_at": at, "created_by": entry["actor"]["sub"], "decided_at": None,
            "decided_by": None, "reason": None, "version": entry["seq"]})
        self.reports[report] = after
        if pending:
            self.waiting.add(report)
        if holds:
            self.hold(report)
        if earlier is not None:
            self.supersede(earlier)

    def supersede(self, earlier):
        self.superseded.add(earlier)
        self.waiting.discard(earlier)
        self.holds.discard(earlier)
        for charge in [charge for charge in self.charges if charge[0] == earlier]:
            self.charges.remove(charge)
            if not self.ledger.is_live(charge[1]):
                self.listed.append(("reverse", *charge))

    def report_decided(self, entry, at):
        after, asked = entry["after"], self.ledger.asked(entry)
        report, by = after["id"], entry["actor"]["sub"]
        ensure(report in self.waiting, f"{report} waits for nobody")
        ensure(entry["before"] == self.reports[report], "the report was another before")
        ensure(by != after["created_by"], "its author decides")
        approved = asked.path.endswith("/approve")
        ensure_is(after, {**entry["before"], "decided_at": at, "decided_by": by,
                          "reason": None if approved else asked.body.get("reason"),
                          "status": "APPROVED" if approved else "REJECTED",
                          "version": entry["seq"]})
        self.reports[report] = after
        self.waiting.remove(report)
        if approved and after["proposed_charge_minor"]:
            charge = report, after["booking_id"], after["proposed_charge_minor"]
            self.charges.append(charge)
            if not self.ledger.is_live(charge[1]):
                self.listed.append(("damage", *charge))
        if approved and after["takes_out_of_service"]:
            self.listed.append(("correct", report))  # it holds the asset until that is open
        else:
            self.holds.discard(report)

    # Maintenance.

    def maintenance_scheduled(self, entry, at, owed):
        after, body = entry["after"], {}
        one, name = after["id"], after["rule_id"]
        known = one in self.open or one in self.over
        ensure(entry["before"] is None and not known, f"{one} was there before")
        plan = {"occurrence": 1, "reason": None, "start": None, "end": None}
        notices = {0}
        if owed and name is not None:
            self.pays(owed, ("open", name))
            rule = self.rules[name]
            rule.occurrence, rule.open, notices = rule.occurrence + 1, one, rule.notices()
            plan |= {"type": rule.text["type"], "due_at": rule.due_at(at),
                     "occurrence": rule.occurrence}
        elif owed:
            self.corrects(one, owed)
            plan |= {"type": "CORRECTIVE", "due_at": at}
        else:
            body = self.ledger.asked(entry).body
            ensure(name is None, "a rule asks for it and nobody owed it")
        ensure_is(after, {
            "id": one, "asset_id": self.ledger.asset["id"], "rule_id": name, **plan, **body,
            "status": "SCHEDULED", "version": entry["seq"], "created_at": at, "updated_at": at})
        self.alone(window_of(after), at, one)
        self.open[one] = Maintenance(after, notices, at)

    def corrects(self, maintenance, owed):
        """What the report held out of service this holds now, if nobody has put it back."""
        (report,) = [whose for verb, whose, *_ in owed if verb == "correct"] or [None]
        self.pays(owed, ("correct", report))
        if report in self.holds:
            self.holds.remove(report)
            self.holds.add(maintenance)

    def alone(self, window, at, own):
        """Only what is left of a window has to be free."""
        claim = ahead(window, at)
        for *other, whose in self.ledger.claims(at, own) if claim else ():
            ensure(not meet(claim, other), f"{own} is let into the claim of {whose}")

    def maintenance_changed(self, entry, step, at, owed):
        one = self.open.get(entry["after"]["id"])
        ensure(one is not None, f"{entry['after']['id']} is not open")
        ensure(entry["before"] == one.image, "the maintenance was another before")
        ensure(not owed or step in ("cancelled", "due", "updated"), f"nobody owed it: {owed}")
        changes = getattr(self, step)(one, entry, at, owed)
        if changes is None:
            ensure(entry["after"] == entry["before"], "it should be as before")
        else:
            ensure_becomes(entry, changes)
        one.image = entry["after"]
        if one.status in ("COMPLETED", "CANCELLED"):
            self.close(one, at)

    def close(self, one, at):
        self.over[one.id] = self.open.pop(one.id).image
        self.holds.discard(one.id)
        if one.rule is not None:
            rule = self.rules[one.rule]
            rule.over(at, one.stood_for())
            if rule.text is not None:
                self.listed.append(("open", one.rule))

    def started(self, one, entry, at, owed):
        ensure(one.status in WAITING, f"from {one.status}")
        ensure(self.ledger.out() is None, "it is started while the asset is out")
        self.hold(one.id)
        return {"status": "IN_PROGRESS"}

    def completed(self, one, entry, at, owed):
        ensure(one.status in ("DUE", "IN_PROGRESS"), f"from {one.status}")
        return {"status": "COMPLETED"}

    def cancelled(self, one, entry, at, owed):
        if owed:
            self.pays(owed, ("cancel", one.id))
            return {"status": "CANCELLED"}
        reason = self.ledger.asked(entry).body.get("reason", one.image["reason"])
        return {"status": "CANCELLED", "reason": reason}

    def due(self, one, entry, at, owed):
        if owed:
            self.pays(owed, ("fire", one.id))
            self.rules[one.rule].fired_by_use()
            one.fired(at)
            return {"status": "DUE", "due_at": at}
        _, minutes = one.next_notice()  # that it is time for it was judged
        one.told.add(minutes)
        return None if minutes else {"status": "DUE"}

    def updated(self, one, entry, at, owed):
        if owed:
            (keeps,) = [keeps for verb, whose, *keeps in owed
                        if (verb, whose) == ("replan", one.id)] or [[None]]
            self.pays(owed, ("replan", one.id, *keeps))
            rule = self.rules[one.rule]
            due_at = one.due_at if keeps[0] else rule.due_at(at)
            one.replanned(due_at, rule.notices(), at)
            return {"type": rule.text["type"], "due_at": due_at}
        body, window = self.ledger.asked(entry).body, window_of(one.image)
        due_at, wanted = one.due_at, self.window_asked(one, body)
        if body.get("due_at"):
            due_at = millis(body["due_at"])
        ensure(one.status in WAITING, f"from {one.status}")
        ensure(due_at == one.due_at or one.status == "SCHEDULED", "it was due already")
        if (due_at, wanted) == (one.due_at, window):
            return None
        if wanted != window:
            self.alone(wanted, at, one.id)
        one.moved(due_at, wanted, at)
        start, end = wanted or (None, None)
        return {"due_at": due_at, "start": start, "end": end}

    def window_asked(self, one, body):
        """The window that a change of it asks for."""
        had = window_of(one.image)
        if "start" not in body and "end" not in body:
            return had
        if body.get("start", 0) is None or body.get("end", 0) is None:
            return None
        if "start" not in body:
            return had[0], millis(body["end"])
        start = millis(body["start"])
        if "end" in body:
            return start, millis(body["end"])
        rule = self.rules.get(one.rule)
        takes = (rule and rule.text or {}).get("duration_minutes")
        return start, had[1] if takes is None else start + takes * 60_000
