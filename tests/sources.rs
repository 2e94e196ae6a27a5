//! Where records come from: files, standard input, pipes, compressed or not, one after another, in every part
//! that the work can be cut into.

#[path = "support/compress.rs"]
mod compress;
#[path = "support/program.rs"]
mod program;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::process::{Command, Stdio};

use compress::{KINDS, compress};
use program::{Files, bourn};

/// Options that must not show.
const PARTS: &[&[&str]] = &[
    &[],
    &["-j", "1", "--chunk", "1"],
    &["-j", "8", "--chunk", "1"],
    &["-j", "64", "--chunk", "3"],
    &["-j", "2", "--chunk", "100", "--batch", "1ms"],
];

fn in_all_parts(arguments: &[&str], stdin: &[u8], stdout: &str) {
    for parts in PARTS {
        let ended = bourn(&[parts, arguments].concat(), stdin);
        assert_eq!(ended.stdout, stdout, "{parts:?} {arguments:?}");
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{parts:?}");
    }
}

#[test]
fn sources_are_one_stream_in_the_order_in_which_they_are_named() {
    let files = Files::new();
    let a = files.write("a", b"1\n2");
    let b = files.write("b", b"");
    let c = files.write("c", b"3\r\n");
    in_all_parts(&["skip 'z'", &c, &a, &b, &a], b"", "3\n1\n2\n1\n2\n");
    in_all_parts(&["skip 'z'", &a, "-", &c], b"in", "1\n2\nin\n3\n");
    in_all_parts(&["limit 4 | tail 2", &a, "-", &c], b"in\n", "in\n3\n");
    in_all_parts(&["first(line), last(line)", &b, &c, "-", &a], b"in\n", "3\t2\n");
}

#[test]
fn standard_input_is_read_once_however_often_it_is_named() {
    in_all_parts(&["skip 'z'", "-", "-"], b"a\nb", "a\nb\n");
    let files = Files::new();
    let path = files.write("a", b"a\nb");
    for parts in PARTS {
        let output = Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(*parts)
            .args(["skip 'z'", "-", &path, "-"])
            .stdin(File::open(&path).expect("the file"))
            .output()
            .expect("the binary starts");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a\nb\na\nb\n", "{parts:?}");
    }
}

#[test]
fn standard_input_begins_where_somebody_else_has_stopped() {
    let files = Files::new();
    let path = files.write("a", b"header\n1\n2\n3");
    for (offset, stdout) in [(0, "header\n1\n2\n3\n"), (7, "1\n2\n3\n"), (3, "der\n1\n2\n3\n"), (12, ""), (99, "")] {
        for parts in PARTS {
            let mut stdin = File::open(&path).expect("the file");
            stdin.seek(SeekFrom::Start(offset)).expect("a regular file");
            let mut rest = stdin.try_clone().expect("a second handle");
            let output = Command::new(env!("CARGO_BIN_EXE_bourn"))
                .args(*parts)
                .arg("skip 'z'")
                .stdin(stdin)
                .output()
                .expect("the binary starts");
            assert_eq!(String::from_utf8_lossy(&output.stdout), stdout, "{offset} {parts:?}");
            assert_eq!(output.status.code(), Some(0));
            let mut left = Vec::new();
            rest.read_to_end(&mut left).expect("a regular file");
            assert!(left.is_empty(), "the next reader finds it read");
        }
    }
}

#[test]
fn every_record_has_the_number_and_the_name_of_its_source() {
    let files = Files::new();
    let a = files.write("a", b"x\ny\n\nz");
    let b = files.write("b", b"x\r\n");
    let empty = files.write("empty", b"");
    let printed =
        format!("{a}\t1\tx\n{a}\t2\ty\n{a}\t4\tz\n{b}\t1\tx\n-\t1\tin\n-\t2\tput\n{a}\t1\tx\n{a}\t2\ty\n{a}\t4\tz\n");
    in_all_parts(
        &["where line != '' | select @source, @number, line", &a, &empty, &b, "-", &a],
        b"in\nput\n",
        &printed,
    );
    in_all_parts(
        &["split | max(@number) by word | sort word", &a, &b, "-"],
        b"in\nput\n",
        "in\t1\nput\t2\nx\t1\ny\t2\nz\t4\n",
    );
}

#[test]
fn compressed_sources_are_known_by_their_content_wherever_they_come_from() {
    let files = Files::new();
    let text = b"one\ntwo\r\n\nlast".as_slice();
    for kind in KINDS {
        let bytes = compress(kind, text);
        let path = files.write("no-name-tells", &bytes);
        in_all_parts(&["skip 'z'", &path], b"", "one\ntwo\n\nlast\n");
        in_all_parts(&["skip 'z'"], &bytes, "one\ntwo\n\nlast\n");
        in_all_parts(&["skip 'z'", &path, "-", &path], b"plain", "one\ntwo\n\nlast\nplain\none\ntwo\n\nlast\n");
        for parts in PARTS {
            let output = Command::new(env!("CARGO_BIN_EXE_bourn"))
                .args(*parts)
                .arg("count")
                .stdin(File::open(&path).expect("the file"))
                .output()
                .expect("the binary starts");
            assert_eq!(output.stdout, b"4\n", "{kind} as redirected input, {parts:?}");
        }
    }
}

#[test]
fn several_members_are_one_text() {
    for kind in KINDS {
        let bytes = [compress(kind, b"a\nb"), compress(kind, b""), compress(kind, b"c\n")].concat();
        in_all_parts(&["skip 'z'"], &bytes, "a\nbc\n");
    }
}

#[test]
fn large_compressed_sources_are_the_same_as_plain_ones() {
    let files = Files::new();
    let text: String = (0..60_000).map(|number| format!("{} {}\n", number % 97, number)).collect();
    let plain = files.write("plain", text.as_bytes());
    let arguments = ["split ' ' | count, first(word), last(word) by len(word) as n", "--chunk", "10kB"];
    let expected = bourn(&[&arguments[..], &[&plain]].concat(), b"");
    for kind in KINDS {
        let bytes = compress(kind, text.as_bytes());
        let path = files.write(kind, &bytes);
        assert_eq!(bourn(&[&arguments[..], &[&path]].concat(), b""), expected, "{kind}");
        assert_eq!(bourn(&arguments, &bytes), expected, "{kind} through a pipe");
    }
}

#[test]
fn compressed_input_that_drips() {
    for kind in KINDS {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bourn"))
            .arg("skip 'z'")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        for byte in compress(kind, b"one\ntwo\n") {
            stdin.write_all(&[byte]).expect("the child reads");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        drop(stdin);
        let output = child.wait_with_output().expect("the binary ends");
        assert_eq!(output.stdout, b"one\ntwo\n", "{kind}");
    }
}

#[test]
fn many_small_sources() {
    let files = Files::new();
    let paths: Vec<String> =
        (0..300).map(|number| files.write(&number.to_string(), format!("{number}\nsame").as_bytes())).collect();
    let lines: String = (0..300).map(|number| format!("{number}\nsame\n")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    in_all_parts(&[&["skip 'z'"], &paths[..]].concat(), b"", &lines);
    in_all_parts(&[&["count by @number"], &paths[..]].concat(), b"", "1\t300\n2\t300\n");
}

#[test]
fn files_that_say_they_are_empty_or_larger_than_they_are() {
    for path in
        ["/proc/cpuinfo", "/proc/self/mounts", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/kernel/notes"]
    {
        let Ok(content) = std::fs::read(path) else {
            continue; // not on this machine
        };
        let ended = bourn(&["count", path], b"");
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{path}");
        let lines = content.split_inclusive(|byte| *byte == b'\n').count();
        if path != "/proc/self/mounts" {
            assert_eq!(ended.stdout, format!("{lines}\n"), "{path}");
        }
    }
    assert_eq!(bourn(&["count", "/dev/null"], b"").stdout, "0\n");
}
