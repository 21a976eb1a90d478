#!/usr/bin/env python3
"""Webhooks of the real binary, told to receivers on loopback.

    webhooks.py --binary B [--only kills] [--events 10000] [--kills 9] [--dead hangs] [--verify]

kills: kill -9 in the middle of events to five receivers, one dead; the views deleted (`webhook_kills.py`).
rotation: a secret rotated under load (`webhook_rotation.py`); with --verify the deliveries are judged by
the packages that customers use, installed from PyPI and npm.
answers: receivers that are gone, redirect, hang, stream, ask for time (`webhook_answers.py`).

Every server has proxies in its environment that lead nowhere: a delivery through one would fail.
"""

import argparse
import random
import tempfile

import webhook_answers
import webhook_kills
import webhook_rotation
from holdfast import fail, many_files
from audit import Broken
from webhook_judge import Wrong

PARTS = {
    "kills": lambda arguments, folder: webhook_kills.run(arguments, folder, arguments.dead),
    "rotation": webhook_rotation.run,
    "answers": webhook_answers.run,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=9)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--assets", type=int, default=80)
    parser.add_argument("--dead", choices=("refuses", "hangs"), default="refuses",
                        help="how the dead receiver is dead")
    parser.add_argument("--verify", action="store_true", help="install and ask the packages")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    many_files()
    for part in arguments.only or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                PARTS[part](arguments, folder)
            except (Broken, Wrong) as wrong:
                fail(f"{part}, seed {arguments.seed}: {wrong}")


if __name__ == "__main__":
    main()
