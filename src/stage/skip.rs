//! `skip PATTERN [in FIELD]`: drops the records that `match` would keep.

use super::{StageDef, StageRole, match_};
use crate::data::{Entry, Example};

pub(super) const SKIP: StageDef = StageDef {
    entry: Entry {
        name: "skip",
        usage: "skip PATTERN, … [in FIELD]",
        summary: "Drop records whose line (or field) has the text or matches /regex/.",
        details: "The opposite of `match`: a record is dropped if any of the patterns matches.",
        examples: &[Example { expr: "skip /^#/, \"debug\"", input: "# note\na\ndebug b\n", output: "a\n" }],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind: |stage, scope| match_::bind(stage, scope, &SKIP.entry, false),
};
