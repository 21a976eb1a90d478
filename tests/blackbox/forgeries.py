"""Shows that the judge can say no: what a run has found true, each time with one lie in it.

Logs are forged for the ledger, answers for what compares them with logs.
"""

import copy

import answer_forgeries
import booking_forgeries
import claim_forgeries
import upkeep_forgeries
from audit import Broken
from holdfast import expect, fail
from ledger import Ledger

LOGS = (booking_forgeries.FORGERIES | claim_forgeries.FORGERIES
        | upkeep_forgeries.FORGERIES)
ANSWERS = answer_forgeries.KEYS | answer_forgeries.DOCUMENTS | answer_forgeries.USAGE


def all_found(judge):
    """Tries every forgery where there is occasion for it; fails where one passes.

    Returns those tried: a short run may give no occasion for some.
    """
    found = []
    for name, (forge, words) in LOGS.items():
        for asset, entries in judge.logs.items():
            forged = forge(copy.deepcopy(entries), judge.sent)
            if forged is not None:
                is_found(name, words, lambda forged=forged: Ledger(judge.sent).play(forged), asset)
                found.append(name)
                break
    for name, words, attempt in answer_forgeries.attempts(judge):
        is_found(name, words, attempt)
        found.append(name)
    return found


def is_found(name, words, attempt, asset=""):
    try:
        attempt()
    except Broken as broken:
        expect(words in str(broken), f"{name} of {asset} looks like: {broken}")
        return
    fail(f"nobody noticed what is forged: {name} {asset}")


def without_occasion(found):
    return sorted((LOGS | ANSWERS).keys() - set(found))
