//! `--checkpoint DIR`: opens the directory, and refuses it if its state belongs to another expression.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::checkpoint::{Checkpoint, Holder, Recovery, reset};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Clock, format_duration};
use crate::engine::CheckpointJob;
use crate::lang;
use crate::lang::ast::{Pipeline, Stage};
use crate::plan::{Explanation, Plan, StateShape};
use crate::source;
use crate::stage::{StageRole, role_of};

use super::arguments::{GivenOption, Request, nanoseconds};
use super::report::{Status, eprint};

/// The default of `--checkpoint-every`.
const EVERY: Duration = Duration::from_secs(10);

/// Options that shape the state, with their values.
const SHAPING: &[&str] = &[
    "exact",
    "fill",
    "fill-limit",
    "forget",
    "formats-file",
    "max-jump",
    "max-line",
    "records",
    "seed",
    "strip-ansi",
    "tz",
    "year",
];

/// Options that shape the state if they are given; their values do not.
const SHAPING_IF_GIVEN: &[&str] = &["late", "rejects"];

/// Options that have no effect without `--checkpoint`.
const OF_CHECKPOINTS: &[&str] = &["checkpoint-every", "checkpoint-reset", "finish", "journal"];

/// Returns the error of options that cannot be combined.
pub(super) fn error(request: &Request) -> Option<String> {
    let mut given = request.given.iter().map(|(name, _)| *name);
    if request.checkpoint.is_none() {
        let name = given.find(|name| OF_CHECKPOINTS.contains(name))?;
        return Some(format!(
            "--{name}: has no effect without --checkpoint\n  = help: write --checkpoint DIR, or leave --{name} out"
        ));
    }
    let part = if request.merge {
        "--merge"
    } else if request.partial {
        "--partial"
    } else {
        return None;
    };
    Some(format!("--checkpoint: cannot be used with {part}\n  = help: leave one of them out"))
}

/// The expression and the options that shape a state.
#[derive(Debug)]
struct Manifest {
    expression: String,
    options: Vec<(String, Option<String>)>,
    /// Identifies the stream in databases and the like: 16 hexadecimal digits, chosen at random.
    stream: String,
    /// The stages with a state, and how they keep it; `None` if all stages shape it.
    state: Option<(String, String)>,
}

impl Manifest {
    fn of(request: &Request, expression: &str, plan: &Plan) -> Manifest {
        let parsed = lang::parse(expression).ok();
        let shape = parsed.as_ref().zip(plan.state_shape.as_ref());
        let canonical = parsed.as_ref().map(ToString::to_string);
        let option = |(name, value): &GivenOption| {
            let value = value.as_ref().map(|value| value.to_string_lossy().into_owned());
            match *name {
                name if SHAPING.contains(&name) => Some((name.to_owned(), value)),
                name if SHAPING_IF_GIVEN.contains(&name) => Some((name.to_owned(), None)),
                _ => None,
            }
        };
        // Without columns of its own, a plan has lines, or all fields for a format or a target.
        let has_fields = !plan.output.is_chosen && plan.output.lines.is_none();
        let fields = has_fields.then(|| ("output".to_owned(), None));
        let with = request.with.iter().map(|with| ("with".to_owned(), Some(with.name.clone())));
        Manifest {
            expression: canonical.unwrap_or_else(|| expression.to_owned()),
            state: shape.and_then(|(pipeline, shape)| Some((with_state(pipeline, shape)?, shape.layout.clone()))),
            options: request.given.iter().filter_map(option).chain(fields).chain(with).collect(),
            stream: format!("{:016x}", RandomState::new().hash_one(expression)), // its seeds are random
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.expression.save(&mut out);
        self.options.save(&mut out);
        self.stream.save(&mut out);
        self.state.save(&mut out);
        out
    }

    fn read(bytes: &[u8]) -> Result<Manifest, StateError> {
        let mut input = StateReader::new(bytes);
        let (expression, options) = (String::load(&mut input)?, Vec::load(&mut input)?);
        Ok(Manifest { expression, options, stream: String::load(&mut input)?, state: Option::load(&mut input)? })
    }

    fn is_same_state(&self, other: &Manifest) -> bool {
        let has_same_stages = self.state.is_some() && self.state == other.state;
        (self.expression == other.expression || has_same_stages) && self.options == other.options
    }

    /// The message that a directory was made for another expression or with other options.
    fn refusal(&self, saved: &Manifest, name: &str) -> String {
        let difference = if self.expression == saved.expression {
            let options = |manifest: &Manifest| match manifest.options.as_slice() {
                [] => "no such options".to_owned(),
                options => options.iter().map(written).collect::<Vec<_>>().join(" "),
            };
            let saved = options(saved);
            format!("other options that shape the state\n  saved: {saved}\n  given: {}", options(self))
        } else {
            let pairs = self.expression.chars().zip(saved.expression.chars());
            let same = pairs.take_while(|(given, saved)| given == saved).count();
            format!(
                "another expression\n  saved: {}\n  given: {}\n         {}^",
                saved.expression,
                self.expression,
                " ".repeat(same)
            )
        };
        format!(
            "{name}: its state was saved for {difference}\n  = help: run the saved one with --finish to end its stream, \
             give --checkpoint another directory,\n    or begin again with --checkpoint-reset, which keeps the state in \
             {name}.old"
        )
    }
}

/// The stages of a pipeline that shape its state, and its window. `None` if it has several windows: then all do.
fn with_state(pipeline: &Pipeline, shape: &StateShape) -> Option<String> {
    let is_window = |stage: &&Stage| role_of(stage) == StageRole::Window;
    let is_kept = |stage: &&Stage| stage.span.end <= shape.end || is_window(stage);
    let stages = pipeline.stages.iter().filter(is_kept).cloned().collect();
    (pipeline.stages.iter().filter(is_window).count() < 2).then(|| Pipeline { stages, ..pipeline.clone() }.to_string())
}

/// Adds to an explanation what the checkpoint of a request saves.
pub(super) fn explain(request: &Request, explanation: Explanation) -> Explanation {
    let Some(directory) = &request.checkpoint else {
        return explanation;
    };
    let mut every = String::new();
    format_duration(nanoseconds(request.checkpoint_every.unwrap_or(EVERY)), &mut every);
    explanation.with_checkpoint(&format!("to {}, every {every} and at the end", source::display(directory)))
}

/// An option as written.
fn written((name, value): &(String, Option<String>)) -> String {
    match value {
        Some(value) => format!("--{name} {value}"),
        None => format!("--{name}"),
    }
}

/// Opens the checkpoint of a request, if it has one; prints why that fails.
pub(super) fn open(
    request: &Request,
    expression: &str,
    plan: &Plan,
    clock: &dyn Clock,
) -> Result<Option<CheckpointJob>, Status> {
    let Some(directory) = &request.checkpoint else {
        return Ok(None);
    };
    let name = source::display(directory).into_owned();
    let path = Path::new(directory);
    let failed = |error: crate::checkpoint::CheckpointError| {
        eprint(error);
        Status::Failed
    };
    if request.checkpoint_reset
        && let Some(old) = reset(path).map_err(failed)?
        && !request.quiet
    {
        eprint(format_args!("note: the state of {name} is kept in {}", source::display(old.as_os_str())));
    }
    let holder = Holder { process: std::process::id(), began_ns: clock.wall_ns(), expression: expression.to_owned() };
    let mut checkpoint = Checkpoint::open_directory(path, &holder).map_err(failed)?;
    let mut manifest = Manifest::of(request, expression, plan);
    match checkpoint.manifest().map(Manifest::read) {
        None => {}
        Some(Ok(saved)) if saved.is_same_state(&manifest) => manifest = saved,
        Some(Ok(saved)) => {
            eprint(manifest.refusal(&saved, &name));
            return Err(Status::Wrong);
        }
        Some(Err(error)) => {
            eprint(format_args!("{name}: its manifest {error}\n  = help: begin again with --checkpoint-reset"));
            return Err(Status::Failed);
        }
    }
    let recovery: Recovery = checkpoint.recover().map_err(failed)?;
    if !request.quiet {
        recovery.damaged.iter().for_each(|error| eprint(format_args!("note: an older state is used\n  {error}")));
    }
    if checkpoint.manifest().is_none() {
        checkpoint.write_manifest(&manifest.to_bytes()).map_err(failed)?;
    }
    Ok(Some(CheckpointJob {
        checkpoint: Arc::new(checkpoint),
        recovery,
        name,
        stream: manifest.stream,
        every: request.checkpoint_every.unwrap_or(EVERY),
        journal: request.journal,
        finish: request.finish,
    }))
}
