//! `dedup [A, B] [within DUR [on FIELD]]`: keeps the first record of each key.
//!
//! A record is passed on at once. Workers remember the keys they saw recently: a repeat within one worker is a repeat
//! in the stream, so frequent keys hardly reach the coordinator, which knows all keys.

use std::sync::Arc;

use super::let_::Assign;
use super::spilled_keys::SpilledKeys;
use super::{
    BoundStage, Memory, Operator, OrderedStage, RecordCounts, RecordTime, Reducer, RowStage, StageDef, StageRole,
};
use crate::data::budget::{Budget, Held, HeldState};
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Column, Entry, Example, HeapBytes, Slot, SlotSet, TimeSite, Value, ValueRef, without_fields};
use crate::expr::{BoundExpr, Scope, bind as bind_expr};
use crate::group::KeyedState;
use crate::lang::arguments::Arguments;
use crate::lang::clauses::reject_constant;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const DEDUP: StageDef = StageDef {
    entry: Entry {
        name: "dedup",
        usage: "dedup [A, B, …] [within DUR [on FIELD]]",
        summary: "Keep the first record of each key, or of each line.",
        details: "A record is printed as soon as it arrives. Keys are compared by type and value, like those of \
                  groups: 1 and 1.0 are equal, 1 and \"1\" are not, and null is a key of its own. Without keys, the \
                  whole line is compared; after a stage that creates or selects columns, all of the columns. With \
                  `within DUR` a repeat is dropped only if the last kept record of its key is less than DUR away, in \
                  arrival time or `on FIELD`; a record whose FIELD is not a time is rejected. With a window, it restarts in each one. Every key is remembered; `--forget` bounds that, and `within` without `on` \
                  remembers keys for no longer than DUR.",
        examples: &[
            Example { expr: "dedup", input: "a\nb\na\n", output: "a\nb\n" },
            Example { expr: "split ',' | dedup lower(word)", input: "a,B,A,b,c\n", output: "a\nB\nc\n" },
            Example {
                expr: "parse \"{t:time} {what}\" | dedup what within 1m on t",
                input: "2026-03-01T10:00:00Z up\n2026-03-01T10:00:40Z up\n2026-03-01T10:01:10Z up\n",
                output: "2026-03-01T10:00:00Z up\n2026-03-01T10:01:10Z up\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let usage = DEDUP.entry.usage;
    let mut arguments = Arguments::of(stage);
    let mut computed: Vec<Box<dyn RowStage>> = Vec::new();
    let mut diagnostics = Diagnostics::default();
    let mut keys = Vec::new();
    if arguments.is_done() || arguments.peek_word() == Some("within") {
        keys = whole_record(stage, scope, &mut computed)?;
    } else {
        loop {
            if arguments.is_at_clause() {
                let diagnostic = arguments.expected("a field as key");
                return Err(Diagnostics::from(diagnostic.usage(usage)));
            }
            let expr = arguments.expression("a field as key").map_err(|diagnostic| diagnostic.usage(usage))?;
            if let Err(constant) = reject_constant(expr) {
                diagnostics.push(constant);
            }
            match bind_expr(expr, scope) {
                Ok(node) => keys.push(slot_of(node, scope, &mut computed)),
                Err(found) => diagnostics.extend(found),
            }
            if !arguments.comma() {
                break;
            }
        }
    }
    let within = match within(&mut arguments, stage, scope, &mut computed) {
        Ok(within) => within,
        Err(found) => {
            diagnostics.extend(found);
            return Err(diagnostics);
        }
    };
    if let Err(diagnostic) = arguments.finish(usage) {
        diagnostics.push(diagnostic);
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let dedup = Dedup { keys, within, forget: None };
    Ok(BoundStage::Ordered(computed, Box::new(dedup)))
}

/// Returns the slot of an expression's value: its field, or a new computed column.
pub(super) fn slot_of(node: BoundExpr, scope: &Scope, computed: &mut Vec<Box<dyn RowStage>>) -> Slot {
    match node {
        BoundExpr::Field(slot, _) => slot,
        node => {
            let slot = scope.new_slot();
            computed.push(Box::new(Assign { node, slot }));
            slot
        }
    }
}

/// Returns the key of whole records: the line, or all columns if stages have created or selected some.
fn whole_record(
    stage: &ast::Stage,
    scope: &mut Scope,
    computed: &mut Vec<Box<dyn RowStage>>,
) -> Result<Vec<Slot>, Diagnostics> {
    if !scope.chooses_columns {
        let line = super::line(scope, stage, &DEDUP.entry, "")?;
        return Ok(vec![slot_of(line, scope, computed)]);
    }
    let mut keys: Vec<Slot> = scope.printed().iter().map(|field| field.slot).collect();
    if let Some(whole) = scope.whole() {
        let replaced = scope.fields().iter().map(|field| field.name.clone());
        let without: Vec<String> = scope.dropped().into_iter().chain(replaced).collect();
        let slot = scope.new_slot();
        computed.push(Box::new(Remainder { whole, without, slot }));
        keys.push(slot);
    }
    Ok(keys)
}

/// Reads `[within DUR [on FIELD]]`.
fn within(
    arguments: &mut Arguments<'_>,
    stage: &ast::Stage,
    scope: &mut Scope,
    computed: &mut Vec<Box<dyn RowStage>>,
) -> Result<Option<Within>, Diagnostics> {
    if !arguments.keyword("within") {
        return Ok(None);
    }
    let usage = DEDUP.entry.usage;
    let span = arguments.span_here();
    let (ns, _) = arguments.duration("a duration after `within`").map_err(|diagnostic| diagnostic.usage(usage))?;
    if ns == 0 {
        let diagnostic = Diagnostic::new(span, "`within 0s` matches no repeats: expected a longer duration");
        return Err(Diagnostics::from(diagnostic.usage(usage)));
    }
    if arguments.keyword("on") {
        let expr =
            arguments.expression("the field that holds the time").map_err(|diagnostic| diagnostic.usage(usage))?;
        let node = bind_expr(expr, scope)?;
        let time = scope.new_slot();
        computed.push(Box::new(RecordTime { site: TimeSite::new(), node, slot: time, stage: DEDUP.entry.name }));
        return Ok(Some(Within { ns, time, by_arrival: false }));
    }
    match scope.arrival() {
        Some(time) => Ok(Some(Within { ns, time, by_arrival: true })),
        None if scope.poisoned => Ok(None),
        None => Err(Diagnostics::from(
            Diagnostic::new(stage.span, "rows of a result have no arrival time")
                .help("name the field that holds their time: within DUR on FIELD"),
        )),
    }
}

/// Computes an object without some of its fields.
struct Remainder {
    whole: Slot,
    without: Vec<String>,
    slot: Slot,
}

impl RowStage for Remainder {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.whole);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.slot]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let objects = batch.column(self.whole);
        let left = |row: usize| match objects.get(row) {
            ValueRef::Object(fields) => Value::Object(without_fields(fields, &self.without)),
            other => other.to_value(),
        };
        let left = (0..batch.rows).map(left).collect();
        batch.retain(live);
        batch.set(self.slot, Column::Values(left));
    }
}

/// The time in which a key's later records are repeats.
#[derive(Clone, Copy, Debug)]
struct Within {
    ns: i64,
    /// The slot of a record's time.
    time: Slot,
    by_arrival: bool,
}

/// Drops repeats.
#[derive(Debug)]
struct Dedup {
    keys: Vec<Slot>,
    within: Option<Within>,
    forget: Option<(i64, Slot)>,
}

impl Dedup {
    /// The slots needed before this stage.
    fn needed(&self, live: &SlotSet) -> SlotSet {
        let mut needed = live.clone();
        self.reads(&mut needed);
        needed
    }
}

impl OrderedStage for Dedup {
    fn reads(&self, slots: &mut SlotSet) {
        self.keys.iter().for_each(|key| slots.insert(*key));
        let times = self.within.map(|within| within.time);
        let times = times.into_iter().chain(self.forget.map(|(_, time)| time));
        times.for_each(|time| slots.insert(time));
    }

    fn is_blocking(&self) -> bool {
        false
    }

    fn is_stateful(&self) -> bool {
        true
    }

    fn is_immediate(&self) -> bool {
        true
    }

    fn remember(&mut self, memory: &Memory) {
        self.forget = memory.forget;
    }

    fn memory(&self) -> String {
        match (self.within, self.forget) {
            (None, None) => "each distinct key, in files over --memory".to_owned(),
            _ => "each distinct key".to_owned(),
        }
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        batch.retain(&self.needed(live));
    }

    fn reducer(&self, live: &SlotSet) -> Option<Box<dyn Reducer>> {
        if self.within.is_some() || self.forget.is_some() {
            return None; // a repeat may be kept, and a repeated key is not idle
        }
        Some(Box::new(SeenFilter {
            keys: self.keys.clone(),
            needed: self.needed(live),
            known: KeyedState::new(self.keys.len(), (), None),
        }))
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        // Arrival time never decreases, so keys outside `within` can be dropped.
        let expiring = self.within.filter(|within| within.by_arrival && self.forget.is_none());
        let expiring = expiring.map(|within| (within.ns - 1, within.time));
        let idle = self.forget.or(expiring);
        let budget = Budget::unlimited();
        Box::new(DedupOperator {
            keys: self.keys.clone(),
            live: live.clone(),
            known: KeyedState::new(self.keys.len(), self.within.map(|_| Vec::new()), idle.map(|(ns, _)| ns)),
            within: self.within,
            idle_time: idle.map(|(_, time)| time),
            counts_repeats: self.forget.is_some(),
            older: SpilledKeys::new(DEDUP.entry.name, &budget),
            held: budget.hold(),
        })
    }
}

/// Bytes that writing a key to a file takes.
const WRITE_BYTES: usize = 18;

/// Maximum number of keys that a worker remembers; about what a core's second-level cache holds.
const RECENT_KEYS: usize = 1 << 16;

/// Drops repeats of keys that a worker saw recently.
struct SeenFilter {
    keys: Vec<Slot>,
    needed: SlotSet,
    known: KeyedState<()>,
}

impl Reducer for SeenFilter {
    fn reduce(&mut self, batch: &mut Batch<'_>, counts: &mut RecordCounts) {
        if self.known.len() > RECENT_KEYS {
            self.known.restart(RECENT_KEYS / 2);
        }
        let rows = self.known.first_rows(&key_columns(&self.keys, batch), batch.rows);
        keep(batch, &rows, &self.needed, counts);
    }
}

impl HeapBytes for SeenFilter {
    fn heap_bytes(&self) -> usize {
        self.known.heap_bytes()
    }
}

/// Keeps these rows, which are in order.
fn keep(batch: &mut Batch<'_>, rows: &[u32], live: &SlotSet, counts: &mut RecordCounts) {
    counts.filter(batch.rows - rows.len());
    if rows.len() == batch.rows {
        batch.retain(live);
    } else {
        batch.keep_rows(rows, live);
    }
}

fn key_columns<'b, 'a>(keys: &[Slot], batch: &'b Batch<'a>) -> Vec<&'b Column<'a>> {
    keys.iter().map(|key| batch.column(*key)).collect()
}

/// Drops repeats of all keys so far.
struct DedupOperator {
    keys: Vec<Slot>,
    live: SlotSet,
    /// With `within`, the state of a key is the time at which it was last kept.
    known: KeyedState<Option<Vec<i64>>>,
    within: Option<Within>,
    /// The slot of the time by which keys are idle.
    idle_time: Option<Slot>,
    /// True if a repeat makes its key less idle; otherwise only a record that is kept does.
    counts_repeats: bool,
    /// Keys over the memory budget, if only the keys matter.
    older: SpilledKeys,
    /// The bytes of the keys in memory.
    held: Held,
}

impl DedupOperator {
    /// True if no time matters.
    fn only_keys(&self) -> bool {
        self.within.is_none() && self.idle_time.is_none()
    }

    /// Returns the rows to keep if no time matters.
    fn new_rows(&mut self, batch: &Batch<'_>) -> Vec<u32> {
        let mut rows = self.known.first_rows(&key_columns(&self.keys, batch), batch.rows);
        if !self.older.is_empty() {
            let groups: Vec<u32> = rows.iter().map(|row| self.known.groups[*row as usize]).collect();
            let mut is_new = self.older.without_known(&self.known.table.keys, &groups).into_iter();
            rows.retain(|_| is_new.next().unwrap_or(true));
        }
        if !self.held.budget().is_unlimited() {
            self.held.set(self.known.table.heap_bytes() + self.known.len() * WRITE_BYTES);
            if self.held.budget().must_spill(self.held.bytes()) {
                self.spill();
            }
        }
        rows
    }

    /// Writes the keys to a file. They stay in memory if that fails.
    fn spill(&mut self) {
        if self.older.write(&self.known.table.keys) {
            self.known.restart(0);
            self.held.set(0);
        }
        let filters = self.older.held_bytes();
        if self.older.budget().must_end(filters) {
            let contents = "the filters of the keys".to_owned();
            self.older.budget().fail_held(&HeldState { stage: DEDUP.entry.name, contents, can_forget: true });
        }
    }

    /// Returns the rows to keep if time matters.
    fn timely_rows(&mut self, batch: &Batch<'_>) -> Vec<u32> {
        let mut next = self.known.find(&key_columns(&self.keys, batch), batch.rows);
        let KeyedState { groups, states: last_kept, idle, .. } = &mut self.known;
        let mut idle = idle.as_mut().zip(self.idle_time);
        let mut rows = Vec::new();
        for (row, &group) in groups.iter().enumerate() {
            let time = |slot| time_at(batch.column(slot), row);
            let is_new = group == next;
            next += u32::from(is_new);
            let mut is_kept = is_new;
            if let Some((keys, slot)) = idle.as_mut().filter(|_| self.counts_repeats) {
                is_kept |= keys.visit(group, time(*slot));
            }
            if let Some((within, last_kept)) = self.within.zip(last_kept.as_mut()) {
                let last = &mut last_kept[group as usize];
                let now = time(within.time);
                is_kept |= now.saturating_sub(*last).saturating_abs() >= within.ns;
                if is_kept {
                    *last = now;
                }
            }
            if let Some((keys, slot)) = idle.as_mut().filter(|_| is_kept && !self.counts_repeats) {
                keys.visit(group, time(*slot));
            }
            if is_kept {
                rows.push(row as u32);
            }
        }
        self.known.sweep();
        rows
    }
}

impl Operator for DedupOperator {
    fn limit(&mut self, budget: &Arc<Budget>) {
        self.older = SpilledKeys::new(DEDUP.entry.name, budget);
        self.held = budget.hold();
    }

    fn held(&self) -> Option<HeldState> {
        let contents = format!("{} keys", self.known.len());
        (!self.only_keys()).then_some(HeldState { stage: DEDUP.entry.name, contents, can_forget: true })
    }

    fn push(&mut self, mut batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let rows = match (self.within, self.idle_time) {
            (None, None) => self.new_rows(&batch),
            _ => self.timely_rows(&batch),
        };
        keep(&mut batch, &rows, &self.live, counts);
        if batch.rows > 0 {
            out.push(batch);
        }
    }
}

impl Stateful for DedupOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        if self.older.is_empty() {
            self.known.save_state(out);
            return;
        }
        let mut all = KeyedState::new(self.keys.len(), None::<Vec<i64>>, None);
        self.older.add_to(&mut all.table);
        for group in 0..self.known.len() {
            all.table.group_of_stored(&self.known.table.keys, group);
        }
        all.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.known.load_state(input)
    }
}

impl HeapBytes for DedupOperator {
    fn heap_bytes(&self) -> usize {
        self.known.heap_bytes() + self.older.heap_bytes()
    }
}

/// Returns the time of a row: of arrival, or read by an earlier step.
pub(super) fn time_at(column: &Column<'_>, row: usize) -> i64 {
    match column.get(row) {
        ValueRef::Time(ns) | ValueRef::Int(ns) => ns,
        _ => i64::MIN,
    }
}
