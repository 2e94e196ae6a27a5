//! Fields that a target names while the data define the fields: a misspelt one would be null in every row.

use super::SinkBatch;
use crate::data::{Batch, Column, OutputColumns};
use crate::lang::suggest::did_you_mean;

/// Fields that a target names, until rows were seen that could have them.
#[derive(Debug, Default)]
pub(super) struct NamedFields {
    unseen: Vec<String>,
}

impl NamedFields {
    /// The named fields that may be missing: none if the columns are known, because then they were checked.
    pub(super) fn new<'n>(columns: &OutputColumns, named: impl IntoIterator<Item = &'n str>) -> NamedFields {
        let is_open = |name: &&str| columns.whole.is_some() && !columns.named.iter().any(|own| own.name == *name);
        let mut unseen: Vec<String> = Vec::new();
        for name in named.into_iter().filter(is_open) {
            if !unseen.iter().any(|seen| seen == name) {
                unseen.push(name.to_owned());
            }
        }
        NamedFields { unseen }
    }

    /// Looks for the fields in a batch. After the first one with rows, returns a note for each field that none of them has.
    pub(super) fn look(&mut self, columns: &OutputColumns, batch: &SinkBatch) -> Vec<String> {
        if self.unseen.is_empty() || batch.rows() == 0 {
            return Vec::new();
        }
        let mut others: Vec<String> = Vec::new();
        for rows in batch.results.iter().flat_map(|result| &result.rows) {
            self.look_at(columns, rows, &mut others);
            if self.unseen.is_empty() {
                return Vec::new();
            }
        }
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let note = |name: String| {
            let meant =
                did_you_mean(&name, &others).map_or(String::new(), |close| format!("; did you mean `{close}`?"));
            format!("no row of the first batch has the field `{name}`, so it is null{meant}")
        };
        std::mem::take(&mut self.unseen).into_iter().map(note).collect()
    }

    fn look_at(&mut self, columns: &OutputColumns, rows: &Batch<'_>, others: &mut Vec<String>) {
        let mut see = |name: &[u8]| {
            self.unseen.retain(|unseen| unseen.as_bytes() != name);
            if !others.iter().any(|other| other.as_bytes() == name) {
                others.extend(str::from_utf8(name).ok().map(str::to_owned));
            }
        };
        if let Some(Column::Record(record)) = columns.whole.map(|whole| rows.column(whole)) {
            columns.names(record.names()).iter().for_each(|name| see(name));
            return;
        }
        for row in 0..rows.rows {
            columns.fields(rows, row).iter().for_each(|(name, _)| see(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Position, Slot, Value};
    use crate::sink::{ResultKind, SinkResult};

    fn rows(names: &[&str]) -> SinkBatch {
        let object = |name: &&str| Value::Object(vec![(name.as_bytes().to_vec(), Value::Int(1))]);
        let mut batch = Batch::new(names.len(), Position::default());
        batch.set(Slot(0), Column::Values(names.iter().map(object).collect()));
        SinkBatch { id: None, results: vec![SinkResult { kind: ResultKind::Rows, window: None, rows: vec![batch] }] }
    }

    #[test]
    fn a_field_that_no_row_has_is_noted_once() {
        let open = OutputColumns { whole: Some(Slot(0)), ..OutputColumns::default() };
        let mut fields = NamedFields::new(&open, ["paht", "host", "paht"]);
        assert!(fields.look(&open, &rows(&[])).is_empty(), "there are no rows yet");
        let note = "no row of the first batch has the field `paht`, so it is null; did you mean `path`?";
        assert_eq!(fields.look(&open, &rows(&["path", "host", "n"])), [note]);
        assert!(fields.look(&open, &rows(&["path"])).is_empty(), "it was said");
        let mut known = NamedFields::new(&OutputColumns::default(), ["paht"]);
        assert!(known.look(&OutputColumns::default(), &rows(&["path"])).is_empty());
    }
}
