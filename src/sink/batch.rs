//! The results of a batch, as sinks of rows receive them.

use crate::data::{Batch, Column, OutputColumns, ValueRef};

/// The number of a batch of results. A sink sees growing numbers, each at most once. Between two of them there may be
/// batches without results.
///
/// The engine numbers the batches that it merges; a run with a checkpoint that goes on after a crash gives the same
/// results the same numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchId(pub u64);

impl BatchId {
    /// The most batches between two records, plus one.
    const QUIET: u64 = 1_000_000;

    /// The batch that ends after these records of the stream and these further chunks, which have none: time may pass
    /// without records. A run that goes on after a crash counts both as the crashed one did.
    pub fn after(records: u64, quiet_chunks: u64) -> BatchId {
        BatchId(records * BatchId::QUIET + quiet_chunks.min(BatchId::QUIET - 2))
    }

    /// The results that a run adds when its input has ended after these records. They are the same for a later run that
    /// has read no more.
    pub fn at_end(records: u64) -> BatchId {
        BatchId(records * BatchId::QUIET + BatchId::QUIET - 1)
    }
}

/// Results that are delivered together: all of them, or none.
#[derive(Debug)]
pub struct SinkBatch {
    /// The number of the batch; `None` if its results are provisional and may be delivered again in another form.
    pub id: Option<BatchId>,
    /// At least one.
    pub results: Vec<SinkResult>,
}

/// One result.
#[derive(Clone, Debug)]
pub struct SinkResult {
    /// The meaning of the rows.
    pub kind: ResultKind,
    /// The bounds of the window, in nanoseconds since 1970.
    pub window: Option<(i64, i64)>,
    /// The rows, in order.
    pub rows: Vec<Batch<'static>>,
}

/// The meaning of the rows of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultKind {
    /// The next rows of a stream: all rows together are the result.
    Rows,
    /// A whole result, of a window or of everything read so far.
    Final,
    /// A result so far: a later one replaces it.
    Snapshot,
}

impl SinkResult {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.iter().map(|batch| batch.rows).sum()
    }

    /// True if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(|batch| batch.rows == 0)
    }
}

impl SinkBatch {
    /// The number of rows of all results.
    pub fn rows(&self) -> usize {
        self.results.iter().map(SinkResult::len).sum()
    }
}

/// The bounds of the window that these rows belong to, if they are times, and those of one window.
///
/// # Panics
/// If there are no rows.
pub fn window_of(columns: &OutputColumns, rows: &Batch<'_>) -> Option<(i64, i64)> {
    let bounds = bounds_of(columns, rows, 0);
    let [ValueRef::Time(start), ValueRef::Time(end)] = bounds.as_slice() else {
        return None;
    };
    ends_of_windows(columns, rows).eq([rows.rows]).then_some((*start, *end))
}

/// True if the last row of one batch and the first row of the next one belong to the same window, or to none.
///
/// # Panics
/// If one of them has no rows.
pub fn is_same_window(columns: &OutputColumns, last: &Batch<'_>, next: &Batch<'_>) -> bool {
    bounds_of(columns, last, last.rows - 1) == bounds_of(columns, next, 0)
}

/// The bounds of a row's window: start and end, unless they are not printed.
pub(super) fn bounds_of<'b>(columns: &OutputColumns, rows: &'b Batch<'_>, row: usize) -> Vec<ValueRef<'b>> {
    let bounds = columns.named.iter().filter(|column| column.is_bound);
    bounds.map(|column| rows.column(column.slot).get(row)).collect()
}

/// The end of each run of rows that belong to one window.
fn ends_of_windows<'b>(columns: &OutputColumns, rows: &'b Batch<'_>) -> impl Iterator<Item = usize> {
    let varying: Vec<&Column<'b>> = columns
        .named
        .iter()
        .filter(|column| column.is_bound)
        .map(|column| rows.column(column.slot))
        .filter(|column| !matches!(column, Column::Constant(..)))
        .collect();
    let differs = move |row: usize| varying.iter().any(|column| column.get(row - 1) != column.get(row));
    (1..rows.rows).filter(move |row| differs(*row)).chain([rows.rows])
}

impl SinkResult {
    /// True if all rows belong to one window, or to none.
    pub(super) fn is_one_window(&self, columns: &OutputColumns) -> bool {
        let batches: Vec<&Batch<'static>> = self.rows.iter().filter(|batch| batch.rows > 0).collect();
        batches.iter().all(|batch| ends_of_windows(columns, batch).eq([batch.rows]))
            && batches.windows(2).all(|pair| is_same_window(columns, pair[0], pair[1]))
    }

    /// Splits a result at the ends of windows: those of sessions come together.
    pub(super) fn into_windows(self, columns: &OutputColumns) -> Vec<SinkResult> {
        let mut results: Vec<SinkResult> = Vec::new();
        for batch in self.rows.into_iter().filter(|batch| batch.rows > 0) {
            let ends: Vec<usize> = ends_of_windows(columns, &batch).collect();
            let mut start = 0;
            for end in &ends {
                let rows = match ends.as_slice() {
                    [_] => batch.clone(),
                    _ => {
                        let rows: Vec<u32> = (start as u32..*end as u32).collect();
                        batch.select(&rows, &columns.slots().collect())
                    }
                };
                start = *end;
                let last = results.last().and_then(|result| result.rows.last());
                let follows = last.is_some_and(|last| is_same_window(columns, last, &rows));
                match results.last_mut().filter(|_| follows) {
                    Some(result) => result.rows.push(rows),
                    None => {
                        let window = window_of(columns, &rows);
                        results.push(SinkResult { kind: self.kind, window, rows: vec![rows] });
                    }
                }
            }
        }
        results
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::testing::{batch, columns, int, text, time};

    #[test]
    fn rows_are_split_where_the_window_changes() {
        let columns = columns(&["*start", "*end", "word"]);
        let rows = |starts: &[i64]| {
            let all = |make: &dyn Fn(i64) -> crate::data::Value| starts.iter().map(|start| make(*start)).collect();
            batch(&[all(&|start| time(start)), all(&|start| time(start + 9)), all(&|_| text("w"))])
        };
        let result = |rows| SinkResult { kind: ResultKind::Final, window: None, rows };
        let split = |result: SinkResult| -> Vec<(Option<(i64, i64)>, usize)> {
            result.into_windows(&columns).iter().map(|result| (result.window, result.len())).collect()
        };
        assert_eq!(window_of(&columns, &rows(&[10, 10])), Some((10, 19)));
        assert_eq!(window_of(&columns, &rows(&[10, 20])), None);
        let sessions = result(vec![rows(&[10, 10, 20]), rows(&[20, 30]), rows(&[])]);
        assert_eq!(split(sessions), [(Some((10, 19)), 2), (Some((20, 29)), 2), (Some((30, 39)), 1)]);
        assert!(split(result(vec![rows(&[])])).is_empty());
    }

    #[test]
    fn windows_of_rows_have_numbers() {
        let columns = columns(&["*start", "*end"]);
        let rows = |start: i64| batch(&[vec![int(start)], vec![int(start + 6)]]);
        assert_eq!(window_of(&columns, &rows(1)), None);
        assert!(is_same_window(&columns, &rows(1), &rows(1)) && !is_same_window(&columns, &rows(1), &rows(8)));
    }
}
