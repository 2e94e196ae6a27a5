//! The placeholders.

/// All placeholders.
pub(super) const PLACEHOLDERS: [&[u8]; 9] = [TIME, NUM, IP, HEXADECIMAL, STR, UUID, ID, MAC, EMAIL];
pub(super) const TIME: &[u8] = b"<time>";
pub(super) const NUM: &[u8] = b"<num>";
pub(super) const IP: &[u8] = b"<ip>";
pub(super) const HEXADECIMAL: &[u8] = b"<hex>";
pub(super) const STR: &[u8] = b"<str>";
pub(super) const UUID: &[u8] = b"<uuid>";
pub(super) const ID: &[u8] = b"<id>";
pub(super) const MAC: &[u8] = b"<mac>";
pub(super) const EMAIL: &[u8] = b"<email>";
