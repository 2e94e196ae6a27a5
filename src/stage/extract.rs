//! The shared part of all extracting stages: a text is decoded into fields, or its record is rejected.

use std::cell::RefCell;
use std::rc::Rc;

use super::fallback::FieldFallback;
use super::header::{FirstHeader, Header, Headings, TakesHeader};
use super::objects::TakeFields;
use super::{OrderedStage, RecordCounts, RowStage};
use crate::data::{
    Batch, Column, ColumnBuilder, Entry, Framing, Prologue, Regroup, Slot, SlotSet, TextColumn, ValueRef,
};
use crate::decode::{Decoder, FieldSeen, Wanted};
use crate::expr::{BoundExpr, Failures, Requests, Scope, bind_field};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Path, Segment};
use crate::lang::{Diagnostics, ast};

/// Creates the decoder, given the fields that are read.
type Make = Box<dyn FnOnce(&[Wanted]) -> Box<dyn Decoder>>;

/// A decoder to be built: which of its fields are read is known only when all stages are bound.
pub struct Extraction {
    from: BoundExpr,
    fields: ExtractedFields,
    make: Make,
    framing: Framing,
    regroup: Option<Regroup>,
    prologue: Prologue,
    /// True if the first record of a source may be either a header or a record.
    may_lack_header: bool,
    /// True if the texts are a field of the records: each record then stays one whatever the field holds.
    is_of_field: bool,
    /// The slot of the record that names the fields.
    header: Option<Slot>,
    first: FirstHeader,
    /// The slot of the line, and the slot of the line in the column order of the first header.
    lines: Option<(Slot, Slot)>,
    /// Lines under another header than the first are kept with their header.
    keeps_headers: bool,
    /// The slot of objects that a stage made, if the fields are theirs and no text is decoded.
    objects: Option<Slot>,
}

/// The fields of a decoder.
enum ExtractedFields {
    /// Known fields with their slots.
    Known(Vec<(Path, Slot)>),
    /// The fields that expressions requested.
    Open(Rc<RefCell<Requests>>),
}

/// The name of a field known only from the data, and whether it ever appeared.
pub type WatchedField = (String, FieldSeen);

impl Extraction {
    /// Builds the stage, which decodes only the fields in `live`. Adds fields that may never appear to `watched`.
    pub fn build(self, live: &SlotSet, watched: &mut Vec<WatchedField>) -> Box<dyn RowStage> {
        let (mut wanted, mut slots, mut older) = (Vec::new(), Vec::new(), Vec::new());
        match &self.fields {
            ExtractedFields::Known(fields) => {
                for (path, slot) in fields.iter().filter(|(_, slot)| live.contains(*slot)) {
                    wanted.push(Wanted::Field(path.clone(), FieldSeen::default()));
                    slots.push(*slot);
                    older.push(None);
                }
            }
            ExtractedFields::Open(requests) => {
                let requests = requests.borrow();
                for request in requests.fields.iter().filter(|request| live.contains(request.slot)) {
                    let seen = FieldSeen::default();
                    if !requests.is_known(request) {
                        watched.push((request.path.label(), seen.clone()));
                    }
                    wanted.push(Wanted::Field(request.path.clone(), seen));
                    slots.push(request.slot);
                    older.push(request.older.map(FieldFallback::Field));
                }
                if live.contains(requests.whole) {
                    wanted.push(Wanted::Whole);
                    slots.push(requests.whole);
                    let whole = requests.older_whole();
                    older.push(whole.map(|(slot, dropped)| FieldFallback::Whole(slot, dropped)));
                }
            }
        }
        if let Some(from) = self.objects {
            return Box::new(TakeFields { from, wanted, slots: slots.into_iter().zip(older).collect() });
        }
        let name = |wanted: &Wanted| match wanted {
            Wanted::Field(path, _) => path.label(),
            Wanted::Whole => "all fields".to_owned(),
        };
        let seen = |wanted: &Wanted| match wanted {
            Wanted::Field(_, seen) => Some(seen.clone()),
            Wanted::Whole => None,
        };
        Box::new(ExtractStage {
            from: self.from,
            names: wanted.iter().map(name).collect(),
            seen: wanted.iter().filter_map(seen).collect(),
            whole: match &self.fields {
                ExtractedFields::Known(_) => None,
                ExtractedFields::Open(requests) => Some(requests.borrow().whole),
            },
            decoder: (self.make)(&wanted),
            header: self.header,
            first: self.first,
            takes_header: self.prologue == Prologue::Header,
            is_of_field: self.is_of_field,
            lines: self.lines.filter(|(_, printed)| live.contains(*printed)),
            keeps_headers: self.keeps_headers,
            slots,
            older,
        })
    }

    /// The framing of the source, if this is the first stage.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// True if it decodes the text in this slot.
    pub fn reads(&self, slot: Slot) -> bool {
        matches!(self.from, BoundExpr::Field(from, _) if from == slot)
    }

    /// How to find the source's records that no terminator ends.
    pub fn regroup(&self) -> Option<Regroup> {
        self.regroup
    }

    /// The header or mark before the source's records.
    pub fn prologue(&self) -> Prologue {
        self.prologue
    }

    /// Declares that the texts are the source's own records, with this preface.
    pub(super) fn of_source(self, framing: Framing, prologue: Prologue) -> Extraction {
        Extraction { framing, prologue, ..self }
    }

    /// Declares that the texts are the source's own records, found by `regroup`.
    pub(super) fn regrouped(self, regroup: Regroup) -> Extraction {
        Extraction { regroup: Some(regroup), ..self }
    }

    /// Returns the stage that takes headers from ordered records; `source` distinguishes the sources.
    pub fn headings(&self, source: Slot) -> Option<Box<dyn OrderedStage>> {
        match (&self.from, self.header, self.prologue) {
            _ if self.may_lack_header => None,
            (BoundExpr::Field(text, _), Some(header), Prologue::Header) => Some(Box::new(Headings {
                source,
                text: *text,
                header,
                first: FirstHeader::clone(&self.first),
                is_blank: |text| text.trim_ascii().is_empty(),
            })),
            _ => None,
        }
    }

    /// The header of the first source that has one, once it is known.
    pub fn first_header(&self) -> FirstHeader {
        FirstHeader::clone(&self.first)
    }

    /// Returns the slot of the lines to print, if their column order depends on the first header. If they are `merged`
    /// later, a line under another header is a list of that header and the line.
    pub fn print_lines(&mut self, line: Slot, merged: bool, new: impl FnOnce() -> Slot) -> Option<Slot> {
        (self.prologue == Prologue::Header).then(|| {
            let printed = new();
            self.lines = Some((line, printed));
            self.keeps_headers = merged;
            printed
        })
    }

    /// Takes field names from the header in this slot, if the source begins with one.
    pub(super) fn under_optional(self, header: Slot) -> Extraction {
        Extraction { header: Some(header), prologue: Prologue::Header, may_lack_header: true, ..self }
    }

    /// Declares whether the texts are those of `from FIELD`.
    pub(super) fn of_field(self, is_of_field: bool) -> Extraction {
        Extraction { is_of_field, ..self }
    }

    /// Takes field names from the header in this slot.
    pub(super) fn under(self, header: Slot) -> Extraction {
        Extraction { header: Some(header), ..self }
    }
}

/// Reads `[from FIELD]` and the end of the arguments; returns the text to decode.
pub(super) fn bind_from(
    arguments: &mut Arguments<'_>,
    stage: &ast::Stage,
    scope: &mut Scope,
    entry: &Entry,
) -> Result<BoundExpr, Diagnostics> {
    let field = if arguments.keyword("from") {
        Some(arguments.field("the field to read from").map_err(|diagnostic| diagnostic.usage(entry.usage))?)
    } else {
        None
    };
    arguments.finish(entry.usage)?;
    text_of(field, stage, scope, entry)
}

/// Returns the text of a field, or of the line, which is then no longer printed.
pub(super) fn text_of(
    field: Option<(&Path, ast::Span)>,
    stage: &ast::Stage,
    scope: &mut Scope,
    entry: &Entry,
) -> Result<BoundExpr, Diagnostics> {
    match field {
        None => {
            let line = super::line(scope, stage, entry, "from")?;
            scope.hide("line");
            Ok(line)
        }
        Some((path, span)) => bind_field(path, span, scope).map_err(Diagnostics::from),
    }
}

/// Binds `NAME [from FIELD]` for decoders whose fields are known only from the data.
pub(super) fn bind_open(
    stage: &ast::Stage,
    scope: &mut Scope,
    entry: &Entry,
    nests: bool,
    make: impl FnOnce(&[Wanted]) -> Box<dyn Decoder> + 'static,
) -> Result<Extraction, Diagnostics> {
    let from = bind_from(&mut Arguments::of(stage), stage, scope, entry)?;
    Ok(open(from, scope, nests, make))
}

/// Creates an extraction whose fields are known only from the data; `nests` tells whether they can be nested.
pub(super) fn open(
    from: BoundExpr,
    scope: &mut Scope,
    nests: bool,
    make: impl FnOnce(&[Wanted]) -> Box<dyn Decoder> + 'static,
) -> Extraction {
    Extraction {
        from,
        fields: ExtractedFields::Open(scope.open(nests)),
        make: Box::new(make),
        framing: Framing::default(),
        regroup: None,
        prologue: Prologue::default(),
        may_lack_header: false,
        is_of_field: false,
        header: None,
        first: FirstHeader::default(),
        lines: None,
        keeps_headers: false,
        objects: None,
    }
}

/// Takes the fields of the objects in a slot, whose names are known only from the data.
pub(super) fn open_objects(from: Slot, scope: &mut Scope, nests: bool) -> Extraction {
    let objects = BoundExpr::Field(from, "objects".to_owned());
    Extraction { objects: Some(from), ..open(objects, scope, nests, |_| unreachable!("no text is decoded")) }
}

/// Creates an extraction of known fields and adds them to the scope.
pub(super) fn known(
    from: BoundExpr,
    names: &[String],
    scope: &mut Scope,
    make: impl FnOnce(&[Wanted]) -> Box<dyn Decoder> + 'static,
) -> Extraction {
    let mut field = |name: &String| {
        let slot = scope.set(name);
        scope.set_scalar(slot); // no such decoder makes lists
        (Path(vec![Segment::Name(name.clone())]), slot)
    };
    Extraction {
        from,
        fields: ExtractedFields::Known(names.iter().map(&mut field).collect()),
        make: Box::new(make),
        framing: Framing::default(),
        regroup: None,
        prologue: Prologue::default(),
        may_lack_header: false,
        is_of_field: false,
        header: None,
        first: FirstHeader::default(),
        lines: None,
        keeps_headers: false,
        objects: None,
    }
}

impl Extraction {
    /// Adds fields that are printed only if an expression names them.
    pub(super) fn with_unprinted<'n>(mut self, names: impl Iterator<Item = &'n str>, scope: &mut Scope) -> Extraction {
        if let ExtractedFields::Known(fields) = &mut self.fields {
            let path = |name: &str| Path(vec![Segment::Name(name.to_owned())]);
            fields.extend(names.map(|name| (path(name), scope.set_unprinted(name))));
        }
        self
    }
}

/// Returns the names of the wanted fields, for decoders with known fields.
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
struct ExtractStage {
    from: BoundExpr,
    decoder: Box<dyn Decoder>,
    header: Option<Slot>,
    first: FirstHeader,
    takes_header: bool,
    is_of_field: bool,
    /// The slot of the object with all fields.
    whole: Option<Slot>,
    lines: Option<(Slot, Slot)>,
    keeps_headers: bool,
    slots: Vec<Slot>,
    /// For each slot, the fallback for values that the decoder does not find.
    older: Vec<Option<FieldFallback>>,
    /// The contents of the slots, for `--explain`.
    names: Vec<String>,
    /// For each field, whether it ever appeared.
    seen: Vec<FieldSeen>,
}

impl ExtractStage {
    /// Reorders the columns of lines to match the first header.
    fn in_order<'a>(&self, lines: &Column<'a>, headers: &Column<'_>) -> Column<'a> {
        let first = self.first.get().map(Vec::as_slice).unwrap_or_default();
        let differs = |header: ValueRef<'_>| header != ValueRef::Text(first);
        match headers {
            Column::Constant(header, _) if !differs(header.borrow()) => return lines.clone(),
            _ => {}
        }
        let mut builder = ColumnBuilder::new(lines.len());
        for row in 0..lines.len() {
            let moved = match (lines.get(row), headers.get(row)) {
                (line, header) if self.keeps_headers && differs(header) => {
                    builder.push(ValueRef::List(&[header.to_value(), line.to_value()]));
                    continue;
                }
                (ValueRef::Text(line), ValueRef::Text(header)) if header != first => {
                    self.decoder.in_order(line, header, first)
                }
                _ => None,
            };
            builder.push(match &moved {
                Some(moved) => ValueRef::Text(moved),
                None => lines.get(row),
            });
        }
        builder.finish()
    }
}

impl TakesHeader for ExtractStage {
    fn header(&self, batch: &Batch<'_>) -> Option<Header> {
        let mut failures = Failures::default(); // failures are counted when the record is decoded again
        let texts = TextColumn::of(self.from.eval_all(batch, &mut failures).into_owned());
        let mut no_records = self.decoder.no_records(&texts).into_iter().peekable();
        let row = (0..batch.rows as u32).find(|row| no_records.next_if_eq(row).is_none())?;
        let mut line = texts.spans[row as usize].slice(&texts.bytes).to_vec();
        if self.decoder.is_header(&line) {
            self.first.get_or_init(|| line.clone());
        } else {
            line.clear();
        }
        let names = self.decoder.names(&line);
        Some(Header { fields: names.zip(self.whole), line })
    }

    fn in_order(&self, line: &[u8], header: &[u8], first: &[u8]) -> Option<Vec<u8>> {
        self.decoder.in_order(line, header, first)
    }
}

impl RowStage for ExtractStage {
    fn reads(&self, slots: &mut SlotSet) {
        self.from.reads(slots);
        self.header.into_iter().for_each(|slot| slots.insert(slot));
        self.lines.into_iter().for_each(|(line, _)| slots.insert(line));
        self.older.iter().flatten().for_each(|older| older.reads(slots));
    }

    fn makes(&self) -> Vec<Slot> {
        let printed = self.lines.map(|(_, printed)| printed);
        self.slots.iter().copied().chain(printed).collect()
    }

    fn takes_header(&self) -> Option<&dyn TakesHeader> {
        self.takes_header.then_some(self)
    }

    fn reading(&self) -> Option<String> {
        Some(match self.names.as_slice() {
            [] => "checks the structure, reads no field".to_owned(),
            names => format!("reads {}; of the rest, only the structure", names.join(", ")),
        })
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let mut texts = TextColumn::of(self.from.eval_all(batch, &mut counts.failures).into_owned());
        let no_records = match self.header {
            _ if self.is_of_field && counts.exploded.is_none() => Vec::new(),
            Some(header) => self.decoder.no_records_under(batch.column(header), &texts),
            None => self.decoder.no_records(&texts),
        };
        if !no_records.is_empty() {
            counts.withdraw(no_records.len());
            let mut dropped = no_records.into_iter().peekable();
            let kept: Vec<u32> = (0..batch.rows as u32).filter(|row| dropped.next_if_eq(row).is_none()).collect();
            batch.keep_rows(&kept, &batch.slots());
            texts.spans = kept.iter().map(|row| texts.spans[*row as usize]).collect();
            if batch.rows == 0 {
                batch.clear(0);
                return;
            }
        }
        if let (Some((line, printed)), Some(header)) = (self.lines, self.header) {
            let lines = self.in_order(batch.column(line), batch.column(header));
            batch.set(printed, lines);
        }
        let decoded = match self.header {
            Some(header) => self.decoder.decode_under(batch.column(header), &texts),
            None => self.decoder.decode(&texts),
        };
        if decoded.rejected.len() < batch.rows {
            self.seen.iter().for_each(FieldSeen::set_looked_for);
        }
        let mut needed = live.clone();
        self.older.iter().flatten().for_each(|older| older.reads(&mut needed));
        if decoded.rejected.is_empty() {
            batch.retain(&needed);
        } else {
            let mut rejected = decoded.rejected.iter().map(|(row, _)| *row).peekable();
            let kept: Vec<u32> = (0..batch.rows as u32).filter(|row| rejected.next_if_eq(row).is_none()).collect();
            for (row, reason) in decoded.rejected {
                counts.reject(batch, row, reason);
            }
            batch.keep_rows(&kept, &needed);
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
