//! The file of a `lookup` beside a live stream: it is read again when it has changed, and only then.

#![cfg(target_os = "linux")] // the harness reads /proc

#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod program;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use live::{PATIENCE, Running};
use program::Files;

/// A run that follows a log and looks names up.
struct Lookup {
    run: Running,
    log: PathBuf,
    names: PathBuf,
    _files: Files,
}

impl Lookup {
    /// `FILE` in the stages stands for the file of names.
    fn start(stages: &str, names: &str) -> Lookup {
        let files = Files::new();
        let log = files.path().join("log");
        File::create(&log).expect("a file");
        let path = files.path().join("names.csv");
        std::fs::write(&path, names).expect("room");
        let expression = stages.replace("FILE", path.to_str().expect("a plain path"));
        let written = log.to_str().expect("a plain path");
        Lookup { run: Running::start(&[&expression, "--follow", written]), log, names: path, _files: files }
    }

    /// What comes out of a record.
    fn ask(&mut self, record: &str) -> String {
        let mut log = File::options().append(true).open(&self.log).expect("a file");
        log.write_all(format!("{record}\n").as_bytes()).expect("room");
        self.run.line()
    }

    /// Asks until the answer is this one; all before are the one that was.
    fn ask_until(&mut self, record: &str, before: &str, answer: &str) {
        let begun = Instant::now();
        loop {
            let found = self.ask(record);
            if found == answer {
                return;
            }
            assert_eq!(found, before);
            assert!(begun.elapsed() < PATIENCE, "the file is never read again");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks until it says something; the answer stays this one.
    fn ask_until_said(&mut self, record: &str, answer: &str) -> String {
        let begun = Instant::now();
        loop {
            assert_eq!(self.ask(record), answer);
            if let Some(message) = self.run.said() {
                return message;
            }
            assert!(begun.elapsed() < PATIENCE, "nothing is said");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The file gets other content, at once.
    fn rewrite(&self, names: &str) {
        let mut file = File::options().write(true).open(&self.names).expect("a file");
        file.write_all(names.as_bytes()).expect("room");
        file.set_len(names.len() as u64).expect("room");
    }

    /// Another file takes the name.
    fn replace(&self, names: &str) {
        let other = self.names.with_extension("new");
        std::fs::write(&other, names).expect("room");
        std::fs::rename(&other, &self.names).expect("it is renamed");
    }

    fn name(&self) -> &Path {
        &self.names
    }

    /// Ends the run, which has nothing more to say.
    fn end(self) {
        self.run.signal("INT");
        let ended = self.run.end();
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(130), ""));
    }
}

#[test]
fn a_file_that_is_rewritten_or_replaced_is_read_again() {
    let stages = "csv as id | lookup 'FILE' on id left";
    let mut lookup = Lookup::start(stages, "id,name\n1,old\n");
    assert_eq!(lookup.ask("1"), "1\told");
    lookup.rewrite("id,name\n1,new\n");
    lookup.ask_until("1", "1\told", "1\tnew");
    lookup.replace("name,more,id\nnewer,x,1\ntwo,y,2\n");
    lookup.ask_until("1", "1\tnew", "1\tnewer");
    assert_eq!(lookup.ask("2"), "2\ttwo", "other columns, and another order");
    assert_eq!(lookup.ask("3"), "3\t");
    lookup.end();
}

#[test]
fn a_file_after_aggregates_is_read_again() {
    let stages = "count by line | lookup 'FILE' on line = id | select name | window 1 rows";
    let mut lookup = Lookup::start(stages, "id,name\n1,old\n");
    assert_eq!(lookup.ask("1"), "old");
    lookup.replace("id,name\n1,new\n");
    lookup.ask_until("1", "old", "new");
    lookup.end();
}

#[test]
fn a_key_may_get_several_rows() {
    let mut lookup = Lookup::start("lookup 'FILE' on line = id", "id,name\n1,a\n");
    assert_eq!(lookup.ask("1"), "1\ta");
    lookup.rewrite("id,name\n1,b\n1,c\n");
    lookup.ask_until("1", "1\ta", "1\tb");
    assert_eq!(lookup.run.line(), "1\tc");
    lookup.end();
}

#[test]
fn a_file_that_cannot_be_read_again_leaves_the_rows_before() {
    let stages = "csv as id | lookup 'FILE' on id left";
    let mut lookup = Lookup::start(stages, "id,name\n1,a\n");
    assert_eq!(lookup.ask("1"), "1\ta");
    let path = lookup.name().display().to_string();
    lookup.replace("id,other\n1,b\n");
    assert_eq!(
        lookup.ask_until_said("1", "1\ta"),
        format!("bourn: {path} has no column `name` any more; the rows before stay")
    );
    lookup.rewrite("id,name\n1,\"b\n");
    let message = lookup.ask_until_said("1", "1\ta");
    assert!(message.starts_with(&format!("bourn: {path}:2: ")), "{message}");
    assert!(message.ends_with("; the rows before stay"), "{message}");
    std::fs::remove_file(lookup.name()).expect("it was there");
    let message = lookup.ask_until_said("1", "1\ta");
    let gone = format!("bourn: {path} cannot be read: no such file or directory");
    assert!(message.to_lowercase().starts_with(&gone.to_lowercase()), "{message}");
    lookup.replace("id,name\n1,c\n");
    lookup.ask_until("1", "1\ta", "1\tc");
    lookup.end();
}

#[test]
fn a_finite_run_reads_its_file_once() {
    let files = Files::new();
    let path = files.path().join("names.csv");
    std::fs::write(&path, "id,name\n1,old\n").expect("room");
    let expression = format!("lookup '{}' on line = id", path.display());
    let mut run = Running::start(&[&expression]);
    run.write("1\n");
    assert_eq!(run.line(), "1\told");
    std::fs::write(&path, "id,name\n1,new\n").expect("room");
    std::thread::sleep(Duration::from_millis(300)); // a live one would have looked
    run.write("1\n");
    assert_eq!(run.line(), "1\told");
    run.close_stdin();
    assert_eq!(run.end().status, Some(0));
}
