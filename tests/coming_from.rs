//! Lines of other tools and of this one: each of ours prints its output, and theirs the same where the tool is installed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bourn::cli::{Agreement, FOREIGN_TOOLS, ForeignLine, ForeignTool};

/// Each of our lines prints its output, without a message.
#[test]
fn our_lines_print_their_output() {
    let mut wrong = String::new();
    for (tool, line) in lines() {
        let expression = match tool.prelude {
            "" => line.here.to_owned(),
            prelude => format!("{prelude} | {}", line.here),
        };
        let (stdout, stderr) = run(env!("CARGO_BIN_EXE_bourn"), &[&expression], tool.file);
        if stdout != line.output || !stderr.is_empty() {
            let _ = writeln!(wrong, "── {}: {expression}\n{stdout}{stderr}expected\n{}", tool.name, line.output);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Each line of a tool that a shell finds prints the same.
#[test]
fn lines_of_installed_tools_agree() {
    let mut wrong = String::new();
    let mut compared = 0;
    for (tool, line) in lines() {
        if tool.name == "sql" || line.agreement == Agreement::Written || !is_installed(line.there) {
            continue;
        }
        compared += 1;
        let (stdout, stderr) = run("sh", &["-c", line.there], tool.file);
        if !agree(line, &stdout) || !stderr.is_empty() {
            let _ = writeln!(wrong, "── {}\n{stdout}{stderr}expected\n{}", line.there, line.output);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(compared > 30, "awk, grep and sort are on every system, but only {compared} lines were compared");
}

/// SQLite prints the same for each query.
#[cfg(feature = "sqlite")]
#[test]
fn queries_agree() {
    let database = rusqlite::Connection::open_in_memory().expect("a database");
    for name in ["requests", "datacenters"] {
        load(&database, name);
    }
    let mut wrong = String::new();
    for (_, line) in lines().filter(|(tool, line)| tool.name == "sql" && line.agreement != Agreement::Written) {
        let found = query(&database, line.there);
        if !agree(line, &found) {
            let _ = writeln!(wrong, "── {}\n{found}expected\n{}", line.there, line.output);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// People look for a dozen lines at least, and README shows a few of each tool.
#[test]
fn every_tool_has_a_dozen_lines() {
    for tool in FOREIGN_TOOLS {
        assert!(tool.lines.len() >= 12, "{}", tool.name);
        assert!(tool.lines.iter().any(|line| line.in_readme), "{}", tool.name);
    }
}

fn lines() -> impl Iterator<Item = (&'static ForeignTool, &'static ForeignLine)> {
    FOREIGN_TOOLS.iter().flat_map(|tool| tool.lines.iter().map(move |line| (tool, line)))
}

fn data(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", file].iter().collect()
}

/// Runs a program with the file as standard input; returns stdout and stderr.
fn run(program: &str, arguments: &[&str], file: &str) -> (String, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(data(""))
        .env("LC_ALL", "C.UTF-8")
        .env_remove("TZ")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let input = std::fs::read(data(file)).expect("the input");
    // a tool that needs no more input closes the pipe
    let _ = child.stdin.take().expect("a pipe").write_all(&input);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr))
}

/// True if the first word of every part of the pipeline is a program.
fn is_installed(command: &str) -> bool {
    let program = command.split_whitespace().next().unwrap_or_default();
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Compares the words of lines.
fn agree(line: &ForeignLine, found: &str) -> bool {
    let words = |text: &str| -> Vec<Vec<String>> {
        text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let (mut found, mut expected) = (words(found), words(line.output));
    match line.agreement {
        Agreement::SameLines | Agreement::Written => {}
        Agreement::AnyOrder => {
            found.sort();
            expected.sort();
        }
        Agreement::SameWords => found.iter_mut().chain(&mut expected).for_each(|words| words.sort()),
    }
    found == expected
}

/// Makes a table of a CSV file; columns of digits are ints.
#[cfg(feature = "sqlite")]
fn load(database: &rusqlite::Connection, name: &str) {
    let text = std::fs::read_to_string(data(&format!("{name}.csv"))).expect("the file");
    let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = rows.next().expect("a header");
    // the affinity of a column without a type is none: ints are ints
    database.execute(&format!("CREATE TABLE {name} ({})", names.join(", ")), []).expect("a table");
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| if cell.parse::<i64>().is_ok() { (*cell).to_owned() } else { format!("'{cell}'") })
            .collect();
        database.execute(&format!("INSERT INTO {name} VALUES ({})", cells.join(", ")), []).expect("a row");
    }
}

/// The rows of a query, separated by tabs; null is empty.
#[cfg(feature = "sqlite")]
fn query(database: &rusqlite::Connection, query: &str) -> String {
    use rusqlite::types::Value;
    let mut statement = database.prepare(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let columns = statement.column_count();
    let mut rows = statement.query([]).expect("rows");
    let mut out = String::new();
    while let Some(row) = rows.next().expect("a row") {
        let cells: Vec<String> = (0..columns)
            .map(|index| match row.get(index).expect("a value") {
                Value::Null => String::new(),
                Value::Integer(int) => int.to_string(),
                Value::Real(float) => float.to_string(),
                Value::Text(text) => text,
                Value::Blob(bytes) => format!("{bytes:?}"),
            })
            .collect();
        out.push_str(&cells.join("\t"));
        out.push('\n');
    }
    out
}
