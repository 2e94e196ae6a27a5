//! A directory in memory that records what is done to it, and what a disk may hold after a crash at any moment.
//!
//! The model is pessimistic. Appended bytes and truncations are durable after a sync of their file, names after a sync of
//! the directory. Of the rest any part may be there: all of it, none, the first bytes, later sectors without earlier ones,
//! and any of the names, whatever their order was and whether the bytes of their files are there.

mod disk_replay;
mod operation;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::storage::{Storage, StoredFile};
use disk_replay::DiskReplay;
use operation::{DurableDisk, FileChange, Inode, NameChange, Operation};

/// A simulated directory, and files outside of it. Clones are handles of the same one.
#[derive(Clone, Debug, Default)]
pub struct SimulatedStorage {
    state: Arc<Mutex<Simulation>>,
}

/// A call that a test may let fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulatedCall {
    /// [`Storage::list`].
    List,
    /// [`Storage::open`].
    Open,
    /// [`Storage::create`].
    Create,
    /// [`Storage::rename`]; the file is the old name.
    Rename,
    /// [`Storage::remove`].
    Remove,
    /// [`Storage::sync_directory`].
    SyncDirectory,
    /// [`StoredFile::append`].
    Append,
    /// [`StoredFile::read_at`].
    Read,
    /// [`StoredFile::truncate`].
    Truncate,
    /// [`StoredFile::sync`].
    Sync,
}

/// The result of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does what it should.
    Normal,
    /// It fails. An append has appended the first half; after a sync, the bytes that it should have written are lost.
    Fails(io::ErrorKind),
    /// It succeeds and does nothing: a program that forgets the call.
    Omitted,
    /// A sync has its effect after the next rename: a program that renames first.
    AfterRename,
}

/// Decides about the effect of a call, by its kind and the name of the file when it was opened.
pub type Hook = Box<dyn FnMut(SimulatedCall, &str) -> Effect + Send>;

#[derive(Default)]
struct Simulation {
    /// The disk at the start.
    base: DurableDisk,
    operations: Vec<Operation>,
    /// The disk as the program sees it.
    current: DurableDisk,
    hook: Option<Hook>,
    late_syncs: Vec<Inode>,
}

/// A disk after a crash.
#[derive(Clone, Debug)]
pub struct Crash {
    /// The number of operations before it.
    pub operations: usize,
    /// The last of them, and which of those that were not durable are on the disk.
    pub description: String,
    /// The marks before it.
    pub marks: Vec<u64>,
    /// The disk. Nothing of it can be lost.
    pub disk: SimulatedStorage,
}

impl SimulatedStorage {
    /// An empty directory.
    pub fn new() -> SimulatedStorage {
        SimulatedStorage::default()
    }

    /// Lets calls fail, or leaves them out.
    pub fn set_hook(&self, hook: impl FnMut(SimulatedCall, &str) -> Effect + Send + 'static) {
        self.state().hook = Some(Box::new(hook));
    }

    /// A file outside of the directory, such as standard output redirected to a file. Its name is durable.
    pub fn output(&self, name: &str) -> Arc<dyn StoredFile> {
        let mut state = self.state();
        let inode = match state.current.outputs.get(name) {
            Some(inode) => *inode,
            None => {
                let inode = state.new_file();
                state.current.outputs.insert(name.to_owned(), inode);
                state.base.outputs.insert(name.to_owned(), inode);
                inode
            }
        };
        self.file(inode, name)
    }

    /// The bytes of a file outside of the directory, as the program sees them.
    pub fn output_bytes(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.current.outputs.get(name).map(|inode| state.current.files[*inode].to_vec()).unwrap_or_default()
    }

    /// The bytes of a file in the directory, as the program sees them.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.current.names.get(name).map(|inode| state.current.files[*inode].to_vec())
    }

    /// Replaces the bytes of a file in the directory: damage. A new name is added. All of it is durable.
    pub fn set_bytes(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.state();
        let inode = match state.current.names.get(name) {
            Some(inode) => *inode,
            None => state.new_file(),
        };
        for disk in state.disks() {
            disk.names.insert(name.to_owned(), inode);
            disk.files[inode] = Arc::new(bytes.clone());
        }
    }

    /// Remembers that something has happened outside, such as an acknowledgment: see [`Crash::marks`].
    pub fn mark(&self, mark: u64) {
        self.state().operations.push(Operation::Mark(mark));
    }

    /// The number of operations so far.
    pub fn operations(&self) -> usize {
        self.state().operations.len()
    }

    /// A copy of the directory as the program sees it, all of it durable: what the next run finds if this one was killed.
    pub fn copy(&self) -> SimulatedStorage {
        SimulatedStorage::of(self.state().current.clone())
    }

    /// Disks after a crash before the first operation and after each one. The seed decides about those that are random.
    pub fn crashes(&self, seed: u64) -> impl Iterator<Item = Crash> + use<> {
        let state = self.state();
        let (mut replay, operations) = (DiskReplay::new(&state.base), state.operations.clone());
        let mut dice = Dice(seed);
        let mut marks = Vec::new();
        (0..=operations.len()).flat_map(move |count| {
            let last = count.checked_sub(1).map(|index| &operations[index]);
            match last {
                Some(Operation::Mark(mark)) => marks.push(*mark),
                Some(operation) => replay.apply(operation),
                None => {}
            }
            let last = last.map_or_else(|| "the start".to_owned(), Operation::to_string);
            let crash = |survival| Crash {
                operations: count,
                description: format!("{count} operations, the last one {last}; {survival:?}"),
                marks: marks.clone(),
                disk: SimulatedStorage::of(replay.disk(survival, &mut dice)),
            };
            replay.survivals().into_iter().map(crash).collect::<Vec<Crash>>()
        })
    }

    fn of(disk: DurableDisk) -> SimulatedStorage {
        let simulation = Simulation { base: disk.clone(), current: disk, ..Simulation::default() };
        SimulatedStorage { state: Arc::new(Mutex::new(simulation)) }
    }

    fn state(&self) -> MutexGuard<'_, Simulation> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, inode: Inode, name: &str) -> Arc<dyn StoredFile> {
        Arc::new(SimulatedFile { storage: self.clone(), inode, name: name.to_owned() })
    }
}

impl Simulation {
    fn new_file(&mut self) -> Inode {
        self.disks().into_iter().for_each(|disk| disk.files.push(Arc::default()));
        self.current.files.len() - 1
    }

    fn disks(&mut self) -> [&mut DurableDisk; 2] {
        [&mut self.base, &mut self.current]
    }

    fn effect(&mut self, call: SimulatedCall, name: &str) -> Effect {
        self.hook.as_mut().map_or(Effect::Normal, |hook| hook(call, name))
    }

    /// True if the call is to be done, false if it is left out.
    fn begin(&mut self, call: SimulatedCall, name: &str) -> io::Result<bool> {
        match self.effect(call, name) {
            Effect::Normal | Effect::AfterRename => Ok(true),
            Effect::Fails(kind) => Err(kind.into()),
            Effect::Omitted => Ok(false),
        }
    }

    fn write(&mut self, inode: Inode, write: FileChange) {
        write.apply(&mut self.current.files[inode]);
        self.operations.push(Operation::File(inode, write));
    }

    fn rename(&mut self, change: NameChange) {
        change.apply(&mut self.current.names);
        self.operations.push(Operation::Name(change));
    }

    fn find(&self, name: &str) -> io::Result<Inode> {
        self.current.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("base", &self.base).field("operations", &self.operations).finish()
    }
}

impl Storage for SimulatedStorage {
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("/simulated").join(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.begin(SimulatedCall::List, "")?;
        Ok(state.current.names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn StoredFile>> {
        let mut state = self.state();
        state.begin(SimulatedCall::Open, name)?;
        let inode = state.find(name)?;
        Ok(self.file(inode, name))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn StoredFile>> {
        let mut state = self.state();
        state.begin(SimulatedCall::Create, name)?;
        let inode = match state.find(name) {
            Ok(inode) => {
                state.write(inode, FileChange::Truncate(0));
                inode
            }
            Err(_) => {
                let inode = state.new_file();
                state.rename(NameChange::Create(name.to_owned(), inode));
                inode
            }
        };
        Ok(self.file(inode, name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        if state.begin(SimulatedCall::Rename, from)? {
            let inode = state.find(from)?;
            state.rename(NameChange::Rename(from.to_owned(), to.to_owned(), inode));
        }
        let late = std::mem::take(&mut state.late_syncs);
        state.operations.extend(late.into_iter().map(Operation::Sync));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        if state.begin(SimulatedCall::Remove, name)? {
            let inode = state.find(name)?;
            state.rename(NameChange::Remove(name.to_owned(), inode));
        }
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.begin(SimulatedCall::SyncDirectory, "")? {
            state.operations.push(Operation::SyncDirectory);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct SimulatedFile {
    storage: SimulatedStorage,
    inode: Inode,
    name: String,
}

impl StoredFile for SimulatedFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.storage.state();
        match state.begin(SimulatedCall::Append, &self.name) {
            Ok(true) => state.write(self.inode, FileChange::Append(bytes.to_vec())),
            Ok(false) => {}
            Err(error) => {
                state.write(self.inode, FileChange::Append(bytes[..bytes.len() / 2].to_vec()));
                return Err(error);
            }
        }
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.storage.state();
        state.begin(SimulatedCall::Read, &self.name)?;
        let file = &state.current.files[self.inode];
        let rest = file.get(offset as usize..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.storage.state().current.files[self.inode].len() as u64)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = self.storage.state();
        if state.begin(SimulatedCall::Truncate, &self.name)? {
            state.write(self.inode, FileChange::Truncate(length));
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.storage.state();
        match state.effect(SimulatedCall::Sync, &self.name) {
            Effect::Normal => state.operations.push(Operation::Sync(self.inode)),
            Effect::Omitted => {}
            Effect::AfterRename => state.late_syncs.push(self.inode),
            Effect::Fails(kind) => {
                state.operations.push(Operation::LostSync(self.inode));
                return Err(kind.into());
            }
        }
        Ok(())
    }
}

/// Random numbers that only depend on a seed (SplitMix64; G. Steele, D. Lea, C. Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}
