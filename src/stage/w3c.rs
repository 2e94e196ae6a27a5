//! `w3c`: the W3C extended log format.

use super::{BoundStage, StageDef, StageRole, extract};
use crate::data::{Entry, Example, Framing, Prologue};
use crate::decode::csv::{CsvDecoder, Dialect};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const W3C: StageDef = StageDef {
    entry: Entry {
        name: "w3c",
        usage: "w3c",
        summary: "Take the fields of the W3C extended log format (IIS, CloudFront).",
        details: "Fields are separated by blanks or tabs and named by the last line `#Fields: …` of the source before \
                  the record; the names may change in the middle of a file. Other lines that begin with #, and blank \
                  lines, are not records. `-` is null; a quoted string may hold blanks and doubled quotes. A row with \
                  more or fewer fields than names is rejected, and so is a row before any `#Fields:`. If there are \
                  `date` and `time`, both GMT, `timestamp` is the time they make; if it is used, a row with an \
                  impossible one is rejected. Values are text as written: url_decode(x) decodes what CloudFront \
                  encodes. Names with hyphens or parentheses are written in back quotes: `sc-status`, \
                  `cs(User-Agent)`. It always decodes the lines of the source: `w3c` takes no `from`.",
        examples: &[
            Example {
                expr: "w3c | where `sc-status` >= 500 | select timestamp, `cs-uri-stem`",
                input: "#Version: 1.0\n#Fields: date time cs-uri-stem sc-status\n2026-03-01 10:00:00 / 200\n\
                        2026-03-01 10:00:02 /pay 503\n",
                output: "2026-03-01T10:00:02Z\t/pay\n",
            },
            Example {
                expr: "w3c | count by `c-ip`",
                input: "#Fields: c-ip cs(User-Agent)\n10.0.0.1 curl/8.5\n10.0.0.1 -\n10.0.0.2 \"a b\"\n",
                output: "10.0.0.1\t2\n10.0.0.2\t1\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    Arguments::of(stage).finish(W3C.entry.usage)?;
    let header = scope.header();
    let text = extract::text_of(None, stage, scope, &W3C.entry)?;
    let Some(slot) = header else {
        if scope.poisoned {
            return Ok(BoundStage::Rows(Vec::new()));
        }
        let message = "`w3c` has no source here whose `#Fields:` lines name the fields";
        let help = "write it before the stage that replaces the source's records";
        return Err(Diagnostics::from(Diagnostic::new(stage.span, message).help(help)));
    };
    let extraction =
        extract::open(text, scope, false, move |wanted| Box::new(CsvDecoder::new(Dialect::W3c, None, wanted)));
    let extraction = extraction.under(slot);
    Ok(BoundStage::Extract(extraction.of_source(Framing::Lines, Prologue::Directives)))
}
