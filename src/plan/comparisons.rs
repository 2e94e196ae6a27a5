//! Comparisons that never met two values of comparable types: the condition then has no effect on the data.

use crate::expr::Met;

use super::Plan;

impl Plan {
    /// Returns a message with a suggestion for each comparison that met values, but never two of comparable types.
    pub fn incomparable(&self) -> Vec<String> {
        let mut messages: Vec<String> = Vec::new();
        for (written, met) in &self.comparisons {
            let is_met = |other: &([String; 3], Met)| other.0 == *written && other.1.was_comparable();
            let Some(types) = met.only_different().filter(|_| !self.comparisons.iter().any(is_met)) else {
                continue;
            };
            let message = incomparable(written, types);
            if !messages.contains(&message) {
                messages.push(message);
            }
        }
        messages
    }
}

/// The message about one such comparison.
fn incomparable(written: &[String; 3], types: (&str, &str)) -> String {
    let [left, sign, right] = written;
    let message = format!("no values were comparable in `{left} {sign} {right}`: {} with {}", types.0, types.1);
    let unit = |duration: &str| {
        let unit = duration.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        match unit.chars().all(char::is_alphabetic) && !unit.is_empty() {
            true => format!("1{unit}"),
            false => "1s".to_owned(), // `1h30m`
        }
    };
    let help = match types {
        ("number", "duration") => format!("write {left} * {} {sign} {right}", unit(right)),
        ("duration", "number") => format!("write {left} {sign} {right} * 1s"),
        ("text", "duration") => format!("write num({left}) * {} {sign} {right}", unit(right)),
        ("list", _) => format!("write contains({left}, {right}), or explode {left}"),
        ("bool", "number") => format!("write {left} {sign} true"),
        (_, "bool") => format!("write {left} {sign} 1"),
        _ => return message,
    };
    format!("{message}\n  = help: {help}")
}
