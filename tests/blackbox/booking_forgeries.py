"""Lies about bookings, told in true logs. See `forgeries.py`."""

import copy

from audit import millis
from forging import by_timer, missed, moves_on, twice, where
from ledger import BY_TIME
from workload import moment


def shifted(ms):
    """By so little that it is in order still."""
    def forge(entries, sent):
        for place in by_timer(entries, *BY_TIME):
            entry = entries[place]
            at = millis(entry["at"]) + ms
            neighbours = entries[max(0, place - 1)], entries[min(place + 1, len(entries) - 1)]
            if millis(neighbours[0]["at"]) < at < millis(neighbours[1]["at"]):
                entry["at"] = entry["after"]["updated_at"] = moment(at)
                return entries
        return None
    return forge


def behind_a_command(entries, sent):
    """A transition is recorded after the command that came after it."""
    for place in by_timer(entries, *BY_TIME):
        if place + 1 < len(entries) and entries[place + 1]["idempotency_key"] is not None:
            one, other = entries[place], entries[place + 1]
            if one["after"]["id"] != (other["after"] or {}).get("id") and moves_on(entries, place):
                one["at"] = one["after"]["updated_at"] = other["at"]
                entries[place:place + 2] = [other, one]
                return entries
    return None


def other_fate(entries, sent):
    """An absence that should cost something is called an expiry, or the other way round."""
    for place in where(entries, "booking.no_show", "booking.expired"):
        entry = entries[place]
        if entry["before"]["status"] == "CONFIRMED":
            status, kind = (("EXPIRED", "booking.expired") if entry["type"] == "booking.no_show"
                            else ("NO_SHOW", "booking.no_show"))
            entry["type"], entry["after"]["status"] = kind, status
            return entries
    return None


def charged_more(entries, sent):
    for place in where(entries, "booking.checked_out"):
        after = entries[place]["after"]
        if after["cost_lines"]:
            after["cost_lines"][0]["amount_minor"] += 1
            after["cost_minor"] += 1
            return entries
    return None


def summed_wrongly(entries, sent):
    for place in where(entries, "booking.checked_out", "booking.cost_adjusted"):
        entries[place]["after"]["cost_minor"] += 1
        return entries
    return None


def time_runs_back(entries, sent):
    for place in range(len(entries) - 1, 0, -1):
        if moves_on(entries, place - 1):
            entries[place]["at"] = moment(millis(entries[place - 1]["at"]) - 1)
            return entries
    return None


def another_before(entries, sent):
    for place in where(entries, "booking.rescheduled", "booking.checked_in"):
        entries[place]["before"]["end"] = moment(millis(entries[place]["before"]["end"]) + 1)
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
    "time runs back": (time_runs_back, "earlier than"),
    "another before": (another_before, "another before"),
}
