//! The nearest names: by meaning, then by spelling.

use crate::aggregate::AGGREGATES;
use crate::stage::STAGES;

use super::values;
use super::verbs::VERBS;

/// Number of names shown.
const SHOWN: usize = 3;

/// Returns the stages and aggregates nearest to a word, the best first.
pub(in crate::plan) fn nearest(typed: &str) -> [&'static str; SHOWN] {
    let typed = values::key(typed);
    let own = STAGES
        .iter()
        .map(|def| (def.entry.name, def.entry.summary))
        .chain(AGGREGATES.iter().map(|def| (def.entry.name, def.entry.summary)));
    let mut scored: Vec<(f64, &str)> = own.map(|(name, summary)| (score(&typed, name, summary), name)).collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0));
    std::array::from_fn(|place| scored[place].1)
}

/// Scores a name by the foreign words that it replaces, its summary, and its letters.
fn score(typed: &str, name: &str, summary: &str) -> f64 {
    let spelling = strsim::jaro_winkler(typed, name);
    let replaces = VERBS
        .iter()
        .filter(|verb| verb.here.iter().any(|here| here.split([' ', '(', ',']).next() == Some(name)))
        .flat_map(|verb| verb.words.split(' '));
    let values = values::VALUES
        .iter()
        .filter(|value| value.here.split(['(', ' ']).next() == Some(name))
        .flat_map(|value| value.words.split(' '));
    let foreign = replaces.chain(values).map(|word| alike(typed, &values::key(word)));
    let by_words = foreign.fold(0.0, f64::max);
    let summary = summary.to_lowercase();
    let is_said = typed.len() > 3
        && summary
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == typed || word.len() > 4 && typed.contains(word));
    f64::max(by_words, if is_said { 0.5 } else { 0.0 }) + spelling / 2.0
}

/// 1 for the same word, nearly 1 if one contains the other, little for words that only look alike.
fn alike(typed: &str, word: &str) -> f64 {
    if typed == word {
        return 1.0;
    }
    if word.len() > 3 && typed.len() > 3 && (typed.contains(word) || word.contains(typed)) {
        return 0.8;
    }
    let spelling = strsim::damerau_levenshtein(typed, word);
    if word.len() > 4 && spelling <= 1 { 0.8 } else { 0.0 }
}
