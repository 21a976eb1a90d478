#!/usr/bin/env python3
"""Verifies a record of webhook deliveries as a customer's Python would.

    verify_webhooks.py --record FILE.jsonl --secrets SECRETS.json [--header X-TOSS-Signature] [--every]

Needs the package `standardwebhooks` (PyPI); the older signature is checked with the standard library,
as customers do. SECRETS maps each path to its secret, or to a list with the newest first: one of them
must verify, with --every all must (while a secret is being rotated both sign). The record is one of
`webhook_receiver.py`. Verified as of the arrival of each delivery, so the age limit of the library counts
and the age of the record does not.

It also holds each delivery against what is promised of all: the same id and bytes at each try, a
fresh timestamp, a `Content-Length`, JSON that names the same id and request.
"""

import argparse
import hashlib
import hmac
import json
import sys
from datetime import datetime, timezone
from importlib.metadata import version

from standardwebhooks import webhooks
from webhook_receiver import deliveries


def library_time(at):
    """The library asks `datetime.now`; what it hears is `at`."""

    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(at, tz or timezone.utc)

    webhooks.datetime = Then


def verifies(secret, body, headers):
    try:
        webhooks.Webhook(secret).verify(body, headers)
        return True
    except (webhooks.WebhookVerificationError, ValueError):
        return False


def faults(delivery, secrets, older_header, every):
    """What is wrong with one delivery by itself."""
    body, headers = delivery["body"], delivery["headers"]
    library_time(delivery["at"])
    good = [secret for secret in secrets if verifies(secret, body, headers)]
    if not good or (every and len(good) < len(secrets)):
        yield f"{len(good)} of {len(secrets)} secrets verify"
    if any(verifies(secret, body + b" ", headers) for secret in secrets):
        yield "a body that was tampered with verifies too"
    older = headers.get(older_header.lower(), "")
    newest = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets]
    if not any(hmac.compare_digest(older, one) for one in newest):
        yield f"{older_header} is {older!r}"
    if headers.get("content-length") != str(len(body)):
        yield f"Content-Length is {headers.get('content-length')!r}"
    if headers.get("content-type") != "application/json":
        yield f"Content-Type is {headers.get('content-type')!r}"
    event = json.loads(body)
    if event.get("id") != headers.get("webhook-id"):
        yield f"the body names {event.get('id')!r}, the header {headers.get('webhook-id')!r}"
    if not headers.get("x-request-id") or event.get("request_id") != headers["x-request-id"]:
        yield f"the body names request {event.get('request_id')!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", required=True)
    parser.add_argument("--secrets", required=True)
    parser.add_argument("--header", default="X-TOSS-Signature")
    parser.add_argument("--every", action="store_true")
    arguments = parser.parse_args()
    with open(arguments.secrets, encoding="utf-8") as file:
        secrets = {path: [one] if isinstance(one, str) else one
                   for path, one in json.load(file).items()}
    found, bodies, wrong = deliveries(arguments.record), {}, 0
    for delivery in found:
        path, event = delivery["path"], delivery["headers"].get("webhook-id")
        said = list(faults(delivery, secrets.get(path, []), arguments.header, arguments.every))
        if bodies.setdefault((path, event), delivery["body"]) != delivery["body"]:
            said.append("another body than at an earlier try")
        wrong += bool(said)
        for words in said:
            print(f"FAILED: {path} {event} try {delivery['attempt']}: {words}", file=sys.stderr)
    if wrong or not found:
        sys.exit(f"verify_webhooks: {wrong} of {len(found)} deliveries are wrong")
    print(f"verify_webhooks: {len(found)} deliveries of {len(bodies)} events verify with "
          f"standardwebhooks {version('standardwebhooks')} (PyPI)")


if __name__ == "__main__":
    main()
