"""Shows that the ledger can say no: true logs of a run, each with one lie in it.

A forgery takes an asset's audit entries (oldest first, a copy) and returns them changed, or None
where the asset's history gives no occasion for it.
"""

import copy

from holdfast import expect, fail
from ledger import BY_TIME, Broken, Ledger, millis
from workload import moment


def where(entries, *kinds):
    """Places of such entries, the last first."""
    return [n for n, entry in reversed(list(enumerate(entries))) if entry["type"] in kinds]


def missed(*kinds):
    def forge(entries):
        for place in where(entries, *kinds):
            # The last entry may be missing because it is not due yet; an earlier one may not.
            if place + 1 < len(entries) and moves_on(entries, place):
                return entries[:place] + entries[place + 1:]
        return None
    return forge


def moves_on(entries, place):
    return millis(entries[place + 1]["at"]) > millis(entries[place]["at"])


def twice(*kinds):
    def forge(entries):
        for place in where(entries, *kinds):
            return entries[:place + 1] + copy.deepcopy(entries[place:])
        return None
    return forge


def shifted(ms):
    """By so little that it is in order still."""
    def forge(entries):
        for place in where(entries, *BY_TIME):
            entry = entries[place]
            at = millis(entry["at"]) + ms
            neighbours = entries[max(0, place - 1)], entries[min(place + 1, len(entries) - 1)]
            if millis(neighbours[0]["at"]) < at < millis(neighbours[1]["at"]):
                entry["at"] = entry["after"]["updated_at"] = moment(at)
                return entries
        return None
    return forge


def behind_a_command(entries):
    """A transition is recorded after the command that came after it."""
    for place in where(entries, *BY_TIME):
        if place + 1 < len(entries) and entries[place + 1]["idempotency_key"] is not None:
            one, other = entries[place], entries[place + 1]
            if one["after"]["id"] != (other["after"] or {}).get("id") and moves_on(entries, place):
                one["at"] = one["after"]["updated_at"] = other["at"]
                entries[place:place + 2] = [other, one]
                return entries
    return None


def other_fate(entries):
    """An absence that should cost something is called an expiry, or the other way round."""
    for place in where(entries, "booking.no_show", "booking.expired"):
        entry = entries[place]
        if entry["before"]["status"] == "CONFIRMED":
            status, kind = (("EXPIRED", "booking.expired") if entry["type"] == "booking.no_show"
                            else ("NO_SHOW", "booking.no_show"))
            entry["type"], entry["after"]["status"] = kind, status
            return entries
    return None


def charged_more(entries):
    for place in where(entries, "booking.checked_out"):
        after = entries[place]["after"]
        if after["cost_lines"]:
            after["cost_lines"][0]["amount_minor"] += 1
            after["cost_minor"] += 1
            return entries
    return None


def summed_wrongly(entries):
    for place in where(entries, "booking.checked_out", "booking.cost_adjusted"):
        entries[place]["after"]["cost_minor"] += 1
        return entries
    return None


def given_twice(entries):
    """A second booking for a window that is held, as a command of its own."""
    for place in where(entries, "booking.created"):
        if entries[place]["after"]["status"] != "CONFIRMED":
            continue  # a wait for approval may be over at once, and then nothing is held
        double = copy.deepcopy(entries[place])
        double["after"]["id"] += "x"
        double["after"]["version"] = double["seq"]
        return entries[:place + 1] + [double] + entries[place + 1:]
    return None


def let_into_a_buffer(entries):
    """The terms had asked for hours between two bookings; refusals, which tell of claims, aside."""
    for entry in entries:
        for image in (entry["before"], entry["after"]):
            terms = image and image.get("booking_terms")
            if terms and "buffer_after_minutes" in terms:
                terms["buffer_after_minutes"] += 3_000
    if not (entries[0]["after"]["booking_terms"] or {}).get("buffer_after_minutes"):
        return None
    created = where(entries, "booking.created")
    return [e for e in entries if "conflicts" not in e["after"]] if len(created) > 30 else None


def used_by_two(entries):
    """A check-in is followed by another's check-in, the check-out between them is gone."""
    for place in where(entries, "booking.checked_out"):
        if any(entry["type"] == "booking.checked_in" for entry in entries[place:]):
            return entries[:place] + entries[place + 1:]
    return None


def time_runs_back(entries):
    for place in range(len(entries) - 1, 0, -1):
        if moves_on(entries, place - 1):
            entries[place]["at"] = moment(millis(entries[place - 1]["at"]) - 1)
            return entries
    return None


def another_before(entries):
    for place in where(entries, "booking.rescheduled", "booking.checked_in"):
        entries[place]["before"]["end"] = moment(millis(entries[place]["before"]["end"]) + 1)
        return entries
    return None


def refused_for_nothing(entries):
    for place in where(entries, "booking.refused"):
        conflicts = entries[place]["after"].get("conflicts")
        if conflicts:
            conflicts[0]["end"] = moment(millis(conflicts[0]["end"]) + 1)
            return entries
    return None


# What is done, and what the ledger must say to it.
FORGERIES = {
    "no overdue": (missed("booking.overdue"), "due"),
    "no no-show": (missed("booking.no_show"), "due"),
    "no expiry": (missed("booking.expired"), "due"),
    "overdue twice": (twice("booking.overdue"), "not due"),
    "no-show twice": (twice("booking.no_show"), "not due"),
    "expired twice": (twice("booking.expired"), "not due"),
    "1 ms too late": (shifted(1), "it was due 1 ms before"),
    "1 ms too early": (shifted(-1), "not due"),
    "recorded after a command": (behind_a_command, "was due before it"),
    "no-show for expiry": (other_fate, "not due"),
    "charged more": (charged_more, "should cost"),
    "summed wrongly": (summed_wrongly, "its cost"),
    "given twice": (given_twice, "is let into the claim"),
    "let into a buffer": (let_into_a_buffer, "is let into the claim"),
    "used by two": (used_by_two, ""),
    "time runs back": (time_runs_back, "earlier than"),
    "another before": (another_before, "another before"),
    "refused for nothing": (refused_for_nothing, "holds"),
}


def all_found(logs, sent):
    """Tries every forgery on the first asset that gives occasion; fails where one passes.

    Returns those tried: a short run may give no occasion for some.
    """
    found = []
    for name, (forge, words) in FORGERIES.items():
        for asset, entries in logs.items():
            forged = forge(copy.deepcopy(entries))
            if forged is None:
                continue
            try:
                Ledger(sent).play(forged)
            except Broken as broken:
                expect(words in str(broken), f"{name} in the log of {asset} looks like: {broken}")
                found.append(name)
                break
            fail(f"nobody noticed a forged log of {asset}: {name}")
    return found
