//! An expression and its input: the workers' stages take it as one piece or record by record, keep the same rows and
//! count the same.

use bourn::data::{Position, Value, count_records};
use bourn::lang;
use bourn::plan::{Exchange, OutputMode, Plan};
use bourn::stage::RecordCounts;

use super::text_and_bytes;

/// Takes an expression, a NUL and lines.
pub fn check(data: &[u8]) {
    let Some((text, bytes)) = text_and_bytes(data) else {
        return;
    };
    // each run has a plan of its own: times without a year take it from the record before
    let plan = || lang::parse(text).and_then(|pipeline| Plan::of(&pipeline, OutputMode::AsItCame));
    let (Ok(plan), Ok(plan_for_parts)) = (plan(), plan()) else {
        return;
    };
    if plan.inputs[0].metadata != Default::default() {
        return; // what the source knows is not there
    }
    let mut whole = Outcome::default();
    whole.add(&plan, bytes);
    let mut parts = Outcome::default();
    plan.inputs[0].framing.each_record(bytes, |start, end| {
        parts.add(&plan_for_parts, &bytes[start..end]);
    });
    assert_eq!(whole, parts);
}

/// What has come out of some records.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// What would be printed, if rows are.
    printed: Vec<Vec<Value>>,
    rows: usize,
    filtered: u64,
    rejected: u64,
    failures: u64,
}

impl Outcome {
    fn add(&mut self, plan: &Plan, bytes: &[u8]) {
        let mut account = RecordCounts::default();
        let mut batch = plan.inputs[0].scanner.scan(bytes, Position(0));
        if plan.inputs[0].scanner.explodes() {
            account.explode(0);
        } else if !plan.inputs[0].scanner.keeps_all() {
            account.filter(count_records(bytes) - batch.rows);
        }
        for step in &plan.map {
            if batch.rows == 0 {
                break;
            }
            step.stage.apply(&mut batch, &step.live, &mut account);
        }
        self.rows += batch.rows;
        self.filtered += account.filtered;
        self.rejected += account.rejected;
        self.failures += account.failures.count;
        if batch.rows > 0 && matches!(plan.exchange, Exchange::Rows) {
            let slots = plan.output.columns.slots().filter(|_| plan.output.lines.is_none());
            let columns: Vec<_> = slots.chain(plan.output.lines).collect();
            for row in 0..batch.rows {
                let value = |slot: &_| batch.column(*slot).get(row).to_value();
                self.printed.push(columns.iter().map(value).collect());
            }
        }
    }
}
