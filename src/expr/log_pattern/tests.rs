use super::*;
use proptest::prelude::*;

fn pattern(line: &[u8]) -> String {
    let mut out = b"kept ".to_vec();
    write_pattern(line, &mut out);
    String::from_utf8_lossy(&out[5..]).into_owned()
}

#[test]
fn what_varies() {
    for (line, expected) in [
        ("plain words, nothing else.", "plain words, nothing else."),
        ("Mar 27 13:06:56 host sshd[1291]: x", "<time> host sshd[<num>]: x"),
        ("Mar  7 13:06:56 host", "<time> host"),
        ("[17/May/2015:10:05:03 +0000] x", "[<time>] x"),
        ("2015-05-17T10:05:03.123Z x", "<time> x"),
        ("2015-05-17 10:05:03,123 INFO", "<time> INFO"),
        ("20150517T100503Z x", "<time> x"),
        ("at 10:05:03.5, or 10:05", "at <time>, or <time>"),
        ("Sun May 17 10:05:03 2015 x", "<time> x"),
        ("Sun is shining in May 17", "Sun is shining in May <num>"),
        ("id 6ba7b810-9dad-11d1-80b4-00c04fd430c8.", "id <uuid>."),
        ("deadbeef-9dad-11d1-80b4-00c04fd430c8", "<uuid>"),
        ("10.0.0.1 10.0.0.1:8080 10.0.0.0/8.", "<ip> <ip> <ip>/<num>."),
        ("Chrome/32.0.1700.77 1.2.3", "Chrome/<num> <num>"),
        ("listening on :: port 22", "listening on <ip> port <num>"),
        ("[::1]:80 fe80::1 2001:db8::8a2e:370:7334.", "[<ip>]:<num> <ip> <ip>."),
        ("std::vec a::b 1::2x", "std::vec a::b <num>::<num>x"),
        ("mac 00:1a:2b:3c:4d:5e up", "mac <mac> up"),
        ("0x7ffe12 commit 3f2a9b1c0d", "<hex> commit <hex>"),
        ("took 5ms, 1.5 s, 1h30m, 12KiB, -5, +3 and 45%", "took <num>, <num> s, <num>, <num>, <num>, <num> and <num>%"),
        ("1e-7 1.5E+10 2nd 3x 1e5f", "<num> <num> <num>nd <num>x <id>"),
        ("eth0 worker12 web01.example.com", "eth<num> worker<num> web<num>.example.com"),
        ("pod my-app-7d9f8b6c5-x2k4j", "pod my-app-<hex>-<id>"),
        ("blk_-1608999687919862906 ip-10-77-20", "blk_<num> ip-<num>-<num>-<num>"),
        ("GET \"/a b\" 'x' msg=\"a \\\" b\" don't", "GET <str> <str> msg=<str> don't"),
        (r#"{"level":"info","n":5,"a":["x"]}"#, r#"{"level":<str>,"n":<num>,"a":[<str>]}"#),
        ("an \"unclosed 12", "an \"unclosed <num>"),
        ("it's 'quoted's' here", "it's <str> here"),
        ("from <joe.42@mail.example.com>, root@host root@10.0.0.1", "from <<email>>, root@host root@<ip>"),
        ("a  b\t c ", "a b c "),
        ("/user/123/files/9f8e7d6c5b4a", "/user/<num>/files/<hex>"),
        ("über 5µs naïve7", "über <num> naïve<num>"),
        ("", ""),
    ] {
        assert_eq!(pattern(line.as_bytes()), expected, "{line}");
    }
}

proptest! {
    #[test]
    fn any_bytes_in_linear_time(line in proptest::collection::vec(prop_oneof![
        any::<u8>(), Just(b':'), Just(b'.'), Just(b'"'), Just(b'\''), Just(b'1'), Just(b'a'), Just(b' '), Just(b'-'), Just(b'@'),
    ], 0..200)) {
        pattern(&line);
    }

    #[test]
    fn numbers_do_not_matter(first in any::<u32>(), second in any::<u32>()) {
        let line = |number: u32| pattern(format!("took {number}ms for user {number}").as_bytes());
        prop_assert_eq!(line(first), line(second));
    }
}
