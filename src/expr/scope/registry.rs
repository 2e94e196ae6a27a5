//! The part of a scope that all scopes of an expression share: slots, known kinds of values, and requests of stages.

use std::cell::{Cell, RefCell};

use super::Scope;
use crate::data::{Slot, SlotSet};
use crate::expr::bound_expr::BoundExpr;
use crate::expr::met::Met;

/// The slots of an expression.
#[derive(Debug, Default)]
pub(super) struct Registry {
    next_slot: Cell<u32>,
    /// Slots that hold only times and nulls.
    times: RefCell<SlotSet>,
    /// Slots that never hold a list.
    scalars: RefCell<SlotSet>,
    /// Totals that the stage being bound has requested.
    totals: RefCell<Vec<Total>>,
    /// Comparisons as written, with the values they met in the run.
    comparisons: RefCell<Vec<WrittenComparison>>,
}

/// A comparison as written (two sides and the operator between) and the values it met in the run.
pub type WrittenComparison = ([String; 3], Met);

/// The sum of an expression over all rows of a result.
#[derive(Clone, Debug)]
pub struct Total {
    /// Its text.
    pub text: String,
    /// The expression.
    pub node: BoundExpr,
    /// The slot of the sum.
    pub slot: Slot,
}

impl Scope {
    /// Returns a new slot.
    pub fn new_slot(&self) -> Slot {
        Slot(self.registry.next_slot.replace(self.registry.next_slot.get() + 1))
    }

    /// Records that a slot holds only times and nulls.
    pub fn set_time(&self, slot: Slot) {
        self.registry.times.borrow_mut().insert(slot);
    }

    /// True if a slot is known to hold only times and nulls.
    pub fn is_time(&self, slot: Slot) -> bool {
        self.registry.times.borrow().contains(slot)
    }

    /// Records that a slot never holds a list.
    pub fn set_scalar(&self, slot: Slot) {
        self.registry.scalars.borrow_mut().insert(slot);
    }

    /// True if a slot is known to hold no list.
    pub fn is_scalar(&self, slot: Slot) -> bool {
        self.registry.scalars.borrow().contains(slot)
    }

    /// Forgets what is known about the values of a slot that holds those of several, unless it is true of all.
    pub(super) fn unite_kinds(&self, slot: Slot, sides: &[Option<Slot>; 2]) {
        let mut sides = sides.iter().flatten();
        if !sides.clone().all(|side| self.is_time(*side)) {
            self.registry.times.borrow_mut().remove(slot);
        }
        match sides.all(|side| self.is_scalar(*side)) {
            true => self.set_scalar(slot),
            false => self.registry.scalars.borrow_mut().remove(slot),
        }
    }

    /// Registers a comparison: its two sides and the operator between.
    pub fn compares(&self, written: [String; 3]) -> Met {
        let met = Met::default();
        self.registry.comparisons.borrow_mut().push((written, met.clone()));
        met
    }

    /// Returns all comparisons so far.
    pub fn comparisons(&self) -> Vec<WrittenComparison> {
        self.registry.comparisons.borrow().clone()
    }

    /// Returns the slot of an expression's sum over all rows. Equal texts share one sum within a stage.
    pub fn total(&self, text: String, node: BoundExpr) -> Slot {
        let mut totals = self.registry.totals.borrow_mut();
        if let Some(total) = totals.iter().find(|total| total.text == text) {
            return total.slot;
        }
        let slot = self.new_slot();
        totals.push(Total { text, node, slot });
        slot
    }

    /// Returns the totals requested since the last call; each may read those before it.
    pub fn take_totals(&self) -> Vec<Total> {
        self.registry.totals.take()
    }
}
