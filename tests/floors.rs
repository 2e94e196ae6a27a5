//! The house has floors: imports point down only, and those on one floor do not know each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From the roof down. Modules in one row are siblings.
const FLOORS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["engine"],
    &["plan"],
    &["sink"],
    &["source", "encode", "stage"],
    &["aggregate"],
    &["decode", "group", "window"],
    &["expr"],
    &["lang", "checkpoint", "net"],
    &["data"],
];

/// What is allowed although the map says otherwise, with the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = module_of(&path);
        for (line, module) in imports(&text) {
            let is_exception = EXCEPTIONS.iter().any(|(from, to, _)| *from == own && *to == module);
            if module != own && !is_exception && floor(&module) <= floor(&own) {
                wrong.push(format!("{}:{line}: `{own}` uses `{module}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_floor() {
    for (path, _) in sources() {
        floor(&module_of(&path)); // panics if there is none
    }
}

#[test]
fn the_library_names_its_modules_in_the_order_of_the_data() {
    let text = std::fs::read_to_string(root().join("lib.rs")).expect("lib.rs");
    let named: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut modules: Vec<&str> = FLOORS[1..].concat();
    modules.sort_unstable();
    let mut sorted = named.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, modules, "lib.rs and the floors");
}

#[test]
fn threads_are_spawned_by_the_engine_only() {
    for (path, text) in sources() {
        if module_of(&path) == "engine" {
            continue;
        }
        for (number, line) in code(&text) {
            let is_process = path.ends_with("sink/exec.rs") && line.contains("command.spawn()");
            let spawns = line.contains("thread::") || line.contains(".spawn(") && !is_process;
            let asks = line.contains("available_parallelism");
            assert!(!spawns || asks, "{}:{number}: {line}", path.display());
        }
    }
}

#[test]
fn the_time_is_read_in_one_file() {
    let readings = [
        "Instant::now",
        "SystemTime::now",
        ".elapsed()",
        "thread::sleep",
        "park_timeout",
        "Zoned::now",
        "Timestamp::now",
    ];
    for (path, text) in all_sources() {
        if path == Path::new("data/clock.rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let reads = readings.iter().any(|reading| code.contains(reading));
            assert!(!reads, "{}:{}: {line}: use a `Clock`", path.display(), number + 1);
        }
    }
}

#[test]
fn checkpoints_are_written_by_the_engine_only() {
    for (path, text) in sources() {
        let own = module_of(&path);
        let may_import = ["checkpoint", "engine", "cli"].contains(&own.as_str());
        let imported = imports(&text).into_iter().find(|(_, module)| module == "checkpoint");
        assert!(may_import || imported.is_none(), "{}: {imported:?}", path.display());
    }
}

#[test]
fn nothing_is_unsafe() {
    for (path, text) in sources() {
        if path.ends_with("data/standard_streams.rs") {
            continue; // it looks at the standard streams before `main`
        }
        for (number, line) in code(&text) {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            let is_unsafe = words.into_iter().any(|word| word == "unsafe");
            assert!(!is_unsafe, "{}:{number}: {line}", path.display());
        }
    }
}

#[test]
fn the_engine_never_sees_the_tree_and_the_parser_no_name() {
    for (path, text) in sources() {
        for (number, line) in code(&text) {
            let place = format!("{}:{number}: {line}", path.display());
            match module_of(&path).as_str() {
                "engine" => assert!(!line.contains("lang::"), "{place}"),
                "lang" => {
                    for table in ["STAGES", "AGGREGATES", "FUNCTIONS"] {
                        assert!(!line.contains(table), "{place}");
                    }
                }
                _ => {}
            }
        }
    }
}

/// Which floor a module is on, from the roof: a larger number is further down, siblings are equal.
fn floor(module: &str) -> usize {
    let from_roof = FLOORS.iter().position(|floor| floor.contains(&module));
    from_roof.unwrap_or_else(|| panic!("`{module}` has no floor: see FLOORS"))
}

/// The modules that a file names, each with its line.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_list: Option<usize> = None;
    for (number, line) in code(text) {
        let mut rest = line.as_str();
        // `use crate::{a::x, b};` over any number of lines
        if let Some(depth) = in_list.as_mut() {
            for part in rest.split_inclusive(['{', '}', ',']) {
                if *depth == 1 {
                    let name: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    if !name.is_empty() {
                        found.push((number, name));
                    }
                }
                *depth += part.matches('{').count();
                *depth -= part.matches('}').count();
                if *depth == 0 {
                    break;
                }
            }
            if in_list == Some(0) {
                in_list = None;
            }
            continue;
        }
        while let Some((_, after)) = rest.split_once("crate::") {
            rest = after;
            if after.starts_with('{') {
                in_list = Some(0);
                let lists = imports_of_list(after, &mut in_list);
                found.extend(lists.into_iter().map(|name| (number, name)));
                break;
            }
            let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push((number, name));
        }
    }
    found
}

/// The first names of a list in braces, as far as it goes on its first line.
fn imports_of_list(list: &str, in_list: &mut Option<usize>) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    for part in list.split_inclusive(['{', '}', ',']) {
        let name: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if depth == 1 && !name.is_empty() {
            names.push(name);
        }
        depth += part.matches('{').count();
        depth -= part.matches('}').count();
        if depth == 0 {
            break;
        }
    }
    *in_list = (depth > 0).then_some(depth);
    names
}

/// The lines of a file that are code of the program: no comments, no tests at its end.
fn code(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| *line != "mod tests {")
        .map(|(index, line)| {
            let code = line.split("//").next().unwrap_or_default();
            (index + 1, code.to_owned())
        })
        .collect()
}

/// All files of the program, but for those that are tests.
fn sources() -> BTreeMap<PathBuf, String> {
    let mut files = all_sources();
    files.retain(|path, _| path.with_extension("").components().all(|part| part.as_os_str() != "tests"));
    assert!(files.len() > 50, "only {} files below src", files.len());
    files
}

/// All files of the program and its tests.
fn all_sources() -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a file of src can be read");
                let below = path.strip_prefix(root()).expect("it is below src");
                if below != Path::new("lib.rs") {
                    files.insert(below.to_owned(), text);
                }
            }
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// `engine` of `engine/reader.rs`, `main` of `main.rs`.
fn module_of(path: &Path) -> String {
    let first = path.components().next().expect("a path below src");
    Path::new(first.as_os_str())
        .file_stem()
        .and_then(|name| name.to_str())
        .expect("names of files are plain")
        .to_owned()
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "use crate::data::{Value, Batch};\nuse crate::{\n    expr::{self, Node},\n    lang,\n};\n// crate::cli\nfn f() -> crate::stage::X { crate::sink::y() }\nuse crate::{encode, plan::Plan};\n";
    let names: Vec<String> = imports(text).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["data", "expr", "lang", "stage", "sink", "encode", "plan"]);
}
