"""What a receiver wrote down, held against the audit logs by somebody who trusts nobody.

At least once, in order per asset, the same bytes under the same id at each try, and nothing that is
not in a log: the rules of docs/api.md, with no code in common with the server. `Wrong` is raised at the
first delivery that cannot be true. `all_found` shows that the judge can say no.
"""

import base64
import copy
import hashlib
import hmac
import json

from holdfast import canonical, expect, fail


class Wrong(Exception):
    """The receiver was told what it should not have been, or was not told."""


def ensure(condition, message):
    if not condition:
        raise Wrong(message)


def told(logs):
    """(asset, seq) -> entry, of everything that the world is told."""
    return {(asset, entry["seq"]): entry for asset, entries in logs.items() for entry in entries
            if not entry["type"].endswith(".refused") and entry["before"] != entry["after"]}


def place(event):
    """Which entry of which log it claims to be of."""
    (resource,) = event["data"].values()
    return resource.get("asset_id", resource["id"]), event["asset_seq"]


def sign(secret, delivery):
    """As Standard Webhooks has it."""
    headers = delivery["headers"]
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + delivery["body"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()


def arrived(delivery):
    return delivery["answered"] is not None and 200 <= delivery["answered"] < 300


def judge(deliveries, logs, secret, due=None):
    """Of one endpoint, in the order of arrival. `due`: logs of which everything must have arrived."""
    entries, bodies, ids, last, delivered = told(logs), {}, {}, {}, set()
    for delivery in deliveries:
        name, body = delivery["headers"]["webhook-id"], delivery["body"]
        ensure(sign(secret, delivery) in delivery["headers"]["webhook-signature"].split(),
               f"{name}: its signature")
        event = json.loads(body)
        where = place(event)
        ensure(where in entries, f"{name}: invented, no log has {where}")
        ensure(bodies.setdefault(name, body) == body, f"{name}: another body than at an earlier try")
        first = where not in ids
        ensure(ids.setdefault(where, name) == name, f"{name}: {where} was told as {ids[where]}")
        if first:
            compare(event, entries[where], name)
            asset, seq = where
            ensure(seq > last.get(asset, 0), f"{name}: out of order, {seq} after {last.get(asset)}")
            last[asset] = seq
        if arrived(delivery):
            delivered.add(where)
    lost = sorted(told(due if due is not None else logs).keys() - delivered)
    ensure(not lost, f"{len(lost)} lost: {lost[:3]}")
    return len(deliveries) - len(ids)


def compare(event, entry, name):
    noun = entry["type"].split(".")[0]
    true = {"id": name, "type": entry["type"], "created_at": entry["at"],
            "request_id": entry["request_id"], "asset_seq": entry["seq"],
            "data": {noun: entry["after"]}}
    ensure(event.keys() == true.keys(), f"{name}: members {sorted(event)}")
    differs = [member for member in true if canonical(event[member]) != canonical(true[member])]
    ensure(not differs, f"{name}: the log has other {differs}")


# Forgeries: true deliveries with one lie in them, signed like the rest.

def altered(delivery, change, secret):
    forged = copy.deepcopy(delivery)
    event = json.loads(forged["body"])
    change(event)
    forged["body"] = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    forged["headers"]["webhook-id"] = event["id"]
    forged["headers"]["webhook-signature"] = sign(secret, forged)
    return forged


def longest(deliveries):
    """Places of the deliveries of the asset that was told of most."""
    places = {}
    for number, delivery in enumerate(deliveries):
        places.setdefault(place(json.loads(delivery["body"]))[0], []).append(number)
    return max(places.values(), key=len)


def middle(deliveries):
    them = longest(deliveries)
    return them[len(them) // 2]


def lost(deliveries, _):
    name = deliveries[middle(deliveries)]["headers"]["webhook-id"]
    return [it for it in deliveries if it["headers"]["webhook-id"] != name]


def refused(deliveries, _):
    """It came, but was never taken."""
    name = deliveries[middle(deliveries)]["headers"]["webhook-id"]
    return [dict(it, answered=503) if it["headers"]["webhook-id"] == name else it
            for it in deliveries]


def swapped(deliveries, _):
    """The last of an asset before its first."""
    first, *_, last = longest(deliveries)
    return deliveries[:first] + [deliveries[last]] + deliveries[first:]


def replaced(change):
    def forge(deliveries, secret):
        name = deliveries[middle(deliveries)]["headers"]["webhook-id"]
        return [altered(it, change, secret) if it["headers"]["webhook-id"] == name else it
                for it in deliveries]
    return forge


def added(change):
    def forge(deliveries, secret):
        return [*deliveries, altered(deliveries[middle(deliveries)], change, secret)]
    return forge


def unsigned(deliveries, secret):
    forged = copy.deepcopy(deliveries[middle(deliveries)])
    forged["body"] += b" "
    return [*deliveries, forged]


def ages(event):
    (resource,) = event["data"].values()
    resource["version"] += 1


def another_seq(event):
    event["asset_seq"] += 1_000_000
    event["id"] += "x"


# What is done, and what the judge must say to it.
FORGERIES = {
    "an event is lost": (lost, "lost"),
    "an event was never taken": (refused, "lost"),
    "two are swapped": (swapped, "out of order"),
    "a body is altered": (replaced(ages), "the log has other ['data']"),
    "a type is altered": (replaced(lambda event: event.update(type="booking.made")), "['type']"),
    "an event is invented": (added(another_seq), "invented"),
    "a second try differs": (added(ages), "another body"),
    "a second try has a new id": (added(lambda event: event.update(id=event["id"] + "x")),
                                  "was told as"),
    "a signature is of another body": (unsigned, "its signature"),
}


def all_found(deliveries, logs, secret, due):
    """Tries every forgery; fails where one passes."""
    for name, (forge, words) in FORGERIES.items():
        try:
            judge(forge(deliveries, secret), logs, secret, due)
        except Wrong as wrong:
            expect(words in str(wrong), f"{name} looks like: {wrong}")
            continue
        fail(f"nobody noticed forged deliveries: {name}")
    return list(FORGERIES)
