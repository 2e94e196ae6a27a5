//! `regex /(?<name>…)/`: the named groups of a regular expression.

use super::{BoundStage, StageDef, StageRole, extract};
use crate::data::{Entry, Example};
use crate::decode::regex::{RegexDecoder, group_names};
use crate::expr::Scope;
use crate::expr::pattern::bind_regex;
use crate::lang::arguments::Arguments;
use crate::lang::ast::ExprKind;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const REGEX: StageDef = StageDef {
    entry: Entry {
        name: "regex",
        usage: "regex /(?<name>…)/ [from FIELD]",
        summary: "Take the named groups of a regular expression as fields.",
        details: "The first match counts. A group that did not take part in it is null; fields are text. A record \
                  without a match is rejected. `parse` is shorter and faster if fixed text separates the fields.",
        examples: &[
            Example {
                expr: "regex /user=(?<user>\\w+)/ | count by user",
                input: "user=ann\nx user=bob\nuser=ann y\n",
                output: "ann\t2\nbob\t1\n",
            },
            Example {
                expr: "regex /(?<host>[^:]+)(:(?<port>\\d+))?/ | select host, port",
                input: "a:80\nb\n",
                output: "a\t80\nb\t\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let usage = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(REGEX.entry.usage));
    let mut arguments = Arguments::of(stage);
    let expr = arguments.expression("a /regex/ with named groups").map_err(usage)?;
    let ExprKind::Regex(literal) = &expr.kind else {
        return Err(usage(Diagnostic::new(expr.span, format!("expected a /regex/ with named groups, found `{expr}`"))));
    };
    let regex = bind_regex(literal, expr).map_err(usage)?;
    let names = group_names(&regex);
    if names.is_empty() {
        let diagnostic = Diagnostic::new(expr.span, "this regular expression has no named group");
        return Err(Diagnostics::from(
            diagnostic.help("a group is named (?<name>…); did you mean `match`, which keeps the lines that match?"),
        ));
    }
    let from = extract::bind_from(&mut arguments, stage, scope, &REGEX.entry)?;
    Ok(BoundStage::Extract(extract::known(from, &names, scope, move |wanted| {
        Box::new(RegexDecoder::new(regex, &extract::wanted_names(wanted)))
    })))
}
