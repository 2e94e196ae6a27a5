//! `url_host(x)`: the host of a URL.

use super::url_path::Url;

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const URL_HOST: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "url_host",
        usage: "url_host(x)",
        summary: "The host of a URL, in lower case, without user and port.",
        details: "IPv6 addresses have no brackets, so that ip_in accepts them. Null without a scheme.",
        examples: &[Example {
            expr: "select url_host(line) as h",
            input: "https://Example.com:8080/a?b=c\nhttp://[::1]/\n",
            output: "example.com\n::1\n",
        }],
    },
    &[Parameter::new("url", ParameterKind::Text)],
    url_host,
);

fn url_host<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(url)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    let Some(authority) = Url::of(url).authority else {
        return Ok(ValueRef::Null);
    };
    let host = &authority[memchr::memrchr(b'@', authority).map_or(0, |at| at + 1)..];
    let host = match host.strip_prefix(b"[") {
        Some(address) => &address[..memchr::memchr(b']', address).unwrap_or(address.len())],
        None => &host[..memchr::memchr(b':', host).unwrap_or(host.len())],
    };
    if host.iter().any(u8::is_ascii_uppercase) {
        scratch.extend(host.iter().map(u8::to_ascii_lowercase));
        return Ok(ValueRef::Text(scratch));
    }
    Ok(ValueRef::Text(host))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn nothing_but_the_host() {
        let host = |url: &str| call(&URL_HOST, &[ValueRef::Text(url.as_bytes())]);
        for (url, expected) in [
            ("http://EXAMPLE.com", "example.com"),
            ("http://user:p@ss@h:80/x", "h"),
            ("ftp://[2001:DB8::1]:21/x", "2001:db8::1"),
            ("http://h?x@y", "h"),
            ("file:///etc/passwd", ""),
        ] {
            assert_eq!(host(url), Ok(Value::Text(expected.as_bytes().to_vec())), "{url}");
        }
        for url in ["/a/b", "example.com", "", "mailto:a@b.c"] {
            assert_eq!(host(url), Ok(Value::Null), "{url}");
        }
    }
}
