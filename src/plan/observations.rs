//! Observations of a run about its data, apart from results: which fields occurred, which comparisons met comparable
//! values, the first header. A later run of the same stream goes on with them.

use crate::data::persist::{Persist, StateError, StateReader};

use super::Plan;

impl Plan {
    /// Appends what was observed so far.
    pub fn save_observations(&self, out: &mut Vec<u8>) {
        let watched = self.watched.iter().map(|(name, seen)| (name.clone(), (seen.get(), seen.was_looked_for())));
        watched.collect::<Vec<_>>().save(out);
        let met = self.comparisons.iter().filter(|(_, met)| met.was_comparable());
        met.map(|(texts, _)| texts.to_vec()).collect::<Vec<_>>().save(out);
        let first_line = self.output.first_line.as_ref().and_then(|line| line.get());
        first_line.cloned().save(out);
    }

    /// Adds what an earlier run has observed. Its stages after the last one with a state may have been others.
    pub fn load_observations(&self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let seen = Vec::<(String, (bool, bool))>::load(input)?;
        let comparable = Vec::<Vec<String>>::load(input)?;
        let mut is_taken = vec![false; seen.len()];
        for (name, watched) in &self.watched {
            // A name may be watched more than once, in order.
            let mut same = seen.iter().zip(&mut is_taken);
            let Some(((_, (was_there, was_looked_for)), is_taken)) =
                same.find(|((other, _), is_taken)| other == name && !**is_taken)
            else {
                continue;
            };
            *is_taken = true;
            if *was_there {
                watched.set();
            }
            if *was_looked_for {
                watched.set_looked_for();
            }
        }
        let met = self.comparisons.iter().filter(|(texts, _)| comparable.iter().any(|other| other[..] == texts[..]));
        met.for_each(|(_, met)| met.set_comparable());
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
