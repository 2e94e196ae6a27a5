//! A pattern with holes for times, run as a backtracking search. Times are not a regular language: only parsing decides
//! what is one.
//!
//! The rest of the pattern is the regular expression that it means, and the search has the preferences of a regular
//! expression. No state is tried twice at an offset (as in the bounded backtracker of RE2), so a search takes time in
//! proportion to the text.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::decode::times::{self, Surroundings};

/// An instruction.
#[derive(Clone, Debug)]
enum Instruction {
    /// One byte of a set, by the set's number.
    Byte(usize),
    /// Continues at one instruction, or else at the other.
    Split(usize, usize),
    Jump(usize),
    /// The beginning or end of a hole.
    Save(usize),
    /// A time, the longest first.
    Time(Surroundings),
    Match,
}

/// A compiled pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    steps: Vec<Instruction>,
    sets: Vec<[bool; 256]>,
    holes: usize,
}

/// Buffers that searches reuse.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// A bit for each instruction at each offset.
    visited: Vec<u64>,
    todo: Vec<Todo>,
    saved: Vec<usize>,
}

#[derive(Debug)]
enum Todo {
    Try(usize, usize),
    /// Restores the end of a hole after a failed alternative.
    Restore(usize, usize),
}

impl Program {
    /// Adds a regular expression over bytes.
    pub(super) fn push_regex(&mut self, regex: &str) {
        let mut parser = ParserBuilder::new().unicode(false).utf8(false).dot_matches_new_line(true).build();
        let hir = parser.parse(regex).expect("the pattern's own expression");
        self.push(&hir);
    }

    /// Adds a hole that is a regular expression.
    pub(super) fn push_hole(&mut self, regex: &str) {
        let slot = self.begin_hole();
        self.push_regex(regex);
        self.steps.push(Instruction::Save(slot + 1));
    }

    /// Adds a hole for a time.
    pub(super) fn push_time(&mut self, around: Surroundings) {
        let slot = self.begin_hole();
        self.steps.push(Instruction::Time(around));
        self.steps.push(Instruction::Save(slot + 1));
    }

    /// Ends the program.
    pub(super) fn finish(&mut self) {
        self.steps.push(Instruction::Match);
    }

    fn begin_hole(&mut self) -> usize {
        let slot = 2 * self.holes;
        self.holes += 1;
        self.steps.push(Instruction::Save(slot));
        slot
    }

    fn push(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                literal.0.iter().for_each(|byte| self.push_set([(*byte, *byte)]));
            }
            HirKind::Class(Class::Bytes(class)) => {
                self.push_set(class.iter().map(|range| (range.start(), range.end())));
            }
            HirKind::Class(Class::Unicode(class)) => {
                let byte = |letter: char| u8::try_from(letter).unwrap_or(u8::MAX);
                let ranges = class.iter().map(|range| (byte(range.start()), byte(range.end())));
                self.push_set(ranges);
            }
            HirKind::Capture(capture) => self.push(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.push(part)),
            HirKind::Alternation(parts) => self.push_alternation(parts),
            HirKind::Repetition(repetition) => {
                (0..repetition.min).for_each(|_| self.push(&repetition.sub));
                match repetition.max {
                    Some(max) => self.push_optional(max - repetition.min, repetition.greedy, &repetition.sub),
                    None => self.push_loop(repetition.greedy, &repetition.sub),
                }
            }
        }
    }

    fn push_set(&mut self, ranges: impl IntoIterator<Item = (u8, u8)>) {
        let mut set = [false; 256];
        for (start, end) in ranges {
            set[usize::from(start)..=usize::from(end)].fill(true);
        }
        let known = self.sets.iter().position(|known| *known == set);
        let number = known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        self.steps.push(Instruction::Byte(number));
    }

    fn push_alternation(&mut self, parts: &[Hir]) {
        let mut ends = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let split = self.steps.len();
            let is_last = index + 1 == parts.len();
            if !is_last {
                self.steps.push(Instruction::Split(split + 1, 0));
            }
            self.push(part);
            if !is_last {
                ends.push(self.steps.len());
                self.steps.push(Instruction::Jump(0));
                self.steps[split] = Instruction::Split(split + 1, self.steps.len());
            }
        }
        let end = self.steps.len();
        ends.into_iter().for_each(|jump| self.steps[jump] = Instruction::Jump(end));
    }

    /// Adds a part that occurs at most `times` times.
    fn push_optional(&mut self, times: u32, is_greedy: bool, part: &Hir) {
        let mut splits = Vec::new();
        for _ in 0..times {
            splits.push(self.steps.len());
            self.steps.push(Instruction::Jump(0));
            self.push(part);
        }
        let end = self.steps.len();
        for split in splits {
            self.steps[split] = fork(split + 1, end, is_greedy);
        }
    }

    /// Adds a part that occurs any number of times.
    fn push_loop(&mut self, is_greedy: bool, part: &Hir) {
        let split = self.steps.len();
        self.steps.push(Instruction::Jump(0));
        self.push(part);
        self.steps.push(Instruction::Jump(split));
        self.steps[split] = fork(split + 1, self.steps.len(), is_greedy);
    }

    /// Finds the ranges of all holes.
    pub(super) fn find(&self, text: &[u8], places: &mut [(usize, usize)], scratch: &mut Scratch) -> bool {
        let bits = self.steps.len() * (text.len() + 1);
        scratch.visited.clear();
        scratch.visited.resize(bits.div_ceil(64), 0);
        scratch.saved.clear();
        scratch.saved.resize(2 * self.holes, 0);
        let is_found = (0..=text.len()).any(|start| self.find_at(text, start, scratch));
        if is_found {
            for (place, pair) in places.iter_mut().zip(scratch.saved.as_chunks::<2>().0) {
                *place = (pair[0], pair[1]);
            }
        }
        is_found
    }

    fn find_at(&self, text: &[u8], start: usize, scratch: &mut Scratch) -> bool {
        scratch.todo.clear();
        scratch.todo.push(Todo::Try(0, start));
        while let Some(todo) = scratch.todo.pop() {
            match todo {
                Todo::Restore(slot, place) => scratch.saved[slot] = place,
                Todo::Try(step, at) => {
                    if self.follow(text, step, at, scratch) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Runs from an instruction at an offset until an alternative must be tried; returns whether everything matched.
    fn follow(&self, text: &[u8], step: usize, at: usize, scratch: &mut Scratch) -> bool {
        let (mut step, mut at) = (step, at);
        loop {
            let bit = step * (text.len() + 1) + at;
            let (word, mask) = (bit / 64, 1 << (bit % 64));
            if scratch.visited[word] & mask != 0 {
                return false;
            }
            scratch.visited[word] |= mask;
            match &self.steps[step] {
                Instruction::Byte(set) => match text.get(at) {
                    Some(byte) if self.sets[*set][usize::from(*byte)] => {
                        at += 1;
                        step += 1;
                    }
                    _ => return false,
                },
                Instruction::Split(first, second) => {
                    scratch.todo.push(Todo::Try(*second, at));
                    step = *first;
                }
                Instruction::Jump(to) => step = *to,
                Instruction::Save(slot) => {
                    scratch.todo.push(Todo::Restore(*slot, scratch.saved[*slot]));
                    scratch.saved[*slot] = at;
                    step += 1;
                }
                Instruction::Time(around) => {
                    let Some(longest) = times::longest(text, at, *around) else {
                        return false;
                    };
                    let first = scratch.todo.len();
                    let mut end = longest;
                    while let Some(shorter) = times::shorter(text, at, end, *around) {
                        scratch.todo.push(Todo::Try(step + 1, shorter));
                        end = shorter;
                    }
                    scratch.todo[first..].reverse(); // the longest of them is tried first
                    at = longest;
                    step += 1;
                }
                Instruction::Match => return true,
            }
        }
    }
}

/// Orders two alternatives: once more, or continue.
fn fork(again: usize, on: usize, is_greedy: bool) -> Instruction {
    if is_greedy { Instruction::Split(again, on) } else { Instruction::Split(on, again) }
}
