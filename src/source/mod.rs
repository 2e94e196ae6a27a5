//! SOURCES: where bytes come from. One file for each kind of source, one row in the table.

mod address;
pub mod compression;
mod connection;
pub mod encoding;
mod facts;
mod file;
pub mod file_version;
pub mod fingerprint;
pub mod follow;
#[cfg(feature = "kafka")]
mod kafka;
pub mod offset;
mod read_all;
pub mod rotated;
mod stdin;
mod tcp;
mod tcp_listen;
mod udp_listen;
mod unix;
mod unix_listen;

pub use facts::{Facts, FileKind};
#[cfg(feature = "kafka")]
pub use kafka::KafkaTopics;
pub use read_all::{read_all, read_bytes};

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::net::UdpSocket;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;

use crate::data::{Entry, FileId, escape_controls, is_stdin, reason, regular_file_id};
use crate::lang::Diagnostic;
use crate::lang::ast::Span;
use crate::lang::suggest::did_you_mean;

pub use connection::{Endpoint, Listener, dropped_datagrams};

/// All kinds of sources; the first that accepts an address opens it.
pub const SOURCES: &[&SourceDef] = &[
    &stdin::STDIN,
    &tcp::TCP,
    &tcp_listen::TCP_LISTEN,
    &udp_listen::UDP_LISTEN,
    &unix::UNIX,
    &unix_listen::UNIX_LISTEN,
    #[cfg(feature = "kafka")]
    &kafka::KAFKA,
    &file::FILE,
];

/// A kind of source and its manual entry.
#[derive(Debug)]
pub struct SourceDef {
    /// Name, usage (as written on the command line), summary, examples.
    pub entry: Entry,
    /// When such a source ends.
    pub boundedness: Boundedness,
    /// True if addresses are paths, which `--follow` reads by name as they grow.
    pub is_path: bool,
    /// Examines the file that an address names, without opening it; `None` without one, as for a connection.
    pub metadata: fn(&OsStr) -> Option<Metadata>,
    /// True if an address belongs to this kind.
    pub accepts: fn(&OsStr) -> bool,
    /// Checks how an address is written, without opening it.
    pub check: fn(&OsStr) -> Result<(), Diagnostic>,
    /// Opens it. An error is a sentence without the source's name.
    pub open: fn(&OsStr) -> Result<Input, String>,
}

/// When a kind of source ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundedness {
    /// A file or a pipe: the reader reads one such source after another.
    Bounded,
    /// A connection that sends until its peer closes it: the reader reads such sources side by side.
    UntilClosed,
    /// A topic, which is read up to the end that it has at the start, or followed.
    Topic,
    /// A listener, which never ends: the reader reads such sources side by side.
    Unbounded,
}

/// An opened source.
#[derive(Debug)]
pub enum Input {
    /// A file that threads can read concurrently at any offset.
    Ranges {
        /// The file.
        file: File,
        /// The offset of the first byte.
        start: u64,
        /// The end offset, as of when the file was opened.
        end: u64,
    },
    /// A pipe, terminal or device: bytes arrive in order.
    Stream(File),
    /// An endpoint that is not connected yet.
    Endpoint(Endpoint),
    /// Incoming connections; the address if the system has chosen it.
    Listener(Listener, Option<String>),
    /// Topics of a broker.
    #[cfg(feature = "kafka")]
    Topics(Box<KafkaTopics>),
    /// Incoming datagrams; the address if the system has chosen it.
    Datagrams(UdpSocket, Option<String>),
}

/// Returns when a source ends.
pub fn boundedness(written: &OsStr) -> Boundedness {
    def(written).map_or(Boundedness::Bounded, |def| def.boundedness)
}

/// True if a source is read to its end before the next one, unless it is followed.
pub fn is_bounded(written: &OsStr) -> bool {
    matches!(boundedness(written), Boundedness::Bounded | Boundedness::Topic)
}

/// True if the records of a source are messages, with fields of their own.
pub fn has_messages(written: &OsStr) -> bool {
    boundedness(written) == Boundedness::Topic
}

/// Returns the part of a source's name that tells it from others in all runs of a stream: without options.
pub fn identity(written: &OsStr) -> &OsStr {
    #[cfg(feature = "kafka")]
    if let Some(identity) = kafka::identity(written) {
        return identity;
    }
    written
}

/// True if a source is written as a path, which `--follow` reads by name.
pub fn is_path(written: &OsStr) -> bool {
    def(written).is_some_and(|def| def.is_path)
}

/// Examines the file that a source is, without opening it.
pub fn metadata(written: &OsStr) -> Option<Metadata> {
    def(written).and_then(|def| (def.metadata)(written))
}

/// Returns the identity of the regular file that a source is.
pub fn file_id(written: &OsStr) -> Option<FileId> {
    regular_file_id(&metadata(written)?)
}

/// Examines an open descriptor.
fn descriptor_metadata(descriptor: BorrowedFd<'_>) -> Option<Metadata> {
    File::from(rustix::io::dup(descriptor).ok()?).metadata().ok()
}

/// Checks how a source is written, without opening it.
pub fn check(written: &OsStr) -> Result<(), Diagnostic> {
    def(written).map_or(Ok(()), |def| (def.check)(written))
}

/// Completes an address without a scheme: `localhost:9999`, `10.0.0.1:514`, `:9999`.
pub fn address_without_scheme(written: &str) -> Option<String> {
    let (host, port) = written.rsplit_once(':')?;
    let is_host = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    let host = if host.is_empty() { "localhost" } else { host };
    (is_host && is_port).then(|| format!("tcp://{host}:{port}"))
}

/// Reports a path that looks like an address with an unknown or incomplete scheme.
fn check_scheme(written: &OsStr) -> Result<(), Diagnostic> {
    let text = written.to_string_lossy();
    if let Some(address) = address_without_scheme(&text)
        && !std::path::Path::new(written).exists()
    {
        let span = Span { start: 0, end: text.len() };
        let diagnostic = Diagnostic::new(span, "no such file, and an address needs its kind");
        return Err(diagnostic.help(format!("write {address}")));
    }
    if let Some((scheme, rest)) = text.split_once(':')
        && !rest.starts_with('/')
        && !std::path::Path::new(written).exists()
        && SOURCES.iter().any(|def| def.entry.name == scheme && def.entry.usage.starts_with(&format!("{scheme}://")))
    {
        let span = Span { start: 0, end: text.len() };
        let diagnostic = Diagnostic::new(span, "no such file, and an address has two slashes");
        return Err(match rest.contains(|c: char| c.is_ascii_digit()) {
            true => diagnostic.help(format!("write {scheme}://{rest}")),
            false => diagnostic.help(format!("as in {scheme}://localhost:514")),
        });
    }
    let (scheme, _) = address::scheme_of(&text);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '+';
    if scheme.is_empty() || !scheme.chars().all(is_word) || std::path::Path::new(written).exists() {
        return Ok(());
    }
    let schemes: Vec<&str> =
        SOURCES.iter().filter(|def| def.entry.usage.contains("://")).map(|def| def.entry.name).collect();
    let span = Span { start: 0, end: scheme.len() };
    let help = match did_you_mean(scheme, &schemes) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("there are {}", schemes.join(", ")),
    };
    Err(Diagnostic::new(span, format!("unknown kind of source `{scheme}`")).help(help))
}

fn def(written: &OsStr) -> Option<&'static SourceDef> {
    SOURCES.iter().copied().find(|def| (def.accepts)(written))
}

/// Opens a source.
pub fn open(written: &OsStr) -> Result<Input, String> {
    let def = def(written).ok_or("no kind of source is written like this")?;
    (def.open)(written)
}

/// Opens the regular file that a source is, for reading at offsets; `None` if it is none. Unlike [`open`] it leaves the
/// offset of standard input, at which reading begins.
pub fn open_regular(written: &OsStr) -> Option<File> {
    if is_stdin(written) {
        return rustix::io::dup(rustix::stdio::stdin()).ok().map(File::from);
    }
    match open(written) {
        Ok(Input::Ranges { file, .. }) => Some(file),
        _ => None,
    }
}

/// st_size above this is trusted; procfs and sysfs report 0 or one page.
const MADE_UP_BYTES: u64 = 64 << 10;

/// Returns the name of a source for messages: invalid UTF-8 is replaced and control characters are escaped, so that a
/// name cannot drive the terminal.
pub fn display(written: &OsStr) -> Cow<'_, str> {
    match written.to_string_lossy() {
        Cow::Borrowed(text) => escape_controls(text),
        Cow::Owned(text) => Cow::Owned(escape_controls(&text).into_owned()),
    }
}

/// Classifies an opened file: ranges if it is a regular file of known size, else a stream.
fn input(file: File, start: u64) -> Result<Input, String> {
    let metadata = file.metadata().map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("is a directory: name the files in it, as in DIR/*.log, or --follow it".to_owned());
    }
    // Files under /proc report size 0, those under /sys one page.
    let is_made_up = metadata.len() == 0 || metadata.blocks() == 0 && metadata.len() <= MADE_UP_BYTES;
    if metadata.is_file() && !is_made_up {
        return Ok(Input::Ranges { file, start: start.min(metadata.len()), end: metadata.len() });
    }
    Ok(Input::Stream(file))
}
