//! `--to sqlite:PATH/TABLE`, read back.

#![cfg(feature = "sqlite")]

#[path = "support/killed.rs"]
mod killed;
#[path = "support/live_table.rs"]
mod live_table;
#[path = "support/program.rs"]
mod program;

use std::time::Duration;

use killed::{ended, kill_often, kill_once, requests, start};
use program::{Ended, Files, bourn};
use rusqlite::Connection;
use rusqlite::types::Value;

/// A database in a directory of its own.
struct Tables {
    files: Files,
}

impl Tables {
    fn new() -> Tables {
        Tables { files: Files::new() }
    }

    fn target(&self, table: &str) -> String {
        format!("sqlite:{}/r.db/{table}", self.files.path().display())
    }

    fn database(&self) -> Connection {
        let database = Connection::open(self.files.path().join("r.db")).expect("a database");
        database.busy_timeout(Duration::from_secs(10)).expect("it is open");
        database
    }

    /// Runs the program; returns its messages.
    fn write(&self, table: &str, expression: &str, input: &str) -> String {
        let Ended { status, stdout, stderr } = bourn(&["--to", &self.target(table), expression], input.as_bytes());
        assert_eq!((status, stdout.as_str()), (Some(0), ""), "{stderr}");
        stderr
    }

    /// The message of a run that fails.
    fn fails(&self, table: &str, expression: &str, input: &str) -> String {
        let target = self.target(table);
        let Ended { status, stderr, .. } = bourn(&["--retry", "0", "--to", &target, expression], input.as_bytes());
        assert!(matches!(status, Some(2 | 3)), "{stderr}");
        stderr.replace(&self.files.path().display().to_string(), "DIR")
    }

    fn execute(&self, sql: &str) {
        self.database().execute_batch(sql).expect("right SQL");
    }

    /// The rows of a query, with `|` between the values.
    fn rows(&self, sql: &str) -> Vec<String> {
        let database = self.database();
        let Ok(mut statement) = database.prepare(sql) else {
            return Vec::new(); // there is no such table yet
        };
        let columns = statement.column_count();
        let text = |value: Value| match value {
            Value::Null => "null".to_owned(),
            Value::Integer(value) => value.to_string(),
            Value::Real(value) => format!("{value:?}"),
            Value::Text(text) => text,
            Value::Blob(bytes) => format!("x'{}'", bytes.escape_ascii()),
        };
        let row = |row: &rusqlite::Row<'_>| {
            let values: rusqlite::Result<Vec<String>> = (0..columns).map(|at| row.get(at).map(text)).collect();
            Ok(values?.join("|"))
        };
        let rows = statement.query_map([], row).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    }
}

#[test]
fn a_result_over_everything_replaces_the_rows() {
    let tables = Tables::new();
    let rows = || tables.rows("SELECT * FROM words ORDER BY 1");
    tables.write("words", "split | count by word", "a b\na\n");
    assert_eq!(rows(), ["a|2", "b|1"]);
    tables.write("words", "split | count by word", "c\n");
    assert_eq!(rows(), ["c|1"]);
    tables.write("words", "split | count by word", "");
    assert_eq!(rows(), [""; 0]);
}

#[test]
fn rows_are_added() {
    let tables = Tables::new();
    for _ in 0..2 {
        tables.write("numbers", "let n = num(line) | select n", "1\nx\n");
    }
    assert_eq!(tables.rows("SELECT n FROM numbers"), ["1", "null", "1", "null"]);
    tables.write("counts?key=", "count", "a\nb\n");
    tables.write("counts?key=", "count", "a\n");
    assert_eq!(tables.rows("SELECT * FROM counts"), ["2", "1"]);
}

#[test]
fn windows_are_replaced_by_group() {
    let tables = Tables::new();
    let event = |minute: u32, path: &str| format!("{{\"t\":\"2026-03-01T10:{minute:02}:30Z\",\"p\":{path}}}\n");
    let input = event(0, "\"a\"") + &event(0, "null") + &event(1, "\"a\"");
    let expression = "json | count by p | window 1m on t";
    let rows = || tables.rows("SELECT substr(window_start, 12, 5), p, count FROM w ORDER BY 1, 2");
    for _ in 0..2 {
        tables.write("w", expression, &input);
        assert_eq!(rows(), ["10:00|null|1", "10:00|a|1", "10:01|a|1"]);
    }
    tables.write("w", expression, &(event(0, "\"b\"") + &event(0, "null") + &event(0, "null")));
    assert_eq!(rows(), ["10:00|null|2", "10:00|a|1", "10:00|b|1", "10:01|a|1"]);
    for _ in 0..2 {
        tables.write("last", "json | sort p | limit 2 | window 1m on t", &input);
        assert_eq!(tables.rows("SELECT p FROM last ORDER BY 1"), ["null", "a", "a"], "no group, but several rows");
    }
}

#[test]
fn rows_are_updated_by_a_key() {
    let tables = Tables::new();
    let row = |k: &str, v: u32| format!("{{\"k\":{k},\"v\":{v}}}\n");
    let input = row("1", 1) + &row("null", 2) + &row("1", 3) + &row("null", 4);
    for _ in 0..2 {
        tables.write("t?key=k", "json", &input);
        assert_eq!(tables.rows("SELECT k, v FROM t ORDER BY k"), ["null|4", "1|3"], "the last wins");
    }
    tables.write("t?key=k", "json", &row("2", 5));
    assert_eq!(tables.rows("SELECT k, v FROM t ORDER BY k"), ["null|4", "1|3", "2|5"], "no row is deleted");
    assert!(tables.fails("t?key=v", "json", &row("2", 5)).contains("the columns of ?key= are not unique"));
    assert!(tables.fails("t?key=x", "count", "a\n").contains("key=x: the result has no such column; it has count"));
}

#[test]
fn values_keep_their_types() {
    let tables = Tables::new();
    let expression = "json | let t = time(t), d = duration(d), b = n > 1 | select n, f, s, t, d, b, l, big";
    let line = r#"{"n":2,"f":2.5,"s":"007","t":"2026-03-01T10:00:00.25Z","d":"1m30s","l":[1,{"a":null}],"big":18446744073709551616}"#;
    tables.write("t", expression, &format!("{line}\n"));
    let types = "typeof(n), typeof(f), typeof(s), typeof(t), typeof(d), typeof(b), typeof(l), typeof(big)";
    assert_eq!(tables.rows(&format!("SELECT {types} FROM t")), ["integer|real|text|text|integer|integer|text|text"]);
    let expected = "2|2.5|007|2026-03-01T10:00:00.25Z|90|1|[1,{\"a\":null}]|18446744073709551616";
    assert_eq!(tables.rows("SELECT * FROM t"), [expected]);
}

#[test]
fn tables_are_never_altered() {
    let tables = Tables::new();
    tables.execute("CREATE TABLE own (N INTEGER, other TEXT DEFAULT 'x'); INSERT INTO own VALUES (1, 'mine')");
    assert!(tables.fails("own", "count as n", "a\n").contains("table `own` was not made for whole results"));
    assert!(tables.fails("own?key=", "count as m", "a\n").contains("the table has no column `m`"));
    tables.write("own?key=", "count as n", "a\nb\n");
    assert_eq!(tables.rows("SELECT * FROM own"), ["1|mine", "2|x"]);
    tables.write("own?replace=yes", "count as n", "a\n");
    assert_eq!(tables.rows("SELECT * FROM own"), ["1|x"]);
    let notes = tables.write("own", "json", "{\"n\":5,\"p\":1}\n{\"p\":2}\n");
    assert_eq!(notes.matches("note: ").count(), 1, "{notes}");
    assert!(notes.contains("field `p` has no column in the table, so it is left out"), "{notes}");
    assert_eq!(tables.rows("SELECT * FROM own"), ["1|x", "5|x", "null|x"]);
}

#[test]
fn a_table_without_room_is_found_before_anything_is_read() {
    let tables = Tables::new();
    tables.write("t?key=", "count as n", "a\n");
    for (table, expression) in [("t?key=", "count as m"), ("t", "count as n"), ("t?key=m", "count as n")] {
        for option in ["--check", "--stats"] {
            let run = bourn(&[option, "--to", &tables.target(table), expression, "/no/such/file"], b"");
            assert_eq!(run.status, Some(2), "{}", run.stderr);
            assert!(!run.stderr.contains("/no/such/file"), "{}", run.stderr);
        }
    }
    let folder = tables.files.path();
    let names = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["r.db"], "no file of a log is left");
}

#[test]
fn a_table_is_one_target() {
    let tables = Tables::new();
    let (one, other) = (tables.target("t"), tables.target("T").replace("/r.db", "/./r.db"));
    for _ in 0..2 {
        let run = bourn(&["--to", &one, "--to", &other, "count"], b"a\n");
        assert!(run.stderr.contains("is the same place as sqlite:"), "{}", run.stderr);
        assert_eq!(run.status, Some(2));
        tables.write("t", "count", "a\n");
    }
}

#[test]
fn a_key_that_no_row_has_is_noted() {
    let tables = Tables::new();
    let notes = tables.write("t?key=paht", "json", "{\"path\":1}\n{\"path\":2}\n");
    let note = "no row of the first batch has the field `paht`, so it is null; did you mean `path`?";
    assert_eq!(notes.matches(note).count(), 1, "{notes}");
}

#[test]
fn constraints_are_named() {
    let tables = Tables::new();
    tables.execute("CREATE TABLE u (a, b UNIQUE NOT NULL); CREATE TABLE s (a INTEGER) STRICT");
    let message = tables.fails("u", "json", "{\"a\":1,\"b\":1}\n{\"a\":2,\"b\":1}\n");
    assert!(
        message.contains("DIR/r.db/u: UNIQUE constraint failed: u.b; at least 2 rows were not delivered\n"),
        "{message}"
    );
    let message = tables.fails("u", "json", "{\"a\":1}\n");
    assert!(message.contains("NOT NULL constraint failed: u.b; at least 1 row was not delivered\n"), "{message}");
    let message = tables.fails("s", "json", "{\"a\":\"x\"}\n");
    assert!(message.contains("cannot store TEXT value in INTEGER column s.a"), "{message}");
    assert_eq!(tables.rows("SELECT * FROM u UNION ALL SELECT *, 1 FROM s"), [""; 0], "a batch is written as a whole");
}

#[test]
fn places_without_a_database_are_named() {
    let tables = Tables::new();
    tables.files.write("r.db", b"this is no database, but a text");
    assert!(tables.fails("t", "count", "a\n").contains("file is not a database"));
    let directory = Tables { files: Files::new() };
    std::fs::create_dir(directory.files.path().join("r.db")).expect("room");
    let message = directory.fails("t", "count", "a\n");
    assert!(message.contains("r.db is a directory"), "{message}");
    assert!(message.contains("write sqlite:DIR/r.db/results.db/t"), "{message}");
}

#[test]
fn a_database_that_is_locked_is_tried_again() {
    let tables = Tables::new();
    tables.write("t", "select line", "a\n");
    let lock = tables.database();
    lock.execute_batch("BEGIN EXCLUSIVE").expect("it is not locked");
    let message = tables.fails("t", "select line", "b\n");
    assert!(message.contains("the database is locked by another process"), "{message}");
    tables.files.write("log", b"b\n");
    let child = start(&tables.files, "select line", &tables.target("t"), &[]);
    std::thread::sleep(Duration::from_millis(500));
    lock.execute_batch("ROLLBACK").expect("it is locked");
    ended(child);
    assert_eq!(tables.rows("SELECT * FROM t"), ["a", "b"]);
}

#[test]
fn results_so_far_are_updated_in_place() {
    let tables = Tables::new();
    live_table::check(&|table| tables.target(table), &|sql| tables.rows(sql));
}

#[test]
fn equal_keys_are_one_row() {
    let tables = Tables::new();
    // true is stored as 1, and a float that is whole is equal to its int
    let rows = "{\"k\":true,\"v\":1}\n{\"k\":1,\"v\":2}\n{\"k\":1.0,\"v\":3}\n{\"k\":\"1\",\"v\":4}\n";
    for _ in 0..2 {
        tables.write("t?key=k", "json", rows);
        assert_eq!(tables.rows("SELECT typeof(k), v FROM t ORDER BY v"), ["integer|3", "text|4"]);
    }
}

#[test]
fn rows_without_a_possible_column_are_refused() {
    let tables = Tables::new();
    let long = "x".repeat(1001);
    let message = tables.fails("t", "json", &format!("{{\"{long}\":1}}\n"));
    assert!(message.contains("no field of the first batch can be a column: field `x"), "{message}");
    assert!(message.contains("names have 1 to 1000 bytes; name the columns with select"), "{message}");
    assert!(tables.fails("t", "json", "{}\n").contains("its rows have no fields"));
}

#[test]
fn added_rows_are_not_replaced_by_a_whole_result() {
    let tables = Tables::new();
    tables.write("t", "where line != ''", "a\nb\n");
    assert!(tables.fails("t", "sort line", "c\n").contains("table `t` was not made for whole results"));
    assert_eq!(tables.rows("SELECT * FROM t"), ["a", "b"]);
}

#[test]
fn killed_runs_write_the_rows_of_an_undisturbed_one() {
    for expression in killed::PIPELINES {
        let tables = Tables::new();
        tables.files.write("log", requests(20_000).as_bytes());
        ended(start(&tables.files, expression, &tables.target("expected"), &[]));
        kill_often(&tables.files, expression, &tables.target("found"), 8);
        let sorted = |table: &str| {
            let mut rows = tables.rows(&format!("SELECT * FROM {table}"));
            rows.sort_unstable();
            rows
        };
        let (found, expected) = (sorted("found"), sorted("expected"));
        assert!(!expected.is_empty(), "{expression}");
        assert!(found == expected, "{expression}: {} rows, expected {}", found.len(), expected.len());
    }
}

#[test]
fn the_number_of_a_batch_keeps_rows_from_being_added_twice() {
    for (keeps_numbers, expected) in [(true, 20_000), (false, 30_000)] {
        let tables = Tables::new();
        tables.files.write("log", requests(20_000).as_bytes());
        let rows = || tables.rows("SELECT count(*) FROM t").first().map_or(0, |rows| rows.parse().unwrap_or(0));
        let forget = || {
            if !keeps_numbers {
                tables.execute("DELETE FROM bourn_batches")
            }
        };
        let has_rows = || rows() >= if keeps_numbers { 1 } else { 20_000 };
        kill_once(&tables.files, "json | select n", &tables.target("t"), has_rows, forget);
        match keeps_numbers {
            true => assert_eq!(rows(), expected),
            false => assert!(rows() > expected, "{} rows: without numbers they are added again", rows()),
        }
    }
}
