//! The sources of a run: those of the command line, and connections as they come; and to which input of the plan
//! they belong.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::sync::{Arc, PoisonError, RwLock};

use crate::source;

use super::message::SourceIndex;

/// Names by number: the reader adds them, workers and the coordinator look them up.
#[derive(Debug)]
pub(super) struct Sources {
    state: RwLock<SourceNames>,
    /// How many stand on the command line.
    written: usize,
}

#[derive(Debug)]
struct SourceNames {
    names: HashMap<usize, SourceName>,
    next: usize,
    /// Datagrams that the system dropped before they could be read, by source of the command line.
    dropped: BTreeMap<usize, u64>,
}

/// A source that has a name.
#[derive(Debug)]
struct SourceName {
    name: Arc<OsStr>,
    /// The number of the input that it belongs to.
    input: usize,
    /// The source of the command line by which it came: itself, or a listener or directory.
    root: usize,
}

impl Sources {
    /// The sources as they are written on the command line: their numbers are their places. `inputs` says to which
    /// input each belongs.
    pub(super) fn new(written: &[OsString], inputs: &[usize]) -> Arc<Sources> {
        let names = written.iter().enumerate().map(|(root, name)| SourceName {
            name: Arc::from(name.as_os_str()),
            input: inputs.get(root).map_or(0, |input| *input),
            root,
        });
        Arc::new(Sources {
            state: RwLock::new(SourceNames {
                names: names.enumerate().collect(),
                next: written.len(),
                dropped: BTreeMap::new(),
            }),
            written: written.len(),
        })
    }

    /// How many stand on the command line.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// One more, which came by another one.
    pub(super) fn add(&self, name: &OsStr, by: SourceIndex) -> SourceIndex {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let index = state.next;
        state.next += 1;
        let (input, root) = state.names.get(&by.0).map_or((0, by.0), |by| (by.input, by.root));
        let name = Arc::from(name);
        state.names.insert(index, SourceName { name, input, root });
        SourceIndex(index)
    }

    /// The number of the plan's input that a source belongs to.
    pub(super) fn input(&self, source: SourceIndex) -> usize {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.names.get(&source.0).map_or(0, |named| named.input)
    }

    /// The number of the source of the command line by which a source came.
    pub(super) fn root(&self, source: SourceIndex) -> Option<usize> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.names.get(&source.0).map(|named| named.root)
    }

    /// What a source is called. One that has been forgotten has no name.
    pub(super) fn name(&self, source: SourceIndex) -> Arc<OsStr> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let name = state.names.get(&source.0);
        name.map(|named| Arc::clone(&named.name)).unwrap_or_else(|| Arc::from(OsStr::new("")))
    }

    /// As messages name it.
    pub(super) fn display(&self, source: SourceIndex) -> String {
        source::display(&self.name(source)).into_owned()
    }

    /// The system has dropped this many datagrams of a source so far.
    pub(super) fn set_dropped(&self, source: SourceIndex, datagrams: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.dropped.insert(source.0, datagrams);
    }

    /// How many datagrams the system has dropped, with the name of each source that lost some.
    pub(super) fn dropped(&self) -> Vec<(String, u64)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let dropped = state.dropped.iter().filter(|(_, datagrams)| **datagrams > 0);
        let named = dropped.filter_map(|(source, datagrams)| {
            let named = state.names.get(source)?;
            Some((source::display(&named.name).into_owned(), *datagrams))
        });
        named.collect()
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
