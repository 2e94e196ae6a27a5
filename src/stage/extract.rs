//! What all extracting stages share: a text is decoded into fields, or its record is rejected.

use std::cell::RefCell;
use std::rc::Rc;

use super::older::Older;
use super::{Account, RowStage};
use crate::data::{Batch, Entry, Framing, LiveSlots, Preface, Slot, TextColumn};
use crate::decode::{Decoder, Seen, Wanted};
use crate::expr::{Node, Requests, Scope, bind_field};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Path, Segment};
use crate::lang::{Mistake, ast};

/// Makes a decoder of the fields that something reads.
type Make = Box<dyn FnOnce(&[Wanted]) -> Box<dyn Decoder>>;

/// A decoder that is not made yet: which of its fields are read is known only when all stages are bound.
pub struct Extraction {
    from: Node,
    fields: Fields,
    make: Make,
    framing: Framing,
    preface: Preface,
    /// What holds the record that names the fields.
    header: Option<Slot>,
}

/// Fields of a decoder.
enum Fields {
    /// Each with what holds it.
    Known(Vec<(Path, Slot)>),
    /// Whatever was asked for.
    Open(Rc<RefCell<Requests>>),
}

/// A field that only the data can have, by name, and whether it ever had it.
pub type Watched = (String, Seen);

impl Extraction {
    /// Makes the stage. Of its fields only those in `live` are read; those that may turn out never to be there
    /// are added to `watched`.
    pub fn build(self, live: &LiveSlots, watched: &mut Vec<Watched>) -> Box<dyn RowStage> {
        let (mut wanted, mut slots, mut older) = (Vec::new(), Vec::new(), Vec::new());
        match &self.fields {
            Fields::Known(fields) => {
                for (path, slot) in fields.iter().filter(|(_, slot)| live.contains(*slot)) {
                    wanted.push(Wanted::Field(path.clone(), Seen::default()));
                    slots.push(*slot);
                    older.push(None);
                }
            }
            Fields::Open(requests) => {
                let requests = requests.borrow();
                for request in requests
                    .fields
                    .iter()
                    .filter(|request| live.contains(request.slot))
                {
                    let seen = Seen::default();
                    if !requests.is_known(request) {
                        watched.push((request.path.label(), seen.clone()));
                    }
                    wanted.push(Wanted::Field(request.path.clone(), seen));
                    slots.push(request.slot);
                    older.push(request.older.map(Older::Field));
                }
                if live.contains(requests.whole) {
                    wanted.push(Wanted::Whole);
                    slots.push(requests.whole);
                    let whole = requests.older_whole();
                    older.push(whole.map(|(slot, dropped)| Older::Whole(slot, dropped)));
                }
            }
        }
        let name = |wanted: &Wanted| match wanted {
            Wanted::Field(path, _) => path.label(),
            Wanted::Whole => "all fields".to_owned(),
        };
        let seen = |wanted: &Wanted| match wanted {
            Wanted::Field(_, seen) => Some(seen.clone()),
            Wanted::Whole => None,
        };
        Box::new(Extract {
            from: self.from,
            names: wanted.iter().map(name).collect(),
            seen: wanted.iter().filter_map(seen).collect(),
            decoder: (self.make)(&wanted),
            header: self.header,
            slots,
            older,
        })
    }

    /// Where the records of the source end, if this is the first stage.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// What stands in front of the source's records.
    pub fn preface(&self) -> Preface {
        self.preface
    }

    /// The texts are the source's own records, with so much in front of them.
    pub(super) fn of_source(self, framing: Framing, preface: Preface) -> Extraction {
        Extraction {
            framing,
            preface,
            ..self
        }
    }

    /// The fields are named by what stands in this slot.
    pub(super) fn under(self, header: Slot) -> Extraction {
        Extraction {
            header: Some(header),
            ..self
        }
    }
}

/// Reads `[from FIELD]` and the end of the arguments: what is decoded.
pub(super) fn bind_from(
    arguments: &mut Arguments<'_>,
    stage: &ast::Stage,
    scope: &mut Scope,
    entry: &Entry,
) -> Result<Node, Vec<Mistake>> {
    let field = if arguments.keyword("from") {
        Some(
            arguments
                .field("the field to read from")
                .map_err(|mistake| vec![mistake.usage(entry.usage)])?,
        )
    } else {
        None
    };
    arguments
        .finish(entry.usage)
        .map_err(|mistake| vec![mistake])?;
    text_of(field, stage, scope, entry)
}

/// The text of a field, or of the line, which then is no longer printed.
pub(super) fn text_of(
    field: Option<(&Path, ast::Span)>,
    stage: &ast::Stage,
    scope: &mut Scope,
    entry: &Entry,
) -> Result<Node, Vec<Mistake>> {
    match field {
        None => {
            let line = super::line(scope, stage, entry, "from")?;
            scope.hide("line");
            Ok(line)
        }
        Some((path, span)) => bind_field(path, span, scope).map_err(|unknown| vec![unknown]),
    }
}

/// Binds `NAME [from FIELD]` where only the data knows the fields.
pub(super) fn bind_open(
    stage: &ast::Stage,
    scope: &mut Scope,
    entry: &Entry,
    nests: bool,
    make: impl FnOnce(&[Wanted]) -> Box<dyn Decoder> + 'static,
) -> Result<Extraction, Vec<Mistake>> {
    let from = bind_from(&mut Arguments::of(stage), stage, scope, entry)?;
    Ok(open(from, scope, nests, make))
}

/// An extraction whose fields only the data knows; `nests` says whether a field can be in another.
pub(super) fn open(
    from: Node,
    scope: &mut Scope,
    nests: bool,
    make: impl FnOnce(&[Wanted]) -> Box<dyn Decoder> + 'static,
) -> Extraction {
    Extraction {
        from,
        fields: Fields::Open(scope.open(nests)),
        make: Box::new(make),
        framing: Framing::default(),
        preface: Preface::default(),
        header: None,
    }
}

/// An extraction of fields with these names, which the scope takes in.
pub(super) fn known(
    from: Node,
    names: &[String],
    scope: &mut Scope,
    make: impl FnOnce(&[Wanted]) -> Box<dyn Decoder> + 'static,
) -> Extraction {
    let field = |name: &String| (Path(vec![Segment::Name(name.clone())]), scope.set(name));
    Extraction {
        from,
        fields: Fields::Known(names.iter().map(field).collect()),
        make: Box::new(make),
        framing: Framing::default(),
        preface: Preface::default(),
        header: None,
    }
}

impl Extraction {
    /// Adds fields with these names, which are printed only where an expression names them.
    pub(super) fn with_unprinted<'n>(
        mut self,
        names: impl Iterator<Item = &'n str>,
        scope: &mut Scope,
    ) -> Extraction {
        if let Fields::Known(fields) = &mut self.fields {
            let path = |name: &str| Path(vec![Segment::Name(name.to_owned())]);
            fields.extend(names.map(|name| (path(name), scope.set_unprinted(name))));
        }
        self
    }
}

/// The names of wanted fields, for decoders that know theirs.
pub(super) fn wanted_names(wanted: &[Wanted]) -> Vec<String> {
    let name = |wanted: &Wanted| match wanted {
        Wanted::Field(path, _) => match path.0.as_slice() {
            [Segment::Name(name)] => Some(name.clone()),
            _ => None,
        },
        Wanted::Whole => None,
    };
    wanted.iter().filter_map(name).collect()
}

/// Decodes a column of texts.
struct Extract {
    from: Node,
    decoder: Box<dyn Decoder>,
    header: Option<Slot>,
    slots: Vec<Slot>,
    /// For each slot, where values come from that the decoder does not find.
    older: Vec<Option<Older>>,
    /// What the slots hold, for people.
    names: Vec<String>,
    /// For each field, whether it was ever looked for.
    seen: Vec<Seen>,
}

impl RowStage for Extract {
    fn reads(&self, slots: &mut LiveSlots) {
        self.from.reads(slots);
        self.header.into_iter().for_each(|slot| slots.insert(slot));
        self.older
            .iter()
            .flatten()
            .for_each(|older| older.reads(slots));
    }

    fn makes(&self) -> Vec<Slot> {
        self.slots.clone()
    }

    fn reading(&self) -> Option<String> {
        Some(match self.names.as_slice() {
            [] => "checks the structure, reads no field".to_owned(),
            names => format!(
                "reads {}; of the rest, only the structure",
                names.join(", ")
            ),
        })
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &LiveSlots, account: &mut Account) {
        let texts = TextColumn::of(
            self.from
                .eval_all(batch, &mut account.failures)
                .into_owned(),
        );
        let decoded = match self.header {
            Some(header) => self.decoder.decode_under(batch.column(header), &texts),
            None => self.decoder.decode(&texts),
        };
        if decoded.rejected.len() < batch.rows {
            self.seen.iter().for_each(Seen::set_looked_for);
        }
        let mut needed = live.clone();
        self.older
            .iter()
            .flatten()
            .for_each(|older| older.reads(&mut needed));
        if decoded.rejected.is_empty() {
            batch.retain(&needed);
        } else {
            let mut rejected = decoded.rejected.iter().map(|(row, _)| *row).peekable();
            let kept: Vec<u32> = (0..batch.rows as u32)
                .filter(|row| rejected.next_if_eq(row).is_none())
                .collect();
            for (row, reason) in decoded.rejected {
                account.reject(batch, row, reason);
            }
            batch.gather(&kept, &needed);
        }
        let older = self.older.iter();
        for ((slot, older), column) in self.slots.iter().zip(older).zip(decoded.columns) {
            let column = match older {
                Some(older) => older.under(column, batch.column(older.slot())),
                None => column,
            };
            batch.set(*slot, column);
        }
        if self.older.iter().any(Option::is_some) {
            batch.retain(live);
        }
    }
}
