"""Lies in answers: keys against the log, documents against the log, usage against what was counted.
See `forgeries.py`.

Each attempt is made on copies of what the judge has found true.
"""

import copy
import json

import usage
from judge import Judge
from usage import ALWAYS


def copied(judge):
    double = Judge(judge.sent)
    double.answers, double.entries = dict(judge.answers), dict(judge.entries)
    double.logs, double.newest = judge.logs, judge.newest
    return double


def a_key(judge, *kinds):
    return next((key for key, entry in judge.entries.items() if entry["type"] in kinds), None)


# Keys: each takes the copy and a key, and changes what is known of it.

def lost(judge, key):
    del judge.entries[key]


def answered_otherwise(judge, key):
    status, body = judge.answers[key]
    image = json.loads(body)
    image["version"] += 1
    judge.answers[key] = status, json.dumps(image).encode()


def answered_with_a_refusal(judge, key):
    judge.answers[key] = 409, b'{"code":"LIMIT_REACHED"}'


def never_answered(judge, key):
    del judge.answers[key]


def never_sent(judge, key):
    judge.entries["nobody's"] = judge.entries[key]


KEYS = {
    "a booking lost": (lost, ["booking.created"], "not in the log"),
    "a report lost": (lost, ["condition_report.created"], "not in the log"),
    "a decision lost": (lost, ["condition_report.decided"], "not in the log"),
    "a maintenance lost": (lost, ["maintenance.scheduled"], "not in the log"),
    "a start of work lost": (lost, ["maintenance.started"], "not in the log"),
    "a report answered otherwise": (answered_otherwise, ["condition_report.created"],
                                    "the answer was"),
    "a maintenance answered otherwise": (answered_otherwise, ["maintenance.completed"],
                                         "the answer was"),
    "refused with an effect": (answered_with_a_refusal, ["maintenance.cancelled"], "and 409"),
    "an effect and no answer": (never_answered, ["condition_report.decided"], "has an effect"),
    "an effect of nobody's": (never_sent, ["maintenance.scheduled"], "nobody sent"),
}


def nothing_happened(judge):
    return judge.keys(idle={next(iter(judge.entries))})


# Documents, as they were shown.

def shown_otherwise(judge, image):
    other = "notes" if "notes" in image else "reason"
    return {**image, other: "another"}


def shown_as_before(judge, image):
    """In the version before its newest."""
    older = [entry["after"] for entry in judge.logs[image["asset_id"]]
             if entry["after"].get("id") == image["id"]
             and entry["after"]["version"] < image["version"]]
    return older[-1] if older else None


DOCUMENTS = {
    "a report shown otherwise": (shown_otherwise, "crp", "is not as in the log"),
    "a maintenance shown otherwise": (shown_otherwise, "mnt", "is not as in the log"),
    "an older report shown": (shown_as_before, "crp", "has become older"),
    "an older maintenance shown": (shown_as_before, "mnt", "has become older"),
}


# Usage: each takes the rows and returns them with their sums, or None without occasion.

def a_row_less(rows):
    return rows[1:], usage.summed(rows[1:])


def a_row_twice(rows):
    return rows[:1] + rows, usage.summed(rows[:1] + rows)


def a_minute_more(rows):
    rows[0]["used_minutes"] += 1
    return rows, usage.summed(rows)


def a_minute_more_in_all(rows):
    summary = usage.summed(rows)
    return rows, {**summary, "used_minutes": summary["used_minutes"] + 1}


def a_use_more_in_all(rows):
    summary = usage.summed(rows)
    return rows, {**summary, "bookings": summary["bookings"] + 1}


def at_another_cost(rows):
    rows[0]["cost_minor"] += 1
    return rows, usage.summed(rows)


def missed_and_not_used(rows):
    used = next((row for row in rows if row["outcome"] == "CHECKED_OUT"), None)
    if used is None:
        return None
    used["outcome"] = "NO_SHOW"
    return rows, usage.summed(rows)


def the_first_first(rows):
    return rows[::-1], usage.summed(rows)


USAGE = {
    "usage without a row": (a_row_less, "other rows"),
    "usage with a row twice": (a_row_twice, "two rows"),
    "a minute more was used": (a_minute_more, "it should be another"),
    "a minute more was used in all": (a_minute_more_in_all, "it should be another"),
    "a use more in all": (a_use_more_in_all, "it should be another"),
    "used at another cost": (at_another_cost, "it should be another"),
    "used and called missed": (missed_and_not_used, "it should be another"),
    "the first to end first": (the_first_first, "not the last to end first"),
}


def attempts(judge):
    """(name, what the judge must say, the attempt) of those that there is occasion for."""
    for name, (forge, kinds, words) in KEYS.items():
        key, double = a_key(judge, *kinds), copied(judge)
        if key is not None:
            forge(double, key)
            yield name, words, double.keys
    yield "nothing happened and something did", "it was said", lambda: nothing_happened(judge)
    documents = {identity: image for ledger in judge.ledgers.values()
                 for identity, image in ledger.documents().items() if identity in judge.newest}
    for name, (forge, noun, words) in DOCUMENTS.items():
        forged = (forge(judge, image) for identity, image in documents.items()
                  if identity.startswith(noun) and image["version"] == judge.newest[identity])
        image = next(filter(None, forged), None)
        if image is not None:
            yield name, words, lambda image=image: judge.shown({image["id"]: image})
    ledger = max(judge.ledgers.values(), key=uses)
    rows = sorted(usage.counted(ledger, ALWAYS).values(), key=lambda row: row["ended_at"],
                  reverse=True)
    if len(rows) > 1 and rows[0]["ended_at"] > rows[-1]["ended_at"]:
        usage.judge(rows, usage.summed(rows), ledger)  # the truth passes
        for name, (forge, words) in USAGE.items():
            told = forge(copy.deepcopy(rows))
            if told is not None:
                yield name, words, lambda told=told: usage.judge(*told, ledger)


def uses(ledger):
    """(uses, rows) of an asset."""
    rows = usage.counted(ledger, ALWAYS).values()
    return sum(row["outcome"] == "CHECKED_OUT" for row in rows), len(rows)
