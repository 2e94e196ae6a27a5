//! Directories whose files are followed, including new ones.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::Stopped;
use super::event_loop::EventLoop;
use super::followed::Followed;
use super::opened_file::GRACE;
use super::source_state::{Readiness, SourceKind};
use crate::data::reason;
use crate::engine::message::SourceIndex;
use crate::source::follow::{self, FileId, PathKind};
use crate::window::Punctuation;

/// A followed directory.
pub(super) struct Directory {
    path: PathBuf,
    /// The slot and source of each file.
    pub(super) tokens: HashMap<FileId, (usize, SourceIndex)>,
    /// The last file seen under each name.
    names: HashMap<PathBuf, FileId>,
    /// True after the first listing. Only files of the first listing are subject to `--tail`.
    has_begun: bool,
    /// True if the failure to list the directory was reported.
    is_said: bool,
    /// The files that an earlier run has read and that were found again.
    found: HashSet<FileId>,
}

impl EventLoop<'_> {
    pub(super) fn directory(&mut self, path: &Path) -> SourceKind {
        self.watch(path);
        SourceKind::Directory(Box::new(Directory {
            path: path.to_owned(),
            tokens: HashMap::new(),
            names: HashMap::new(),
            has_begun: false,
            is_said: false,
            found: HashSet::new(),
        }))
    }

    /// Finds new and removed files in a directory.
    pub(super) fn serve_directory(
        &mut self,
        watched: SourceIndex,
        directory: &mut Directory,
    ) -> Result<Readiness, Stopped> {
        self.timers.look_on(self.now());
        let Some(files) = self.list(watched, directory) else {
            return Ok(Readiness::Wait);
        };
        let is_first = !std::mem::replace(&mut directory.has_begun, true);
        let there: HashSet<FileId> = files.iter().map(|(_, id)| *id).collect();
        let own = self.own_files();
        let listed = if is_first { files.clone() } else { Vec::new() };
        for (path, id) in files {
            if directory.tokens.contains_key(&id) {
                directory.names.insert(path, id);
                continue;
            }
            if own.contains(&id) {
                let name = crate::source::display(path.as_os_str());
                self.say_once(format!("{name}: not read, because this run writes to it"));
                continue;
            }
            let before = directory.names.get(&path);
            let before = before.and_then(|before| directory.tokens.get(before));
            let before = before.copied();
            let found = is_first.then_some(&mut directory.found);
            if let Some(token) = self.add_file(watched, (&path, id), before, found)? {
                directory.tokens.insert(id, token);
                directory.names.insert(path, id);
            }
        }
        if is_first {
            for path in self.reader.say_lost_in(watched, &directory.found, &listed) {
                let gone = self.reader.sources.add(path.as_os_str(), watched);
                self.reader.dispatch.mark(gone, Punctuation::Ended)?; // its state is dropped
            }
            directory.found = HashSet::new();
        }
        let gone = directory.tokens.keys().filter(|id| !there.contains(id));
        for id in gone.copied().collect::<Vec<FileId>>() {
            if let Some(token) = directory.tokens.remove(&id) {
                self.let_go(token);
            }
        }
        let tokens = &directory.tokens;
        directory.names.retain(|_, id| tokens.contains_key(id));
        Ok(Readiness::Wait)
    }

    /// Returns the files of a directory; `None` if it cannot be listed.
    fn list(&mut self, watched: SourceIndex, directory: &mut Directory) -> Option<Vec<(PathBuf, FileId)>> {
        match follow::list(&directory.path) {
            Ok(files) => {
                if std::mem::replace(&mut directory.is_said, false) {
                    self.watch(&directory.path); // it may be a new directory
                }
                Some(files)
            }
            Err(error) => {
                if !std::mem::replace(&mut directory.is_said, true) {
                    let name = self.reader.sources.display(watched);
                    let why = match error.kind() {
                        io::ErrorKind::NotFound => "was removed; waiting for it to reappear".to_owned(),
                        io::ErrorKind::NotADirectory => "is no longer a directory; waiting for one".to_owned(),
                        _ => format!("{}; waiting for it", reason(&error)),
                    };
                    self.reader.say(format_args!("{name}: {why}"));
                }
                if let Some(watch) = &mut self.watch {
                    watch.forget(&directory.path);
                }
                // Its files are read to their ends.
                for (_, token) in directory.tokens.drain() {
                    self.let_go(token);
                }
                directory.names.clear();
                None
            }
        }
    }

    /// Adds a file of a directory; returns its slot, or `None` if it cannot be opened. If the name refers to another
    /// file by now, the file is skipped until the next listing: under the wrong id it would keep the listed file from
    /// being read.
    fn add_file(
        &mut self,
        watched: SourceIndex,
        (path, listed): (&Path, FileId),
        before: Option<(usize, SourceIndex)>,
        found: Option<&mut HashSet<FileId>>,
    ) -> Result<Option<(usize, SourceIndex)>, Stopped> {
        let opened = follow::open(path).and_then(|file| Ok((follow::look_at(&file)?, file)));
        let (id, file) = match opened {
            Ok((PathKind::File(id, _), file)) if id == listed => (id, file),
            Ok(_) => return Ok(None), // it was replaced since the listing
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    let name = crate::source::display(path.as_os_str());
                    self.say_once(format!("{name}: {}", reason(&error)));
                }
                return Ok(None);
            }
        };
        let source = self.reader.sources.add(path.as_os_str(), watched);
        let mut followed = Followed::new(source, watched, None, self.wall());
        followed.before = before;
        let mut part = self.part(source, id, path.to_owned(), file, 0);
        if let Some(found) = found {
            part.is_own = true;
            match self.reader.saved_in_directory(source, path, part.section.file())? {
                Some(at) => {
                    if at.byte > 0 {
                        found.insert(at.file.id);
                    }
                    self.resume_part(&mut part, &at)?;
                }
                None => self.begin(&mut part, self.reader.reading.tail.is_some())?,
            }
        }
        followed.parts.push(part);
        let token = self.next_token();
        self.insert(source, SourceKind::Followed(Box::new(followed)))?;
        Ok(Some((token, source)))
    }

    /// Ends a removed file after a grace period, during which it is still read.
    fn let_go(&mut self, (token, source): (usize, SourceIndex)) {
        let now = self.now();
        if let Some(slot) = &mut self.slots[token]
            && slot.source == source
            && let SourceKind::Followed(followed) = &mut slot.kind
        {
            for part in &mut followed.parts {
                part.until = Some(now + GRACE);
            }
        }
    }

    /// Returns the ids of the files that this run writes to.
    fn own_files(&self) -> HashSet<FileId> {
        let written = &self.reader.reading.written;
        let named = written.iter().filter_map(|path| match follow::look(path.as_ref()) {
            Ok(PathKind::File(id, _)) => Some(id),
            _ => None,
        });
        [rustix::stdio::stdout(), rustix::stdio::stderr()]
            .into_iter()
            .filter_map(follow::regular_id)
            .chain(named)
            .collect()
    }
}
