//! The address of an HTTP target, with parameters of our own in its query.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use ureq::http::{HeaderName, HeaderValue, Uri};

use super::bodies::BodyFormat;
use crate::data::{parse_duration, reason};
use crate::lang::Diagnostic;
use crate::lang::ast::Span;
use crate::lang::suggest::did_you_mean;

/// The longest time for a request, unless `timeout=` is given.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A parsed target.
#[derive(Clone, Debug)]
pub(super) struct HttpAddress {
    /// Where requests go: without user, password and our parameters.
    pub(super) url: String,
    pub(super) is_encrypted: bool,
    pub(super) format: BodyFormat,
    /// The columns that are keys, if given.
    pub(super) keys: Option<Vec<String>>,
    /// The measurement of InfluxDB, if given.
    pub(super) measurement: Option<String>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) authority_file: Option<PathBuf>,
    pub(super) timeout: Duration,
    login: Option<Login>,
}

/// How the client proves who it is. Secrets are read from files, for each request, because tokens are renewed.
#[derive(Clone, Debug)]
enum Login {
    Bearer(PathBuf),
    Basic(String, PathBuf),
}

/// The parts of a target before they are checked together.
#[derive(Default)]
struct UrlParameters {
    format: Option<BodyFormat>,
    keys: Option<Vec<String>>,
    measurement: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    authority_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    timeout: Option<Duration>,
    /// UrlParameters of the server.
    others: Vec<String>,
}

impl HttpAddress {
    /// Parses a target.
    pub(super) fn parse(target: &OsStr) -> Result<HttpAddress, Diagnostic> {
        let all = |text: &str| Span { start: 0, end: text.len() };
        let Some(text) = target.to_str() else {
            return Err(Diagnostic::new(all(&target.to_string_lossy()), "the address is not UTF-8"));
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err(Diagnostic::new(all(text), "a password in an address is seen by all users of the machine")
                .help("the user is USER@HOST, and password-file=FILE names the file of the password"));
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query = query.split('#').next().unwrap_or_default();
        let mut parameters = UrlParameters::default();
        let mut at = text.len() - rest.len() + path.len() + 1;
        // The format comes first: it says which parameters are ours.
        for pair in query.split('&') {
            if let Some(name) = pair.strip_prefix("format=") {
                let start = at + "format=".len();
                parameters.format = Some(format(name, Span { start, end: start + name.len().max(1) })?);
            }
            at += pair.len() + 1;
        }
        at -= query.len() + 1;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            parameters.add(pair, Span { start: at, end: at + pair.len() })?;
            at += pair.len() + 1;
        }
        let login =
            login(user, &parameters).map_err(|(message, help)| Diagnostic::new(all(text), message).help(help))?;
        let format = parameters.format.unwrap_or(BodyFormat::Ndjson);
        let path = format.path(path.split('#').next().unwrap_or_default());
        parameters.others.extend(format.own_parameter(&parameters.others));
        let query = match parameters.others.as_slice() {
            [] => String::new(),
            others => format!("?{}", others.join("&")),
        };
        if format == BodyFormat::Elasticsearch && path == "/_bulk" {
            let help = "the path is the index: http://HOST:9200/INDEX?format=elasticsearch";
            return Err(Diagnostic::new(all(text), "missing index").help(help));
        }
        let url = format!("{scheme}://{host}{path}{query}");
        let format = format.with_precision(&parameters.others);
        let is_valid = url.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
        if !is_valid {
            let message = "this is not the address of an HTTP server";
            return Err(Diagnostic::new(all(text), message).help("write http://HOST:PORT/PATH; a space is %20"));
        }
        Ok(HttpAddress {
            url,
            is_encrypted: scheme == "https",
            format,
            keys: parameters.keys,
            measurement: parameters.measurement,
            headers: parameters.headers,
            authority_file: parameters.authority_file,
            timeout: parameters.timeout.unwrap_or(TIMEOUT),
            login,
        })
    }

    /// The value of the `Authorization` header, if there is a login.
    pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        let secret = |path: &PathBuf| {
            let text = std::fs::read_to_string(path);
            text.map_err(|error| format!("{}: {}", path.display(), reason(&error)))
        };
        let (text, path) = match &self.login {
            None => return Ok(None),
            Some(Login::Bearer(path)) => (format!("Bearer {}", secret(path)?.trim()), path),
            Some(Login::Basic(user, path)) => {
                let secret = secret(path)?;
                (
                    format!("Basic {}", base64(format!("{user}:{}", secret.trim_end_matches(['\n', '\r'])).as_bytes())),
                    path,
                )
            }
        };
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| format!("{}: has control characters", path.display()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// How to log in as the parameters say, or the message and the help if they contradict each other.
fn login(user: Option<&str>, parameters: &UrlParameters) -> Result<Option<Login>, (&'static str, &'static str)> {
    match (user, &parameters.token_file, &parameters.password_file) {
        (_, Some(_), Some(_)) | (Some(_), Some(_), _) => {
            Err(("a token and a user are two ways to log in", "leave one of them out"))
        }
        (None, Some(file), None) => Ok(Some(Login::Bearer(file.clone()))),
        (Some(user), None, Some(file)) => {
            let user = percent_decode_str(user).decode_utf8_lossy().into_owned();
            Ok(Some(Login::Basic(user, file.clone())))
        }
        (None, None, None) => Ok(None),
        (Some(_), None, None) => Err(("a user needs a password", "add password-file=FILE")),
        (None, None, Some(_)) => {
            Err(("a password needs a user", "write USER@ before the host, or token-file=FILE for a token"))
        }
    }
}

impl UrlParameters {
    fn add(&mut self, pair: &str, span: Span) -> Result<(), Diagnostic> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        let has_keys = self.format.is_some_and(BodyFormat::has_keys);
        let file = |value: String| match value.is_empty() {
            true => Err(Diagnostic::new(span, "missing file").help(format!("write {name}=FILE"))),
            false => Ok(Some(PathBuf::from(value))),
        };
        match name {
            "format" => {}
            "header" => {
                let wrong = || Diagnostic::new(span, "expected a header").help("a header is header=Name: value");
                let (name, value) = value.split_once(':').ok_or_else(wrong)?;
                let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong())?;
                let mut value = HeaderValue::from_str(value.trim()).map_err(|_| wrong())?;
                value.set_sensitive(true);
                self.headers.push((name, value));
            }
            "token-file" => self.token_file = file(value)?,
            "password-file" => self.password_file = file(value)?,
            "tls-ca" => self.authority_file = file(value)?,
            "timeout" => {
                let time = parse_duration(&value).and_then(|ns| u64::try_from(ns).ok()).filter(|ns| *ns > 0);
                let Some(time) = time else {
                    return Err(Diagnostic::new(span, "expected a duration").help("write timeout=30s"));
                };
                self.timeout = Some(Duration::from_nanos(time));
            }
            "measurement" if matches!(self.format, Some(BodyFormat::Influx(_))) => {
                if value.is_empty() {
                    return Err(Diagnostic::new(span, "expected a name").help("write measurement=web"));
                }
                self.measurement = Some(value);
            }
            "key" | "labels" if has_keys && (name == "key" || self.format == Some(BodyFormat::Loki)) => {
                self.keys = Some(value.split(',').map(|key| key.trim().to_owned()).collect())
            }
            _ => self.others.push(pair.to_owned()),
        }
        Ok(())
    }
}

fn format(name: &str, span: Span) -> Result<BodyFormat, Diagnostic> {
    BodyFormat::NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format).ok_or_else(|| {
        let names: Vec<&str> = BodyFormat::NAMES.iter().map(|(name, _)| *name).collect();
        let unknown = Diagnostic::new(span, format!("unknown format `{name}`"));
        match did_you_mean(name, &names) {
            Some(close) => unknown.did_you_mean(close),
            None => unknown.help(format!("write one of {}", names.join(", "))),
        }
    })
}

/// Encodes bytes in base 64 (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            match digit <= chunk.len() {
                true => out.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize])),
                false => out.push('='),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> HttpAddress {
        HttpAddress::parse(OsStr::new(text)).expect("it is right")
    }

    #[test]
    fn our_parameters_are_taken_out() {
        let parsed =
            address("http://h:8086/write?db=a&format=influx&precision=s&timeout=5s&header=X-Tag: a%26b&key=a,b");
        assert_eq!(parsed.url, "http://h:8086/write?db=a&precision=s");
        assert_eq!(parsed.format, BodyFormat::Influx(1_000_000_000));
        assert_eq!(parsed.timeout, Duration::from_secs(5));
        assert_eq!(parsed.keys, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(parsed.headers[0].0, "x-tag");
        assert_eq!(parsed.headers[0].1.as_bytes(), b"a&b");
        assert_eq!(address("http://h/?format=loki&labels=a,b").keys, parsed.keys);
        assert_eq!(address("http://h/?labels=a").url, "http://h/?labels=a");
        assert_eq!(address("https://h").url, "https://h/");
        assert_eq!(address("https://h/a?key=k&token=t").url, "https://h/a?key=k&token=t");
    }

    #[test]
    fn formats_know_their_path() {
        assert_eq!(address("http://h?format=loki").url, "http://h/loki/api/v1/push");
        assert_eq!(address("http://h/gw/push?format=loki").url, "http://h/gw/push");
        let bulk = |text: &str| address(text).url.split('?').next().unwrap_or_default().to_owned();
        assert_eq!(bulk("http://h/logs?format=elasticsearch"), "http://h/logs/_bulk");
        assert_eq!(bulk("http://h/logs/_bulk?format=elasticsearch&pipeline=p"), "http://h/logs/_bulk");
    }

    #[test]
    fn mistakes_have_their_place() {
        for (text, marked, message) in [
            ("http://h/a?db=x&format=inflex", "inflex", "unknown format `inflex`"),
            ("http://h/?format=elasticsearch", "http://h/?format=elasticsearch", "missing index"),
            ("http://h/_bulk?format=elasticsearch", "http://h/_bulk?format=elasticsearch", "missing index"),
            ("http://h/a?timeout=soon", "timeout=soon", "expected a duration"),
            ("http://h/a?header=none&x", "header=none", "expected a header"),
            ("http://h/a?x&tls-ca=", "tls-ca=", "missing file"),
            ("http://", "http://", "this is not the address of an HTTP server"),
            ("http://a b/", "http://a b/", "this is not the address of an HTTP server"),
            ("http://ann@h/", "http://ann@h/", "a user needs a password"),
        ] {
            let diagnostic = HttpAddress::parse(OsStr::new(text)).expect_err("it is wrong");
            assert_eq!(&text[diagnostic.span.start..diagnostic.span.end], marked);
            assert_eq!(diagnostic.message, message);
        }
        assert!(HttpAddress::parse(OsStr::new("http://ann:secret@h/")).is_err());
    }

    #[test]
    fn secrets_are_read_from_files() {
        let file = tempfile::NamedTempFile::new().expect("room");
        std::fs::write(file.path(), "open sesame\n").expect("room");
        let path = file.path().display();
        let sent = |text: String| {
            let value = address(&text).authorization().expect("a file").expect("a login");
            assert!(!format!("{value:?}").contains("sesame"));
            String::from_utf8(value.as_bytes().to_vec()).expect("text")
        };
        assert_eq!(sent(format!("http://h/?token-file={path}")), "Bearer open sesame");
        assert_eq!(sent(format!("http://Aladdin@h/?password-file={path}")), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let missing = address("http://h/?token-file=/no/such").authorization().expect_err("no file");
        assert_eq!(missing, "/no/such: no such file or directory");
    }

    #[test]
    fn base_64_is_that_of_the_standard() {
        for (text, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
