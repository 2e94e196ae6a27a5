//! `url_path(x)`: the path of a URL or request target.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const URL_PATH: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "url_path",
        usage: "url_path(x)",
        summary: "The path of a URL or of a request target such as `/a?b=c`.",
        details: "Without query and fragment, and not decoded: use url_decode. The path of `http://host` is `/`.",
        examples: &[Example {
            expr: "select url_path(line) as p",
            input: "https://example.com:8080/a/b?q=1#top\n/index.html?q=1\n",
            output: "/a/b\n/index.html\n",
        }],
    },
    &[Parameter::new("url", ParameterKind::Text)],
    url_path,
);

fn url_path<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(url)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    let url = Url::of(url);
    if url.authority.is_some() && url.path.is_empty() {
        return Ok(ValueRef::Text(b"/"));
    }
    Ok(ValueRef::Text(url.path))
}

/// The parts of a URL, as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url<'u> {
    /// `user@host:port`; `None` for a request target.
    pub(super) authority: Option<&'u [u8]>,
    /// Begins with the first `/`.
    pub(super) path: &'u [u8],
    /// The text after the `?`.
    pub(super) query: Option<&'u [u8]>,
}

impl<'u> Url<'u> {
    /// Splits a URL (`scheme://authority/path?query#fragment`), or one without a scheme.
    pub(super) fn of(url: &'u [u8]) -> Url<'u> {
        let url = &url[..memchr::memchr(b'#', url).unwrap_or(url.len())];
        let (url, query) = match memchr::memchr(b'?', url) {
            Some(mark) => (&url[..mark], Some(&url[mark + 1..])),
            None => (url, None),
        };
        let Some(behind_scheme) = scheme_end(url) else {
            return Url { authority: None, path: url, query };
        };
        let rest = &url[behind_scheme..];
        let slash = memchr::memchr(b'/', rest).unwrap_or(rest.len());
        Url { authority: Some(&rest[..slash]), path: &rest[slash..], query }
    }
}

/// Returns the offset after `https://`.
fn scheme_end(url: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', url)?;
    let is_scheme = url.first()?.is_ascii_alphabetic()
        && url[..colon].iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    (is_scheme && url[colon..].starts_with(b"://")).then_some(colon + 3)
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn urls_and_targets() {
        let path = |url: &str| text(&URL_PATH, &[ValueRef::Text(url.as_bytes())]);
        for (url, expected) in [
            ("https://u:p@h:1/a/b?c#d", "/a/b"),
            ("https://h?c=/x", "/"),
            ("https://h#d", "/"),
            ("/a?b=http://x/y", "/a"),
            ("/go/http://x/y", "/go/http://x/y"),
            ("//a/b", "//a/b"),
            ("a/b?c", "a/b"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(path(url), expected.as_bytes(), "{url}");
        }
    }
}
