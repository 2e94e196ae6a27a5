//! What is asked of a decoder whose fields only the data knows.

use std::rc::Rc;

use super::Scope;
use crate::data::Slot;
use crate::lang::ast::Path;

/// Fields that the stages behind an open decoder ask for.
#[derive(Debug)]
pub struct Requests {
    /// In the order in which they were asked for.
    pub fields: Vec<FieldRequest>,
    /// What holds the whole object, if that is asked for.
    pub whole: Slot,
    /// Whether a field can be in another: in `user`, `user.id`. Else that is only a name with a dot in it.
    pub(super) nests: bool,
    /// The fields in front of this decoder: what it does not have is taken from there.
    pub(super) before: Option<Box<Scope>>,
    /// This is no decoder, but the place where two streams become one: the fields are theirs.
    pub(super) sides: Option<Rc<[Scope; 2]>>,
}

/// A field that an open decoder is asked for.
#[derive(Clone, Debug)]
pub struct FieldRequest {
    /// Its name, and the way into it.
    pub path: Path,
    /// What will hold it.
    pub slot: Slot,
    /// What the name meant in front of the decoder: it is taken where this one has none.
    pub older: Option<Slot>,
    /// What holds it in each of two streams that become one, if they do so here.
    pub sides: Option<[Option<Slot>; 2]>,
}

impl Requests {
    /// What will hold a field, if it is not among what was dropped.
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

    /// What holds the whole object of the decoders before, and the names of it that were dropped.
    pub fn older_whole(&self) -> Option<(Slot, Vec<String>)> {
        let before = self.before.as_ref()?;
        Some((before.whole()?, before.dropped()))
    }

    /// Whether a name means something even where no decoder has a field of it.
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

    /// Whether a field was dropped, or what it is in, or a part of it.
    fn is_dropped(&self, path: &Path, dropped: &[Path]) -> bool {
        dropped.iter().any(|dropped| match self.nests {
            true => path.0.starts_with(&dropped.0) || dropped.0.starts_with(&path.0),
            false => dropped == path,
        })
    }

    /// Whether a field of this decoder, or of one before, can be in another.
    pub(super) fn nests(&self) -> bool {
        self.nests || self.before.as_ref().is_some_and(|before| before.nests())
    }

    /// What holds a field in each of the two streams that are united here, if they are.
    fn in_sides(&self, path: &Path) -> Option<[Option<Slot>; 2]> {
        let [first, second] = &**self.sides.as_ref()?;
        Some([first.look_up(path, &[]), second.look_up(path, &[])])
    }
}
