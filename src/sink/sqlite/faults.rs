//! Why SQLite has refused a statement, and whether it may succeed later.

use rusqlite::ffi::{self, ErrorCode};

use crate::data::escape_controls;
use crate::sink::DeliveryError;

/// Turns an error into a sentence that says what to do.
pub(super) fn fault(error: rusqlite::Error) -> DeliveryError {
    let (code, text) = match &error {
        rusqlite::Error::SqliteFailure(code, text) => (*code, text.clone().unwrap_or_else(|| code.to_string())),
        rusqlite::Error::SqlInputError { error, msg, .. } => (*error, msg.clone()),
        _ => return DeliveryError::Failed(escape_controls(&error.to_string()).into_owned()),
    };
    let text = escape_controls(&text).into_owned();
    let helped = |help: &str| format!("{text}\n  = help: {help}");
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            DeliveryError::Retry("the database is locked by another process".to_owned())
        }
        ErrorCode::DiskFull => DeliveryError::Retry("the disk is full".to_owned()),
        ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::FileLockingProtocolFailed => {
            DeliveryError::Retry(text)
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
            DeliveryError::Failed(helped("the file and its directory must be writable"))
        }
        ErrorCode::CannotOpen => {
            DeliveryError::Failed(helped("its directory must exist, and file and directory must be writable"))
        }
        ErrorCode::NotADatabase => DeliveryError::Failed(helped("choose a file that does not exist, or an SQLite database")),
        ErrorCode::ConstraintViolation => {
            let help = match code.extended_code {
                ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                    "a row with this value exists; write ?key=COLUMN,… with the columns of this constraint to replace it"
                }
                ffi::SQLITE_CONSTRAINT_NOTNULL => "the value is null; use `where` or `coalesce` before the end of the expression",
                ffi::SQLITE_CONSTRAINT_DATATYPE => "the table is STRICT; convert the value, or change the column's type to ANY",
                _ => "the table has a constraint that the row does not meet",
            };
            DeliveryError::Failed(helped(help))
        }
        _ if text.starts_with("ON CONFLICT clause does not match") => DeliveryError::Failed(
            "the columns of ?key= are not unique in this table\n  = help: create unique index NAME on TABLE (COLUMN, …)".to_owned(),
        ),
        _ => DeliveryError::Failed(text),
    }
}
