#!/usr/bin/env python3
"""kill -9 at random moments under load, while bookings and maintenance fall due by themselves.

Clients send every command; whoever got no answer asks again with the same key after the restart.
After each restart, before anybody asks again, the audit logs are read on: no acknowledged write may be
missing, none invented, what an entry entails must be there with it. In the end each key must have
had exactly one effect, every audit chain must verify and tell a possible story (`ledger.py`), in
which whatever fell due happened once and at its moment, also when the server was down then; every
document and each asset's usage must be what the logs come to.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter

import forgeries
from audit import Broken, NotYet
from holdfast import Server, fail, many_files
from load import Load
from upkeep_workload import UpkeepWorkload
from workload import now_ms


def settle(load, patience):
    """Waits for what falls due soon; everything by then must have happened a moment later."""
    last = load.last_due(asyncio.run(load.check()), patience)
    time.sleep(max(0, last - now_ms()) / 1000)
    # Ticks may be late on a busy machine, but what they do must say when it was due.
    for _ in range(10):
        time.sleep(1)
        try:
            return asyncio.run(load.check(settled_by=last))
        except NotYet as broken:
            missing = broken
    raise missing


def run(arguments, data_dir):
    server = Server(arguments.binary, data_dir, ["--fold-entries", "2000", "--fold-age-ms", "300"])
    server.start()
    load = Load(server, arguments, UpkeepWorkload)
    chance = load.workload.chance
    asyncio.run(load.register(arguments.assets))
    began = time.monotonic()
    unanswered = 0
    for _ in range(arguments.kills):
        asyncio.run(load.until_killed(chance.uniform(0.02, arguments.seconds)))
        killed = now_ms()
        # Long enough down that what begins within two seconds falls due meanwhile.
        time.sleep(chance.choice([0, 0, chance.uniform(0.1, 1.5)]))
        load.restart(killed)
        asyncio.run(load.check())
        unanswered += asyncio.run(load.retry())
    killed = now_ms()
    server.kill()
    time.sleep(0.5)
    load.restart(killed)
    ledgers = settle(load, arguments.patience)
    server.terminate()
    found = forgeries.all_found(load.judge)
    report(load, ledgers, arguments, unanswered, time.monotonic() - began)
    print(f"kill9: {len(found)} forgeries found out: {', '.join(found)}; no occasion for: "
          f"{', '.join(forgeries.without_occasion(found)) or 'none'}")


def report(load, ledgers, arguments, unanswered, took):
    by_time = sum((ledger.by_time for ledger in ledgers), Counter())
    entailed = sum((ledger.entailed for ledger in ledgers), Counter())
    documents = Counter(identity.partition("_")[0] for ledger in ledgers
                        for identity in ledger.documents())
    while_down = sum(killed <= due <= ready for ledger in ledgers for due in ledger.due_at
                     for killed, ready in load.down)
    entries = sum(len(entries) for entries in load.logs.values())
    print(f"kill9: seed {arguments.seed}, {arguments.kills} kills under {arguments.clients} "
          f"clients in {took:.1f} s: {len(load.sent)} requests, {unanswered} retried, "
          f"{documents['bkg']} bookings, {documents['crp']} reports, {documents['mnt']} maintenance, "
          f"{entries} audit entries")
    print(f"kill9: by time: {dict(by_time)}, {while_down} of them due while the server was down")
    print(f"kill9: entailed by another entry: {dict(entailed)}")
    print("kill9: " + ", ".join(f"{count} × {what}" for what, count in load.counts.most_common()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--assets", type=int, default=80)
    parser.add_argument("--seconds", type=float, default=0.8, help="longest time between kills")
    parser.add_argument("--patience", type=float, default=6,
                        help="how many seconds to wait at the end for what falls due")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    many_files()
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(arguments, folder + "/data")
        except Broken as broken:
            fail(f"seed {arguments.seed}: {broken}")


if __name__ == "__main__":
    main()
