#!/usr/bin/env bash
# Turns each planted bug on, one at a time, and expects red: a test that cannot fail proves nothing.
#
#   tests/planted.sh                 all of them, at most 1,000 seeds each
#   tests/planted.sh raw-clock …     only these
#
# Prints which test found each bug, the first failing seed and what it said. Exit 1 when one survived.
set -uo pipefail
cd "$(dirname "$0")/.."
export HOLDFAST_SIM_SEEDS=${HOLDFAST_SIM_SEEDS:-1000} RUST_BACKTRACE=0 CARGO_TERM_COLOR=never

# name | package | test filter
bugs='
reply-before-sync        | holdfast      | --test it simulator::random
publish-after-replies    | holdfast      | --test it simulator::random
skip-rewrite             | holdfast      | --test it simulator::random
views-before-tail        | holdfast      | --test it simulator::random
passivate-early          | holdfast      | --test it simulator::random
applied-before-sync      | holdfast      | --test it simulator::random
trim-before-applied      | holdfast      | --test it simulator::random
torn-group-per-record    | holdfast      | --test it simulator::random
high-water-before-sync   | holdfast      | --test it simulator::random
overlap-inclusive        | holdfast      | --test it simulator::random
key-in-separate-record   | holdfast      | --test it simulator::random
apply-after-hand-over    | holdfast      | --test it simulator::random
raw-clock                | holdfast      | --test it simulator::random
decide-before-due        | holdfast      | --test it simulator::random
due-at-now               | holdfast      | --test it simulator::random
no-show-never-waits      | holdfast      | --test it simulator::random
owed-lost                | holdfast      | --test it simulator::random
notice-twice             | holdfast      | --test it simulator::random
cursor-before-settled    | holdfast      | --test it simulator::random
parked-overtaken         | holdfast      | --test it simulator::random
retry-forgotten          | holdfast      | --test it simulator::random
redelivery-lost          | holdfast      | --test it simulator::random
org-forgotten            | holdfast      | --test it simulator::random
scope-without-org        | holdfast-http | --lib idempotency
'

out=$(mktemp)
trap 'rm -f "$out"' EXIT
survived=0
printf '%-24s %-26s %-8s %s\n' bug 'found by' seed 'what it said'
while IFS='|' read -r name package filter; do
  name=${name// /} package=${package// /}
  [ -n "$name" ] || continue
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
  # shellcheck disable=SC2086 # the filter is several words
  cargo test --locked -p "$package" $filter --features "planted-$name" >"$out" 2>&1 </dev/null
  if grep -q '^test result: FAILED' "$out"; then
    seed=$(grep -oE '^SEED=[0-9]+' "$out" | head -1 | cut -d= -f2)
    said=$(grep -oE '^SEED=[0-9]+ .*' "$out" | head -1 | cut -d' ' -f2- | cut -c1-100)
    [ -n "$said" ] || said=$(grep -oE '^test .* FAILED$' "$out" | head -1)
    printf '%-24s %-26s %-8s %s\n' "$name" "${filter##* }" "${seed:--}" "$said"
  else
    survived=1
    printf '%-24s %-26s %-8s %s\n' "$name" NOBODY - "$(grep -E '^(error|test result)' "$out" | head -1)"
  fi
done <<<"$bugs"
exit "$survived"
