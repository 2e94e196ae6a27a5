//! A partial line at the end of a rotated file. The rest of the line may still be written to the old file, and the
//! whole line is one record that precedes those of the new file.

use std::time::{Duration, Instant};

use super::Stopped;
use super::event_loop::EventLoop;
use super::followed::Followed;
use super::source_state::SourceKind;
use crate::engine::message::SourceIndex;

/// How long the records of a new file wait for the rest of a line in the previous file.
const HALF_LINE: Duration = Duration::from_millis(500);

impl EventLoop<'_> {
    /// True if a file has to wait because the previous file ends with a partial line.
    pub(super) fn is_held_back(
        &mut self,
        followed: &mut Followed,
        index: usize,
        now: Instant,
    ) -> Result<bool, Stopped> {
        if !followed.parts[index].has_more() {
            return Ok(false);
        }
        let framing = self.reader.framing(followed.source);
        let is_late = followed.hold.is_some_and(|until| until <= now);
        let mut is_unfinished = false;
        for part in &mut followed.parts[..index] {
            if part.is_unfinished(framing) && !is_late {
                is_unfinished = true;
            } else {
                self.reader.close_all(&mut part.buffer)?;
            }
        }
        if let Some(before) = followed.before {
            is_unfinished |= self.is_before_unfinished(before, is_late)?;
        }
        if !is_unfinished {
            (followed.hold, followed.before) = (None, None);
            return Ok(false);
        }
        let until = *followed.hold.get_or_insert(now + HALF_LINE);
        self.timers.look_at(until);
        Ok(true)
    }

    /// Reads the file that had the name before to its end; returns true if its last line may continue.
    fn is_before_unfinished(&mut self, (token, source): (usize, SourceIndex), is_late: bool) -> Result<bool, Stopped> {
        let Some(mut slot) = self.slots.get_mut(token).and_then(Option::take) else {
            return Ok(false);
        };
        let mut is_unfinished = false;
        let mut read = Ok(());
        if let (SourceKind::Followed(before), true) = (&mut slot.kind, slot.source == source) {
            let framing = self.reader.framing(source);
            for index in 0..before.parts.len() {
                while read.is_ok() && before.parts[index].is_own && before.parts[index].has_more() {
                    match self.read_part(before, index) {
                        Ok((true, _)) => {}
                        Ok((false, _)) => break,
                        Err(stopped) => read = Err(stopped),
                    }
                }
                let part = &mut before.parts[index];
                if part.is_unfinished(framing) && !is_late {
                    is_unfinished = true;
                } else if read.is_ok() {
                    read = self.reader.close_all(&mut part.buffer);
                }
            }
        }
        self.slots[token] = Some(slot);
        read.map(|()| is_unfinished)
    }
}
