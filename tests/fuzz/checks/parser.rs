//! Any text is a pipeline, which its own printing reads back, or mistakes that can be drawn.

use bourn::lang;
use bourn::plan::{OutputMode, Plan};

/// Takes an expression.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let diagnostics = match lang::parse(text) {
        Ok(pipeline) => {
            let printed = pipeline.to_string();
            if let Ok(again) = lang::parse(&printed) {
                assert_eq!(again.to_string(), printed);
            } else {
                assert!(printed.len() > lang::MAX_LENGTH_BYTES, "{printed}");
            }
            match Plan::of(&pipeline, OutputMode::AsItCame) {
                Ok(plan) => return assert!(!plan.explanation.to_string().is_empty()),
                Err(diagnostics) => diagnostics,
            }
        }
        Err(diagnostics) => diagnostics,
    };
    assert!(!diagnostics.is_empty());
    for diagnostic in &diagnostics {
        let span = diagnostic.span;
        assert!(span.start <= span.end && span.end <= text.len(), "{text}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{text}");
    }
    assert!(!lang::render(&diagnostics, text, None).is_empty());
}
