//! The meaning of an answer: the request was delivered, may be sent again, or never succeeds.

use std::io::Read;
use std::time::Duration;

use ureq::http::Response;
use ureq::{Body, Error, Timeout};

use crate::data::{Value, escape_controls, format_duration, parse_time, read_json, reason, system_clock};
use crate::sink::DeliveryError;

/// The most bytes of an answer that are read for its first line.
const LINE_BYTES: u64 = 4096;

/// The most characters of an answer in a message.
const SHOWN_CHARS: usize = 200;

/// The most bytes of an answer that says what became of each document.
const ITEM_BYTES: u64 = 16 << 20;

/// Checks an answer. If it `has_items`, success may hide documents that were refused.
pub(super) fn check(response: &mut Response<Body>, has_items: bool) -> Result<(), DeliveryError> {
    let status = response.status();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (retry_after, location) = (header("retry-after"), header("location"));
    if status.is_success() {
        if has_items {
            return check_items(&read(response, ITEM_BYTES + 1));
        }
        read(response, LINE_BYTES); // a short answer to its end, so that the connection can be used again
        return Ok(());
    }
    let line = first_line(&read(response, LINE_BYTES));
    let line = if line.is_empty() { String::new() } else { format!(": {line}") };
    let phrase = status.canonical_reason().map(|phrase| format!(" ({phrase})")).unwrap_or_default();
    let answer = format!("the server answers {}{phrase}{line}", status.as_u16());
    match (status.as_u16(), status.is_redirection()) {
        (_, true) => {
            let location = location.map(|to| escape_controls(&to).into_owned()).unwrap_or_default();
            Err(DeliveryError::Failed(format!("{answer}\n  = help: it has moved; write its new address, {location}")))
        }
        (401, _) => Err(DeliveryError::Failed(format!(
            "{answer}\n  = help: add token-file=FILE, or USER@ before the host and password-file=FILE"
        ))),
        (408 | 425 | 500.., _) | (429, _) => match retry_after.as_deref().and_then(pause) {
            Some(pause) => Err(DeliveryError::RetryAfter(answer, pause)),
            None => Err(DeliveryError::Retry(answer)),
        },
        _ => Err(DeliveryError::Failed(answer)),
    }
}

/// The start of an answer; as much as there is if it breaks off.
fn read(response: &mut Response<Body>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = response.body_mut().as_reader().take(most).read_to_end(&mut bytes); // the status decides
    bytes
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let shown: String = line.chars().take(SHOWN_CHARS).collect();
    let end = if shown.len() < line.len() { "…" } else { "" };
    escape_controls(&shown).into_owned() + end
}

/// The pause of a `Retry-After` header: seconds, or a date.
fn pause(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = parse_time(text.trim().as_bytes())?;
    u64::try_from(until.saturating_sub(system_clock().wall_ns())).ok().map(Duration::from_nanos)
}

/// Finds documents that a bulk request has not stored: its status is success even if none was.
fn check_items(answer: &[u8]) -> Result<(), DeliveryError> {
    if answer.len() as u64 > ITEM_BYTES {
        return Err(DeliveryError::Failed("the answer is too long to see which documents were stored".to_owned()));
    }
    let Some(Value::Object(answer)) = read_json(answer) else {
        return Err(DeliveryError::Retry("the answer is not the JSON of a bulk request".to_owned()));
    };
    if field(&answer, "errors") == Some(&Value::Bool(false)) {
        return Ok(());
    }
    let items = match field(&answer, "items") {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let mut refused = 0;
    let mut first: Option<(i64, String)> = None;
    for item in items {
        let Value::Object(item) = item else { continue };
        let Some((_, Value::Object(result))) = item.first() else { continue };
        let Some(error) = field(result, "error") else { continue };
        refused += 1;
        let status = match field(result, "status") {
            Some(Value::Int(status)) => *status,
            _ => 0,
        };
        // One that never succeeds decides.
        if first.as_ref().is_none_or(|(first, _)| may_pass(*first) && !may_pass(status)) {
            first = Some((status, error_text(error)));
        }
    }
    match first {
        Some((status, text)) => {
            let (noun, which) = if refused == 1 { ("document", "") } else { ("documents", ", the first") };
            let message = format!("the server refuses {refused} {noun} of {}{which}: {text}", items.len());
            Err(if may_pass(status) { DeliveryError::Retry(message) } else { DeliveryError::Failed(message) })
        }
        None => Err(DeliveryError::Failed("the server refuses documents and does not say why".to_owned())),
    }
}

fn may_pass(status: i64) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

/// `{"type":…,"reason":…}`, or a text.
fn error_text(error: &Value) -> String {
    let text = |value: &Value| match value {
        Value::Text(text) => Some(first_line(text)),
        _ => None,
    };
    match error {
        Value::Object(fields) => {
            let part = |name: &str| field(fields, name).and_then(text).unwrap_or_default();
            format!("{}: {}", part("type"), part("reason"))
        }
        error => text(error).unwrap_or_default(),
    }
}

fn field<'v>(fields: &'v [(Vec<u8>, Value)], name: &str) -> Option<&'v Value> {
    fields.iter().find(|(field, _)| field == name.as_bytes()).map(|(_, value)| value)
}

/// Why there was no answer.
pub(super) fn failure(error: Error, timeout: Duration) -> DeliveryError {
    match error {
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => DeliveryError::Failed(tls_failure(tls)),
            None => DeliveryError::Retry(reason(&error)),
        },
        Error::Rustls(error) => DeliveryError::Failed(tls_failure(&error)),
        Error::Timeout(Timeout::Connect) => DeliveryError::Retry("the server cannot be reached in time".to_owned()),
        Error::Timeout(_) => {
            let mut limit = String::new();
            format_duration(i64::try_from(timeout.as_nanos()).unwrap_or(i64::MAX), &mut limit);
            DeliveryError::Retry(format!("no answer within {limit}"))
        }
        Error::HostNotFound => DeliveryError::Retry("the host is not found".to_owned()),
        Error::Protocol(error) => DeliveryError::Retry(format!("the answer is not HTTP: {error}")),
        Error::LargeResponseHeader(..) => DeliveryError::Failed("the header of the answer is too long".to_owned()),
        Error::ConnectProxyFailed(reason) => DeliveryError::Retry(format!("the proxy does not connect: {reason}")),
        Error::InvalidProxyUrl => DeliveryError::Failed("the address of the proxy is wrong".to_owned()),
        error @ (Error::ConnectionFailed | Error::Other(_)) => DeliveryError::Retry(error.to_string()),
        error => DeliveryError::Failed(error.to_string()),
    }
}

fn tls_failure(error: &rustls::Error) -> String {
    use rustls::{CertificateError, Error};
    let Error::InvalidCertificate(why) = error else {
        return format!("TLS: {error}\n  = help: if the server does not encrypt, write http://");
    };
    match why {
        CertificateError::UnknownIssuer => "its certificate is from an unknown authority\n  \
             = help: add tls-ca=FILE with the certificate of that authority"
            .to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet\n  = help: is the clock right?".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("its certificate is for another name: {why}")
        }
        why => format!("its certificate cannot be trusted: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_may_hide_refused_documents() {
        assert_eq!(check_items(br#"{"errors":false}"#), Ok(()));
        let answer = |items: &str| check_items(format!(r#"{{"errors":true,"items":[{items}]}}"#).as_bytes());
        let full = r#"{"index":{"status":429,"error":{"type":"es_rejected","reason":"queue is full"}}}"#;
        let wrong = r#"{"index":{"status":400,"error":{"type":"mapper","reason":"no number"}}}"#;
        let stored = r#"{"index":{"status":201}}"#;
        let message = "the server refuses 1 document of 2: es_rejected: queue is full";
        assert_eq!(answer(&[stored, full].join(",")), Err(DeliveryError::Retry(message.to_owned())));
        let message = "the server refuses 2 documents of 3, the first: mapper: no number";
        assert_eq!(answer(&[full, stored, wrong].join(",")), Err(DeliveryError::Failed(message.to_owned())));
        assert!(matches!(answer(stored), Err(DeliveryError::Failed(_))));
        assert!(matches!(check_items(b"<html>"), Err(DeliveryError::Retry(_))));
    }

    #[test]
    fn pauses_are_seconds_or_dates() {
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        assert!(pause("Sun, 06 Nov 2094 08:49:37 GMT").is_some_and(|pause| pause > Duration::from_secs(1 << 20)));
        assert_eq!(pause("Sun, 06 Nov 1994 08:49:37 GMT"), None);
        assert_eq!(pause("soon"), None);
    }

    #[test]
    fn only_a_line_of_an_answer_is_shown() {
        assert_eq!(first_line(b"\n\n  no\x1b[31m room \nmore"), "no\\u{1b}[31m room");
        assert_eq!(first_line("ä".repeat(1000).as_bytes()).chars().count(), SHOWN_CHARS + 1);
    }
}
