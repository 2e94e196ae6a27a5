//! `parse "…{name}…"` and `parse FORMAT`: fields out of text by a pattern, or by a format that has a name.

use super::{BoundStage, StageDef, extract};
use crate::data::{Entry, Example, Value};
use crate::decode::formats::{self, FORMATS};
use crate::decode::pattern::{Pattern, PatternDecoder, PatternError};
use crate::expr::Scope;
use crate::expr::scope::closest;
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind, Span};
use crate::lang::{Mistake, ast};

pub(super) const PARSE: StageDef = StageDef {
    entry: Entry {
        name: "parse",
        usage: "parse \"…{name}…{n:int}…{_}\"|FORMAT [from FIELD]",
        summary: "Take fields by a pattern with named holes, or by a known format.",
        details: "In a pattern, text stands for itself and white space for any white space. A hole takes the shortest \
                  text up to what stands behind it, a hole at the very end takes the rest, and the whole may stand \
                  anywhere in the line. {n:int}, {x:float}, {t:time}, {d:duration} and {w:word} take only such text \
                  and give such values; at the end, they take as much as is one. {t:time} takes the longest text that is a \
                  time and lets the rest match: clock, fraction and zone are part of it, also after a blank. {_} is not kept; {{ and }} are \
                  braces.\n\nFORMAT is one of clf, combined, nginx_error, syslog, syslog5424, klog, cef, docker, \
                  haproxy; --formats lists them with their fields.\n\nA record that does not match is rejected: the \
                  reason names the place. What stands in fields that nothing asks for is not looked at.",
        examples: &[
            Example {
                expr: "parse '{user} took {ms:int} ms' | sum(ms) by user",
                input: "ann took 10 ms\nbob took 7 ms\nann took 5 ms\n",
                output: "ann\t15\nbob\t7\n",
            },
            Example {
                expr: "parse combined | count by status, path",
                input: "::1 - - [17/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 12 \"-\" \"curl\"\n",
                output: "200\t/a\t1\n",
            },
        ],
    },
    chooses_columns: false,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Vec<Mistake>> {
    let mut arguments = Arguments::of(stage);
    let expr = arguments
        .expression("a pattern or the name of a format")
        .map_err(|mistake| vec![mistake.usage(PARSE.entry.usage)])?;
    if let ExprKind::Literal(Value::Text(text)) = &expr.kind {
        let pattern = Pattern::new(text).map_err(|error| vec![mistake(expr, text, error)])?;
        let from = extract::bind_from(&mut arguments, stage, scope, &PARSE.entry)?;
        let names = pattern.names();
        let times = pattern.times();
        let extraction = extract::known(from, &names, scope, move |wanted| {
            Box::new(PatternDecoder::new(pattern, &extract::wanted_names(wanted)))
        });
        set_times(times.iter().map(String::as_str), scope);
        return Ok(BoundStage::Extract(extraction));
    }
    let format = expr
        .as_word()
        .and_then(formats::find)
        .ok_or_else(|| vec![unknown_format(expr)])?;
    let from = extract::bind_from(&mut arguments, stage, scope, &PARSE.entry)?;
    let names: Vec<String> = format
        .fields
        .iter()
        .map(|field| field.name.to_owned())
        .collect();
    let extraction = extract::known(from, &names, scope, move |wanted| {
        format.decoder(&extract::wanted_names(wanted))
    });
    let times = format
        .fields
        .iter()
        .filter(|field| field.kind.name() == "time");
    set_times(times.map(|field| field.name), scope);
    Ok(BoundStage::Extract(extraction))
}

/// These fields are times.
fn set_times<'n>(names: impl Iterator<Item = &'n str>, scope: &Scope) {
    for slot in names.filter_map(|name| scope.find(name)) {
        scope.set_time(slot);
    }
}

/// A mistake in a pattern, at its place in the expression: within the quotes if nothing there is escaped.
fn mistake(expr: &Expr, text: &[u8], error: PatternError) -> Mistake {
    let is_plain = expr.span.end - expr.span.start == text.len() + 2;
    let span = if is_plain && !error.place.is_empty() {
        let start = expr.span.start + 1;
        Span {
            start: start + error.place.start,
            end: start + error.place.end,
        }
    } else {
        expr.span
    };
    Mistake::new(span, error.message).help(error.help)
}

fn unknown_format(expr: &Expr) -> Mistake {
    let Some(word) = expr.as_word() else {
        let message = format!("expected a pattern or the name of a format, found `{expr}`");
        let mistake = Mistake::new(expr.span, message);
        return match expr.kind {
            ExprKind::Regex(_) => mistake.help(format!("write regex {expr}")),
            _ => mistake.usage(PARSE.entry.usage),
        };
    };
    if word == "from" {
        return Mistake::new(
            expr.span,
            "expected a pattern or the name of a format, found `from`",
        )
        .usage(PARSE.entry.usage);
    }
    let names: Vec<&str> = FORMATS.iter().map(|format| format.entry.name).collect();
    let mistake = Mistake::new(expr.span, format!("unknown format `{word}`"));
    match closest(word, &names) {
        Some(close) => mistake.help(format!("did you mean `{close}`?")),
        None => mistake.help(format!(
            "a format is one of {}; a pattern stands in quotes: \"{{a}} {{b}}\"",
            names.join(", ")
        )),
    }
}
