"""Shows that the judge can say no: what a run really showed, each with one lie in it.

A forgery takes the batches, the pools and a reading (copies) and changes them, or returns False where
the run gives no occasion for it.
"""

import copy

from holdfast import expect, fail
from registry_judge import BATCH, Broken, Pool, code, judge, whole, written


def standing(batches, kind, state="kept"):
    return next((b for b in batches.values() if (b.kind, b.state) == (kind, state)), None)


def forget(reading, names):
    for name in names:
        reading.assets.pop(name, None)
    gone = set(names)
    reading.names = [name for name in reading.names if name not in gone]


def tell(reading, assets):
    reading.assets.update(assets)
    reading.names = sorted(reading.assets)


def one_asset_lost(batches, _, reading):
    forget(reading, list(written(standing(batches, "assets")))[500:501])


def a_batch_lost(batches, _, reading):
    forget(reading, list(written(standing(batches, "assets"))))


def the_end_of_a_batch_lost(batches, _, reading):
    forget(reading, list(written(standing(batches, "assets")))[BATCH // 2:])


def half_of_an_unanswered_batch(batches, _, reading):
    batch = standing(batches, "assets", "gone")
    if batch is None:
        return False
    batches[batch.number] = batch._replace(state="sent")
    tell(reading, dict(list(written(batch).items())[:BATCH // 2]))


def half_of_a_removal(batches, _, reading):
    batch = standing(batches, "assets")
    batches[batch.number] = batch._replace(state="deleting")
    forget(reading, list(written(batch))[::2])


def a_removed_batch_back(batches, _, reading):
    batch = standing(batches, "assets", "gone")
    if batch is None:
        return False
    tell(reading, written(batch))


def another_value(batches, _, reading):
    first = next(iter(written(standing(batches, "assets"))))
    reading.assets[first] = (("load", 999_999, 0),)


def no_value(batches, _, reading):
    reading.assets[next(iter(written(standing(batches, "assets"))))] = ()


def an_asset_invented(_, __, reading):
    tell(reading, {("New", code(999_999, 0)): (("load", 999_999, 0),)})


def two_assets_swapped(_, __, reading):
    reading.names[0], reading.names[1] = reading.names[1], reading.names[0]


def an_asset_listed_twice(_, __, reading):
    reading.names.insert(0, reading.names[0])


def change_pool(reading, number, places):
    for place in places:
        name = ("Pool", code(0, place))
        kept = [mark for mark in reading.assets[name] if mark[0] != "client-0"]
        reading.assets[name] = tuple(sorted([*kept, ("client-0", number, place)]))


def the_pool_mixed(_, pools, reading):
    change_pool(reading, pools[0].kept - 1, range(1))


def the_pool_of_before(_, pools, reading):
    change_pool(reading, pools[0].kept - 1, range(BATCH))


def the_pool_of_later(_, pools, reading):
    """A batch that was sent and is then said not to have been."""
    change_pool(reading, pools[0].kept + 1, range(BATCH))


def half_of_the_pool_in_flight(_, pools, reading):
    pools[0] = Pool(pools[0].kept, pools[0].kept + 1)
    change_pool(reading, pools[0].sent, range(BATCH // 2))


def listed_root(batches, reading):
    return next((number for number, listed in reading.roots.items()
                 if listed and batches[number].state == "kept"), None)


def an_association_lost(batches, _, reading):
    number = listed_root(batches, reading)
    if number is None:
        return False
    del reading.roots[number][7]


def an_association_changed(batches, _, reading):
    number = listed_root(batches, reading)
    if number is None:
        return False
    end, _ = reading.roots[number][7]
    reading.roots[number][7] = (end, ())


def the_associations_lost(batches, _, reading):
    number = listed_root(batches, reading)
    if number is None:
        return False
    reading.roots[number] = []


def a_far_end_lost(batches, _, reading):
    batch = standing(batches, "links")
    if batch is None:
        return False
    forget(reading, list(written(batch))[-1:])


def seen_from_one_end(_, __, reading):
    if not reading.leading:
        return False
    reading.leading.pop()


# What is done, and what the judge must say to it.
FORGERIES = {
    "one asset lost": (one_asset_lost, "999 of 1000"),
    "a batch lost": (a_batch_lost, "is lost"),
    "the end of a batch lost": (the_end_of_a_batch_lost, "500 of 1000"),
    "half of an unanswered batch": (half_of_an_unanswered_batch, "500 of 1000"),
    "half of a removal": (half_of_a_removal, "500 of 1000"),
    "a removed batch back": (a_removed_batch_back, "is back"),
    "another value": (another_value, "hold"),
    "no value": (no_value, "hold"),
    "an asset invented": (an_asset_invented, "nobody wrote"),
    "two assets swapped": (two_assets_swapped, "order"),
    "an asset listed twice": (an_asset_listed_twice, "twice"),
    "the pool mixed": (the_pool_mixed, "mixes"),
    "the pool of before": (the_pool_of_before, "and not"),
    "the pool of later": (the_pool_of_later, "and not"),
    "half of the pool in flight": (half_of_the_pool_in_flight, "mixes"),
    "an association lost": (an_association_lost, "not as sent"),
    "an association changed": (an_association_changed, "not as sent"),
    "the associations lost": (the_associations_lost, "not as sent"),
    "a far end lost": (a_far_end_lost, "200 of 201"),
    "seen from one end": (seen_from_one_end, "what leads to the pool"),
}


def all_found(batches, pools, reading):
    """Tries every forgery; fails where one passes. Returns those tried."""
    judge(batches, pools, reading)
    found = []
    for name, (forge, words) in FORGERIES.items():
        # Deep only where a forgery reaches: the marks are never changed in place.
        forged = dict(batches), dict(pools), copy.copy(reading)
        forged[2].names, forged[2].assets = list(reading.names), dict(reading.assets)
        forged[2].roots = {n: listed and list(listed) for n, listed in reading.roots.items()}
        forged[2].leading = list(reading.leading)
        if forge(*forged) is False:
            continue
        try:
            judge(*forged)
        except Broken as broken:
            expect(words in str(broken), f"{name} looks like: {broken}")
            found.append(name)
            continue
        fail(f"nobody noticed a forged reading: {name}")
    return found


def torn_list_found(documents):
    """A list with a batch in part, as a reader might get it while it is being written."""
    torn = [document for document in documents if document["Type"] == "New"][1:]
    try:
        whole(torn + [document for document in documents if document["Type"] == "Pool"])
    except Broken:
        return
    fail("nobody noticed a torn list")
