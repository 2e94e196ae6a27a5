//! `--to postgres://…`, against a real server: `BOURN_TEST_POSTGRES=postgres://USER@HOST:PORT/DATABASE`, as `.ci/postgres`
//! starts it. Without the variable these tests are skipped, and say so.

#![cfg(feature = "postgres")]

#[path = "support/killed.rs"]
mod killed;
#[path = "support/live_table.rs"]
mod live_table;
#[path = "support/program.rs"]
mod program;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use killed::{ended, kill_often, kill_once, requests, start, wait_for};
use program::{Ended, Files, bourn};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A schema of the server, for one test.
struct Server {
    url: String,
    schema: &'static str,
    runtime: Runtime,
    client: Client,
}

impl Server {
    /// Connects; `None` if there is no server to test with.
    fn connect(schema: &'static str) -> Option<Server> {
        let Ok(url) = std::env::var("BOURN_TEST_POSTGRES") else {
            eprintln!("{schema} is skipped: BOURN_TEST_POSTGRES names no server");
            return None;
        };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (client, connection) = runtime.block_on(tokio_postgres::connect(&url, NoTls)).expect("a server");
        runtime.spawn(connection);
        let server = Server { url, schema, runtime, client };
        server.execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"));
        server.execute(&format!("SET search_path = {schema}"));
        Some(server)
    }

    fn target(&self, table: &str) -> String {
        format!("{}/{}.{table}", self.url, self.schema)
    }

    fn execute(&self, sql: &str) {
        self.runtime.block_on(self.client.batch_execute(sql)).expect("right SQL");
    }

    /// The rows of a query, with `|` between the values; none if there is no such table yet.
    fn rows(&self, sql: &str) -> Vec<String> {
        let messages = self.runtime.block_on(self.client.simple_query(sql)).unwrap_or_default();
        let row = |message: SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => {
                let values: Vec<&str> = (0..row.len()).map(|at| row.get(at).unwrap_or("null")).collect();
                Some(values.join("|"))
            }
            _ => None,
        };
        messages.into_iter().filter_map(row).collect()
    }

    /// Runs the program; returns its messages.
    fn write(&self, table: &str, expression: &str, input: &str) -> String {
        let Ended { status, stderr, .. } = bourn(&["--to", &self.target(table), expression], input.as_bytes());
        assert_eq!(status, Some(0), "{stderr}");
        stderr
    }

    /// The message of a run that fails.
    fn fails(&self, table: &str, expression: &str, input: &str) -> String {
        failure(&self.target(table), expression, input)
    }
}

/// The message of a run that fails.
fn failure(target: &str, expression: &str, input: &str) -> String {
    let Ended { status, stderr, .. } = bourn(&["--retry", "0", "--to", target, expression], input.as_bytes());
    assert!(matches!(status, Some(2 | 3)), "{stderr}");
    stderr
}

/// Few rows are written by one statement, many are copied.
const SIZES: [usize; 2] = [10, 3000];

#[test]
fn a_result_over_everything_replaces_the_rows() {
    let Some(server) = Server::connect("test_whole") else { return };
    for size in SIZES {
        let words: String = (0..size).map(|word| format!("w{word}\n")).collect();
        server.write("words", "count by line", &words);
        assert_eq!(server.rows("SELECT count(*), sum(count) FROM words"), [format!("{size}|{size}")]);
    }
    server.write("words", "count by line", "c\nc\n");
    assert_eq!(server.rows("SELECT * FROM words"), ["c|2"]);
    server.write("words", "count by line", "");
    assert_eq!(server.rows("SELECT * FROM words"), [""; 0]);
    server.execute("CREATE TABLE own (count int)");
    assert!(server.fails("own", "count", "a\n").contains("table `own` was not made for whole results"));
    server.write("own?replace=yes", "count", "a\n");
    assert_eq!(server.rows("SELECT * FROM own"), ["1"]);
}

#[test]
fn windows_are_replaced_by_group() {
    let Some(server) = Server::connect("test_windows") else { return };
    let event = |minute: u32, path: &str| format!("{{\"t\":\"2026-03-01T10:{minute:02}:30Z\",\"p\":{path}}}\n");
    for size in SIZES {
        let others: String = (0..size).map(|path| event(2, &path.to_string())).collect();
        let input = event(0, "\"a\"") + &event(0, "null") + &event(1, "\"a\"") + &others;
        let expression = "json | let p = text(p) | count by p | window 1m on t";
        for _ in 0..2 {
            server.write("w", expression, &input);
            let rows = server
                .rows("SELECT window_start, p, count FROM w WHERE window_start < '2026-03-01 10:02Z' ORDER BY 1, 2");
            let expected = ["10:00:00+00|a|1", "10:00:00+00|null|1", "10:01:00+00|a|1"];
            assert_eq!(rows, expected.map(|row| format!("2026-03-01 {row}")));
            assert_eq!(server.rows("SELECT count(*) FROM w"), [(size + 3).to_string()]);
        }
    }
    server.write("w", "json | count by p | window 1m on t", &(event(0, "null") + &event(0, "null")));
    assert_eq!(server.rows("SELECT count FROM w WHERE p IS NULL"), ["2"]);
}

#[test]
fn rows_are_updated_by_a_key() {
    let Some(server) = Server::connect("test_keys") else { return };
    server.execute("CREATE TABLE own (k int UNIQUE, v int, kept text DEFAULT 'x'); INSERT INTO own VALUES (1, 0, 'y')");
    for table in ["t", "own"] {
        for size in SIZES {
            let row = |k: &str, v: usize| format!("{{\"k\":{k},\"v\":{v}}}\n");
            let many: String = (2..size).map(|k| row(&k.to_string(), k)).collect();
            let input = row("1", 1) + &row("null", 2) + &row("1", 3) + &row("null", 4) + &many;
            for _ in 0..2 {
                server.write(&format!("{table}?key=k"), "json", &input);
                let sql = format!("SELECT k, v FROM {table} WHERE k IS NULL OR k < 3 ORDER BY k");
                assert_eq!(server.rows(&sql), ["1|3", "2|2", "null|4"], "{table}: the last wins");
                assert_eq!(server.rows(&format!("SELECT count(*) FROM {table}")), [size.to_string()]);
            }
        }
    }
    assert_eq!(server.rows("SELECT kept FROM own WHERE k = 1"), ["y"], "other columns are kept");
    assert!(server.fails("t?key=v", "json", "{\"v\":1}\n").contains("create unique index"));
}

#[test]
fn values_have_types() {
    let Some(server) = Server::connect("test_types") else { return };
    let line = r#"{"n":2,"f":2.5,"s":"007","t":"2026-03-01T10:00:00.123456789Z","d":"1m30s","l":[1,{"a":null}],"big":18446744073709551616}"#;
    let expression =
        "json | let t = time(t), d = duration(d), b = n > 1, nothing = s.x | select n, f, s, t, d, b, l, big, nothing";
    server.write("t", expression, &format!("{line}\n"));
    let types = server.rows(
        "SELECT data_type FROM information_schema.columns WHERE table_schema = 'test_types' AND table_name = 't' \
         ORDER BY ordinal_position",
    );
    let expected = [
        "bigint",
        "double precision",
        "text",
        "timestamp with time zone",
        "interval",
        "boolean",
        "jsonb",
        "numeric",
        "text",
    ];
    assert_eq!(types, expected);
    let values = "2|2.5|007|2026-03-01 10:00:00.123457+00|00:01:30|t|[1, {\"a\": null}]|18446744073709551616|null";
    assert_eq!(server.rows("SELECT * FROM t"), [values]);

    // A table that exists has types of its own.
    server.execute(
        "CREATE TABLE own (n double precision, f numeric(6,2), s varchar(5), t timestamp, d double precision, b int, \
         l json, big text, nothing bytea)",
    );
    for size in SIZES {
        server.write("own", expression, &format!("{line}\n").repeat(size));
        let values = "2|2.50|007|2026-03-01 10:00:00.123457|90|1|[1,{\"a\":null}]|18446744073709551616|null";
        assert_eq!(server.rows("SELECT DISTINCT own::text, count(*) FROM own GROUP BY 1").len(), 1);
        assert_eq!(server.rows("SELECT * FROM own LIMIT 1"), [values]);
        server.execute("TRUNCATE own");
    }
}

#[test]
fn values_that_do_not_fit_are_named() {
    let Some(server) = Server::connect("test_misfits") else { return };
    server.execute("CREATE TABLE own (n int, s varchar(3), c char(3), i interval)");
    for size in SIZES {
        for (value, message) in [
            (r#"{"n":"x"}"#, "column n: invalid input syntax for type integer: \"x\""),
            (r#"{"n":1.5}"#, "column n: invalid input syntax for type integer: \"1.5\""),
            (r#"{"n":9999999999}"#, "column n: value \"9999999999\" is out of range for type integer"),
            (r#"{"s":"abcd"}"#, "column s: value too long for type character varying(3)"),
            (r#"{"c":"abcd"}"#, "column c: value too long for type character(3)"),
        ] {
            let input = "{\"n\":1}\n".repeat(size - 1) + value + "\n";
            let message =
                format!("row {size}, {message}; at least {size} rows were not delivered\n  = help: convert the value");
            let found = server.fails("own", "json", &input);
            assert!(found.contains(&message), "{found}");
        }
    }
    assert_eq!(server.rows("SELECT count(*) FROM own"), ["0"], "a batch is written as a whole");
    server.execute("CREATE TABLE u (a int PRIMARY KEY, b int UNIQUE)");
    let rows = "{\"a\":1,\"b\":1}\n{\"a\":2,\"b\":1}\n";
    let found = server.fails("u?key=a", "json", rows);
    assert!(found.contains("unique constraint \"u_b_key\" (Key (b)=(1) already exists)"), "{found}");
    assert!(server.fails("u?key=", "select line as c", "x\n").contains("the table has no column `c`"));
}

#[test]
fn text_that_cannot_be_stored_is_escaped() {
    let Some(server) = Server::connect("test_bytes") else { return };
    for size in SIZES {
        let lines = [&b"a\0b\xff\\x\tc\n"[..]].concat().repeat(size);
        let Ended { stderr, .. } = bourn(&["--to", &server.target("t"), "select line"], &lines);
        assert_eq!(stderr.matches("note:").count(), 1, "{stderr}");
        assert!(stderr.contains("column `line`: bytes that PostgreSQL cannot store are written as \\x00"), "{stderr}");
        assert_eq!(server.rows("SELECT DISTINCT line FROM t"), ["a\\x00b\\xff\\x\tc"]);
    }
    server.execute("CREATE TABLE raw (line bytea)");
    assert_eq!(bourn(&["--to", &server.target("raw"), "select line"], b"a\0\xff\n").stderr, "");
    assert_eq!(server.rows("SELECT * FROM raw"), ["\\x6100ff"]);
}

#[test]
fn names_are_quoted_and_fields_without_a_column_are_noted() {
    let Some(server) = Server::connect("test_names") else { return };
    server.write("t", "json", "{\"a\\\"; --\":1,\"SELECT\":2,\"select\":3}\n");
    assert_eq!(server.rows("SELECT \"a\"\"; --\", \"SELECT\", \"select\" FROM t"), ["1|2|3"]);
    let notes = server.write("t", "json", "{\"select\":4,\"new\":1}\n{\"new\":2}\n");
    assert_eq!(notes.matches("field `new` has no column in the table, so it is left out").count(), 1, "{notes}");
    assert_eq!(server.rows("SELECT \"select\" FROM t"), ["3", "4", "null"]);
    let long = "n".repeat(64);
    let found = server.fails("u", &format!("count as {long}"), "a\n");
    assert!(found.contains("needs a name of 1 to 63 bytes"), "{found}");
}

#[test]
fn results_so_far_are_updated_in_place() {
    let Some(server) = Server::connect("test_snapshots") else { return };
    live_table::check(&|table| server.target(table), &|sql| server.rows(sql));
}

#[test]
fn a_date_is_the_day_in_the_zone_of_the_run() {
    let Some(server) = Server::connect("test_dates") else { return };
    server.execute("CREATE TABLE days (d date UNIQUE, h time, t timestamptz)");
    let input = "2026-03-01T23:30:00Z\n2026-03-02T22:59:59.5Z\n2026-03-01T00:00:00Z\n";
    let expression = "let t = time(line) | let d = t, h = t | select d, h, t";
    let target = server.target("days?key=d");
    for (zone, expected) in [
        ("Europe/Berlin", ["2026-03-01|01:00:00|00:00:00", "2026-03-02|23:59:59.5|22:59:59.5"]),
        ("UTC", ["2026-03-01|00:00:00|00:00:00", "2026-03-02|22:59:59.5|22:59:59.5"]),
    ] {
        for size in SIZES {
            server.execute("DELETE FROM days");
            let input: String = input.repeat(size / 3 + 1);
            let Ended { status, stderr, .. } = bourn(&["--tz", zone, "--to", &target, expression], input.as_bytes());
            assert_eq!(status, Some(0), "{stderr}");
            assert_eq!(server.rows("SELECT d, h, t::time FROM days ORDER BY d"), expected, "{zone}");
        }
    }
}

#[test]
fn what_rows_cannot_be_inserted_into_is_named() {
    let Some(server) = Server::connect("test_views") else { return };
    server.execute("CREATE VIEW v AS SELECT count(*) AS count FROM pg_class");
    let many: String = (0..3000).map(|n| format!("{n}\n")).collect();
    for (table, expression, input) in
        [("v?replace=yes", "count", "a\n"), ("v?key=", "count", "a\n"), ("v?key=", "select num(line) as count", &many)]
    {
        let message = server.fails(table, expression, input);
        assert!(message.contains("\n  = help: choose a table that rows can be inserted into"), "{message}");
    }
    let long = "x".repeat(64);
    let message = server.fails("t", "json", &format!("{{\"{long}\":1}}\n"));
    assert!(message.contains("names have 1 to 63 bytes; name the columns with select"), "{message}");
    assert_eq!(server.rows("SELECT to_regclass('t')"), ["null"]);
}

#[test]
fn killed_runs_write_the_rows_of_an_undisturbed_one() {
    let Some(server) = Server::connect("test_kills") else { return };
    for (number, expression) in killed::PIPELINES.iter().enumerate() {
        let files = Files::new();
        files.write("log", requests(20_000).as_bytes());
        let (expected, found) = (format!("expected{number}"), format!("found{number}"));
        ended(start(&files, expression, &server.target(&expected), &[]));
        kill_often(&files, expression, &server.target(&found), 8);
        let sorted = |table: &str| {
            let mut rows = server.rows(&format!("SELECT * FROM {table}"));
            rows.sort_unstable();
            rows
        };
        let (found, expected) = (sorted(&found), sorted(&expected));
        assert!(!expected.is_empty(), "{expression}");
        assert!(found == expected, "{expression}: {} rows, expected {}", found.len(), expected.len());
    }
}

#[test]
fn the_number_of_a_batch_keeps_rows_from_being_added_twice() {
    let Some(server) = Server::connect("test_numbers") else { return };
    for (table, keeps_numbers) in [("kept", true), ("forgotten", false)] {
        let files = Files::new();
        files.write("log", requests(20_000).as_bytes());
        let rows = || {
            server.rows(&format!("SELECT count(*) FROM {table}")).first().map_or(0, |rows| rows.parse().unwrap_or(0))
        };
        let forget = || {
            if !keeps_numbers {
                server.execute("DELETE FROM bourn_batches")
            }
        };
        let has_rows = || rows() >= if keeps_numbers { 1 } else { 20_000 };
        kill_once(&files, "json | select n", &server.target(table), has_rows, forget);
        match keeps_numbers {
            true => assert_eq!(rows(), 20_000),
            false => assert!(rows() > 20_000, "{} rows: without numbers they are added again", rows()),
        }
    }
}

/// The recipe of the README: errors per minute, and a view for Grafana.
#[test]
fn the_recipe_of_the_readme_works() {
    let Some(server) = Server::connect("test_recipe") else { return };
    let readme = include_str!("../README.md");
    let (_, recipe) = readme.split_once("### Into a database").expect("the recipe");
    let expression = recipe.split('\'').nth(1).expect("an expression");
    let view = recipe.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a view");
    let line = |second: u32, level: &str| {
        format!("{{\"time\":\"2026-03-01T10:00:{second:02}Z\",\"level\":\"{level}\",\"service\":\"shop\"}}\n")
    };
    server.write("errors_per_minute", expression, &(line(1, "error") + &line(2, "info") + &line(3, "error")));
    server.execute(view);
    assert_eq!(server.rows("SELECT * FROM errors"), ["2026-03-01 10:00:00+00|shop|2"]);
    let sql = "SELECT pg_typeof(time), pg_typeof(metric), pg_typeof(value) FROM errors";
    assert_eq!(server.rows(sql), ["timestamp with time zone|text|bigint"], "as Grafana expects them");
}

#[test]
fn a_connection_that_is_lost_is_made_again() {
    let Some(server) = Server::connect("test_resets") else { return };
    let role = "DO $$ BEGIN CREATE ROLE test_resets LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$";
    server.execute(&format!("{role}; GRANT ALL ON SCHEMA test_resets TO test_resets"));
    let target = server.target("t").replace("postgres@", "test_resets@");
    let (child, mut stdin) = live_table::live(&target, &[], "select line");
    let rows = || server.rows("SELECT * FROM t ORDER BY 1");
    stdin.write_all(b"a\n").expect("it reads");
    wait_for("first row", || rows() == ["a"]);
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'test_resets'");
    stdin.write_all(b"b\n").expect("it reads");
    wait_for("second row", || rows() == ["a", "b"]);
    drop(stdin);
    let said = ended(child);
    assert!(said.contains("trying again"), "{said}");
}

#[test]
fn a_lock_delays_rows() {
    let Some(server) = Server::connect("test_locks") else { return };
    server.write("t", "select line", "a\n");
    server.execute("BEGIN; LOCK TABLE t");
    let files = Files::new();
    files.write("log", b"b\n");
    let child = start(&files, "select line", &server.target("t"), &[]);
    std::thread::sleep(Duration::from_millis(500));
    server.execute("COMMIT");
    ended(child);
    assert_eq!(server.rows("SELECT * FROM t"), ["a", "b"]);
}

#[test]
fn servers_that_refuse_are_named() {
    let Some(server) = Server::connect("test_refusals") else { return };
    let (start, database) = server.url.rsplit_once('/').expect("a database");
    let host = start.rsplit_once('@').expect("a user").1;
    assert!(failure(&format!("{start}/no_such/t"), "count", "a\n").contains("database \"no_such\" does not exist"));
    let found = failure(&format!("postgres://no_such@{host}/{database}/t"), "count", "a\n");
    assert!(found.contains("role \"no_such\" does not exist"), "{found}");
    let found = failure(&format!("postgres://postgres@127.0.0.1:1/{database}/t"), "count", "a\n");
    assert!(found.contains("connection refused"), "{found}");
    assert!(server.fails("t?sslmode=verify-full&tls-ca=/no/such", "count", "a\n").contains("/no/such: no such file"));
    let found = failure(&format!("postgres://u:hunter2@{host}/{database}/t"), "count", "a\n");
    assert!(found.contains("every user of this machine sees a password") && !found.contains("hunter2"), "{found}");
}

#[test]
fn passwords_and_certificates_are_checked() {
    let Some(server) = Server::connect("test_secrets") else { return };
    let Ok(authority) = std::env::var("BOURN_TEST_POSTGRES_CA") else {
        eprintln!("test_secrets is skipped: BOURN_TEST_POSTGRES_CA names no file");
        return;
    };
    server.execute("GRANT ALL ON SCHEMA test_secrets TO secret");
    let files = Files::new();
    let right = files.write("right", b"open sesame\n");
    let wrong = files.write("wrong", b"sesame\n");
    let target = server.target("t").replace("postgres@", "secret@");
    let write = |options: &str| {
        Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(["--retry", "0", "--to", &format!("{target}?key=&{options}"), "count"])
            .env_remove("PGPASSWORD")
            .env("PGPASSFILE", files.path().join("none"))
            .stdin(Stdio::null())
            .output()
            .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
            .expect("it runs")
    };
    let secure = format!("sslmode=verify-full&tls-ca={authority}");
    assert_eq!(write(&format!("{secure}&password-file={right}")), "");
    assert_eq!(write(&format!("sslmode=require&password-file={right}")), "");
    assert_eq!(write(&format!("sslmode=disable&password-file={right}")), "");
    let found = write(&format!("{secure}&password-file={wrong}"));
    assert!(found.contains("password authentication failed for user \"secret\""), "{found}");
    assert!(write(&secure).contains("the server wants a password"));
    let found = write(&format!("sslmode=verify-full&password-file={right}"));
    assert!(found.contains("TLS: invalid peer certificate"), "{found}");
    let numbered = target.replace("localhost", "127.0.0.1");
    let check = |mode: &str| {
        let target = format!("{numbered}?key=&sslmode={mode}&tls-ca={authority}&password-file={right}");
        bourn(&["--retry", "0", "--to", &target, "count"], b"").stderr
    };
    assert!(check("verify-full").contains("certificate not valid for name"), "the name is another one");
    assert_eq!(check("verify-ca"), "");
}
