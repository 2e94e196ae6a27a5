//! Names of targets in messages: without secrets.

use std::ffi::OsStr;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::data::escape_controls;

/// Parameters of addresses that are secret.
const SECRETS: &[&str] = &["password", "token"];

/// A target as it is shown in messages: without the password of `user:password@host` and without secret parameters. Any
/// parameter of a web server may be secret, so only the format is shown.
pub fn shown(target: &OsStr) -> String {
    let text = escape_controls(&target.to_string_lossy()).into_owned();
    if text.starts_with("exec:") {
        return without_secrets(&text);
    }
    let (address, query) = match text.split_once('?') {
        Some((address, query)) if address.contains("://") => (address, Some(query)),
        _ => (text.as_str(), None),
    };
    let is_web = address.starts_with("http://") || address.starts_with("https://");
    let address = match address.split_once("://").and_then(|(scheme, rest)| {
        let host = rest.rfind('@')?;
        Some((scheme, rest[..host].split_once(':')?.0, &rest[host..]))
    }) {
        Some((scheme, user, host)) => format!("{scheme}://{user}{host}"),
        None => address.to_owned(),
    };
    let is_public = |pair: &&str| match pair.split('=').next() {
        Some(name) if is_web => name == "format",
        name => !name.is_some_and(|name| SECRETS.contains(&name)),
    };
    let query: Vec<&str> = query.into_iter().flat_map(|query| query.split('&')).filter(is_public).collect();
    if query.is_empty() { address } else { format!("{address}?{}", query.join("&")) }
}

/// Secrets in commands: the text before one is group 1, or the secret is after it. A variable of the shell is not secret.
static SECRETS_OF_COMMANDS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    const VALUE: &str = r#"(?:'[^']*'|"[^"]*"|[^\s&'"$][^\s&'"]*)"#;
    let name = r"[\w-]*(?:password|passwd|passphrase|secret|token|api[-_]?key)";
    [
        r"(://[^\s/:@]*:)[^\s/]+(@)".to_owned(),
        r#"(?i)((?:authorization|cookie|[\w-]*token|[\w-]*api-?key|[\w-]*secret)\s*:\s*)[^'"$\s][^'"]*()"#.to_owned(),
        format!("(?i)({name}=){VALUE}()"),
        format!("(?i)(--{name}\\s+){VALUE}()"),
        r#"(?i)(["']?[\w-]*(?:password|secret|token)["']?\s*:\s*["'])[^"'$]+(["'])"#.to_owned(),
        r#"((?:^|\s)(?:-u|--user)\s+[^\s:'"]+:)[^\s'"$]+()"#.to_owned(),
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// A command with `…` in place of its secrets, as far as they are recognized.
fn without_secrets(command: &str) -> String {
    SECRETS_OF_COMMANDS.iter().fold(command.to_owned(), |text, secret| {
        secret.replace_all(&text, |found: &Captures<'_>| format!("{}…{}", &found[1], &found[2])).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (written, expected) in [
            ("postgres://ann:secret@db/shop/sales?key=day", "postgres://ann@db/shop/sales?key=day"),
            ("postgres://ann:se@c:ret@db/shop/sales", "postgres://ann@db/shop/sales"),
            ("http://host/path?password=secret&format=loki", "http://host/path?format=loki"),
            ("http://host/path?password=secret", "http://host/path"),
            ("http://host/path?header=Authorization: Bearer x&db=a", "http://host/path"),
            ("sqlite:a@b.db/t", "sqlite:a@b.db/t"),
            ("exec:curl http://a:b@host", "exec:curl http://a:…@host"),
            ("exec:psql postgres://a:se@c:ret@h/d -f x.sql", "exec:psql postgres://a:…@h/d -f x.sql"),
            ("exec:curl 'https://h/x?a=1&token=abc&b=2'", "exec:curl 'https://h/x?a=1&token=…&b=2'"),
            ("exec:curl -H 'Authorization: Bearer abc' h", "exec:curl -H 'Authorization: …' h"),
            ("exec:curl -H \"x-api-key: abc\" h", "exec:curl -H \"x-api-key: …\" h"),
            ("exec:PGPASSWORD=abc psql -c 'a b'", "exec:PGPASSWORD=… psql -c 'a b'"),
            ("exec:API_TOKEN='a b' send --now", "exec:API_TOKEN=… send --now"),
            ("exec:mysql --password abc -u ann d", "exec:mysql --password … -u ann d"),
            ("exec:mysql --password=abc", "exec:mysql --password=…"),
            ("exec:curl -u ann:abc h", "exec:curl -u ann:… h"),
            ("exec:curl -d '{\"password\": \"abc\"}' h", "exec:curl -d '{\"password\": \"…\"}' h"),
            ("exec:send --token $TOKEN", "exec:send --token $TOKEN"),
            ("exec:cat password.txt | tr a-z A-Z", "exec:cat password.txt | tr a-z A-Z"),
        ] {
            assert_eq!(shown(OsStr::new(written)), expected);
        }
    }

    #[test]
    fn every_pattern_is_a_regex() {
        assert_eq!(SECRETS_OF_COMMANDS.len(), 6);
    }
}
