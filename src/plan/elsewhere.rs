//! Names that are called like functions and are aggregates or stages.

use crate::{aggregate, stage};

/// Explains a name that is called like a function and is not one.
pub(super) fn elsewhere(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let name = name.as_str();
    if name == "sum" {
        return Some(
            "`sum` is an aggregate: it begins a stage, as in `sum(x) by line`; after one, \
             total(x) is the sum over all rows"
                .to_owned(),
        );
    }
    if let Some(def) = aggregate::find(name) {
        let is_of_earlier_records = def.entry.usage.starts_with("running ");
        let call = def.entry.usage.trim_start_matches("running ").replace(" [, n]", "");
        let call = match call.find(')') {
            Some(end) if call.starts_with(&format!("{name}(")) => call[..=end].to_owned(),
            _ if name == "count" => name.to_owned(),
            _ => format!("{name}(x)"),
        };
        return Some(match is_of_earlier_records {
            true => {
                format!("`{name}` is an aggregate of earlier records; `running {call} as a` adds it to each record")
            }
            false => format!(
                "`{name}` is an aggregate: it begins a stage, as in `{call} by line`; `overall {call} as a` adds it to \
                 each record"
            ),
        });
    }
    stage::find(name).map(|def| format!("`{name}` is a stage: {}", def.entry.usage))
}
