//! Writes a time by a format. The `jiff` crate writes each part; flags and widths are those of glibc.

use jiff::fmt::StdIoWrite;
use jiff::fmt::strtime::{BrokenDownTime, Config, PosixCustom};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A piece of a format for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FormatPiece {
    /// A directive that `jiff` supports.
    Plain(Vec<u8>),
    /// A part with flags (`_ - 0 ^ #`) or a width.
    Fitted { letter: u8, flags: Vec<u8>, width: Option<usize> },
    /// Seconds since 1970.
    Epoch,
}

/// How a second of 1970 and its fraction are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Negative {
    /// The fraction is counted from the second before, as in calendars.
    Floor,
    /// A minus for both: -1.25 is a second and a quarter before 1970.
    Sign,
}

/// Writes a time in a zone.
pub(super) fn write(
    pieces: &[FormatPiece],
    negative: Negative,
    ns: i64,
    zone: &TimeZone,
    out: &mut Vec<u8>,
) -> Result<(), jiff::Error> {
    const SECOND_NS: i64 = 1_000_000_000;
    let (seconds, ns) = if ns < 0 && negative == Negative::Sign {
        let sign = if ns > -SECOND_NS { "-" } else { "" };
        (format!("{sign}{}", ns / SECOND_NS), ns.saturating_abs())
    } else {
        (ns.div_euclid(SECOND_NS).to_string(), ns)
    };
    let time = Timestamp::from_nanosecond(i128::from(ns))?.to_zoned(zone.clone());
    for piece in pieces {
        match piece {
            FormatPiece::Plain(format) => write_plain(format, &time, out)?,
            FormatPiece::Epoch => out.extend_from_slice(seconds.as_bytes()),
            FormatPiece::Fitted { letter, flags, width } => {
                let mut text = Vec::new();
                if *letter == b's' {
                    text.extend_from_slice(seconds.as_bytes());
                } else {
                    write_plain(&[b'%', *letter], &time, &mut text)?;
                }
                fit(text, *letter, flags, width.unwrap_or(0), out);
            }
        }
    }
    Ok(())
}

fn write_plain(format: &[u8], time: &Zoned, out: &mut Vec<u8>) -> Result<(), jiff::Error> {
    let config = Config::new().custom(PosixCustom::new());
    BrokenDownTime::from(time).format_with_config(&config, format, &mut StdIoWrite(out))
}

/// Writes a part with flags and a minimum width.
fn fit(text: Vec<u8>, letter: u8, flags: &[u8], width: usize, out: &mut Vec<u8>) {
    let padding = flags.iter().rev().find(|flag| b"_-0".contains(flag));
    let mut text = text;
    let (mut width, mut fill) = (width, b' ');
    if b"CdegGHIjklmMSsuUVwWyY".contains(&letter) {
        if padding != Some(&b'-') {
            width = width.max(text.len());
            let is_blank = match padding {
                Some(flag) => *flag == b'_',
                None => b"ekl".contains(&letter),
            };
            fill = if is_blank { b' ' } else { b'0' };
        }
        let zeros = text.iter().take_while(|byte| b" 0".contains(byte)).count();
        text.drain(..zeros.min(text.len() - 1));
    } else {
        if padding == Some(&b'0') {
            fill = b'0';
        }
        let swaps = flags.contains(&b'#');
        match letter {
            b'P' => {}
            b'p' | b'Z' if swaps => text.make_ascii_lowercase(),
            b'a' | b'A' | b'b' | b'B' | b'h' if swaps => text.make_ascii_uppercase(),
            _ if flags.contains(&b'^') => text.make_ascii_uppercase(),
            _ => {}
        }
    }
    out.resize(out.len() + width.saturating_sub(text.len()), fill);
    out.extend_from_slice(&text);
}
