//! How much memory a state holds, for memory budgets.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::batch::Position;
use super::value::Value;

/// Counts the bytes that it has allocated.
///
/// The count is an estimate within 20 % of what the allocator was asked for. Counting takes time in proportion to the
/// number of allocations, not of bytes.
pub trait HeapBytes {
    /// Returns the bytes on the heap, without the size of the value itself.
    fn heap_bytes(&self) -> usize;
}

/// Implements `HeapBytes` for types that allocate nothing.
macro_rules! on_the_stack {
    ($($plain:ty)*) => {
        $(impl HeapBytes for $plain {
            #[inline]
            fn heap_bytes(&self) -> usize {
                0
            }
        })*
    };
}

on_the_stack!(() bool u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 f64);

/// Bytes of the buffer of a vector of plain values.
pub fn buffer_bytes<T>(items: &Vec<T>) -> usize {
    items.capacity() * size_of::<T>()
}

impl<T: HeapBytes> HeapBytes for Vec<T> {
    fn heap_bytes(&self) -> usize {
        buffer_bytes(self) + self.iter().map(HeapBytes::heap_bytes).sum::<usize>()
    }
}

impl<T: HeapBytes> HeapBytes for VecDeque<T> {
    fn heap_bytes(&self) -> usize {
        self.capacity() * size_of::<T>() + self.iter().map(HeapBytes::heap_bytes).sum::<usize>()
    }
}

impl<T: HeapBytes> HeapBytes for Option<T> {
    fn heap_bytes(&self) -> usize {
        self.as_ref().map_or(0, HeapBytes::heap_bytes)
    }
}

impl<T: HeapBytes> HeapBytes for Box<T> {
    fn heap_bytes(&self) -> usize {
        size_of::<T>() + (**self).heap_bytes()
    }
}

impl<T: HeapBytes, const N: usize> HeapBytes for [T; N] {
    fn heap_bytes(&self) -> usize {
        self.iter().map(HeapBytes::heap_bytes).sum()
    }
}

impl HeapBytes for Box<[u8]> {
    fn heap_bytes(&self) -> usize {
        self.len()
    }
}

/// Counts the shared value in full: callers that hold several handles count it once.
impl<T: HeapBytes> HeapBytes for Arc<T> {
    fn heap_bytes(&self) -> usize {
        size_of::<T>() + 2 * size_of::<usize>() + (**self).heap_bytes()
    }
}

impl HeapBytes for String {
    fn heap_bytes(&self) -> usize {
        self.capacity()
    }
}

impl<A: HeapBytes, B: HeapBytes> HeapBytes for (A, B) {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes() + self.1.heap_bytes()
    }
}

/// A node of a B-tree holds up to 11 entries and is two thirds full on average.
impl<K: HeapBytes, V: HeapBytes> HeapBytes for BTreeMap<K, V> {
    fn heap_bytes(&self) -> usize {
        let inner = self.iter().map(|(key, value)| key.heap_bytes() + value.heap_bytes()).sum::<usize>();
        inner + self.len() * (size_of::<K>() + size_of::<V>() + 8) * 3 / 2
    }
}

/// Bytes of the table of a map of plain keys and values.
pub fn map_bytes<K, V, S>(map: &HashMap<K, V, S>) -> usize {
    match map.capacity() {
        0 => 0,
        capacity => (capacity * 8 / 7).next_power_of_two() * (size_of::<(K, V)>() + 1),
    }
}

/// The table of the standard library has a power of two entries, at most seven eighths of them used, and a byte for
/// each.
impl<K: HeapBytes, V: HeapBytes, S> HeapBytes for HashMap<K, V, S> {
    fn heap_bytes(&self) -> usize {
        let inner = self.iter().map(|(key, value)| key.heap_bytes() + value.heap_bytes()).sum::<usize>();
        inner + map_bytes(self)
    }
}

impl HeapBytes for Position {
    #[inline]
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl HeapBytes for Value {
    fn heap_bytes(&self) -> usize {
        match self {
            Value::BigInt(digits) => digits.len(),
            Value::Text(text) => text.capacity(),
            Value::List(values) => values.heap_bytes(),
            Value::Object(fields) => fields.heap_bytes(),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Time(_) | Value::Duration(_) => 0,
        }
    }
}
