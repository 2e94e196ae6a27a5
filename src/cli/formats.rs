//! `--formats`: lists the formats that `parse` knows by name.

use crate::decode::log_formats::LOG_FORMATS;

use super::layout::write_wrapped;
use super::own_formats;

/// Lists every format with its summary, fields and an example line. Fails if the user's own formats cannot be read.
pub(super) fn list() -> Result<String, &'static str> {
    let mut out = String::new();
    for format in LOG_FORMATS {
        out.push_str(&format!("{}\n", format.entry.name));
        write_wrapped("  ", format.entry.summary, &mut out);
        for paragraph in format.entry.details.split("\n\n") {
            write_wrapped("  ", paragraph, &mut out);
        }
        out.push_str(&format!("  Line: {}\n\n", format.sample.line));
    }
    out.push_str(&own_formats::list()?);
    out.push_str("bourn 'parse NAME | …'; see also bourn --help NAME.\n");
    Ok(out)
}
