//! The fields that a stage can see, and the slots that hold them.

use crate::data::Slot;
use crate::lang::Mistake;
use crate::lang::ast::{Path, Segment, Span};

/// A named column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What holds it.
    pub slot: Slot,
}

/// The fields between two stages, in the order in which they are printed.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    fields: Vec<Field>,
    /// What the source knows of each record: `@source`, `@number`, `@time`. Never printed unless asked for.
    metadata: Vec<Field>,
    next_slot: u32,
    /// A stage before made a mistake: names can no longer be judged.
    pub unknown: bool,
    /// What to say of a name that is no function but means something elsewhere in an expression.
    pub elsewhere: Option<fn(&str) -> Option<String>>,
}

impl Scope {
    /// A scope without fields.
    pub fn new() -> Self {
        Scope::default()
    }

    /// The fields in their order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// A slot that nothing uses yet.
    pub fn new_slot(&mut self) -> Slot {
        let slot = Slot(self.next_slot);
        self.next_slot += 1;
        slot
    }

    /// Adds a field behind the others, or puts it in the place of one of the same name.
    pub fn set(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        self.set_slot(name, slot);
        slot
    }

    /// As [`Scope::set`], with a slot that exists.
    pub fn set_slot(&mut self, name: &str, slot: Slot) {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.slot = slot,
            None => self.fields.push(Field {
                name: name.to_owned(),
                slot,
            }),
        }
    }

    /// Adds what the source knows of each record.
    pub fn set_metadata(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        self.metadata.push(Field {
            name: name.to_owned(),
            slot,
        });
        slot
    }

    /// Puts a field of a new name in the place of another.
    pub fn replace(&mut self, old: &str, new: &str) -> Slot {
        let slot = self.new_slot();
        if old != new {
            self.fields.retain(|field| field.name != new);
        }
        match self.fields.iter_mut().find(|field| field.name == old) {
            Some(field) => {
                *field = Field {
                    name: new.to_owned(),
                    slot,
                }
            }
            None => self.fields.push(Field {
                name: new.to_owned(),
                slot,
            }),
        }
        slot
    }

    /// Removes a field.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|field| field.name != name);
    }

    /// Removes all fields, and what the source knew: rows of a result come from no source.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.metadata.clear();
    }

    /// Removes all fields but keeps what the source knows.
    pub fn clear_fields(&mut self) {
        self.fields.clear();
    }

    /// The slot of a field.
    pub fn find(&self, name: &str) -> Option<Slot> {
        self.fields
            .iter()
            .chain(&self.metadata)
            .find(|field| field.name == name)
            .map(|field| field.slot)
    }

    /// The slot of the field that the longest beginning of a path names, and the rest of the path, which leads
    /// into its values; or the mistake with the name that was probably meant.
    pub fn resolve_longest<'p>(
        &self,
        path: &'p Path,
        span: Span,
    ) -> Result<(Slot, String, &'p [Segment]), Mistake> {
        let lengths = match self.find(&path.label()) {
            Some(_) => 0..0,
            None => 1..path.0.len(),
        };
        for length in lengths.rev() {
            let (name, inside) = path.0.split_at(length);
            let name = Path(name.to_vec()).label();
            if let Some(field) = self.metadata.iter().find(|field| field.name == name) {
                return Err(Mistake::new(
                    span,
                    format!(
                        "`{}` holds single values: there is nothing inside to name",
                        field.name
                    ),
                ));
            }
            if let Some(slot) = self.find(&name) {
                return Ok((slot, name, inside));
            }
        }
        self.resolve(path, span)
            .map(|slot| (slot, path.label(), [].as_slice()))
    }

    /// The slot of a field as written, or the mistake with the name that was probably meant.
    pub fn resolve(&self, path: &Path, span: Span) -> Result<Slot, Mistake> {
        let name = path.label();
        if let Some(slot) = self.find(&name) {
            return Ok(slot);
        }
        let mistake = Mistake::new(span, format!("unknown field `{name}`"));
        let names: Vec<&str> = self
            .fields
            .iter()
            .chain(&self.metadata)
            .map(|field| field.name.as_str())
            .collect();
        Err(match closest(&name, &names) {
            Some(close) => mistake.help(format!("did you mean `{close}`?")),
            None if self.fields.is_empty() => mistake,
            None => mistake.help(format!(
                "the fields here are: {}",
                self.fields
                    .iter()
                    .map(|field| field.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        })
    }
}

/// The name most like what was typed, if one is near enough to be meant.
pub fn closest<'n>(typed: &str, names: &[&'n str]) -> Option<&'n str> {
    let typed = typed.to_lowercase();
    names
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&typed, &name.to_lowercase()),
                *name,
            )
        })
        .filter(|(distance, name)| {
            *distance <= name.chars().count().max(typed.chars().count()).div_ceil(3)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
