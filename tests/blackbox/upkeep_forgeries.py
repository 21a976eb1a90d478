"""Lies about reports and maintenance, and about what they entail. See `forgeries.py`."""

import copy

from audit import millis
from forging import (by_timer, entailed, entailed_until, is_entailed, missed, moves_on, twice,
                     where)
from workload import moment

ENTAILED = ("asset.updated", "booking.cost_adjusted", "maintenance.scheduled",
            "maintenance.updated", "maintenance.cancelled", "maintenance.due")


def not_done(kind, is_one=lambda after: True):
    """What an entry has made due on another resource is missing."""
    def forge(entries, sent):
        for place in entailed(entries, kind):
            if is_one(entries[place]["after"]):
                return entries[:place] + entries[place + 1:]
        return None
    return forge


def bills(line):
    return lambda after: after["cost_lines"][-1]["type"] == line


def cut_off(entries, sent):
    """The log ends between an entry and what it entails, as a crash might have it."""
    for place in where(entries, *ENTAILED):
        if is_entailed(entries[place]):
            return entries[:place]
    return None


def done_twice(entries, sent):
    for place in entailed(entries, *ENTAILED):
        return entries[:place + 1] + copy.deepcopy(entries[place:])
    return None


def in_another_name(entries, sent):
    for place in entailed(entries, *ENTAILED):
        entries[place]["actor"]["sub"] = "somebody"
        return entries
    return None


def a_moment_later(entries, sent):
    for place in entailed(entries, *ENTAILED):
        if place + 1 < len(entries) and moves_on(entries, place):
            entries[place]["at"] = moment(millis(entries[place]["at"]) + 1)
            return entries
    return None


def behind_a_command(entries, sent):
    """A command comes between an entry and what it entails."""
    for place in entailed(entries, *ENTAILED):
        if place + 1 < len(entries) and entries[place + 1]["idempotency_key"] is not None:
            entries[place:place + 2] = reversed(entries[place:place + 2])
            return entries
    return None


def altered(kinds, change, places=where):
    """`change` alters the new document and says whether there was occasion."""
    def forge(entries, sent):
        for place in places(entries, *kinds):
            if change(entries[place]["after"]):
                return entries
        return None
    return forge


def later(after):
    """The next occurrence of a rule, a millisecond later than its calendar says."""
    if after["rule_id"] is None or after["due_at"] is None:
        return False
    after["due_at"] = moment(millis(after["due_at"]) + 1)
    return True


def numbered(after):
    after["occurrence"] += 1
    return after["rule_id"] is not None


def of_another_type(after):
    after["type"] = "SAFETY" if after["type"] != "SAFETY" else "INSPECTION"
    return True


def noted(after):
    after["notes"] = "as new"
    return True


def waved_through(after):
    waits = after["status"] == "PENDING_APPROVAL"
    after["status"] = "APPROVED"
    return waits


def damage_forgotten(after):
    """At the return, of a charge that was approved while the asset was out."""
    lines = [line for line in after["cost_lines"] if line["type"] != "DAMAGE"]
    forgotten = len(lines) < len(after["cost_lines"])
    after["cost_lines"] = lines
    after["cost_minor"] = sum(line["amount_minor"] for line in lines)
    return forgotten


def decided_by_its_author(entries, sent):
    for place in where(entries, "condition_report.decided"):
        entry = entries[place]
        entry["actor"]["sub"] = entry["after"]["decided_by"] = entry["after"]["created_by"]
        return entries
    return None


def again(kind, is_one=lambda after: True, renamed=False):
    """A command has its effect a second time, behind all that the first has entailed."""
    def forge(entries, sent):
        for place in where(entries, kind):
            behind = entailed_until(entries, place)
            # Where something was due at that very moment, it would be missed first.
            alone = behind < len(entries) and moves_on(entries, behind - 1)
            if not is_entailed(entries[place]) and alone and is_one(entries[place]["after"]):
                double = copy.deepcopy(entries[place])
                double["at"] = entries[behind - 1]["at"]
                double["after"]["id"] += "x" if renamed else ""
                return entries[:behind] + [double] + entries[behind:]
        return None
    return forge


# What is done, and what the ledger must say to it.
FORGERIES = {
    "not taken out of service": (
        not_done("asset.updated", lambda after: after["status"] == "MAINTENANCE"), "owe"),
    "not put back": (
        not_done("asset.updated", lambda after: after["status"] != "MAINTENANCE"), "owe"),
    "damage not billed": (not_done("booking.cost_adjusted", bills("DAMAGE")), "owe"),
    "damage not taken back": (not_done("booking.cost_adjusted", bills("ADJUSTMENT")), "owe"),
    "no next occurrence": (
        not_done("maintenance.scheduled", lambda after: after["rule_id"] is not None), "owe"),
    "damage not repaired": (
        not_done("maintenance.scheduled", lambda after: after["rule_id"] is None), "owe"),
    "use not counted": (not_done("maintenance.due"), "owe"),
    "outlives its rule": (not_done("maintenance.cancelled"), "owe"),
    "not planned anew": (not_done("maintenance.updated"), "owe"),
    "cut off": (cut_off, "owes"),
    "entailed twice": (done_twice, "nobody"),
    "entailed in another name": (in_another_name, "comes before what is owed"),
    "entailed later": (a_moment_later, "comes before what is owed"),
    "entailed behind a command": (behind_a_command, "comes before what is owed"),
    "due by another calendar": (
        altered(["maintenance.scheduled"], later, entailed), "it should be another"),
    "numbered wrongly": (
        altered(["maintenance.scheduled"], numbered, entailed), "it should be another"),
    "of another type": (
        altered(["maintenance.completed", "maintenance.started"], of_another_type),
        "it should be another"),
    "no notice": (missed("maintenance.due"), "due"),
    "notice twice": (twice("maintenance.due"), "not due"),
    "due and another type": (
        altered(["maintenance.due"], of_another_type, by_timer), "it should be"),
    "another report": (altered(["condition_report.created"], noted), "it should be another"),
    "nobody looked at it": (
        altered(["condition_report.created"], waved_through), "it should be another"),
    "damage forgotten": (
        altered(["booking.checked_out", "booking.no_show", "booking.expired",
                 "booking.cancelled"], damage_forgotten), "should cost"),
    "decided by its author": (decided_by_its_author, "its author decides"),
    "decided twice": (again("condition_report.decided"), "waits for nobody"),
    "superseded twice": (
        again("condition_report.created", lambda after: after["supersedes"], renamed=True),
        "is superseded twice"),
    "completed twice": (again("maintenance.completed"), "is not open"),
    "two in one window": (
        again("maintenance.scheduled", lambda after: after["start"] is not None
              and min(millis(after["start"]), millis(after["due_at"]))
              > millis(after["created_at"]), renamed=True),
        "is let into the claim"),
}
