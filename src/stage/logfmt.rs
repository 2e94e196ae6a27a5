//! `logfmt`: `key=value key="va lue"`.

use super::{BoundStage, StageDef, extract};
use crate::data::{Entry, Example};
use crate::decode::logfmt::LogfmtDecoder;

pub(super) const LOGFMT: StageDef = StageDef {
    entry: Entry {
        name: "logfmt",
        usage: "logfmt [from FIELD]",
        summary: "Take the fields of a line of key=value and key=\"va lue\".",
        details: "Values are text; a key alone, without =, is true. In quotes \\\" \\\\ \\/ \\n \\r \\t \\b \\f \\xHH and \
                  \\uHHHH stand for what they do in Go and JSON; any other backslash stays. A value without quotes goes \
                  up to the next white space, whatever it holds. Of a key that comes twice, the last one counts; a \
                  key with dots is one name. A line without any = is rejected, and so is a quote that is not closed or \
                  that something follows. A field that is never there is named on stderr at the end.",
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
        ],
    },
    chooses_columns: false,
    bind: |stage, scope| {
        extract::bind_open(stage, scope, &LOGFMT.entry, false, |wanted| {
            Box::new(LogfmtDecoder::new(wanted))
        })
        .map(BoundStage::Extract)
    },
};
