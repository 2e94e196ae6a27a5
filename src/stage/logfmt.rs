//! `logfmt`: `key=value key="va lue"`.

use super::{BoundStage, StageDef, StageRole, extract};
use crate::data::{Entry, Example};
use crate::decode::logfmt::{LogfmtDecoder, PairSeparator};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const LOGFMT: StageDef = StageDef {
    entry: Entry {
        name: "logfmt",
        usage: "logfmt [SEP] [from FIELD]",
        summary: "Take the fields of a line of key=value and key=\"va lue\".",
        details: "Values are text. SEP is the text between pairs (default: white space); with another one, white \
                  space around keys and values is dropped. In quotes, \\\" \\\\ \\/ \\n \\r \\t \\b \\f \\xHH and \
                  \\uHHHH mean what they do in Go and JSON; any other backslash is kept. A value without quotes runs \
                  to the next SEP, whatever it holds; so does a value whose quote is not closed, or is closed in the \
                  middle of a word. Words without = are skipped. If a key occurs twice, the last one counts; a key \
                  with dots is one name. A line without any key=value is rejected; empty and blank lines do not \
                  count as records. A field that no record has is \
                  reported on stderr at the end.",
        examples: &[
            Example {
                expr: "logfmt | where level == \"error\" | select msg, ms",
                input: "level=info msg=ok ms=3\nlevel=error msg=\"it \\\"broke\\\"\" ms=12\n",
                output: "it \"broke\"\t12\n",
            },
            Example {
                expr: "logfmt | count, avg(ms) by path",
                input: "path=/a ms=10\npath=/a ms=15 debug\n",
                output: "/a\t2\t12.5\n",
            },
            Example {
                expr: "logfmt ',' | select user, city",
                input: "user=ann, city=New York\nuser=bob, city=\"Washington, D.C.\"\n",
                output: "ann\tNew York\nbob\tWashington, D.C.\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let mut separator = PairSeparator::White;
    if !arguments.is_done() && !arguments.is_at_clause() {
        let usage = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(LOGFMT.entry.usage));
        let (text, span) = arguments.text("a separator such as ','").map_err(usage)?;
        if text.is_empty() || text.iter().any(|byte| b"=\"".contains(byte)) {
            let message = "expected a separator without = and quotes, such as ',' or '; '";
            return Err(usage(Diagnostic::new(span, message)));
        }
        separator = PairSeparator::of(text);
    }
    let is_of_field = arguments.is_at_clause();
    let from = extract::bind_from(&mut arguments, stage, scope, &LOGFMT.entry)?;
    let extraction = extract::open(from, scope, false, |wanted| Box::new(LogfmtDecoder::new(separator, wanted)));
    Ok(BoundStage::Extract(extraction.of_field(is_of_field)))
}
