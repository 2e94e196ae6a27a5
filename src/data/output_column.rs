//! The columns of the result.

use super::{Batch, Names, Slot, ValueRef};

/// A column that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// The slot that holds it.
    pub slot: Slot,
    /// True if it identifies the row's group or window, as `status` in `count by status` does: a name, even if it is a
    /// number.
    pub is_key: bool,
    /// True if it is the start or end of the row's window.
    pub is_bound: bool,
}

/// All columns that are printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputColumns {
    /// Those whose names the plan knows, in order.
    pub named: Vec<OutputColumn>,
    /// The slot of an object whose fields are columns, too. A named column replaces its field of the same name; the other
    /// named columns follow the fields.
    pub whole: Option<Slot>,
    /// The number of named columns before the object's fields.
    pub front: usize,
    /// Fields of the object that are no columns.
    pub dropped: Vec<String>,
}

/// One field of a row.
pub type NamedValue<'f> = (&'f [u8], ValueRef<'f>);

impl OutputColumns {
    /// All slots that are printed.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        self.named.iter().map(|column| column.slot).chain(self.whole)
    }

    /// True if a field of the object is a column.
    pub fn is_kept(&self, name: &[u8]) -> bool {
        let mut dropped = self.dropped.iter();
        !dropped.any(|dropped| dropped.as_bytes() == name)
    }

    /// Returns the fields of a row in printing order.
    pub fn fields<'f>(&'f self, batch: &'f Batch<'_>, row: usize) -> Vec<NamedValue<'f>> {
        let (front, columns) = self.named.split_at(self.front.min(self.named.len()));
        let made = |column: &'f OutputColumn| (column.name.as_bytes(), batch.column(column.slot).get(row));
        let mut fields: Vec<NamedValue<'f>> = front.iter().map(made).collect();
        if let Some(ValueRef::Object(object)) = self.whole.map(|whole| batch.column(whole).get(row)) {
            let is_front = |name: &[u8]| front.iter().any(|column| column.name.as_bytes() == name);
            let kept = object.iter().filter(|(name, _)| self.is_kept(name) && !is_front(name));
            fields.extend(kept.map(|(name, value)| (name.as_slice(), value.borrow())));
        }
        for column in columns {
            let (_, value) = made(column);
            match fields.iter_mut().find(|(name, _)| *name == column.name.as_bytes()) {
                Some(field) if self.whole.is_some() => field.1 = value,
                _ => fields.push((column.name.as_bytes(), value)),
            }
        }
        fields
    }

    /// Returns the names of [`OutputColumns::fields`] for objects with the fields `of`.
    pub fn names(&self, of: &Names) -> Names {
        let (front, columns) = self.named.split_at(self.front.min(self.named.len()));
        let mut names: Vec<Vec<u8>> = front.iter().map(|column| column.name.clone().into_bytes()).collect();
        for name in of.iter().filter(|name| self.is_kept(name)) {
            if !names[..front.len()].contains(name) {
                names.push(name.clone());
            }
        }
        for column in columns {
            if !names.iter().any(|name| name == column.name.as_bytes()) {
                names.push(column.name.clone().into_bytes());
            }
        }
        names.into()
    }
}
