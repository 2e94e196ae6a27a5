//! Decompresses the records of a batch.

use std::io::{self, Read, Write};

use bytes::BytesMut;
use kafka_protocol::protocol::buf::ByteBufMut;
use kafka_protocol::records::Compression;

use super::connection::MOST_BYTES;

/// The magic number of the framing that Java's Snappy library writes (xerial).
const XERIAL: &[u8] = b"\x82SNAPPY\0";

/// The bytes of xerial's header: the magic number, and two version numbers.
const XERIAL_HEADER: usize = 16;

/// Appends the decompressed bytes to `out`, at most 64 MiB of them. `codec` is the number in a batch. An error is
/// a sentence without its place.
pub fn decompress(codec: u8, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let decompressed = match codec {
        0 => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        1 => read_all(flate2::read::MultiGzDecoder::new(bytes), out),
        2 => return snappy(bytes, out),
        3 => read_all(lz4_flex::frame::FrameDecoder::new(bytes), out),
        4 => zstd::stream::read::Decoder::with_buffer(bytes).and_then(|decoder| read_all(decoder, out)),
        _ => return Err(format!("its codec has number {codec}, which is unknown")),
    };
    decompressed.map_err(|error| format!("it cannot be decompressed: {error}"))
}

fn read_all(decoder: impl Read, out: &mut Vec<u8>) -> io::Result<()> {
    let read = decoder.take(MOST_BYTES as u64 + 1).read_to_end(out)?;
    if read > MOST_BYTES {
        return Err(io::Error::other(too_large()));
    }
    Ok(())
}

fn too_large() -> String {
    format!("it has more than {} MiB", MOST_BYTES >> 20)
}

/// Compresses the records of a batch, for the encoder of `kafka-protocol`.
pub(super) fn compress<B: ByteBufMut>(
    records: &mut BytesMut,
    out: &mut B,
    compression: Compression,
) -> anyhow::Result<()> {
    let bytes = match compression {
        Compression::None => records.to_vec(),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(records)?;
            encoder.finish()?
        }
        Compression::Snappy => snap::raw::Encoder::new().compress_vec(records)?,
        Compression::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(records)?;
            encoder.finish()?
        }
        Compression::Zstd => zstd::encode_all(&records[..], 0)?,
    };
    out.put_slice(&bytes);
    Ok(())
}

/// Snappy: one block, or several with their lengths after xerial's header.
fn snappy(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    if !bytes.starts_with(XERIAL) {
        return block(bytes, out);
    }
    let mut rest = bytes.get(XERIAL_HEADER..).ok_or("its header (xerial) is cut off")?;
    let first = out.len();
    while !rest.is_empty() {
        let (length, others) = rest.split_first_chunk::<4>().ok_or("a length in it is cut off")?;
        let length = u32::from_be_bytes(*length) as usize;
        let (found, others) = others.split_at_checked(length).ok_or("a block in it is cut off")?;
        block(found, out)?;
        if out.len() - first > MOST_BYTES {
            return Err(too_large());
        }
        rest = others;
    }
    Ok(())
}

fn block(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let reason = |error: snap::Error| format!("it cannot be decompressed: {error}");
    let length = snap::raw::decompress_len(bytes).map_err(reason)?;
    if length > MOST_BYTES {
        return Err(too_large());
    }
    let first = out.len();
    out.resize(first + length, 0);
    let written = snap::raw::Decoder::new().decompress(bytes, &mut out[first..]).map_err(reason)?;
    out.truncate(first + written);
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    /// Compresses as producers do.
    pub(crate) fn compress(codec: u8, bytes: &[u8]) -> Vec<u8> {
        match codec {
            1 => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).expect("memory");
                encoder.finish().expect("memory")
            }
            2 => snap::raw::Encoder::new().compress_vec(bytes).expect("memory"),
            3 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(bytes).expect("memory");
                encoder.finish().expect("memory")
            }
            4 => zstd::encode_all(bytes, 1).expect("memory"),
            _ => bytes.to_vec(),
        }
    }

    /// Compresses as the Java client does.
    pub(crate) fn xerial(bytes: &[u8], block_bytes: usize) -> Vec<u8> {
        let mut out = XERIAL.to_vec();
        out.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 1]);
        for block in bytes.chunks(block_bytes) {
            let block = compress(2, block);
            out.extend_from_slice(&(block.len() as u32).to_be_bytes());
            out.extend_from_slice(&block);
        }
        out
    }

    proptest! {
        #[test]
        fn every_codec_gives_the_bytes_back(bytes in prop::collection::vec(any::<u8>(), 0..2000), block in 1usize..500) {
            for codec in 0..5 {
                let mut out = b"before".to_vec();
                decompress(codec, &compress(codec, &bytes), &mut out).expect("compressed bytes");
                prop_assert_eq!(&out[6..], bytes.as_slice());
            }
            let mut out = Vec::new();
            decompress(2, &xerial(&bytes, block), &mut out).expect("compressed bytes");
            prop_assert_eq!(out, bytes);
        }

        #[test]
        fn damage_is_an_error_or_other_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), codec in 0u8..8) {
            let _ = decompress(codec, &bytes, &mut Vec::new()); // it does not panic
            let _ = decompress(2, &[XERIAL, &bytes].concat(), &mut Vec::new());
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = vec![0; MOST_BYTES + 1];
        for codec in 1..5 {
            let refused = decompress(codec, &compress(codec, &bomb), &mut Vec::new()).expect_err("a bomb");
            assert!(refused.contains("more than 64 MiB"), "{refused}");
        }
        let refused = decompress(2, &xerial(&bomb, 1 << 20), &mut Vec::new()).expect_err("a bomb");
        assert!(refused.contains("more than 64 MiB"), "{refused}");
    }
}
