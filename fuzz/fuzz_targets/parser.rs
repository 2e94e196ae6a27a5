//! Any text is a pipeline, which its own printing reads back, or mistakes that can be drawn.

#![no_main]

use bourn::{lang, plan::Plan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mistakes = match lang::parse(text) {
        Ok(pipeline) => {
            let printed = pipeline.to_string();
            if let Ok(again) = lang::parse(&printed) {
                assert_eq!(again.to_string(), printed);
            } else {
                assert!(printed.len() > lang::MAX_LENGTH_BYTES, "{printed}");
            }
            match Plan::of(&pipeline, bourn::plan::Printing::AsItCame) {
                Ok(plan) => return assert!(!plan.explanation.to_string().is_empty()),
                Err(mistakes) => mistakes,
            }
        }
        Err(mistakes) => mistakes,
    };
    assert!(!mistakes.is_empty());
    for mistake in &mistakes {
        assert!(mistake.span.start <= mistake.span.end && mistake.span.end <= text.len());
    }
    assert!(!lang::render(&mistakes, text, None).is_empty());
});
