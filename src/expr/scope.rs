//! The fields that a stage can see, and the slots that hold them.

mod united;

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::rc::Rc;

use super::node::Node;
use crate::data::Slot;
use crate::lang::Mistake;
use crate::lang::ast::{Path, Segment, Span};

pub use united::{United, UnitedField, Whole};

/// Reads a whole file.
pub type ReadFile = fn(&OsStr) -> Result<Vec<u8>, String>;

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
    /// The newest decoder whose fields only the data knows: a name that is none here is one of its.
    open: Option<Rc<RefCell<Requests>>>,
    /// What was dropped behind it.
    dropped: Vec<Path>,
    /// What holds the record at the head of each record's source. It has no name.
    header: Option<Slot>,
    next_slot: Rc<Cell<u32>>,
    /// Totals that the stage being bound has asked for.
    totals: Rc<RefCell<Vec<Total>>>,
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

/// The sum of an expression over all rows of a result.
#[derive(Clone, Debug)]
pub struct Total {
    /// As it was written.
    pub text: String,
    /// What is added up.
    pub node: Node,
    /// What will hold the sum.
    pub slot: Slot,
}

/// Fields that the stages behind an open decoder ask for.
#[derive(Debug)]
pub struct Requests {
    /// In the order in which they were asked for.
    pub fields: Vec<Request>,
    /// What holds the whole object, if that is asked for.
    pub whole: Slot,
    /// Whether a field can be in another: in `user`, `user.id`. Else that is only a name with a dot in it.
    nests: bool,
    /// The open decoder before this one: what this one does not have is taken from there.
    pub older: Option<Older>,
    /// This is no decoder, but the place where two streams become one: the fields are theirs.
    sides: Option<Rc<[Scope; 2]>>,
}

/// A field that an open decoder is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its name, and the way into it.
    pub path: Path,
    /// What will hold it.
    pub slot: Slot,
    /// What holds the field of that name of the decoders before: it is taken where this one has none.
    pub older: Option<Slot>,
    /// What holds it in each of two streams that become one, if they do so here.
    pub sides: Option<[Option<Slot>; 2]>,
}

/// An open decoder in front of another.
#[derive(Debug)]
pub struct Older {
    requests: Rc<RefCell<Requests>>,
    /// What was dropped between the two.
    dropped: Vec<Path>,
}

impl Older {
    /// What holds the whole object, and the names of it that were dropped.
    pub fn whole(&self) -> (Slot, Vec<String>) {
        (self.requests.borrow().whole, names(&self.dropped))
    }
}

impl Requests {
    /// What will hold a field, if it is not among what was dropped.
    fn ask(&mut self, path: &Path, dropped: &[Path], new_slot: &dyn Fn() -> Slot) -> Option<Slot> {
        let older = self.older.as_ref().and_then(|older| {
            let dropped = [&older.dropped, dropped].concat();
            older.requests.borrow_mut().ask(path, &dropped, new_slot)
        });
        if self.is_dropped(path, dropped) {
            return older;
        }
        let is_same = |request: &&Request| request.path == *path && request.older == older;
        if let Some(request) = self.fields.iter().find(is_same) {
            return Some(request.slot);
        }
        let sides = self.in_sides(path);
        if sides == Some([None, None]) {
            return older;
        }
        let slot = new_slot();
        self.fields.push(Request {
            path: path.clone(),
            slot,
            older,
            sides,
        });
        Some(slot)
    }

    /// Whether a field was dropped, or what it is in, or a part of it.
    fn is_dropped(&self, path: &Path, dropped: &[Path]) -> bool {
        dropped.iter().any(|dropped| match self.nests {
            true => path.0.starts_with(&dropped.0) || dropped.0.starts_with(&path.0),
            false => dropped == path,
        })
    }

    /// Whether a field of this decoder, or of one before, can be in another.
    fn nests(&self) -> bool {
        let before = |older: &Older| older.requests.borrow().nests();
        self.nests || self.older.as_ref().is_some_and(before)
    }
}

/// The names as an object has them: of csv and logfmt, a name may have dots in it.
fn names(paths: &[Path]) -> Vec<String> {
    paths.iter().map(Path::label).collect()
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

    /// Adds a field behind the others, or puts it in the place of one of the same name.
    pub fn set(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        self.set_slot(name, slot);
        slot
    }

    /// Adds a field in front of the others, unless there is one of its name.
    pub fn insert_front(&mut self, name: &str, slot: Slot) {
        if self.fields.iter().all(|field| field.name != name) {
            let name = name.to_owned();
            self.fields.insert(0, Field { name, slot });
        }
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

    /// Behind a decoder whose fields only the data knows: names that are no field are asked of it. `nests` says
    /// whether a field can be in another.
    pub fn open(&mut self, nests: bool) -> Rc<RefCell<Requests>> {
        let dropped = std::mem::take(&mut self.dropped);
        let older = self.open.take();
        let requests = Rc::new(RefCell::new(Requests {
            fields: Vec::new(),
            whole: self.new_slot(),
            nests,
            older: older.map(|requests| Older { requests, dropped }),
            sides: None,
        }));
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

    /// Names that were dropped behind an open decoder.
    pub fn dropped(&self) -> Vec<String> {
        names(&self.dropped)
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
        self.dropped.push(path.clone());
    }

    /// Removes all fields, and what the source knew: rows of a result come from no source.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.metadata.clear();
        self.header = None;
        self.open = None;
        self.dropped.clear();
    }

    /// Removes all fields but keeps what the source knows.
    pub fn clear_fields(&mut self) {
        self.fields.clear();
        self.metadata.retain(|field| field.name.starts_with('@'));
        self.open = None;
        self.dropped.clear();
    }

    /// The slot of a field.
    pub fn find(&self, name: &str) -> Option<Slot> {
        self.fields
            .iter()
            .chain(&self.metadata)
            .find(|field| field.name == name)
            .map(|field| field.slot)
    }

    /// The field that probably holds the time of a record.
    pub fn likely_time(&self) -> Option<String> {
        const NAMES: [&str; 8] = [
            "time",
            "timestamp",
            "@timestamp",
            "ts",
            "date",
            "datetime",
            "t",
            "when",
        ];
        let fields = || self.fields.iter().map(|field| field.name.as_str());
        NAMES
            .iter()
            .find_map(|name| fields().find(|field| field.eq_ignore_ascii_case(name)))
            .map(str::to_owned)
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
            if let Some(field) = self.fields.iter().find(|field| field.name == name) {
                return Ok((field.slot, name, inside));
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
        if let Some(slot) = self.ask(path, &name) {
            return Ok(slot);
        }
        if let [Segment::Name(first), _, ..] = path.0.as_slice()
            && self.find(first).is_some()
        {
            return Err(Mistake::new(
                span,
                format!("`{first}` holds single values: there is nothing inside to name"),
            ));
        }
        if let Some(mistake) = self.dropped_before(path, span) {
            return Err(mistake);
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

impl Scope {
    /// The mistake of asking for what was dropped, or for what a part was dropped of.
    fn dropped_before(&self, path: &Path, span: Span) -> Option<Mistake> {
        let is_met = |dropped: &&Path| {
            path.0.starts_with(&dropped.0) || self.nests() && dropped.0.starts_with(&path.0)
        };
        let dropped = self.dropped.iter().find(is_met)?;
        let name = dropped.label();
        let mistake = Mistake::new(span, format!("`{name}` was dropped by a stage before"));
        let mut help = format!("write this stage in front of `drop {name}`");
        if dropped.0.len() > path.0.len() {
            help.push_str(&format!(", or name other fields of `{}`", path.label()));
        }
        Some(mistake.help(help))
    }

    /// Asks the newest open decoder for a field, and through it those before.
    fn ask(&self, path: &Path, name: &str) -> Option<Slot> {
        let requests = self.open.as_ref()?;
        if name.starts_with('@') {
            return None;
        }
        let new_slot = || self.new_slot();
        requests.borrow_mut().ask(path, &self.dropped, &new_slot)
    }
}

impl Scope {
    /// What will hold the sum of an expression over all rows. The same text means the same sum within a stage.
    pub fn total(&self, text: String, node: Node) -> Slot {
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
