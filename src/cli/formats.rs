//! `--formats`: what `parse` knows by name.

use crate::decode::formats::FORMATS;

use super::layout::write_wrapped;

/// Every format with its sentence, its fields and a line of it.
pub(super) fn list() -> String {
    let mut out = String::new();
    for format in FORMATS {
        out.push_str(&format!("{}\n", format.name));
        write_wrapped("  ", format.summary, &mut out);
        if !format.details.is_empty() {
            write_wrapped("  ", format.details, &mut out);
        }
        write_wrapped("  fields  ", &format.field_list(), &mut out);
        out.push_str(&format!("  line    {}\n\n", format.sample.line));
    }
    out.push_str("bourn 'parse NAME | …'; bourn --help parse says more.\n");
    out
}
