#!/usr/bin/env python3
"""A thousand connections at once: for one slot, and with one key, on bookings and on assets."""

import argparse
import asyncio
import tempfile
from datetime import datetime, timedelta, timezone

from holdfast import Connection, Server, expect, many_files, text


async def storm(connections, path, key, body):
    """The same body from every connection, all opened before the first byte is sent."""
    await asyncio.gather(*(connection.open() for connection in connections if
                           connection.writer is None))
    return await asyncio.gather(*(
        connection.post(path, key(number), body)
        for number, connection in enumerate(connections)))


def one_effect(answers, what):
    first = [answer for answer in answers if answer.status == 201]
    rest = [answer for answer in answers if answer.status != 201]
    expect(len(first) == 1, f"{what}: {len(first)} × 201")
    for answer in rest:
        expect(answer.status == 200, f"{what}: {answer.status} {answer.body[:300]}")
        expect(answer.body == first[0].body, f"{what}: a replay differs")
        expect(answer.headers.get("idempotency-replayed") == "true", f"{what}: unmarked replay")
    print(f"race: {what}: 1 × 201, {len(rest)} × 200 with the same bytes")
    return first[0].json()


async def race(server, token, clients):
    connections = [Connection(server, token) for _ in range(clients)]
    asset = one_effect(
        await storm(connections, "/assets", lambda _: "one-asset",
                    {"name": "Van", "category": "EQUIPMENT", "owner_org_id": "org_1",
                     "location_id": "loc_7"}), "one key, POST /assets")
    start = datetime.now(timezone.utc) + timedelta(days=1)

    def slot(hours):
        return {"user_id": "usr_9", "start": text(start + timedelta(hours=hours)),
                "end": text(start + timedelta(hours=hours + 1)), "accept_terms": True}

    path = f"/assets/{asset['id']}/bookings"
    kept = one_effect(await storm(connections, path, lambda _: "one-booking", slot(0)),
                      "one key, POST bookings")

    answers = await storm(connections, path, lambda number: f"slot-{number}", slot(2))
    won = [answer.json() for answer in answers if answer.status == 201]
    expect(len(won) == 1, f"one slot: {len(won)} × 201")
    for answer in answers:
        if answer.status != 201:
            problem = answer.json()
            expect((answer.status, problem["code"]) == (409, "BOOKING_OVERLAP"), f"{problem}")
            named = [conflict["id"] for conflict in problem["conflicts"]]
            expect(named == [won[0]["id"]], f"it names {named}, {won[0]['id']} won")
    print(f"race: one slot: 1 × 201, {clients - 1} × 409 naming the winner")
    listed = await connections[0].pages(path)
    expect([b["id"] for b in listed] == [won[0]["id"], kept["id"]], "the list differs")
    for connection in connections:
        connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--clients", type=int, default=1000)
    arguments = parser.parse_args()
    many_files()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(arguments.binary, folder + "/data")
        server.start()
        asyncio.run(race(server, server.token(), arguments.clients))
        server.terminate()


if __name__ == "__main__":
    main()
