//! The sources of a run: those of the command line, and connections as they come.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::sync::{Arc, PoisonError, RwLock};

use crate::source;

use super::message::SourceIndex;

/// Names by number: the reader adds them, workers and the coordinator look them up.
#[derive(Debug)]
pub(super) struct Sources {
    state: RwLock<State>,
    /// How many stand on the command line.
    written: usize,
}

#[derive(Debug)]
struct State {
    names: HashMap<usize, Arc<OsStr>>,
    next: usize,
}

impl Sources {
    /// The sources as they are written on the command line: their numbers are their places.
    pub(super) fn new(written: &[OsString]) -> Arc<Sources> {
        let names = written.iter().map(|name| Arc::from(name.as_os_str()));
        Arc::new(Sources {
            state: RwLock::new(State {
                names: names.enumerate().collect(),
                next: written.len(),
            }),
            written: written.len(),
        })
    }

    /// How many stand on the command line.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// One more.
    pub(super) fn add(&self, name: &OsStr) -> SourceIndex {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let index = state.next;
        state.next += 1;
        state.names.insert(index, Arc::from(name));
        SourceIndex(index)
    }

    /// What a source is called. One that has been forgotten has no name.
    pub(super) fn name(&self, source: SourceIndex) -> Arc<OsStr> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let name = state.names.get(&source.0).cloned();
        name.unwrap_or_else(|| Arc::from(OsStr::new("")))
    }

    /// As messages name it.
    pub(super) fn display(&self, source: SourceIndex) -> String {
        source::display(&self.name(source)).into_owned()
    }

    /// Nothing more comes from a connection, and nobody asks for its name again: however many there are, memory
    /// stays flat.
    pub(super) fn forget(&self, source: SourceIndex) {
        if source.0 < self.written {
            return; // a listener has no records from its start on, and may fail all the same
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.names.remove(&source.0);
    }
}
