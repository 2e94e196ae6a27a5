//! Values as parts of file names: different values give different names, and none leaves its directory.

use twox_hash::XxHash3_64;

use crate::data::ValueRef;

/// Longer parts are shortened; a name has at most 255 bytes.
const MOST_BYTES: usize = 100;

/// The bytes of a shortened part that are kept.
const KEPT_BYTES: usize = 80;

/// Appends a value, given as text, as a part of a file name. Bytes that a name cannot have are written as `%2F`, as in a
/// URL, and so is `%` itself, so that the other signs that begin with it are no values.
pub(super) fn write_safe(value: ValueRef<'_>, text: &[u8], out: &mut String) {
    match value {
        ValueRef::Null => return out.push_str("%null"),
        _ if text.is_empty() => return out.push_str("%empty"),
        _ => {}
    }
    let start = out.len();
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '.' if out.len() == start => out.push_str("%2E"), // not `..`, and not hidden
                '/' | '%' | '\\' => push_hex(character as u8, out),
                character if character.is_ascii_control() => push_hex(character as u8, out),
                character => out.push(character),
            }
        }
        chunk.invalid().iter().for_each(|byte| push_hex(*byte, out));
    }
    if out.len() - start > MOST_BYTES {
        let hash = XxHash3_64::oneshot(text);
        out.truncate(out.floor_char_boundary(start + KEPT_BYTES));
        out.push_str(&format!("%~{hash:016x}"));
    }
}

fn push_hex(byte: u8, out: &mut String) {
    out.push_str(&format!("%{byte:02X}"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn safe(text: &[u8]) -> String {
        let mut out = String::new();
        write_safe(ValueRef::Text(text), text, &mut out);
        out
    }

    #[test]
    fn names_are_safe() {
        for (value, name) in [
            ("/index.html", "%2Findex.html"),
            ("..", "%2E."),
            (".profile", "%2Eprofile"),
            ("100%", "100%25"),
            ("a\\b\0\n", "a%5Cb%00%0A"),
            ("", "%empty"),
            ("grün 1", "grün 1"),
        ] {
            assert_eq!(safe(value.as_bytes()), name);
        }
        assert_eq!(safe(b"\xff"), "%FF");
        let mut null = String::new();
        write_safe(ValueRef::Null, b"", &mut null);
        assert_eq!(null, "%null");
    }

    #[test]
    fn long_values_are_short_names() {
        let names: Vec<String> = ["a", "b"].iter().map(|end| safe(("ä".repeat(200) + end).as_bytes())).collect();
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| name.len() <= MOST_BYTES && name.starts_with("ä")));
    }

    proptest! {
        #[test]
        fn no_two_values_meet(left: Vec<u8>, right: Vec<u8>) {
            prop_assert_eq!(safe(&left) == safe(&right), left == right);
            prop_assert!(!safe(&left).contains(['/', '\0']));
            prop_assert!(!safe(&left).starts_with('.'));
        }
    }
}
