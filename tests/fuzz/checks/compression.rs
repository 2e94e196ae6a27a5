//! Compressed bytes, whole or damaged: read at once or byte by byte, the same comes out, and first bytes never say
//! what more of them deny.

use std::io::{Cursor, Read};

use bourn::source::compression::{Compression, Detection};

/// So much is read at most: a few bytes may stand for very many.
const LIMIT_BYTES: u64 = 1 << 16;

/// A reader that gives a byte at a time, as a slow pipe does.
struct Dripping(Cursor<Vec<u8>>);

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let end = buffer.len().min(1);
        self.0.read(&mut buffer[..end])
    }
}

/// Takes the first bytes of a source, or all of it.
pub fn check(data: &[u8]) {
    let mut decided: Option<Detection> = None;
    for end in 0..=data.len().min(16) {
        let detection = Compression::detect(&data[..end]);
        if let Some(decided) = decided {
            assert_eq!(detection, decided, "more bytes change nothing");
        } else if detection != Detection::NeedMore {
            decided = Some(detection);
        }
    }
    if let Some(Detection::Compressed(compression)) = decided {
        let (at_once, error) = read(compression, Box::new(Cursor::new(data.to_vec())));
        let (by_bytes, same) = read(compression, Box::new(Dripping(Cursor::new(data.to_vec()))));
        assert_eq!(error, same, "whether it is damaged");
        let shorter = at_once.len().min(by_bytes.len());
        assert_eq!(at_once[..shorter], by_bytes[..shorter]);
        assert!(error || at_once.len() == by_bytes.len());
    }
}

/// What comes out, up to a limit, and whether it ends with an error.
fn read(compression: Compression, bytes: Box<dyn Read + Send>) -> (Vec<u8>, bool) {
    let mut text = Vec::new();
    let read = compression.reader(bytes).and_then(|reader| reader.take(LIMIT_BYTES).read_to_end(&mut text));
    (text, read.is_err())
}
