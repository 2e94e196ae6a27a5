//! `postgres://USER@HOST:PORT/DATABASE/TABLE?key=a,b`: how a table of a server is written.

use std::ffi::OsStr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::super::table::{TargetOption, parse_key, parse_options, parse_switch};
use super::tls::TlsMode;
use crate::lang::Diagnostic;
use crate::lang::ast::Span;

pub(super) const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

const OPTIONS: &[&str] = &["key", "replace", "tls", "sslmode", "tls-ca", "sslrootcert", "password-file", "host"];

/// Where PostgreSQL listens by default.
const PORT: u16 = 5432;

/// A table of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PostgresTarget {
    /// A name, a number, or the directory of a Unix socket.
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    /// True if a password is written in the target, where every user of the machine sees it.
    pub has_password: bool,
    pub database: String,
    pub schema: Option<String>,
    pub table: String,
    pub key: Option<Vec<String>>,
    /// Rows that bourn has not written may be replaced.
    pub replaces: bool,
    /// `None` if the host decides.
    pub tls: Option<TlsMode>,
    /// The certificates of authorities.
    pub authorities: Option<PathBuf>,
    pub password_file: Option<PathBuf>,
}

impl PostgresTarget {
    /// Parses a target.
    pub(super) fn parse(target: &OsStr) -> Result<PostgresTarget, Diagnostic> {
        let lossy = target.to_string_lossy();
        let start = SCHEMES.iter().find(|scheme| lossy.starts_with(**scheme)).map_or(0, |scheme| scheme.len());
        let end = lossy.find('?').unwrap_or(lossy.len());
        let whole = Span { start, end };
        if target.to_str().is_none() {
            return Err(wrong(whole, "the target is not UTF-8"));
        }
        let text = lossy.as_ref();
        let (authority, path) = text[start..end].split_once('/').unwrap_or((&text[start..end], ""));
        let (database, table) = match path.split_once('/') {
            Some((database, table)) if !database.is_empty() && !table.is_empty() && !table.contains('/') => {
                (database, table)
            }
            _ => return Err(wrong(whole, "expected a database and a table")),
        };
        let mut parsed = PostgresTarget { port: PORT, ..PostgresTarget::default() };
        parsed.parse_authority(authority, Span { start, end: start + authority.len() })?;
        parsed.database = decoded(database, whole)?;
        parsed.table = match table.split_once('.') {
            Some((schema, table)) if !schema.is_empty() => {
                parsed.schema = Some(decoded(schema, whole)?);
                decoded(table, whole)?
            }
            _ => decoded(table, whole)?,
        };
        if parsed.table.is_empty() || parsed.table.len() > super::LONGEST_NAME {
            return Err(wrong(whole, "the name of a table has 1 to 63 bytes"));
        }
        if parsed.table.starts_with("bourn_") {
            return Err(wrong(whole, "tables of this name are not for results"));
        }
        if end < text.len() {
            let pairs = text[end + 1..].split('&');
            let has_secret = pairs.clone().any(|pair| pair.starts_with("password="));
            if has_secret {
                parsed.has_password = true;
                return Ok(parsed);
            }
            for option in parse_options(text, end + 1, OPTIONS)? {
                parsed.set(&option)?;
            }
        }
        parsed.resolve_host();
        Ok(parsed)
    }

    /// Parses `USER@HOST:PORT`.
    fn parse_authority(&mut self, authority: &str, span: Span) -> Result<(), Diagnostic> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if let Some(user) = user {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            self.has_password = !password.is_empty();
            self.user = Some(decoded(name, span)?).filter(|name| !name.is_empty());
        }
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        if let Some(port) = port.filter(|port| !port.is_empty()) {
            self.port = match port.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(wrong(span, "expected a port from 1 to 65535")),
            };
        }
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        if bare.is_none() && name.contains(':') {
            return Err(wrong(span, "an IPv6 address needs brackets"));
        }
        self.host = decoded(bare.unwrap_or(name), span)?;
        Ok(())
    }

    fn set(&mut self, option: &TargetOption) -> Result<(), Diagnostic> {
        let value = option.value.as_str();
        let path = || match value {
            "" => Err(Diagnostic::new(option.span, "expected the path of a file")),
            path => Ok(Some(PathBuf::from(path))),
        };
        match option.name {
            "key" => self.key = Some(parse_key(option)?),
            "replace" => self.replaces = parse_switch(option)?,
            "tls" | "sslmode" => {
                let help = "write sslmode=disable, prefer, require, verify-ca or verify-full";
                let mode = TlsMode::parse(value);
                self.tls = Some(mode.ok_or_else(|| Diagnostic::new(option.span, "unknown mode of TLS").help(help))?);
            }
            "tls-ca" | "sslrootcert" => self.authorities = path()?,
            "password-file" => self.password_file = path()?,
            _ => self.host = value.to_owned(),
        }
        Ok(())
    }

    /// The host of a target without one is the socket of the system, or else this machine.
    fn resolve_host(&mut self) {
        const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
        if self.host.is_empty() {
            let has_socket =
                |folder: &&str| std::path::Path::new(folder).join(format!(".s.PGSQL.{}", self.port)).exists();
            self.host = SOCKETS.into_iter().find(has_socket).unwrap_or("localhost").to_owned();
        }
    }

    /// The server and the table, the same for all ways to write them. A table without a schema is taken for one of the
    /// schema `public`.
    pub(super) fn place(&self) -> (String, u16, &str, &str, &str) {
        let host = if self.is_local() { "localhost".to_owned() } else { self.host.to_ascii_lowercase() };
        (host, self.port, &self.database, self.schema.as_deref().unwrap_or("public"), &self.table)
    }

    /// True for the directory of a Unix socket.
    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// True if the server is on this machine.
    pub(super) fn is_local(&self) -> bool {
        let number: Option<std::net::IpAddr> = self.host.parse().ok();
        self.is_socket() || self.host == "localhost" || number.is_some_and(|number| number.is_loopback())
    }
}

fn wrong(span: Span, message: &str) -> Diagnostic {
    let help = "write postgres://USER@HOST/DATABASE/TABLE, such as postgres://ann@db.example.com/shop/sales";
    Diagnostic::new(span, message).help(help)
}

fn decoded(text: &str, span: Span) -> Result<String, Diagnostic> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| wrong(span, "a name is not UTF-8"))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(target: &str) -> Result<PostgresTarget, String> {
        PostgresTarget::parse(OsStr::new(target)).map_err(|error| error.message)
    }

    #[test]
    fn targets_have_all_parts() {
        let found = parsed("postgresql://ann@db.example.com:6432/shop/public.sales?key=a,b&sslmode=require");
        let expected = PostgresTarget {
            host: "db.example.com".to_owned(),
            port: 6432,
            user: Some("ann".to_owned()),
            database: "shop".to_owned(),
            schema: Some("public".to_owned()),
            table: "sales".to_owned(),
            key: Some(vec!["a".to_owned(), "b".to_owned()]),
            tls: Some(TlsMode::Require),
            ..PostgresTarget::default()
        };
        assert_eq!(found, Ok(expected));
        for (target, host, port, table) in [
            ("postgres://[::1]:6432/d/t", "::1", 6432, "t"),
            ("postgres://h/d/t", "h", 5432, "t"),
            ("postgres://%2Frun%2Fpg/d/a%2Eb", "/run/pg", 5432, "a.b"),
            ("postgres://ann@:6432/d/t?host=/run/pg", "/run/pg", 6432, "t"),
        ] {
            let found = parsed(target).expect(target);
            assert_eq!((found.host.as_str(), found.port, found.table.as_str()), (host, port, table), "{target}");
        }
    }

    #[test]
    fn a_place_has_many_spellings() {
        let is_same =
            |one: &str, other: &str| parsed(one).expect("a target").place() == parsed(other).expect("one").place();
        assert!(is_same("postgres://h/d/t", "postgresql://ann@H:5432/d/public.t?key=a"));
        assert!(is_same("postgres://localhost/d/t", "postgres://127.0.0.1/d/t"));
        assert!(!is_same("postgres://h/d/t", "postgres://h/d/T"));
        assert!(!is_same("postgres://h/d/t", "postgres://h:6432/d/t"));
    }

    #[test]
    fn passwords_are_noticed() {
        for target in ["postgres://ann:secret@h/d/t", "postgres://h/d/t?password=secret", "postgres://a:b@c@h/d/t"] {
            assert!(parsed(target).is_ok_and(|target| target.has_password), "{target}");
        }
        assert!(parsed("postgres://ann:@h/d/t").is_ok_and(|target| !target.has_password));
    }

    #[test]
    fn mistakes_are_named() {
        for (target, message) in [
            ("postgres://h/t", "expected a database and a table"),
            ("postgres://h/d/", "expected a database and a table"),
            ("postgres://h/d/t/x", "expected a database and a table"),
            ("postgres://h:x/d/t", "expected a port from 1 to 65535"),
            ("postgres://::1/d/t", "an IPv6 address needs brackets"),
            ("postgres://h/d/t?sslmode=on", "unknown mode of TLS"),
            ("postgres://h/d/bourn_batches", "tables of this name are not for results"),
        ] {
            assert_eq!(parsed(target), Err(message.to_owned()), "{target}");
        }
    }
}
