//! `parse "…{name}…"` and `parse FORMAT`: extracts fields by a pattern or a named format.

use super::{BoundStage, StageDef, StageRole, extract};
use crate::data::{Entry, Example, Value};
use crate::decode::log_formats::{self, LOG_FORMATS, OwnFormat};
use crate::decode::pattern::{LinePattern, PatternDecoder, PatternError};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind, Span};
use crate::lang::suggest::did_you_mean;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const PARSE: StageDef = StageDef {
    entry: Entry {
        name: "parse",
        usage: "parse \"…{name}…{n:int}…{_}\"|FORMAT [from FIELD]",
        summary: "Take fields by a pattern with named holes, or by a known format.",
        details: "In a pattern, text matches itself and white space any white space. A hole takes the shortest text \
                  up to what follows it, a hole at the very end takes the rest, and the pattern may match anywhere in \
                  the line. {n:int}, {x:float}, {t:time}, {d:duration} and {w:word} match only such text and give \
                  such values; at the end, they take as much as is valid. {t:time} takes the longest text that is a \
                  time and lets the rest match: clock, fraction and zone are part of it, also after a blank. {_} is \
                  not kept; {{ and }} are braces.\n\nFORMAT is one of alb, cef, clf, combined, cri, docker, haproxy, \
                  klog, nginx_error, postgresql, s3, syslog, syslog5424, vpc_flow; --formats lists them with their \
                  fields. Some fields are printed only if an expression names them. You can define formats of your \
                  own in a file: see --help formats-file.\n\nA record that does not match is rejected, with the \
                  position in the reason. Fields that the expression does not use are not checked.",
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
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let expr = arguments
        .expression("a pattern or the name of a format")
        .map_err(|diagnostic| diagnostic.usage(PARSE.entry.usage))?;
    if let ExprKind::Literal(Value::Text(text)) = &expr.kind {
        let pattern = LinePattern::new(text).map_err(|error| diagnostic(expr, text, error))?;
        let from = extract::bind_from(&mut arguments, stage, scope, &PARSE.entry)?;
        let names = pattern.names();
        let times = pattern.times();
        let extraction = extract::known(from, &names, scope, move |wanted| {
            Box::new(PatternDecoder::new(pattern, &extract::wanted_names(wanted)))
        });
        set_times(times.iter().map(String::as_str), scope);
        return Ok(BoundStage::Extract(extraction));
    }
    let Some(format) = expr.as_word().and_then(log_formats::find) else {
        return bind_own(stage, arguments, expr, scope);
    };
    let header = scope.header().filter(|_| arguments.is_done()); // a field has no header
    let from = extract::bind_from(&mut arguments, stage, scope, &PARSE.entry)?;
    if let (Some(make), Some(slot)) = (format.under_header, header) {
        let extraction = extract::open(from, scope, false, make);
        return Ok(BoundStage::Extract(extraction.under_optional(slot)));
    }
    let named = |is_column: bool| {
        let fields = format.fields.iter();
        let fields = fields.filter(move |field| field.is_column == is_column);
        fields.map(|field| field.name)
    };
    let columns: Vec<String> = named(true).map(str::to_owned).collect();
    let extraction =
        extract::known(from, &columns, scope, move |wanted| format.decoder(&extract::wanted_names(wanted)));
    let times = format.fields.iter();
    let times = times.filter(|field| field.kind.name() == "time");
    set_times(times.map(|field| field.name), scope);
    Ok(BoundStage::Extract(extraction.with_unprinted(named(false), scope)))
}

/// Binds a user-defined format, whose file is read only here.
fn bind_own(
    stage: &ast::Stage,
    mut arguments: Arguments<'_>,
    expr: &Expr,
    scope: &mut Scope,
) -> Result<BoundStage, Diagnostics> {
    let own = match expr.as_word().map(|_| log_formats::own_formats()) {
        Some(Err(reason)) => return Err(Diagnostics::from(Diagnostic::new(expr.span, reason))),
        Some(Ok(own)) => own,
        None => &[],
    };
    let Some(format) = own.iter().find(|own| expr.as_word() == Some(&own.name)) else {
        return Err(Diagnostics::from(unknown_format(expr, own)));
    };
    let from = extract::bind_from(&mut arguments, stage, scope, &PARSE.entry)?;
    let extraction =
        extract::known(from, &format.names(), scope, move |wanted| format.decoder(&extract::wanted_names(wanted)));
    let times = format.times();
    set_times(times.iter().map(String::as_str), scope);
    Ok(BoundStage::Extract(extraction))
}

/// Marks these fields as times.
fn set_times<'n>(names: impl Iterator<Item = &'n str>, scope: &Scope) {
    for slot in names.filter_map(|name| scope.find(name)) {
        scope.set_time(slot);
    }
}

/// Places an error of a pattern in the expression: exact if nothing in the quotes is escaped.
fn diagnostic(expr: &Expr, text: &[u8], error: PatternError) -> Diagnostic {
    let is_plain = expr.span.end - expr.span.start == text.len() + 2;
    let span = if is_plain && !error.place.is_empty() {
        let start = expr.span.start + 1;
        Span { start: start + error.place.start, end: start + error.place.end }
    } else {
        expr.span
    };
    Diagnostic::new(span, error.message).help(error.help)
}

/// Names of formats in other tools.
const BORROWED_FORMATS: [(&str, &str); 9] = [
    (
        "apache apache2 httpd access access_log accesslog access_combined apache_combined",
        "write parse combined, or parse clf for lines without referrer and agent",
    ),
    ("nginx nginx_access", "write parse combined for the access log, parse nginx_error for the error log"),
    ("common apache_common ncsa", "write parse clf"),
    ("iis cloudfront", "write w3c, which is a stage"),
    ("elb aws_alb", "write parse alb"),
    ("rfc5424", "write parse syslog5424"),
    ("rfc3164 auth bsd", "write parse syslog"),
    ("kubernetes k8s containerd", "write parse cri"),
    ("json logfmt csv tsv w3c", "it is a stage: write it without `parse`"),
];

fn unknown_format(expr: &Expr, own: &[OwnFormat]) -> Diagnostic {
    let Some(word) = expr.as_word() else {
        let message = format!("expected a pattern or the name of a format, found `{expr}`");
        let diagnostic = Diagnostic::new(expr.span, message);
        return match expr.kind {
            ExprKind::Regex(_) => diagnostic.help(format!("write regex {expr}")),
            _ => diagnostic.usage(PARSE.entry.usage),
        };
    };
    if word == "from" {
        return Diagnostic::new(expr.span, "expected a pattern or the name of a format, found `from`")
            .usage(PARSE.entry.usage);
    }
    let own = own.iter().map(|format| format.name.as_str());
    let names: Vec<&str> = LOG_FORMATS.iter().map(|format| format.entry.name).chain(own).collect();
    let diagnostic = Diagnostic::new(expr.span, format!("unknown format `{word}`"));
    let borrowed = BORROWED_FORMATS.iter().find(|(words, _)| words.split(' ').any(|other| other == word));
    if let Some((_, help)) = borrowed {
        return diagnostic.help(*help);
    }
    match did_you_mean(word, &names) {
        Some(close) => diagnostic.did_you_mean(close),
        None => {
            diagnostic.help(format!("a format is one of {}; a pattern is quoted: \"{{a}} {{b}}\"", names.join(", ")))
        }
    }
}
