//! Compressed sources, recognized by their first bytes rather than their names.
//!
//! Every decoder reads all consecutive members, frames or streams, as the tools that create them do, and returns an
//! [`io::Error`] for truncated or damaged bytes.

use std::io::{self, BufReader, Read};

/// A supported compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952, `.gz`
    Gzip,
    /// RFC 8878, `.zst`
    Zstd,
    /// `.bz2`
    Bzip2,
    /// `.xz`
    Xz,
    /// The frame format, `.lz4`
    Lz4,
}

/// The result of inspecting the first bytes of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// Not compressed.
    Plain,
    /// Compressed.
    Compressed(Compression),
    /// More bytes are needed to decide; at the end of the source this means not compressed.
    NeedMore,
}

/// The first bytes of a compressed source: for each byte a mask and the expected value.
struct Signature {
    compression: Compression,
    bytes: &'static [SignaturePattern],
}

/// The values allowed for one byte.
#[derive(Clone, Copy)]
enum SignaturePattern {
    Is(u8),
    Within(u8, u8),
}

use SignaturePattern::{Is, Within};

/// All signatures, long enough that no text log begins with one: all but bzip2's contain a control character, and
/// bzip2's requires the number π (a block) or √π (an empty stream) after the text `BZh9`.
const SIGNATURES: &[Signature] = &[
    Signature {
        compression: Compression::Gzip,
        bytes: &[Is(0x1f), Is(0x8b), Is(0x08)], // the third byte: deflate, the only method there is
    },
    Signature { compression: Compression::Zstd, bytes: &[Is(0x28), Is(0xb5), Is(0x2f), Is(0xfd)] },
    Signature {
        compression: Compression::Zstd, // pzstd writes a skippable frame first
        bytes: &[Is(0x50), Is(0x2a), Is(0x4d), Is(0x18)],
    },
    Signature {
        compression: Compression::Bzip2,
        bytes: &[
            Is(b'B'),
            Is(b'Z'),
            Is(b'h'),
            Within(b'1', b'9'),
            Is(0x31),
            Is(0x41),
            Is(0x59),
            Is(0x26),
            Is(0x53),
            Is(0x59),
        ],
    },
    Signature {
        compression: Compression::Bzip2,
        bytes: &[
            Is(b'B'),
            Is(b'Z'),
            Is(b'h'),
            Within(b'1', b'9'),
            Is(0x17),
            Is(0x72),
            Is(0x45),
            Is(0x38),
            Is(0x50),
            Is(0x90),
        ],
    },
    Signature { compression: Compression::Xz, bytes: &[Is(0xfd), Is(0x37), Is(0x7a), Is(0x58), Is(0x5a), Is(0x00)] },
    Signature { compression: Compression::Lz4, bytes: &[Is(0x04), Is(0x22), Is(0x4d), Is(0x18)] },
];

impl Compression {
    /// Detects the compression from the first bytes of a source. Call it again with more bytes while it returns
    /// [`Detection::NeedMore`]; most text is decided at its first byte.
    pub fn detect(first_bytes: &[u8]) -> Detection {
        let mut detection = Detection::Plain;
        for signature in SIGNATURES {
            let fits = signature.bytes.iter().zip(first_bytes).all(|(pattern, byte)| pattern.fits(*byte));
            if fits && first_bytes.len() >= signature.bytes.len() {
                return Detection::Compressed(signature.compression);
            }
            if fits {
                detection = Detection::NeedMore;
            }
        }
        detection
    }

    /// Returns a reader of the decompressed bytes of `inner`, which must begin at the first compressed byte.
    pub fn reader(self, inner: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(inner)),
            Compression::Zstd => Box::new(zstd::Decoder::new(inner)?),
            Compression::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(inner)),
            Compression::Xz => Box::new(lzma_rust2::XzReader::new(BufReader::new(inner), true)),
            Compression::Lz4 => Box::new(Lz4Frames::new(inner)),
        })
    }
}

impl SignaturePattern {
    fn fits(self, byte: u8) -> bool {
        match self {
            Is(value) => byte == value,
            Within(first, last) => (first..=last).contains(&byte),
        }
    }
}

/// Consecutive LZ4 frames. The crate's decoder ends after each frame, and accepts a source that is truncated between
/// two blocks; this type continues after the one and detects the other.
struct Lz4Frames {
    decoder: lz4_flex::frame::FrameDecoder<Watched>,
}

impl Lz4Frames {
    fn new(inner: Box<dyn Read + Send>) -> Self {
        Lz4Frames {
            decoder: lz4_flex::frame::FrameDecoder::new(Watched {
                inner: BufReader::new(inner),
                at_boundary: true,
                ended: false,
            }),
        }
    }
}

impl Read for Lz4Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = self.decoder.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            let watched = self.decoder.get_mut();
            match (watched.ended, watched.at_boundary) {
                (false, _) => watched.at_boundary = true, // a frame has ended: continue with the next
                (true, true) => return Ok(0),
                (true, false) => {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the lz4 frame is cut off"));
                }
            }
        }
    }
}

/// A reader that records whether it has been read since the last frame ended, and whether it has ended.
struct Watched {
    inner: BufReader<Box<dyn Read + Send>>,
    at_boundary: bool,
    ended: bool,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read > 0 {
            self.at_boundary = false;
        } else if !buffer.is_empty() {
            self.ended = true;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    const ALL: [Compression; 5] =
        [Compression::Gzip, Compression::Zstd, Compression::Bzip2, Compression::Xz, Compression::Lz4];

    fn compress(compression: Compression, text: &[u8]) -> Vec<u8> {
        match compression {
            Compression::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
                writer.write_all(text).expect("it takes all");
                writer.finish().expect("memory takes all")
            }
            Compression::Zstd => {
                let mut writer = zstd::Encoder::new(Vec::new(), 3).expect("memory takes all");
                writer.include_checksum(true).expect("a checksum is allowed"); // as the tool does
                writer.write_all(text).expect("it takes all");
                writer.finish().expect("memory takes all")
            }
            Compression::Bzip2 => {
                let mut writer = bzip2::write::BzEncoder::new(Vec::new(), Default::default());
                writer.write_all(text).expect("it takes all");
                writer.finish().expect("memory takes all")
            }
            Compression::Xz => {
                let options = lzma_rust2::XzOptions::with_preset(1);
                let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).expect("memory takes all");
                writer.write_all(text).expect("it takes all");
                writer.finish().expect("memory takes all")
            }
            Compression::Lz4 => {
                let info = lz4_flex::frame::FrameInfo::new()
                    .block_size(lz4_flex::frame::BlockSize::Max64KB)
                    .content_checksum(true);
                let mut writer = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
                writer.write_all(text).expect("it takes all");
                writer.finish().expect("memory takes all")
            }
        }
    }

    /// A reader that returns one byte at a time, as a slow pipe does.
    struct Dripping(Cursor<Vec<u8>>);

    impl Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let end = buffer.len().min(1);
            self.0.read(&mut buffer[..end])
        }
    }

    fn decompress(compression: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        compression.reader(Box::new(Cursor::new(bytes.to_vec())))?.read_to_end(&mut text)?;
        Ok(text)
    }

    /// 200 KB that compress to more than a few bytes.
    fn sample() -> Vec<u8> {
        let mut state: u32 = 1;
        let mut text = Vec::new();
        while text.len() < 200_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            writeln!(text, "{} GET /{}", state >> 8, state % 97).expect("memory takes all");
        }
        text
    }

    #[test]
    fn text_is_plain_at_its_first_byte() {
        for text in [&b"a"[..], b"{", b"1", b"\n", b"\xef\xbb\xbf", b"\x00", b"[", b"<13>"] {
            assert_eq!(Compression::detect(text), Detection::Plain);
        }
    }

    #[test]
    fn what_may_still_be_either_needs_more() {
        for bytes in
            [&b""[..], b"B", b"BZh", b"BZh9", b"BZh91AY&S", b"\x1f", b"\x1f\x8b", b"(", b"P", b"\xfd7zXZ", b"\x04\"M"]
        {
            assert_eq!(Compression::detect(bytes), Detection::NeedMore, "{bytes:?}");
        }
        for bytes in [
            &b"BZ2 "[..],
            b"BZh0",
            b"BZh91AY&SX",
            b"BZh9 is a name",
            b"\x1f\x8b\x09",
            b"(null)",
            b"PING",
            b"\xfd7zXZ\x01",
        ] {
            assert_eq!(Compression::detect(bytes), Detection::Plain, "{bytes:?}");
        }
    }

    #[test]
    fn each_is_known_and_read_back() {
        for compression in ALL {
            for text in [&b""[..], b"one\ntwo\n", &sample()] {
                let bytes = compress(compression, text);
                assert_eq!(Compression::detect(&bytes), Detection::Compressed(compression));
                for end in 0..4 {
                    assert_ne!(Compression::detect(&bytes[..end]), Detection::Plain);
                }
                assert_eq!(decompress(compression, &bytes).expect("it was compressed just now"), text);
            }
        }
    }

    #[test]
    fn members_one_after_another_are_one_text() {
        for compression in ALL {
            let mut bytes = compress(compression, b"one\n");
            bytes.extend(compress(compression, b""));
            bytes.extend(compress(compression, b"two\n"));
            assert_eq!(
                decompress(compression, &bytes).expect("it was compressed just now"),
                b"one\ntwo\n",
                "{compression:?}"
            );
        }
    }

    #[test]
    fn slow_sources_are_read_to_their_end() {
        for compression in ALL {
            let mut bytes = compress(compression, b"one\n");
            bytes.extend(compress(compression, b"two\n"));
            let mut text = Vec::new();
            compression
                .reader(Box::new(Dripping(Cursor::new(bytes))))
                .expect("it was compressed just now")
                .read_to_end(&mut text)
                .expect("it was compressed just now");
            assert_eq!(text, b"one\ntwo\n", "{compression:?}");
        }
    }

    #[test]
    fn what_was_cut_off_is_an_error() {
        for compression in ALL {
            let bytes = compress(compression, b"one\ntwo\n");
            for end in 1..bytes.len() {
                assert!(decompress(compression, &bytes[..end]).is_err(), "{compression:?} {end} of {}", bytes.len());
            }
            let mut two = bytes.clone();
            two.extend(&bytes[..bytes.len() - 1]);
            assert!(decompress(compression, &two).is_err(), "{compression:?}");
            let long = compress(compression, &sample());
            for part in 1..50 {
                let end = long.len() * part / 50;
                assert!(decompress(compression, &long[..end]).is_err(), "{compression:?}");
            }
        }
    }

    #[test]
    fn what_is_read_before_an_error_is_kept() {
        for compression in [Compression::Gzip, Compression::Zstd, Compression::Lz4] {
            let text = sample();
            let bytes = compress(compression, &text);
            let mut read = Vec::new();
            let error = compression
                .reader(Box::new(Cursor::new(bytes[..bytes.len() - 10].to_vec())))
                .expect("it was compressed just now")
                .read_to_end(&mut read);
            assert!(error.is_err());
            assert!(!read.is_empty(), "{compression:?}");
            assert!(text.starts_with(&read), "{compression:?}");
        }
    }

    #[test]
    fn damaged_bytes_never_panic_and_never_pass_for_others() {
        for compression in ALL {
            let text = &sample()[..2_000];
            let bytes = compress(compression, text);
            for index in 0..bytes.len() {
                for flip in [0x01, 0x80, 0xff] {
                    let mut damaged = bytes.clone();
                    damaged[index] ^= flip;
                    // damage to an unused flag may go unnoticed; damage to the text must not
                    if let Ok(read) = decompress(compression, &damaged) {
                        assert!(read == text, "{compression:?} {index} {flip}");
                    }
                }
            }
        }
    }
}
