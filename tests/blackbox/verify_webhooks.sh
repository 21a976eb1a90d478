#!/usr/bin/env bash
# Verifies a record of webhook deliveries with the packages that customers use, Python's and
# JavaScript's, installed from PyPI and npm into a folder that vanishes. Needs python3, node and npm.
#
#   tests/blackbox/verify_webhooks.sh --record FILE.jsonl --secrets SECRETS.json [--every]
set -euo pipefail

here=$(dirname "$(realpath "$0")")
record= secrets= every=()
while [ $# -gt 0 ]; do
  case $1 in
    --record) record=$(realpath "$2"); shift 2 ;;
    --secrets) secrets=$(realpath "$2"); shift 2 ;;
    --every) every=(--every); shift ;;
    *) echo "verify_webhooks: $1 is unknown" >&2; exit 2 ;;
  esac
done
[ -r "$record" ] && [ -r "$secrets" ] || { echo "verify_webhooks: no record or no secrets" >&2; exit 2; }

export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0
npm install --prefix "$work" --silent --no-fund --no-audit standardwebhooks@1.1.1

"$work/venv/bin/python" "$here/verify_webhooks.py" --record "$record" --secrets "$secrets" "${every[@]}"
(cd "$work" && node "$here/verify_webhooks.mjs" --record "$record" --secrets "$secrets" "${every[@]}")
