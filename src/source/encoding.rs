//! Encodings: a byte order mark selects UTF-8 or UTF-16; without one, bytes are used unchanged.
//!
//! The mark never becomes part of the first record. UTF-16 is converted to UTF-8 while it is read. Its mark may also be
//! the beginning of other bytes, so it counts only if a zero byte follows soon: in UTF-16 every line end and every
//! ASCII character has one, and text in other encodings has none.

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};

/// U+FFFD, which replaces units that are not valid UTF-16.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// The number of bytes that decide whether a source is UTF-16.
pub const SAMPLE_BYTES: usize = 4 << 10;

/// The encoding that the first bytes of a source indicate.
#[derive(Debug)]
pub enum ByteOrderMark {
    /// No mark.
    None,
    /// The bytes may be the beginning of a mark.
    NeedMore,
    /// UTF-8, after a mark of this many bytes.
    Utf8(usize),
    /// UTF-16, after a mark of this many bytes.
    Utf16(usize, Box<Utf16>),
}

impl ByteOrderMark {
    /// Inspects the first bytes of a source. `ended`: no more bytes follow.
    pub fn of(first: &[u8], ended: bool) -> ByteOrderMark {
        let utf16 = |encoding| {
            let sample = &first[2..first.len().min(SAMPLE_BYTES)];
            let is_empty = ended && sample.is_empty();
            if is_empty || memchr::memchr(0, sample).is_some() {
                ByteOrderMark::Utf16(2, Box::new(Utf16::new(encoding)))
            } else if ended || first.len() >= SAMPLE_BYTES {
                ByteOrderMark::None
            } else {
                ByteOrderMark::NeedMore
            }
        };
        match first {
            [0xef, 0xbb, 0xbf, ..] => ByteOrderMark::Utf8(3),
            [0xff, 0xfe, ..] => utf16(UTF_16LE),
            [0xfe, 0xff, ..] => utf16(UTF_16BE),
            [] | [0xef] | [0xef, 0xbb] | [0xff] | [0xfe] if !ended => ByteOrderMark::NeedMore,
            _ => ByteOrderMark::None,
        }
    }
}

/// Converts UTF-16 that arrives in pieces.
pub struct Utf16 {
    decoder: Decoder,
    /// The number of replaced invalid units.
    pub replaced: u64,
}

impl Utf16 {
    fn new(encoding: &'static encoding_rs::Encoding) -> Self {
        Utf16 { decoder: encoding.new_decoder_without_bom_handling(), replaced: 0 }
    }

    /// Appends the text of the next bytes.
    pub fn convert(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        self.replaced += self.append(bytes, text, false);
    }

    /// Ends the text; returns whether the last character is incomplete. The next bytes begin with a character.
    pub fn finish(&mut self, text: &mut Vec<u8>) -> bool {
        let is_cut = self.append(&[], text, true) > 0;
        self.decoder = self.decoder.encoding().new_decoder_without_bom_handling();
        is_cut
    }

    /// Appends the text of some bytes; returns the number of replaced units.
    fn append(&mut self, bytes: &[u8], text: &mut Vec<u8>, is_last: bool) -> u64 {
        let (mut rest, mut replaced) = (bytes, 0);
        loop {
            let most = self.decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len());
            let filled = text.len();
            text.resize(filled + most, 0);
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(rest, &mut text[filled..], is_last);
            text.truncate(filled + written);
            rest = &rest[read..];
            match result {
                DecoderResult::InputEmpty => return replaced,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    text.extend_from_slice(REPLACEMENT);
                    replaced += 1;
                }
            }
        }
    }
}

impl std::fmt::Debug for Utf16 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.decoder.encoding().name())
    }
}

/// Converts a whole text to UTF-8 without a mark.
pub fn to_utf8(mut bytes: Vec<u8>) -> Vec<u8> {
    match ByteOrderMark::of(&bytes, true) {
        ByteOrderMark::None | ByteOrderMark::NeedMore => bytes,
        ByteOrderMark::Utf8(mark) => {
            bytes.drain(..mark);
            bytes
        }
        ByteOrderMark::Utf16(mark, mut utf16) => {
            let mut text = Vec::new();
            utf16.convert(&bytes[mark..], &mut text);
            utf16.finish(&mut text);
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str, is_big: bool) -> Vec<u8> {
        let bytes = |unit: u16| match is_big {
            true => unit.to_be_bytes(),
            false => unit.to_le_bytes(),
        };
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    proptest! {
        #[test]
        fn text_is_the_same_wherever_it_is_cut(text in "\n\\PC{0,40}", step in 1usize..9, is_big in any::<bool>()) {
            let bytes = utf16(&text, is_big);
            prop_assert_eq!(to_utf8(bytes.clone()), text.as_bytes());
            let ByteOrderMark::Utf16(mark, mut decoder) = ByteOrderMark::of(&bytes, false) else {
                panic!("a mark");
            };
            let mut converted = Vec::new();
            bytes[mark..].chunks(step).for_each(|piece| decoder.convert(piece, &mut converted));
            prop_assert!(!decoder.finish(&mut converted));
            prop_assert_eq!((converted, decoder.replaced), (text.into_bytes(), 0));
        }
    }

    #[test]
    fn the_mark_tells_and_is_dropped() {
        assert_eq!(to_utf8(b"\xef\xbb\xbfa".to_vec()), b"a");
        assert_eq!(to_utf8(b"a\xef\xbb\xbf".to_vec()), b"a\xef\xbb\xbf");
        assert_eq!(to_utf8(b"\xef\xbb".to_vec()), b"\xef\xbb");
        assert_eq!(to_utf8(b"\xff\xfe\n\xc3\n".to_vec()), b"\xff\xfe\n\xc3\n");
        assert!(matches!(ByteOrderMark::of(b"\xff\xfe\x01\x4e", false), ByteOrderMark::NeedMore));
        assert!(matches!(ByteOrderMark::of(b"\xff\xfe\x01\x4e\n\0", false), ByteOrderMark::Utf16(2, _)));
        assert!(matches!(ByteOrderMark::of(b"\xef\xbb", false), ByteOrderMark::NeedMore));
        assert!(matches!(ByteOrderMark::of(b"\xef\xbb", true), ByteOrderMark::None));
        assert!(matches!(ByteOrderMark::of(b"", false), ByteOrderMark::NeedMore));
        assert!(matches!(ByteOrderMark::of(b"a", false), ByteOrderMark::None));
    }

    #[test]
    fn half_a_character_is_noticed() {
        for end in [&b"a\0b"[..], b"a\0\x3d\xd8", b"a\0\x3d\xd8\x00"] {
            let bytes = [b"\xff\xfe", end].concat();
            let ByteOrderMark::Utf16(mark, mut decoder) = ByteOrderMark::of(&bytes, true) else {
                panic!("a mark");
            };
            let mut text = Vec::new();
            decoder.convert(&bytes[mark..], &mut text);
            assert!(decoder.finish(&mut text));
            assert_eq!(text, "a\u{fffd}".as_bytes());
            assert!(!decoder.finish(&mut text), "it was ended before");
            decoder.convert(b"b\0", &mut text);
            assert_eq!(text, "a\u{fffd}b".as_bytes());
        }
    }
}
