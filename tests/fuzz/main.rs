//! What must hold of any bytes, asked of seeds out of the cases and of some thousand mutations of them, the same ones
//! each time. `BOURN_FUZZ_RUNS` makes more of them; `fuzz/` has them made up by libFuzzer.

mod checks;
mod mutate;
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use checks::CHECKS;
use mutate::Mutator;

/// Mutations of each check's seeds.
const RUNS: usize = 3000;

/// One test for each check.
macro_rules! checks {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

checks!(
    compression csv evaluate formats framing json kafka logfmt number parser pattern regex regroup state time
);

/// Calls a check with its seeds and their mutations; what it fails on is printed as a literal.
fn run(name: &str) {
    let (_, check) = CHECKS.iter().find(|(known, _)| *known == name).expect("the list of checks has all names");
    let one = |data: &[u8]| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(data))) {
            eprintln!("{name} fails on b\"{}\"", data.escape_ascii());
            resume_unwind(panic);
        }
    };
    let seeds = seeds::of(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    seeds.iter().for_each(|seed| one(seed));
    let runs = std::env::var("BOURN_FUZZ_RUNS").ok();
    let runs = runs.map_or(RUNS, |runs| runs.parse().expect("BOURN_FUZZ_RUNS is a number"));
    let mut mutator = Mutator::new(&seeds);
    for _ in 0..runs {
        one(&mutator.next());
    }
}

#[test]
fn every_check_is_run_and_is_a_target_of_libfuzzer() {
    let names: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, NAMES);
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    if !fuzz.exists() {
        return; // a package is without it
    }
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).expect("fuzz/Cargo.toml");
    for name in names {
        let target = format!("fuzz_targets/{name}.rs");
        assert!(manifest.contains(&format!("path = \"{target}\"")), "{target}");
        let text = std::fs::read_to_string(fuzz.join(&target)).expect("a file of each target");
        assert!(text.contains(&format!("checks::{name}::check")), "{target}");
    }
}

/// Seeds are files that libFuzzer can begin with: `BOURN_CORPUS=fuzz/corpus cargo test --test fuzz corpus` writes them
/// there, and without it they are written to see that all can be.
#[test]
fn corpus() {
    let temporary = tempfile::tempdir().expect("a directory");
    let corpus = match std::env::var_os("BOURN_CORPUS") {
        Some(path) => std::path::PathBuf::from(path),
        None => temporary.path().to_owned(),
    };
    for (name, _) in CHECKS {
        let directory = corpus.join(name);
        std::fs::create_dir_all(&directory).expect("a directory");
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(directory.join(format!("seed{number}")), seed).expect("a file");
        }
    }
}
