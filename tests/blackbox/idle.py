#!/usr/bin/env python3
"""What a server costs that has nothing to do: very many assets with maintenance schedules, and webhook
endpoints that want bookings. It prints a figure and judges nothing but the answers: how much is too much
depends on the machine."""

import argparse
import asyncio
import os
import tempfile
import time

from holdfast import Connection, Server, expect, many_files

SCHEDULE = {"rules": [{"id": "oil", "type": "PREVENTIVE", "every_days": 90, "every_uses": 500,
                       "notify_before_minutes": [10080, 0], "duration_minutes": 120}]}


async def register(server, token, assets, clients):
    async def some(number):
        connection = Connection(server, token)
        for at in range(number, assets, clients):
            answer = await connection.post("/assets", f"asset-{at}", {
                "name": f"Forklift {at}", "category": "EQUIPMENT", "owner_org_id": "org_1",
                "location_id": f"loc_{at % 100}", "maintenance_schedule": SCHEDULE})
            expect(answer.status == 201, f"an asset is answered {answer.status} {answer.body[:300]}")
    await asyncio.gather(*(some(number) for number in range(clients)))
    connection = Connection(server, token)
    for number in range(3):
        answer = await connection.post("/webhook-endpoints", f"endpoint-{number}", {
            "url": f"http://127.0.0.1:9/{number}", "events": ["booking.*"]})
        expect(answer.status == 201, f"an endpoint is answered {answer.status} {answer.body[:300]}")


def processor_seconds(process):
    with open(f"/proc/{process}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--assets", type=int, default=100_000)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--clients", type=int, default=64)
    given = arguments.parse_args()
    many_files()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(given.binary, os.path.join(folder, "data"),
                        ["--webhook-allow-net", "127.0.0.0/8"])
        server.start()
        token = server.token()
        asyncio.run(register(server, token, given.assets, given.clients))
        # Until everything is in the views and nothing of the load is left to do.
        server.terminate()
        server.start()
        time.sleep(15)
        before, began = processor_seconds(server.process.pid), time.monotonic()
        time.sleep(given.seconds)
        used = processor_seconds(server.process.pid) - before
        share = used / (time.monotonic() - began)
        print(f"idle: {given.assets} assets with schedules, 3 endpoints: {used:.2f} s of processor "
              f"in {given.seconds} s, {100 * share:.2f} % of a core")
        server.terminate()


if __name__ == "__main__":
    main()
