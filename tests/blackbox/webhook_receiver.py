#!/usr/bin/env python3
"""A receiver of webhooks on loopback that writes down whatever arrives; standard library only.

    webhook_receiver.py --record FILE.jsonl [--port N]

It prints `listening on 127.0.0.1:PORT` and serves until it is ended. How it answers is the first part
of the path; what follows only tells endpoints apart, so that `/ok/erp` and `/ok/crm` are two.

    /ok           200                      /gone         410
    /empty        204                      /hang         nothing, until the client goes
    /fail         500                      /reset        hangs up
    /later/S      503, Retry-After: S      /stream       200 and a body without end
    /redirect     302 to /ok/redirected    /flaky/N      503 for the first N tries of an event, then 200

Each line of the record: `at` (Unix seconds), `path`, `headers` (names in lower case), `body` (base64 of
the bytes as they came), `attempt` (of this event at this path, from 1), `answered` (null: nothing was).
A delivery is written before it is answered, so whatever the sender saw answered is in the record.

Nothing here knows how a delivery is signed; `verify_webhooks.py` and `.mjs` judge the record.
"""

import argparse
import base64
import collections
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer(path, attempt):
    """Status and headers for a try, or a status of None for no answer."""
    mode, _, rest = path.split("?")[0].strip("/").partition("/")
    number = int(rest.split("/")[0]) if mode in ("flaky", "later") else 0
    return {
        "ok": (200, {}), "empty": (204, {}), "fail": (500, {}), "gone": (410, {}),
        "hang": (None, {}), "reset": (None, {}), "stream": (200, {}),
        "later": (503, {"Retry-After": str(number)}),
        "redirect": (302, {"Location": "/ok/redirected"}),
        "flaky": (503 if attempt <= number else 200, {}),
    }.get(mode, (404, {}))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, extra = self.server.receiver.note(self.path, headers, body)
        mode = self.path.strip("/").partition("/")[0]
        if status is None or mode == "stream":
            self.close_connection = True
        if status is None:
            if mode == "hang":
                self.wait_for_the_end()
            return
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        if mode == "stream":
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 4096)
            except OSError:
                return
        elif status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def wait_for_the_end(self):
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        """A sender that was killed is no error of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Receiver:
    """Serves in threads of its own from the moment it is made; `close` ends it, and it is down."""

    def __init__(self, record, port=0):
        self.record = open(record, "a", encoding="utf-8")
        self.lock = threading.Lock()
        self.attempts = collections.Counter()
        self.listener = Listener(("127.0.0.1", port), Handler)
        self.listener.receiver = self
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def note(self, path, headers, body):
        """Writes the delivery down and tells how to answer it."""
        at = time.time()
        event = (path, headers.get("webhook-id"))
        with self.lock:
            self.attempts[event] += 1
            status, extra = answer(path, self.attempts[event])
            json.dump({"at": at, "path": path, "headers": headers,
                       "body": base64.b64encode(body).decode("ascii"),
                       "attempt": self.attempts[event], "answered": status}, self.record)
            self.record.write("\n")
            self.record.flush()
        return status, extra

    def close(self):
        self.listener.shutdown()
        self.listener.server_close()
        with self.lock:
            self.record.close()


def deliveries(record):
    """What was written down so far, `body` as bytes. A line still being written is left out."""
    with open(record, encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines if line.endswith("\n")]
    for delivery in found:
        delivery["body"] = base64.b64decode(delivery["body"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", required=True, metavar="FILE.jsonl")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    receiver = Receiver(arguments.record, arguments.port)
    print(f"listening on 127.0.0.1:{receiver.port}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        receiver.close()


if __name__ == "__main__":
    main()
