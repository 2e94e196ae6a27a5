//! Observations of a run about its data, apart from results: which fields occurred, which comparisons met comparable
//! values, the first header. A later run of the same stream goes on with them.

use crate::data::persist::{Persist, StateError, StateReader};

use super::Plan;

impl Plan {
    /// Appends what was observed so far.
    pub fn save_observations(&self, out: &mut Vec<u8>) {
        self.watched.iter().map(|(_, seen)| (seen.get(), seen.was_looked_for())).collect::<Vec<_>>().save(out);
        self.comparisons.iter().map(|(_, met)| met.was_comparable()).collect::<Vec<_>>().save(out);
        let first_line = self.output.first_line.as_ref().and_then(|line| line.get());
        first_line.cloned().save(out);
    }

    /// Adds what an earlier run with an equal plan has observed.
    pub fn load_observations(&self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let seen = Vec::<(bool, bool)>::load(input)?;
        let comparable = Vec::<bool>::load(input)?;
        if seen.len() != self.watched.len() || comparable.len() != self.comparisons.len() {
            return Err(StateError::Damaged);
        }
        for ((_, watched), (was_there, was_looked_for)) in self.watched.iter().zip(seen) {
            if was_there {
                watched.set();
            }
            if was_looked_for {
                watched.set_looked_for();
            }
        }
        let met = self.comparisons.iter().zip(comparable).filter(|(_, is_comparable)| *is_comparable);
        met.for_each(|((_, met), _)| met.set_comparable());
        match (Option::<Vec<u8>>::load(input)?, &self.output.first_line) {
            (Some(line), Some(first)) => {
                first.get_or_init(|| line);
                Ok(())
            }
            (Some(_), None) => Err(StateError::Damaged),
            (None, _) => Ok(()),
        }
    }
}
