//! Directories whose files are followed, also those to come.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Stopped;
use super::event_loop::EventLoop;
use super::followed::Followed;
use super::opened_file::GRACE;
use super::source_state::{Readiness, SourceKind};
use crate::data::reason;
use crate::engine::message::SourceIndex;
use crate::source::follow::{self, FileId, PathKind};

/// All files in a directory.
pub(super) struct Directory {
    path: PathBuf,
    /// Where each is read.
    pub(super) tokens: HashMap<FileId, (usize, SourceIndex)>,
    /// The last file of each name.
    names: HashMap<PathBuf, FileId>,
    /// The files that were there first are not read from their start if `--tail` says so.
    has_begun: bool,
    /// It was said that it cannot be listed.
    is_said: bool,
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
        }))
    }

    /// Looks which files have come to a directory, and which have gone.
    pub(super) fn serve_directory(
        &mut self,
        watched: SourceIndex,
        directory: &mut Directory,
    ) -> Result<Readiness, Stopped> {
        self.timers.look_on();
        let Some(files) = self.list(watched, directory) else {
            return Ok(Readiness::Wait);
        };
        let is_first = !std::mem::replace(&mut directory.has_begun, true);
        let there: HashSet<FileId> = files.iter().map(|(_, id)| *id).collect();
        let own = self.own_files();
        for (path, id) in files {
            if directory.tokens.contains_key(&id) {
                directory.names.insert(path, id);
                continue;
            }
            if own.contains(&id) {
                let name = crate::source::display(path.as_os_str());
                self.say_once(format!("{name}: is not read: this run writes to it"));
                continue;
            }
            let before = directory.names.get(&path);
            let before = before.and_then(|before| directory.tokens.get(before));
            let before = before.copied();
            if let Some(token) = self.add_file(watched, (&path, id), before, is_first)? {
                directory.tokens.insert(id, token);
                directory.names.insert(path, id);
            }
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

    /// The files of a directory; nothing as long as it is not there or cannot be listed.
    fn list(&mut self, watched: SourceIndex, directory: &mut Directory) -> Option<Vec<(PathBuf, FileId)>> {
        match follow::list(&directory.path) {
            Ok(files) => {
                if std::mem::replace(&mut directory.is_said, false) {
                    self.watch(&directory.path); // it is another one, perhaps
                }
                Some(files)
            }
            Err(error) => {
                if !std::mem::replace(&mut directory.is_said, true) {
                    let name = self.reader.sources.display(watched);
                    let why = match error.kind() {
                        io::ErrorKind::NotFound => "has gone".to_owned(),
                        io::ErrorKind::NotADirectory => "is no directory now".to_owned(),
                        _ => reason(&error),
                    };
                    self.reader.say(format_args!("{name}: {why}; waiting for it"));
                }
                if let Some(watch) = &mut self.watch {
                    watch.forget(&directory.path);
                }
                // What was in it is read to its end.
                for (_, token) in directory.tokens.drain() {
                    self.let_go(token);
                }
                directory.names.clear();
                None
            }
        }
    }

    /// Adds a file of a directory; its slot, if it can be opened. If the name means another file by now, the next look
    /// finds both: what is opened under the number of another file would keep that one from being read.
    fn add_file(
        &mut self,
        watched: SourceIndex,
        (path, listed): (&Path, FileId),
        before: Option<(usize, SourceIndex)>,
        is_first: bool,
    ) -> Result<Option<(usize, SourceIndex)>, Stopped> {
        let opened = follow::open(path).and_then(|file| Ok((follow::look_at(&file)?, file)));
        let (id, file) = match opened {
            Ok((PathKind::File(id, _), file)) if id == listed => (id, file),
            Ok(_) => return Ok(None), // it is something else already
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    let name = crate::source::display(path.as_os_str());
                    self.say_once(format!("{name}: {}", reason(&error)));
                }
                return Ok(None);
            }
        };
        let source = self.reader.sources.add(path.as_os_str(), watched);
        let mut followed = Followed::new(source, watched, None);
        followed.before = before;
        let mut part = self.part(source, id, path.to_owned(), file, 0);
        if is_first {
            part.is_own = true;
            self.begin(&mut part, self.reader.reading.tail.is_some())?;
        }
        followed.parts.push(part);
        let token = self.next_token();
        self.insert(source, SourceKind::Followed(Box::new(followed)))?;
        Ok(Some((token, source)))
    }

    /// A file has been removed: what was written to it is read, and then it has ended.
    fn let_go(&mut self, (token, source): (usize, SourceIndex)) {
        if let Some(slot) = &mut self.slots[token]
            && slot.source == source
            && let SourceKind::Followed(followed) = &mut slot.kind
        {
            for part in &mut followed.parts {
                part.until = Some(Instant::now() + GRACE);
            }
        }
    }

    /// The files that this run writes to.
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
