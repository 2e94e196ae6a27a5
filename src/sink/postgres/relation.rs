//! The table of the server: its columns, and how it is made.

use super::super::table::{TableColumns, TableMode, foreign_table, quoted, quoted_list};
use super::super::{DeliveryError, SinkBatch};
use super::address::PostgresTarget;
use super::cells::CellKind;
use super::connection::PostgresLink;
use crate::data::ValueRef;

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PostgresColumn {
    pub name: String,
    pub kind: CellKind,
    /// Its type in a cast that neither cuts nor rounds: without a length.
    pub cast: String,
}

/// A table that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub columns: Vec<PostgresColumn>,
}

/// The mark of tables whose rows may be replaced.
const MADE_BY: &str = "made by bourn";

/// The remark on a table that holds the latest result: the next one replaces all rows.
const MADE_WHOLE: &str = "made by bourn for whole results";

/// Unique constraints treat nulls as equal from this version on.
const NULLS_NOT_DISTINCT: i32 = 150_000;

/// The name of a table for SQL.
pub(super) fn table_name(target: &PostgresTarget, table: &str) -> String {
    match &target.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(table)),
        None => quoted(table),
    }
}

impl Relation {
    /// Reads the columns of the table, if it exists.
    pub(super) fn find(
        link: &mut PostgresLink,
        target: &PostgresTarget,
        table: &str,
    ) -> Result<Option<Relation>, DeliveryError> {
        let sql = "SELECT a.attname::text, COALESCE(b.typname, t.typname)::text, t.typcategory::text, \
             quote_ident(n.nspname) || '.' || quote_ident(t.typname) \
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace \
             LEFT JOIN pg_type b ON b.oid = t.typbasetype \
             WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
        let rows = link.query(sql, &[&table_name(target, table)])?;
        let column = |row: &tokio_postgres::Row| PostgresColumn {
            name: row.get(0),
            kind: CellKind::of(row.get(1), row.get(2)),
            cast: row.get(3),
        };
        let columns: Vec<PostgresColumn> = rows.iter().map(column).collect();
        Ok((!columns.is_empty()).then_some(Relation { columns }))
    }

    /// Fails if the table was not made for whole results.
    pub(super) fn check_own(link: &mut PostgresLink, target: &PostgresTarget) -> Result<(), DeliveryError> {
        let sql = "SELECT obj_description(to_regclass($1), 'pg_class')";
        let rows = link.query(sql, &[&table_name(target, &target.table)])?;
        let remark: Option<String> = rows.first().and_then(|row| row.get(0));
        match remark {
            Some(remark) if remark.contains(MADE_WHOLE) => Ok(()),
            _ => Err(DeliveryError::Failed(foreign_table(&target.table))),
        }
    }

    /// Makes the table; the first batch decides the types.
    pub(super) fn make(
        link: &mut PostgresLink,
        target: &PostgresTarget,
        columns: &TableColumns,
        mode: &TableMode,
        batch: &SinkBatch,
    ) -> Result<(), DeliveryError> {
        let table = table_name(target, &target.table);
        let types = column_types(columns, batch);
        let defined: Vec<String> =
            columns.names().iter().zip(types).map(|(name, kind)| format!("{} {kind}", quoted(name))).collect();
        let keys = quoted_list(mode.key());
        let (unique, index) = match mode {
            TableMode::Upsert(_) => {
                let version = link.query("SELECT current_setting('server_version_num')::int", &[])?;
                let version: i32 = version.first().map_or(0, |row| row.get(0));
                let nulls = if version >= NULLS_NOT_DISTINCT { " NULLS NOT DISTINCT" } else { "" };
                (format!(", UNIQUE{nulls} ({keys})"), String::new())
            }
            TableMode::Windows(_) => (String::new(), format!("CREATE INDEX ON {table} ({keys});")),
            TableMode::Append | TableMode::Whole => Default::default(),
        };
        let remark = if *mode == TableMode::Whole { MADE_WHOLE } else { MADE_BY };
        link.batch(&format!(
            "BEGIN; CREATE TABLE {table} ({}{unique}); {index} COMMENT ON TABLE {table} IS '{remark}'; COMMIT",
            defined.join(", ")
        ))
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// Finds the columns of these names.
    pub(super) fn columns_of(&self, names: &[String]) -> Vec<PostgresColumn> {
        names.iter().filter_map(|name| self.columns.iter().find(|column| column.name == *name).cloned()).collect()
    }
}

/// Chooses a type for each column that has room for all values of the batch.
fn column_types(columns: &TableColumns, batch: &SinkBatch) -> Vec<&'static str> {
    let mut types: Vec<Option<&'static str>> = vec![None; columns.names().len()];
    for rows in batch.results.iter().flat_map(|result| &result.rows) {
        let done: Result<(), std::convert::Infallible> = columns.rows(rows, 0..rows.rows, |values| {
            for (found, value) in types.iter_mut().zip(values) {
                *found = wider(*found, type_of(*value));
            }
            Ok(())
        });
        let Ok(()) = done;
    }
    types.into_iter().map(|found| found.unwrap_or(TEXT)).collect()
}

const TEXT: &str = "text";
const INT: &str = "bigint";
const NUMERIC: &str = "numeric";
const FLOAT: &str = "double precision";

fn type_of(value: ValueRef<'_>) -> Option<&'static str> {
    Some(match value {
        ValueRef::Null => return None,
        ValueRef::Bool(_) => "boolean",
        ValueRef::Int(_) => INT,
        ValueRef::BigInt(_) => NUMERIC,
        ValueRef::Float(_) => FLOAT,
        ValueRef::Text(_) => TEXT,
        ValueRef::Time(_) => "timestamptz",
        ValueRef::Duration(_) => "interval",
        ValueRef::List(_) | ValueRef::Object(_) => "jsonb",
    })
}

/// The type with room for both.
fn wider(one: Option<&'static str>, other: Option<&'static str>) -> Option<&'static str> {
    match (one, other) {
        (None, found) | (found, None) => found,
        (Some(one), Some(other)) if one == other => Some(one),
        (Some(INT), Some(FLOAT)) | (Some(FLOAT), Some(INT)) => Some(FLOAT),
        (Some(INT | NUMERIC | FLOAT), Some(INT | NUMERIC | FLOAT)) => Some(NUMERIC),
        _ => Some(TEXT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_room_for_all_values() {
        for (one, other, expected) in [
            (None, Some(INT), Some(INT)),
            (Some(INT), Some(FLOAT), Some(FLOAT)),
            (Some(INT), Some(NUMERIC), Some(NUMERIC)),
            (Some(FLOAT), Some(NUMERIC), Some(NUMERIC)),
            (Some(INT), Some(TEXT), Some(TEXT)),
            (Some("boolean"), Some(INT), Some(TEXT)),
            (None, None, None),
        ] {
            assert_eq!(wider(one, other), expected);
            assert_eq!(wider(other, one), expected);
        }
    }
}
