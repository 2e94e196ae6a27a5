//! Watermarks as bytes.

use super::{ChunkTimes, SourceClock, SourceWatermark, Watermark, WatermarkBasis};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{HeapBytes, buffer_bytes};

impl Persist for SourceClock {
    fn save(&self, out: &mut Vec<u8>) {
        let SourceClock { watermark, largest, candidate, others, late, max_jump } = *self;
        [watermark, largest, candidate, others, late, max_jump].iter().for_each(|ns| ns.save(out));
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(SourceClock {
            watermark: i64::load(input)?,
            largest: i64::load(input)?,
            candidate: i64::load(input)?,
            others: i64::load(input)?,
            late: i64::load(input)?,
            max_jump: i64::load(input)?,
        })
    }
}

impl Persist for SourceWatermark {
    fn save(&self, out: &mut Vec<u8>) {
        self.largest.save(out);
        self.candidate.save(out);
        self.idle.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(SourceWatermark { largest: i64::load(input)?, candidate: i64::load(input)?, idle: Option::load(input)? })
    }
}

/// The basis, the lateness, the limit of jumps and the idle time are settings of the plan.
impl Stateful for Watermark {
    fn save_state(&self, out: &mut Vec<u8>) {
        (self.sources.len() as u64).save(out);
        for (number, source) in &self.sources {
            (*number as u64).save(out);
            source.save(out);
        }
        self.ended.save(out);
        self.read_ns.save(out);
        self.watermark.save(out);
        self.rows.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.sources.clear();
        for _ in 0..input.length(SOURCE_BYTES)? {
            let number = usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged)?;
            let is_sorted = self.sources.last_key_value().is_none_or(|(last, _)| *last < number);
            if !is_sorted {
                return Err(StateError::Damaged);
            }
            self.sources.insert(number, SourceWatermark::load(input)?);
        }
        self.ended = i64::load(input)?;
        self.read_ns = i64::load(input)?;
        self.watermark = i64::load(input)?;
        self.rows = u64::load(input)?;
        let of_rows = || i64::try_from(self.rows).ok().and_then(|rows| rows.checked_add(1));
        let is_sound = match self.by {
            WatermarkBasis::Rows => of_rows() == Some(self.watermark),
            WatermarkBasis::Arrival | WatermarkBasis::Level | WatermarkBasis::Time => of_rows().is_some(),
        };
        if is_sound { Ok(()) } else { Err(StateError::Damaged) }
    }
}

/// The least bytes of a source: its number, two times, and whether it is idle.
const SOURCE_BYTES: usize = 8 + 8 + 8 + 1;

impl HeapBytes for SourceWatermark {
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl HeapBytes for Watermark {
    fn heap_bytes(&self) -> usize {
        self.sources.heap_bytes()
    }
}

impl HeapBytes for ChunkTimes {
    fn heap_bytes(&self) -> usize {
        buffer_bytes(&self.times)
    }
}
