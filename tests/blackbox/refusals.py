"""What a refusal says of an asset was so at that moment, by docs/api.md. Part of `ledger.py`."""

from audit import ensure, meet, millis
from maintenance import ahead

CONFLICTS_MAX = 10


def judge(ledger, entry, at):
    why, asked = entry["after"], ledger.asked(entry)
    if why["code"] == "BOOKING_OVERLAP":
        overlaps(ledger, why, asked, at)
    if why["code"] == "INVALID_TRANSITION":
        known = ledger.documents()[asked.names]
        ensure(known["status"] == why["current_status"], f"{asked.names} was {known['status']}")
    if why["code"] == "ASSET_IN_USE":
        early = asked.names in ledger.live and ledger.before_its_claim(
            ledger.live[asked.names], at)
        ensure(ledger.out() or early, "nobody has it and nobody comes before")
    if why["code"] == "ALREADY_SUPERSEDED":
        ensure(asked.body["supersedes"] in ledger.upkeep.superseded, "nothing has superseded it")


def overlaps(ledger, why, asked, at):
    """The claims that are named are all that meet what was asked for, or as many as are named.

    Claims that are over are among them where, and only where, a buffer reaches back to them.
    """
    wanted = claim_asked(ledger, asked, at)
    claims = {whose: claim for *claim, whose in ledger.claims(at, asked.names)}
    in_the_way = {whose for whose, claim in claims.items() if meet(wanted, claim)}
    named = [conflict["id"] for conflict in why["conflicts"]]
    for conflict in why["conflicts"]:
        whose, told = conflict["id"], [millis(conflict["start"]), millis(conflict["end"])]
        ensure(claims.get(whose) == told, f"{conflict} holds {claims.get(whose)}")
        ensure(whose in in_the_way, f"{conflict} does not meet {wanted}")
        kind = "MAINTENANCE" if whose in ledger.upkeep.open else "BOOKING"
        ensure(conflict["kind"] == kind, f"{conflict} is a {kind}")
    ensure(named and len(set(named)) == len(named) == min(len(in_the_way), CONFLICTS_MAX),
           f"in the way of {wanted} are {in_the_way}, named are {named}")


def claim_asked(ledger, asked, at):
    """What the request would have kept from others and did not yet."""
    body, noun = asked.body, asked.path.split("/")
    if "maintenance" in noun:
        one = ledger.upkeep.open.get(asked.names)
        window = (ledger.upkeep.window_asked(one, body) if one
                  else (millis(body["start"]), millis(body["end"])))
        return ahead(window, at)
    known = ledger.live.get(asked.names)
    terms = ledger.terms[ledger.asset["terms_version"]]
    if known is None:
        return ledger.adds(terms, millis(body["start"]), millis(body["end"]), None)
    # Moved it comes under the current terms; approved or in use it stays under its own.
    start = millis(body["start"]) if "start" in body else known.start
    end = millis(body["end"]) if "end" in body else known.end
    if known.status != "CONFIRMED":
        terms = known.terms
    return ledger.adds(terms, start, end, known)
