//! `files:DIR/NAME.json`: one file for each result, named after values of its rows.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_64;

use super::atomic_file::{AtomicFile, remove_abandoned};
use super::document;
use super::encoded::RowFormat;
use super::file::{failed, format_of};
use super::file_name::write_safe;
use super::named_fields::NamedFields;
use super::result_name::{ResultNames, deliver_each};
use super::template::{Template, TemplatePiece, write_value};
use super::{
    DeliveryError, Encodes, OpenSink, Promise, ResultKind, RowSink, SinkBatch, SinkDef, SinkResult, SinkSettings,
    SourceHeader,
};
use crate::data::{Batch, Column, Entry, Example, OutputColumns, ValueRef, take_across};
use crate::lang::Diagnostic;
use crate::lang::ast::Span;

pub(super) const FILES: SinkDef = SinkDef {
    entry: Entry {
        name: "files",
        usage: "files:DIR/{COLUMN}.json",
        summary: "One file for each result, named after its window or other columns.",
        details: "In the name, `{column}` is the value of a column, `{column:%Y-%m-%d}` a time in a strftime format, \
                  and `{batch}` a number that grows from result to result; a brace is written twice. The extension is \
                  `.csv`, `.json`, `.tsv` or `.txt`, as of single files. Rows of one result that differ in a column of \
                  the name go to different files. Directories are created. A file appears at once, when it is complete; \
                  a file of an earlier run with the same name is replaced, but a second result of the same run is an \
                  error. In values, bytes that a file name cannot have are written as in a URL, `%2F` for `/`; null is \
                  `%null`, and the empty text `%empty`. A result without rows makes no file, and `--every` changes \
                  nothing.",
        examples: &[
            Example {
                expr: "--to 'files:hours/{window_start:%Y%m%dT%H}.json' 'json | count by path | window 1h on ts'",
                input: "{\"ts\":\"2026-03-01T10:05:00Z\",\"path\":\"/\"}\n{\"ts\":\"2026-03-01T11:01:00Z\",\"path\":\"/a\"}\n",
                output: "",
            },
            Example { expr: "--to 'files:words/{word}.csv' 'split | count by word'", input: "a b\na\n", output: "" },
        ],
    },
    promise: Promise::ExactlyOnce("a result that is delivered again replaces the file of its name with the same bytes"),
    encodes: |target| match parts(target) {
        Some((template, _)) if template.ends_with(".txt") => Encodes::AsInAPipe,
        _ => Encodes::Nothing,
    },
    accepts: |target| target.as_encoded_bytes().starts_with(PREFIX.as_bytes()),
    check: |target| template(target).map(drop),
    path: |target| Some(directory(parts(target)?.0)),
    is_same: |one, other| {
        let names = |target| std::path::absolute(parts(target)?.0).ok();
        names(one).is_some_and(|one| Some(one) == names(other))
    },
    fits: |target, settings| Files::open(target, settings).map(drop),
    open: OpenSink::Rows(|target, settings| Ok(Box::new(Files::open(target, settings)?))),
};

const PREFIX: &str = "files:";

/// The number of a result, as a column of the template.
const BATCH: &str = "batch";

/// The template as written, and its first byte in the target.
fn parts(target: &OsStr) -> Option<(&str, usize)> {
    Some((target.to_str()?.strip_prefix(PREFIX)?, PREFIX.len()))
}

fn template(target: &OsStr) -> Result<Template, Diagnostic> {
    let Some((text, offset)) = parts(target) else {
        let all = Span { start: 0, end: target.to_string_lossy().len() };
        return Err(Diagnostic::new(all, "the name is not UTF-8"));
    };
    let template = Template::parse(text, offset)?;
    let file = text.rfind('/').map_or(0, |slash| slash + 1);
    let has_extension = [".csv", ".json", ".tsv", ".txt"].iter().any(|end| text.ends_with(end));
    if !has_extension {
        let span = Span { start: offset + file, end: offset + text.len().max(file + 1) };
        let help = "write files:DIR/{window_start:%Y%m%dT%H%M%S}.json";
        return Err(Diagnostic::new(span, "expected a name that ends in .csv, .json, .tsv or .txt").help(help));
    }
    Ok(template)
}

/// The directory that all files are in.
fn directory(template: &str) -> OsString {
    let fixed = template.split('{').next().unwrap_or_default();
    match fixed.rfind('/') {
        Some(0) => "/".into(),
        Some(slash) => fixed[..slash].into(),
        None => ".".into(),
    }
}

struct Files {
    template: Template,
    format: RowFormat,
    settings: SinkSettings,
    source: Option<SourceHeader>,
    names: ResultNames,
    /// The fields of the template.
    named: NamedFields,
    notes: Vec<String>,
    /// The hashes of the names of this run.
    written: HashSet<u64>,
    /// The directories of this run.
    folders: HashSet<PathBuf>,
}

/// The rows of a result that go to one file: the number of the batch, and the row in it.
type FileRows = (String, Vec<(u32, u32)>);

impl Files {
    fn open(target: &OsStr, settings: &SinkSettings) -> Result<Files, String> {
        let template = template(target).map_err(|diagnostic| diagnostic.message)?;
        let columns = &settings.columns;
        let names: Vec<&str> = columns.named.iter().map(|column| column.name.as_str()).collect();
        if columns.whole.is_none() {
            let known: Vec<&str> = names.iter().copied().chain([BATCH]).collect();
            template.check_columns(&known)?;
        }
        let is_bound = |name: &str| columns.named.iter().any(|column| column.is_bound && column.name == name);
        if settings.is_streamed && !template.columns().any(|column| column == BATCH || is_bound(column)) {
            let help = match columns.named.iter().find(|column| column.is_bound) {
                Some(bound) => format!("{{{}:%Y%m%dT%H%M%S}}", bound.name),
                None => format!("{{{BATCH}}}"),
            };
            return Err(format!("each result needs a name of its own\n  = help: add {help} to the name"));
        }
        let (settings, format) = (settings.clone(), format_of(target, settings));
        let names = ResultNames::new(&settings.columns);
        let named = NamedFields::new(&settings.columns, template.columns().filter(|column| *column != BATCH));
        Ok(Files {
            template,
            format,
            settings,
            source: None,
            names,
            named,
            notes: Vec::new(),
            written: HashSet::new(),
            folders: HashSet::new(),
        })
    }

    fn deliver_result(&mut self, name: &str, result: &SinkResult) -> Result<(), DeliveryError> {
        if result.kind == ResultKind::Snapshot {
            return Ok(()); // a later one replaces it
        }
        let files = self.files(name, result)?;
        let hash = |path: &str| XxHash3_64::oneshot(path.as_bytes());
        if let Some((path, _)) = files.iter().find(|(path, _)| self.written.contains(&hash(path))) {
            return Err(DeliveryError::Failed(self.is_taken(path)));
        }
        files.iter().try_for_each(|(path, rows)| self.write(path, result, rows))?;
        self.written.extend(files.iter().map(|(path, _)| hash(path)));
        Ok(())
    }

    /// The files of a result, in the order of their first rows.
    fn files(&self, name: &str, result: &SinkResult) -> Result<Vec<FileRows>, DeliveryError> {
        let mut files: Vec<FileRows> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (index, batch) in result.rows.iter().enumerate() {
            let is_constant = self.template.columns().all(|column| is_constant(&self.settings.columns, batch, column));
            let mut place = None;
            for row in 0..batch.rows {
                let place = match place.filter(|_| is_constant) {
                    Some(place) => place,
                    None => {
                        let path = self.path(name, batch, row).map_err(DeliveryError::Failed)?;
                        *place.insert(*places.entry(path).or_insert_with_key(|path| {
                            files.push((path.clone(), Vec::new()));
                            files.len() - 1
                        }))
                    }
                };
                files[place].1.push((index as u32, row as u32));
            }
        }
        Ok(files)
    }

    /// The path of the file that a row goes to.
    fn path(&self, name: &str, batch: &Batch<'_>, row: usize) -> Result<String, String> {
        let columns = &self.settings.columns;
        let mut path = String::new();
        let mut text = Vec::new();
        let fields = columns.whole.map(|_| columns.fields(batch, row));
        for piece in self.template.pieces() {
            let (column, format) = match piece {
                TemplatePiece::Text(text) => {
                    path.push_str(text);
                    continue;
                }
                TemplatePiece::Value { column, format } => (column, format),
            };
            let own = columns.named.iter().find(|own| own.name == *column);
            let value = match (own, &fields) {
                (Some(own), _) => batch.column(own.slot).get(row),
                (None, _) if column == BATCH => {
                    path.push_str(&number(name));
                    continue;
                }
                (None, Some(fields)) => {
                    let field = fields.iter().find(|(name, _)| *name == column.as_bytes());
                    field.map_or(ValueRef::Null, |(_, value)| *value)
                }
                (None, None) => ValueRef::Null,
            };
            text.clear();
            write_value(column, format.as_ref(), value, &mut text)?;
            write_safe(value, &text, &mut path);
        }
        Ok(path)
    }

    fn write(&mut self, path: &str, result: &SinkResult, rows: &[(u32, u32)]) -> Result<(), DeliveryError> {
        let path = Path::new(path);
        let whole = rows.len() == result.len();
        let live = || self.settings.columns.slots().collect();
        let rows = if whole { result.rows.clone() } else { take_across(&result.rows, rows, &live()) };
        let result = SinkResult { rows, ..*result };
        let named = |error: std::io::Error| match failed(&error) {
            DeliveryError::Failed(reason) => DeliveryError::Failed(format!("{}: {reason}", path.display())),
            DeliveryError::Retry(reason) => DeliveryError::Retry(format!("{}: {reason}", path.display())),
            other => other,
        };
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        if self.folders.insert(folder.to_owned()) {
            std::fs::create_dir_all(folder).map_err(named)?;
            remove_abandoned(folder);
        }
        let file = AtomicFile::unchecked(path);
        let source = self.source.as_ref();
        file.replace(&mut |out| document::write(self.format, &self.settings, source, &result, out)).map_err(named)
    }

    /// The error about a second result with the same name.
    fn is_taken(&self, path: &str) -> String {
        let columns = &self.settings.columns.named;
        let is_used = |name: &str| self.template.columns().any(|column| column == name);
        let bound = columns.iter().find(|column| column.is_bound);
        let mut missing: Vec<String> = Vec::new();
        missing.extend(bound.map(|bound| format!("{{{}:%Y%m%dT%H%M%S}}", bound.name)));
        let keys = columns.iter().filter(|column| column.is_key && !column.is_bound && !is_used(&column.name));
        missing.extend(keys.map(|key| format!("{{{}}}", key.name)));
        missing.push(format!("{{{BATCH}}}"));
        format!("{path}: a second result has this name\n  = help: add {} to the name", missing.join(" or "))
    }
}

/// True if all rows of a batch have the same value in this column of the template.
fn is_constant(columns: &OutputColumns, batch: &Batch<'_>, name: &str) -> bool {
    match columns.named.iter().find(|column| column.name == name) {
        Some(column) => matches!(batch.column(column.slot), Column::Constant(..)),
        None => name == BATCH && columns.whole.is_none(),
    }
}

/// The name of a result with as many digits as any, so that names sort: `00000000000000000042_1` for `42-1`.
fn number(name: &str) -> String {
    match name.split_once('-') {
        Some((batch, index)) => format!("{batch:0>20}_{index}"),
        None => format!("{name:0>20}"),
    }
}

impl RowSink for Files {
    fn know(&mut self, header: &SourceHeader) {
        self.source = Some(header.clone());
    }

    fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        self.notes.extend(self.named.look(&self.settings.columns, batch));
        deliver_each(self, |sink| &mut sink.names, batch, Self::deliver_result)
    }

    fn delivered_rows(&self) -> usize {
        self.names.delivered_rows()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::testing::{batch, columns, int, of, settings, text, time};

    const HOUR: i64 = 3_600_000_000_000;

    fn open(folder: &Path, name: &str, settings: &SinkSettings) -> Result<Files, String> {
        Files::open(OsStr::new(&format!("files:{}/{name}", folder.display())), settings)
    }

    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(next).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(folder).expect("it is in it").display().to_string();
                    found.push((name, std::fs::read_to_string(&path).expect("a file")));
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn rows_go_to_the_file_of_their_values() {
        let folder = tempfile::tempdir().expect("a directory");
        let settings = SinkSettings {
            is_streamed: true,
            ..settings(columns(&["*window_start", "*window_end", "+path", "count"]))
        };
        let mut sink = open(folder.path(), "{window_start:%Y/%d-%H}/{path}.csv", &settings).expect("it fits");
        let rows = |hour: i64| {
            let paths = ["/", "a", "/"];
            let all = |make: &dyn Fn(usize) -> crate::data::Value| (0..3).map(make).collect();
            batch(&[
                all(&|_| time(hour * HOUR)),
                all(&|_| time(hour * HOUR + HOUR)),
                all(&|row| text(paths[row])),
                all(&|row| int(row as i64)),
            ])
        };
        sink.deliver(&of(0, ResultKind::Snapshot, vec![rows(0)])).expect("it takes none");
        sink.deliver(&of(1, ResultKind::Final, vec![rows(0), rows(1)])).expect("room");
        let found = files(folder.path());
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["1970/01-00/%2F.csv", "1970/01-00/a.csv", "1970/01-01/%2F.csv", "1970/01-01/a.csv"]);
        let bounds = "1970-01-01T00:00:00Z,1970-01-01T01:00:00Z";
        assert_eq!(found[0].1, format!("window_start,window_end,path,count\n{bounds},/,0\n{bounds},/,2\n"));
        let again = sink.deliver(&of(2, ResultKind::Final, vec![rows(1)])).expect_err("the name is taken");
        let DeliveryError::Failed(reason) = again else { panic!("{again:?}") };
        assert!(reason.contains("a second result has this name\n  = help: add {window_start:"), "{reason}");
    }

    #[test]
    fn a_stream_of_rows_needs_a_number() {
        let folder = tempfile::tempdir().expect("a directory");
        let settings = SinkSettings { is_streamed: true, ..settings(columns(&["line"])) };
        let refused = open(folder.path(), "{line}.json", &settings).err().expect("it needs more");
        assert_eq!(refused, "each result needs a name of its own\n  = help: add {batch} to the name");
        let mut sink = open(folder.path(), "{batch}.json", &settings).expect("it fits");
        for number in [4, 6] {
            sink.deliver(&of(number, ResultKind::Rows, vec![batch(&[vec![text("x")]])])).expect("room");
        }
        let names: Vec<String> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["00000000000000000004.json", "00000000000000000006.json"]);
    }

    #[test]
    fn a_missing_column_is_found_before_the_run() {
        let folder = tempfile::tempdir().expect("a directory");
        let refused = open(folder.path(), "{paht}.json", &settings(columns(&["path"]))).err().expect("a misspelt name");
        assert!(refused.contains("did you mean {path}?"), "{refused}");
    }

    #[test]
    fn the_directory_is_what_all_names_begin_with() {
        for (template, expected) in
            [("out/{a}.csv", "out"), ("a/b-{c}/d.csv", "a"), ("/{a}.csv", "/"), ("{a}.csv", ".")]
        {
            assert_eq!(directory(template), expected);
        }
    }
}
