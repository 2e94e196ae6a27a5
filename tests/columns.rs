//! Columns that the data decides: csv, tsv and table take those of the first row, on any thread. From the
//! second chunk on that may be any worker, so these inputs have many.

#[path = "support/program.rs"]
mod program;

use std::fmt::Write;

use program::{Files, bourn};

const ROWS: usize = 3000;

/// One thread and one chunk, then many of both.
const CONFIGURATIONS: &[&[&str]] = &[
    &["-j", "1", "--chunk", "16MiB"],
    &["-j", "1", "--chunk", "512"],
    &["-j", "8", "--chunk", "512"],
    &["-j", "3", "--chunk", "7kB"],
];

/// Runs under all configurations; what is printed must be the same.
fn printed(arguments: &[&str], sources: &[&str]) -> (String, String) {
    let mut first: Option<(String, String)> = None;
    for configuration in CONFIGURATIONS {
        let ended = bourn(&[configuration, arguments, sources].concat(), b"");
        assert_eq!(ended.status, Some(0), "{arguments:?}: {}", ended.stderr);
        let found = (ended.stdout, ended.stderr);
        match &first {
            Some(first) => assert!(*first == found, "{arguments:?} {configuration:?}"),
            None => first = Some(found),
        }
    }
    first.expect("there are configurations")
}

/// Rows under a header, with something to quote now and then.
fn table(header: &str, row: impl Fn(usize) -> String) -> String {
    let mut text = format!("{header}\n");
    for number in 0..ROWS {
        let _ = writeln!(text, "{}", row(number));
    }
    text
}

#[test]
fn csv_as_it_came() {
    let files = Files::new();
    let text = table("a,b,c", |row| match row % 50 {
        7 => format!("{row},\"x, \"\"{row}\"\"\","),
        _ => format!("{row},{},z", row * 3),
    });
    let path = files.write("t.csv", text.as_bytes());
    for filter in ["csv", "csv | where a >= 0"] {
        assert_eq!(printed(&["-o", "csv", filter], &[&path]).0, text);
    }
    let (sorted, _) = printed(&["-o", "csv", "csv | sort a desc | sort a"], &[&path]);
    assert_eq!(sorted, text);
    let (limited, _) = printed(&["-o", "csv", "csv | limit 3"], &[&path]);
    assert_eq!(limited, text.lines().take(4).fold(String::new(), |text, line| text + line + "\n"));
}

#[test]
fn columns_made_and_dropped_stand_where_they_do_in_json() {
    let files = Files::new();
    let path = files.write("t.csv", table("a,b,c", |row| format!("{row},{row},z")).as_bytes());
    let expression = "csv | let n = a + 1, b = 'new' | drop c";
    let (csv, _) = printed(&["-o", "csv", expression], &[&path]);
    assert_eq!(csv, table("a,b,n", |row| format!("{row},new,{}", row + 1)));
    let (json, _) = printed(&["-o", "json", expression], &[&path]);
    let expected = table("", |row| format!("{{\"a\":\"{row}\",\"b\":\"new\",\"n\":{}}}", row + 1));
    assert_eq!(json, expected[1..]);
}

#[test]
fn another_header_is_read_by_name() {
    let files = Files::new();
    let one = files.write("1.csv", table("a,b", |row| format!("{row},x")).as_bytes());
    let two = files.write("2.csv", table("b,late,a", |row| format!("y,{row},-{row}")).as_bytes());
    let short = files.write("3.csv", table("b,a", |_| "z".to_owned()).as_bytes());
    let sources = [one.as_str(), &two, &short];
    let (csv, said) = printed(&["-o", "csv", "csv"], &sources);
    let mut expected = table("a,b", |row| format!("{row},x"));
    expected += &table("", |row| format!("-{row},y"))[1..];
    expected += &table("", |_| ",z".to_owned())[1..];
    assert_eq!(csv, expected);
    assert!(said.contains("`late`"), "{said}");
    let (json, said) = printed(&["-o", "json", "csv"], &sources);
    let mut expected = table("", |row| format!("{{\"a\":\"{row}\",\"b\":\"x\"}}"))[1..].to_owned();
    expected += &table("", |row| format!("{{\"b\":\"y\",\"late\":\"{row}\",\"a\":\"-{row}\"}}"))[1..];
    expected += &table("", |_| "{\"b\":\"z\",\"a\":null}".to_owned())[1..];
    assert_eq!((json, said.as_str()), (expected, ""));
    // The first row decides, not the first file.
    let (csv, _) = printed(&["-o", "csv", "csv | where late == 7"], &sources);
    assert_eq!(csv, "b,late,a\ny,7,-7\n");
}

#[test]
fn fields_that_come_later_are_named_in_the_order_in_which_they_came() {
    let files = Files::new();
    let mut text = String::new();
    for row in 0..ROWS {
        let _ = match row {
            1000 => writeln!(text, "{{\"a\":{row},\"z\":1,\"y\":1}}"),
            2000 => writeln!(text, "{{\"x\":1,\"y\":2,\"a\":{row}}}"),
            _ => writeln!(text, "{{\"a\":{row}}}"),
        };
    }
    let path = files.write("t.json", text.as_bytes());
    let (csv, said) = printed(&["-o", "csv", "json"], &[&path]);
    assert_eq!(csv, table("a", |row| row.to_string()));
    assert!(said.contains("`z`, `y`, `x`"), "{said}");
}
