"""What everybody needs who reads an audit log: moments as numbers, documents side by side, and a way
to say that something cannot be true."""

from datetime import datetime, timedelta, timezone

MINUTE = 60_000
TIMER = "system:timer"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MOMENTS = {"actual_end", "actual_start", "created_at", "decided_at", "due_at", "end", "ended_at",
           "start", "updated_at"}


class Broken(Exception):
    """The log tells of something that cannot have happened."""


class NotYet(Broken):
    """Something is due and has not happened."""


def ensure(condition, message):
    if not condition:
        raise Broken(message)


def millis(moment):
    return (datetime.fromisoformat(moment.replace("Z", "+00:00")) - EPOCH) // timedelta(
        milliseconds=1)


def in_millis(document):
    """One moment can be written in several ways, so documents are compared by numbers."""
    return {name: millis(value) if name in MOMENTS and isinstance(value, str) else value
            for name, value in document.items()}


def ensure_is(told, expected):
    told, expected = in_millis(told), in_millis(expected)
    other = {name: (told.get(name), expected.get(name)) for name in told.keys() | expected.keys()
             if told.get(name) != expected.get(name)}
    ensure(not other, f"it should be another (told, expected): {other}")


def ensure_becomes(entry, changes):
    """The document is as before but for these members, its version and its time."""
    ensure_is(entry["after"], {**entry["before"], **changes, "version": entry["seq"],
                               "updated_at": entry["at"]})


def meet(one, other):
    """Two windows, half-open, have some time in common."""
    return one[0] < other[1] and other[0] < one[1]
