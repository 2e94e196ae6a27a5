//! The sources of a run: those of the command line, and connections and files that are added; and the plan's input that
//! each belongs to.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use crate::source;

use super::message::SourceIndex;

/// Names by number: the reader adds them, workers and the coordinator look them up.
#[derive(Debug)]
pub(super) struct Sources {
    state: RwLock<SourceNames>,
    /// The number of sources on the command line.
    written: usize,
}

#[derive(Debug)]
struct SourceNames {
    names: HashMap<usize, SourceName>,
    next: usize,
    /// Datagrams that the system dropped before they were read, by command-line source.
    dropped: BTreeMap<usize, u64>,
}

/// A source with a name.
#[derive(Debug)]
struct SourceName {
    name: Arc<OsStr>,
    /// The plan's input that it belongs to.
    input: usize,
    /// The command-line source that it came from: itself, a listener or a directory.
    root: usize,
    /// The number of earlier command-line sources with the same name and input.
    nth: usize,
}

/// Identifies a source in all runs of a stream: its number may differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SourceKey {
    /// The plan's input.
    pub(super) input: usize,
    /// The command-line source that it came from, as the user wrote it.
    pub(super) root: Vec<u8>,
    /// The number of earlier command-line sources that are written alike.
    pub(super) nth: usize,
    /// The name of a file of a followed directory; `None` for a command-line source.
    pub(super) file: Option<Vec<u8>>,
}

impl SourceKey {
    /// True if both come from the same command-line source.
    pub(super) fn is_of_root(&self, other: &SourceKey) -> bool {
        (self.input, self.nth, &self.root) == (other.input, other.nth, &other.root)
    }

    /// The path of the source; that of standard input is `-`.
    pub(super) fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.file.as_ref().unwrap_or(&self.root)))
    }
}

impl Sources {
    /// The command-line sources, numbered in order. `inputs` has the plan's input of each.
    pub(super) fn new(written: &[OsString], inputs: &[usize]) -> Arc<Sources> {
        let mut alike = HashMap::new();
        let names = written.iter().enumerate().map(|(root, name)| {
            let input = inputs.get(root).map_or(0, |input| *input);
            let nth: &mut usize = alike.entry((source::identity(name), input)).or_default();
            *nth += 1;
            SourceName { name: Arc::from(name.as_os_str()), input, root, nth: *nth - 1 }
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

    /// The number of sources on the command line.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Adds a source that came from the source `by`.
    pub(super) fn add(&self, name: &OsStr, by: SourceIndex) -> SourceIndex {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let index = state.next;
        state.next += 1;
        let (input, root) = state.names.get(&by.0).map_or((0, by.0), |by| (by.input, by.root));
        let name = Arc::from(name);
        state.names.insert(index, SourceName { name, input, root, nth: 0 });
        SourceIndex(index)
    }

    /// The plan's input that a source belongs to.
    pub(super) fn input(&self, source: SourceIndex) -> usize {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.names.get(&source.0).map_or(0, |named| named.input)
    }

    /// The command-line source that a source came from.
    pub(super) fn root(&self, source: SourceIndex) -> Option<usize> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.names.get(&source.0).map(|named| named.root)
    }

    /// The name of a source; empty after [`Sources::forget`].
    pub(super) fn name(&self, source: SourceIndex) -> Arc<OsStr> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let name = state.names.get(&source.0);
        name.map(|named| Arc::clone(&named.name)).unwrap_or_else(|| Arc::from(OsStr::new("")))
    }

    /// The key of a source; `None` after [`Sources::forget`].
    pub(super) fn key(&self, source: SourceIndex) -> Option<SourceKey> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let named = state.names.get(&source.0)?;
        let root = state.names.get(&named.root)?;
        let file = (source.0 != named.root).then(|| named.name.as_bytes().to_vec());
        Some(SourceKey {
            input: named.input,
            root: source::identity(&root.name).as_bytes().to_vec(),
            nth: root.nth,
            file,
        })
    }

    /// The name as printed in messages.
    pub(super) fn display(&self, source: SourceIndex) -> String {
        source::display(&self.name(source)).into_owned()
    }

    /// Adds a source with the number that it had in an earlier run of the same stream.
    pub(super) fn add_again(&self, name: &OsStr, by: SourceIndex, index: SourceIndex) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let (input, root) = state.names.get(&by.0).map_or((0, by.0), |by| (by.input, by.root));
        state.names.insert(index.0, SourceName { name: Arc::from(name), input, root, nth: 0 });
        state.next = state.next.max(index.0 + 1);
    }

    /// The sources that one of the command line has added and that have not ended.
    #[cfg(feature = "kafka")]
    pub(super) fn added_by(&self, root: SourceIndex) -> Vec<SourceIndex> {
        self.added().into_iter().filter(|source| self.root(*source) == Some(root.0)).collect()
    }

    /// The sources that were added and have not ended, in the order of their numbers.
    pub(super) fn added(&self) -> Vec<SourceIndex> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut added: Vec<usize> = state.names.keys().copied().filter(|index| *index >= self.written).collect();
        added.sort_unstable();
        added.into_iter().map(SourceIndex).collect()
    }

    /// Numbers the next added source with this number at least.
    pub(super) fn number_from(&self, next: usize) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.next = state.next.max(next);
    }

    /// Sets the number of dropped datagrams of a source.
    pub(super) fn set_dropped(&self, source: SourceIndex, datagrams: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.dropped.insert(source.0, datagrams);
    }

    /// The number of dropped datagrams, with the name of each source that lost some.
    pub(super) fn dropped(&self) -> Vec<(String, u64)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let dropped = state.dropped.iter().filter(|(_, datagrams)| **datagrams > 0);
        let named = dropped.filter_map(|(source, datagrams)| {
            let named = state.names.get(source)?;
            Some((source::display(&named.name).into_owned(), *datagrams))
        });
        named.collect()
    }

    /// Removes a source that has ended, so that memory stays flat however many connections there are.
    pub(super) fn forget(&self, source: SourceIndex) {
        if source.0 < self.written {
            return; // a listener has no records of its own, and may still fail
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.names.remove(&source.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Arc<Sources> {
        Sources::new(&["a".into(), "tcp-listen://:9".into()], &[0, 1])
    }

    #[test]
    fn added_sources_belong_to_the_input_and_root_of_their_origin() {
        let sources = sources();
        let listener = SourceIndex(1);
        let peer = sources.add(OsStr::new("10.0.0.1:5"), listener);
        let other = sources.add(OsStr::new("10.0.0.2:5"), peer);
        assert_eq!((sources.written(), peer, other), (2, SourceIndex(2), SourceIndex(3)));
        assert_eq!([listener, peer, other].map(|source| sources.input(source)), [1; 3]);
        assert_eq!([listener, peer, other].map(|source| sources.root(source)), [Some(1); 3]);
        assert_eq!((sources.input(SourceIndex(0)), sources.root(SourceIndex(0))), (0, Some(0)));
        assert_eq!(sources.display(other), "10.0.0.2:5");
    }

    #[test]
    fn keys_are_those_of_another_run() {
        let sources = Sources::new(&["a".into(), "d".into(), "a".into(), "a".into()], &[0, 0, 0, 1]);
        let file = sources.add(OsStr::new("d/x"), SourceIndex(1));
        let keys = [0, 1, 2, 3].map(|source| sources.key(SourceIndex(source)).expect("it is known"));
        assert_eq!(
            keys.map(|key| (key.input, key.nth, key.path().to_owned())),
            [(0, 0, "a".into()), (0, 0, "d".into()), (0, 1, "a".into()), (1, 0, "a".into())]
        );
        let key = sources.key(file).expect("it is known");
        assert_eq!((key.root.as_slice(), key.path()), (&b"d"[..], Path::new("d/x")));
        sources.forget(file);
        assert_eq!(sources.key(file), None);
    }

    #[test]
    fn only_added_sources_are_forgotten_and_numbers_are_not_reused() {
        let sources = sources();
        let peer = sources.add(OsStr::new("peer"), SourceIndex(1));
        sources.forget(peer);
        sources.forget(SourceIndex(0));
        assert_eq!((sources.display(peer), sources.root(peer)), (String::new(), None));
        assert_eq!(sources.display(SourceIndex(0)), "a");
        assert_eq!(sources.add(OsStr::new("next"), SourceIndex(0)), SourceIndex(3));
    }

    #[test]
    fn sources_that_lost_datagrams_are_named() {
        let sources = sources();
        sources.set_dropped(SourceIndex(0), 0);
        sources.set_dropped(SourceIndex(1), 5);
        sources.set_dropped(SourceIndex(1), 7);
        assert_eq!(sources.dropped(), [("tcp-listen://:9".to_owned(), 7)]);
    }
}
