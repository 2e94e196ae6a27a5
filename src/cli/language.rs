//! LANGUAGE: what the manual says of the language as a whole. One row a page; the tables of stages, aggregates
//! and functions say the rest.

use crate::data::{Entry, Example};

use super::cookbook::{COOKBOOK, EXAMPLES};

/// Every page, in the order of reading. A line that begins with two spaces is printed as it stands.
pub const LANGUAGE: &[Entry] = &[
    Entry {
        name: "expressions",
        usage: "STAGE | STAGE | …",
        summary: "How stages, fields, literals and operators are written.",
        details: "\
An expression is one or more stages with `|` between. A stage is a name with its arguments, or aggregates, \
which need no name: `count, sum(x) as total where x > 0 by host, day`. Stages such as `match`, `where` and \
`split` see one record at a time, on all cores; `sort`, `tail`, `top`, `fold` and aggregates need all of them; `dedup` and \
`running` remember those before.

A comment goes from # to the end of the line. A newline is white space.

Operators, loosest first; parentheses group:

  or
  and
  not
  == != < <= > >= ~ !~ in     x ~ /regex/, x in (1, 2, 3)
  ??                          a ?? b: b where a is null
  + -
  * / // %                    // floors; % has the sign of the divisor
  - (sign)

Literals: 42, 1_000, 1.5e3; sizes 10kB, 4MiB; \"text\", 'text', with \\n \\t \\\\ \\\" \\' \\xHH \\u{…} in either \
quotes; /regex/ and /regex/i; durations 500ms, 30s, 5m, 1h30m, 1d; true, false, null.

A field is written by its name, or in back quotes if it has other signs: `` `count(x > 1)` ``. A field that \
no stage can have made is a mistake, found before anything is read.

A plain text behind `~` that has signs of a regular expression is a mistake that shows both ways to write \
it: as a /regex/, or with `contains`.",
        examples: &[
            Example {
                expr: "select line // 2 as half, line % 2 as rest, line in (3, 4)",
                input: "3\n-3\n",
                output: "1\t1\ttrue\n-2\t1\tfalse\n",
            },
            Example {
                expr: "where line ~ /^a.*[0-9]$/i and not contains(line, \"x\")",
                input: "a1\nAx2\nAb3\n",
                output: "a1\nAb3\n",
            },
        ],
    },
    Entry {
        name: "records",
        usage: "line  @source  @number  @time",
        summary: "What a record is, which fields it has, and how results are printed.",
        details: "\
A record is a line without its end, which is \\n or \\r\\n; `--records` says otherwise. The last line counts even without one. NUL and \
every other byte are ordinary: text is bytes, usually UTF-8, and is never changed on its way. A byte order mark at the \
start of a source is no part of its first record; UTF-16 with a mark is read as UTF-8.

It has one field, `line`, and the source adds `@source` (the path as it was written, - for standard input, the address of a peer that has connected), \
`@number` (1-based within the source) and `@time` (when its last byte was read; it never goes back). `split`, `select` and aggregates put \
other fields in the place of `line`; behind them, `match`, `skip` and `split` need to be told a field: \
`match \"x\" in word`, `split ',' from word`.

Behind `json`, `logfmt` and a csv with a header, a name means the record's own field where the record has it, \
else what it meant before: `json | where line == 12` asks the field `line` of each object, or the line itself of one \
without. A stage that is told no field takes the line as it came. `@source`, `@number` and `@time` mean what the source says; in back quotes, \
`` `@time` ``, they are fields of the record, as `@timestamp` and other names with @ are in any case.

If no stage makes or chooses columns (as `let`, `select`, `drop`, `split`, `top` and aggregates do), the lines \
are printed as they came. Otherwise the columns are printed: a table on a terminal, else tabs between and no \
header. `-o FORMAT` prints columns in any case. If only the data knows the fields, as after `json`, then csv, tsv and \
table have the columns of the first record; after a stage that waits for all records (`sort`, `tail`) those of all rows; \
in windows those of the first window. A field that is not printed is named on stderr at the end.",
        examples: &[
            Example {
                expr: "match 'b' | select @source, @number, line",
                input: "a\nb\n",
                output: "-\t2\tb\n",
            },
        ],
    },
    Entry {
        name: "live",
        usage: "bourn EXPR SOURCE…",
        summary: "How sources are written, and what is different if they are live.",
        details: "\
A source is a path, - for standard input (also if there is none), or one of these:

  tcp://HOST:PORT             connects
  tcp-listen://[HOST:]PORT    whoever connects
  udp-listen://[HOST:]PORT    whoever sends
  unix://PATH                 connects to a socket of this machine
  unix-listen://PATH          whoever connects there

`bourn --help sources` says more of each. An IPv6 address stands in brackets. Listeners are there for this \
machine alone unless HOST is written, as 0.0.0.0 or [::]. A file whose name looks like that is written ./NAME.

Files and pipes are read one after another. As soon as one source is live, which the five are, and all are \
with `--follow`, they are read side by side: records come in the order in which they arrive. Where that is \
slower than they are sent, senders wait; nothing is kept in memory. Only datagrams that nobody reads in time \
are dropped, by the system.

The last line of a file or pipe counts without a newline. That of a connection is rejected, and counted, even if the \
peer has closed it in order: nobody can tell whether it is whole. After `--idle` without data a live source holds \
no window open.

`--with NAME=SOURCE` reads another source, whose records come in where the expression says `union NAME`, behind \
stages of their own: `union (NAME | json | where level == \"error\")`. With `join (NAME | json) on id within 30s` \
they are paired with those of the stream by key and time.

Where nothing ends the input, `--for`, `limit` or a signal does: what was read is printed all the same. \
A pipe that nobody reads any more ends the run at once, and quietly; a run with `assert`, `until` or `--report` goes on \
until it has something to write.",
        examples: &[Example {
            expr: "--follow --for 1m 'limit 2'",
            input: "a\nb\nc\n",
            output: "a\nb\n",
        }],
    },
    Entry {
        name: "values",
        usage: "null bool int float text time duration",
        summary: "When text is a number, what null does, how numbers are printed.",
        details: "\
Text is a number when it is used as one: next to a number in a comparison, in arithmetic, in `sum` and its \
like. The whole text must be a number as JSON writes them; leading zeros, a leading + and .5 will do, white \
space, 5ms, nan and 0x1f will not. What is none gives null and is counted: the line on stderr at the end says \
how often, and where first. Empty text and the lone - that logs write for no value give null without counting. Text stays as it is when it is printed or \
grouped: 007 and 7 are two groups. In the same way, text next to a bool or a duration in a comparison is read as one, and \
text true or false where a condition stands. Text against text compares bytes; lists and objects are only equal or not.

The order of values is false, true, numbers (and text that is a number) by value, durations, times, text by bytes, \
lists, objects, null. `desc` reverses each kind, not the order of the kinds: `sort ms desc` starts with the largest \
number, null is last. `min` and `max` are those of the numbers if there is any; other text then counts as a failed \
conversion. Text that is an RFC 3339 time with a zone (2026-03-01 12:00:00+02:00) sorts, compares and subtracts as the \
instant it names; as a key of groups, `dedup` or joins it is its bytes.

Null makes arithmetic null and comparison false, and matches no pattern (`x !~ /re/` is true); `x == null` and `x != null` ask for it. Conditions know \
three values: `not null` is null, and a condition that is null is not true. Aggregates skip null, but for \
`count`, which counts records; so do the functions `min(a, b)` and `max(a, b)`, and `concat` takes it for \
empty text. As a group, null is one of its own, distinct from empty text and from the text null.

Groups are told apart by type and value: 1 and 1.0 are one group, 1 and the text 1 are two.

Ints have 64 bits; results that overflow become floats, but `sum` of ints is exact at any size and prints all its \
digits, also in JSON. An int in the input that does not fit keeps its digits: it prints, groups, sorts, compares and \
adds up exactly, and is a float only in other arithmetic. A float that would not be finite is null, as is what is divided by zero. `/` of two ints is a \
float when it does not divide. `round` takes exact halves away from zero. Floats are printed in the shortest \
form that reads back the same.

Times are nanoseconds of 64 bits, from 1677-09-21 to 2262-04-11. A text that says another, such as \
9999-12-31T00:00:00Z, is no time: the message says so.",
        examples: &[
            Example {
                expr: "where line > 9",
                input: "10\n9\n010\n",
                output: "10\n010\n",
            },
            Example {
                expr: "-o json 'let n = num(line) | select n + 1 as a, n == null as b, 7 / 2 as c, 1 / 0 as d'",
                input: "5\n\n",
                output: "{\"a\":6,\"b\":false,\"c\":3.5,\"d\":null}\n{\"a\":null,\"b\":true,\"c\":3.5,\"d\":null}\n",
            },
            Example {
                expr: "where line > 5m",
                input: "90s\n1h\n",
                output: "1h\n",
            },
        ],
    },
    Entry {
        name: "groups",
        usage: "AGG [where COND] [as NAME], … [by KEY [as NAME], …]",
        summary: "How aggregates combine, which columns they make, in which order.",
        details: "\
Any number of aggregates, with keys or without. Without `by` there is always one row; with `by` one for each \
group, and none if there were no records. Of nothing, `count` is 0 and all others are null.

The columns are the keys, then the aggregates. An aggregate of a field is named `sum_bytes`, another one by \
its text; `as` names either. Two columns of one name are a mistake. A condition can stand in an aggregate: \
`count(status >= 500)`, `avg(ms) where ok`.

Groups come largest first by the first aggregate; ties by key, ascending, in the order of `sort`; nulls last. \
`sort` changes that. The rows are records like any other: `count by user | count` says how many users there are.

Nothing depends on the number of threads: the same input gives the same bytes.",
        examples: &[
            Example {
                expr: "--header 'split | count, max(word) as longest where len(word) > 1 by len(word) as length'",
                input: "to be or a b\n",
                output: "length\tcount\tlongest\n2\t3\tto\n1\t2\t\n",
            },
            Example {
                expr: "split | count by word | count",
                input: "to be or not to be\n",
                output: "4\n",
            },
        ],
    },
    Entry {
        name: "results",
        usage: "",
        summary: "When results are printed.",
        details: "\
Rows that need no others are printed as they come: as soon as the input pauses. A window is printed when it is \
final, that is when no record is expected to fall into it any more. A result of the whole stream (`count`, `sort`, … \
without a `window`) is printed once, at the end of the input, or when SIGINT or SIGTERM ends it.

Until then it can be looked at. On a terminal it is redrawn in place, unless the input is a file or is typed; below \
it stands how many records have come, and how fast. What does not fit is counted, and the final result is printed \
whole. `--live` draws it on the terminal while results go to a pipe or file. `--every 5s` prints what is not \
final yet each 5 s, of windows the rows so far of those that are open, and `--changed` of that only the rows that \
are new or have changed. SIGUSR1 prints it once:

  kill -USR1 $(pidof bourn)

Looking changes no result. What is looked at is at most `--batch` old. Where TERM is dumb, nothing is redrawn.",
        examples: &[Example {
            expr: "--every 10s --changed 'split | count by word'",
            input: "a b a\n",
            output: "a\t2\nb\t1\n",
        }],
    },
    Entry {
        name: "ledger",
        usage: "",
        summary: "What is said on stderr of records that could not be used.",
        details: "\
Nothing is lost in silence. If records were rejected (longer than `--max-line`, or not what `json`, `parse` \
and their like expect) or values failed to convert \
(text used as a number that is none), one line on stderr says so at the end, with the first one's source \
(- for standard input), line number and reason:

  bourn: 10000 read, 2 failed to convert (access.log:8899: …)

Results are printed all the same. `--stats` always says where the records went: every one that was read has \
passed, was filtered or was rejected. `--rejects FILE` keeps the rejected lines; `--max-rejects 0.1%` makes \
more than that a failure.",
        examples: &[Example {
            expr: "sum(line)",
            input: "1\n2\n",
            output: "3\n",
        }],
    },
    Entry {
        name: "status",
        usage: "",
        summary: "Which exit status means what.",
        details: "  0    done, and checks held; or what reads has closed early
  1    a check failed: a row breaks assert, or until is not reached
  2    the expression or an option is wrong: nothing was read
  3    a source or the output failed; what could be read was finished
  4    records were rejected and --max-rejects does not allow it, or
       something happened that --strict does not allow
  129  hung up (SIGHUP), after results were printed
  130  interrupted (SIGINT), after results were printed
  143  ended (SIGTERM), after results were printed

If several apply, the most serious one wins: 2, else a failed output, 129, 130 or 143, 3, 1, and then 4, because unread \
data could have changed the outcome of a check. All of them are reported on stderr. In a run with `assert` or `until`, \
a rejected record is one that was not checked, so any rejected record fails it, unless `--max-rejects` allows it or \
`until` was reached. A check that judged no row holds, and a message says so even with `--quiet`. A signal that comes \
when `until` has what it waits for changes nothing. If what reads the results closes early, the status is 1 where \
an `assert` is broken by then, else 0, whatever became of the sources.

The first signal ends the input: what was read is finished and printed. The second ends the program at once.",
        examples: &[
            Example {
                expr: "--check count",
                input: "",
                output: "",
            },
            Example {
                expr: "match 'FATAL' | count | assert count == 0 'the build is broken'",
                input: "ok\n",
                output: "0\n",
            },
        ],
    },
    Entry {
        name: "environment",
        usage: "",
        summary: "Which variables of the environment are read.",
        details: "\
`NO_COLOR`: where it is set and not empty, `--color auto` means never.

`TERM`: where it is dumb, nothing is redrawn in place, and there is no color.

`TZ`: the zone that `--tz local` means. Nothing else reads it, so that a result does not depend on where it is made.

The locale is not read: text is UTF-8, and the names of months and days are English.",
        examples: &[Example {
            expr: "select time(line) as t",
            input: "May 17 2015 10:05:03\n",
            output: "2015-05-17T10:05:03Z\n",
        }],
    },
    EXAMPLES,
    COOKBOOK,
];
