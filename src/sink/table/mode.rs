//! Which rows of the table a result replaces.

use crate::sink::SinkSettings;

/// The fate of the rows that the table has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sink) enum TableMode {
    /// Rows are added. Results so far are left out.
    Append,
    /// A row replaces the one with the same values in these columns, which are unique. No row is deleted.
    Upsert(Vec<String>),
    /// The rows of a window, and in it those of a group, are replaced together; these columns identify them. They may not
    /// be unique: `sort n | limit 10` has ten rows without a group.
    Windows(Vec<String>),
    /// The table holds the latest result.
    Whole,
}

impl TableMode {
    /// Chooses the mode; `key` is the option of the target. An error is a sentence.
    pub(in crate::sink) fn choose(settings: &SinkSettings, key: Option<&[String]>) -> Result<TableMode, String> {
        let columns = &settings.columns;
        if let Some(key) = key {
            let is_known =
                |name: &&String| columns.whole.is_some() || columns.named.iter().any(|column| column.name == **name);
            return match key.iter().find(|name| !is_known(name)) {
                Some(name) => {
                    let names: Vec<&str> = columns.named.iter().map(|column| column.name.as_str()).collect();
                    Err(format!("key={name}: the result has no such column; it has {}", names.join(", ")))
                }
                None if key.is_empty() => Ok(TableMode::Append),
                None => Ok(TableMode::Upsert(key.to_vec())),
            };
        }
        if settings.changed {
            return Err(
                "holds whole results, not only the rows that have changed\n  = help: write ?key=COLUMN,… to update these \
                 rows, or leave --changed out"
                    .to_owned(),
            );
        }
        if !settings.is_streamed {
            return Ok(TableMode::Whole);
        }
        let bounds = columns.named.iter().filter(|column| column.is_bound);
        let keys = columns.named.iter().filter(|column| column.is_key && !column.is_bound);
        Ok(match bounds.clone().count() {
            2 => TableMode::Windows(bounds.chain(keys).map(|column| column.name.clone()).collect()),
            _ => TableMode::Append,
        })
    }

    /// True if a batch that is written again adds its rows again, so that the table must know which batches it has. In the
    /// other modes rows replace themselves; and there a later run must write final rows again, because its results so far
    /// may have replaced them.
    pub(in crate::sink) fn needs_numbers(&self) -> bool {
        *self == TableMode::Append
    }

    /// The columns that identify rows; empty if none do.
    pub(in crate::sink) fn key(&self) -> &[String] {
        match self {
            TableMode::Upsert(key) | TableMode::Windows(key) => key,
            TableMode::Append | TableMode::Whole => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{OutputColumn, OutputColumns, Slot};

    fn settings(names: &[(&str, bool, bool)], is_streamed: bool) -> SinkSettings {
        let column = |((name, is_key, is_bound), slot): (&(&str, bool, bool), u32)| OutputColumn {
            name: (*name).to_owned(),
            slot: Slot(slot),
            is_key: *is_key,
            is_bound: *is_bound,
        };
        let columns = OutputColumns { named: names.iter().zip(0..).map(column).collect(), ..OutputColumns::default() };
        SinkSettings { is_streamed, ..crate::sink::testing::settings(columns) }
    }

    #[test]
    fn the_result_decides_unless_a_key_is_given() {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let bounds = [("window_start", true, true), ("window_end", true, true)];
        let counts = [("path", true, false), ("count", false, false)];
        let windowed = settings(&[bounds, counts].concat(), true);
        let windows = TableMode::Windows(owned(&["window_start", "window_end", "path"]));
        assert_eq!(TableMode::choose(&windowed, None), Ok(windows));
        assert_eq!(TableMode::choose(&settings(&counts, true), None), Ok(TableMode::Append));
        assert_eq!(TableMode::choose(&settings(&counts, false), None), Ok(TableMode::Whole));
        let upsert = TableMode::Upsert(owned(&["path"]));
        assert_eq!(TableMode::choose(&windowed, Some(&owned(&["path"]))), Ok(upsert));
        assert_eq!(TableMode::choose(&windowed, Some(&[])), Ok(TableMode::Append));
        let error = TableMode::choose(&windowed, Some(&owned(&["paths"])));
        let message = "key=paths: the result has no such column; it has window_start, window_end, path, count";
        assert_eq!(error, Err(message.to_owned()));
        let changed = SinkSettings { changed: true, ..windowed };
        assert!(TableMode::choose(&changed, None).is_err(), "unchanged rows would be deleted");
        assert!(TableMode::choose(&changed, Some(&owned(&["path"]))).is_ok());
    }
}
