//! Fields, and parts of fields, that stages have removed: what is left of them, and why they are gone.

use super::{Field, Scope};
use crate::data::Slot;
use crate::lang::Diagnostic;
use crate::lang::ast::{Path, Segment, Span};

/// Fields removed since the latest schemaless decoder.
#[derive(Clone, Debug, Default)]
pub(super) struct RemovedFields {
    /// Objects of the decoder after a part was removed. They are printed with the whole object, not as columns.
    pub(super) remainders: Vec<Field>,
    /// Dropped paths.
    pub(super) dropped: Vec<Path>,
    /// Dropped paths that were replaced by a new field, with its name.
    gave_way: Vec<(Path, String)>,
}

impl Scope {
    /// Forgets the parts removed from a field that has a new value.
    pub(super) fn forget_parts(&mut self, name: &str) {
        self.removed.remainders.retain(|field| field.name != name);
        let nests = self.nests();
        let is_part = |path: &Path| {
            nests && path.0.len() > 1 && matches!(path.0.first(), Some(Segment::Name(first)) if first == name)
        };
        self.removed.dropped.retain(|path| !is_part(path));
        self.removed.gave_way.retain(|(path, _)| !is_part(path));
    }

    /// Replaces a field by `slot`, which holds its values without a removed part. The field keeps its position.
    pub fn set_remainder(&mut self, name: &str, slot: Slot) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            (field.slot, field.is_older) = (slot, false);
            return;
        }
        self.removed.remainders.retain(|field| field.name != name);
        self.removed.remainders.push(Field::new(name, slot));
    }

    /// Returns the names dropped after a schemaless decoder. Parts of a field are removed from the objects themselves.
    pub fn dropped(&self) -> Vec<String> {
        let nests = self.open.as_ref().is_some_and(|requests| requests.borrow().nests);
        let is_field = |path: &&Path| !nests || path.0.len() == 1;
        self.removed.dropped.iter().filter(is_field).map(Path::label).collect()
    }

    /// Removes a field and everything in it.
    pub fn remove(&mut self, path: &Path) {
        let name = path.label();
        self.fields.retain(|field| field.name != name);
        self.removed.remainders.retain(|field| field.name != name);
        self.removed.dropped.push(path.in_record());
    }

    /// Records that a part of a field's values was dropped.
    pub fn remove_part(&mut self, path: &Path) {
        self.removed.dropped.push(path.in_record());
    }

    /// Prints a field of whole objects again, because a renamed one has its name.
    pub fn restore(&mut self, name: &str) {
        self.removed.dropped.retain(|path| path.label() != name);
    }

    /// Replaces a field that is not a column, or a part of a field, by a field with a new name.
    pub fn give_way(&mut self, path: &Path, new: &str) {
        if self.open.is_some() || path.0.len() > 1 {
            self.removed.dropped.push(path.in_record());
            self.removed.gave_way.push((path.in_record(), new.to_owned()));
        }
    }

    /// Returns the diagnostic of a path that was dropped, or that a part was dropped from.
    pub(super) fn dropped_before(&self, path: &Path, span: Span) -> Option<Diagnostic> {
        let path = path.in_record();
        let is_met = |dropped: &&Path| path.0.starts_with(&dropped.0) || self.nests() && dropped.0.starts_with(&path.0);
        let dropped = self.removed.dropped.iter().find(is_met)?;
        let name = dropped.label();
        if let Some((_, new)) = self.removed.gave_way.iter().find(|(gone, _)| gone == dropped) {
            let message = format!("`{name}` was replaced by `{new}`");
            let help = format!("write this stage before the one that makes `{new}`");
            return Some(Diagnostic::new(span, message).help(help));
        }
        let diagnostic = Diagnostic::new(span, format!("`{name}` was dropped by a stage before"));
        let mut help = format!("write this stage before `drop {name}`");
        if dropped.0.len() > path.0.len() {
            help.push_str(&format!(", or name other fields of `{}`", path.label()));
        }
        Some(diagnostic.help(help))
    }
}
