//! Text as the tools would compress it.

use std::io::Write;

/// The names that compressed files usually end in.
pub const KINDS: [&str; 5] = ["gz", "zst", "bz2", "xz", "lz4"];

/// One file of this kind.
pub fn compress(kind: &str, text: &[u8]) -> Vec<u8> {
    match kind {
        "gz" => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(text).expect("memory");
            writer.finish().expect("memory")
        }
        "zst" => {
            let mut writer = zstd::Encoder::new(Vec::new(), 3).expect("zstd");
            writer.include_checksum(true).expect("zstd"); // as the tool does
            writer.write_all(text).expect("memory");
            writer.finish().expect("memory")
        }
        "bz2" => {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            writer.write_all(text).expect("memory");
            writer.finish().expect("memory")
        }
        "xz" => {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).expect("xz");
            writer.write_all(text).expect("memory");
            writer.finish().expect("memory")
        }
        "lz4" => {
            let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
            let mut writer = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            writer.write_all(text).expect("memory");
            writer.finish().expect("memory")
        }
        _ => panic!("no compression is called {kind}"),
    }
}
