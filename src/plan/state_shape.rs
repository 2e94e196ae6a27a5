//! The part of a pipeline that shapes the state of a run: later stages may be others when a stream goes on.

use std::fmt::Write;

use super::MergeStep;
use crate::data::SlotSet;

/// How the stages up to the last blocking one keep their state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateShape {
    /// Where the last stage with a state ends in the expression, in bytes.
    pub end: usize,
    /// The steps with a state, with the slots of the rows that they keep. Stages after `end` change it if they need other
    /// columns or fewer rows.
    pub layout: String,
}

impl StateShape {
    /// Returns the shape of these steps. `ends` are the ends of the stages as written, and `windowed` are the slots of records that are assigned to windows. `None` if no
    /// step is blocking: then all stages shape the state.
    pub(super) fn of(ends: &[usize], steps: &[(usize, MergeStep)], windowed: &SlotSet) -> Option<StateShape> {
        let last = steps.iter().rposition(|(_, step)| step.is_blocking())?;
        let (stage, _) = steps.get(last)?;
        let end = *ends.get(*stage)?;
        let mut layout = slots(windowed);
        for (index, step) in &steps[..=last] {
            let kept = match step {
                MergeStep::Rows(_) => continue,
                MergeStep::Ordered(stage, live) => format!("{}, {}", slots(live), stage.memory()),
                MergeStep::Grouped(_) => "groups".to_owned(),
            };
            let _ = write!(layout, "; {index}: {kept}");
        }
        Some(StateShape { end, layout })
    }
}

fn slots(slots: &SlotSet) -> String {
    slots.iter().map(|slot| slot.0.to_string()).collect::<Vec<_>>().join(",")
}
