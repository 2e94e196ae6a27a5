//! The disks that a crash may leave.

use std::sync::Arc;

use super::Dice;
use super::operation::{DurableDisk, FileChange, NameChange, Operation};

/// Which of the operations that are not durable are on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Survival {
    /// All, as after `kill -9`.
    Kept,
    /// None.
    Lost,
    /// Names, of files whose bytes are lost.
    NamesOnly,
    /// Bytes, of files whose names may be lost.
    BytesOnly,
    /// All names, and the first bytes of each file.
    Torn,
    /// Any names, and any part of each file.
    Random,
}

/// The number of random disks after each operation.
const RANDOM_DISKS: usize = 3;

/// The disk after some operations: its durable part, and the rest.
#[derive(Clone, Debug)]
pub(super) struct DiskReplay {
    durable: DurableDisk,
    /// Per file, the changes since its last sync.
    writes: Vec<Vec<FileChange>>,
    /// The changes since the last sync of the directory.
    names: Vec<NameChange>,
}

impl DiskReplay {
    pub(super) fn new(base: &DurableDisk) -> DiskReplay {
        DiskReplay { durable: base.clone(), writes: vec![Vec::new(); base.files.len()], names: Vec::new() }
    }

    pub(super) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::File(inode, write) => self.writes[*inode].push(write.clone()),
            Operation::Sync(inode) => {
                let writes = std::mem::take(&mut self.writes[*inode]);
                writes.iter().for_each(|write| write.apply(&mut self.durable.files[*inode]));
            }
            Operation::LostSync(inode) => {
                let file = &mut self.durable.files[*inode];
                for write in std::mem::take(&mut self.writes[*inode]) {
                    match write {
                        FileChange::Append(bytes) => FileChange::Append(vec![0; bytes.len()]).apply(file),
                        FileChange::Truncate(_) => write.apply(file),
                    }
                }
            }
            Operation::Name(change) => self.names.push(change.clone()),
            Operation::SyncDirectory => {
                self.names.drain(..).for_each(|change| change.apply(&mut self.durable.names));
            }
            Operation::Mark(_) => {}
        }
    }

    /// The disks that are worth looking at.
    pub(super) fn survivals(&self) -> Vec<Survival> {
        let has_writes = self.writes.iter().any(|writes| !writes.is_empty());
        let mut all = vec![Survival::Kept];
        if has_writes || !self.names.is_empty() {
            all.push(Survival::Lost);
            all.extend([Survival::Random; RANDOM_DISKS]);
        }
        if has_writes && !self.names.is_empty() {
            all.extend([Survival::NamesOnly, Survival::BytesOnly]);
        }
        if has_writes {
            all.push(Survival::Torn);
        }
        all
    }

    pub(super) fn disk(&self, survival: Survival, dice: &mut Dice) -> DurableDisk {
        let mut disk = self.durable.clone();
        for (inode, writes) in self.writes.iter().enumerate().filter(|(_, writes)| !writes.is_empty()) {
            let file = &mut disk.files[inode];
            match survival {
                Survival::Kept | Survival::BytesOnly => writes.iter().for_each(|write| write.apply(file)),
                Survival::Lost | Survival::NamesOnly => {}
                Survival::Torn => tear(file, writes, dice),
                Survival::Random => match dice.below(4) {
                    0 => {}
                    1 => writes.iter().for_each(|write| write.apply(file)),
                    2 => tear(file, writes, dice),
                    _ => leave_holes(file, writes, dice),
                },
            }
        }
        for change in &self.names {
            let is_kept = match survival {
                Survival::Kept | Survival::NamesOnly | Survival::Torn => true,
                Survival::Lost | Survival::BytesOnly => false,
                Survival::Random => dice.below(2) == 0,
            };
            if is_kept {
                change.apply(&mut disk.names);
            }
        }
        disk
    }
}

/// Applies the first changes, and a part of the one after them.
fn tear(file: &mut Arc<Vec<u8>>, writes: &[FileChange], dice: &mut Dice) {
    let whole = dice.below(writes.len());
    writes[..whole].iter().for_each(|write| write.apply(file));
    if let FileChange::Append(bytes) = &writes[whole] {
        FileChange::Append(bytes[..dice.below(bytes.len() + 1)].to_vec()).apply(file);
    }
}

/// Applies all changes, but some sectors of the bytes that they have changed are as they were, or zeros if they are new.
fn leave_holes(file: &mut Arc<Vec<u8>>, writes: &[FileChange], dice: &mut Dice) {
    let old = Arc::clone(file);
    let mut unchanged = old.len();
    for write in writes {
        write.apply(file);
        unchanged = unchanged.min(file.len());
    }
    let (file, mut start) = (Arc::make_mut(file), unchanged);
    while start < file.len() {
        let end = (start + 1 + dice.below(64)).min(file.len());
        if dice.below(2) == 0 {
            let kept = old.get(start..end.min(old.len())).unwrap_or_default();
            file[start..end].fill(0);
            file[start..start + kept.len()].copy_from_slice(kept);
        }
        start = end;
    }
}
