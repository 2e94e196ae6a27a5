//! The functions, aggregates and variables of other languages: one row per word.

use crate::aggregate;
use crate::expr::functions;

use super::clauses::{BACKWARD, FORWARD};
use super::cursor::TokenCursor;
use super::expression::{Binding, WrittenExpr, duration_of, regex_of};
use super::tokens::ForeignToken;

/// The kind of a word in bourn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// A value per record.
    Function,
    /// A value per group.
    Aggregate,
    /// A value that depends on earlier records: a stage `running …` that creates the field `NAME`.
    Running(&'static str),
    /// A variable.
    Field,
}

/// A word in expressions of other languages.
pub(super) struct ForeignWord {
    /// Its spellings, separated by blanks, ignoring case, `_` and `-`.
    pub(super) words: &'static str,
    pub(super) is: Is,
    /// The equivalent in words.
    pub(super) means: &'static str,
    /// The equivalent as a template: `{1}` is the first argument, `{2=x}` an optional one, `{*}` all of them; `{r2}`
    /// is the second one as a /regex/, `{d2}` as a duration, `{p2}` in percent, `{t}` the text argument, `{x}` the
    /// other one.
    pub(super) here: &'static str,
}

const fn function(words: &'static str, means: &'static str, here: &'static str) -> ForeignWord {
    ForeignWord { words, is: Is::Function, means, here }
}

const fn aggregate(words: &'static str, means: &'static str, here: &'static str) -> ForeignWord {
    ForeignWord { words, is: Is::Aggregate, means, here }
}

const fn running(words: &'static str, name: &'static str, means: &'static str, here: &'static str) -> ForeignWord {
    ForeignWord { words, is: Is::Running(name), means, here }
}

const fn variable(words: &'static str, means: &'static str, here: &'static str) -> ForeignWord {
    ForeignWord { words, is: Is::Field, means, here }
}

#[rustfmt::skip] // a table is read by its columns
pub(super) const VALUES: &[ForeignWord] = &[
    // SQL, Splunk, KQL, pandas, Spark: aggregates
    aggregate("countdistinct dc distinctcount nunique uniq uniqexact approxcountdistinct estdc dcount cardinality countunique hll approxdistinct", "distinct values are counted by `count_distinct`", "count_distinct({1=x})"),
    aggregate("average mean avgif", "the mean is `avg`", "avg({1=x})"),
    aggregate("sumall sumx add", "numbers are added by `sum`", "sum({1=x})"),
    aggregate("countif countwhere", "`count(COND)` counts the records for which a condition holds", "count({1=status >= 500})"),
    aggregate("sumif", "an aggregate takes a condition after `where`", "sum({1=x}) where {2=status >= 500}"),
    aggregate("stdev stdevp stddevsamp stddevpop std", "the standard deviation is `stddev`", "stddev({1=x})"),
    aggregate("varsamp varpop var varp", "the variance is `variance`", "variance({1=x})"),
    aggregate("quantile percentilecont percentiledisc approxquantile approxpercentile quantileexact quantiletdigest percentileapprox exactperc upperperc", "percentiles are `p50`, `p95`, `p99.9`, or `percentile(x, 95)`", "{p}"),
    aggregate("values list arrayagg groupconcat stringagg listagg makelist collectlist grouparray tolist", "values are listed by `collect`", "collect({1=x})"),
    aggregate("makeset collectset groupuniqarray toset", "distinct values are listed by `collect_distinct`", "collect_distinct({1=x})"),
    aggregate("earliest firstvalue takeany anyvalue anylast limitfirst", "the first value is `first`", "first({1=x})"),
    aggregate("latest lastvalue", "the last value is `last`", "last({1=x})"),
    aggregate("minimum least", "the smallest value is `min`", "min({*=x})"),
    aggregate("maximum greatest", "the largest value is `max`", "max({*=x})"),
    aggregate("argmax maxby topkvalue", "the record of the largest value comes first after `sort`", "max({1=x})"),
    aggregate("argmin minby", "the record of the smallest value comes first after `sort`", "min({1=x})"),
    aggregate("booland every", "`all(COND)` holds if a condition holds for all records", "all({1=status < 500})"),
    aggregate("boolor some", "`any(COND)` holds if a condition holds for some record", "any({1=status >= 500})"),
    aggregate("mostfrequent mostcommon", "the most frequent value is `mode`", "mode({1=x})"),
    aggregate("correlation covarpop", "the correlation is `corr`", "corr({1=x}, {2=y})"),
    aggregate("regrslope linearregression slope", "a line is fitted by `linreg`", "linreg({1=y}, {2=x})"),
    aggregate("ewm ema exponentialmovingaverage", "the exponential average is `ewma`", "ewma({1=x}, 0.1)"),
    aggregate("perc pct", "percentiles are `p50`, `p95`, `p99.9`, or `percentile(x, 95)`", "p95({1=x})"),
    // Window functions: values that depend on the records before
    running("lag shift previous autoregress", "before", "the value of the record before is `prev`, after `running`", "running prev({1=x})"),
    running("lead", "after", "the record after it is the one before it in the opposite order: `prev`, after `running`", "lead {1=x}"),
    running("diff deriv derivative increase", "difference", "the difference to the record before is `delta`, after `running`", "running delta({1=x})"),
    running("cumsum cumulativesum runningsum rowcumsum accum", "total", "running totals are added by `running`", "running sum({1=x})"),
    running("cummax runningmax", "largest", "the largest value so far is added by `running`", "running max({1=x})"),
    running("cummin runningmin", "smallest", "the smallest value so far is added by `running`", "running min({1=x})"),
    running("rownumber cumcount ngroup monotonicallyincreasingid", "n", "records are numbered by `running count`, or are by `@number`", "running count"),
    running("rank denserank percentrank ntile", "rank", "after `sort`, records are numbered by `running count`", "running count"),
    running("rolling movingaverage movavg movingavg sma trendline", "mean", "an average of the last records is `running avg(x) over N rows`", "running avg({1=x}) over 5 rows"),
    // Choices and nulls
    function("isnull isna isnan isnotset ismissing", "`== null` asks for a missing value", "is_null({1=x})"),
    function("has", "`!= null` asks for a value that is there", "{f=x} != null"),
    function("isnotnull notna notnull exists isset isdefined", "`!= null` asks for a value that is there", "{1=x} != null"),
    function("nvl ifnull zeroifnull fillna", "a missing value is replaced by `coalesce`", "coalesce({1=x}, {2=0})"),
    function("nullif", "a choice is made by `if`", "if({1=x} == {2=0}, null, {1=x})"),
    function("iif iff ifelse ifthenelse when where", "a choice is made by `if`", "if({1=status >= 500}, {2=\"bad\"}, {3=\"good\"})"),
    function("isempty isblank", "empty text is found by `is_empty`", "is_empty({1=x})"),
    function("isnotempty", "empty text is found by `is_empty`", "not is_empty({1=x})"),
    function("isnum isnumeric isint isfloat", "`is_number` asks whether a value is a number", "is_number({1=x})"),
    function("isin containsany", "a list is searched by `in`", "{1=x} in {2=(1, 2)}"),
    // Text
    function("length strlen stringlength charlength arraylength arraysize mvcount size strings cardinalityof", "the length is `len`", "len({1=line})"),
    function("tolower lcase lowercase asciidowncase casefold", "lower case is `lower`", "lower({1=line})"),
    function("toupper ucase uppercase asciiupcase", "upper case is `upper`", "upper({1=line})"),
    function("strip ltrim rtrim btrim ltrimstr rtrimstr cleanwhitespace collapsewhitespace", "white space at both ends is removed by `trim`", "trim({1=line})"),
    function("substring mid left slice strmid strsub", "a part of a text is `substr`", "substr({1=line}, {2=0}{c3})"),
    function("instr indexof strpos locate charindex position strcontains hasstr", "`contains` asks whether a text is in another", "contains({1=line}, {2=\"text\"})"),
    function("beginswith hasprefix prefixof", "`startswith` asks how a text begins", "startswith({1=line}, {2=\"text\"})"),
    function("hassuffix", "`endswith` asks how a text ends", "endswith({1=line}, {2=\"text\"})"),
    function("gsub sub regexpreplace regexreplaceall replaceregexall replaceregex ssub strreplace replaceall translate", "a pattern is replaced by `regex_replace`", "regex_replace({1=line}, {r2=/[0-9]+/}, {3=\"\"})"),
    function("regexpextract regexpsubstr extractall extract rextract strmatchx capture substringregex", "a part that matches is `regex_extract`", "regex_extract({1=line}, {r2=/([0-9]+)/}{c3})"),
    function("regexplike regexpmatches match matches test like searchmatch rlike ismatch re2", "a text is compared with a pattern by `~`", "{1=line} ~ {r2=/text/}"),
    function("printf sprintf strfmt formatstring stringformat messageformat fmtnum fmtifnum tojsonstring strcat strcatdelim concatws pipe", "text is joined by `concat`", "concat({*=line})"),
    function("lpad leftpad padstart rpad rightpad padend ljust rjust", "text is filled up by `pad`", "pad({1=line}, {2=10})"),
    function("splitpart splitax splitnv mvindex elementat nth stringtoarray strsplit splits tokenize", "a piece of a text is `split_part`", "split_part({1=line}, {2=\",\"}, {3=1})"),
    function("arraycontains mvfind listcontains arrayhas setcontains", "a list is searched by `contains`", "contains({1=list}, {2=\"x\"})"),
    function("mvjoin arrayjoin arraytostring joink joinv", "a list becomes text by `join`", "join({1=list}, {2=\", \"})"),
    function("reversestr", "text is turned round by `reverse`", "reverse({1=line})"),
    function("replicate strrepeat", "text is repeated by `repeat`", "repeat({1=line}, {2=2})"),
    function("tostring str string cstr varchar astext", "any value becomes text by `text`", "text({1=x})"),
    function("tonumber toint tolong todouble tofloat toreal todecimal int float double cint parseint parsefloat tonumeric number cast trycast astype", "text becomes a number by `num`", "num({1=x})"),
    function("hex2dec tohex hex fromhex", "hexadecimal digits become a number by `parse_hex`", "parse_hex({1=x})"),
    function("memk rmunit humanreadable tobytes parsebytes bytesize", "a size such as `10kB` becomes a number by `bytes`", "bytes({1=x})"),
    // Numbers
    function("ceiling roundup", "numbers are rounded up by `ceil`", "ceil({1=x})"),
    function("rounddown trunc truncate fix", "numbers are rounded down by `floor`", "floor({1=x})"),
    function("power pown", "powers are `pow`", "pow({1=x}, {2=2})"),
    function("ln loge", "the natural logarithm is `log`", "log({1=x})"),
    function("math.abs fabs", "the absolute value is `abs`", "abs({1=x})"),
    function("modulo pmod fmod", "the remainder is `%`", "{1=x} % {2=2}"),
    // Times
    function("strftime dateformat formatdatetime formatdate tochar fromunixtime sec2gmt sec2gmtdate sec2date datetimeformat formattimestamp", "times become text by `format_time`", "format_time({x=time}, {t=\"%H:%M\"})"),
    function("strptime totimestamp todatetime todate strtotime parsedate parsedatetime parsetimestamp datetime timestamp fromdate dateparse parsetime totime gmt2sec", "text becomes a time by `time`", "time({x=line}{c_t})"),
    function("unixtimestamp epoch tounixtime mktime todateepoch unixtimestampmillis systime", "a time is a value of its own: `time` reads it, and times can be subtracted", "time({1=line})"),
    function("bucket timebucket tumble binat floortime startofhour startofday startofmonth timeslice roundtime resample window sessionwindow bintime", "times are rounded down by `bin`", "bin({x=time}, {d=5m})"),
    function("datetrunc", "times are rounded down by `bin`", "bin({x=time}, {d=1h})"),
    function("dayofweek dow getday", "the day of the week is `weekday`", "weekday({1=time})"),
    function("dayofmonth monthday getdate", "the day of the month is `day`", "day({1=time})"),
    function("hourofday gethours datehour", "the hour is `hour`", "hour({1=time})"),
    function("monthofyear getmonth datemonth", "the month is `month`", "month({1=time})"),
    function("getyear dateyear", "the year is `year`", "year({1=time})"),
    function("datepart", "the parts of a time are `year`, `month`, `day`, `hour`, `minute`, `weekday`", "hour({x=time})"),
    function("datediff timestampdiff timediff datesub datetimediff", "times are subtracted by `-`", "{1=t2} - {2=t1}"),
    function("dateadd timestampadd datetimeadd relativetime", "a duration is added by `+`", "{x=time} + {d=1h}"),
    function("currenttimestamp sysdate currenttime utcnow today localtimestamp", "the time of the start is `now()`", "now()"),
    function("tosec seconds2 tosecond totimespan", "a duration in seconds is `seconds`", "seconds({1=d})"),
    // JSON, lists, net, hashes
    function("fromjson jsondecode parsejson jsonparse loads todynamic jsonloads", "JSON text is read by `parse_json`", "parse_json({1=line})"),
    function("getjsonobject jsonextract jsonvalue jsonextractstring jsonget extractjson spath", "an element is a path, or is read by `get`", "get(parse_json({1=line}), {2=\"name\"})"),
    function("mapkeys jsonkeys jsonobjectkeys bagkeys getkeys objectkeys toentries", "the keys of an object are `keys`", "keys({1=o})"),
    function("elementatkey mapget getfield", "an element is read by `get`", "get({1=o}, {2=\"name\"})"),
    function("cidrmatch ipv4isinrange isipinrange ipincidr incidr", "addresses are compared by `ip_in`", "ip_in({x=ip}, {t=\"10.0.0.0/8\"})"),
    function("cidr network masklen ipmask", "a network is `subnet`", "subnet({1=ip}, 24)"),
    function("parseurl urlparse", "the parts of a URL are `url_path`, `url_host`, `url_query`", "url_path({1=url})"),
    function("urldecoder decodeuricomponent unquote", "a URL is decoded by `url_decode`", "url_decode({1=url})"),
    function("hashmd5 tohashmd5", "the digest is `md5`", "md5({1=line})"),
    function("sha1 sha2 sha512 hashsha256 crc32", "the digest is `sha256`", "sha256({1=line})"),
    // LogQL, PromQL: a stream and a range; each is read by a shape of its own
    aggregate("bytesrate ratecounter irate", "records in a second are `rate`", "rate"),
    aggregate("countovertime absentovertime", "records are counted by `count`", "count"),
    aggregate("bytesovertime", "the bytes of lines are added by `sum`", "sum({1=bytes})"),
    aggregate("sumovertime", "numbers are added by `sum`", "sum({1=x})"),
    aggregate("avgovertime", "the mean is `avg`", "avg({1=x})"),
    aggregate("maxovertime", "the largest value is `max`", "max({1=x})"),
    aggregate("minovertime", "the smallest value is `min`", "min({1=x})"),
    aggregate("stddevovertime", "the standard deviation is `stddev`", "stddev({1=x})"),
    aggregate("quantileovertime histogramquantile", "percentiles are `p50`, `p95`, `p99.9`, or `percentile(x, 95)`", "{p}"),
    // Variables
    variable("NR FNR line_number lineno LINENO input_line_number", "the number of a record is `@number`", "@number"),
    variable("FILENAME input_filename _source __file__", "the source of a record is `@source`", "@source"),
    variable("_raw $0 $_ message_raw __line__ _line raw_line", "the whole line is `line`", "line"),
    variable("NF", "fields have names: `split` makes a record of each word", "len(regex_replace(trim(line), /\\S+\\s*/, \"x\"))"),
    variable("_time __timestamp__ TimeGenerated processing_time proctime ingestion_time", "the time of arrival is `@time`", "@time"),
    variable("_ $. current", "the whole line is `line`", "line"),
];

/// Normalizes a word as in the table: lower case, letters and digits.
pub(super) fn key(word: &str) -> String {
    let mut key: String = word.chars().filter(|c| c.is_alphanumeric() || *c == '.').collect();
    key.make_ascii_lowercase();
    key
}

/// The row of a function or aggregate.
pub(super) fn find(name: &str) -> Option<&'static ForeignWord> {
    let key = key(name);
    VALUES.iter().find(|row| row.is != Is::Field && row.words.split(' ').any(|word| word == key))
}

/// The meaning of a variable, and its equivalent.
pub(super) fn field_row(name: &str) -> Option<&'static ForeignWord> {
    VALUES.iter().find(|row| row.is == Is::Field && row.words.split(' ').any(|word| word == name))
}

/// The meaning of a variable, and its equivalent; `$3` is the third word of the line.
pub(super) fn field(name: &str) -> Option<(String, String)> {
    if let Some(row) = field_row(name) {
        return Some((row.means.to_owned(), row.here.to_owned()));
    }
    let dollar = name.strip_prefix('$')?;
    let means = "fields have names here, without `$`".to_owned();
    let here = match dollar {
        "NF" => "regex_extract(line, /\\S+$/)".to_owned(),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("split_part(line, \" \", {})", digits.parse::<u16>().ok()?)
        }
        name => match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(quoted) => format!("`{quoted}`"),
            None => name.to_owned(),
        },
    };
    Some((means, here))
}

/// True if bourn has a function or aggregate of this name.
pub(super) fn is_own(name: &str) -> bool {
    functions::find(name).is_some() || aggregate::find(name).is_some()
}

/// Translates a call.
pub(super) fn call(
    cursor: &mut TokenCursor<'_>,
    token: ForeignToken<'_>,
    name: &str,
    arguments: &[WrittenExpr],
) -> Option<WrittenExpr> {
    let key = key(name);
    let listed = || arguments.iter().map(|argument| argument.text.as_str()).collect::<Vec<_>>().join(", ");
    if name == "if" && arguments.len() >= 5 {
        return case(cursor, token, arguments);
    }
    if is_own(name) {
        if token.text != name {
            cursor.note(token, format!("unknown function `{}`: the value is an argument of `{name}`", token.text));
        }
        return Some(WrittenExpr::primary(match (name, arguments) {
            ("count" | "rate", []) => name.to_owned(),
            ("count", [one]) if one.text.parse::<u8>().is_ok() => name.to_owned(),
            ("percentile", [_, q]) if q.text.starts_with("0.") => percentile(arguments)?,
            _ => format!("{name}({})", listed()),
        }));
    }
    if let ("col" | "column" | "lit", [one]) = (key.as_str(), arguments) {
        cursor.note(token, format!("unknown function `{name}`: a field is written by its name"));
        let inner = one.text.trim_matches('"');
        return Some(WrittenExpr::primary(if key == "lit" { &one.text } else { inner }));
    }
    if let ("printf" | "sprintf" | "format" | "strfmt" | "formatstring", [format, rest @ ..]) =
        (key.as_str(), arguments)
        && format.text.contains('%')
    {
        cursor.note(token, format!("unknown function `{name}`: text is joined by `concat`"));
        let rest: Vec<String> = rest.iter().map(|argument| argument.text.clone()).collect();
        let parts = format_parts(format.text.trim_matches('"'), &rest)?;
        return Some(WrittenExpr::primary(format!("concat({parts})")));
    }
    if let ("eval", [one]) = (key.as_str(), arguments) {
        cursor.note(token, "unknown function `eval`: an aggregate takes any expression");
        return Some(one.clone()); // `count(eval(status >= 500))`
    }
    if let ("datetimediff" | "datediff" | "timestampdiff", [unit, first, second]) = (key.as_str(), arguments) {
        cursor.note(token, format!("unknown function `{name}`: times are subtracted by `-`"));
        let unit = duration(&format!("\"{}\"", unit.text.trim_matches('"')))?;
        let (end, start) = if name == "datetime_diff" { (first, second) } else { (second, first) };
        let difference = format!("({} - {}) / {unit}", end.within(Binding::Add), start.within(Binding::Multiply));
        return Some(WrittenExpr::of(Binding::Multiply, difference));
    }
    if key == "case" {
        return case(cursor, token, arguments);
    }
    let lower = name.to_lowercase();
    if let Some(own) = super::super::aggregates::percentile(&lower).filter(|own| *own != name) {
        cursor.note(token, format!("unknown aggregate `{name}`"));
        return Some(WrittenExpr::primary(format!("{own}({})", listed())));
    }
    if is_own(&lower) {
        cursor.note(token, format!("unknown function `{name}`"));
        let listed = listed();
        return Some(WrittenExpr::primary(match (lower.as_str(), arguments.is_empty()) {
            ("count" | "rate", true) => lower,
            _ => format!("{lower}({listed})"),
        }));
    }
    match find(name) {
        Some(row) => by_row(cursor, token, name, (row, arguments)),
        None => Some(WrittenExpr::primary(format!("{name}({})", listed()))),
    }
}

/// Writes a call as a row of the table says.
fn by_row(
    cursor: &mut TokenCursor<'_>,
    token: ForeignToken<'_>,
    name: &str,
    (row, arguments): (&ForeignWord, &[WrittenExpr]),
) -> Option<WrittenExpr> {
    let what = if row.is == Is::Aggregate { "aggregate" } else { "function" };
    cursor.note(token, format!("unknown {what} `{name}`: {}", row.means));
    let text = fill(row.here, arguments)?;
    match row.is {
        Is::Running(field) => {
            cursor.before.extend(running_stages(&text, field, arguments));
            Some(WrittenExpr::primary(field))
        }
        _ => {
            let is_call = text.ends_with(')')
                && text.find('(').is_some_and(|open| text[..open].chars().all(|c| c.is_alphanumeric() || c == '_'));
            Some(WrittenExpr::of(if is_call { Binding::Primary } else { Binding::Not }, text))
        }
    }
}

/// Creates the stages of a value that depends on earlier records; `lag(x, 2)` looks two records back.
fn running_stages(text: &str, field: &str, arguments: &[WrittenExpr]) -> Vec<(String, String)> {
    let Some(of) = text.strip_prefix("running prev(").and_then(|of| of.strip_suffix(')')) else {
        return match text.strip_prefix("lead ") {
            Some(of) => vec![
                (BACKWARD.to_owned(), String::new()),
                (format!("running prev({of})"), field.to_owned()),
                (FORWARD.to_owned(), String::new()),
            ],
            None => vec![(text.to_owned(), field.to_owned())],
        };
    };
    let times = arguments.get(1).and_then(|n| n.text.parse().ok()).unwrap_or(1_usize).clamp(1, 5);
    let made = (0..times).map(|nth| match nth {
        0 => (format!("running prev({of})"), field.to_owned()),
        _ => (format!("running prev({field})"), field.to_owned()),
    });
    made.collect()
}

/// `case(c, a, d, b, true, e)` as nested `if`s.
fn case(cursor: &mut TokenCursor<'_>, token: ForeignToken<'_>, arguments: &[WrittenExpr]) -> Option<WrittenExpr> {
    cursor.note(
        token,
        match token.text {
            "if" => format!("`if` takes 3 arguments, found {}: the next condition is in another `if`", arguments.len()),
            name => format!("unknown function `{name}`: a choice is made by `if`"),
        },
    );
    let (pairs, rest) = arguments.as_chunks::<2>();
    let mut value = rest.first().map_or("null", |last| &last.text).to_owned();
    for [condition, result] in pairs.iter().rev() {
        value = match condition.text.as_str() {
            "true" => result.text.clone(),
            condition => format!("if({condition}, {}, {value})", result.text),
        };
    }
    (!pairs.is_empty()).then(|| WrittenExpr::primary(value))
}

/// Splits a text with holes such as `%s`, `%5.1f`, `{{.a}}`, `${a}` and `{}` into parts for `concat`.
pub(super) fn format_parts(format: &str, arguments: &[String]) -> Option<String> {
    let mut arguments = arguments.iter();
    let (mut parts, mut text) = (Vec::new(), String::new());
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        let hole = match c {
            '%' if rest.starts_with("%%") => None,
            '%' => {
                let end = rest[1..].find(|c: char| c.is_alphabetic())?;
                rest = &rest[end + 2..];
                Some(arguments.next()?.clone())
            }
            '{' if rest.starts_with("{{") => {
                let (name, after) = rest[2..].split_once("}}")?;
                rest = after;
                let words = name.trim().rsplit('|').next_back()?.trim();
                Some(words.trim_start_matches('.').to_owned())
            }
            '{' if rest.contains('}') => {
                let (name, after) = rest[1..].split_once('}')?;
                rest = after;
                let name = name.split(':').next()?;
                Some(if name.is_empty() { arguments.next()?.clone() } else { name.to_owned() })
            }
            _ => None,
        };
        match hole {
            Some(hole) => {
                if !text.is_empty() {
                    parts.push(format!("\"{text}\""));
                    text.clear();
                }
                parts.push(hole);
            }
            None => {
                text.push(c);
                rest = &rest[if rest.starts_with("%%") { 2 } else { c.len_utf8() }..];
            }
        }
    }
    if !text.is_empty() {
        parts.push(format!("\"{text}\""));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Fills a template with arguments; missing ones get the template's default.
pub(super) fn fill(template: &str, arguments: &[WrittenExpr]) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (hole, after) = after.split_once('}')?;
        let (name, default) = hole.split_once('=').unwrap_or((hole, ""));
        let given = argument(name, arguments);
        out.push_str(given.as_deref().unwrap_or(default));
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn argument(name: &str, arguments: &[WrittenExpr]) -> Option<String> {
    let is_text = |argument: &&WrittenExpr| argument.text.starts_with('"');
    let is_duration = |argument: &&WrittenExpr| duration(&argument.text).is_some();
    let at = |digit: &str| arguments.get(digit.parse::<usize>().ok()?.checked_sub(1)?);
    match name {
        "*" => (!arguments.is_empty()).then(|| {
            let texts: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
            texts.join(", ")
        }),
        "f" => arguments.first().map(|argument| {
            let inner = argument.text.trim_matches('"');
            let is_name = inner.chars().all(|c| c.is_alphanumeric() || c == '_');
            match is_name && !inner.is_empty() {
                true => inner.to_owned(), // `has("a")` of jq
                false => argument.text.clone(),
            }
        }),
        "p" => Some(percentile(arguments).unwrap_or_else(|| "p95(x)".to_owned())),
        "t" => arguments.iter().find(is_text).map(|argument| argument.text.clone()),
        "c_t" => arguments.iter().find(is_text).map(|argument| format!(", {}", argument.text)),
        "x" => arguments
            .iter()
            .find(|argument| !is_text(argument) && !is_duration(argument))
            .map(|argument| argument.text.clone()),
        "d" => arguments.iter().find_map(|argument| duration(&argument.text)),
        "n2" | "c3" => at(&name[1..]).map(|argument| format!(", {}", argument.text)),
        _ => match name.strip_prefix('r') {
            Some(digit) => {
                let argument = at(digit)?;
                match argument.text.starts_with('"') {
                    true => regex_of(&argument.text, ""),
                    false => argument.text.starts_with('/').then(|| argument.text.clone()),
                }
            }
            None => at(name).map(|argument| argument.text.clone()),
        },
    }
}

/// `5m`, `'5 minutes'`, `'hour'`, `PT5M` is not read.
fn duration(text: &str) -> Option<String> {
    duration_of(text.trim_matches('"')).filter(|_| text.starts_with(|c: char| c.is_ascii_digit() || c == '"'))
}

/// `p95(x)` of `quantile(x, 0.95)` and `quantile(0.95, x)`.
fn percentile(arguments: &[WrittenExpr]) -> Option<String> {
    let number = |argument: &&WrittenExpr| argument.text.parse::<f64>().is_ok();
    let share: f64 = arguments.iter().find(number)?.text.parse().ok()?;
    let of = arguments.iter().find(|argument| !number(argument)).map_or("x", |argument| &argument.text);
    let percent = if share <= 1.0 { (share * 1e6).round() / 1e4 } else { share };
    (0.0..=100.0).contains(&percent).then(|| format!("p{percent}({of})"))
}
