//! `json`: the fields of a JSON object.

use super::{BoundStage, StageDef, StageRole, extract};
use crate::data::{Entry, Example, Regroup};
use crate::decode::json::JsonDecoder;
use crate::lang::arguments::Arguments;

pub(super) const JSON: StageDef = StageDef {
    entry: Entry {
        name: "json",
        usage: "json [from FIELD]",
        summary: "Take the fields of a JSON object: user.id, items[0].price.",
        details: "Values keep their types; nested fields are named by path. Only the fields that the expression uses \
                  are decoded; of the rest, only the structure is checked. If a name occurs twice, the last one \
                  counts; ints of any size keep their digits; items[-1] is the last element. A record that is not an \
                  object is rejected. After another decoder, fields are added to its fields and replace them; if a \
                  record lacks a field, the earlier field of that name is used. A field that no record has is \
                  reported on stderr at the end.\n\nA source may hold JSON in any layout. If its first record begins \
                  with `[`, or with `{` and does not end on its line or is followed there by another value, each \
                  value is a record, wherever it ends, and so is each element of a top-level list. `line` is then the \
                  text of the value without white space between tokens, and `@number` counts values. A malformed \
                  value is rejected together with what follows, up to the next line that begins with `{` or `[`; in a \
                  list, indented no further than the element was. Every other source is read line by line, and blank \
                  lines are not records; `--records json` always reads values, and `json from line` lines.",
        examples: &[
            Example {
                expr: "json | where status >= 500 | select path, user.id",
                input: "{\"path\":\"/a\",\"status\":200}\n{\"path\":\"/b\",\"status\":503,\"user\":{\"id\":7}}\n",
                output: "/b\t7\n",
            },
            Example {
                expr: "json | json from payload | select id, v, x",
                input: "{\"id\":7,\"v\":\"a\",\"payload\":\"{\\\"v\\\":\\\"b\\\",\\\"x\\\":1}\"}\n",
                output: "7\tb\t1\n",
            },
            Example {
                expr: "json | where status >= 500",
                input: "[\n  {\n    \"path\": \"/a\",\n    \"status\": 200\n  },\n  {\n    \"path\": \"/b\",\n    \"status\": 503\n  }\n]\n",
                output: "{\"path\":\"/b\",\"status\":503}\n",
            },
            Example {
                expr: "json | count, avg(ms) by path",
                input: "{\"path\":\"/a\",\"ms\":10}\n{\"path\":\"/a\",\"ms\":15}\n",
                output: "/a\t2\t12.5\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind: |stage, scope| {
        let extraction =
            extract::bind_open(stage, scope, &JSON.entry, true, |wanted| Box::new(JsonDecoder::new(wanted)))?;
        // With `from line`, the user wants lines.
        let has_from = Arguments::of(stage).keyword("from");
        Ok(BoundStage::Extract(match has_from {
            true => extraction.of_field(true),
            false => extraction.regrouped(Regroup::JsonIfValues),
        }))
    },
};
