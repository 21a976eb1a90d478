"""A server process and raw HTTP/1.1 connections to it; Python's standard library only.

Nothing here knows a rule of booking. The scripts beside it use it to load, kill and check the real
binary from outside.
"""

import asyncio
import atexit
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

SCOPES = "asset:read asset:write booking:write"


def many_files():
    """As many open sockets as the system lets us have; the server inherits the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def fail(message):
    print(f"FAILED: {message}", file=sys.stderr)
    sys.exit(1)


def expect(condition, message):
    if not condition:
        fail(message)


def leave_nothing(process):
    """A script that fails ends its servers too; what strace runs is a child of strace."""
    if process.poll() is None:
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as pids:
            for pid in pids.read().split():
                os.kill(int(pid), signal.SIGKILL)
        process.kill()
        process.wait()


class Address:
    """Where to connect to."""

    def __init__(self, host, port):
        self.host, self.port = host, int(port)


class Server:
    """The binary on one data directory; started, killed and started again."""

    def __init__(self, binary, data_dir, arguments=(), tracer=()):
        self.binary = binary
        self.data_dir = data_dir
        self.arguments = list(arguments)
        self.tracer = list(tracer)
        self.process = None
        self.said = []
        self.environment = {}

    def launch(self):
        command = [*self.tracer, self.binary, "serve", "--listen", "127.0.0.1:0",
                   "--admin-listen", "127.0.0.1:0", "--data-dir", self.data_dir, *self.arguments]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HOLDFAST_")}
        environment |= self.environment
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env=environment)
        atexit.register(leave_nothing, self.process)

    def refused(self):
        """The exit code of a start that is not to succeed."""
        self.launch()
        try:
            self.said = self.process.communicate(timeout=60)[1].splitlines()
        except subprocess.TimeoutExpired:
            self.process.kill()
            fail("it serves, though it should have refused to start")
        return self.process.returncode

    def start(self):
        self.launch()
        expect(self.listens(), "the server ended before it listened:\n" + "".join(self.said))

    def listens(self):
        """Waits until it does; False where it ends before."""
        self.said = seen = []
        for line in self.process.stderr:
            if "listening on http://" in line:
                address = line.split("listening on http://")[1].split()[0]
                self.host, port = address.rsplit(":", 1)
                self.port = int(port)
                self.admin = Address(*line.split("operators: http://")[1].split(")")[0].rsplit(":", 1))
                break
            seen.append(line)
        else:
            return False
        # Keep reading, so that it never blocks on a full pipe.
        stderr = self.process.stderr
        threading.Thread(target=lambda: seen.extend(stderr), daemon=True).start()
        return True

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.ended()
        expect(code == 0, f"SIGTERM ended it with exit code {code}")

    def ended(self, seconds_max=20):
        """Its exit code, once it has ended by itself."""
        try:
            return self.process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            fail(f"it still runs after {seconds_max} s")

    def delete_views(self):
        shutil.rmtree(os.path.join(self.data_dir, "views.sled"))

    def token(self, sub="tester", org="org_1", scope=SCOPES, ttl="1d", role=None):
        made = subprocess.run(
            [self.binary, "token", "--data-dir", self.data_dir, "--sub", sub, "--org", org,
             "--scope", scope, "--ttl", ttl, *(["--role", role] if role else [])],
            stdout=subprocess.PIPE, text=True, check=True)
        return made.stdout.strip()


class Answer:
    __slots__ = ("status", "headers", "body")

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Connection:
    """One keep-alive connection. `ConnectionError` when the server goes away before the answer."""

    def __init__(self, server, token):
        self.server = server
        self.token = token
        self.reader = None
        self.writer = None

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(
            self.server.host, self.server.port, limit=1 << 22)

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def get(self, path):
        return await self.send("GET", path)

    async def post(self, path, key, body):
        return await self.command("POST", path, key, body)

    async def command(self, method, path, key, body, if_match=None):
        return await self.send(method, path, key, json.dumps(body).encode(), if_match)

    async def send(self, method, path, key=None, body=b"", if_match=None):
        if self.writer is None:
            await self.open()
        head = f"{method} {path} HTTP/1.1\r\nhost: holdfast\r\nauthorization: Bearer {self.token}\r\n"
        if key is not None:
            head += f"idempotency-key: {key}\r\n"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        if if_match is not None:
            head += f"if-match: {if_match}\r\n"
        try:
            self.writer.write(head.encode() + b"\r\n" + body)
            return await self.answer()
        except (OSError, asyncio.IncompleteReadError, ValueError) as broken:
            self.close()
            raise ConnectionError from broken

    async def answer(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.lower()] = value.strip()
        body = b""
        if "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            body = await self.chunks()
        return Answer(int(first.split(" ")[1]), headers, body)

    async def chunks(self):
        parts = []
        while True:
            size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            parts.append((await self.reader.readexactly(size + 2))[:-2])
            if size == 0:
                return b"".join(parts)

    async def pages(self, path, enough=lambda rows: False):
        """The rows of a list, newest first: every one, or page by page until there are enough."""
        rows, cursor = [], ""
        while True:
            sign = "&" if "?" in path else "?"
            answer = await self.get(f"{path}{sign}limit=100{cursor}")
            expect(answer.status == 200, f"GET {path}: {answer.status} {answer.body[:300]}")
            page = answer.json()
            rows += page["items"]
            if page["next_cursor"] is None or enough(rows):
                return rows
            cursor = "&cursor=" + page["next_cursor"]


def canonical(value):
    """RFC 8785 for what the API answers: members sorted, no white space, integers only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(value):
    return hashlib.sha256(canonical(value)).hexdigest()


def check_chain(asset, entries, last=None):
    """`entries` oldest first, after the entry `last`: no hole, bodies as hashed, each chained to the
    one before."""
    previous, first = (last["hash"], last["seq"] + 1) if last else ("0" * 64, 1)
    for seq, entry in enumerate(entries, first):
        where = f"audit entry {seq} of {asset}"
        expect(entry["seq"] == seq, f"{where}: it says {entry['seq']}")
        expect(entry["prev_hash"] == previous, f"{where}: the chain is broken")
        expect(entry["before_sha256"] == sha256(entry["before"]), f"{where}: before")
        expect(entry["after_sha256"] == sha256(entry["after"]), f"{where}: after")
        hashed = {k: v for k, v in entry.items() if k not in ("before", "after", "hash")}
        previous = sha256(hashed)
        expect(entry["hash"] == previous, f"{where}: hash")


def check_no_overlap(asset, bookings):
    live = sorted((b["start"], b["end"], b["id"]) for b in bookings
                  if b["status"] in ("PENDING_APPROVAL", "CONFIRMED", "CHECKED_IN"))
    for (_, end, one), (start, _, other) in zip(live, live[1:]):
        expect(end <= start, f"{one} and {other} of {asset} overlap")


def instant(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def weeks_ahead(first):
    """The whole number of weeks that moves `first` into the future."""
    late = datetime.now(timezone.utc) - first
    return timedelta(weeks=max(0, late // timedelta(weeks=1) + 1))


async def shared_out(items, workers, work):
    """Runs `work(item, number of the worker)` for every item, `workers` at a time."""
    queue = list(reversed(items))

    async def worker(number):
        while queue:
            await work(queue.pop(), number)

    await asyncio.gather(*(worker(number) for number in range(workers)))
