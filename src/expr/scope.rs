//! The fields that a stage can see, and the slots that hold them.

mod requests;
mod united;

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::rc::Rc;

use super::bound_expr::BoundExpr;
use super::met::Met;
use crate::data::{Slot, SlotSet};
use crate::lang::Diagnostic;
use crate::lang::ast::{Path, Segment, Span};
use crate::lang::suggest::did_you_mean;

pub use requests::{Request, Requests};
pub use united::{United, UnitedField, Whole};

/// What a source says of each record. In back quotes, these are fields of the record like any other.
pub const OF_SOURCE: [&str; 3] = ["@source", "@number", "@time"];

/// Reads a whole file.
pub type ReadFile = fn(&OsStr) -> Result<Vec<u8>, String>;

/// A named column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What holds it.
    pub slot: Slot,
    /// It was there before the newest open decoder: where the record has a field of that name, that is meant.
    is_older: bool,
    /// It is printed in front of the fields that only the data knows.
    pub is_in_front: bool,
}

impl Field {
    /// A field that nothing has come behind.
    fn new(name: &str, slot: Slot) -> Field {
        Field { name: name.to_owned(), slot, is_older: false, is_in_front: false }
    }

    /// Whether the source says it of a record: then it is never hidden by the data.
    fn is_of_source(&self) -> bool {
        self.name.starts_with('@')
    }
}

/// The fields between two stages, in the order in which they are printed.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    fields: Vec<Field>,
    /// What the source knows of each record: `@source`, `@number`, `@time`. Never printed unless asked for.
    metadata: Vec<Field>,
    /// The newest decoder whose fields only the data knows: a name that is none here is one of its.
    open: Option<Rc<RefCell<Requests>>>,
    /// Objects of the open decoder as they are after a part was taken out of them. They are printed with the whole
    /// object, not as columns.
    remainders: Vec<Field>,
    /// What was dropped behind it.
    dropped: Vec<Path>,
    /// Those of them that gave way to a new field, and its name.
    gave_way: Vec<(Path, String)>,
    /// What holds the record at the head of each record's source. It has no name.
    header: Option<Slot>,
    next_slot: Rc<Cell<u32>>,
    /// What is known to hold times.
    times: Rc<RefCell<SlotSet>>,
    /// Totals that the stage being bound has asked for.
    totals: Rc<RefCell<Vec<Total>>>,
    /// Comparisons as they are written, each with what it met in the run.
    comparisons: Rc<RefCell<Vec<Written>>>,
    /// The rows are those of a result: there is an end to them, and all of them can be waited for.
    pub is_result: bool,
    /// A stage before made or chose columns: records are no longer printed as they came.
    pub chooses_columns: bool,
    /// What a random choice is made from.
    pub seed: u64,
    /// A stage before made a mistake: names can no longer be judged.
    pub unknown: bool,
    /// How a stage reads a file that belongs to the expression; an error is a sentence without the file's name.
    pub read_file: Option<ReadFile>,
    /// Files that belong to the expression are read again when they change: the input is live.
    pub reloads: bool,
    /// What to say of a name that is no function but means something elsewhere in an expression.
    pub elsewhere: Option<fn(&str) -> Option<String>>,
}

/// Where the value that a path names is found: in a field, or inside the values of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location<'p> {
    /// What holds the field.
    pub slot: Slot,
    /// The field's name.
    pub name: String,
    /// The way from the field's value to the one that is named.
    pub inside: &'p [Segment],
}

/// A comparison as it is written, its two sides and the sign between, with what it met in the run.
pub type Written = ([String; 3], Met);

/// The sum of an expression over all rows of a result.
#[derive(Clone, Debug)]
pub struct Total {
    /// As it was written.
    pub text: String,
    /// What is added up.
    pub node: BoundExpr,
    /// What will hold the sum.
    pub slot: Slot,
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
    pub fn new_slot(&self) -> Slot {
        Slot(self.next_slot.replace(self.next_slot.get() + 1))
    }

    /// A slot holds nothing but times and nulls.
    pub fn set_time(&self, slot: Slot) {
        self.times.borrow_mut().insert(slot);
    }

    /// Whether a slot is known to hold nothing but times and nulls.
    pub fn is_time(&self, slot: Slot) -> bool {
        self.times.borrow().contains(slot)
    }

    /// Adds a field behind the others, or puts it in the place of one of the same name.
    pub fn set(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        self.set_slot(name, slot);
        slot
    }

    /// Adds a field in front of the others, unless there is one of its name.
    pub fn insert_front(&mut self, name: &str, slot: Slot) {
        if self.fields.iter().all(|field| field.name != name) {
            let mut field = Field::new(name, slot);
            field.is_in_front = true;
            self.fields.insert(0, field);
        }
    }

    /// Adds a field that is printed only where an expression names it. A printed field of that name keeps its
    /// meaning: then nothing reads the slot.
    pub fn set_unprinted(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        if self.fields.iter().all(|field| field.name != name) {
            self.metadata.retain(|field| field.name != name);
            self.metadata.push(Field::new(name, slot));
        }
        slot
    }

    /// As [`Scope::set`], with a slot that exists.
    pub fn set_slot(&mut self, name: &str, slot: Slot) {
        self.forget_parts(name);
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => (field.slot, field.is_older) = (slot, false),
            None => self.fields.push(Field::new(name, slot)),
        }
    }

    /// A field has a new value: what was taken out of the old one is no longer missing.
    fn forget_parts(&mut self, name: &str) {
        self.remainders.retain(|field| field.name != name);
        let nests = self.nests();
        let is_part = |path: &Path| {
            nests && path.0.len() > 1 && matches!(path.0.first(), Some(Segment::Name(first)) if first == name)
        };
        self.dropped.retain(|path| !is_part(path));
        self.gave_way.retain(|(path, _)| !is_part(path));
    }

    /// A part was taken out of the values of a field: `slot` holds what remains of them. The field keeps its place.
    pub fn set_remainder(&mut self, name: &str, slot: Slot) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            (field.slot, field.is_older) = (slot, false);
            return;
        }
        self.remainders.retain(|field| field.name != name);
        self.remainders.push(Field::new(name, slot));
    }

    /// Whether a field is a column of its own, not only a part of the open decoder's object.
    pub fn has_column(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// Adds what the source knows of each record.
    pub fn set_metadata(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        self.metadata.push(Field::new(name, slot));
        slot
    }

    /// Makes room for the record at the head of each record's source, which may name the fields.
    pub fn set_header(&mut self) -> Slot {
        let slot = self.new_slot();
        self.header = Some(slot);
        slot
    }

    /// What holds the record at the head of each record's source; rows of a result have none.
    pub fn header(&self) -> Option<Slot> {
        self.header
    }

    /// Puts a field of a new name in the place of another.
    pub fn replace(&mut self, old: &str, new: &str) -> Slot {
        let slot = self.new_slot();
        if old != new {
            self.fields.retain(|field| field.name != new);
        }
        self.forget_parts(new);
        match self.fields.iter_mut().find(|field| field.name == old) {
            Some(field) => {
                let is_in_front = field.is_in_front;
                *field = Field::new(new, slot);
                field.is_in_front = is_in_front;
            }
            None => self.fields.push(Field::new(new, slot)),
        }
        slot
    }

    /// Behind a decoder whose fields only the data knows: any name is asked of it, and means what it meant before
    /// where a record has no such field. `nests` says whether a field can be in another.
    pub fn open(&mut self, nests: bool) -> Rc<RefCell<Requests>> {
        let requests = Rc::new(RefCell::new(Requests {
            fields: Vec::new(),
            whole: self.new_slot(),
            nests,
            before: Some(Box::new(self.clone())),
            sides: None,
        }));
        let is_first = self.open.is_none();
        for field in &mut self.fields {
            field.is_older = true;
            field.is_in_front |= is_first;
        }
        for field in &mut self.metadata {
            field.is_older = !field.is_of_source();
        }
        self.remainders.clear();
        self.dropped.clear();
        self.gave_way.clear();
        self.open = Some(Rc::clone(&requests));
        requests
    }

    /// What holds the whole object of the newest open decoder.
    pub fn whole(&self) -> Option<Slot> {
        self.open.as_ref().map(|requests| requests.borrow().whole)
    }

    /// Whether a field of an open decoder can be in another.
    pub fn nests(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|requests| requests.borrow().nests())
    }

    /// Names that were dropped after an open decoder. A part of a field is taken out of the objects themselves.
    pub fn dropped(&self) -> Vec<String> {
        let nests = self.open.as_ref().is_some_and(|requests| requests.borrow().nests);
        let is_field = |path: &&Path| !nests || path.0.len() == 1;
        self.dropped.iter().filter(is_field).map(Path::label).collect()
    }

    /// A field stays known but is not printed: what was extracted from it is printed instead.
    pub fn hide(&mut self, name: &str) {
        if let Some(index) = self.fields.iter().position(|field| field.name == name) {
            let field = self.fields.remove(index);
            self.metadata.push(field);
        }
    }

    /// Removes a field, and all that is in it.
    pub fn remove(&mut self, path: &Path) {
        let name = path.label();
        self.fields.retain(|field| field.name != name);
        self.remainders.retain(|field| field.name != name);
        self.dropped.push(path.in_record());
    }

    /// A part of a field's values was dropped.
    pub fn remove_part(&mut self, path: &Path) {
        self.dropped.push(path.in_record());
    }

    /// A field that is no column, or a part of a field, is replaced by a field with a new name.
    pub fn give_way(&mut self, path: &Path, new: &str) {
        if self.open.is_some() || path.0.len() > 1 {
            self.dropped.push(path.in_record());
            self.gave_way.push((path.in_record(), new.to_owned()));
        }
    }

    /// Removes all fields, and what the source knew: rows of a result come from no source.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.metadata.clear();
        self.header = None;
        self.open = None;
        self.remainders.clear();
        self.dropped.clear();
        self.gave_way.clear();
    }

    /// Removes all fields but keeps what the source knows.
    pub fn clear_fields(&mut self) {
        self.fields.clear();
        self.metadata.retain(Field::is_of_source);
        self.open = None;
        self.remainders.clear();
        self.dropped.clear();
        self.gave_way.clear();
    }

    /// The slot of a field that is there whatever the data holds.
    pub fn find(&self, name: &str) -> Option<Slot> {
        let path = Path(vec![Segment::Name(name.to_owned())]);
        self.known(&path).map(|field| field.slot)
    }

    /// The field that a path names, if that does not depend on the data. What the source says of a record comes
    /// first, unless the name stands in back quotes.
    fn known(&self, path: &Path) -> Option<&Field> {
        let name = path.label();
        let is_own = matches!(path.0.first(), Some(Segment::QuotedName(_)));
        let of_source = self.metadata.iter().filter(|field| field.is_of_source());
        let hidden = self.metadata.iter().filter(|field| !field.is_of_source());
        let mut fields = of_source.filter(|_| !is_own).chain(&self.fields).chain(&self.remainders).chain(hidden);
        fields.find(|field| field.name == name)
    }

    /// What holds the field that a path means, without `dropped`: that of the record, where an open decoder has
    /// one, else what the name meant before.
    fn look_up(&self, path: &Path, dropped: &[Path]) -> Option<Slot> {
        let is_dropped = |name: &str| dropped.iter().any(|dropped| dropped.label() == name);
        let known = self.known(path).filter(|field| !is_dropped(&field.name));
        match known {
            Some(field) if !field.is_older => Some(field.slot),
            _ => {
                let dropped = [&self.dropped, dropped].concat();
                let mut requests = self.open.as_ref()?.borrow_mut();
                requests.ask(path, &dropped, &|| self.new_slot())
            }
        }
    }

    /// The fields with what is printed of them.
    pub fn printed(&self) -> Vec<Field> {
        let printed = |field: &Field| {
            let mut field = field.clone();
            if let Some(slot) = self.look_up(&Path::own(&field.name), &[]) {
                field.slot = slot;
            }
            field
        };
        self.fields.iter().map(printed).collect()
    }

    /// The field that probably holds the time of a record.
    pub fn likely_time(&self) -> Option<String> {
        const NAMES: [&str; 8] = ["time", "timestamp", "@timestamp", "ts", "date", "datetime", "t", "when"];
        let fields = || self.fields.iter().map(|field| field.name.as_str());
        NAMES.iter().find_map(|name| fields().find(|field| field.eq_ignore_ascii_case(name))).map(str::to_owned)
    }

    /// Finds the value that a path names: the field of that name, else the longest beginning of the path that is a
    /// field, and the way into its values. If there is none, returns the mistake with the name that was probably meant.
    pub fn locate<'p>(&self, path: &'p Path, span: Span) -> Result<Location<'p>, Diagnostic> {
        let lengths = match self.known(path) {
            Some(_) => 0..0,
            None => 1..path.0.len(),
        };
        for length in lengths.rev() {
            let (beginning, inside) = path.0.split_at(length);
            let beginning = Path(beginning.to_vec());
            let name = beginning.label();
            let is_remainder = self.remainders.iter().any(|field| field.name == name);
            if (is_remainder || self.has_column(&name))
                && let Some(slot) = self.look_up(&beginning, &[])
            {
                let is_gone = |dropped: &Path| {
                    let is_named = |segment: &Segment| !matches!(segment, Segment::Index(_));
                    dropped.0.len() > 1 && dropped.0.iter().all(is_named) && path.in_record().0.starts_with(&dropped.0)
                };
                return match self.dropped_before(path, span) {
                    Some(diagnostic) if self.dropped.iter().any(is_gone) => Err(diagnostic),
                    _ => Ok(Location { slot, name, inside }),
                };
            }
        }
        let slot = self.resolve(path, span)?;
        Ok(Location { slot, name: path.label(), inside: &[] })
    }

    /// The slot of a field as written, or the mistake with the name that was probably meant.
    fn resolve(&self, path: &Path, span: Span) -> Result<Slot, Diagnostic> {
        if let Some(slot) = self.look_up(path, &[]) {
            return Ok(slot);
        }
        let name = path.label();
        if let [Segment::Name(first), _, ..] = path.0.as_slice()
            && self.find(first).is_some()
        {
            return Err(Diagnostic::new(
                span,
                format!("`{first}` holds single values: there is nothing inside to name"),
            ));
        }
        if let Some(diagnostic) = self.dropped_before(path, span) {
            return Err(diagnostic);
        }
        let diagnostic = Diagnostic::new(span, format!("unknown field `{name}`"));
        let names: Vec<&str> = self.fields.iter().chain(&self.metadata).map(|field| field.name.as_str()).collect();
        if matches!(name.as_str(), "None" | "NULL" | "Null" | "nil" | "undefined") {
            return Err(diagnostic.help("a missing value is `null`"));
        }
        let is_constant = name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase());
        if is_constant && !names.iter().any(|field| field.eq_ignore_ascii_case(&name)) {
            return Err(diagnostic.help(format!("text is written in quotes: \"{name}\"")));
        }
        Err(match did_you_mean(&name, &names) {
            Some(close) => diagnostic.did_you_mean(close),
            None if self.fields.is_empty() => diagnostic,
            None => diagnostic.help(format!(
                "the fields here are: {}",
                self.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ")
            )),
        })
    }
}

impl Scope {
    /// The mistake of asking for what was dropped, or for what a part was dropped of.
    fn dropped_before(&self, path: &Path, span: Span) -> Option<Diagnostic> {
        let path = path.in_record();
        let is_met = |dropped: &&Path| path.0.starts_with(&dropped.0) || self.nests() && dropped.0.starts_with(&path.0);
        let dropped = self.dropped.iter().find(is_met)?;
        let name = dropped.label();
        if let Some((_, new)) = self.gave_way.iter().find(|(gone, _)| gone == dropped) {
            let message = format!("`{name}` is gone: `{new}` stands in its place");
            let help = format!("write this stage in front of the one that makes `{new}`");
            return Some(Diagnostic::new(span, message).help(help));
        }
        let diagnostic = Diagnostic::new(span, format!("`{name}` was dropped by a stage before"));
        let mut help = format!("write this stage in front of `drop {name}`");
        if dropped.0.len() > path.0.len() {
            help.push_str(&format!(", or name other fields of `{}`", path.label()));
        }
        Some(diagnostic.help(help))
    }
}

impl Scope {
    /// What a comparison will meet: its two sides and the sign between.
    pub fn compares(&self, written: [String; 3]) -> Met {
        let met = Met::default();
        self.comparisons.borrow_mut().push((written, met.clone()));
        met
    }

    /// All comparisons so far.
    pub fn comparisons(&self) -> Vec<Written> {
        self.comparisons.borrow().clone()
    }

    /// What will hold the sum of an expression over all rows. The same text means the same sum within a stage.
    pub fn total(&self, text: String, node: BoundExpr) -> Slot {
        let mut totals = self.totals.borrow_mut();
        if let Some(total) = totals.iter().find(|total| total.text == text) {
            return total.slot;
        }
        let slot = self.new_slot();
        totals.push(Total { text, node, slot });
        slot
    }

    /// The totals that were asked for since the last call; one may read those before it.
    pub fn take_totals(&self) -> Vec<Total> {
        self.totals.take()
    }
}
