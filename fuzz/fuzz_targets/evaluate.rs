//! An expression, a newline, and lines: the workers' stages take them as one piece or line by line, and count the
//! same failures and keep as many records.

#![no_main]

use bourn::data::Position;
use bourn::expr::Failures;
use bourn::{lang, plan::Plan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(cut) = data.iter().position(|byte| *byte == 0) else {
        return;
    };
    let (Ok(text), lines) = (std::str::from_utf8(&data[..cut]), &data[cut + 1..]) else {
        return;
    };
    let Ok(plan) = lang::parse(text).and_then(|pipeline| Plan::of(&pipeline, bourn::plan::Printing::AsItCame)) else {
        return;
    };
    if plan.metadata != Default::default() {
        return; // what the source knows is not there
    }
    let apply = |bytes: &[u8]| {
        let mut failures = Failures::default();
        let mut batch = plan.scanner.scan(bytes, Position(0));
        for step in &plan.map {
            if batch.rows == 0 {
                break;
            }
            step.stage.apply(&mut batch, &step.live, &mut failures);
        }
        (batch.rows, failures.count)
    };
    let whole = apply(lines);
    let mut parts = (0, 0);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let (rows, failures) = apply(line);
        parts = (parts.0 + rows, parts.1 + failures);
    }
    assert_eq!(whole, parts);
});
