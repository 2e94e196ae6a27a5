//! Formats that draw one picture of all results: which options they cannot be used with, and the title.

use super::arguments::Request;
use super::targets;

/// Returns the error of options that cannot be used with a picture.
pub(super) fn error(request: &Request) -> Option<String> {
    let format = request.output.filter(|format| format.picture.is_some())?;
    let usage = format.entry.usage;
    if request.checkpoint.is_some() {
        return Some(format!(
            "--checkpoint: {usage} draws one picture at the end, which a later run could not continue\n  \
             = help: write -o json, or leave --checkpoint out"
        ));
    }
    if request.changed {
        return Some(format!(
            "--changed: {usage} draws all rows, not only those that have changed\n  = help: leave --changed out"
        ));
    }
    if request.every.is_some() && !format.for_people {
        return Some(format!(
            "--every: {usage} draws one picture at the end\n  = help: write -o chart, or leave --every out"
        ));
    }
    if !request.to.is_empty() && targets::takes_encoded(request) {
        return Some(format!(
            "--to: {usage} is printed on standard output only\n  = help: leave --to out, and send standard output to a file"
        ));
    }
    None
}

/// The title of a picture that is printed: the expression. It is kept until the process ends.
pub(super) fn title(request: &Request, expression: &str) -> Option<&'static str> {
    let is_titled = request.output.is_some_and(|format| format.picture.is_some() && !format.for_people);
    is_titled.then(|| &*String::leak(expression.to_owned()))
}
