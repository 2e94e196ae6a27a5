//! State as bytes: for checkpoints, spill files and partial results.
//!
//! The form is canonical: equal states have equal bytes, whatever the representation in memory holds besides (spare
//! capacity, the bytes under a null). [`to_bytes`] adds an envelope (magic, kind, version, length, checksum), so that
//! [`from_bytes`] rejects bytes that were damaged, truncated or written for something else.
//!
//! Numbers are little-endian, lengths 64 bits. Columns are written in blocks, as they are in memory.

mod columns;
mod values;

use std::fmt;

use twox_hash::XxHash3_64;

use super::position::Position;

/// The first bytes of every saved state.
const MAGIC: &[u8; 8] = b"bournst\n";

/// Bytes of the envelope: magic, kind, version, length before the state, and the checksum after it.
const HEADER_BYTES: usize = 8 + 4 + 4 + 8;
const CHECKSUM_BYTES: usize = 8;

/// Lists and objects nest at most this deep in a saved state, so that loading one cannot overflow the stack.
const MAX_DEPTH: usize = 1000;

/// Has a form in bytes.
pub trait Persist: Sized {
    /// Appends the state. Equal states append equal bytes.
    fn save(&self, out: &mut Vec<u8>);

    /// Reads the state that [`Persist::save`] has appended. Never panics, whatever the bytes are.
    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError>;
}

/// Saves and loads the changing part of an object that the plan creates: an operator or an accumulator, whose settings
/// are not saved. Object-safe, unlike [`Persist`].
pub trait Stateful {
    /// Appends the state. Equal states append equal bytes.
    fn save_state(&self, out: &mut Vec<u8>);

    /// Replaces the state of an object that was created with the same settings and has received nothing. Never panics,
    /// whatever the bytes are. After an error the object is not to be used.
    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError>;
}

/// A state that is saved by itself, with the kind and version that its envelope names.
pub trait PersistRoot: Persist {
    /// Four letters that tell this kind of state from others.
    const KIND: [u8; 4];
    /// The version of the format. A state of another version is rejected.
    const VERSION: u32;
}

/// Why bytes are not a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// They do not begin as a state does.
    NotAState,
    /// They are a state of another kind.
    OtherKind,
    /// They are a state of this version of the format, which this program does not read.
    OtherVersion(u32),
    /// They end too early, go on too long, or do not have their checksum.
    Damaged,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::NotAState => f.write_str("is not a saved state"),
            StateError::OtherKind => f.write_str("is a saved state of another kind"),
            StateError::OtherVersion(version) => write!(f, "is a saved state of version {version}, which is unknown"),
            StateError::Damaged => f.write_str("is damaged"),
        }
    }
}

impl std::error::Error for StateError {}

/// Saves a state in its envelope.
pub fn to_bytes<T: PersistRoot>(state: &T) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&T::KIND);
    T::VERSION.save(&mut out);
    0u64.save(&mut out);
    state.save(&mut out);
    let length = (out.len() - HEADER_BYTES) as u64;
    out[HEADER_BYTES - 8..HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
    XxHash3_64::oneshot(&out).save(&mut out);
    out
}

/// Loads a state from its envelope, which must be all of the bytes.
pub fn from_bytes<T: PersistRoot>(bytes: &[u8]) -> Result<T, StateError> {
    let Some(content) = bytes.strip_prefix(MAGIC) else {
        return Err(StateError::NotAState);
    };
    let mut header = StateReader::new(content);
    let kind = header.take(4)?;
    let version = u32::load(&mut header)?;
    let length = u64::load(&mut header)?;
    let (body, checksum) = bytes.split_at_checked(bytes.len() - CHECKSUM_BYTES).ok_or(StateError::Damaged)?;
    if checksum != XxHash3_64::oneshot(body).to_le_bytes() {
        return Err(StateError::Damaged);
    }
    if kind != T::KIND {
        return Err(StateError::OtherKind);
    }
    if version != T::VERSION {
        return Err(StateError::OtherVersion(version));
    }
    let state = body.get(HEADER_BYTES..).filter(|state| state.len() as u64 == length).ok_or(StateError::Damaged)?;
    let mut input = StateReader::new(state);
    let loaded = T::load(&mut input)?;
    if input.is_empty() { Ok(loaded) } else { Err(StateError::Damaged) }
}

/// Splits off the first of several saved states that follow each other.
pub fn split_first(bytes: &[u8]) -> Result<(&[u8], &[u8]), StateError> {
    if !bytes.starts_with(MAGIC) {
        return Err(StateError::NotAState);
    }
    let length = bytes.get(HEADER_BYTES - 8..HEADER_BYTES).ok_or(StateError::Damaged)?;
    let length = u64::load(&mut StateReader::new(length))?;
    let length = usize::try_from(length).ok().and_then(|length| length.checked_add(HEADER_BYTES + CHECKSUM_BYTES));
    length.and_then(|length| bytes.split_at_checked(length)).ok_or(StateError::Damaged)
}

/// Reads a saved state from its start.
#[derive(Clone, Debug)]
pub struct StateReader<'b> {
    rest: &'b [u8],
    depth: usize,
    /// Added to every position: the state of a later part of a stream.
    first_position: Position,
}

impl<'b> StateReader<'b> {
    /// A reader at the first byte.
    pub fn new(bytes: &'b [u8]) -> StateReader<'b> {
        StateReader { rest: bytes, depth: 0, first_position: Position(0) }
    }

    /// Reads positions as those of a part of a stream that begins at this one.
    pub fn after(self, first_position: Position) -> StateReader<'b> {
        StateReader { first_position, ..self }
    }

    /// True if all bytes were read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The number of bytes that were not read.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Reads the next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'b [u8], StateError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(StateError::Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Reads a number of items that take at least `item_bytes` each: a length that the bytes cannot hold is rejected
    /// before memory is allocated for it.
    pub fn length(&mut self, item_bytes: usize) -> Result<usize, StateError> {
        let length = usize::try_from(u64::load(self)?).map_err(|_| StateError::Damaged)?;
        match length.checked_mul(item_bytes) {
            Some(bytes) if bytes <= self.rest.len() => Ok(length),
            _ => Err(StateError::Damaged),
        }
    }

    /// Reads a number of records or values. It is below 2^62, so that adding more of them does not overflow.
    pub fn count(&mut self) -> Result<u64, StateError> {
        u64::load(self).and_then(checked_count)
    }

    /// Reads `length` items of `N` bytes each.
    pub(crate) fn block<const N: usize, T>(
        &mut self,
        length: usize,
        of: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, StateError> {
        let bytes = self.take(length.checked_mul(N).ok_or(StateError::Damaged)?)?;
        Ok(bytes.as_chunks::<N>().0.iter().map(|item| of(*item)).collect())
    }
}

/// The bit of a count that another count follows.
const FOLLOWED: u64 = 1 << 63;

/// Appends a count and another one, which states of earlier versions lack: it is left out if it is 0.
pub fn save_counts(count: u64, added: u64, out: &mut Vec<u8>) {
    if added == 0 {
        return count.save(out);
    }
    (count | FOLLOWED).save(out);
    added.save(out);
}

/// Reads what [`save_counts`] has appended, or a single count.
pub fn load_counts(input: &mut StateReader<'_>) -> Result<(u64, u64), StateError> {
    let count = u64::load(input)?;
    let added = if count & FOLLOWED == 0 { 0 } else { input.count()? };
    let is_written_so = count & FOLLOWED == 0 || added > 0;
    if is_written_so { Ok((checked_count(count & !FOLLOWED)?, added)) } else { Err(StateError::Damaged) }
}

/// Returns a number of records or values if it is below 2^62.
pub(crate) fn checked_count(count: u64) -> Result<u64, StateError> {
    if count < 1 << 62 { Ok(count) } else { Err(StateError::Damaged) }
}

impl Persist for String {
    fn save(&self, out: &mut Vec<u8>) {
        save_text(self.as_bytes(), out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        String::from_utf8(load_text(input)?.to_vec()).map_err(|_| StateError::Damaged)
    }
}

/// Implements `Persist` for numbers by their little-endian bytes.
macro_rules! persist_numbers {
    ($($number:ty)*) => {
        $(impl Persist for $number {
            #[inline]
            fn save(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
                let bytes = input.take(size_of::<$number>())?;
                Ok(<$number>::from_le_bytes(bytes.try_into().expect("as many bytes as were taken")))
            }
        })*
    };
}

persist_numbers!(u8 u16 u32 u64 u128 i32 i64 i128);

impl Persist for f64 {
    fn save(&self, out: &mut Vec<u8>) {
        self.to_bits().save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        u64::load(input).map(f64::from_bits)
    }
}

impl Persist for bool {
    fn save(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        match u8::load(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StateError::Damaged),
        }
    }
}

impl<T: Persist> Persist for Option<T> {
    fn save(&self, out: &mut Vec<u8>) {
        self.is_some().save(out);
        if let Some(value) = self {
            value.save(out);
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(if bool::load(input)? { Some(T::load(input)?) } else { None })
    }
}

impl<T: Persist> Persist for Vec<T> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.len() as u64).save(out);
        self.iter().for_each(|item| item.save(out));
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let length = input.length(1)?;
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(T::load(input)?);
        }
        Ok(items)
    }
}

impl<A: Persist, B: Persist> Persist for (A, B) {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.save(out);
        self.1.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok((A::load(input)?, B::load(input)?))
    }
}

/// Appends bytes after their length.
pub(crate) fn save_text(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).save(out);
    out.extend_from_slice(bytes);
}

/// Reads bytes after their length.
pub(crate) fn load_text<'b>(input: &mut StateReader<'b>) -> Result<&'b [u8], StateError> {
    let length = input.length(1)?;
    input.take(length)
}

#[cfg(test)]
mod tests;
