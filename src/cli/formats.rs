//! `--formats`: what `parse` knows by name.

use crate::decode::formats::FORMATS;

use super::layout::write_wrapped;

/// Every format with its sentence, its fields and a line of it.
pub(super) fn list() -> String {
    let mut out = String::new();
    for format in FORMATS {
        out.push_str(&format!("{}\n", format.entry.name));
        write_wrapped("  ", format.entry.summary, &mut out);
        for paragraph in format.entry.details.split("\n\n") {
            write_wrapped("  ", paragraph, &mut out);
        }
        out.push_str(&format!("  Line: {}\n\n", format.sample.line));
    }
    out.push_str("bourn 'parse NAME | …'; bourn --help NAME says more.\n");
    out
}
