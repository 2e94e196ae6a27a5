//! The statements that write rows.

use super::super::table::{TableMode, provisional_name, quoted, quoted_list};

/// A remark in the definition of a table, which SQLite keeps.
const MADE_BY: &str = "/* made by bourn */";

/// The remark of a table that holds the latest result: the next one replaces all rows.
pub(super) const MADE_WHOLE: &str = "/* made by bourn for whole results */";

/// Makes the table; the columns of a key are unique.
pub(super) fn create_table(table: &str, names: &[String], mode: &TableMode) -> String {
    let key = match mode {
        TableMode::Upsert(key) => format!(", PRIMARY KEY ({})", quoted_list(key)),
        _ => String::new(),
    };
    let index = match mode {
        TableMode::Windows(key) => {
            let index = quoted(&format!("{table}_by_window"));
            format!("; CREATE INDEX IF NOT EXISTS {index} ON {} ({})", quoted(table), quoted_list(key))
        }
        _ => String::new(),
    };
    let remark = if *mode == TableMode::Whole { MADE_WHOLE } else { MADE_BY };
    format!("CREATE TABLE {} ({remark} {}{key}){index}", quoted(table), quoted_list(names))
}

/// Adds a row, or replaces the one with its key.
pub(super) fn insert(table: &str, names: &[String], mode: &TableMode) -> String {
    let values = vec!["?"; names.len()].join(", ");
    let conflict = match mode {
        TableMode::Upsert(key) => {
            let others = names.iter().filter(|name| !key.contains(name));
            let set: Vec<String> = others.map(|name| format!("{0} = excluded.{0}", quoted(name))).collect();
            let action = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
            format!(" ON CONFLICT ({}) DO {action}", quoted_list(key))
        }
        _ => String::new(),
    };
    format!("INSERT INTO {} ({}) VALUES ({values}){conflict}", quoted(table), quoted_list(names))
}

/// Deletes the rows with a key; null is equal to null.
pub(super) fn delete(table: &str, key: &[String]) -> String {
    format!("DELETE FROM {} WHERE {}", quoted(table), conditions(key, |name| format!("{} IS ?", quoted(name))))
}

/// Finds a row with these values.
pub(super) fn find(table: &str, key: &[String]) -> String {
    let equal = conditions(key, |name| format!("{} IS ?", quoted(name)));
    format!("SELECT 1 FROM {} WHERE {equal} LIMIT 1", quoted(table))
}

/// Deletes the rows whose keys are provisional; `only` are columns that must have given values, too.
pub(super) fn delete_provisional(table: &str, key: &[String], only: &[String]) -> String {
    let (table, keys) = (quoted(table), quoted(&provisional_name(table)));
    let equal = conditions(key, |name| format!("t.{0} IS p.{0}", quoted(name)));
    let only: String = only.iter().map(|name| format!(" AND p.{} IS ?", quoted(name))).collect();
    format!(
        "DELETE FROM {table} WHERE rowid IN (SELECT t.rowid FROM {keys} p CROSS JOIN {table} t WHERE {equal}{only})"
    )
}

/// Joins a condition for each name.
fn conditions(names: &[String], condition: impl Fn(&String) -> String) -> String {
    names.iter().map(condition).collect::<Vec<_>>().join(" AND ")
}
