//! Why the server has refused a statement or a connection, and whether it may succeed later.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use super::secrets::PLACES;
use crate::data::{escape_controls, reason};
use crate::sink::DeliveryError;

/// Turns an error into a sentence that says what to do.
pub(super) fn fault(error: &Error) -> DeliveryError {
    if let Some(refusal) = error.as_db_error() {
        return refused(refusal);
    }
    let mut causes: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return certificate(tls);
        }
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return certificate(tls);
            }
            return DeliveryError::Retry(match io.kind() {
                io::ErrorKind::UnexpectedEof => "the server has closed the connection".to_owned(),
                _ => reason(io),
            });
        }
        causes.push(inner.to_string());
        cause = inner.source();
    }
    let cause = causes.join(": ");
    match cause.as_str() {
        "password missing" => failed("the server wants a password", PLACES),
        "server does not support TLS" => {
            failed("the server does not support TLS", "on a network that you trust, write ?sslmode=disable")
        }
        _ if error.is_closed() => DeliveryError::Retry("the server has closed the connection".to_owned()),
        "" => DeliveryError::Failed(error.to_string()),
        cause => DeliveryError::Failed(format!("{error}: {}", escape_controls(cause))),
    }
}

fn failed(message: &str, help: &str) -> DeliveryError {
    DeliveryError::Failed(format!("{message}\n  = help: {help}"))
}

fn certificate(error: &rustls::Error) -> DeliveryError {
    let help =
        "?tls-ca=FILE names the certificate of an authority; ?sslmode=require encrypts without proof of the server";
    failed(&format!("TLS: {error}"), help)
}

/// Repeats the message of the server, with the column, value and row if it names them.
fn refused(refusal: &DbError) -> DeliveryError {
    let code = refusal.code();
    let mut message = escape_controls(refusal.message()).into_owned();
    if may_pass(code) || (*code == SqlState::UNIQUE_VIOLATION && refusal.schema() == Some("pg_catalog")) {
        return DeliveryError::Retry(message);
    }
    if let Some(place) = refusal.where_().and_then(place) {
        message = format!("{place}: {message}");
    } else if let Some(column) = refusal.column().filter(|column| !message.contains(*column)) {
        message = format!("column {}: {message}", escape_controls(column));
    }
    if let Some(detail) = refusal.detail() {
        message = format!("{message} ({})", escape_controls(detail.trim_end_matches('.')));
    }
    match help(code) {
        Some(help) => failed(&message, help),
        None => DeliveryError::Failed(message),
    }
}

/// True for faults of the moment: of the connection, of locks, of the server's resources.
fn may_pass(code: &SqlState) -> bool {
    const PASSING: [SqlState; 12] = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::QUERY_CANCELED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::OBJECT_IN_USE,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::IO_ERROR,
        SqlState::READ_ONLY_SQL_TRANSACTION, // a standby that may become the primary
        SqlState::DUPLICATE_TABLE,           // two targets have made it at the same time
    ];
    PASSING.contains(code) || code.code().starts_with("08") || code.code().starts_with("53")
}

/// Returns the advice about a fault that remains.
fn help(code: &SqlState) -> Option<&'static str> {
    Some(match code.code() {
        "28P01" => PLACES,
        "28000" => "check the name of the user, and pg_hba.conf of the server",
        "3D000" => "create database NAME",
        "3F000" => "create schema NAME",
        "42501" => "grant the user usage and create on the schema, or select, insert, update and delete on the table",
        "42P10" => "the columns of ?key= must be unique: create unique index on TABLE (COLUMN, …)",
        "23505" => {
            "a row with this value exists; write ?key=COLUMN,… with the columns of this constraint to replace it"
        }
        "23502" => "the value is null; use `where` or `coalesce` before the end of the expression",
        "21000" => {
            "two rows have one key after conversion to the types of the table; round or convert them in the expression"
        }
        "0A000" | "42809" | "55000" => "choose a table that rows can be inserted into",
        code if code.starts_with("22") || code == "42804" || code == "42846" => {
            "convert the value in the expression, or change the type of the column"
        }
        _ => return None,
    })
}

/// Reads `COPY bourn_rows, line 3, column n: "x"`.
fn place(context: &str) -> Option<String> {
    let rest = context.lines().find(|line| line.starts_with("COPY "))?.split_once(", line ")?.1;
    let (row, rest) = rest.split_once([',', ':']).unwrap_or((rest, ""));
    Some(match rest.trim_start().strip_prefix("column ") {
        Some(column) => format!("row {row}, column {}", escape_controls(column.split(':').next().unwrap_or(column))),
        None => format!("row {row}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_value_is_read() {
        for (context, expected) in [
            ("COPY bourn_rows, line 3, column n: \"x\"", Some("row 3, column n")),
            ("COPY t, line 12: \"x\ty\"", Some("row 12")),
            ("COPY t, line 12", Some("row 12")),
            ("SQL statement \"x\"\nCOPY t, line 1, column a b: \"c\"", Some("row 1, column a b")),
            ("PL/pgSQL function f() line 3 at RAISE", None),
        ] {
            assert_eq!(place(context).as_deref(), expected, "{context}");
        }
    }

    #[test]
    fn faults_of_the_moment_are_tried_again() {
        for (code, expected) in [
            ("40001", true),
            ("40P01", true),
            ("08006", true),
            ("53100", true),
            ("53300", true),
            ("57P03", true),
            ("55P03", true),
            ("28P01", false),
            ("42501", false),
            ("23505", false),
            ("22P02", false),
        ] {
            assert_eq!(may_pass(&SqlState::from_code(code)), expected, "{code}");
        }
    }
}
