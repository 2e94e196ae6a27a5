//! The statements that write rows. The rows come from a table of the session, or from arrays of text.

use super::super::table::{TableMode, quoted, quoted_list};
use super::relation::PostgresColumn;

/// The table of the session that rows are copied into.
pub(super) const STAGING: &str = "bourn_rows";

/// Makes the table of the session, which lives until the end of the transaction.
pub(super) fn create_staging(table: &str, columns: &[PostgresColumn]) -> String {
    format!("CREATE TEMP TABLE {STAGING} ON COMMIT DROP AS SELECT {} FROM {table} WITH NO DATA", list(columns))
}

/// Copies rows.
pub(super) fn copy(table: &str, columns: &[PostgresColumn]) -> String {
    format!("COPY {table} ({}) FROM STDIN", list(columns))
}

/// A source of rows: one parameter for each column, an array of text.
pub(super) fn arrays(columns: &[PostgresColumn]) -> String {
    let cast =
        |(index, column): (usize, &PostgresColumn)| format!("u.c{index}::{} AS {}", column.cast, quoted(&column.name));
    let values: Vec<String> = columns.iter().enumerate().map(cast).collect();
    let parameters: Vec<String> = (1..=columns.len()).map(|index| format!("${index}::text[]")).collect();
    let names: Vec<String> = (0..columns.len()).map(|index| format!("c{index}")).collect();
    format!("(SELECT {} FROM unnest({}) AS u({}))", values.join(", "), parameters.join(", "), names.join(", "))
}

/// Adds the rows of a source.
pub(super) fn insert(table: &str, columns: &[PostgresColumn], source: &str, mode: &TableMode) -> String {
    let names = list(columns);
    let conflict = match mode {
        TableMode::Upsert(key) => {
            let others = columns.iter().filter(|column| !key.contains(&column.name));
            let set: Vec<String> = others.map(|column| format!("{0} = excluded.{0}", quoted(&column.name))).collect();
            let action = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
            format!(" ON CONFLICT ({}) DO {action}", quoted_list(key))
        }
        _ => String::new(),
    };
    let order = match mode {
        // many rows find their places in an index faster in its order
        TableMode::Upsert(key) if source == STAGING => format!(" ORDER BY {}", quoted_list(key)),
        _ => String::new(),
    };
    format!("INSERT INTO {table} ({names}) SELECT {names} FROM {source} s{order}{conflict}")
}

/// Deletes the rows that have the key of a row of the source. `nulls` are the columns of the key that are null in these
/// rows; the others are not, so that an index can be used.
pub(super) fn delete(table: &str, key: &[String], nulls: &[bool], source: &str) -> String {
    format!("DELETE FROM {table} t USING {source} s WHERE {}", same_key(key, nulls))
}

/// The condition that `t` and `s` have the same key.
pub(super) fn same_key(key: &[String], nulls: &[bool]) -> String {
    let condition = |(name, is_null): (&String, &bool)| match is_null {
        true => format!("t.{0} IS NULL AND s.{0} IS NULL", quoted(name)),
        false => format!("t.{0} = s.{0}", quoted(name)),
    };
    key.iter().zip(nulls).map(condition).collect::<Vec<_>>().join(" AND ")
}

fn list(columns: &[PostgresColumn]) -> String {
    quoted_list(columns.iter().map(|column| &column.name))
}

#[cfg(test)]
mod tests {
    use super::super::cells::CellKind;
    use super::*;

    #[test]
    fn statements_quote_names() {
        let column = |name: &str, cast: &str| PostgresColumn {
            name: name.to_owned(),
            kind: CellKind::Other,
            cast: cast.to_owned(),
        };
        let columns = [column("a\"b", "pg_catalog.int8"), column("n", "pg_catalog.text")];
        let key = ["a\"b".to_owned()];
        let source = arrays(&columns);
        assert_eq!(
            source,
            "(SELECT u.c0::pg_catalog.int8 AS \"a\"\"b\", u.c1::pg_catalog.text AS \"n\" \
             FROM unnest($1::text[], $2::text[]) AS u(c0, c1))"
        );
        assert_eq!(
            insert("t", &columns, "x", &TableMode::Upsert(key.to_vec())),
            "INSERT INTO t (\"a\"\"b\", \"n\") SELECT \"a\"\"b\", \"n\" FROM x s \
             ON CONFLICT (\"a\"\"b\") DO UPDATE SET \"n\" = excluded.\"n\""
        );
        assert_eq!(
            insert("t", &columns[..1], STAGING, &TableMode::Upsert(key.to_vec())),
            "INSERT INTO t (\"a\"\"b\") SELECT \"a\"\"b\" FROM bourn_rows s ORDER BY \"a\"\"b\" \
             ON CONFLICT (\"a\"\"b\") DO NOTHING"
        );
        assert_eq!(
            delete("t", &["a".to_owned(), "b".to_owned()], &[false, true], "x"),
            "DELETE FROM t t USING x s WHERE t.\"a\" = s.\"a\" AND t.\"b\" IS NULL AND s.\"b\" IS NULL"
        );
    }
}
