//! How long a text may be that a function makes.

use super::TypeMismatch;
use crate::data::ValueRef;

/// A longer result is more probably a mistake than a wish.
pub(super) const LIMIT_BYTES: usize = 16 << 20;

/// What a failed conversion says of it.
pub(super) const TOO_LONG: TypeMismatch = TypeMismatch { expected: "a result of at most 16 MiB" };

/// An error if a text that is being made is too long. Functions whose result can be much longer than all of their
/// arguments together ask while they make it.
#[inline]
pub(super) fn check_length(made: &[u8]) -> Result<(), TypeMismatch> {
    if made.len() > LIMIT_BYTES {
        return Err(TOO_LONG);
    }
    Ok(())
}

/// An error for a text that is too long and longer than each of the arguments, so that a function has made it.
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
