//! `sample 1%`: some of the records, the same on every run.
//!
//! A record is selected by a hash of its line and number. So the selection does not depend on threads or chunks,
//! equal lines are selected independently, and files of a few lines each do not all give the same ones. It requires
//! counting the records before each chunk, as `@number` does.

use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{Batch, Entry, Example, Slot, SlotSet, ValueRef, encode_key};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::ast::{BinaryOp, Expr, ExprKind};
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const SAMPLE: StageDef = StageDef {
    entry: Entry {
        name: "sample",
        usage: "sample PERCENT% | sample 1/N",
        summary: "Keep a random share of the records, the same on each run.",
        details: "A record is chosen by its line and its number in the source, whatever the number of threads; if the \
                  line is gone, by its fields. A smaller sample is a subset of a larger one; `--seed N` chooses \
                  another.",
        examples: &[
            Example { expr: "split | sample 100%", input: "a b c\n", output: "a\nb\nc\n" },
            Example { expr: "sample 1/2 | count", input: "a\na\na\na\na\na\na\na\n", output: "3\n" },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let expr = arguments
        .expression("a share such as 1% or 1/1000")
        .map_err(|diagnostic| diagnostic.usage(SAMPLE.entry.usage))?;
    let share = share(expr).filter(|share| (0.0..=1.0).contains(share));
    let Some(share) = share else {
        let message = format!("expected a share from 0% to 100%, found `{expr}`");
        return Err(Diagnostics::from(Diagnostic::new(expr.span, message).help("write sample 1% or sample 1/1000")));
    };
    arguments.finish(SAMPLE.entry.usage)?;
    let mut slots: Vec<Slot> = match scope.find("line") {
        Some(line) => vec![line],
        None => scope.fields().iter().map(|field| field.slot).collect(),
    };
    slots.extend(scope.find("@number"));
    Ok(BoundStage::Rows(vec![Box::new(SampleStage { slots, share, seed: scope.settings.seed })]))
}

/// Reads the share of records to keep.
fn share(expr: &Expr) -> Option<f64> {
    let number = |expr: &Expr| match &expr.kind {
        ExprKind::Literal(value) => value.borrow().as_number().map(|number| number.to_f64()),
        _ => None,
    };
    match &expr.kind {
        ExprKind::Percent(percent) => Some(percent / 100.0),
        ExprKind::Binary(BinaryOp::Divide, part, whole) => Some(number(part)? / number(whole)?),
        _ => None,
    }
}

/// Keeps rows whose hash is small enough.
struct SampleStage {
    /// The slots that identify a record.
    slots: Vec<Slot>,
    /// Between 0 and 1.
    share: f64,
    /// The seed.
    seed: u64,
}

impl RowStage for SampleStage {
    fn reads(&self, slots: &mut SlotSet) {
        self.slots.iter().for_each(|slot| slots.insert(*slot));
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let mut hashes = vec![mix(self.seed); batch.rows];
        let mut key = Vec::new();
        for &slot in &self.slots {
            let column = batch.column(slot);
            for (row, hash) in hashes.iter_mut().enumerate() {
                *hash = match column.get(row) {
                    ValueRef::Text(text) => hash_bytes(*hash, text),
                    ValueRef::Int(number) => mix(*hash ^ number as u64),
                    value => {
                        key.clear();
                        encode_key(value, &mut key);
                        hash_bytes(*hash, &key)
                    }
                };
            }
        }
        // The upper 53 bits of a hash are exactly a float between 0 and 1.
        let is_taken = |hash: u64| ((hash >> 11) as f64) < self.share * (1u64 << 53) as f64;
        let rows: Vec<u32> = (0..batch.rows as u32).filter(|&row| is_taken(hashes[row as usize])).collect();
        counts.filter(batch.rows - rows.len());
        if rows.len() < batch.rows {
            batch.keep_rows(&rows, live);
        }
    }
}

/// Scatters a number over 64 bits: the finalizer of splitmix64 (Steele, Lea and Flood, 2014).
#[inline]
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The same on every machine, unlike the hashes of tables, which may change.
#[inline]
fn hash_bytes(hash: u64, bytes: &[u8]) -> u64 {
    let mut hash = hash ^ bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        // One multiplication per word is enough: the result is mixed at the end.
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash ^ u64::from_le_bytes(last))
}
