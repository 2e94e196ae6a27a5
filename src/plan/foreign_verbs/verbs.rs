//! The commands of other languages and of the shell: one row per word.

use super::cursor::TokenCursor;
use super::frames::made_grouped;
use super::times::{made_bin, made_resample, made_timechart, made_transaction};
use super::{miller, shell, tables};

/// A word that begins a stage elsewhere.
pub(super) struct Verb {
    /// Its spellings, separated by blanks, ignoring case, blanks, `_` and `-`.
    pub(super) words: &'static str,
    /// The equivalent in words.
    pub(super) means: &'static str,
    /// The equivalents as templates (see [`super::arguments::fill`]): the first one that the arguments fill is shown,
    /// otherwise the last one with its defaults.
    pub(super) here: &'static [&'static str],
    /// A translator for cases that templates cannot express.
    pub(super) made: Option<fn(&mut TokenCursor<'_>) -> Option<String>>,
    /// A typical use in the other language.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests type it"))]
    pub(super) typed: &'static str,
}

const fn verb(words: &'static str, typed: &'static str, means: &'static str, here: &'static [&'static str]) -> Verb {
    Verb { words, means, here, made: None, typed }
}

const fn made(
    words: &'static str,
    typed: &'static str,
    means: &'static str,
    made: fn(&mut TokenCursor<'_>) -> Option<String>,
    here: &'static [&'static str],
) -> Verb {
    Verb { words, means, here, made: Some(made), typed }
}

const AGGREGATES: &str = "aggregates need no verb";
const GROUPS: &str = "groups are made by the `by` of an aggregate";
const LET: &str = "fields are made by `let`";
const WHERE: &str = "records are kept by `where`";
const MATCH: &str = "lines are kept by `match`, dropped by `skip`";
const LIMIT: &str = "the first records are kept by `limit`";
const DEDUP: &str = "the first of each is kept by `dedup`, each is counted by `count by`";
const RUNNING: &str = "running totals are added by `running`";
const SORT: &str = "records are sorted by `sort`";
const SELECT: &str = "fields are chosen by `select`";
const DROP: &str = "fields are left out by `drop`";
const RENAME: &str = "a field gets another name by `rename`";
const EXPLODE: &str = "lists become records by `explode`";
const SPLIT: &str = "text is split into records by `split`";
const ASSERT: &str = "results are checked by `assert`";
const BIN: &str = "times are rounded down by `bin`, in `let` or in a key";
const WINDOW: &str = "use `window` for a result in each period of time";
const EXTRACT: &str = "fields are taken out of text by `parse` or `regex`";
const JSON: &str = "JSON is read by `json`, its fields are paths";
const OVERALL: &str = "aggregates over all records are added to each by `overall`";
const PIVOT: &str = "each value of a key becomes a column by `pivot`, after aggregates";
const FILL: &str = "a missing value is replaced by `??`";
const REPLACE: &str = "text is replaced by `replace` and `regex_replace`";
const FORMAT: &str = "lines of text are made by `print`, values by `format` and `concat`";
const OUTPUT: &str = "the shell writes files, bourn '…' > FILE; `where true` keeps every line";
const INPUT: &str = "sources are named after the expression; `where true` keeps every line";
const LOOKUP: &str = "columns of a file are added by `lookup`";
const UNION: &str = "records of another source are added by `union`, with --with NAME=SOURCE";
const PREVIOUS: &str = "the record before is `prev` or `delta`, after `running`";

#[rustfmt::skip] // a table is read by its columns
pub(super) const VERBS: &[Verb] = &[
    // Aggregates: Splunk, KQL, pandas, Spark, angle-grinder, Miller
    made("stats sistats tstats aggregate summarize summarise agg geostats mstats summarizeby calculate calc", "stats count as n by host", AGGREGATES, made_stats, &["{aggregates=count by word}"]),
    made("chart", "chart count over host by level", "the values of a key become columns by `pivot`", tables::chart, &["{aggregates=count by word}"]),
    made("timechart maketimeseries makeseries", "timechart span=1m count by level", "a result in each period of time is an aggregate with `window`", made_timechart, &["count | window 1m"]),
    made("group groupby groupbykey grouped", "group by x", GROUPS, made_grouped, &["count by {keys}", "count by {fields=word}"]),
    verb("valuecounts countbykey countbyvalue frequency freq countvalues tally frequencies crosstab sumcount", "value_counts(a)", "values are counted by `count by`", &["count by {fields=word}"]),
    made("countsimilar", "count-similar -g a", OVERALL, miller::count_similar, &["overall count by {fields=word}"]),
    verb("mostfrequent", "most-frequent -f a", "values are counted by `count by`, the largest groups first", &["count by {fields=word} | limit 10"]),
    verb("rare leastfrequent bottom leastcommon bottomk", "rare user by host", "`count by` puts the largest groups first, `sort count` the smallest", &["count by {field}, {group} | sort count | limit 10", "count by {fields=word} | sort count | limit 10"]),
    verb("topk topn mostcommon toptalkers", "topk(5, host)", "the most frequent are `top N KEY`", &["top {number=10} {field=word}"]),
    verb("approxtopk approxtopcount approxmostfrequent frequentitems freqitems", "approx_top_k(host, 5)", "approximate counts are `top N KEY approx`", &["top {number=10} {field=word} approx"]),
    verb("nlargest", "nlargest(5, 'ms')", "the first ones in order are `sort` and `limit`", &["sort {field=word} desc | limit {number=10}"]),
    verb("nsmallest", "nsmallest(5, 'ms')", "the first ones in order are `sort` and `limit`", &["sort {field=word} | limit {number=10}"]),
    made("mergefields", "merge-fields -a sum -f x,y -o out", LET, miller::merge_fields, &["let out = x + y"]),
    made("stats1", "stats1 -a mean,p50 -f x -g a", AGGREGATES, miller::stats1, &["avg({named=x}), p50({named=x}) by word"]),
    verb("describe summary fieldsummary info profile", "describe ms", "a summary is a list of aggregates", &["count, min({field=x}), avg({field=x}), p50({field=x}), max({field=x})"]),
    verb("percentiles perc", "percentiles ms", "percentiles are `p50`, `p95`, `p99.9`, or `percentile(x, 95)`", &["p50({field=x}), p95({field=x}), p99({field=x})"]),
    verb("nothing", "nothing", "no record is kept by", &["where false", "limit 0"]),
    made("wc", "wc -l", "records are counted by `count`", shell::wc, &["count"]),
    verb("length size len reccount recordcount numrows nrow shape", "length", "records are counted by `count`", &["count"]),
    verb("fraction addtotals addcoltotals ratio share percent proportion normalize", "fraction -f x", "shares are made by `total`, the sum over all rows", &["count by {field=word} | let share = count / total(count)"]),
    made("eventstats joinback transform aggregateover windowstats", "eventstats avg(x) as m by y", OVERALL, made_overall, &["overall {aggregates=avg(x) by y}"]),
    made("streamstats accum cumsum scan cumulative expanding mapgroupswithstate rowcumsum", "streamstats sum(bytes) as total by host", RUNNING, made_running, &["running sum({field})", "running count"]),
    made("rolling movingaverage movavg trendline mavg", "rolling(5)", "an average of the last records is `running avg(x) over N rows`", made_rolling, &["running avg({field=x}) over {number=5} rows"]),
    verb("updatestatebykey flatmapgroupswithstate reduce foldleft aggregatebykey statefulmap combinebykey accumulate", "reduce", "a state of your own is `fold`", &["fold total = 0 then total + len(line)"]),
    made("step", "step -a delta -f x", PREVIOUS, miller::step, &["running delta({named})", "running delta(x)"]),
    verb("diff", "diff(x)", PREVIOUS, &["running delta({field=x})"]),
    made("lag previous shift autoregress", "lag x", PREVIOUS, made_previous, &["running prev({field=x}) as before"]),
    made("lead", "lead x", "the record after it is the one before it in the opposite order: `prev`, after `running`", made_previous, &["sort @number desc | running prev({field=x}) as after | sort @number"]),
    verb("rank rownumber nl number enumerate denserank addrownumber serialize rowid zipwithindex", "nl", "records are numbered by `running count`, or are by `@number`", &["select @number as n, line"]),
    // Fields
    made("eval extend set mutate put assign derive withcolumn withcolumns compute addfield addfields new newfield setfield apply foreach strcat addcolumn setvalue label_format", "eval x=a+1", LET, made_let, &["let {assignments=n = len(line)}"]),
    made("fields table keep columns colselect onlyfields projectkeep selectexpr fieldsonly keepcolumns", "fields a, b", SELECT, made_fields, &["select {columns=line}"]),
    made("project echo output display show emit projectreorder return yield reorder templatefields sortwithinrecords regularize", "project x = a, b", SELECT, made_select, &["select {columns=line}"]),
    made("remove delete del projectaway projectaways unset rm fieldsexcept exclude_fields removefields dropcolumns dropfields omit without", "project-away a", DROP, made_drop, &["drop {fields=line}"]),
    made("projectrename renamefields withcolumnrenamed alias label renameregex", "project-rename a as b", RENAME, shell::rename, &["rename line as text"]),
    made("fillnull fillna fillempty unsparsify nafill nvl replacenull coalesce dropnull", "fillnull value=0 a", FILL, made_fill, &["let {field=x} = {field=x} ?? {value=0}"]),
    made("filldown filldowns ffill", "fill-down -f a", "the last value that was there is added by `running last(x)`", miller::fill_down, &["running last({field=x}) as {field=x}"]),
    verb("dropna dropnulls skipnull removenull", "dropna", "a missing value is asked for by `!= null`", &["where {field=x} != null"]),
    verb("convert astype cast fieldtype typeconvert secondsformat", "astype(a, 'int')", "text becomes a number by `num`", &["let {field=x} = num({field=x})"]),
    verb("sec2gmt sec2gmtdate", "sec2gmt t", "text or a number becomes a time by `time`", &["let {field=t} = time({field=line})"]),
    verb("strftime formattime fieldformat dateformat ctime", "strftime t", "times become text by `format_time`", &["let text = format_time({field=time}, {text=\"%H:%M\"})"]),
    verb("strptime parsetime todatetime gmt2sec", "strptime t", "text becomes a time by `time`", &["let t = time({field=line})"]),
    made("format printf sprintf lineformat template message", "printf \"%s\" a", FORMAT, tables::format, &["select concat({fields=line, \" \"}) as text"]),
    // Conditions and patterns
    made("filter having when if selectif query keepif ensureonly havingfields", "having count > 5", WHERE, made_where, &["where {condition}", "where len(line) > 80"]),
    made("unless whennot", "unless a > 5", WHERE, made_unless, &["where not (len(line) > 80)"]),
    made("grep egrep fgrep rg ag ack searchfor find contains includes findstr selectstring keepmatching regexp include locate", "grep -v error", MATCH, shell::grep, &["match {pattern}", "match \"text\""]),
    made("search", "search error", MATCH, super::shapes::search, &["match {pattern}", "match \"text\""]),
    made("exclude reject except ignore grepv notmatching omitlines filterout suppress", "exclude \"x\"", "lines are dropped by `skip`", shell::exclude, &["skip {text=\"text\"}"]),
    made("case switch cond ifelse choose", "case when a > 1 then 2 end", "a choice is made by the function `if`", made_case, &["let x = {expression=if(len(line) > 80, \"long\", \"short\")}"]),
    verb("range startend sedrange", "range 1 and 5", "a range is two conditions", &["where @number >= {number=1} and @number <= 5"]),
    verb("isnull isna isnotnull notna", "isna a", "a missing value is `== null`", &["where {field=x} == null"]),
    // First, last, order, duplicates
    made("head take firstn first_rows show_rows fetch fetchfirst", "head -n 5", LIMIT, shell::head, &["limit {number=10}"]),
    verb("lastn", "last_n 5", "the last records are kept by `tail`", &["tail {number=10}"]),
    made("offset drop_first skiprows skipfirst", "offset 5", "the first records are left out by their number", made_offset, &["where @number > {number=1}"]),
    made("uniq unique distinct dropduplicates dropduplicateswithinwatermark deduplicate uniqueby distinctby uniqby", "drop_duplicates(a)", DEDUP, shell::uniq, &["dedup {fields}", "dedup"]),
    made("order orderby sortby sortvalues arrange sortdesc sortasc sorted orderdesc sortwith", "order by x desc", SORT, made_sort, &["sort {sort=line}"]),
    verb("tac rev reverse", "tac", "the opposite order is that of `@number`, descending", &["sort @number desc"]),
    verb("shuf shuffle bootstrap sampledistinct decimate", "shuf -n 5", "records chosen at random are `sample`", &["sample 1%", "sample 1/10"]),
    verb("nest mvexpand mv mvapply unnest flatmap explodelist unroll unwind arrayjoin posexplode explodeouter lateralview", "mvexpand x", EXPLODE, &["explode {named}", "explode {field=items}"]),
    made("unwrap", "unwrap ms", "text becomes a number by `num`, and an aggregate names the field it takes", super::shapes::unwrap, &["let {field=x} = num({field=x})"]),
    verb("makemv", "makemv delim=\",\" tags", SPLIT, &["split {text=\",\"} from {field=line} as {field=piece}"]),
    verb("implode mvcombine nomv collectlist collectset", "mvcombine x", "values become a list by `collect`", &["collect({field=line})"]),
    // Splitting and extracting
    made("tokenize words splitwords str_split", "words", SPLIT, |_| None, &["split ' '"]),
    made("cut", "cut -d, -f1", "fields are made by `split_part`, and chosen by `select`", shell::cut, &["select split_part(line, \" \", 1) as f1"]),
    made("awk gawk mawk", "awk '{print $2}'", "fields are made by `split_part`, and chosen by `select`", shell::awk, &["select split_part(line, \" \", 1) as f1"]),
    verb("rex extract capture scanf grok dissect pattern_ parsewhere regexextract extractkv kvextract erex strextract parseregex", "rex \"a=(?<a>[0-9]+)\"", EXTRACT, &["regex {captures} from {named}", "regex {captures=/(?<name>[^=]+)=(?<value>.*)/}"]),
    verb("spath jsonparse fromjson parsejson jsonextract unpack jsondecode readjson unpackjson", "spath", JSON, &["json"]),
    verb("kv xmlkv kvform parsekv extractpairs keyvalue", "kv", "`key=value` is read by `logfmt`", &["logfmt"]),
    verb("glog readglog", "glog", "formats are read by `parse`", &["parse klog"]),
    verb("readcsv parsecsv fromcsv icsv multikv csvlite", "read_csv", "columns are read by `csv`", &["csv"]),
    verb("readtsv itsv", "read_tsv", "columns are read by `tsv`", &["tsv"]),
    made("tr translate", "tr a-z A-Z", "letters are changed by `upper`, `lower` and `replace`", made_tr, &["select upper(line) as text"]),
    made("sed gsub sub replaceall ssub replace strreplace", "sed 's/a/b/'", REPLACE, made_sub, &["select regex_replace(line, /a/, \"b\") as line"]),
    verb("upper toupper", "toupper a", "upper case is `upper`", &["select upper({field=line}) as text"]),
    verb("lower tolower", "tolower a", "lower case is `lower`", &["select lower({field=line}) as text"]),
    verb("trim strip cleanwhitespace", "strip a", "white space at both ends is removed by `trim`", &["select trim({field=line}) as text"]),
    // Time
    made("bucket bin timeslice timebucket tumble binby datetrunc floor_time truncate_time discretize", "bucket t 5m", BIN, made_bin, &["count by bin({field}, {duration=5m})", "count by bin(@time, {duration=5m})"]),
    made("span resample tumbling tumblingwindow every interval countbywindow reducebykeyandwindow groupbytime", "resample('1m')", WINDOW, made_resample, &["count | window {duration=5m}"]),
    verb("countovertime", "count_over_time", WINDOW, &["count | window {duration=5m}"]),
    verb("hop sliding slidingwindow hopping", "hop 5m", "windows that overlap are `window LENGTH/SLIDE`", &["count | window {duration=5m}/1m"]),
    verb("watermark withwatermark allowedlateness late grace", "withWatermark('t', '10 minutes')", "how late records may be is said by a window", &["count | window 1m on {field=t} late {duration=10s}"]),
    made("transaction session sessionize sessionwindow sessionization partitionby", "transaction host maxspan=5m", "records of a key that follow each other closely are `window session GAP`", made_transaction, &["count, first(line), last(line) by {field=line} | window session {duration=5m}"]),
    verb("sleep delay throttle trigger outputmode", "trigger", "how often results are printed is said by --every", &["count | window 1m"]),
    // Several sources
    verb("inputlookup leftjoin innerjoin joinleft outerjoin merge leftouter enrich broadcast semijoin antijoin hashjoin lookupcsv", "left join users on id", LOOKUP, &["lookup \"users.csv\" on {field2=id} left"]),
    verb("append appendcols appendpipe unionall concatenate multisearch mergeall unionbyname appendfile", "append", UNION, &["union b"]),
    // Tables
    verb("xyseries pivottable spread dcast widen longtowide", "xyseries status", PIVOT, &["count by {field}, {group} | pivot {group}", "count by {field}, {field2} | pivot {field2}", "count by line, len(line) as bytes | pivot bytes"]),
    made("reshape", "reshape -s a,b", "a key and its values become columns by `pivot`, columns become records by `unpivot`", miller::reshape, &["count by line, len(line) as bytes | pivot bytes"]),
    verb("untable melt gather stack longer widetolong", "melt", "fields become records by `unpivot`", &["let bytes = len(line) | unpivot line, bytes as name, value"]),
    verb("transpose", "transpose", "fields become records by `keys` and `explode`", &["let name = keys(parse_json(line)) | explode name"]),
    // Input and output
    made("cat type zcat gzcat less more tailf pipe identity pass noop nop readall", "cat", INPUT, miller::numbered, &["where true", "match \"\""]),
    verb("from source datasource index sourcetype load open input readstream stream file socket texttextstream searchindex", "from access_log", INPUT, &["where true", "match \"\""]),
    verb("tee write save outfile outputcsv outputlookup collectinto into export tofile writestream sink dump tocsv tojson tojsonlines csvout", "tee out.txt", OUTPUT, &["where true", "match \"\""]),
    verb("render plot graph barchart bars visualize", "render barchart", "bars are drawn by -o bars", &["count by word"]),
    verb("mlr miller agrind agr jq sql spark pandas splunk kql logql loki kusto", "jq", "stages are written without the name of a program", &["json", "count"]),
    verb("sh bash exec system shell xargs", "xargs", "no program is run; records are printed for the shell", &["select line"]),
    // Checks
    made("expect ensure verify require check must should fail_if", "expect count == 0", ASSERT, made_assert, &["assert count == 0"]),
    verb("alert notify sendemail fire raise", "alert count > 5", "a condition on the result is `until` or `assert`", &["count | until {condition}", "count | until count > 5"]),
    verb("waitfor wait", "wait_for count > 5", "a run that ends at a condition has `until`", &["count | until {condition}", "count | until count > 5"]),
    // Single values typed as a stage
    verb("total sumof", "total x", "numbers are added by `sum`", &["sum({expression=word})"]),
    verb("average mean avgof", "mean(x)", "the mean is `avg`", &["avg({expression=word})"]),
    made("countdistinct dc distinctcount nunique", "count-distinct a", "distinct values are counted by `count_distinct`", miller::count_distinct, &["count_distinct({named})", "count_distinct({field=word}){by}"]),
    verb("quantile", "quantile(x, 0.95)", "percentiles are `p50`, `p95`, `p99.9`, or `percentile(x, 95)`", &["p95({field=x})"]),
    verb("help usage man", "help", "bourn --help shows the language, bourn --help NAME one word; a first expression is", &["count"]),
    verb("exit quit stop break end", "exit", "a run ends by `limit`, `until` or --for", &["limit 1"]),
    verb("to_entries fromentries withentries paths", "to_entries", "the keys of an object are `keys`", &["let name = keys(parse_json(line)) | explode name"]),
    verb("map", "map(.a)", "fields are chosen by `select`, made by `let`", &["select {field=line}"]),
    verb("values vals", "values a", "values are listed by `collect`", &["collect({field=line})"]),
];

fn made_offset(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (mut inner, _) = inside(cursor)?;
    let number = inner.number()?;
    Some(super::own::after_the_first(cursor, &number, None))
}

/// `lag(x, 1) over (partition by k)`, `shift(x)`, `lead x`.
fn made_previous(cursor: &mut TokenCursor<'_>) -> Option<String> {
    use super::expression::WrittenExpr;
    let word = *cursor.tokens.get(cursor.at.checked_sub(1)?)?;
    let name = word.text.rsplit('.').next()?;
    let value = match cursor.at_sign("(") {
        true => cursor.call(word, name, Vec::new(), 0)?,
        false => {
            let of = cursor.of_kind(super::tokens::TokenKind::Word)?;
            super::values::call(cursor, word, name, &[WrittenExpr::primary(of.text)])?
        }
    };
    if cursor.at_word(0, "over") {
        cursor.over(&value)?;
    }
    let name = match cursor.word("as") {
        Some(_) => super::lists::name_of(cursor.next()?)?,
        None => value.text,
    };
    let last = cursor.before.iter().rposition(|(_, name)| !name.is_empty())?;
    cursor.before[last].1 = name;
    let stages: Vec<String> = cursor.before.iter().map(|(made, name)| named(made, name)).collect();
    cursor.is_done().then(|| stages.join(" | "))
}

/// `summarize arg_max(t, *) by k`: the last record of each key.
fn made_stats(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let head = cursor.peek()?;
    let desc = match super::values::key(head.text).as_str() {
        "argmax" => " desc",
        "argmin" => "",
        _ => return None,
    };
    let mut ahead = cursor.clone();
    ahead.at += 2;
    let of = ahead.expression()?;
    while !ahead.sign(")") {
        ahead.next()?;
    }
    let keys = ahead.by()?;
    ahead.is_done().then(|| format!("sort {of}{desc} | dedup {keys}"))
}

/// `case when a > 1 then 2 end` as a stage.
fn made_case(cursor: &mut TokenCursor<'_>) -> Option<String> {
    cursor.at = cursor.at.checked_sub(1)?;
    let value = cursor.expression()?;
    let name = match cursor.word("as") {
        Some(_) => super::lists::name_of(cursor.next()?)?,
        None => "x".to_owned(),
    };
    Some(format!("let {name} = {value}"))
}

/// `fillnull value=0 a b`, `fillna(0)`.
fn made_fill(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let value = super::arguments::fill("{value}", cursor)
        .or_else(|| super::arguments::fill("{number}", cursor))
        .unwrap_or_else(|| "0".to_owned());
    let fields = super::arguments::fill("{fields}", cursor)?;
    let filled: Vec<String> = fields
        .split(", ")
        .filter(|field| format!("\"{field}\"") != value)
        .map(|field| format!("{field} = {field} ?? {value}"))
        .collect();
    Some(format!("let {}", filled.join(", ")))
}

/// `eventstats avg(x) as m by y`.
fn made_overall(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let aggregates = cursor.aggregates()?;
    cursor.is_done().then(|| format!("overall {aggregates}"))
}

/// `tr a-z A-Z`, `tr -d 'a'`, `tr , ' '`.
fn made_tr(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = cursor.rest().replace(['"', '\''], "");
    let written = match rest.as_str() {
        "a-z A-Z" | "[a-z] [A-Z]" | "[:lower:] [:upper:]" => "upper(line)".to_owned(),
        "A-Z a-z" | "[A-Z] [a-z]" | "[:upper:] [:lower:]" => "lower(line)".to_owned(),
        rest if rest.starts_with("-s") => {
            let set = cursor.rest().trim_start_matches("-s").trim().trim_matches(['"', '\'']);
            let one = set.chars().next().filter(|c| !c.is_alphanumeric() || set.chars().count() == 1)?;
            let escaped = regex::escape(&one.to_string()).replace('/', "\\/");
            format!("regex_replace(line, /{escaped}+/, {})", super::expression::in_quotes(&one.to_string()))
        }
        rest => {
            let deleted = rest.strip_prefix("-d ").map(|set| (set, ""));
            let (from, to) = deleted.or_else(|| rest.split_once(' '))?;
            let replaces = from.chars().count() == 1;
            let from = super::expression::in_quotes(from);
            let to = super::expression::in_quotes(to);
            match replaces {
                true => format!("replace(line, {from}, {to})"),
                false => format!("regex_replace(line, /[{}]/, {to})", from.trim_matches('"')),
            }
        }
    };
    Some(format!("select {written} as text"))
}

/// `gsub(/a/, "b")`, `sub(x, "a", "b")`, `replace a with b`.
fn made_sub(cursor: &mut TokenCursor<'_>) -> Option<String> {
    use super::tokens::TokenKind;
    let rest = &cursor.tokens[cursor.at..];
    let regex = rest.iter().find(|token| token.kind == TokenKind::Regex);
    let mut texts = rest.iter().filter(|token| token.kind == TokenKind::Text);
    let field = rest.iter().find(|token| token.kind == TokenKind::Word && token.text != "with" && token.text != "in");
    let field = field.map_or("line", |token| token.text);
    let from = match regex {
        Some(regex) => regex.text.to_owned(),
        None => super::lists::quoted(*texts.next()?),
    };
    let to = super::lists::quoted(*texts.next()?);
    let name = if regex.is_some() { "regex_replace" } else { "replace" };
    Some(format!("let {field} = {name}({field}, {from}, {to})"))
}

fn made_running(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let alone = cursor.tokens.get(cursor.at..)?;
    if let [word] = alone
        && crate::aggregate::find(word.text).is_none()
        && word.kind == super::tokens::TokenKind::Word
    {
        return Some(format!("running sum({})", word.text)); // `cumsum bytes`
    }
    if cursor.at_sign("(") {
        let of = cursor.list(0)?;
        return cursor.is_done().then(|| format!("running sum{of}"));
    }
    let aggregates = cursor.aggregates()?;
    cursor.is_done().then(|| format!("running {aggregates}"))
}

/// `rolling(5).mean()`.
fn made_rolling(cursor: &mut TokenCursor<'_>) -> Option<String> {
    use super::tokens::TokenKind;
    let rest = &cursor.tokens[cursor.at..];
    let number = rest.iter().find(|token| token.kind == TokenKind::Number)?;
    let called = rest.iter().skip(1).rev().find(|token| token.kind == TokenKind::Word);
    let name = called.map_or("avg", |token| match token.text {
        "sum" | "max" | "min" | "stddev" => token.text,
        _ => "avg",
    });
    number.text.parse::<u32>().ok()?;
    Some(format!("running {name}(x) over {} rows", number.text))
}

fn made_let(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (mut inner, _) = inside(cursor)?;
    let made = match inner.peek()?.kind {
        super::tokens::TokenKind::Text => assigned_by_text(&mut inner)?,
        _ => inner.assignments()?,
    };
    cursor.note = cursor.note.take().or(inner.note);
    Some(with_before(&inner.before, &format!("let {made}")))
}

/// `put '$x = 1'`, `withColumn('x', a + 1)`.
fn assigned_by_text(cursor: &mut TokenCursor<'_>) -> Option<String> {
    if cursor.tokens.len() > 1 {
        return cursor.assignments();
    }
    let text = cursor.next()?;
    let mut inner = TokenCursor::new(text.inner())?;
    inner.assignments()
}

fn made_where(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (mut inner, _) = inside(cursor)?;
    if let ([text], super::tokens::TokenKind::Text) = (&*inner.tokens, inner.peek()?.kind) {
        let mut quoted = TokenCursor::new(text.inner())?; // `filter '$x > 1'`
        let condition = quoted.expression()?;
        return quoted.is_done().then(|| format!("where {condition}"));
    }
    let condition = inner.expression()?;
    inner.is_done().then(|| format!("where {condition}"))
}

fn made_unless(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let condition = made_where(cursor)?;
    Some(format!("where not ({})", condition.strip_prefix("where ")?))
}

fn made_assert(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (mut inner, _) = inside(cursor)?;
    let condition = inner.expression()?;
    inner.is_done().then(|| format!("assert {condition}"))
}

/// `fields a, b`, `fields - a`, `fields + a`.
fn made_fields(cursor: &mut TokenCursor<'_>) -> Option<String> {
    if cursor.peek()?.text == "-" || cursor.word("except").is_some() || cursor.word("exclude").is_some() {
        cursor.sign("-");
        return made_drop(cursor);
    }
    cursor.sign("+");
    cursor.word("only");
    made_select(cursor)
}

fn made_select(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (mut inner, _) = inside(cursor)?;
    while inner.at_sign("-") {
        inner.at += 2; // `reorder -f a,b`
    }
    let columns = match (inner.peek()?, inner.tokens.len() - inner.at) {
        (text, 1) if text.kind == super::tokens::TokenKind::Text && text.text.contains('{') => {
            inner.at += 1;
            format!("concat({}) as text", super::values::format_parts(text.inner(), &[])?) // `print "{a} {b}"`
        }
        _ => inner.columns()?,
    };
    inner.is_done().then(|| format!("select {columns}"))
}

fn made_drop(cursor: &mut TokenCursor<'_>) -> Option<String> {
    Some(format!("drop {}", cursor.names()?.join(", ")))
}

pub(super) fn made_sort(cursor: &mut TokenCursor<'_>) -> Option<String> {
    cursor.word("by");
    let (mut inner, _) = inside(cursor)?;
    let descends = inner.tokens.iter().any(|token| token.text.eq_ignore_ascii_case("ascending"))
        && inner.tokens.iter().any(|token| token.text == "False");
    let keys = match descends {
        true => format!("{} desc", super::lists::name_of(inner.next()?)?),
        false => inner.sort_keys()?,
    };
    Some(format!("sort {keys}"))
}

/// Returns the contents of the parentheses directly after a word, or the rest; and whether there are parentheses.
pub(super) fn inside<'a>(cursor: &TokenCursor<'a>) -> Option<(TokenCursor<'a>, bool)> {
    let rest = &cursor.tokens[cursor.at..];
    let is_call = rest.first().is_some_and(|open| open.text == "(") && rest.last().is_some_and(|end| end.text == ")");
    let tokens = if is_call { &rest[1..rest.len() - 1] } else { rest };
    (!tokens.is_empty()).then(|| (cursor.part(tokens), is_call))
}

/// Prepends the stages that create a stage's inputs.
pub(super) fn with_before(before: &[(String, String)], stage: &str) -> String {
    let mut out = String::new();
    for (made, name) in before {
        out.push_str(&format!("{} | ", named(made, name)));
    }
    let assigned = stage.strip_prefix("let ").and_then(|stage| stage.split_once(" = "));
    let last = before.iter().rposition(|(_, name)| !name.is_empty());
    if let (Some(last), Some((new, value))) = (last, assigned)
        && value == before[last].1
    {
        let mut stages: Vec<String> = before.iter().map(|(made, name)| named(made, name)).collect();
        stages[last] = named(&before[last].0, new); // `let p = lag(x)`
        return stages.join(" | ");
    }
    out + stage
}

/// Names the field of a stage `running …`.
pub(super) fn named(made: &str, name: &str) -> String {
    if name.is_empty() {
        return made.to_owned();
    }
    match made.split_once(" by ") {
        Some((aggregate, keys)) => format!("{aggregate} as {name} by {keys}"),
        None => format!("{made} as {name}"),
    }
}
