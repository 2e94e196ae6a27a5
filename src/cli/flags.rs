//! Flags of other tools, and what to write instead.

/// A flag of another tool, its meaning, and what to write instead: a part of an expression or an option.
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
    flag(&["-d", "-t", "--delimiter", "--fs", "--ifs", "--sep"], "separators belong to stages", "csv \";\""),
    flag(&["-k", "--key"], "columns have names; `sort` sorts by them", "sort split_part(line, \" \", 2)"),
    flag(&["-c", "--count"], "`count` counts records", "count"),
    flag(&["-n", "--lines", "--max-count", "-m", "--limit"], "`limit` keeps the first records, `tail` the last ones", "limit 5"),
    flag(&["-r", "--reverse"], "`sort` chooses the order; for text without quotes use -o raw", "sort line desc"),
    flag(&["-i", "--ignore-case"], "a flag of the regular expression ignores case", "match /text/i"),
    flag(&["-v", "--invert-match"], "`skip` drops lines", "skip \"text\""),
    flag(&["-e", "-E", "-P", "--regexp", "--expression", "--query", "-q"], "the expression is the first argument, without a flag; patterns are written between slashes", "match /a|b/"),
    flag(&["-w", "--word-regexp"], "`\\b` is the boundary of a word in a regular expression", "match /\\btext\\b/"),
    flag(&["-l", "-L", "--files-with-matches"], "`@source` is the name of the file", "match \"text\" | count by @source"),
    flag(&["-A", "-B", "-C", "-a", "-b", "--context"], "neighbouring records are not kept; `prev` is the value of the previous record", "running prev(line) as before"),
    flag(&["-u", "--unique"], "`dedup` keeps the first record of each key", "dedup"),
    flag(&["-s", "--slurp", "-R", "--raw-input"], "every line is a record", "count"),
    flag(&["-g", "--group-by", "--by"], "the `by` of an aggregate makes groups", "count by line"),
    flag(&["-p", "--parse"], "`parse` extracts fields from text", "parse \"{name}={value}\""),
    flag(&["-w", "--window", "--interval", "--step"], "`window` gives a result for each period of time", "count | window 1m"),
    flag(&["--json", "--ijson", "--from-json", "--jsonl", "--ndjson"], "`json` reads JSON, -o json writes it", "json"),
    flag(&["--csv", "--icsv", "--from-csv"], "`csv` reads columns, -o csv writes them", "csv"),
    flag(&["--tsv", "--itsv"], "`tsv` reads columns, -o tsv writes them", "tsv"),
    flag(&["--logfmt"], "`logfmt` reads `key=value` pairs, -o logfmt writes them", "logfmt"),
    flag(&["--ojson", "--to-json", "--ocsv", "--otsv", "--opprint", "--oxtab", "--format", "--raw-output"], "choose the output format with -o table, bars, chart, svg, tsv, csv, json, logfmt or raw", "-o json"),
    flag(&["--sort", "--order-by"], "`sort` sorts records", "sort line"),
    flag(&["--where", "--filter"], "`where` keeps records", "where len(line) > 80"),
    flag(&["--select", "--fields", "--columns"], "`select` chooses fields", "select line"),
    flag(&["--input", "--file", "--source"], "sources follow the expression, without a flag", "count"),
    flag(&["--timezone", "--utc", "--zone"], "--tz sets the zone of times", "--tz UTC"),
    flag(&["--jobs", "--parallel", "--cores"], "-j sets the number of threads", "-j 4"),
    flag(&["--since", "--until", "--from"], "`where` compares times", "where @time > ago(1h)"),
    flag(&["--verbose", "--debug"], "--stats prints the record counts, --explain the plan", "--stats"),
    flag(&["--output-file", "--out"], "the shell writes files: bourn '…' > FILE", "-o csv"),
];

/// The help for a flag of another tool, such as `-k2`, `-F,` or `--icsv`.
pub(super) fn answer(typed: &str) -> Option<String> {
    let name = typed.split('=').next()?;
    let is_long = name.starts_with("--");
    let short: String = name.chars().take(2).collect();
    let of = |name: &str| FLAGS.iter().find(|flag| flag.names.contains(&name));
    let is_number = !is_long && name.strip_prefix('-').is_some_and(|number| number.parse::<u64>().is_ok());
    if is_number {
        let number = &name[1..];
        return Some(format!("`limit` keeps the first records; write limit {number}"));
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
    fn replacements_of_flags_are_accepted() {
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
