"""What an asset's usage must be, counted anew from its log. Part of the judge of kill9.py.

The ledger tells which bookings are over and since when; nothing is taken from the server's sums.
"""

from audit import MINUTE, ensure, ensure_is, in_millis

OUTCOMES = {"CHECKED_OUT", "NO_SHOW", "CANCELLED"}
ALWAYS = (0, 1 << 62)


def clipped(start, end, within):
    """Begun minutes of a window that lie within."""
    start, end = max(start, within[0]), min(end, within[1])
    return -(-max(0, end - start) // MINUTE)


def row(image, ended, within):
    image = in_millis(image)
    came, left = image["actual_start"], image["actual_end"]
    used = left is not None
    same = ("user_id", "start", "end", "actual_start", "actual_end", "cost_minor", "currency")
    return {name: image[name] for name in same} | {
        "booking_id": image["id"], "outcome": image["status"], "ended_at": ended,
        "booked_minutes": clipped(image["start"], image["end"], within),
        "used_minutes": clipped(came, left, within) if used else 0,
        "late_minutes": clipped(image["end"], left, within) if used else 0}


def counted(ledger, within):
    """The rows by booking."""
    return {identity: row(image, ledger.ended[identity], within)
            for identity, image in ledger.over.items()
            if image["status"] in OUTCOMES and within[0] <= ledger.ended[identity] < within[1]
            and (image["status"] != "CANCELLED" or image["cost_minor"] > 0)}


def summed(rows, within=None):
    """`within`: where both bounds were given. Assets here have no opening hours: never closed."""
    costs = {}
    for one in rows:
        costs[one["currency"]] = costs.get(one["currency"], 0) + one["cost_minor"]
    minutes = {name: sum(one[name] for one in rows)
               for name in ("booked_minutes", "used_minutes", "late_minutes")}
    share = within and minutes["used_minutes"] * MINUTE * 10_000 // (within[1] - within[0])
    return minutes | {
        "bookings": len(rows), "no_shows": sum(one["outcome"] == "NO_SHOW" for one in rows),
        "utilisation_bp": share, "by_currency": [
            {"currency": name, "cost_minor": costs[name]} for name in sorted(costs)]}


def judge(rows, summary, ledger, within=None):
    """What was read against what the log comes to; `within` as asked, None without bounds."""
    expected = counted(ledger, within or ALWAYS)
    told = {one["booking_id"]: one for one in rows}
    ensure(len(told) == len(rows), "usage: a booking has two rows")
    ensure(told.keys() == expected.keys(),
           f"usage: other rows: {sorted(told.keys() ^ expected.keys())[:5]}")
    for identity, one in told.items():
        ensure_is(one, expected[identity])
    ended = [in_millis(one)["ended_at"] for one in rows]
    ensure(ended == sorted(ended, reverse=True), "usage: not the last to end first")
    ensure_is(summary, summed(expected.values(), within))


def adds_up(page):
    """A page by itself, as it is read under load: if it is the only one it is what it sums up."""
    if not page["has_more"] and page["prev_cursor"] is None:
        ensure_is(page["summary"], summed(page["items"]))
