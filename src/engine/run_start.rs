//! The stream that the runs with one checkpoint read, one after another: where a run begins.

use std::collections::HashSet;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::bounded;

use crate::checkpoint::Checkpoint;
use crate::data::FileId;
use crate::data::persist::{Persist, StateError};
use crate::plan::Plan;
use crate::sink::{Sink, SinkError};
use crate::source;

use super::Job;
use super::commit::{CheckpointJob, Committer, SavedSources, StreamPosition, continues};
use super::control::Control;
use super::cut_off;
use super::input_log::{InputLog, LogRecord, os_name, outputs_record};
use super::message::SourceIndex;
use super::offsets::Offsets;
use super::output_positions::OutputPositions;
use super::reader::{LoggedRecords, StreamSetup};
use super::restored_state::{RestoredState, state_error};
use super::say::say;
use super::shared_state::SharedState;
use super::sources::Sources;

/// Sources that are added to those of the command line have numbers from here on, so that a later run may have more of
/// the latter.
const FIRST_ADDED: usize = 1 << 20;

/// Where a run begins.
pub(super) struct RunStart {
    pub(super) sources: Arc<Sources>,
    pub(super) shared: SharedState,
    pub(super) position: StreamPosition,
    /// The reader's part, with a checkpoint.
    pub(super) reading: Option<StreamSetup>,
    /// The coordinator's part, with a checkpoint.
    pub(super) commits: Option<Commits>,
}

/// The coordinator's part of a run with a checkpoint.
pub(super) struct Commits {
    pub(super) committer: Committer,
    /// The results of earlier runs begin with a header, and those of this run follow them.
    pub(super) has_header: bool,
    /// The positions in the sources.
    pub(super) offsets: Offsets,
    /// The state that earlier runs have left; that of the workers was read.
    pub(super) restored: Option<RestoredState>,
    /// How often the state is committed.
    pub(super) every: Duration,
    /// The number of the first chunk of this run.
    pub(super) begins_at: u64,
    /// The directory, for messages.
    pub(super) name: String,
}

impl RunStart {
    /// Begins a run: loads the state that earlier runs have left. Adds their sources to the job.
    pub(super) fn begin(
        plan: &Plan,
        job: &mut Job,
        sink: &mut Sink,
        control: &Arc<Control>,
    ) -> Result<RunStart, String> {
        match job.checkpoint.take() {
            Some(checkpoint) => RunStart::go_on(plan, job, sink, control, checkpoint),
            None => Ok(RunStart {
                sources: Sources::new(&job.sources, &job.inputs),
                shared: SharedState::new(plan, job),
                position: StreamPosition::START,
                reading: None,
                commits: None,
            }),
        }
    }

    fn go_on(
        plan: &Plan,
        job: &mut Job,
        sink: &mut Sink,
        control: &Arc<Control>,
        checkpoint: CheckpointJob,
    ) -> Result<RunStart, String> {
        let CheckpointJob { checkpoint, recovery, name, every, journal, finish, .. } = checkpoint;
        let opened = recovery.snapshot.map(RestoredState::open).transpose().map_err(|error| error.message(&name))?;
        let (head, mut restored) = opened.flatten().unzip();
        let is_resumed = head.is_some();
        if head.as_ref().is_some_and(|head| head.is_finished) {
            return Err(format!(
                "{name}: its stream was ended by --finish\n  = help: --checkpoint-reset begins another one"
            ));
        }
        let absent = head.as_ref().map(|head| add_sources(job, &head.sources)).unwrap_or_default();
        let sources = Sources::new(&job.sources, &job.inputs);
        sources.number_from(FIRST_ADDED);
        let mut shared = SharedState::new(plan, job);
        let mut has_header = false;
        let mut position = StreamPosition::START;
        let mut offsets = Offsets::default();
        if let (Some(head), Some(restored)) = (&head, &mut restored) {
            for (index, (source, by)) in &head.sources.added {
                sources.add_again(os_name(source), *by, *index);
            }
            // A result over everything read so far is a table of its own.
            let is_streamed = !plan.is_blocking();
            let follows = is_streamed && continues(&head.outputs, sink.position());
            has_header = follows && head.has_header;
            if is_streamed && !job.quiet {
                note_lost_results(&head.outputs, sink.position());
            }
            position = head.position;
            let mut input = restored.rest();
            let damaged = |error: StateError| state_error(&name, &error);
            shared.load_state(plan, position.sequence, follows, &mut input).map_err(damaged)?;
            offsets = Offsets::load(&mut input).map_err(damaged)?;
            let left = input.left();
            restored.read_up_to(left);
        }
        let mut records: LoggedRecords = Box::new(recovery.log.map(|record| record.map_err(String::from)));
        if let Some(first) = records.next().transpose()? {
            if let Ok(LogRecord::Outputs(outputs)) = LogRecord::read(&first) {
                cut_outputs(&outputs, job, sink, &checkpoint)?;
            }
            records = Box::new(std::iter::once(Ok(first)).chain(records));
        } else if !is_resumed {
            checkpoint.begin_log(0)?;
        }
        let (go_on, passed) = bounded(1);
        let outputs = outputs_record(&output_positions(job, sink));
        let times = (every, control.now());
        let log = InputLog::new(Arc::clone(&checkpoint), Arc::clone(&sources), journal, outputs, times);
        let pace = log.pace();
        let reading = StreamSetup { log: (log, passed), logged: records, offsets: offsets.clone(), absent, is_resumed };
        let committer = Committer::new(checkpoint, go_on, Arc::clone(control.clock()), pace, finish);
        let begins_at = position.sequence;
        let commits = Commits { committer, has_header, offsets, restored, every, begins_at, name };
        Ok(RunStart { sources, shared, position, reading: Some(reading), commits: Some(commits) })
    }
}

/// Puts the sources of earlier runs before those that only this run has, in their order; returns those that this run
/// does not have.
fn add_sources(job: &mut Job, saved: &SavedSources) -> HashSet<SourceIndex> {
    let mut given: Vec<Option<(OsString, usize)>> =
        std::mem::take(&mut job.sources).into_iter().zip(std::mem::take(&mut job.inputs)).map(Some).collect();
    let mut absent = HashSet::new();
    for (index, (name, input)) in saved.written.iter().enumerate() {
        let input = usize::try_from(*input).unwrap_or_default();
        let identity = source::identity(os_name(name));
        let is_same = |given: &(OsString, usize)| source::identity(&given.0) == identity && given.1 == input;
        let found = given.iter_mut().find(|given| given.as_ref().is_some_and(is_same)).and_then(Option::take);
        if found.is_none() {
            absent.insert(SourceIndex(index));
        }
        let (name, input) = found.unwrap_or_else(|| (os_name(name).to_owned(), input));
        job.sources.push(name);
        job.inputs.push(input);
    }
    for (name, input) in given.into_iter().flatten() {
        job.sources.push(name);
        job.inputs.push(input);
    }
    absent
}

/// The lengths of the outputs that are regular files.
fn output_positions(job: &mut Job, sink: &Sink) -> OutputPositions {
    let lines = job.rejects.iter_mut().chain(&mut job.late).map(|file| file.position());
    let targets = job.targets.targets.iter_mut().map(|target| target.sink.position());
    OutputPositions(std::iter::once(sink.position()).chain(lines).chain(targets).flatten().collect())
}

/// Says that results of earlier runs are missing: `>` has emptied their file, which `>>` does not.
fn note_lost_results(outputs: &OutputPositions, output: Option<(FileId, u64)>) {
    if let Some((file, length)) = output
        && let Some(lost) = outputs.of(file).and_then(|before| before.checked_sub(length)).filter(|lost| *lost > 0)
    {
        say(format_args!(
            "note: standard output is {lost} bytes shorter than after the last run, whose results are not printed again; \
             write >> FILE to append"
        ));
    }
}

/// Cuts off what a run that crashed has written after its last commit.
fn cut_outputs(
    outputs: &OutputPositions,
    job: &mut Job,
    sink: &mut Sink,
    checkpoint: &Checkpoint,
) -> Result<(), String> {
    let longer = |position: Option<(FileId, u64)>| {
        let (file, length) = position?;
        outputs.of(file).filter(|committed| *committed < length)
    };
    let position = sink.position();
    if let Some(length) = longer(position) {
        cut_off::keep(checkpoint, sink, length)?;
    }
    if let Some(length) = longer(position) {
        let written = position.map_or(0, |(_, written)| written - length);
        if !job.quiet {
            say(format_args!(
                "note: the last run was interrupted: {written} bytes of results after its last commit are printed again"
            ));
        }
        sink.cut(length).map_err(|error| match error {
            SinkError::Failed(reason) => reason,
            SinkError::Closed => "standard output is closed".to_owned(),
        })?;
    }
    for file in job.rejects.iter_mut().chain(&mut job.late) {
        if let Some(length) = longer(file.position()) {
            file.cut(length);
        }
    }
    for target in &mut job.targets.targets {
        if let Some(length) = longer(target.sink.position()) {
            target.sink.cut(length)?;
        }
    }
    Ok(())
}
