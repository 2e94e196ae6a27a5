//! `exec:COMMAND`: a shell command for each result.

mod running;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use running::RunningCommand;
pub use running::{EndingSignal, ending_signal};

use super::batch::bounds_of;
use super::document;
use super::encoded::RowFormat;
use super::result_name::{ResultNames, deliver_each};
use super::{
    DeliveryError, Encodes, OpenSink, Promise, RowSink, SinkBatch, SinkDef, SinkResult, SinkSettings, SourceHeader,
};
use crate::data::{Entry, Example, escape_controls, reason, write_text};
use crate::lang::Diagnostic;
use crate::lang::ast::Span;

pub(super) const EXEC: SinkDef = SinkDef {
    entry: Entry {
        name: "exec",
        usage: "exec:COMMAND",
        summary: "A shell command for each result, with the rows on its input.",
        details: "`sh -c COMMAND` is run for each window, for each batch of single rows, or once for the result of \
                  everything read; with `--every`, for each result so far, too. Not for a result without rows. The rows \
                  are in the format of `-o`, or that of standard output in a pipe, and complete before the command begins. In its environment are BOURN_BATCH \
                  (the number of the result: a result that is delivered again has the same one), BOURN_ROWS, and for a \
                  window BOURN_WINDOW_START and BOURN_WINDOW_END. Its output goes to the standard output and standard \
                  error of bourn. It may leave its input unread. If it fails, it is run again, see `--retry`; not if the \
                  shell cannot find or execute it (exit status 126 or 127). The run waits for the command; Ctrl-C ends \
                  a command that hangs, which is then run once more, and the second one ends the command and the run. In messages, secrets \
                      such as `password=…`, `--token …` and `Authorization: …` are not shown.",
        examples: &[
            Example {
                expr: "--to 'exec:tr a-z A-Z' 'split | count by word'",
                input: "a b\na\n",
                output: "A\t2\nB\t1\n",
            },
            Example {
                expr: "--to 'exec:echo $BOURN_WINDOW_START: $(wc -l)' 'json | count by path | window 1h on ts'",
                input: "{\"ts\":\"2026-03-01T10:05:00Z\",\"path\":\"/\"}\n{\"ts\":\"2026-03-01T11:01:00Z\",\"path\":\"/a\"}\n",
                output: "2026-03-01T10:00:00Z: 1\n2026-03-01T11:00:00Z: 1\n",
            },
        ],
    },
    promise: Promise::AtLeastOnce("a command whose end a crash has hidden is run again, with the same BOURN_BATCH"),
    encodes: |_| Encodes::AsInAPipe,
    accepts: |target| target.as_encoded_bytes().starts_with(PREFIX.as_bytes()),
    check,
    path: |_| None,
    is_same: |one, other| one == other,
    fits: |_, _| Ok(()),
    open: OpenSink::Rows(|target, settings| Ok(Box::new(Exec::open(target, settings)))),
};

const PREFIX: &str = "exec:";

/// How often a command that may have ended is looked at: another process may hold its standard error open.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

const SHORTEST_LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000 };

/// The most bytes of a line of standard error in a message.
const LINE_BYTES: usize = 500;

/// The variables that a command may have.
const VARIABLES: [&str; 4] = ["BOURN_BATCH", "BOURN_ROWS", "BOURN_WINDOW_START", "BOURN_WINDOW_END"];

/// SIGINT, and the status of a program that has handled it.
const INTERRUPT: (i32, i32) = (2, 130);

fn check(target: &OsStr) -> Result<(), Diagnostic> {
    let text = target.to_string_lossy();
    match text[PREFIX.len()..].trim().is_empty() {
        true => {
            let end = Span { start: PREFIX.len(), end: PREFIX.len() + 1 };
            Err(Diagnostic::new(end, "missing command").help("write 'exec:mail -s errors ops@example.org'"))
        }
        false => Ok(()),
    }
}

struct Exec {
    command: std::ffi::OsString,
    format: RowFormat,
    settings: SinkSettings,
    source: Option<SourceHeader>,
    names: ResultNames,
}

impl Exec {
    fn open(target: &OsStr, settings: &SinkSettings) -> Exec {
        use std::os::unix::ffi::OsStrExt;
        Exec {
            command: OsStr::from_bytes(&target.as_bytes()[PREFIX.len()..]).to_owned(),
            format: RowFormat::of_option(settings),
            settings: settings.clone(),
            source: None,
            names: ResultNames::new(&settings.columns),
        }
    }

    fn deliver_result(&mut self, name: &str, result: &SinkResult) -> Result<(), DeliveryError> {
        let mut ended = self.run(name, result)?;
        if is_interrupted(ended.status) {
            ended = self.run(name, result)?; // Ctrl-C ends the run, not the delivery of what was read
        }
        ended.into_result()
    }

    /// Returns the rows as a file without a name, at its start. A pipe would end early if this process were killed, and
    /// the command would take what it has read for the whole result.
    fn input(&self, result: &SinkResult) -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        document::write(self.format, &self.settings, self.source.as_ref(), result, &mut file)?;
        file.rewind()?;
        Ok(file)
    }

    /// Runs the command to its end.
    fn run(&self, name: &str, result: &SinkResult) -> Result<Ended, DeliveryError> {
        let because = |error: io::Error| {
            let folder = std::env::temp_dir();
            DeliveryError::Retry(format!("its input in {}: {}", folder.display(), reason(&error)))
        };
        let input = self.input(result).map_err(because)?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.command).stdin(input).stderr(Stdio::piped());
        for variable in VARIABLES {
            command.env_remove(variable); // of a bourn that has started this one
        }
        command.env("BOURN_BATCH", name).env("BOURN_ROWS", result.len().to_string());
        if let Some(rows) = result.rows.first()
            && let [start, end] = bounds_of(&self.settings.columns, rows, 0).as_slice()
        {
            for (variable, bound) in [("BOURN_WINDOW_START", start), ("BOURN_WINDOW_END", end)] {
                let mut text = Vec::new();
                write_text(*bound, &mut text);
                command.env(variable, String::from_utf8_lossy(&text).as_ref());
            }
        }
        let child = command.spawn().map_err(|error| DeliveryError::Retry(format!("sh: {}", reason(&error))))?;
        attend(child).map_err(|error| DeliveryError::Retry(reason(&error)))
    }
}

/// How a command ended.
struct Ended {
    status: ExitStatus,
    /// The last line of its standard error that is not blank.
    last_line: Vec<u8>,
}

impl Ended {
    fn into_result(self) -> Result<(), DeliveryError> {
        if self.status.success() {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&self.last_line);
        let line = match line.trim() {
            "" => String::new(),
            line => format!(": {}", escape_controls(line)),
        };
        match (self.status.code(), self.status.signal()) {
            (Some(code @ (126 | 127)), _) => Err(DeliveryError::Failed(format!("exit status {code}{line}"))),
            (Some(code), _) => Err(DeliveryError::Retry(format!("exit status {code}{line}"))),
            (None, signal) => {
                let signal = signal.unwrap_or_default();
                let name = signal_hook::low_level::signal_name(signal).unwrap_or("unknown");
                Err(DeliveryError::Retry(format!("killed by signal {signal} ({name}){line}")))
            }
        }
    }
}

fn is_interrupted(status: ExitStatus) -> bool {
    status.signal() == Some(INTERRUPT.0) || status.code() == Some(INTERRUPT.1)
}

/// Passes the standard error of a command on, and waits for its end.
fn attend(mut child: Child) -> io::Result<Ended> {
    let running = RunningCommand::begin();
    let mut last_line = LastLine::default();
    if let Some(mut errors) = child.stderr.take() {
        rustix::io::ioctl_fionbio(&errors, true)?;
        loop {
            let _ = poll(&mut [PollFd::new(&errors, PollFlags::IN)], Some(&LOOK)); // only makes the next look earlier
            running.end_after_signals(&child);
            let status = child.try_wait()?; // before the last read, so that nothing is missed
            let is_at_end = last_line.pass_on(&mut errors);
            match status {
                Some(status) => return Ok(Ended { status, last_line: last_line.0 }),
                None if is_at_end => break,
                None => {}
            }
        }
    }
    let mut pause = SHORTEST_LOOK; // most commands end when they close their standard error
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended { status, last_line: last_line.0 });
        }
        running.end_after_signals(&child);
        let _ = poll(&mut [], Some(&pause)); // an early wake-up only makes the next look earlier
        pause.tv_nsec = (pause.tv_nsec * 2).min(LOOK.tv_nsec);
    }
}

/// The last line of a text that comes in pieces.
#[derive(Default)]
struct LastLine(Vec<u8>);

impl LastLine {
    /// Prints what there is on standard error; true at the end.
    fn pass_on(&mut self, errors: &mut ChildStderr) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match errors.read(&mut buffer) {
                Ok(0) => return true,
                Ok(count) => {
                    let _ = io::stderr().write_all(&buffer[..count]); // it may be closed
                    self.add(&buffer[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_complete = self.0.ends_with(b"\n");
            if is_complete && !piece.trim_ascii().is_empty() {
                self.0.clear();
            }
            let room = LINE_BYTES.saturating_sub(self.0.len());
            self.0.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") && !self.0.ends_with(b"\n") {
                self.0.push(b'\n');
            }
            if self.0.trim_ascii().is_empty() {
                self.0.clear();
            }
        }
    }
}

impl RowSink for Exec {
    fn know(&mut self, header: &SourceHeader) {
        self.source = Some(header.clone());
    }

    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        deliver_each(self, |sink| &mut sink.names, batch, Self::deliver_result)
    }

    fn delivered_rows(&self) -> usize {
        self.names.delivered_rows()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::ResultKind;
    use crate::sink::testing::{batch, columns, int, of, settings, time};

    fn run(command: &str, rows: usize) -> Result<(), DeliveryError> {
        let columns = columns(&["*window_start", "*window_end", "n"]);
        let mut sink = Exec::open(OsStr::new(&format!("exec:{command}")), &settings(columns));
        let all = |make: &dyn Fn(i64) -> crate::data::Value| (0..rows as i64).map(make).collect();
        let rows = batch(&[all(&|_| time(0)), all(&|_| time(60_000_000_000)), all(&int)]);
        sink.deliver(&of(42, ResultKind::Final, vec![rows]))
    }

    #[test]
    fn a_command_has_the_rows_and_knows_their_window() {
        let folder = tempfile::tempdir().expect("a directory");
        let out = folder.path().join("out");
        let told = "$BOURN_BATCH $BOURN_ROWS $BOURN_WINDOW_START $BOURN_WINDOW_END";
        assert_eq!(run(&format!("(echo \"{told}\"; tail -n 1) > {}", out.display()), 2), Ok(()));
        let bounds = "1970-01-01T00:00:00Z 1970-01-01T00:01:00Z";
        let row = bounds.replace(' ', "\t") + "\t1";
        assert_eq!(std::fs::read_to_string(out).expect("the file"), format!("42 2 {bounds}\n{row}\n"));
    }

    #[test]
    fn unread_input_is_no_failure() {
        assert_eq!(run("true", 1), Ok(()));
        assert_eq!(run("exec 0<&-; sleep 0.1", 200_000), Ok(()));
        assert_eq!(run("head -n 1 > /dev/null", 200_000), Ok(()));
    }

    #[test]
    fn failures_say_why() {
        let retry = |reason: &str| Err(DeliveryError::Retry(reason.to_owned()));
        assert_eq!(run("exit 3", 1), retry("exit status 3"));
        assert_eq!(run("echo one >&2; echo two >&2; echo >&2; exit 1", 1), retry("exit status 1: two"));
        assert_eq!(run("kill -9 $$", 1), retry("killed by signal 9 (SIGKILL)"));
        let missing = run("no-such-command-anywhere", 1);
        assert!(matches!(&missing, Err(DeliveryError::Failed(reason)) if reason.contains("not found")), "{missing:?}");
    }

    #[test]
    fn what_it_leaves_running_is_not_waited_for() {
        assert_eq!(run("sleep 30 & exit 0", 1), Ok(())); // it holds standard error open
        assert_eq!(run("sleep 30 & exit 0", 200_000), Ok(()));
    }

    #[test]
    fn an_interrupted_command_is_run_once_more() {
        let folder = tempfile::tempdir().expect("a directory");
        let seen = folder.path().join("seen");
        let seen = seen.display();
        assert_eq!(run(&format!("if [ -e {seen} ]; then cat > /dev/null; else touch {seen}; exit 130; fi"), 1), Ok(()));
        assert!(matches!(run("exit 130", 1), Err(DeliveryError::Retry(_)))); // `kill -2` may be ignored, as under nohup
    }

    #[test]
    fn a_long_last_line_is_cut() {
        let mut last = LastLine::default();
        last.add(b"first\n\n");
        last.add(&[b'x'; 2 * LINE_BYTES]);
        assert_eq!(last.0.len(), LINE_BYTES);
    }
}
