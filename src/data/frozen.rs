//! State that does not change while another thread reads it.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender, TryRecvError, bounded};

use super::HeapBytes;

/// State that a thread reads until it drops its [`FrozenReader`].
#[derive(Debug)]
pub struct Frozen<T> {
    value: Arc<T>,
    /// Closed when the reader is dropped.
    is_read: Receiver<Infallible>,
}

/// The reader's part of a [`Frozen`].
#[derive(Debug)]
pub struct FrozenReader<T> {
    value: Arc<T>,
    /// Dropped after the value, so that the other part is then the only one.
    _is_read: Sender<Infallible>,
}

impl<T> Frozen<T> {
    /// Freezes state.
    pub fn new(value: T) -> (Frozen<T>, FrozenReader<T>) {
        let (value, (sender, is_read)) = (Arc::new(value), bounded(0));
        (Frozen { value: Arc::clone(&value), is_read }, FrozenReader { value, _is_read: sender })
    }

    /// True if the reader needs the state no longer: [`Frozen::take`] does not wait.
    pub fn is_read(&self) -> bool {
        self.is_read.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Returns the state; waits until the reader needs it no longer.
    pub fn take(self) -> T {
        let Frozen { value, is_read } = self;
        let _ = is_read.recv(); // nothing is sent: this ends when the reader is dropped, also by a panic
        Arc::into_inner(value).expect("the reader has dropped the value before the channel")
    }
}

impl<T> Deref for FrozenReader<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: HeapBytes> HeapBytes for Frozen<T> {
    fn heap_bytes(&self) -> usize {
        size_of::<T>() + self.value.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_comes_back_when_the_reader_is_dropped() {
        let (frozen, reader) = Frozen::new(vec![1, 2]);
        assert!(!frozen.is_read());
        let sum = std::thread::spawn(move || reader.iter().sum::<i32>());
        assert_eq!(frozen.take(), [1, 2]);
        assert_eq!(sum.join().expect("no panic"), 3);
        let (frozen, reader) = Frozen::new(());
        drop(reader);
        assert!(frozen.is_read());
    }
}
