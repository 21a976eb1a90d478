"""What a registry must show after a crash, from what was sent and what was answered.

Every batch marks what it writes with its own number. So each one can be found in what is read, and
missing, partial, mixed and invented ones as well. Nothing here talks to a server.
"""

from collections import namedtuple

BATCH = 1_000           # assets
LINKS = 400             # associations of one root: half to assets of its own, half to the pool
APP = "load"

# What was sent: its number, "assets" or "links", and where it stands:
#   sent      no answer: all of it is there, or nothing
#   kept      acknowledged, or seen whole
#   deleting  kept before, and its removal has no answer: as sent
#   gone      removal acknowledged, or seen not to be there
Batch = namedtuple("Batch", "number kind client state")

# One client's writes to the pool: the newest acknowledged, and the one after it without an answer.
Pool = namedtuple("Pool", "kept sent")


class Broken(Exception):
    """The promise is."""


class Reading:
    """What was read: everything listed, in its order, and what leads from and to some assets."""

    def __init__(self, documents):
        self.names = [name(document) for document in documents]
        self.assets = {name(document): marks(document) for document in documents}
        self.roots = {}      # number -> [(name, marks of the association)], or None for 404
        self.leading = []    # names of what leads to the first of the pool


def name(document):
    return document["Type"], document["Code"]


def marks(holder):
    """(application, number of the batch, place in it) of each entry of a context."""
    return tuple(sorted((entry["Application"], int(entry["Metadata"]["batch"]),
                         int(entry["Metadata"]["place"])) for entry in holder.get("Context", ())))


def context(app, number, place):
    return [{"Application": app, "Metadata": {"batch": str(number), "place": str(place)},
             "IDs": [{"Name": "Batch", "Values": {"Number": str(number)}}]}]


def code(number, place):
    return f"{number:06}-{place:04}"


def asset(kind, text, kept=()):
    return {"Type": kind, "Code": text, **({"Context": kept} if kept else {})}


def new_assets(number):
    return [asset("New", code(number, n), context(APP, number, n)) for n in range(BATCH)]


def pool_assets(client, number):
    return [asset("Pool", code(0, n), context(f"client-{client}", number, n)) for n in range(BATCH)]


def new_links(number):
    """A root with its associations, as a request and as they are listed."""
    ends = sorted([("Far", code(number, n)) for n in range(LINKS // 2)]
                  + [("Pool", code(0, n)) for n in range(LINKS // 2)])
    return {"Root": asset("Root", code(number, 0), context(APP, number, 0)),
            "Associations": [{"ToAsset": asset(*end), "Association": {
                "Context": context(APP, number, place)}} for place, end in enumerate(ends)]}


def written(batch):
    """Name and marks of each asset that there is only because of it."""
    if batch.kind == "assets":
        return {name(made): marks(made) for made in new_assets(batch.number)}
    root = new_links(batch.number)["Root"]
    ends = {("Far", code(batch.number, n)): () for n in range(LINKS // 2)}
    return {name(root): marks(root), **ends}


def linked(number):
    return [(name(one["ToAsset"]), marks(one["Association"]))
            for one in new_links(number)["Associations"]]


def demand(condition, words):
    if not condition:
        raise Broken(words)


def is_there(batch, assets):
    """Whether it is; broken when it is only in part."""
    expected = written(batch)
    found = {key: assets[key] for key in expected if key in assets}
    where = f"batch {batch.number} ({batch.kind}, {batch.state})"
    demand(len(found) in (0, len(expected)), f"{where}: {len(found)} of {len(expected)} are there")
    wrong = [key for key, value in found.items() if value != expected[key]]
    demand(not wrong, f"{where}: {wrong[:3]} hold {[found[key] for key in wrong[:3]]}")
    return bool(found)


def pool_shows(client, assets):
    """The one batch of a client that the pool shows; broken when it shows several."""
    app, shown = f"client-{client}", set()
    for place in range(BATCH):
        held = [mark for mark in assets.get(("Pool", code(0, place)), ()) if mark[0] == app]
        demand(len(held) == 1, f"the pool holds {held} of client {client} at {place}")
        demand(held[0][2] == place, f"the pool holds {held} at {place}")
        shown.add(held[0][1])
    demand(len(shown) == 1, f"the pool mixes batches {sorted(shown)} of client {client}")
    return shown.pop()


def check_order(names):
    demand(names == sorted(set(names), key=lambda key: tuple(part.encode() for part in key)),
           "the list is not in its order, or names something twice")


def whole(documents):
    """What holds of a list at any moment, whatever is being written: no batch in part."""
    reading = Reading(documents)
    check_order(reading.names)
    numbers = {(kind, int(text.split("-")[0])) for kind, text in reading.names if kind != "Pool"}
    for kind, number in numbers:
        sort = "assets" if kind == "New" else "links"
        demand(is_there(Batch(number, sort, None, "being written"), reading.assets),
               f"{kind} {number} is of no batch")
    for client in {mark[0] for mark in reading.assets.get(("Pool", code(0, 0)), ())}:
        pool_shows(int(client.split("-")[1]), reading.assets)


def judge(batches, pools, reading):
    """Everything at rest, after a start. Returns where each batch stands now, and the pools.

    `reading.roots` may hold a part of the roots: those are compared.
    """
    check_order(reading.names)
    settled, explained = {}, {("Pool", code(0, n)) for n in range(BATCH)}
    for batch in batches.values():
        there = is_there(batch, reading.assets)
        demand(there or batch.state != "kept", f"batch {batch.number} was acknowledged and is lost")
        demand(not there or batch.state != "gone", f"batch {batch.number} is back")
        settled[batch.number] = batch._replace(state="kept" if there else "gone")
        if there:
            explained.update(written(batch))
        if batch.number in reading.roots:
            listed, expected = reading.roots[batch.number], linked(batch.number) if there else None
            demand(listed == expected, f"batch {batch.number}: its associations are not as sent: "
                   f"{differing(listed, expected)}")
    invented = reading.assets.keys() - explained
    demand(not invented, f"nobody wrote {sorted(invented)[:3]}")
    roots = [("Root", code(batch.number, 0)) for batch in settled.values()
             if batch.kind == "links" and batch.state == "kept"]
    demand(reading.leading == sorted(roots), "what leads to the pool is not what was linked: "
           f"{sorted(set(roots).symmetric_difference(reading.leading))[:3]}")
    now = {}
    for client, pool in pools.items():
        shown = pool_shows(client, reading.assets)
        demand(shown in (pool.kept, pool.sent),
               f"the pool shows batch {shown} of client {client}, and not {pool.kept} or later")
        now[client] = Pool(shown, None)
    return settled, now


def differing(listed, expected):
    if listed is None or expected is None:
        return "there are some" if listed else "there are none"
    return f"{len(listed)} of {len(expected)}, {[one for one in listed if one not in expected][:2]}"
