"""How true logs are changed into false ones: what the forgeries share.

A forgery takes an asset's audit entries (oldest first, a copy) and what was asked by key, and
returns the entries changed, or None where the asset's history gives no occasion for it.
"""

import copy

from audit import TIMER, millis


def where(entries, *kinds):
    """Places of such entries, the last first."""
    return [n for n, entry in reversed(list(enumerate(entries))) if entry["type"] in kinds]


def by_timer(entries, *kinds):
    return [n for n in where(entries, *kinds) if entries[n]["actor"]["sub"] == TIMER]


def is_entailed(entry):
    return entry["idempotency_key"] is None and entry["actor"]["sub"] != TIMER


def entailed(entries, *kinds):
    """Places of what another entry has made due; the last of those that follow one cause."""
    return [n for n in where(entries, *kinds) if is_entailed(entries[n])
            and not (n + 1 < len(entries) and is_entailed(entries[n + 1]))]


def entailed_until(entries, place):
    """The place behind an entry and all that it has entailed."""
    place += 1
    while place < len(entries) and is_entailed(entries[place]):
        place += 1
    return place


def moves_on(entries, place):
    return millis(entries[place + 1]["at"]) > millis(entries[place]["at"])


def missed(*kinds):
    """What was due by itself has not happened."""
    def forge(entries, sent):
        for place in by_timer(entries, *kinds):
            # The last entry may be missing because it is not due yet; an earlier one may not.
            if place + 1 < len(entries) and moves_on(entries, place):
                return entries[:place] + entries[place + 1:]
        return None
    return forge


def twice(*kinds):
    def forge(entries, sent):
        for place in by_timer(entries, *kinds):
            return entries[:place + 1] + copy.deepcopy(entries[place:])
        return None
    return forge
