//! The maximum length of a text that a function makes.

use super::TypeMismatch;
use crate::data::ValueRef;

/// A longer result is probably a mistake.
pub(super) const LIMIT_BYTES: usize = 16 << 20;

/// The error for a longer result.
pub(super) const TOO_LONG: TypeMismatch = TypeMismatch { expected: "a result of at most 16 MiB" };

/// Returns an error if a text is too long while it is being made. Called by functions whose result can be much longer
/// than their arguments.
#[inline]
pub(in crate::expr) fn check_length(made: &[u8]) -> Result<(), TypeMismatch> {
    if made.len() > LIMIT_BYTES {
        return Err(TOO_LONG);
    }
    Ok(())
}

/// Returns an error for a text that is too long and longer than each argument, so that the function made it so.
#[inline]
pub(crate) fn check_result(result: ValueRef<'_>, arguments: &[ValueRef<'_>]) -> Result<(), TypeMismatch> {
    match result {
        ValueRef::Text(made) if made.len() > LIMIT_BYTES => {
            let is_longer = |argument: &ValueRef<'_>| match argument {
                ValueRef::Text(text) => text.len() < made.len(),
                _ => true,
            };
            match arguments.iter().all(is_longer) {
                true => Err(TOO_LONG),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}
