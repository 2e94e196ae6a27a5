//! Groups records by the header of their source.

use super::Decoded;
use crate::data::{Column, ColumnBuilder, TextColumn, ValueRef};

/// Reads runs of texts that have the same header: one run, unless the batch has records of several sources. `columns`
/// is the number of columns that `read` makes.
pub(super) fn by_header<'a>(
    columns: usize,
    headers: &Column<'_>,
    texts: &TextColumn<'a>,
    read: impl Fn(ValueRef<'_>, &TextColumn<'a>) -> Decoded<'a>,
) -> Decoded<'a> {
    if let Column::Constant(header, _) = headers {
        return read(header.borrow(), texts);
    }
    let rows = texts.spans.len();
    let mut builders: Vec<ColumnBuilder> = (0..columns).map(|_| ColumnBuilder::new(rows)).collect();
    let mut rejected = Vec::new();
    let mut start = 0;
    while start < rows {
        let header = headers.get(start);
        let same = (start..rows).take_while(|row| headers.get(*row) == header);
        let end = start + same.count();
        let run = TextColumn { bytes: texts.bytes.clone(), spans: texts.spans[start..end].to_vec() };
        let decoded = read(header, &run);
        for (builder, column) in builders.iter_mut().zip(&decoded.columns) {
            (0..column.len()).for_each(|row| builder.push(column.get(row)));
        }
        let at = |(row, reason)| (row + start as u32, reason);
        rejected.extend(decoded.rejected.into_iter().map(at));
        start = end;
    }
    Decoded { columns: builders.into_iter().map(ColumnBuilder::finish).collect(), rejected }
}
