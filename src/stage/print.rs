//! `print "…{x}…"`: the output is this text, a line for each record.

use super::let_::Assign;
use super::{BoundStage, StageDef, StageRole};
use crate::data::{Entry, Example};
use crate::expr::{Scope, bind_format};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const PRINT: StageDef = StageDef {
    entry: Entry {
        name: "print",
        usage: "print \"…{EXPR:SPEC}…\"",
        summary: "Print this text for each record, with values in it.",
        details: "The text is that of the function format, whose help lists the specifications: {path:<30} is \
                  padded, {bytes:>10,} has separators, {took:.1f} a digit after the point, {bytes:h} is a human size, \
                  {time:%H:%M} a time; {{ and }} are braces. It is printed raw, with a newline after it, also on a \
                  terminal; it is the field `line` for later stages and in the formats of -o and of --to: `-o json` \
                  prints {\"line\":\"…\"}. Equal to select format(\"…\") as line, with lines as they are instead of \
                  columns.",
        examples: &[
            Example {
                expr: "csv as ip, bytes | print \"{ip:<10}{bytes:>10,} bytes\"",
                input: "10.0.0.1,1234567\n::1,99\n",
                output: "10.0.0.1   1,234,567 bytes\n::1               99 bytes\n",
            },
            Example {
                expr: "split | count by word | print '{word} {count / total(count):.0%}\\t{{{count}}}'",
                input: "a b a a\n",
                output: "a 75%\t{3}\nb 25%\t{1}\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

/// The help for values after the template, as `printf` has them.
const VALUES: &str = "the values are in the template, in braces: print \"{a} {b}\"";

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let usage = PRINT.entry.usage;
    let mut arguments = Arguments::of(stage);
    let template = arguments.expression("a template in quotes").map_err(|diagnostic| diagnostic.usage(usage))?;
    let bound = bind_format(template, usage, scope);
    let mut diagnostics = bound.as_ref().err().cloned().unwrap_or_default();
    if let Err(diagnostic) = arguments.finish(usage) {
        diagnostics.push(Diagnostic { help: Some(VALUES.to_owned()), ..diagnostic });
    }
    let node = match bound {
        Ok(node) if diagnostics.is_empty() => node,
        _ => return Err(diagnostics),
    };
    let totals = super::totals(scope);
    let slot = scope.new_slot();
    scope.set_scalar(slot);
    scope.clear_fields();
    scope.set_slot("line", slot);
    Ok(BoundStage::deferred(move |binder| {
        binder.add_totals(totals);
        binder.add(BoundStage::Rows(vec![Box::new(Assign { node, slot })]))?;
        binder.print_lines(slot);
        Ok(())
    }))
}
