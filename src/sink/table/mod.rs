//! Shared by the sinks of database tables: how a target is written, which rows of the table a result replaces, and which
//! column receives which value.

mod columns;
mod mode;
mod options;

pub(super) use columns::{ColumnRules, TableColumns};
pub(super) use mode::TableMode;
#[cfg(feature = "postgres")]
pub(super) use options::TargetOption;
pub(super) use options::{parse_key, parse_options, parse_switch};

/// The table that holds, for each stream and target, the number of the last batch that was delivered.
pub(super) const BATCHES: &str = "bourn_batches";

/// Why every row is in the table once, whatever crashes.
pub(super) const EXACTLY_ONCE: &str =
    "rows replace themselves; if they are only added, the number of the batch is written in the same transaction";

/// Names the table that holds the keys of the rows of windows that are still open.
pub(super) fn provisional_name(table: &str) -> String {
    format!("bourn_provisional_{table}")
}

/// Quotes a name for SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes names for SQL, separated by commas.
pub(super) fn quoted_list<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    names.into_iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// The error about a table that may not be emptied: its rows may be anything.
pub(super) fn foreign_table(table: &str) -> String {
    format!(
        "table `{table}` was not made for whole results, and a result over everything read replaces all rows of its table\n  \
         = help: write ?key=COLUMN,… to update rows by key, ?replace=yes to replace all rows, or the name of a new table"
    )
}

/// The note about snapshots that have no place in a table whose rows are only added.
pub(super) const SNAPSHOTS_LEFT_OUT: &str = "results so far are left out, because rows without a key are only added";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("a\"; drop table t; --"), "\"a\"\"; drop table t; --\"");
        assert_eq!(quoted_list(&["a".to_owned(), "B".to_owned()]), "\"a\", \"B\"");
    }
}
