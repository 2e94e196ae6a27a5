//! Flags of other tools, typed by habit: what does the same here.

/// A flag of another tool, what it means, and what is written here: a part of an expression or an option.
struct Flag {
    names: &'static [&'static str],
    means: &'static str,
    here: &'static str,
}

const fn flag(names: &'static [&'static str], means: &'static str, here: &'static str) -> Flag {
    Flag { names, means, here }
}

#[rustfmt::skip] // a table is read by its columns
const FLAGS: &[Flag] = &[
    flag(&["-f", "-F"], "--follow reads files as they grow; an expression in a file is -x FILE; separators belong to stages", "csv \",\""),
    flag(&["-d", "-t", "--delimiter", "--separator", "--fs", "--ifs", "--sep"], "separators belong to stages", "csv \";\""),
    flag(&["-k", "--key"], "columns have names, and are sorted by `sort`", "sort split_part(line, \" \", 2)"),
    flag(&["-c", "--count"], "records are counted by `count`", "count"),
    flag(&["-n", "--lines", "--max-count", "-m", "--limit"], "the first records are kept by `limit`, the last ones by `tail`", "limit 5"),
    flag(&["-r", "--reverse"], "the order is said by `sort`; text without quotes is -o raw", "sort line desc"),
    flag(&["-i", "--ignore-case"], "case is ignored by the flag of a regular expression", "match /text/i"),
    flag(&["-v", "--invert-match"], "lines are dropped by `skip`", "skip \"text\""),
    flag(&["-e", "-E", "-P", "--regexp", "--expression", "--query", "-q"], "the expression is the first argument, without a flag; patterns are written between slashes", "match /a|b/"),
    flag(&["-w", "--word-regexp"], "the ends of words are `\\b` in a regular expression", "match /\\btext\\b/"),
    flag(&["-l", "-L", "--files-with-matches"], "the name of a file is `@source`", "match \"text\" | count by @source"),
    flag(&["-A", "-B", "-C", "-a", "-b", "--context"], "neighbours of a record are not kept; the record before is `prev`", "running prev(line) as before"),
    flag(&["-u", "--unique"], "the first of each is kept by `dedup`", "dedup"),
    flag(&["-s", "--slurp", "-R", "--raw-input"], "every line is a record", "count"),
    flag(&["-g", "--group-by", "--by"], "groups are made by the `by` of an aggregate", "count by line"),
    flag(&["-p", "--parse"], "fields are taken out of text by `parse`", "parse \"{name}={value}\""),
    flag(&["-w", "--window", "--interval", "--step"], "use `window` for a result in each period of time", "count | window 1m"),
    flag(&["--json", "--ijson", "--from-json", "--jsonl", "--ndjson"], "JSON is read by `json`, and written with -o json", "json"),
    flag(&["--csv", "--icsv", "--from-csv"], "columns are read by `csv`, and written with -o csv", "csv"),
    flag(&["--tsv", "--itsv"], "columns are read by `tsv`, and written with -o tsv", "tsv"),
    flag(&["--logfmt"], "`key=value` is read by `logfmt`, and written with -o logfmt", "logfmt"),
    flag(&["--ojson", "--to-json", "--ocsv", "--otsv", "--opprint", "--oxtab", "--format", "--raw-output"], "the format of the output is -o table, bars, tsv, csv, json, logfmt or raw", "-o json"),
    flag(&["--sort", "--order-by"], "records are sorted by `sort`", "sort line"),
    flag(&["--where", "--filter"], "records are kept by `where`", "where len(line) > 80"),
    flag(&["--select", "--fields", "--columns"], "fields are chosen by `select`", "select line"),
    flag(&["--input", "--file", "--source"], "sources are named after the expression, without a flag", "count"),
    flag(&["--timezone", "--utc", "--zone"], "the zone of times is --tz", "--tz UTC"),
    flag(&["--jobs", "--parallel", "--cores"], "the number of threads is -j", "-j 4"),
    flag(&["--since", "--until", "--from", "--to"], "times are compared by `where`", "where @time > ago(1h)"),
    flag(&["--verbose", "--debug"], "the ledger is printed with --stats, the plan with --explain", "--stats"),
    flag(&["--output-file", "--out"], "the shell writes files: bourn '…' > FILE", "-o csv"),
];

/// What a flag of another tool means here, and what is written: of `-k2`, `-F,` or `--icsv`.
pub(super) fn answer(typed: &str) -> Option<String> {
    let name = typed.split('=').next()?;
    let is_long = name.starts_with("--");
    let short: String = name.chars().take(2).collect();
    let of = |name: &str| FLAGS.iter().find(|flag| flag.names.contains(&name));
    let is_number = !is_long && name.strip_prefix('-').is_some_and(|number| number.parse::<u64>().is_ok());
    if is_number {
        let number = &name[1..];
        return Some(format!("the first records are kept by `limit`; write limit {number}"));
    }
    let found = of(name).or_else(|| (!is_long).then(|| of(&short)).flatten())?;
    Some(format!("{}; write {}", found.means, found.here))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::options::OptionDef;
    use crate::plan::{OutputMode, Plan};

    #[test]
    fn what_is_written_instead_of_a_flag_is_accepted() {
        for flag in FLAGS {
            if let Some(option) = flag.here.strip_prefix('-') {
                let name = option.split(' ').next().unwrap_or_default();
                assert!(OptionDef::find(name).is_some(), "{}", flag.here);
                continue;
            }
            let read = Plan::read(flag.here, OutputMode::AsItCame);
            let found = read.err().unwrap_or_default();
            assert!(found.is_empty(), "{}: {found:?}", flag.here);
        }
    }

    #[test]
    fn flags_are_found_with_their_values() {
        for (typed, has) in [
            ("-f", "--follow"),
            ("-F,", "csv"),
            ("-k2", "sort"),
            ("-d", "csv \";\""),
            ("-c", "count"),
            ("-n", "limit 5"),
            ("-5", "limit 5"),
            ("-rn", "sort line desc"),
            ("-i", "match /text/i"),
            ("-v", "skip"),
            ("-e", "first argument"),
            ("--icsv", "csv"),
            ("--sep=,", "csv"),
        ] {
            assert!(answer(typed).is_some_and(|help| help.contains(has)), "{typed}");
        }
        assert_eq!(answer("--zzz"), None);
    }

    #[test]
    fn no_flag_is_an_option_here() {
        for name in FLAGS.iter().flat_map(|flag| flag.names) {
            assert!(OptionDef::find(name).is_none(), "{name}");
        }
    }
}
