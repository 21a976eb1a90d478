#!/usr/bin/env python3
"""Walks the specification's examples against the real binary, all dates moved by whole weeks.

    seed.py --binary target/release/holdfast

`tests/it/seed/` walks the same in process and knows more of it; this shows that what customers run does
it too, webhooks over a real socket included. What needs a moment in the future (check-in of the
specification's booking) is done with a booking that begins now.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import tempfile
import time
import uuid
from datetime import datetime, timedelta, timezone

from holdfast import Connection, Server, check_chain, expect, instant, text, weeks_ahead
from webhook_receiver import Receiver, deliveries

FORKLIFT = {"name": "Forklift A2", "category": "EQUIPMENT", "owner_org_id": "org_1", "location_id": "loc_7"}
WINDOW = ("2025-09-01T08:00:00Z", "2025-09-01T16:00:00Z")
EVENTS = ["booking.created", "booking.checked_in", "booking.checked_out", "maintenance.due"]
PUBLIC = "https://api.toss.erp"


def same(found, expected, what):
    expect(found == expected, f"{what}: {found!r} instead of {expected!r}")


def is_problem(answer, status, code):
    same((answer.status, answer.json().get("code")), (status, code), "a refusal")
    same(answer.headers["content-type"], "application/problem+json", f"type of {code}")
    return answer.json()


def key():
    return str(uuid.uuid4())


def check_signed(delivery, secret):
    headers, body = delivery["headers"], delivery["body"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    made = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    same(headers["webhook-signature"], "v1," + base64.b64encode(made.digest()).decode(), "signature")
    older = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    same(headers["x-toss-signature"], older, "X-TOSS-Signature")
    same(headers["x-request-id"], json.loads(body)["request_id"], "X-Request-Id")


async def arrived(receiver, kind):
    """The first delivery of this event, once it is there."""
    for _ in range(500):
        for delivery in deliveries(receiver.record.name):
            if json.loads(delivery["body"])["type"] == kind:
                return delivery
        await asyncio.sleep(0.02)
    expect(False, f"{kind} never arrived")


async def assets(boss, user, later):
    is_problem(await boss.post("/assets", key(), {}), 422, "VALIDATION_FAILED")
    is_problem(await boss.send("POST", "/assets"), 400, "IDEMPOTENCY_KEY_REQUIRED")
    is_problem(await user.post("/assets", key(), FORKLIFT), 403, "INSUFFICIENT_SCOPE")
    used = key()
    made = await boss.post("/assets", used, FORKLIFT)
    again = await boss.post("/assets", used, FORKLIFT)
    same((made.status, again.status, again.body), (201, 200, made.body), "a new asset and its replay")
    path = "/assets/" + made.json()["id"]
    read = await boss.get(path)
    same((read.status, read.headers["etag"]), (200, made.headers["etag"]), "the asset")
    is_problem(await boss.get("/assets/ast_456"), 404, "NOT_FOUND")
    listed = (await boss.get("/assets?category=EQUIPMENT&status=ACTIVE&location_id=loc_7&q=fork&limit=1")).json()
    same([row["id"] for row in listed["items"]], [made.json()["id"]], "the list")
    same(set(listed), {"items", "next_cursor", "prev_cursor", "has_more"}, "the envelope")
    terms = {"booking_terms": {"pricing": {"per_hour_minor": 1200}},
             "maintenance_schedule": {"rules": [{"id": "oil", "type": "PREVENTIVE", "every_days": 90,
                                                 "first_due": later}]}}
    changed = await boss.command("PUT", path, key(), terms, read.headers["etag"])
    same(changed.status, 200, "a change")
    stale = await boss.command("PUT", path, key(), {"name": "X"}, read.headers["etag"])
    is_problem(stale, 412, "PRECONDITION_FAILED")
    is_problem(await boss.command("PUT", path, key(), {"name": "X"}), 428, "PRECONDITION_REQUIRED")
    return path


async def bookings(user, path, window):
    body = {"user_id": "usr_9", "start": window[0], "end": window[1], "accept_terms": True}
    used = key()
    made = await user.post(f"{path}/bookings", used, body)
    again = await user.post(f"{path}/bookings", used, body)
    same((made.status, again.status, again.body), (201, 200, made.body), "a booking and its replay")
    booked = made.json()["id"]
    problem = is_problem(await user.post(f"{path}/bookings", key(), body), 409, "BOOKING_OVERLAP")
    example = {
        "type": f"{PUBLIC}/problems/booking-overlap",
        "title": "Booking window overlaps",
        "status": 409,
        "detail": f"Requested window overlaps with existing booking {booked}.",
        "code": "BOOKING_OVERLAP",
        "errors": [{"name": "start", "reason": f"overlaps existing #{booked}"}],
    }
    same({member: problem[member] for member in example}, example, "the example problem")
    is_problem(await user.post(f"{path}/bookings", key(), {**body, "accept_terms": False}), 403,
               "TERMS_NOT_ACCEPTED")
    is_problem(await user.post(f"{path}/bookings", key(), {**body, "user_id": "usr_8"}), 403,
               "FORBIDDEN_USER")
    gone = {**body, "start": "2025-09-01T08:00:00Z", "end": "2025-09-01T16:00:00Z"}
    is_problem(await user.post(f"{path}/bookings", key(), gone), 409, "BOOKING_DEADLINE_PASSED")
    return made.json()


async def use(boss, user, path, now):
    window = {"start": text(now + timedelta(minutes=5)), "end": text(now + timedelta(hours=1))}
    made = await user.post(f"{path}/bookings", key(),
                           {"user_id": "usr_9", "accept_terms": True, **window})
    same(made.status, 201, "a booking for now")
    named = {"booking_id": made.json()["id"]}
    is_problem(await user.post(f"{path}/check-out", key(), named), 409, "INVALID_TRANSITION")
    taken = await user.post(f"{path}/check-in", key(), {**named, "condition_notes": "scratch"})
    same((taken.status, taken.json()["status"]), (200, "CHECKED_IN"), "check-in")
    back = await user.post(f"{path}/check-out", key(), {**named, "extra_cost_minor": 500})
    same((back.status, back.json()["cost_minor"]), (200, 55 * 1200 // 60 + 500), "check-out")
    report = {**named, "checklist": [{"item": "forks", "result": "OK"}], "photos": [], "notes": "fine"}
    made = await boss.post(f"{path}/condition-reports", key(), report)
    same((made.status, made.json()["status"]), (201, "APPROVED"), "a condition report")
    is_problem(await boss.post(f"{path}/condition-reports", key(), {}), 422, "VALIDATION_FAILED")
    usage = (await boss.get(f"{path}/usage?date_from={text(now)[:10]}&limit=1")).json()
    same((usage["items"][0]["booking_id"], usage["summary"]["bookings"]), (named["booking_id"], 1), "usage")
    entries = await boss.pages(f"{path}/audit")
    check_chain(path, entries[::-1])
    is_problem(await user.get(f"{path}/audit"), 403, "INSUFFICIENT_SCOPE")


async def walk(server, receiver):
    weeks = weeks_ahead(instant(WINDOW[0]))
    window = [text(instant(moment) + weeks) for moment in WINDOW]
    boss = Connection(server, server.token("usr_2", scope="asset:read asset:write"))
    user = Connection(server, server.token("usr_9", scope="booking:write"))
    now = datetime.now(timezone.utc)
    endpoint = await boss.post("/webhook-endpoints", key(), {"url": receiver.url("/ok/erp"), "events": EVENTS})
    same(endpoint.status, 201, "an endpoint")
    secret = endpoint.json()["secret"]
    path = await assets(boss, user, text(now + timedelta(seconds=5)))
    made = await bookings(user, path, window)
    told = await arrived(receiver, "booking.created")
    event = json.loads(told["body"])
    same(event["data"]["booking"], made, "the booking as it was told")
    expect(event["created_at"] == made["created_at"] and event["id"].startswith("evt_"), "the event")
    await use(boss, user, path, now)
    for kind in EVENTS:
        check_signed(await arrived(receiver, kind), secret)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    binary = arguments.parse_args().binary
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        receiver = Receiver(os.path.join(folder, "record.jsonl"))
        server = Server(binary, os.path.join(folder, "data"), ["--webhook-allow-net", "127.0.0.0/8", "--public-url", PUBLIC,
                                         "--journal-segment-bytes", str(4 << 20)])
        server.start()
        asyncio.run(walk(server, receiver))
        server.terminate()
        receiver.close()
    print(f"the specification was walked in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
