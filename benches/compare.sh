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

# Access logs: the lines of tests/data, a second later every 24 of them, and the same as JSON.
awk -v bytes="$((megabytes * 1000000))" '{ line[NR] = $0 } END {
    while (written < bytes) {
        second = int(n / 24) % 86400
        clock = sprintf("%02d:%02d:%02d", int(second / 3600), int(second / 60) % 60, second % 60)
        text = line[n++ % NR + 1]
        sub(/\[[^\]]*\]/, "[01/Mar/2026:" clock " +0000]", text)
        print text
        written += length(text) + 1
    }
}' tests/data/access.log >"$data/access.log"
"$bourn" -o json 'parse combined | select ip, time, method, path, status, bytes, referrer, agent' \
    "$data/access.log" >"$data/access.json"

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

question "lines that contain a text" \
    "$bourn 'match \"error 99\"' $words" \
    grep "grep -F 'error 99' $words" \
    rg "rg -N -F 'error 99' $words" \
    mawk "mawk '/error 99/' $words"

question "number of lines" \
    "$bourn count $words" \
    wc "wc -l $words" \
    mawk "mawk 'END { print NR }' $words"

question "lines sorted" \
    "$bourn 'sort line' $numbers" \
    sort "sort -n $numbers"

question "start: one line from a pipe" \
    "for i in 1 2 3 4 5 6 7 8 9 10; do echo a | $bourn count; done" \
    mawk "for i in 1 2 3 4 5 6 7 8 9 10; do echo a | mawk 'END { print NR }'; done" \
    gawk "for i in 1 2 3 4 5 6 7 8 9 10; do echo a | gawk 'END { print NR }'; done"

access=$data/access.log
lines="read_csv('$access', delim='\x01', header=false, quote='', escape='', columns={'line': 'varchar'})"
clickhouse_lines="file('$access', 'LineAsString')"

question "requests by status" \
    "$bourn 'parse combined | count by status' $access" \
    duckdb "duckdb -c \"select split_part(line, ' ', 9) s, count(*) from $lines group by 1 order by 2 desc\"" \
    clickhouse "clickhouse local -q \"select splitByChar(' ', line)[9] s, count() from $clickhouse_lines group by s order by 2 desc\""

question "the same of JSON" \
    "$bourn 'json | count by status' $data/access.json" \
    duckdb "duckdb -c \"select status, count(*) from read_json('$data/access.json', format='newline_delimited', columns={'status': 'int'}) group by 1 order by 2 desc\"" \
    clickhouse "clickhouse local -q \"select status, count() from file('$data/access.json', 'JSONEachRow', 'status Int32') group by status order by 2 desc\""

question "requests by status and minute" \
    "$bourn 'parse combined | count by status | window 1m on time' $access" \
    duckdb "duckdb -c \"select time_bucket(interval '1 minute', strptime(substr(split_part(line, ' ', 4), 2), '%d/%b/%Y:%H:%M:%S')) t, split_part(line, ' ', 9) s, count(*) from $lines group by 1, 2 order by 1\"" \
    clickhouse "clickhouse local -q \"select toStartOfMinute(parseDateTime(substring(splitByChar(' ', line)[4], 2), '%d/%b/%Y:%H:%i:%S')) t, splitByChar(' ', line)[9] s, count() from $clickhouse_lines group by t, s order by t\""

question "an hour that slides by a minute, of the hour" \
    "$bourn 'parse combined | count by status | window 1h on time late 5s' $access" \
    "$bourn" "$bourn 'parse combined | count by status | window 1h/1m on time late 5s' $access"
