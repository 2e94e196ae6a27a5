//! `url_query(x, name)`: a parameter of a URL.

use super::url_decode::decode;
use super::url_path::Url;

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const URL_QUERY: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "url_query",
        usage: "url_query(x, name)",
        summary: "The value of a URL's first parameter of this name, decoded.",
        details: "From a URL or a request target such as `/a?b=c`. `+` and `%20` are spaces. A parameter without `=` is the empty text; a missing one is null.",
        examples: &[Example {
            expr: "select url_query(line, 'q') as q, url_query(line, 'page') as page",
            input: "/search?q=red+hot%21&page=2\n",
            output: "red hot!\t2\n",
        }],
    },
    &[Parameter::new("url", ParameterKind::Text), Parameter::new("name", ParameterKind::Text)],
    url_query,
);

fn url_query<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(url), ValueRef::Text(name)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    let query = Url::of(url).query.unwrap_or_default();
    for parameter in query.split(|byte| *byte == b'&') {
        let equals = memchr::memchr(b'=', parameter).unwrap_or(parameter.len());
        let (key, value) = (&parameter[..equals], parameter.get(equals + 1..));
        if parameter.is_empty() || !is_name(key, name) {
            continue;
        }
        let value = value.unwrap_or_default();
        if !value.iter().any(|byte| matches!(byte, b'+' | b'%')) {
            return Ok(ValueRef::Text(value));
        }
        decode(value, true, scratch);
        return Ok(ValueRef::Text(scratch));
    }
    Ok(ValueRef::Null)
}

/// Whether a key means this name.
fn is_name(key: &[u8], name: &[u8]) -> bool {
    if !key.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return key == name;
    }
    let mut decoded = Vec::with_capacity(key.len());
    decode(key, true, &mut decoded);
    decoded == name
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn the_first_of_the_name() {
        let query = |url: &str, name: &str| {
            call(&URL_QUERY, &[ValueRef::Text(url.as_bytes()), ValueRef::Text(name.as_bytes())])
        };
        for (url, name, expected) in [
            ("/a?b=1&b=2", "b", Some("1")),
            ("http://h/a?x=1&b=%2b+%zz#b=9", "b", Some("+ %zz")),
            ("/a?b", "b", Some("")),
            ("/a?b=c=d", "b", Some("c=d")),
            ("/a?a%20b=1", "a b", Some("1")),
            ("/a?b=1", "B", None),
            ("/a?&", "", None),
            ("/a", "b", None),
            ("", "b", None),
        ] {
            let expected = expected.map_or(Value::Null, |text| Value::Text(text.as_bytes().to_vec()));
            assert_eq!(query(url, name), Ok(expected), "{url}");
        }
    }
}
