#!/usr/bin/env bash
# Times bourn beside the tools that answer the same question, where they are installed.
#
#   benches/compare.sh [MEGABYTES]      128 without it
#
# The data is made by awk in a temporary directory. Each command runs three times on files that have been read
# before; the fastest run counts. TIMES is how many times as long as bourn a tool takes.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

megabytes=${1:-128}
cargo build --release --quiet
bourn=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/bourn
data=$(mktemp -d)
trap 'rm -r "$data"' EXIT

# Words as frequent as in a language: the n-th one about 1/n of the first.
awk -v bytes="$((megabytes * 1000000))" 'BEGIN {
    srand(1)
    for (n = 0; n < 4096; n++) {
        line = ""
        for (w = 0; w < 10; w++) line = line (w ? " " : "") "w" int(exp(rand() * log(200000)))
        block[n] = line
    }
    while (written < bytes) {
        line = block[int(rand() * 4096)]
        if (rand() < 0.01) line = line " error " int(rand() * 1000000)
        print line
        written += length(line) + 1
    }
}' >"$data/words.txt"
awk -v bytes="$((megabytes * 1000000))" 'BEGIN {
    srand(2)
    while (written < bytes / 8) {
        line = int(rand() * 1000000000)
        print line
        written += length(line) + 1
    }
}' >"$data/numbers.txt"

# The seconds of the fastest of three runs.
seconds() {
    local fastest="" took
    for _ in 1 2 3; do
        took=$({ TIMEFORMAT=%R; time sh -c "$1" >"$data/out"; } 2>&1) || { echo failed; return; }
        if [ -z "$fastest" ] || awk "BEGIN { exit !($took < $fastest) }"; then fastest=$took; fi
    done
    echo "$fastest"
}

# question NAME BOURN-COMMAND, then pairs of TOOL COMMAND.
question() {
    local name=$1 own times
    own=$(seconds "$2")
    printf '\n%s\n  %-22s %8s s\n' "$name" bourn "$own"
    shift 2
    while [ $# -gt 0 ]; do
        if command -v "$1" >/dev/null; then
            took=$(seconds "$2")
            times=$(awk "BEGIN { if ($own > 0) printf \"%.1f\", $took / $own }" 2>/dev/null || true)
            printf '  %-22s %8s s  %6s times\n' "$1" "$took" "$times"
        fi
        shift 2
    done
}

words=$data/words.txt
numbers=$data/numbers.txt
counted='{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print w, n[w] }'

question "how often each word occurs" \
    "$bourn \"split ' ' | count by word\" $words" \
    mawk "mawk '$counted' $words | sort -k2,2nr" \
    gawk "gawk '$counted' $words | sort -k2,2nr" \
    sort "tr ' ' '\\n' <$words | sort | uniq -c | sort -rn"

question "which lines have a text" \
    "$bourn 'match \"error 99\"' $words" \
    grep "grep -F 'error 99' $words" \
    rg "rg -N -F 'error 99' $words" \
    mawk "mawk '/error 99/' $words"

question "how many lines there are" \
    "$bourn count $words" \
    wc "wc -l $words" \
    mawk "mawk 'END { print NR }' $words"

question "lines in order" \
    "$bourn 'sort line' $numbers" \
    sort "sort -n $numbers"

question "start: one line from a pipe" \
    "for i in 1 2 3 4 5 6 7 8 9 10; do echo a | $bourn count; done" \
    mawk "for i in 1 2 3 4 5 6 7 8 9 10; do echo a | mawk 'END { print NR }'; done" \
    gawk "for i in 1 2 3 4 5 6 7 8 9 10; do echo a | gawk 'END { print NR }'; done"
