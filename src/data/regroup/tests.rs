//! Each kind of regrouping finds the same records wherever the bytes are cut.

use proptest::prelude::*;

use super::*;

const LIMIT: usize = 1 << 20;

/// Returns records, and reasons with the rejected texts, in order.
fn found(regroup: Regroup, pieces: &[&[u8]], limit: usize) -> Vec<Result<String, (String, String)>> {
    let mut regrouper = regroup.start(limit);
    let mut out = Regrouped::default();
    let mut found = Vec::new();
    let mut taken = 0;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut take = |out: &Regrouped| {
        let rejected = &out.rejected[taken_rejects(&found)..];
        let records = |found: &mut Vec<_>, from: usize, to: usize| {
            let bytes = &out.bytes[from..to];
            regroup.framing().each_record(bytes, |start, end| {
                found.push(Ok(text(regroup.framing().trim(&bytes[start..end]))));
            });
        };
        for (at, one) in rejected {
            records(&mut found, taken, *at);
            taken = *at;
            found.push(Err((text(&one.text), one.reason.clone())));
        }
        records(&mut found, taken, out.whole);
        taken = out.whole;
    };
    for piece in pieces {
        regrouper.push(piece, &mut out);
        take(&out);
    }
    regrouper.finish(Ending::Whole, &mut out);
    take(&out);
    assert!(out.open().is_empty(), "nothing is left over");
    found
}

fn taken_rejects(found: &[Result<String, (String, String)>]) -> usize {
    found.iter().filter(|found| found.is_err()).count()
}

/// Returns records, and the texts of rejected ones.
fn texts(regroup: Regroup, bytes: &str) -> Vec<String> {
    let found = found(regroup, &[bytes.as_bytes()], LIMIT);
    let text = |found: Result<String, (String, String)>| match found {
        Ok(record) => record,
        Err((text, _)) => format!("!{text}"),
    };
    found.into_iter().map(text).collect()
}

fn reasons(regroup: Regroup, bytes: &str) -> Vec<String> {
    let found = found(regroup, &[bytes.as_bytes()], LIMIT);
    found.into_iter().filter_map(|found| found.err().map(|(_, reason)| reason)).collect()
}

#[test]
fn json_values_end_wherever_they_end() {
    for (bytes, expected) in [
        ("", &[][..]),
        (" \n\t", &[]),
        ("{\"a\": 1}", &["{\"a\":1}"]),
        ("{\"a\":1}{\"a\":2}\n {\"a\":3}", &["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]),
        ("[\n  {\n    \"a\": [1, 2],\n    \"b\": { }\n  },\n  {}\n]\n", &["{\"a\":[1,2],\"b\":{}}", "{}"]),
        ("[1, \"a b\", [2, [3]], null]", &["1", "\"a b\"", "[2,[3]]", "null"]),
        ("[]\n[{}]\r\n[ ]{}", &["{}", "{}"]),
        ("1 2\n\"x\" true", &["1", "2", "\"x\"", "true"]),
        ("{\"a \\\" \\\\\": \"] , \\n\"}", &["{\"a \\\" \\\\\":\"] , \\n\"}"]),
    ] {
        assert_eq!(texts(Regroup::Json, bytes), expected, "{bytes}");
    }
}

#[test]
fn a_mistake_rejects_up_to_the_next_line_that_begins_with_a_value() {
    for (bytes, expected) in [
        ("{\"a\":1\n{\"a\":2}\n", &["!{\"a\":1", "{\"a\":2}"][..]),
        ("{\"a\":,} {\"x\":0}\nx\n{\"a\":2}", &["!{\"a\":,} {\"x\":0}\nx", "{\"a\":2}"]),
        ("{\"a\":\"x\n{\"a\":2}", &["!{\"a\":\"x", "{\"a\":2}"]),
        ("[\n{\"a\":1},\n{\"a\" 2},\n{\"a\":3}\n]\n{}", &["{\"a\":1}", "!{\"a\"2},", "{\"a\":3}", "{}"]),
        ("[\n  {\n    \"a\": \n  },\n  {\n    \"b\": [\n      {}\n    ]\n  }\n]", &["!{\"a\":},", "{\"b\":[{}]}"]),
        ("[\n  {\n    \"a\": [\n      {],\n      {}\n  ]},\n  {}\n]", &["!{\"a\":[{],\n      {}\n  ]},", "{}"]),
        ("[{\"a\":1}\n{\"a\":2}]", &["{\"a\":1}", "!", "{\"a\":2}"]),
        ("[INFO] x\n{}\n", &["!INFO] x", "{}"]),
        ("[{},\n[,\n[{}]\n", &["{}", "![,", "{}"]),
        ("nope\n{}", &["!nope", "{}"]),
        ("{}]\n[{}]", &["{}", "!]", "{}"]),
        ("{}, x", &["{}", "!, x"]),
        ("{\"a\":1\n 2}\n{}", &["!{\"a\":1 2}", "{}"]),
        ("{\"a\":tru e}\n{}", &["!{\"a\":tru e}", "{}"]),
        ("{\"a\": 1x 2}\n{}", &["!{\"a\":1x 2}", "{}"]),
    ] {
        assert_eq!(texts(Regroup::Json, bytes), expected, "{bytes}");
    }
}

#[test]
fn reasons_name_the_line() {
    for (bytes, expected) in [
        ("\n{\"a\":1,\n  x", "json: expected '\"' at the start of a name at line 3, byte 3"),
        ("{}\n[\n{}", "json: the list that begins at line 2 has no end"),
        ("[{}, {\n\"a\":", "json: the value at line 1 has no end"),
        ("{\"a\" 1}", "json: expected ':' after a name at line 1, byte 6"),
        ("{\"a\":1\n ]", "json: expected ',' or '}' at line 2, byte 2"),
        ("[1\n2]", "json: expected ',' or ']' at line 2, byte 1"),
        ("{\"a\":\"b\n", "json: expected '\"' at the end of a string at line 1, byte 8"),
    ] {
        assert_eq!(reasons(Regroup::Json, bytes), [expected], "{bytes}");
    }
    let deep = "[".repeat(130);
    assert_eq!(reasons(Regroup::Json, &deep), ["json: expected at most 128 levels of nesting at line 1, byte 130"]);
}

#[test]
fn long_values_are_rejected_and_the_next_ones_found() {
    let found = found(Regroup::Json, &[b"[{\"a\":123456}, {\"b\": 1 }, \"1234567890\" , 5]"], 8);
    let reason = "the value at line 1 is longer than 8 bytes, see --max-line";
    let long = Err((String::new(), reason.to_owned()));
    assert_eq!(found, [long.clone(), Ok("{\"b\":1}".to_owned()), long, Ok("5".to_owned())]);
}

#[test]
fn a_run_that_stops_does_not_miss_the_end_of_a_list() {
    let mut values = Regroup::Json.start(LIMIT);
    let mut out = Regrouped::default();
    values.push(b"[{},", &mut out);
    values.finish(Ending::CutOff, &mut out);
    assert_eq!((out.bytes.as_slice(), out.rejected.len()), (&b"{}\n"[..], 0));
}

#[test]
fn parts_of_lines_are_joined_by_stream() {
    let bytes = "1 stdout P ab\n2 stderr P xy\n3 stdout P c\n4 stderr F z\n5 stdout F d\n6 stdout F whole\n\
                 other\n7 stdout F\n8 stderr P:x left";
    assert_eq!(
        texts(Regroup::Cri, bytes),
        ["2 stderr F xyz", "1 stdout F abcd", "6 stdout F whole", "other", "7 stdout F", "8 stderr P:x left"]
    );
    let long = found(Regroup::Cri, &[b"1 stdout P abcde\n2 stdout P fghij\n3 stdout F k\n4 stdout F l\n"], 20);
    let reason = "the line is longer than 20 bytes, see --max-line".to_owned();
    assert_eq!(long, [Err((String::new(), reason)), Ok("4 stdout F l".to_owned())]);
}

#[test]
fn counted_messages_hold_any_byte() {
    for (bytes, expected) in [
        ("5 <1>ab6 <2>a\nb", &["<1>ab", "<2>a\nb"][..]),
        ("6 <1>ab\n\n5 <1>cd\n", &["<1>ab", "<1>cd"]),
        ("<1>no count\n12 x\n5 <1>ab", &["!<1>no count", "!12 x", "<1>ab"]),
        ("x 7 y 5 <1>ab", &["!x 7 y ", "<1>ab"]),
        ("5 <1>abcd\n5 <1>ef", &["<1>ab", "!cd", "<1>ef"]),
        ("9 <1>ab", &["!<1>ab"]),
        ("5 <1>ab12", &["<1>ab", "!12"]),
        ("05 <1>ab", &["!0", "<1>ab"]),
        ("9999999999 <1>ab", &["!"]),
        ("99999999999999999999 <1>ab\n5 <1>cd", &["!99999999999999999999 <1>ab", "<1>cd"]),
        ("x10000000000 <1>\n5 <1>cd", &["!x10000000000 <1>", "<1>cd"]),
    ] {
        assert_eq!(texts(Regroup::OctetCounted, bytes), expected, "{bytes}");
    }
}

fn pieces<'b>(bytes: &'b [u8], cuts: &[usize]) -> Vec<&'b [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut start = 0;
    let mut pieces = Vec::new();
    for cut in cuts.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[start..cut]);
        start = cut;
    }
    pieces
}

proptest! {
    #[test]
    fn cuts_change_nothing(
        parts in prop::collection::vec(
            prop_oneof![
                8 => "[\\[\\]{},:\"\\\\ \n a1]{1,6}",
                4 => Just("{\"a\": [1, {}]}".to_owned()),
                2 => Just("\n".to_owned()),
                2 => Just("1 stdout P ab\n".to_owned()),
                2 => Just("2 stdout F cd\n".to_owned()),
                1 => Just("2 stderr P cd\r\n".to_owned()),
                2 => Just("5 <1>ab".to_owned()),
                1 => Just("12 <1>".to_owned()),
            ],
            0..30,
        ),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        limit in prop_oneof![1usize..40, Just(LIMIT)],
    ) {
        let bytes = parts.concat();
        let bytes = bytes.as_bytes();
        for regroup in [Regroup::Json, Regroup::Cri, Regroup::OctetCounted] {
            let at_once = found(regroup, &[bytes], limit);
            prop_assert_eq!(&found(regroup, &pieces(bytes, &cuts), limit), &at_once);
            let singles: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&found(regroup, &singles, limit), &at_once);
        }
    }

    #[test]
    fn sound_values_are_all_found(
        values in prop::collection::vec("\\{\"[a-z\\]{,]{0,9}\": ?[1-9][0-9]{0,4}, \"b\":\n? ?\\[ ?(true|\"x\\\\\"y\")? ?\\]\\}", 0..9),
        in_list in any::<bool>(),
        between in "[ \n\t]{0,3}",
    ) {
        let bytes = match in_list {
            true => format!("[{}]", values.join(&format!("{between},{between}"))),
            false => values.join(&between),
        };
        let expected: Vec<Vec<u8>> = values.iter().map(|value| {
            let mut written = Vec::new();
            let value = crate::data::read_json(value.as_bytes()).expect("the test's own");
            crate::data::write_json(value.borrow(), &mut written);
            written
        }).collect();
        let found = found(Regroup::Json, &[bytes.as_bytes()], LIMIT);
        let found: Vec<Vec<u8>> = found.into_iter().map(|found| {
            let text = found.expect("no mistake");
            let mut written = Vec::new();
            crate::data::write_json(crate::data::read_json(text.as_bytes()).expect("a value").borrow(), &mut written);
            written
        }).collect();
        prop_assert_eq!(found, expected);
    }
}
