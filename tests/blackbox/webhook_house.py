"""A server that tells receivers, and the receivers: what the webhook scripts have in common.

The receivers are a process of their own (`webhook_receiver.py`), which a server that is killed does not
take with it.
"""

import atexit
import base64
import collections
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time

from holdfast import Connection, Server, expect, fail

LOOPBACK = ("--webhook-allow-net", "127.0.0.0/8", "--webhook-rate-max", "100000")
KEYS = itertools.count()


def dead_port():
    """Where nobody listens: taken by us, so that nobody else comes to listen there."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    DEAD.append(held)
    return held.getsockname()[1]


DEAD = []


def telling(binary, data_dir, *arguments):
    """A server that may reach loopback, with proxies in its environment that lead nowhere."""
    server = Server(binary, data_dir, [*LOOPBACK, *arguments])
    proxy = f"http://127.0.0.1:{dead_port()}"
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        server.environment |= {name: proxy, name.upper(): proxy}
    server.environment |= {"no_proxy": "", "NO_PROXY": ""}
    return server


class Receivers:
    """Every receiver there is: a path each, see `webhook_receiver.py`."""

    def __init__(self, folder):
        self.record = os.path.join(folder, "received.jsonl")
        script = os.path.join(os.path.dirname(__file__), "webhook_receiver.py")
        self.process = subprocess.Popen(
            [sys.executable, script, "--record", self.record], stdout=subprocess.PIPE, text=True)
        atexit.register(self.end)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.lines = open(self.record, encoding="utf-8")
        self.rest = ""
        self.at = collections.defaultdict(list)  # path -> deliveries, `body` as bytes

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def read(self):
        """Takes up what has arrived since."""
        *lines, self.rest = (self.rest + self.lines.read()).split("\n")
        for line in lines:
            delivery = json.loads(line)
            delivery["body"] = base64.b64decode(delivery["body"])
            self.at[delivery["path"]].append(delivery)
        return self.at


class House:
    """Those who manage endpoints and read what became of deliveries."""

    def __init__(self, server):
        self.connection = Connection(server, server.token())
        self.operators = Connection(server.admin, "")

    def close(self):
        self.connection.close()
        self.operators.close()

    async def command(self, method, path, body, status):
        if_match = "*" if method == "PUT" else None
        answer = await self.connection.command(
            method, path, f"webhooks-{next(KEYS)}-{time.time_ns()}", body, if_match)
        expect(answer.status == status, f"{method} {path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    async def endpoint(self, url, events=("*",)):
        return await self.command("POST", "/webhook-endpoints", {
            "url": url, "events": list(events)}, 201)

    async def change(self, endpoint, **members):
        return await self.command("PUT", f"/webhook-endpoints/{endpoint}", members, 200)

    async def read(self, endpoint):
        return (await self.connection.get(f"/webhook-endpoints/{endpoint}")).json()

    async def endpoints(self):
        return await self.connection.pages("/webhook-endpoints")

    async def deliveries(self, endpoint, *statuses):
        query = "&".join(f"status={status}" for status in statuses)
        return await self.connection.pages(
            f"/webhook-endpoints/{endpoint}/deliveries" + (f"?{query}" if query else ""))

    async def records(self):
        """How many records this process has written."""
        text = (await self.operators.get("/metrics")).body.decode()
        found = re.search(r"^\w*journal_group_records_sum (\S+)$", text, re.MULTILINE)
        expect(found, "no figure of the records written")
        return float(found[1])


def until(holds, what, seconds=30):
    """Waits for it; what `holds` returns."""
    ends = time.monotonic() + seconds
    while not (result := holds()):
        if time.monotonic() > ends:
            fail(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return result


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
