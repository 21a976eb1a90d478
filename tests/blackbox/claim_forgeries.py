"""Lies about what keeps others away: who is let in, and what refusals name. See `forgeries.py`."""

import copy

from audit import MINUTE, meet, millis
from forging import where
from maintenance import WAITING


def newest(entries, noun):
    """The last document of each booking or maintenance."""
    return {entry["after"]["id"]: entry["after"] for entry in entries
            if entry["type"].startswith(noun) and not entry["type"].endswith(".refused")}


def given_twice(entries, sent):
    """A second booking for a window that is held, as a command of its own."""
    for place in where(entries, "booking.created"):
        if entries[place]["after"]["status"] != "CONFIRMED":
            continue  # a wait for approval may be over at once, and then nothing is held
        double = copy.deepcopy(entries[place])
        double["after"]["id"] += "x"
        double["after"]["version"] = double["seq"]
        return entries[:place + 1] + [double] + entries[place + 1:]
    return None


def let_in(is_in_the_way):
    """A booking that was refused is made after all, where only such claims were in its way."""
    def forge(entries, sent):
        for place in where(entries, "booking.refused"):
            entry, before = entries[place], entries[:place]
            asked, conflicts = sent[entry["idempotency_key"]], entry["after"].get("conflicts")
            if not conflicts or not asked.path.endswith("/bookings"):
                continue
            at, model = millis(entry["at"]), a_free_booking(before)
            window = {name: asked.body[name] for name in ("start", "end")}
            if model and all(is_in_the_way(one, at, window, before) for one in conflicts):
                entry |= {"type": "booking.created", "before": None,
                          "after": model | window | {"id": model["id"] + "x"}}
                return entries
        return None
    return forge


def a_free_booking(entries):
    """One under the newest terms that waits for nobody and costs nothing."""
    terms = newest(entries, "asset.").popitem()[1]["terms_version"]
    return next((entry["after"] for entry in entries if entry["type"] == "booking.created"
                 and entry["after"]["status"] == "CONFIRMED"
                 and entry["after"]["terms_version"] == terms
                 and entry["after"]["estimated_cost_minor"] == 0), None)


def is_past(conflict, at, window, before):
    """The use is over and so is its buffer; only a buffer of the other reaches back to it."""
    return conflict["kind"] == "BOOKING" and millis(conflict["end"]) < at  # a late use ends now


def is_maintenance(conflict, at, window, before):
    return conflict["kind"] == "MAINTENANCE"


def is_buffer(conflict, at, window, before):
    """The two windows lie apart, and still the claims meet."""
    held = newest(before, "booking.").get(conflict["id"])
    return (held is not None and held["status"] in ("CONFIRMED", "PENDING_APPROVAL")
            and not meet(*((millis(one["start"]), millis(one["end"])) for one in (held, window))))


def refused_by_the_past(entries, sent):
    """A claim that is over, and was named rightly before, is named where nothing reaches back."""
    over = None
    for entry in entries:
        at, conflicts = millis(entry["at"]), entry["after"].get("conflicts", [])
        if over and conflicts and over["id"] not in [one["id"] for one in conflicts]:
            conflicts.append(over)
            return entries
        over = next((one for one in conflicts if is_past(one, at, None, None)), over)
    return None


def in_the_way_and_not_named(entries, sent):
    for entry in entries:
        if len(entry["after"].get("conflicts", [])) in range(2, 10):
            entry["after"]["conflicts"].pop()
            return entries
    return None


def refused_for_nothing(entries, sent):
    for place in where(entries, "booking.refused", "maintenance.refused"):
        conflicts = entries[place]["after"].get("conflicts")
        if conflicts:
            conflicts[0]["end"] = conflicts[0]["start"]
            return entries
    return None


def used_by_two(entries, sent):
    """While one has the asset another checks in."""
    terms = {entry["after"]["terms_version"]: entry["after"]["booking_terms"] or {}
             for entry in entries if entry["type"] in ("asset.created", "asset.updated")}
    for place in where(entries, "booking.checked_in"):
        entry = entries[place]
        at = millis(entry["at"])
        for image in newest(entries[:place], "booking.").values():
            early = "check_in" not in terms[image["terms_version"]]
            soon = millis(image["start"]) - 14 * MINUTE < at < millis(image["end"])
            if image["status"] == "CONFIRMED" and soon and early and image["id"] != entry["after"]["id"]:
                after = {**image, "status": "CHECKED_IN", "actual_start": entry["at"],
                         "version": entry["seq"], "updated_at": entry["at"]}
                other = {**entry, "before": image, "after": after}
                return entries[:place + 1] + [other] + entries[place + 1:]
    return None


def started_while_out(entries, sent):
    for place in where(entries, "booking.checked_in"):
        for image in newest(entries[:place], "maintenance.").values():
            if image["status"] in WAITING:
                taken = entries[place]
                after = {**image, "status": "IN_PROGRESS", "version": taken["seq"],
                         "updated_at": taken["at"]}
                start = {**taken, "type": "maintenance.started", "before": image, "after": after}
                return entries[:place + 1] + [start] + entries[place + 1:]
    return None


# What is done, and what the ledger must say to it.
FORGERIES = {
    "given twice": (given_twice, "is let into the claim"),
    "let into a buffer": (let_in(is_buffer), "is let into the claim"),
    "let into maintenance": (let_in(is_maintenance), "is let into the claim"),
    "let into the past": (let_in(is_past), "is let into the claim"),
    "refused by the past": (refused_by_the_past, "does not meet"),
    "refused for nothing": (refused_for_nothing, "holds"),
    "in the way and not named": (in_the_way_and_not_named, "in the way of"),
    "used by two": (used_by_two, "it cannot be had"),
    "started while out": (started_while_out, "while the asset is out"),
}
