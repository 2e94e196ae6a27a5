//! The lengths of the files that a run writes: after a crash, what came after the last snapshot is cut off.

use crate::data::FileId;
use crate::data::persist::{Persist, StateError, StateReader};

/// The lengths of the outputs that are regular files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OutputPositions(pub(super) Vec<(FileId, u64)>);

impl OutputPositions {
    /// The length of a file, if it was one of the outputs.
    pub(super) fn of(&self, file: FileId) -> Option<u64> {
        self.0.iter().find(|(known, _)| *known == file).map(|(_, length)| *length)
    }
}

impl Persist for OutputPositions {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Vec::load(input).map(OutputPositions)
    }
}
