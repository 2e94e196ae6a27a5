//! LANGUAGE: the pages of the manual about the language as a whole, one row per page. Stages, aggregates and functions
//! are documented in their own tables.

use crate::data::{Entry, Example};

use super::cookbook::{COOKBOOK, EXAMPLES};

/// Every page, in reading order. A line that begins with two spaces is printed unchanged.
pub const LANGUAGE: &[Entry] = &[
    Entry {
        name: "expressions",
        usage: "STAGE | STAGE | …",
        summary: "The syntax of stages, fields, literals and operators.",
        details: "\
An expression is one or more stages separated by `|`. A stage is a name with its arguments, or a list of \
aggregates, which needs no name: `count, sum(x) as total where x > 0 by host, day`. Stages such as `match`, \
`where` and `split` see one record at a time and run on all cores; `sort`, `tail`, `top`, `fold` and \
aggregates need all records; `dedup` and `running` remember earlier records.

A comment extends from # to the end of the line. A newline is white space.

Operators, lowest precedence first; parentheses group:

  or
  and
  not
  == != < <= > >= ~ !~ in     x ~ /regex/, x in (1, 2, 3)
  ??                          a ?? b: b if a is null
  + -
  * / // %                    // floors; % has the sign of the divisor
  - (sign)

Literals: 42, 1_000, 1.5e3; sizes 10kB, 4MiB; \"text\", 'text', with \\n \\t \\\\ \\\" \\' \\xHH \\u{…} in \
either kind of quotes; /regex/ and /regex/i; durations 500ms, 30s, 5m, 1h30m, 1d; true, false, null.

Write a field as its name, in back quotes if it contains other characters: `` `count(x > 1)` ``. Naming a \
field that no stage can have created is an error, reported before any input is read.

Text after `~` that looks like a regular expression is an error that shows both alternatives: a /regex/, or \
`contains`.",
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
        summary: "Records, their fields, and how results are printed.",
        details: "\
A record is a line without its terminator, \\n or \\r\\n; `--records` chooses another delimiter. A last line \
without a terminator counts. NUL and every other byte are ordinary: text is bytes, usually UTF-8, and is never \
changed. A byte order mark at the start of a source is not part of its first record; UTF-16 with a byte order \
mark is read as UTF-8.

A record has one field, `line`. The source adds `@source` (the path as written, - for standard input, or the \
address of the connected peer), `@number` (1-based within the source) and `@time` (when its last byte was \
read; it never decreases). `split`, `select` and aggregates replace `line` by other fields; after them, \
`match`, `skip` and `split` need a field: `match \"x\" in word`, `split ',' from word`. Messages of a kafka:// \
source also have `@key`, `@partition`, `@offset`, `@topic` and `@headers.NAME`, and their `@time` is the one that \
the producer or the broker has set.

After `json`, `logfmt` and a csv with a header, a name means the record's own field if the record has it, and \
otherwise what it meant before: `json | where line == 12` uses the field `line` of each object, or the line \
itself if the object has no such field. A stage without `from` or `in` uses the original line. `@source`, \
`@number` and `@time` always come from the source; in back quotes, `` `@time` ``, they are fields of the \
record, as `@timestamp` and other names with @ always are.

If no stage makes or chooses columns (as `let`, `select`, `drop`, `split`, `top` and aggregates do), lines are \
printed unchanged. Otherwise the columns are printed: as a table on a terminal, elsewhere separated by tabs \
and without a header. `-o FORMAT` always prints columns. If the fields come from the data, as after `json`, \
then csv, tsv and table have the columns of the first record; after a stage that needs all records (`sort`, \
`tail`) those of all rows; in windows those of the first window. Fields that were not printed are named on \
stderr at the end.",
        examples: &[Example {
            expr: "match 'b' | select @source, @number, line",
            input: "a\nb\n",
            output: "-\t2\tb\n",
        }],
    },
    Entry {
        name: "live",
        usage: "bourn EXPR SOURCE…",
        summary: "Files, standard input, sockets, and live sources.",
        details: "\
A source is a path, - for standard input (the default), or one of these:

  tcp://HOST:PORT             connects
  tcp-listen://[HOST:]PORT    accepts connections
  udp-listen://[HOST:]PORT    receives datagrams
  unix://PATH                 connects to a socket of this machine
  unix-listen://PATH          accepts connections at this path
  kafka://HOST:PORT/TOPIC     reads the messages of a topic

`bourn --help sources` describes each. Write an IPv6 address in brackets. Listeners accept connections from \
this machine only, unless HOST is given, such as 0.0.0.0 or [::]. Write ./NAME for a file whose name looks \
like one of these.

Files and pipes are read one after another. If at least one source is live, all sources are read concurrently, \
and records come in the order of arrival. The first five kinds above are live; with `--follow` all sources are. If \
records are processed more slowly than they are sent, senders wait; no backlog is kept in memory. Only \
datagrams that are not read in time are dropped, by the system.

The last line of a file or pipe counts without a newline. The unterminated last line of a connection is \
rejected and counted, even if the peer closed the connection in order, because it may be incomplete. After \
`--idle` without data, a live source no longer keeps windows open.

`--with NAME=SOURCE` reads another source, whose records are merged in at `union NAME`, after stages of their \
own: `union (NAME | json | where level == \"error\")`. With `join (NAME | json) on id within 30s` they are \
paired with the records of the stream by key and time.

`--for`, `limit` or a signal ends an input that does not end by itself; what was read so far is printed. If \
the reader of the output pipe exits, the run ends at once without a message; a run with `assert`, `until` or \
`--report` goes on until it has something to write.",
        examples: &[Example { expr: "--follow --for 1m 'limit 2'", input: "a\nb\nc\n", output: "a\nb\n" }],
    },
    Entry {
        name: "values",
        usage: "null bool int float text time duration",
        summary: "Types, conversion of text, null, order, and how numbers are printed.",
        details: "\
Text is converted to a number when it is used as one: next to a number in a comparison, in arithmetic, in \
`sum` and similar aggregates. The whole text must be a number as in JSON; leading zeros, a leading + and .5 \
are allowed too, but white space, 5ms, nan and 0x1f are not. Other text gives null and is counted: a line on \
stderr at the end reports how many conversions failed, and the first one. Empty text and a lone -, which logs \
write for a missing value, give null without being counted. Text keeps its form when it is printed or grouped: \
007 and 7 are two groups. In the same way, text compared with a bool or a duration is converted to one, and so \
is the text true or false in a condition. Text is compared with text by bytes; lists and objects can only be \
equal or not.

The order of values is false, true, numbers (and text that is a number) by value, durations, times, text by \
bytes, lists, objects, null. `desc` reverses the order within each kind, not the order of the kinds: `sort ms \
desc` starts with the largest number, and null is last. `min` and `max` use the numbers if there are any; \
other text then counts as a failed conversion. Text that is an RFC 3339 time with a zone (2026-03-01 \
12:00:00+02:00) sorts, compares and subtracts as the instant it names; as a key of groups, `dedup` or joins it \
is compared by bytes.

Arithmetic with null is null, a comparison with null is false, and null matches no pattern (`x !~ /re/` is \
true); test for it with `x == null` and `x != null`. Conditions have three values: `not null` is null, and a \
null condition does not hold. Aggregates skip null, except `count`, which counts records; so do the functions \
`min(a, b)` and `max(a, b)`, and `concat` treats it as empty text. As a key, null is a group of its own, \
distinct from empty text and from the text null.

Groups are distinguished by type and value: 1 and 1.0 are one group, 1 and the text 1 are two.

Ints have 64 bits; results that overflow become floats, but the `sum` of ints is exact at any size and prints \
all its digits, also in JSON. An int in the input that does not fit keeps its digits: it prints, groups, \
sorts, compares and adds up exactly, and is a float only in other arithmetic. A float that is not finite \
becomes null, and so does a division by zero. `/` of two ints is a float if the division has a remainder. \
`round` rounds exact halves away from zero. Floats are printed in the shortest form that reads back as the \
same float.

Times are 64-bit nanoseconds, from 1677-09-21 to 2262-04-11. Text with a time outside this range, such as \
9999-12-31T00:00:00Z, is not a time; a message reports it.",
        examples: &[
            Example { expr: "where line > 9", input: "10\n9\n010\n", output: "10\n010\n" },
            Example {
                expr: "-o json 'let n = num(line) | select n + 1 as a, n == null as b, 7 / 2 as c, 1 / 0 as d'",
                input: "5\n\n",
                output: "{\"a\":6,\"b\":false,\"c\":3.5,\"d\":null}\n{\"a\":null,\"b\":true,\"c\":3.5,\"d\":null}\n",
            },
            Example { expr: "where line > 5m", input: "90s\n1h\n", output: "1h\n" },
        ],
    },
    Entry {
        name: "groups",
        usage: "AGG [where COND] [as NAME], … [by KEY [as NAME], …], count by KEY, … approx N",
        summary: "Aggregates and keys, and the columns and order of the result.",
        details: "\
A stage can have any number of aggregates, with or without keys. Without `by` the result is always one row; \
with `by` it has one row per group, and none if there were no records. Without records, `count` is 0 and every \
other aggregate is null.

The columns are the keys, then the aggregates. The aggregate of a field is named like `sum_bytes`, any other \
by its text; `as` renames either. Two columns with the same name are an error. An aggregate can have a \
condition: `count(status >= 500)`, `avg(ms) where ok`.

Aggregates are operands of expressions: `100 * count(status >= 500) / count as error_pct by path`, \
`max(time) - min(time) as took by id`, `sum(bytes) / 1MiB`. A condition after `where` applies to every aggregate \
of the item. `min` and `max` of one argument are aggregates, of several functions; `count` and `rate` need no \
parentheses. Outside of aggregates, an expression can use the keys only; in `running` and `overall`, also the \
fields of each record. Equal aggregates are computed once.

A later stage may repeat the text of a key or aggregate, also of one that `as` renamed: \
`count by hour(time) | sort hour(time)`, `sum(bytes) as b by ip | where sum(bytes) > 1MB`. An expression that has a \
meaning of its own keeps it.

Groups are ordered by the first item, largest first; ties by key, ascending, in the order of `sort`; \
nulls last. `sort` changes that. The rows are records for the next stage: `count by user | count` prints the \
number of users.

`count by KEY approx N` bounds memory by N counters and adds a column `error`; see `count`.

The result does not depend on the number of threads: the same input gives the same bytes.",
        examples: &[
            Example {
                expr: "--header 'split | count, max(word) as longest where len(word) > 1 by len(word) as length'",
                input: "to be or a b\n",
                output: "length\tcount\tlongest\n2\t3\tto\n1\t2\t\n",
            },
            Example { expr: "split | count by word | count", input: "to be or not to be\n", output: "4\n" },
            Example {
                expr: "csv as path, status | 100 * count(status >= 500) / count as error_pct by path",
                input: "/a,200\n/a,500\n/b,200\n",
                output: "/a\t50\n/b\t0\n",
            },
            Example {
                expr: "split | count by len(word) as n | sort len(word) desc",
                input: "to be or not\n",
                output: "3\t1\n2\t3\n",
            },
        ],
    },
    Entry {
        name: "results",
        usage: "",
        summary: "When results are printed.",
        details: "\
Stages that need one record at a time print their rows as soon as the input pauses. A window is printed when \
it is final, once no more records are expected in it. A result of the whole stream (`count`, `sort`, … without \
a `window`) is printed once, at the end of the input, or when SIGINT or SIGTERM ends it.

Intermediate results can be shown before that. On a terminal the table is redrawn in place, unless the input \
is a file or is typed; a status line below it shows the record count and rate. Rows that do not fit on the \
screen are counted, and the final result is printed in full. `--live` draws the table on the terminal while \
results go to a pipe or file. `--every 5s` prints intermediate results every 5 seconds (with windows, the rows \
so far of those that are open), and `--changed` prints only the rows that are new or have changed. SIGUSR1 \
prints intermediate results once:

  kill -USR1 $(pidof bourn)

Intermediate results never change the final one. They are at most `--batch` old. If TERM is dumb, nothing is \
redrawn.",
        examples: &[Example {
            expr: "--every 10s --changed 'split | count by word'",
            input: "a b a\n",
            output: "a\t2\nb\t1\n",
        }],
    },
    Entry {
        name: "ledger",
        usage: "",
        summary: "The report on stderr about records that could not be used.",
        details: "\
Nothing is dropped silently. If records were rejected (longer than `--max-line`, or not in the form that \
`json`, `parse` and similar stages expect) or values failed to convert (text used as a number that is not \
one), one line on stderr reports it at the end, with the source (- for standard input), line number and reason \
of the first one:

  bourn: 10000 read, 2 failed to convert (access.log:8899: …)

Results are printed all the same. `--stats` always prints the full count: every record that was read has \
passed, was filtered or was rejected. `--rejects FILE` keeps the rejected lines; with `--max-rejects 0.1%` the \
run fails if there are more.",
        examples: &[Example { expr: "sum(line)", input: "1\n2\n", output: "3\n" }],
    },
    Entry {
        name: "status",
        usage: "",
        summary: "The exit status, and which of several wins.",
        details: "  0    success, checks held; also if the output's reader exits early
  1    a check failed: a row fails assert, or until was not reached
  2    the expression or an option is wrong; no input was read
  3    a source or the output failed; the input that could be read
       was still processed
  4    records were rejected and --max-rejects does not allow it, or
       --strict found a problem
  129  hung up (SIGHUP), after results were printed
  130  interrupted (SIGINT), after results were printed
  143  ended (SIGTERM), after results were printed

If several apply, the most serious one wins: 2, then a failed output, 129, 130 or 143, 3, 1, and 4, because \
unread data could have changed the outcome of a check. All of them are reported on stderr. In a run with \
`assert` or `until`, a rejected record is a record that was not checked, so any rejected record fails the run, \
unless `--max-rejects` allows it or `until` was reached. A check that saw no row holds, and a message reports \
this even with `--quiet`. A signal that comes after `until` was reached changes nothing. If the reader of the \
output exits early, the status is 1 if an `assert` has failed by then, otherwise 0, even if sources failed.

The first signal ends the input: everything read so far is processed and printed. The second ends the program \
at once.",
        examples: &[
            Example { expr: "--check count", input: "", output: "" },
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
        summary: "The environment variables that are read.",
        details: "\
`NO_COLOR`: if it is set and not empty, `--color auto` means never.

`TERM`: if it is dumb, nothing is redrawn in place, and there is no color.

`TZ`: the zone that `--tz local` means. It is not used for anything else, so that a result does not depend on \
the machine.

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
