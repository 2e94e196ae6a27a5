//! The fields requested from a schemaless decoder.

use std::rc::Rc;

use super::Scope;
use crate::data::Slot;
use crate::lang::ast::Path;

/// Fields that the stages after a schemaless decoder request.
#[derive(Debug)]
pub struct Requests {
    /// In the order of the requests.
    pub fields: Vec<FieldRequest>,
    /// The slot of the whole object, if requested.
    pub whole: Slot,
    /// True if a field can contain others: `user.id` is `id` in `user`. Otherwise it is a name with a dot.
    pub(super) nests: bool,
    /// The fields before this decoder, used where it lacks a field.
    pub(super) before: Option<Box<Scope>>,
    /// The two united streams that the fields come from, if this is a union and not a decoder.
    pub(super) sides: Option<Rc<[Scope; 2]>>,
}

/// A field requested from a schemaless decoder.
#[derive(Clone, Debug)]
pub struct FieldRequest {
    /// Its name, and the path into it.
    pub path: Path,
    /// Its slot.
    pub slot: Slot,
    /// The slot of the same name before the decoder, used where the decoder lacks the field.
    pub older: Option<Slot>,
    /// Its slots in the two streams of a union, if this is one.
    pub sides: Option<[Option<Slot>; 2]>,
}

impl Requests {
    /// Returns the slot of a field, unless it was dropped.
    pub(super) fn ask(&mut self, written: &Path, dropped: &[Path], new_slot: &dyn Fn() -> Slot) -> Option<Slot> {
        let before = self.before.as_ref();
        let older = before.and_then(|before| before.look_up(written, dropped));
        let path = written.in_record();
        if self.is_dropped(&path, dropped) {
            return older;
        }
        let is_same = |request: &&FieldRequest| request.path == path && request.older == older;
        if let Some(request) = self.fields.iter().find(is_same) {
            return Some(request.slot);
        }
        let sides = self.in_sides(written);
        if sides == Some([None, None]) {
            return older;
        }
        let slot = new_slot();
        self.fields.push(FieldRequest { path, slot, older, sides });
        Some(slot)
    }

    /// Returns the slot of the previous decoders' whole object, and its dropped names.
    pub fn older_whole(&self) -> Option<(Slot, Vec<String>)> {
        let before = self.before.as_ref()?;
        Some((before.whole()?, before.dropped()))
    }

    /// True if a name has a meaning even if no decoder has the field.
    pub fn is_known(&self, request: &FieldRequest) -> bool {
        let (Some(older), Some(before)) = (request.older, &self.before) else {
            return false;
        };
        let Some(open) = &before.open else {
            return true;
        };
        let open = open.borrow();
        let asked = open.fields.iter().find(|request| request.slot == older);
        asked.is_none_or(|request| open.is_known(request))
    }

    /// True if a field was dropped, or something it is in, or a part of it.
    fn is_dropped(&self, path: &Path, dropped: &[Path]) -> bool {
        dropped.iter().any(|dropped| match self.nests {
            true => path.0.starts_with(&dropped.0) || dropped.0.starts_with(&path.0),
            false => dropped == path,
        })
    }

    /// True if fields of this decoder, or of an earlier one, can contain others.
    pub(super) fn nests(&self) -> bool {
        self.nests || self.before.as_ref().is_some_and(|before| before.nests())
    }

    /// Returns the slots of a field in the two united streams, if this is a union.
    fn in_sides(&self, path: &Path) -> Option<[Option<Slot>; 2]> {
        let [first, second] = &**self.sides.as_ref()?;
        Some([first.look_up(path, &[]), second.look_up(path, &[])])
    }
}
