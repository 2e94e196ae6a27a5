//! The name of a result: the same again if it is delivered again after a failure or a crash.

use super::{BatchId, DeliveryError, SinkBatch, SinkResult};
use crate::data::OutputColumns;

/// Names the results of a target, and knows which of a batch were delivered before a failure.
#[derive(Debug, Default)]
pub(super) struct ResultNames {
    /// Results so far that have arrived in this run.
    snapshots: u64,
    /// The results of the open batch that were delivered, and their rows.
    delivered: usize,
    delivered_rows: usize,
    columns: OutputColumns,
}

/// Calls `deliver` with each result of a batch and its name, see [`ResultNames::each`]. `names` are those of the sink.
pub(super) fn deliver_each<S>(
    sink: &mut S,
    names: fn(&mut S) -> &mut ResultNames,
    batch: &SinkBatch,
    mut deliver: impl FnMut(&mut S, &str, &SinkResult) -> Result<(), DeliveryError>,
) -> Result<(), DeliveryError> {
    let mut own = std::mem::take(names(sink));
    let delivered = own.each(batch, |name, result| deliver(sink, name, result));
    *names(sink) = own;
    delivered
}

impl ResultNames {
    /// Names of results with these columns.
    pub(super) fn new(columns: &OutputColumns) -> ResultNames {
        ResultNames { columns: columns.clone(), ..ResultNames::default() }
    }

    /// The rows of the open batch that were delivered.
    pub(super) fn delivered_rows(&self) -> usize {
        self.delivered_rows
    }

    /// Calls `deliver` with each result of a batch, split by windows, and its name; after an error, the next call goes on
    /// with the result that has failed.
    fn each<E>(
        &mut self,
        batch: &SinkBatch,
        mut deliver: impl FnMut(&str, &SinkResult) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut index, columns) = (0, &self.columns.clone());
        for result in &batch.results {
            let windows = if result.is_one_window(columns) { Vec::new() } else { result.clone().into_windows(columns) };
            let results = if windows.is_empty() { std::slice::from_ref(result) } else { &windows };
            for result in results.iter().filter(|result| !result.is_empty()) {
                if index >= self.delivered {
                    deliver(&self.name(batch.id, index), result)?;
                    self.delivered = index + 1;
                    self.delivered_rows += result.len();
                }
                index += 1;
            }
        }
        (self.delivered, self.delivered_rows) = (0, 0);
        self.snapshots += u64::from(batch.id.is_none());
        Ok(())
    }

    /// `42` for the first result of a batch, `42-1` for the next one; results so far have numbers of their own.
    fn name(&self, batch: Option<BatchId>, index: usize) -> String {
        let number = match batch {
            Some(BatchId(number)) => number.to_string(),
            None => format!("snapshot-{}", self.snapshots),
        };
        if index == 0 { number } else { format!("{number}-{index}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::ResultKind;
    use crate::sink::testing::{batch, columns, int, of, time};

    #[test]
    fn names_are_those_of_the_first_attempt() {
        let columns = columns(&["*start", "*end", "n"]);
        let rows = |start: i64| batch(&[vec![time(start)], vec![time(start + 9)], vec![int(start)]]);
        let windows = of(42, ResultKind::Final, vec![rows(0), rows(10), rows(20)]);
        let mut names = ResultNames::new(&columns);
        let mut seen = Vec::new();
        let mut fails = true;
        for _ in 0..2 {
            let _ = names.each(&windows, |name, result| {
                seen.push((name.to_owned(), result.window));
                if name == "42-1" && std::mem::take(&mut fails) { Err(()) } else { Ok(()) }
            });
        }
        let expected = [("42", (0, 9)), ("42-1", (10, 19)), ("42-1", (10, 19)), ("42-2", (20, 29))];
        assert_eq!(seen, expected.map(|(name, window)| (name.to_owned(), Some(window))));
        for number in 0..2 {
            let snapshot = of(0, ResultKind::Snapshot, vec![rows(0)]);
            let each = names.each(&snapshot, |name, _| {
                assert_eq!(name, format!("snapshot-{number}"));
                Ok::<(), ()>(())
            });
            assert_eq!(each, Ok(()));
        }
    }
}
