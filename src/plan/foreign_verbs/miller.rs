//! Verbs of Miller, which take their fields by flags: `stats1 -a mean,p50 -f x,y -g a`.

use super::cursor::TokenCursor;
use super::lists::name_of;
use super::tokens::TokenKind;
use super::values;

/// Returns the names after a flag: `-f a,b`.
pub(super) fn flag(cursor: &TokenCursor<'_>, name: &str) -> Vec<String> {
    let tokens = &cursor.tokens[cursor.at..];
    let place = tokens.windows(2).position(|pair| pair[0].text == "-" && !pair[1].spaced && pair[1].text == name);
    let Some(place) = place else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for (index, token) in tokens[place + 2..].iter().enumerate() {
        match token.kind {
            TokenKind::Sign if token.text == "," => {}
            TokenKind::Word | TokenKind::Text if index == 0 || tokens[place + 1 + index].text == "," => {
                names.extend(name_of(*token));
            }
            _ => break,
        }
    }
    names
}

/// ` by a, b` of `-g a,b`.
fn groups(cursor: &TokenCursor<'_>) -> String {
    let keys = flag(cursor, "g");
    if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) }
}

/// `stats1 -a mean,p50,count -f x,y -g a`.
pub(super) fn stats1(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (names, fields) = (flag(cursor, "a"), flag(cursor, "f"));
    let names = if names.is_empty() { vec!["mean".to_owned()] } else { names };
    let mut made = Vec::new();
    for field in &fields {
        for name in &names {
            let own = match name.as_str() {
                "count" | "mode" | "antimode" | "first" | "last" | "min" | "max" | "sum" => name.clone(),
                "meaneb" | "skewness" | "kurtosis" => return None,
                "null_count" => format!("count({field} == null) as {field}_null_count"),
                name => match values::find(name) {
                    Some(row) => row.here.split('(').next()?.to_owned(),
                    None => name.to_owned(),
                },
            };
            made.push(match own.as_str() {
                "count" => format!("count({field} != null) as {field}_count"),
                own if own.contains('(') => own.to_owned(),
                own => format!("{own}({field})"),
            });
        }
    }
    (!made.is_empty()).then(|| format!("{}{}", made.join(", "), groups(cursor)))
}

/// `step -a shift,delta -f x -g k`, `step -a shift x`.
pub(super) fn step(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let steppers = flag(cursor, "a");
    let mut fields = flag(cursor, "f");
    if fields.is_empty() {
        let rest = &cursor.tokens[cursor.at..];
        let before = rest.iter().rposition(|token| token.kind != TokenKind::Word && token.text != ",");
        let names = rest[before.map_or(0, |at| at + 1)..].iter().filter(|token| token.kind == TokenKind::Word);
        // after `-a`, the steppers come first
        fields.extend(
            names.filter_map(|token| name_of(*token)).skip_while(|name| name == "a" || steppers.contains(name)),
        );
    }
    let (mut made, mut ratios) = (Vec::new(), Vec::new());
    for field in &fields {
        for stepper in &steppers {
            made.push(match stepper.as_str() {
                "shift" | "shift_lag" => format!("prev({field}) as {field}_shift"),
                "delta" => format!("delta({field})"),
                "rsum" => format!("sum({field}) as {field}_rsum"),
                "counter" => format!("count as {field}_counter"),
                "ewma" => format!("ewma({field}, 0.1)"),
                "count" => format!("count as {field}_count"),
                "ratio" => {
                    ratios.push(format!("{field}_ratio = {field} / before_{field}"));
                    format!("prev({field}) as before_{field}")
                }
                _ => return None,
            });
        }
    }
    let ratios = if ratios.is_empty() { String::new() } else { format!(" | let {}", ratios.join(", ")) };
    (!made.is_empty()).then(|| format!("running {}{}{ratios}", made.join(", "), groups(cursor)))
}

/// `count-distinct -f a,b` counts each combination; with `-n` their number.
pub(super) fn count_distinct(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let fields = flag(cursor, "f");
    (fields.len() > 1).then(|| format!("count by {}", fields.join(", ")))
}

/// `fill-down -f a`, `fill-down -a`: the last non-null value.
pub(super) fn fill_down(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let mut fields = flag(cursor, "f");
    if fields.is_empty() {
        fields = cursor.names()?;
    }
    let all: Vec<String> = fields.iter().map(|field| format!("last({field}) as {field}")).collect();
    Some(format!("running {}{}", all.join(", "), groups(cursor)))
}

/// `merge-fields -a sum -f x,y -o out`.
pub(super) fn merge_fields(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (names, fields) = (flag(cursor, "a"), flag(cursor, "f"));
    let out = flag(cursor, "o").pop().unwrap_or_else(|| "out".to_owned());
    let made = names.iter().map(|name| {
        let value = match name.as_str() {
            "sum" => fields.join(" + "),
            "mean" => format!("({}) / {}", fields.join(" + "), fields.len()),
            "min" | "max" => format!("{name}({})", fields.join(", ")),
            _ => return None,
        };
        Some(format!("{out}_{name} = {value}"))
    });
    let made: Option<Vec<String>> = made.collect();
    made.filter(|made| !made.is_empty() && fields.len() > 1).map(|made| format!("let {}", made.join(", ")))
}

/// `cat -n`, `cat -n -g a`, which number records.
pub(super) fn numbered(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let has_number = cursor.tokens.windows(2).any(|two| two[0].text == "-" && !two[1].spaced && two[1].text == "n");
    has_number.then(|| format!("running count as n{}", groups(cursor)))
}

/// `count-similar -g a` adds the number of records of the group to each.
pub(super) fn count_similar(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let groups = groups(cursor);
    (!groups.is_empty()).then(|| format!("overall count{groups}"))
}

/// `reshape -s key,value` as `pivot`, `reshape -i a,b -o key,value` as `unpivot`.
pub(super) fn reshape(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let columns = flag(cursor, "i");
    match (flag(cursor, "s").as_slice(), columns.as_slice(), flag(cursor, "o").as_slice()) {
        ([key, value], [], _) => Some(format!("pivot {key} of {value}")),
        ([], [_, ..], [key, value]) => Some(format!("unpivot {} as {key}, {value}", columns.join(", "))),
        _ => None,
    }
}

/// `top -n 2 -f x -g a`: the records with the largest values, of each group.
pub(super) fn top(cursor: &TokenCursor<'_>, number: &str) -> Option<String> {
    let fields = flag(cursor, "f");
    let [field] = fields.as_slice() else {
        return None;
    };
    let keys = flag(cursor, "g").join(", ");
    Some(match (keys.as_str(), number) {
        ("", _) => format!("sort {field} desc | limit {number}"),
        (_, "1") => format!("sort {field} desc | dedup {keys}"),
        _ => format!("sort {field} desc | running count as n by {keys} | where n <= {number} | drop n"),
    })
}

/// `count -g a`, an aggregate here.
pub(super) fn count(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let groups = groups(cursor);
    let dash = cursor.peek_at(1).filter(|dash| dash.text == "-" && !groups.is_empty())?;
    cursor.note(dash, "groups are made by `by`");
    Some(format!("count{groups}"))
}
