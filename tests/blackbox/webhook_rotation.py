"""A secret that is rotated while events are on their way.

Before, the old secret signs; once the rotation has been taken up, both sign each delivery, for a day. The
deliveries are written down once more with the secrets that must verify each, for
`verify_webhooks.sh`, which asks the packages that customers use.
"""

import asyncio
import base64
import json
import os
import subprocess
import time
from datetime import datetime, timedelta, timezone

from holdfast import Connection, expect, shared_out, text
from webhook_house import House, Receivers, telling, until
from webhook_judge import sign

PATH = "/ok/rotated"
EVENTS = 1_000
CLIENTS = 8
# Within so long after its answer a rotation is taken up.
TAKEN_UP_S = 1


async def assets(server, count):
    connection = Connection(server, server.token())
    made = []
    for number in range(count):
        answer = await connection.post("/assets", f"asset-{number}", {
            "name": "Van", "category": "EQUIPMENT", "owner_org_id": "org_1", "location_id": "loc_7"})
        expect(answer.status == 201, f"POST /assets: {answer.status} {answer.body[:300]}")
        made.append(answer.json()["id"])
    connection.close()
    return made


async def book(server, assets, numbers):
    """A booking for each number, none of which meets another."""
    token, start = server.token(), datetime.now(timezone.utc) + timedelta(days=30)
    connections = [Connection(server, token) for _ in range(CLIENTS)]

    async def one(number, client):
        at = start + timedelta(hours=number)
        answer = await connections[client].post(
            f"/assets/{assets[number % len(assets)]}/bookings", f"booking-{number}",
            {"user_id": "usr_9", "start": text(at), "end": text(at + timedelta(hours=1)),
             "accept_terms": True})
        expect(answer.status == 201, f"POST bookings: {answer.status} {answer.body[:300]}")

    await shared_out(list(numbers), CLIENTS, one)
    for connection in connections:
        connection.close()


async def rotate_under_load(server, fleet, receivers):
    """The endpoint's secrets, old and new, and when it was asked and answered."""
    house = House(server)
    made = await house.endpoint(receivers.url(PATH), ["booking.created"])
    part = EVENTS // 5
    await book(server, fleet, range(2 * part))
    load = asyncio.ensure_future(book(server, fleet, range(2 * part, 3 * part)))
    await asyncio.sleep(0.1)
    asked = time.time()
    rotated = await house.command(
        "POST", f"/webhook-endpoints/{made['id']}/rotate-secret", {}, 200)
    answered = time.time()
    await load
    await asyncio.sleep(max(0, answered + TAKEN_UP_S - time.time()))
    await book(server, fleet, range(3 * part, EVENTS))
    house.close()
    return made["secret"], rotated["secret"], asked, answered + TAKEN_UP_S


def label(delivery, old, new, asked, taken_up):
    """Which secrets must verify it, by when it came; and both or one in between."""
    signatures = delivery["headers"]["webhook-signature"].split()
    signers = {sign(secret, delivery): secret for secret in (new, old)}
    by = [signers.get(signature) for signature in signatures]
    expect(by in ([old], [new, old]), f"{delivery['headers']}: signed by others")
    expect(by == [old] or delivery["at"] > asked, "signed by a secret that was not there yet")
    # The timestamp of a delivery is taken when it is sent, whole seconds.
    late = int(delivery["headers"]["webhook-timestamp"]) > taken_up
    expect(by == [new, old] or not late, "the new secret does not sign")
    return by


def run(arguments, folder):
    receivers = Receivers(folder)
    server = telling(arguments.binary, folder + "/data")
    server.start()
    fleet = asyncio.run(assets(server, 20))
    old, new, asked, taken_up = asyncio.run(rotate_under_load(server, fleet, receivers))
    expect(old != new, "the secret is the same")
    until(lambda: len(receivers.read()[PATH]) >= EVENTS, f"{EVENTS} deliveries")
    server.terminate()
    receivers.end()
    took, labelled = receivers.read()[PATH], {}
    record, secrets = os.path.join(folder, "judged.jsonl"), os.path.join(folder, "secrets.json")
    with open(record, "w", encoding="utf-8") as file:
        for delivery in took:
            by = label(delivery, old, new, asked, taken_up)
            path = f"{PATH}?by={len(by)}"
            labelled.setdefault(path, []).append(delivery)
            body = base64.b64encode(delivery["body"]).decode()
            file.write(json.dumps(dict(delivery, path=path, body=body)) + "\n")
    with open(secrets, "w", encoding="utf-8") as file:
        json.dump({f"{PATH}?by=1": [old], f"{PATH}?by=2": [new, old]}, file)
    counts = {path: len(them) for path, them in labelled.items()}
    expect(len(counts) == 2 and min(counts.values()) >= EVENTS // 5, f"{counts}")
    print(f"webhooks: {len(took)} deliveries, {counts[f'{PATH}?by=1']} signed by the old secret and "
          f"{counts[f'{PATH}?by=2']} by both; rotated in {taken_up - TAKEN_UP_S - asked:.3f} s")
    if arguments.verify:
        script = os.path.join(os.path.dirname(__file__), "verify_webhooks.sh")
        subprocess.run([script, "--record", record, "--secrets", secrets, "--every"], check=True)
