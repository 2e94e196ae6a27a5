//! Pass 5: chooses the scanner of an input.

use crate::data::{Framing, Scanner, SlotSet};
use crate::decode::scanners::{CountScanner, LineScanner, SearchScanner};
use crate::stage::RequiredText;

use super::logical::SourceSlots;
use super::{Metadata, RowStep};

/// How the scanner reads records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Records are only counted.
    Counted,
    /// Every line.
    Lines,
    /// Only lines that contain this text.
    Searched(String),
    /// The first stage reads raw bytes.
    Raw,
}

/// The metadata slots that are read.
pub(super) fn metadata(source: &SourceSlots, live: &SlotSet) -> Metadata {
    let wanted = |slot| live.contains(slot).then_some(slot);
    Metadata {
        source: wanted(source.source),
        number: wanted(source.number),
        time: wanted(source.time),
        arrival: wanted(source.arrival).filter(|arrival| *arrival != source.time),
        header: wanted(source.header),
        message: source.message.map(|slots| slots.map(wanted)).unwrap_or_default(),
    }
}

/// The scanner of an input.
pub(super) struct ChosenScanner {
    pub(super) scanner: Box<dyn Scanner>,
    pub(super) scanned: Scanned,
    /// True if it does the work of the first step.
    pub(super) replaces_first: bool,
}

/// Chooses the scanner that does the most work: the first step's own, a search for a text that it requires, lines, or
/// only a count. Records that are framed in a way no stage asked for (`is_foreign`) must be found first.
pub(super) fn choose_scanner(
    source: &SourceSlots,
    framing: Framing,
    is_foreign: bool,
    metadata: Metadata,
    first: Option<&RowStep>,
    live: &SlotSet,
) -> ChosenScanner {
    // Any scanner can set the arrival time.
    let only_time = Metadata { time: metadata.time, arrival: metadata.arrival, ..Metadata::default() };
    if metadata == only_time
        && !is_foreign
        && let Some(step) = first
    {
        if let Some(RequiredText { text, is_all }) = step.stage.required(source.line) {
            let read = if is_all { &step.live } else { live };
            let reads_line = read.contains(source.line) || metadata.reads_arrival();
            let line = reads_line.then_some(source.line);
            if let Some(scanner) = SearchScanner::new(&text, line, !is_all) {
                let scanned = Scanned::Searched(String::from_utf8_lossy(&text).into_owned());
                return ChosenScanner { scanner: Box::new(scanner), scanned, replaces_first: is_all };
            }
        }
        let mut live = step.live.clone();
        live.remove(source.time);
        live.remove(source.arrival);
        if let Some(scanner) = step.stage.scanner(source.line, &live) {
            return ChosenScanner { scanner, scanned: Scanned::Raw, replaces_first: true };
        }
    }
    let (scanner, scanned): (Box<dyn Scanner>, _) = match is_foreign || live.contains(source.line) {
        true => (Box::new(LineScanner { line: source.line, framing }), Scanned::Lines),
        false => (Box::new(CountScanner), Scanned::Counted),
    };
    ChosenScanner { scanner, scanned, replaces_first: false }
}
