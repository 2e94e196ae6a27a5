//! The rows, by name.

use super::{Audience, OptionDef, Takes};
use crate::data::{Entry, Example};

/// Every option, by name.
pub const OPTIONS: &[&OptionDef] = &[
    &OptionDef {
        entry: Entry {
            name: "batch",
            usage: "--batch DURATION",
            summary: "How often the threads' partial results are merged.",
            details: "The micro-batch interval. It changes no result: without it, results that wait for the end of \
                      the input are merged once, at the end; with it, a stream that never ends is merged as it \
                      comes, so that the end has less to do.",
            examples: &[Example {
                expr: "--batch 500ms 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        takes: Takes::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "check",
            usage: "--check",
            summary: "Only check the expression and the options: nothing is read.",
            details: "The exit status is 0 if they are right and 2 if not.",
            examples: &[Example {
                expr: "--check 'split | count by word'",
                input: "",
                output: "",
            }],
        },
        short: None,
        takes: Takes::Nothing,
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
        takes: Takes::Size,
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
        takes: Takes::When,
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
        takes: Takes::Nothing,
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
        takes: Takes::Nothing,
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
        takes: Takes::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "formats",
            usage: "--formats",
            summary: "List the formats that `parse` knows, with their fields.",
            details: "A line of each is shown too. A field is text, or has its type behind it.",
            examples: &[],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "header",
            usage: "--header",
            summary: "Print the names of the columns first, whatever the format's habit.",
            details: "csv, table and bars have a header anyway.",
            examples: &[Example {
                expr: "--header 'split | count by word'",
                input: "a b a\n",
                output: "word\tcount\na\t2\nb\t1\n",
            }],
        },
        short: None,
        takes: Takes::Nothing,
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
        takes: Takes::Name,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "max-line",
            usage: "--max-line SIZE",
            summary: "Reject records that are longer; 16MiB without it.",
            details: "A rejected record is counted and named on stderr at the end. Up to 1GiB.",
            examples: &[Example {
                expr: "--max-line 4 count",
                input: "abcd\nabcde\n",
                output: "1\n",
            }],
        },
        short: None,
        takes: Takes::Size,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "max-rejects",
            usage: "--max-rejects LIMIT",
            summary: "Fail with status 4 if more are rejected: a number, or P% of all.",
            details: "Results are printed all the same, and everything is read. `--max-rejects 0` allows none; of \
                      `--max-rejects 0.1%`, the share is of all records that were read.",
            examples: &[Example {
                expr: "--max-rejects 50% 'json | sum(n)'",
                input: "{\"n\":1}\n{\"n\":\n",
                output: "1\n",
            }],
        },
        short: None,
        takes: Takes::Rejects,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "no-header",
            usage: "--no-header",
            summary: "Leave out the names of the columns.",
            details: "tsv, json, logfmt and raw have none anyway.",
            examples: &[Example {
                expr: "-o csv --no-header 'split | count by word'",
                input: "a b a\n",
                output: "a,2\nb,1\n",
            }],
        },
        short: None,
        takes: Takes::Nothing,
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
        takes: Takes::Format,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "rejects",
            usage: "--rejects FILE",
            summary: "Keep rejected lines in a file, in the order of the stream.",
            details: "The file is created, or emptied, before anything is read. A line stands there once, as it came. \
                      Not kept are lines that are longer than `--max-line`, and what a stage behind `limit`, `sort`, \
                      `tail` or aggregates rejects: that is no line any more.",
            examples: &[Example {
                expr: "--rejects /dev/null 'json | sum(n)'",
                input: "{\"n\":1}\n{\"n\":\n",
                output: "1\n",
            }],
        },
        short: None,
        takes: Takes::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "stats",
            usage: "--stats",
            summary: "Say on stderr at the end where all records went, and how fast.",
            details: "The ledger: every record that was read has passed, was filtered or was rejected. MB are millions \
                      of bytes, of compressed sources those that came out.",
            examples: &[Example {
                expr: "--stats 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "threads",
            usage: "-j, --threads N",
            summary: "How many worker threads; without it, one for each core.",
            details: "Changes no result.",
            examples: &[Example {
                expr: "-j 1 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: Some('j'),
        takes: Takes::Threads,
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
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
];
