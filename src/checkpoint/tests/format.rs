//! The bytes of format 1: later versions read them as long as the number of the format is the same.

use super::{begin, read};
use crate::checkpoint::simulated::SimulatedStorage;

/// The files of a directory, as hexadecimal digits with blanks between the fields: a header, and blocks or records.
const FILES: [(&str, &[&str]); 4] = [
    (
        "manifest",
        &[
            "626f75726e63700a 01000000 6d616e69 aadd927afe46f15a 0000000000000000 ffffffffffffffff 78ec070f5ffc44a7",
            "08000000 64733faa3df1bc0e 6d616e6966657374",
            "00000000 e778cef14179760e 0800000000000000",
        ],
    ),
    (
        "snapshot-00000000000000000258",
        &[
            "626f75726e63700a 01000000 736e6170 2ae00f6fe351601f 0201000000000000 ffffffffffffffff be22cc9746875026",
            "05000000 b42cf542a5f6de6d 7374617465",
            "00000000 b2f25d79d36755d9 0500000000000000",
        ],
    ),
    (
        "log-00000000000000000000",
        &[
            "626f75726e63700a 01000000 6c6f670a 3007d3e9e929955a 0000000000000000 ffffffffffffffff 1424b3a1ff1a9a25",
            "0a726563 0300000000000000 3000000000000000 a0e11f32a7ab1f91 9751b2d75ec43284 6f6e65",
        ],
    ),
    (
        "log-00000000000000000258",
        &[
            "626f75726e63700a 01000000 6c6f670a 3007d3e9e929955a 0201000000000000 0000000000000000 610de449516e5e4d",
            "0a726563 0300000000000000 3000000000000000 8b9929cbbd60056c 6f17050f6855f2b5 74776f",
            "0a726563 0000000000000000 5700000000000000 c294d3380580062d ba4d56fa764872f5",
        ],
    ),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(parts: &[&str]) -> Vec<u8> {
    let digits: String = parts.iter().flat_map(|part| part.split_whitespace()).collect();
    let byte = |start| u8::from_str_radix(&digits[start..start + 2], 16).expect("two digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn files_are_written_as_in_format_1() {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    checkpoint.append(&[b"on", b"e"]).expect("room");
    checkpoint.begin_log(258).expect("room");
    checkpoint.write_snapshot(258, b"state").expect("room");
    checkpoint.append(&[b"two"]).expect("room");
    checkpoint.sync().expect("a disk");
    checkpoint.append(&[b""]).expect("room");
    for (name, expected) in FILES {
        assert_eq!(hex(&storage.bytes(name).expect("a file")), hex(&bytes(expected)), "{name}");
    }
}

#[test]
fn files_of_format_1_are_read() {
    let storage = SimulatedStorage::new();
    FILES.iter().for_each(|(name, hex)| storage.set_bytes(name, bytes(hex)));
    let (manifest, snapshot, records) = read(&storage).expect("whole");
    assert_eq!(manifest.as_deref(), Some(&b"manifest"[..]));
    assert_eq!(snapshot, Some((258, b"state".to_vec())));
    assert_eq!(records, [&b"two"[..], b""]);
}
