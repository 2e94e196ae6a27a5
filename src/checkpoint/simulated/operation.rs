//! Operations on a simulated directory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Numbers a file, whatever its names are.
pub(super) type Inode = usize;

/// A recorded operation.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    File(Inode, FileChange),
    Sync(Inode),
    LostSync(Inode),
    Name(NameChange),
    SyncDirectory,
    Mark(u64),
}

/// A change of the bytes of a file.
#[derive(Clone, Debug)]
pub(super) enum FileChange {
    Append(Vec<u8>),
    Truncate(u64),
}

/// A change of the names of the directory.
#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Create(String, Inode),
    Rename(String, String, Inode),
    Remove(String, Inode),
}

/// A disk without anything that is not durable.
#[derive(Clone, Debug, Default)]
pub(super) struct DurableDisk {
    pub(super) names: BTreeMap<String, Inode>,
    /// Files outside of the directory. Their names are durable from the start.
    pub(super) outputs: BTreeMap<String, Inode>,
    /// The bytes of each file. Disks share those of files that do not differ.
    pub(super) files: Vec<Arc<Vec<u8>>>,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::File(inode, FileChange::Append(bytes)) => write!(f, "append {} bytes to {inode}", bytes.len()),
            operation => write!(f, "{operation:?}"),
        }
    }
}

impl FileChange {
    pub(super) fn apply(&self, file: &mut Arc<Vec<u8>>) {
        let file = Arc::make_mut(file);
        match self {
            FileChange::Append(bytes) => file.extend_from_slice(bytes),
            FileChange::Truncate(length) => file.resize(*length as usize, 0),
        }
    }
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut BTreeMap<String, Inode>) {
        match self {
            NameChange::Create(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            NameChange::Rename(from, to, inode) => {
                // if the old name is durable and now that of another file, it stays
                if names.get(from) == Some(inode) {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
            NameChange::Remove(name, inode) => {
                if names.get(name) == Some(inode) {
                    names.remove(name);
                }
            }
        }
    }
}
