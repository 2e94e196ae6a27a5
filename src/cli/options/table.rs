//! The rows, by name.

use super::{Audience, OptionDef, ValueKind};
use crate::data::{Entry, Example};

/// Every option, by name.
pub const OPTIONS: &[&OptionDef] = &[
    &OptionDef {
        entry: Entry {
            name: "annotate",
            usage: "--annotate HOST",
            summary: "Mark what fails where the run's host shows it: github.",
            details: "github: workflow commands on stderr (`::error file=app.log,line=7::…`) for rows that break an `assert`, \
                      for an `until` that is not reached, for rejects over `--max-rejects` and for sources that \
                      fail. The line is known of rows that are records still; of others, only the first source, if \
                      it is a file. The rows are then shown in the annotations alone: what they hold cannot be \
                      taken for a command.",
            examples: &[Example {
                expr: "--annotate github 'count | assert count < 5'",
                input: "a\nb\n",
                output: "2\n",
            }],
        },
        short: None,
        kind: ValueKind::Host,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "batch",
            usage: "--batch DURATION",
            summary: "How often the threads' partial results are merged.",
            details: "The micro-batch interval. It changes no result, only how fresh one is that is not final: records have the time at which they are read, not that of their batch. 1s without it \
                      where there are windows, or somebody looks meanwhile; else results are merged once, at the end.",
            examples: &[Example {
                expr: "--batch 500ms 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "changed",
            usage: "--changed",
            summary: "Of results not final yet, print only rows that have changed.",
            details: "With `--every` or SIGUSR1: a row that was among the last ones in the same form is left out. Final results are printed whole. On a terminal, tables are not redrawn in place but follow each other.",
            examples: &[Example {
                expr: "--every 1m --changed 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "check",
            usage: "--check",
            summary: "Only check the expression and the options: nothing is read.",
            details: "The exit status is 0 if they are right and 2 if not.",
            examples: &[Example { expr: "--check 'split | count by word'", input: "", output: "" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "chunk",
            usage: "--chunk SIZE",
            summary: "How many bytes a thread is handed at once.",
            details: "Changes no result. 256KiB without it.",
            examples: &[Example {
                expr: "--chunk 1 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Size,
        audience: Audience::Developers,
    },
    &OptionDef {
        entry: Entry {
            name: "color",
            usage: "--color WHEN",
            summary: "Bold headers and dim nulls in tables: auto, always or never.",
            details: "auto, which is meant without it, is on a terminal, unless NO_COLOR is set. Where there is \
                      color, null is the word; elsewhere it is empty. Only table and bars have any.",
            examples: &[Example {
                expr: "--color never -o table 'split | count by word'",
                input: "a b a\n",
                output: "word  count\na         2\nb         1\n",
            }],
        },
        short: None,
        kind: ValueKind::When,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "every",
            usage: "--every DURATION",
            summary: "Print results that are not final as well, each DURATION.",
            details: "Of windows the rows so far of those that are open; without a window, the whole result so far. Where nothing has come since the last time, nothing is printed. What is printed as table or bars has an empty line between, with a header for each; in other formats rows simply follow. `--changed` leaves out rows that are the same. SIGUSR1 prints such results once. Final results are printed as ever. On a terminal on which a table is redrawn in place, it is redrawn as often.",
            examples: &[Example {
                expr: "--every 1m 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "exact",
            usage: "--exact",
            summary: "Percentiles, distinct counts and histograms use no sketches.",
            details: "Without it they are exact up to 4096 values a group and close beyond. With it they are exact at any size: every group keeps \
                      all its values, so that memory grows with the input.",
            examples: &[Example {
                expr: "--exact 'split | median(word), count_distinct(word)'",
                input: "1 5 2 5 9\n",
                output: "5\t4\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "explain",
            usage: "--explain",
            summary: "Print how the expression would be run: nothing is read.",
            details: "What is decoded, what every thread does on its own, what is done with all of it, what bounds \
                      the memory, and when results appear.",
            examples: &[],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "expression-file",
            usage: "-x, --expression-file FILE",
            summary: "Read the expression from a file: every argument is a source.",
            details: "A newline is white space, and a comment goes from # to the end of the line, so that a long \
                      expression can be laid out.",
            examples: &[],
        },
        short: Some('x'),
        kind: ValueKind::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "fill",
            usage: "--fill",
            summary: "Print windows without records as well.",
            details: "Between the first and the last window that has records: `count` is 0 and other aggregates are null; with `by` there is a row for each key that came in a window before. A gap of more than a million rows is left out: see `--fill-limit`.",
            examples: &[Example {
                expr: "--fill 'parse \"{t:time}\" | count | window 1m on t'",
                input: "2026-03-01T10:00:05Z\n2026-03-01T10:02:00Z\n",
                output: "2026-03-01T10:00:00Z\t2026-03-01T10:01:00Z\t1\n2026-03-01T10:01:00Z\t2026-03-01T10:02:00Z\t0\n2026-03-01T10:02:00Z\t2026-03-01T10:03:00Z\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "fill-limit",
            usage: "--fill-limit N",
            summary: "Leave out gaps that --fill would print more than N rows for.",
            details: "The default is 1000000. One record with a wrong time can be decades from the next: a note names \
                      the gap and the number that prints it. The windows before and after it are printed as ever.",
            examples: &[Example {
                expr: "--fill --fill-limit 60 'parse \"{t:time}\" | count | window 1m on t'",
                input: "1970-01-01T00:00:00Z\n2026-03-01T10:00:05Z\n2026-03-01T10:02:00Z\n",
                output: "1970-01-01T00:00:00Z\t1970-01-01T00:01:00Z\t1\n2026-03-01T10:00:00Z\t2026-03-01T10:01:00Z\t1\n2026-03-01T10:01:00Z\t2026-03-01T10:02:00Z\t0\n2026-03-01T10:02:00Z\t2026-03-01T10:03:00Z\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Count,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "follow",
            usage: "--follow",
            summary: "Read files on as they grow; connections are made again.",
            details: "A file is followed by its name, as `tail -F` does it: through renaming, emptying, removal and \
                      return. A directory is all files in it, also those to come. `tcp://` and `unix://` connect \
                      again whenever the connection ends. Standard input, if it is a pipe, still ends with its \
                      writer. All sources are read side by side.",
            examples: &[Example { expr: "--follow 'match /a/'", input: "a\nb\n", output: "a\n" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "for",
            usage: "--for DURATION",
            summary: "End the input after this time, and print what there is.",
            details: "The exit status is 0, as at the end of any input. A shell waits for every command of a pipe, so in \
                      `docker logs -f app | bourn --for 1m …` it waits until `docker` writes again and finds that the \
                      pipe is closed; `bourn --for 1m … < <(docker logs -f app)` ends after a minute.",
            examples: &[Example { expr: "--for 1m 'split | count by word'", input: "a b a\n", output: "a\t2\nb\t1\n" }],
        },
        short: None,
        kind: ValueKind::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "forget",
            usage: "--forget DURATION",
            summary: "Forget keys that have been silent for longer.",
            details: "For `dedup`, `running` and `fold` on a stream that never ends: without it they remember every key. \
                      A key that comes again begins anew, and one that has been silent so long at the end is no row of `fold`. Time is that of arrival, or that of \
                      the window's `on FIELD`: the largest so far.",
            examples: &[Example {
                expr: "--forget 10m 'parse \"{t:time} {what}\" | dedup what | window 1d on t | select t, what'",
                input: "2026-03-01T10:00:00Z up\n2026-03-01T10:05:00Z up\n2026-03-01T10:30:00Z up\n",
                output: "2026-03-01T10:00:00Z\tup\n2026-03-01T10:30:00Z\tup\n",
            }],
        },
        short: None,
        kind: ValueKind::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "formats",
            usage: "--formats",
            summary: "List the formats that `parse` knows, with their fields.",
            details: "A line of each is shown too. A field is text, or has its type after a colon. Formats of your own (`--formats-file`) come last.",
            examples: &[],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "formats-file",
            usage: "--formats-file FILE",
            summary: "Read your own formats for `parse` from FILE.",
            details: "Without it, from $XDG_CONFIG_HOME/bourn/formats.toml (default ~/.config/bourn/formats.toml) if \
                      that file is there; it is read only for a format that is not built in, for `--formats` and for \
                      `--help`. FILE is TOML, a table for each format:\n\n\
                      \u{20} [app]\n\
                      \u{20} summary = \"Log of the app.\"\n\
                      \u{20} pattern = \"{time:time} [{level:word}] {thread}: {message}\"\n\
                      \u{20} sample = \"2026-03-01T10:00:00Z [INFO] main: started\"\n\n\
                      `pattern` is written as for `parse`; `regex`, as for the stage `regex`, can take its place. The \
                      sample is a line that the format reads: one that it does not read is an error. The name of a \
                      built-in format and other keys are errors too.",
            examples: &[Example {
                expr: "--formats-file formats.toml 'parse app | count by level'",
                input: "2026-03-01T10:00:00Z [INFO] main: started\n2026-03-01T10:00:01Z [WARN] io: slow\n",
                output: "INFO\t1\nWARN\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "header",
            usage: "--header",
            summary: "Print the names of the columns first, whatever the format's habit.",
            details: "csv, table and bars have a header anyway. It is printed even if there are no rows, as far as the columns \
                      are known.",
            examples: &[Example {
                expr: "--header 'split | count by word'",
                input: "a b a\n",
                output: "word\tcount\na\t2\nb\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "help",
            usage: "-h, --help [NAME]",
            summary: "Show the language on one screen, or all about NAME.",
            details: "NAME is a stage, aggregate, function, format, source or option, a page of the language, or one \
                      of the words stages, aggregates, functions, language, formats, sources, options.",
            examples: &[],
        },
        short: Some('h'),
        kind: ValueKind::Name,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "idle",
            usage: "--idle DURATION",
            summary: "How long a live source may be silent; 10s without it.",
            details: "After so long without data from a source, its time goes on with the clock, from that of its last record: so \
                      windows of `on FIELD` become final although nothing comes. As long as other sources speak, they alone \
                      say what is final. A source whose records are all dropped in front of the windows speaks, but its time \
                      stands still: with `count(k == \"a\")` in place of `where k == \"a\" | count` all of them move it.\n\n\
                      After as long, a record whose end only the next one tells (`--records '/regex/'`) is closed, and a \
                      sender of datagrams is forgotten.",
            examples: &[Example {
                expr: "--idle 1m --records '/^[0-9]/' 'count'",
                input: "1 a\n  b\n2 c\n",
                output: "2\n",
            }],
        },
        short: None,
        kind: ValueKind::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "late",
            usage: "--late FILE",
            summary: "Keep late lines in a file, in the order of the stream.",
            details: "A record is late if all its windows were final when it came; `window … late DUR` says how long to wait. The file is created, or emptied, before anything is read.",
            examples: &[Example {
                expr: "--late /dev/null 'parse \"{t:time}\" | count | window 1m on t'",
                input: "2026-03-01T10:01:05Z\n2026-03-01T10:00:00Z\n",
                output: "2026-03-01T10:01:00Z\t2026-03-01T10:02:00Z\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "live",
            usage: "--live",
            summary: "Draw the table on the terminal while results go to a pipe or file.",
            details: "On the terminal of standard error, or else the one that the program was started from; standard output gets what it would get anyway. If standard output is a terminal, the result of a live source is redrawn in place anyway until it is final, ten times a second at most; with `--live` also that of files. Windows that are not final yet are drawn below those that are. A status line below the table shows the record count and rate, and with `window … on FIELD` how far their time is behind the clock.",
            examples: &[Example { expr: "--live 'split | count by word'", input: "a b a\n", output: "a\t2\nb\t1\n" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "max-jump",
            usage: "--max-jump DURATION",
            summary: "How far ahead of the clock a time may be and still end windows.",
            details: "1d without it. A record from a year far ahead is in its window like any other, but moves no window unless it is at most so far ahead of the clock or of the other records of its source. Records that were further ahead are counted.",
            examples: &[Example {
                expr: "--max-jump 1h 'parse \"{t:time}\" | count | window 1m on t'",
                input: "2026-03-01T10:00:00Z\n2200-12-31T00:00:00Z\n2026-03-01T10:00:30Z\n",
                output: "2026-03-01T10:00:00Z\t2026-03-01T10:01:00Z\t2\n2200-12-31T00:00:00Z\t2200-12-31T00:01:00Z\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "max-line",
            usage: "--max-line SIZE",
            summary: "Reject records that are longer; 16MiB without it.",
            details: "A rejected record is counted and named on stderr at the end. Up to 1GiB.",
            examples: &[Example { expr: "--max-line 4 count", input: "abcd\nabcde\n", output: "1\n" }],
        },
        short: None,
        kind: ValueKind::Size,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "max-rejects",
            usage: "--max-rejects LIMIT",
            summary: "Fail with status 4 if more are rejected: a number, or P% of all.",
            details: "Results are printed all the same, and everything is read. `--max-rejects 0` allows none; of \
                      `--max-rejects 0.1%`, the share is of all records that were read. A run with `assert` or \
                      `until` allows none without this option, because a record that cannot be read is not checked; \
                      an `until` that is reached succeeds all the same.",
            examples: &[Example {
                expr: "--max-rejects 50% 'json | sum(n)'",
                input: "{\"n\":1}\n{\"n\":\n",
                output: "1\n",
            }],
        },
        short: None,
        kind: ValueKind::Rejects,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "no-header",
            usage: "--no-header",
            summary: "Leave out the names of the columns.",
            details: "tsv, json, logfmt and raw have none anyway. If lines are printed as they came, the header of csv is left \
                      out.",
            examples: &[Example {
                expr: "-o csv --no-header 'split | count by word'",
                input: "a b a\n",
                output: "a,2\nb,1\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "output",
            usage: "-o, --output FORMAT",
            summary: "How results are printed: `--help formats` lists the formats.",
            details: "Without it, results are a table on a terminal and tsv without a header elsewhere; if no stage \
                      makes or chooses columns, the lines are printed as they came.",
            examples: &[Example {
                expr: "-o json 'split | count by word'",
                input: "a b a\n",
                output: "{\"word\":\"a\",\"count\":2}\n{\"word\":\"b\",\"count\":1}\n",
            }],
        },
        short: Some('o'),
        kind: ValueKind::Format,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "quiet",
            usage: "--quiet",
            summary: "Say nothing on stderr but mistakes in expression and options.",
            details: "Results are printed as ever, and the exit status tells how it ended. What is asked for by name is \
                      said all the same: `--stats`, `--annotate`, and the port that replaces port 0 of a listener.",
            examples: &[Example { expr: "--quiet 'json | sum(n)'", input: "{\"n\":1}\n{\"n\":\n", output: "1\n" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "records",
            usage: "--records END",
            summary: "What a record is: 0 (NUL), json, cri, octet-counted or a /regex/.",
            details: "Without it a record is a line, and `json` reads values of any shape. With 0 it ends at a NUL byte, \
                      as `find -print0` writes them, and newlines are bytes like others. With a regex it begins at a \
                      line that matches and has all lines up to the next that does: a stack trace is one record with \
                      the line before it. Lines before the first that matches are a record too. On a live source, \
                      silence closes the last one: see `--idle`. Rows are printed with a newline after each.\n\n\
                      json: each value is a record, and of a list at the top each element, wherever they end; see \
                      `bourn --help json`.\n\n\
                      cri: lines of a container runtime, `TIME STREAM TAG LOG`. The parts of a long line, tagged P and \
                      at last F, become one record with the time of the first part and the tag F, for stdout and \
                      stderr separately. Parts whose last one never comes are a record with the tag P.\n\n\
                      octet-counted: each message comes after its length in bytes and a blank, as syslog over TCP sends \
                      them (RFC 6587). Where no length is, the line is rejected, and those after it, up to a length \
                      that is followed by `<`.",
            examples: &[
                Example {
                    expr: "--records '/^[0-9]{4}-/' 'where line ~ /TimeoutException/ | count'",
                    input: "2026-03-01 failed\njava.TimeoutException\n  at A.b\n2026-03-02 fine\n",
                    output: "1\n",
                },
                Example { expr: "--records 0 'sort line | select len(line)'", input: "a\nb\0c\0", output: "3\n1\n" },
                Example {
                    expr: "--records json 'select @number, line'",
                    input: "{ \"a\": 1 }{\n \"a\": 2\n}",
                    output: "1\t{\"a\":1}\n2\t{\"a\":2}\n",
                },
                Example {
                    expr: "--records cri 'match \"\"'",
                    input: "10:00:00Z stdout P a long \n10:00:00Z stderr F an error\n10:00:01Z stdout F line\n",
                    output: "10:00:00Z stderr F an error\n10:00:00Z stdout F a long line\n",
                },
                Example {
                    expr: "--records octet-counted 'select line'",
                    input: "6 <34>ab9 <34>two\nx",
                    output: "<34>ab\n<34>two\\nx\n",
                },
            ],
        },
        short: None,
        kind: ValueKind::Records,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "rejects",
            usage: "--rejects FILE",
            summary: "Keep rejected lines in a file, in the order of the stream.",
            details: "The file is created, or emptied, before anything is read. A line stands there once, as it came, \
                      whichever stage rejects it; behind `sort` and `tail`, at the end. Not kept are lines that are \
                      longer than `--max-line`. Behind aggregates, `split` and `explode` rows are no records any \
                      more: what cannot be read there has failed to convert.",
            examples: &[Example {
                expr: "--rejects /dev/null 'json | sum(n)'",
                input: "{\"n\":1}\n{\"n\":\n",
                output: "1\n",
            }],
        },
        short: None,
        kind: ValueKind::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "report",
            usage: "--report FILE",
            summary: "Write what became of the checks, as JUnit XML, for a build server.",
            details: "One test case for each `assert` and `until`, one for rejected records, one for `--strict` if it is \
                      given, and one for reading and writing as a whole. A check that judged no row is `skipped`. The \
                      report of an earlier run is removed first, also if this one fails before it reads anything; the \
                      new one appears at the end, whole or not at all. If it cannot be written, nothing is read.",
            examples: &[Example {
                expr: "--report /dev/null 'count | assert count < 5'",
                input: "a\nb\n",
                output: "2\n",
            }],
        },
        short: None,
        kind: ValueKind::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "seed",
            usage: "--seed N",
            summary: "Another number, another sample: `sample` takes other records.",
            details: "The same number takes the same records, whatever the number of threads; 0 without it.",
            examples: &[Example {
                expr: "--seed 7 'sample 1/2 | select @number as n'",
                input: "a\na\na\na\na\na\na\na\n",
                output: "1\n2\n3\n7\n",
            }],
        },
        short: None,
        kind: ValueKind::Seed,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "stats",
            usage: "--stats",
            summary: "Say on stderr at the end where all records went, and how fast.",
            details: "The ledger: every record that was read has passed, was filtered or was rejected. MB are millions \
                      of bytes, of compressed sources those that came out.",
            examples: &[Example { expr: "--stats 'split | count by word'", input: "a b a\n", output: "a\t2\nb\t1\n" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "strict",
            usage: "--strict",
            summary: "Fail with status 4 for rejects, late records, failed conversions.",
            details: "Also if no record has a field that the expression names, if a source has no record, if a time is \
                      too far ahead of the clock, or if the system dropped datagrams. Everything is read and printed as \
                      usual. `--max-rejects` still says how many rejected records are allowed. A check that fails has its own status, 1.",
            examples: &[Example { expr: "--strict 'json | sum(n)'", input: "{\"n\":1}\n{\"n\":2}\n", output: "3\n" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "tail",
            usage: "--tail N",
            summary: "Start at the last N records of each file.",
            details: "What stands in front of them is not read, however long the file is; a header that names columns is. \
                      With `--follow`, `--tail 0` begins with what is written from now on. Files that come later, to a \
                      directory or by rotation, are read from their start. The stage `tail N` is the one for pipes.",
            examples: &[],
        },
        short: None,
        kind: ValueKind::Count,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "threads",
            usage: "-j, --threads N",
            summary: "How many worker threads; without it, one for each core.",
            details: "Changes no result.",
            examples: &[Example { expr: "-j 1 'split | count by word'", input: "a b a\n", output: "a\t2\nb\t1\n" }],
        },
        short: Some('j'),
        kind: ValueKind::Threads,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "tz",
            usage: "--tz ZONE",
            summary: "The zone of times without one, of windows and of what is printed.",
            details: "A name such as Europe/Berlin, an offset such as +02:00, or local. UTC without it.",
            examples: &[Example {
                expr: "--tz Asia/Tokyo 'select bin(time(line), 1d) as day'",
                input: "2026-03-01T20:00:00Z\n",
                output: "2026-03-02T00:00:00+09:00\n",
            }],
        },
        short: None,
        kind: ValueKind::Zone,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "version",
            usage: "-V, --version",
            summary: "Print the version.",
            details: "",
            examples: &[],
        },
        short: Some('V'),
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "with",
            usage: "--with NAME=SOURCE",
            summary: "Another source that the expression knows: union NAME, join NAME.",
            details: "SOURCE is written as any source: a file, - for standard input, tcp://HOST:PORT and the like. The option may stand \
                      several times, with other names; sources of one name are read as several on the command \
                      line are. Every name has to be used.",
            examples: &[Example {
                expr: "--with hosts=hosts.csv 'union (hosts | csv | let line = ip) | count by line'",
                input: "10.0.0.2\n",
                output: "10.0.0.2\t2\n10.0.0.1\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Source,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "year",
            usage: "--year YEAR",
            summary: "Set the year of the first time that has none, as in syslog.",
            details: "Times after the first one of each source take the year that puts them nearest to the record before, so that a log may run over New Year. Without this option, the first one takes the latest year in which it is at most a day ahead of the clock.",
            examples: &[Example {
                expr: "--year 2015 'select time(line) as t'",
                input: "Dec 31 23:59:59\nJan  1 00:00:01\n",
                output: "2015-12-31T23:59:59Z\n2016-01-01T00:00:01Z\n",
            }],
        },
        short: None,
        kind: ValueKind::Year,
        audience: Audience::Everyone,
    },
];
