//! The rows of the table of options, sorted by name.

use super::{Audience, OptionDef, ValueKind};
use crate::data::{Entry, Example};

/// Every option, sorted by name.
pub const OPTIONS: &[&OptionDef] = &[
    &OptionDef {
        entry: Entry {
            name: "annotate",
            usage: "--annotate HOST",
            summary: "Annotate failures in the CI system's UI (github).",
            details: "github: write workflow commands on stderr (`::error file=app.log,line=7::…`) for rows that \
                      fail an `assert`, for an `until` that was not reached, for rejects over `--max-rejects` and \
                      for sources that failed. The line is known for rows that are still records; for other rows \
                      only the first source is named, if it is a file. The rows are then printed only in the \
                      annotations, so that their text cannot be mistaken for a command.",
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
            summary: "How often intermediate results are refreshed.",
            details: "The micro-batch interval: how often the partial results of the threads are merged. It never \
                      changes a result, only how fresh intermediate ones are: a record's `@time` is when it was \
                      read, whatever its batch. Default 1s with windows or when intermediate results are shown; \
                      otherwise results are merged once, at the end.",
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
            summary: "In intermediate results, print only rows that changed.",
            details: "Used with `--every` or SIGUSR1: a row that was already in the previous result is left out. \
                      Final results are printed in full. On a terminal, tables are printed one after another \
                      instead of being redrawn in place.",
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
            summary: "Check the expression and the options without reading any input.",
            details: "The exit status is 0 if they are valid and 2 if not. With `--to`, the columns that the targets need are \
                      checked, too, also those of a table of SQLite that exists; no server is asked.",
            examples: &[Example { expr: "--check 'split | count by word'", input: "", output: "" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "checkpoint",
            usage: "--checkpoint DIR",
            summary: "Keep the state in DIR; the next run goes on where this one ended.",
            details: "All runs with the same DIR read one stream. A run that ends is suspended: at the end of its files, \
                      by `--for`, by a signal, `kill -9` or a power failure. The next run reads on after the last record \
                      of the last commit: new lines of growing files, the rest of rotated ones. Without a window, each \
                      run prints the result over everything read so far; with one, it prints the windows that became \
                      final, each once, and `--finish` prints the rest. Results that are appended to a file (`>>`) are \
                      exactly those of one undisturbed run: what a crashed run has written after its last commit is cut \
                      off and printed again; lines that another program has appended since are moved to the file \
                      `other-lines` in DIR. A pipe or terminal may receive rows after the last commit twice. Counts, \
                      such as those of `--stats`, are those of the whole stream. `--rejects` and `--late` append. The \
                      directory belongs to one expression, and to one run at a time; the stages after the last one \
                      that needs all records may change, unless that stage would have to keep other columns. A last \
                      line of a file without a newline is read by a later run, when it is complete; that of a pipe is \
                      a record at its end.",
            examples: &[Example { expr: "--checkpoint state 'count'", input: "a\nb\n", output: "2\n" }],
        },
        short: None,
        kind: ValueKind::Directory,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "checkpoint-every",
            usage: "--checkpoint-every DURATION",
            summary: "How often the whole state is written to DIR (default 10s).",
            details: "After a crash, what was read since then is processed again. It never changes a result.",
            examples: &[Example {
                expr: "--checkpoint state --checkpoint-every 1m 'count'",
                input: "a\nb\n",
                output: "2\n",
            }],
        },
        short: None,
        kind: ValueKind::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "checkpoint-reset",
            usage: "--checkpoint-reset",
            summary: "Begin with an empty state; keep the old one in DIR.old.",
            details: "DIR.old must not exist.",
            examples: &[Example {
                expr: "--checkpoint state --checkpoint-reset 'count'",
                input: "a\nb\n",
                output: "2\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "chunk",
            usage: "--chunk SIZE",
            summary: "The number of bytes in a chunk of input (default 256KiB).",
            details: "It never changes a result.",
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
            details: "auto (the default) uses color on a terminal unless NO_COLOR is set. With color, null is \
                      printed as the word; without, it is empty. Only table, bars and chart have color.",
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
            summary: "Also print intermediate results every DURATION.",
            details: "With windows, the rows so far of the open ones; without, the whole result so far. Nothing is \
                      printed if no records arrived since the last time. Results printed as table, bars or chart are \
                      separated by an empty line, each with a header; in other formats the rows simply follow. \
                      `--changed` leaves out rows that are unchanged. SIGUSR1 prints such results once. Final \
                      results are printed as usual. On a terminal, a table that is redrawn in place is redrawn \
                      this often.",
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
            summary: "Compute percentiles, distinct counts and histograms exactly.",
            details: "By default they are exact up to 4096 values per group, and approximate (sketches) beyond. \
                      With this option they are exact at any size: every group keeps all its values, so memory \
                      grows with the input. Counts of `approx N` are exact, too.",
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
            summary: "Print how the expression would be run, without reading any input.",
            details: "The plan: the decoder, the stages that each thread runs, the stages that run on the merged \
                      result, the memory they need, and when results are printed.",
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
            summary: "Read the expression from FILE; every argument is a source.",
            details: "A newline is white space, and a comment extends from # to the end of the line.",
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
            summary: "Print windows and keys without records, too.",
            details: "Windows between the first and the last one that has records: `count` is 0 and other \
                      aggregates are null; with `by` each window has a row for every key seen so far. `--forget` \
                      leaves out keys without records for longer. `window … fill` does so for one window of several. \
                      While a live source is silent, windows are printed as the clock passes them. A gap of more than \
                      a million rows is left out: see `--fill-limit`.",
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
            summary: "Leave out gaps that --fill would need more than N rows for.",
            details: "The default is 1000000. One record with a wrong time can be decades from the next: a note \
                      reports the gap and the limit that would print it. The windows before and after the gap are \
                      printed as usual.",
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
            name: "finish",
            usage: "--finish",
            summary: "End the stream of --checkpoint: every open window becomes final.",
            details: "A last line without a newline is read, too. Later runs with the directory are refused, unless they \
                      begin again with `--checkpoint-reset`.",
            examples: &[Example {
                expr: "--checkpoint state --finish 'parse \"{t} {n:int}\" | sum(n) | window 1h on t'",
                input: "2026-01-01T10:15:00Z 1\n2026-01-01T10:20:00Z 2\n",
                output: "2026-01-01T10:00:00Z\t2026-01-01T11:00:00Z\t3\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "follow",
            usage: "--follow",
            summary: "Keep reading files as they grow; reconnect when a connection ends.",
            details: "A file is followed by its name, as with `tail -F`: through renaming, truncation, removal and \
                      reappearance. A directory means all files in it, including new ones. `tcp://` and `unix://` \
                      reconnect whenever the connection ends. Standard input, if it is a pipe, still ends with its \
                      writer. All sources are read concurrently.",
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
            summary: "End the input after DURATION, and print the results.",
            details: "The exit status is 0, as at the end of any input. A shell waits for every command of a pipe, \
                      so `docker logs -f app | bourn --for 1m …` waits until `docker` writes again and finds the \
                      pipe closed; `bourn --for 1m … < <(docker logs -f app)` ends after a minute.",
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
            summary: "Forget keys that have had no records for DURATION.",
            details: "For `dedup`, `running` and `fold` on a stream that never ends: by default they remember \
                      every key. A key that comes again later starts over, and a key that is forgotten at the end \
                      has no row in the result of `fold`. Time is the time of arrival, or the window's `on FIELD` \
                      (the largest so far).",
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
            details: "With an example line of each. A field is text unless a type follows after a colon. Your own \
                      formats (`--formats-file`) come last.",
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
            details: "The default is $XDG_CONFIG_HOME/bourn/formats.toml (or ~/.config/bourn/formats.toml) if it \
                      exists; it is read only for a format that is not built in, for `--formats` and for `--help`. \
                      FILE is TOML, with a table for each format:\n\n\
                      \u{20} [app]\n\
                      \u{20} summary = \"Log of the app.\"\n\
                      \u{20} pattern = \"{time:time} [{level:word}] {thread}: {message}\"\n\
                      \u{20} sample = \"2026-03-01T10:00:00Z [INFO] main: started\"\n\n\
                      Write `pattern` as for `parse`, or use `regex`, written as for the stage `regex`. The sample \
                      is a line in this format: it is an error if the format does not match it. The name of a \
                      built-in format and unknown keys are errors, too.",
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
            summary: "Print a header line in any format.",
            details: "csv, table and bars have a header by default. It is printed even if there are no rows, as \
                      far as the columns are known.",
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
            summary: "Summarize the language, or explain NAME.",
            details: "NAME is a stage, aggregate, function, format, source or option, a page of the language, or \
                      one of the words stages, aggregates, functions, logs, language, formats, sources, options.",
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
            summary: "How long a live source may be silent (default 10s).",
            details: "After this long without data, the source's watermark advances with the wall clock, starting \
                      from its last record, so windows of `on FIELD` become final without new records. While other \
                      sources have data, only they advance the watermark. A source whose records are all filtered \
                      out before the window still counts as active, but its watermark does not advance: with \
                      `count(k == \"a\")` instead of `where k == \"a\" | count` every record advances it.\n\n\
                      After the same time, a record whose end is marked only by the next one (`--records \
                      '/regex/'`) is closed, and a sender of datagrams is forgotten.",
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
            name: "journal",
            usage: "--journal on|off",
            summary: "Keep input that cannot be read again in the checkpoint (default on).",
            details: "Bytes of pipes and sockets are written to DIR before a result that depends on them is printed, and \
                      removed after the next commit. With `off`, a crash loses those since the last commit; the next run \
                      says how many.",
            examples: &[Example { expr: "--checkpoint state --journal off 'count'", input: "a\nb\n", output: "2\n" }],
        },
        short: None,
        kind: ValueKind::Switch,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "late",
            usage: "--late FILE",
            summary: "Write late lines to FILE, in stream order.",
            details: "A record is late if all its windows were final when it came; `window … late DUR` sets how \
                      long to wait. The file is created or truncated before any input is read.",
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
            details: "The table is drawn on the terminal of standard error, or on the one the program was started \
                      from; standard output gets what it would get without this option. If standard output is a \
                      terminal, the result of a live source is redrawn in place until it is final, at most ten \
                      times a second; with `--live` so is that of files. Open windows are drawn below the final \
                      ones. A status line below the table shows the record count and rate, and with `window … on \
                      FIELD` the lag of the records' times.",
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
            details: "The default is 1d. A record with a time far in the future is counted in its window like any \
                      other, but it ends no windows unless its time is at most this far ahead of the clock or of \
                      the other records of its source. Records that were further ahead are counted and reported.",
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
            summary: "Reject records longer than SIZE (default 16MiB).",
            details: "Rejected records are counted and reported on stderr at the end. At most 1GiB.",
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
            summary: "Fail with status 4 on more rejects than a number, or P% of all.",
            details: "Results are still printed, and all input is read. `--max-rejects 0` allows none; the \
                      percentage in `--max-rejects 0.1%` is of all records that were read. A run with `assert` or \
                      `until` allows none by default, because a record that cannot be parsed is not checked; an \
                      `until` that was reached succeeds all the same.",
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
            name: "memory",
            usage: "--memory SIZE",
            summary: "Memory for groups and held records (default half of what is free).",
            details: "The budget covers what grows with the input: groups, held records, keys and their states. Over \
                      the budget, groups, the records of `sort`, `tail`, `total(x)` and windows, and the keys of `dedup` \
                      are written to temporary files (`--temp`) and merged at the end; the result is the same. The \
                      states of `running`, `fold`, `join`, sessions and overlapping windows, and of a `dedup` with \
                      `within` or `--forget`, cannot be written to files: then the input ends, the result so far is \
                      printed, and the status is 3. The default is half of the memory that is available when the run \
                      starts, within the limits of control groups and `ulimit -v`. `--stats` reports what was \
                      written.",
            examples: &[Example {
                expr: "--memory 512MiB 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Memory,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "merge",
            usage: "--merge",
            summary: "Merge the files of --partial into one result.",
            details: "The arguments are files of `--partial`, in the order of their sources; - is standard input, \
                      and a file may hold several parts one after another. The result is the one of a single run \
                      over all sources; counts of `approx N` may differ if there are more than N keys, but keep \
                      their bounds. The expression and its options come from the parts; the output, \
                      `--max-rejects`, `--strict` and `--stats` can be chosen here. Parts of runs that have failed \
                      or were interrupted are merged, too, but each is named on stderr, and the status is 3. With \
                      `--partial` the parts become one part.",
            examples: &[Example {
                expr: "--merge web1.part web2.part",
                input: "",
                output: "200\t181\n304\t14\n404\t4\n206\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "no-header",
            usage: "--no-header",
            summary: "Print no header line.",
            details: "tsv, json, logfmt and raw have none by default. If lines are printed unchanged, the header \
                      of csv input is left out.",
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
            summary: "The output format: `--help formats` lists them.",
            details: "By default results are a table on a terminal and tsv without a header elsewhere; if no stage \
                      makes or chooses columns, lines are printed unchanged.",
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
            name: "partial",
            usage: "--partial",
            summary: "Write the state for --merge instead of the result.",
            details: "The state holds the expression, its options, the record counts, and what the first stage that \
                      needs all records would need of these: groups, counters, or rows. Expressions whose result depends on \
                      the order of records in all parts (`running`, `dedup`, `fold`, `join`) are rejected, and so \
                      are windows that are not on a time of the records. No record is late in a part.",
            examples: &[Example { expr: "--check --partial 'split | count by word'", input: "", output: "" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "quiet",
            usage: "--quiet",
            summary: "Print only expression and option errors on stderr.",
            details: "Results are printed as usual, and the exit status tells whether the run succeeded. Output \
                      that was requested explicitly is still printed: `--stats`, `--annotate`, and the port that \
                      replaces port 0 of a listener.",
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
            summary: "How records are delimited: 0, json, cri, octet-counted or /regex/.",
            details: "By default a record is a line, and `json` reads values of any shape. With 0 a record ends at \
                      a NUL byte, as written by `find -print0`, and newlines are ordinary bytes. With a regex a \
                      record begins at a line that matches and includes all lines up to the next match: a stack \
                      trace is one record with the line before it. Lines before the first match are a record, too. \
                      On a live source, silence closes the last record: see `--idle`. Rows are printed with a \
                      newline after each.\n\n\
                      json: each value is a record, and so is each element of a list at the top level, however \
                      they are laid out; see `bourn --help json`.\n\n\
                      cri: lines of a container runtime, `TIME STREAM TAG LOG`. The parts of a long line, tagged P \
                      and finally F, become one record with the time of the first part and the tag F, separately \
                      for stdout and stderr. Parts whose last one never comes are a record with the tag P.\n\n\
                      octet-counted: each message comes after its length in bytes and a space, as in syslog over \
                      TCP (RFC 6587). A line without a length is rejected, and so are the lines after it, up to a \
                      length that is followed by `<`.",
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
            summary: "Write rejected lines to FILE, in stream order.",
            details: "The file is created or truncated before any input is read. Each rejected line is written \
                      once, unchanged, whichever stage rejects it; after `sort` and `tail`, at the end. Lines \
                      longer than `--max-line` are not kept. After aggregates, `split` and `explode`, rows no \
                      longer correspond to input records: a row that cannot be parsed there counts as failed to \
                      convert.",
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
            summary: "Write the results of the checks to FILE, as JUnit XML.",
            details: "One test case for each `assert` and `until`, one for rejected records, one for `--strict` if \
                      it is given, and one for reading and writing as a whole. A check that saw no row is \
                      `skipped`. The report of an earlier run is removed first, even if this run fails before it \
                      reads any input; the new report is written at the end, completely or not at all. If it \
                      cannot be written, no input is read.",
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
            name: "retry",
            usage: "--retry N",
            summary: "Try a failed delivery to a target again, up to N times (default 10).",
            details: "The pauses double from 100 milliseconds up to a minute, which is about 1m42s for 10 times; meanwhile the \
                      stream waits. Then the run ends \
                      with the target, the reason and what was not delivered, and with exit status 3; with \
                      `--checkpoint`, the next run delivers it. After a signal nothing is tried again.",
            examples: &[Example { expr: "--retry 3 --to counts.csv --to - 'count'", input: "a\nb\n", output: "2\n" }],
        },
        short: None,
        kind: ValueKind::Count,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "seed",
            usage: "--seed N",
            summary: "Seed for `sample` (default 0).",
            details: "The same seed takes the same records, with any number of threads; another seed takes others.",
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
            name: "separator",
            usage: "--separator CHAR",
            summary: "The separator of the columns of -o csv (default a comma).",
            details: "It also applies to the targets of --to whose names end in .csv. Text that contains it is quoted. \
                      Columns of the input have their own separators: csv \";\".",
            examples: &[Example {
                expr: "-o csv --separator ';' 'csv as a, b | select b, a'",
                input: "x;y,1\nz,2\n",
                output: "b;a\n1;\"x;y\"\n2;z\n",
            }],
        },
        short: None,
        kind: ValueKind::Separator,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "stamp",
            usage: "--stamp",
            summary: "Add a column as_of: the time of an intermediate result.",
            details: "It is the first column. Rows of `--every` and SIGUSR1 have the time at which they were \
                      printed, by the clock; rows of final results have null. The lines of `print` have no columns.",
            examples: &[Example {
                expr: "-o csv --every 1h --stamp 'split | count by word'",
                input: "a b a\n",
                output: "as_of,word,count\n,a,2\n,b,1\n",
            }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "stats",
            usage: "--stats",
            summary: "Report at the end on stderr how many records passed, and how fast.",
            details: "Every record that was read has passed, was filtered or was rejected. MB are millions of \
                      bytes; for compressed sources, of decompressed bytes. What `--memory` caused to be written \
                      to temporary files is reported by stage.",
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
            summary: "Fail with status 4 on rejects, late records, failed conversions.",
            details: "It also fails if no record has a field that the expression names, if a source has no record, \
                      if a time is too far ahead of the clock, or if the system dropped datagrams. All input is \
                      read and all results are printed as usual. `--max-rejects` still sets how many rejected \
                      records are allowed. A check that fails has its own status, 1.",
            examples: &[Example { expr: "--strict 'json | sum(n)'", input: "{\"n\":1}\n{\"n\":2}\n", output: "3\n" }],
        },
        short: None,
        kind: ValueKind::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "strip-ansi",
            usage: "--strip-ansi",
            summary: "Drop terminal escapes, such as colors, from all records.",
            details: "They are dropped before the first stage, and lines that are printed unchanged have none. \
                      strip_ansi(x) does so for one field. --rejects and --late keep the records as they were read.",
            examples: &[Example {
                expr: "--strip-ansi 'where line == \"red\"'",
                input: "\u{1b}[31mred\u{1b}[0m\n",
                output: "red\n",
            }],
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
            details: "Records before them are not read, however long the file is, except for a header that names \
                      columns. With `--follow`, `--tail 0` starts with the next record that is written. Files that \
                      appear later, in a directory or by rotation, are read from their start. For pipes use the \
                      stage `tail N`.",
            examples: &[],
        },
        short: None,
        kind: ValueKind::Count,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "temp",
            usage: "--temp DIR",
            summary: "Directory for temporary files (default $TMPDIR or /tmp).",
            details: "They are created if `--memory` is exceeded, have no name, and are gone when the run ends, \
                      however it ends. If DIR is missing or full, the input ends, the result so far is printed, and \
                      the status is 3.",
            examples: &[Example {
                expr: "--temp /var/tmp 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Directory,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "threads",
            usage: "-j, --threads N",
            summary: "The number of worker threads (default: one per core).",
            details: "It never changes a result.",
            examples: &[Example { expr: "-j 1 'split | count by word'", input: "a b a\n", output: "a\t2\nb\t1\n" }],
        },
        short: Some('j'),
        kind: ValueKind::Threads,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "to",
            usage: "--to TARGET",
            summary: "Deliver results to TARGET: a file, a database, a command, a service.",
            details: "The option can be repeated: each target receives every result. Standard output prints nothing then, \
                      unless `--to -` is among them. `bourn --help targets` lists the kinds. Results are delivered when \
                      they are final; with `--every`, targets that can replace a result also receive the results so far. \
                      With `--checkpoint`, `--explain` says which targets receive each result exactly once; \
                      a target that a later run adds receives the results from then on.",
            examples: &[Example {
                expr: "--to counts.csv --to - 'split | count by word'",
                input: "a b\na\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        kind: ValueKind::Target,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "tz",
            usage: "--tz ZONE",
            summary: "The zone of times without one, of windows and of printed times.",
            details: "A name such as Europe/Berlin, an offset such as +02:00, or local. The default is UTC.",
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
            summary: "Name another source, for `union NAME` or `join NAME`.",
            details: "SOURCE is written like any source: a file, - for standard input, tcp://HOST:PORT and so on. \
                      The option can be repeated with other names; sources with the same name are read like \
                      several sources on the command line. Every name has to be used.",
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
            details: "Later times of the same source take the year that puts them nearest to the previous record, \
                      so a log may run over New Year. Without this option, the first time takes the latest year in \
                      which it is at most a day ahead of the clock.",
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
