//! Files that are read on as they grow, by their names: whoever rotates logs renames them and makes new ones, or
//! copies and empties them. What a file had is read to its end in any case.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::files::{Section, compression_at};
use super::live::Live;
use super::news::Watch;
use super::slot::{Kind, Next};
use super::{Over, Stopped};
use crate::data::reason;
use crate::engine::message::SourceIndex;
use crate::engine::say;
use crate::source::follow::{self, FileId, Named};

/// How many bytes are read before others have their turn.
const READ_AT_ONCE: usize = 4 << 20;

/// How long a file that has lost its name is read on: whoever writes to it may not have noticed yet.
const GRACE: Duration = Duration::from_secs(3);

/// How many files are kept that have had the name and that nobody has written to: whoever opened one may write late.
const MOST_UNUSED: usize = 4;

/// A file that is followed.
pub(super) struct Followed {
    source: SourceIndex,
    /// Standard input has none, and a file of a directory is what it is, whatever it is called.
    path: Option<PathBuf>,
    /// What the name has meant, the newest last: also files that nobody has written to yet, for they may be renamed
    /// before the next look. Those in front of one that was written to are kept only for a short while.
    parts: Vec<Part>,
    /// It was said that there is nothing of the name.
    is_said: bool,
    has_moved: bool,
}

/// A file that was opened.
struct Part {
    id: FileId,
    section: Section,
    buffer: Buffer,
    /// It has lost its name; until when it is read on.
    until: Option<Instant>,
    /// It was compressed: it is read, and does not grow.
    is_over: bool,
}

/// All files in a directory.
pub(super) struct Directory {
    path: PathBuf,
    /// Where each is read.
    tokens: HashMap<FileId, usize>,
    /// The files that were there first are not read from their start if `--tail` says so.
    has_begun: bool,
}

impl Followed {
    fn new(source: SourceIndex, path: Option<PathBuf>) -> Followed {
        Followed {
            source,
            path,
            parts: Vec::new(),
            is_said: false,
            has_moved: false,
        }
    }

    /// Whether it has had anything since it was last asked.
    pub(super) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Whether a file is read already.
    fn knows(&self, id: FileId) -> bool {
        self.parts.iter().any(|part| part.id == id)
    }

    /// A file that is read has the name, perhaps again.
    fn name_again(&mut self, id: FileId) {
        self.is_said = false;
        if let Some(index) = self.parts.iter().position(|part| part.id == id) {
            let mut part = self.parts.remove(index);
            part.until = None;
            self.parts.push(part);
        }
    }

    /// What was read and not handed out yet.
    pub(super) fn buffers(&mut self) -> impl Iterator<Item = &mut Buffer> {
        self.parts.iter_mut().map(|part| &mut part.buffer)
    }

    /// Whether one of the names is that of the file, written like this, or of what a link of the name leads to.
    fn may_be_called(&self, written: &Path, names: &HashSet<OsString>) -> bool {
        let has = |path: &Path| path.file_name().is_some_and(|name| names.contains(name));
        let is_followed_by_name = self.path.is_some();
        has(written)
            || is_followed_by_name
                && std::fs::canonicalize(written).is_ok_and(|target| has(&target))
    }
}

impl Part {
    /// Nothing was read of it.
    fn is_empty(&self) -> bool {
        self.section.offset == 0 && !self.is_over
    }

    /// It has lost its name, and is read on for a while.
    fn let_go(&mut self, now: Instant) {
        self.until.get_or_insert(now + GRACE);
    }
}

impl Live<'_> {
    /// Follows what is written as a path: a file, also one that is not there yet, or a directory.
    pub(super) fn follow(&mut self, source: SourceIndex, path: &Path) -> Result<(), Over> {
        let kind = match follow::look(path) {
            Ok(Named::Directory) => {
                self.watch(path);
                Kind::Directory(Box::new(Directory {
                    path: path.to_owned(),
                    tokens: HashMap::new(),
                    has_begun: false,
                }))
            }
            Ok(Named::Other) => match crate::source::open(path.as_os_str()) {
                Ok(input) => return self.add(source, input),
                Err(reason) => {
                    self.reader.fail(source, reason);
                    return self.reader.mark_ended(source);
                }
            },
            Ok(Named::File(..) | Named::Nothing) | Err(_) => {
                self.watch(&follow::parent(path).0);
                if let Ok(target) = std::fs::canonicalize(path) {
                    self.watch(&follow::parent(&target).0); // of a link
                }
                let mut followed = Followed::new(source, Some(path.to_owned()));
                match self.open_part(&mut followed, self.reader.reading.tail.is_some()) {
                    Ok(()) => {}
                    Err(Stopped::Over) => return Err(Over),
                    Err(Stopped::Failed(error)) => {
                        self.reader.fail(source, reason(&error));
                        return self.reader.mark_ended(source);
                    }
                }
                Kind::Followed(Box::new(followed))
            }
        };
        self.insert(source, kind)
    }

    /// Follows a regular file that is standard input: it may grow, but has no name.
    pub(super) fn followed_handle(
        &mut self,
        source: SourceIndex,
        file: File,
        start: u64,
    ) -> Result<Followed, Stopped> {
        self.timers.is_unwatched = true;
        let mut followed = Followed::new(source, None);
        if let Named::File(id, _) = follow::look_at(&file)? {
            let mut part = self.part(source, id, file, start);
            self.begin(&mut part, self.reader.reading.tail.is_some())?;
            followed.parts.push(part);
        }
        Ok(followed)
    }

    fn part(&self, source: SourceIndex, id: FileId, file: File, start: u64) -> Part {
        Part {
            id,
            section: Section::of(file, start, u64::MAX),
            buffer: self.reader.new_buffer(source),
            until: None,
            is_over: false,
        }
    }

    /// Watches a directory, or looks more often.
    fn watch(&mut self, directory: &Path) {
        let bell = &self.bell;
        let watch = self
            .watch
            .get_or_insert_with(|| Watch::new(std::sync::Arc::clone(bell)));
        self.timers.is_unwatched |= !watch.watch(directory);
    }

    /// Opens what the name means now. `tail`: it is not read from its start.
    fn open_part(&mut self, followed: &mut Followed, tail: bool) -> Result<(), Stopped> {
        let Some(path) = followed.path.clone() else {
            return Ok(());
        };
        let opened = follow::look(&path).and_then(|named| match named {
            Named::File(..) => File::open(&path).map(Some),
            Named::Directory => Err(std::io::Error::other("is a directory now")),
            Named::Other => Err(std::io::Error::other("is no regular file now")),
            Named::Nothing => Ok(None),
        });
        let file = match opened {
            Ok(Some(file)) => file,
            Ok(None) => {
                let gone = match followed.parts.is_empty() {
                    true => "no such file yet",
                    false => "has gone",
                };
                self.say_outage(followed, gone);
                return Ok(());
            }
            Err(error) => {
                self.say_outage(followed, &reason(&error));
                return Ok(());
            }
        };
        let Named::File(id, _) = follow::look_at(&file)? else {
            return Ok(()); // it was something else again; the next look tells
        };
        followed.is_said = false;
        if followed.knows(id) {
            return Ok(()); // it has its name again since it was looked at
        }
        let mut part = self.part(followed.source, id, file, 0);
        self.begin(&mut part, tail)?;
        followed.parts.push(part);
        Ok(())
    }

    /// Goes to where the wanted records begin.
    fn begin(&mut self, part: &mut Part, tail: bool) -> Result<(), Stopped> {
        if tail && compression_at(part.section.file(), part.section.offset)?.is_none() {
            let start = part.section.offset;
            let file = std::sync::Arc::clone(part.section.file());
            part.section.offset =
                self.reader
                    .start_of_tail(&mut part.buffer, &file, start, u64::MAX)?;
        }
        Ok(())
    }

    fn say_outage(&self, followed: &mut Followed, why: &str) {
        if !std::mem::replace(&mut followed.is_said, true) {
            let name = self.reader.sources.display(followed.source);
            say(format_args!("{name}: {why}; waiting for it"));
        }
    }

    /// Reads what a file has got, and looks what its name means now.
    pub(super) fn serve_followed(&mut self, followed: &mut Followed) -> Result<Next, Stopped> {
        self.timers.look_on();
        let now = Instant::now();
        let mut index = 0;
        while index < followed.parts.len() {
            let part = &mut followed.parts[index];
            let (moved, has_more) = self.read_part(part)?;
            let is_named_later = part.until.is_none() && index > 0;
            followed.has_moved |= moved;
            if moved && is_named_later {
                // Whoever writes has noticed: those before have lost their name for good.
                let before = &mut followed.parts[..index];
                before.iter_mut().for_each(|part| part.let_go(now));
            }
            if has_more {
                return Ok(Next::Turn);
            }
            let part = &mut followed.parts[index];
            if moved && part.until.is_some() {
                part.until = Some(now + GRACE);
            }
            if part.until.is_some_and(|until| until <= now) {
                self.reader.end_source(&mut part.buffer)?;
                followed.parts.remove(index);
                if followed.path.is_none() {
                    return Ok(Next::End);
                }
            } else {
                index += 1;
            }
        }
        self.look_at_name(followed, now)
    }

    /// Reads a file on; whether it had something, and whether it has more.
    fn read_part(&mut self, part: &mut Part) -> Result<(bool, bool), Stopped> {
        if part.is_over {
            return Ok((false, false));
        }
        if part.section.offset == 0
            && let Some(compression) = compression_at(part.section.file(), 0)?
        {
            let file = std::sync::Arc::clone(part.section.file());
            let section = Section::of(file, 0, u64::MAX);
            part.is_over = true;
            self.reader
                .read_compressed(part.buffer.source, compression, Box::new(section))?;
            return Ok((true, false));
        }
        let mut read = 0;
        loop {
            let before = part.buffer.taken;
            let has_some = self.reader.fill(&mut part.buffer, &mut part.section)?;
            read += (part.buffer.taken - before) as usize;
            if !has_some {
                break;
            }
            self.reader.find_records(&mut part.buffer)?;
            self.reader.cut(&mut part.buffer)?;
            if read >= READ_AT_ONCE {
                return Ok((true, true));
            }
        }
        part.buffer.give_room_back();
        if let Named::File(_, len) = follow::look_at(part.section.file())?
            && len < part.section.offset
        {
            let name = self.reader.sources.display(part.buffer.source);
            say(format_args!("{name}: was emptied; reading from its start"));
            self.reader.end_source(&mut part.buffer)?;
            part.buffer = self.reader.new_buffer(part.buffer.source);
            part.section.offset = 0;
            return Ok((true, true));
        }
        Ok((read > 0, false))
    }

    /// Looks whether the name means another file now, and opens it: it may be renamed before anybody writes to it,
    /// and again before the next look. Until somebody does, whoever writes to the one before has not noticed.
    fn look_at_name(&mut self, followed: &mut Followed, now: Instant) -> Result<Next, Stopped> {
        let Some(path) = &followed.path else {
            return Ok(Next::Wait);
        };
        match follow::look(path) {
            Ok(Named::File(id, _)) if followed.knows(id) => {
                followed.name_again(id);
                Ok(Next::Wait)
            }
            Ok(Named::Nothing) if !followed.parts.is_empty() => {
                self.say_outage(followed, "has gone");
                Ok(Next::Wait)
            }
            _ => {
                let parts = followed.parts.len();
                self.open_part(followed, false)?;
                if followed.parts.len() == parts {
                    return Ok(Next::Wait);
                }
                let passed_over = followed.parts[..parts].iter_mut().skip(1);
                let unused = passed_over.filter(|part| part.is_empty());
                unused
                    .rev()
                    .skip(MOST_UNUSED)
                    .for_each(|part| part.let_go(now));
                Ok(Next::Turn)
            }
        }
    }

    /// The input ends here.
    pub(super) fn end_followed(&mut self, followed: &mut Followed) -> Result<(), Stopped> {
        followed
            .parts
            .iter_mut()
            .try_for_each(|part| self.reader.end_source(&mut part.buffer))
    }

    /// Looks which files have come to a directory, and which have gone.
    pub(super) fn serve_directory(
        &mut self,
        watched: SourceIndex,
        directory: &mut Directory,
    ) -> Result<Next, Stopped> {
        self.timers.look_on();
        let tail = !std::mem::replace(&mut directory.has_begun, true)
            && self.reader.reading.tail.is_some();
        let files = follow::list(&directory.path)?;
        let there: HashSet<FileId> = files.iter().map(|(_, id)| *id).collect();
        for (path, id) in files {
            if directory.tokens.contains_key(&id) {
                continue;
            }
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) => {
                    let name = crate::source::display(path.as_os_str());
                    self.say_once(format!("{name}: {}", reason(&error)));
                    continue;
                }
            };
            let source = self.reader.sources.add(path.as_os_str(), watched);
            let mut followed = Followed::new(source, None);
            let mut part = self.part(source, id, file, 0);
            self.begin(&mut part, tail)?;
            followed.parts.push(part);
            let token = self.insert_followed(source, followed)?;
            directory.tokens.insert(id, token);
        }
        let gone: Vec<FileId> = directory
            .tokens
            .keys()
            .copied()
            .filter(|id| !there.contains(id))
            .collect();
        for id in gone {
            if let Some(token) = directory.tokens.remove(&id) {
                self.let_go(token);
            }
        }
        Ok(Next::Wait)
    }

    /// A file has been removed: what was written to it is read, and then it has ended.
    fn let_go(&mut self, token: usize) {
        if let Some(slot) = &mut self.slots[token]
            && let Kind::Followed(followed) = &mut slot.kind
        {
            for part in &mut followed.parts {
                part.until = Some(Instant::now() + GRACE);
            }
        }
    }

    fn insert_followed(&mut self, source: SourceIndex, followed: Followed) -> Result<usize, Over> {
        let token = self.next_token();
        self.insert(source, Kind::Followed(Box::new(followed)))?;
        Ok(token)
    }

    /// Files of these names have changed.
    pub(super) fn files_changed(
        &mut self,
        names: &HashSet<OsString>,
        is_listing_old: bool,
    ) -> Result<(), Over> {
        for token in 0..self.slots.len() {
            let Some(slot) = &mut self.slots[token] else {
                continue;
            };
            let is_meant = match &mut slot.kind {
                Kind::Followed(followed) => {
                    let written = self.reader.sources.name(slot.source);
                    followed.may_be_called(Path::new(&*written), names)
                }
                Kind::Directory(_) => is_listing_old,
                _ => false,
            };
            if is_meant {
                self.serve(token)?;
            }
        }
        Ok(())
    }
}
