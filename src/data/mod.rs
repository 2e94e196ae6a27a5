//! The ground floor: values, columns of them, batches of columns, and arithmetic without rounding. It does not depend
//! on any other module.

mod ansi;
mod batch;
mod big_int;
pub mod budget;
mod clock;
mod column;
mod controls;
mod duration;
mod entry;
mod exact_sum;
mod expansion;
mod file_id;
mod framing;
mod frozen;
mod heap_bytes;
mod json;
mod key;
mod messages;
mod number;
mod object;
mod order;
mod output_column;
pub mod persist;
mod position;
mod print;
mod quotient;
mod reason;
mod record;
mod record_start;
mod regroup;
mod row_order;
mod row_store;
mod scan;
mod standard_streams;
mod ternary;
mod text;
mod time;
mod value;

pub use ansi::{is_without_ansi, strip_ansi};
pub use batch::{Batch, Slot, SlotSet, take_across, take_column};
pub use big_int::BigInt;
#[cfg(test)]
pub use clock::fake;
pub use clock::{Clock, Stopwatch, system_clock};
pub use column::{Column, ColumnBuilder, Validity};
pub use controls::{drives_terminal, escape_controls};
pub use duration::{expected_summand, format_duration, parse_duration};
pub use entry::{Entry, Example};
pub use exact_sum::ExactSum;
pub use expansion::{Expansion, scale, two_product};
pub use file_id::{FileId, regular_file_id};
pub use framing::{BYTE_ORDER_MARK, Framing, Prologue, RecordCursor, Skip, Skipped};
pub use frozen::{Frozen, FrozenReader};
pub use heap_bytes::{HeapBytes, buffer_bytes, map_bytes};
pub use json::{
    JsonError, JsonFault, JsonStep, find_json_fault, read_json, read_scalar, read_string, skip_json, skip_long_string,
    skip_quoted, skip_scalar, skip_string, skip_white, write_json, write_json_object, write_json_string,
};
pub use key::{KeyKind, encode_key};
pub use messages::{MessageChunk, MessageFields, MessageFieldsWanted, MessageHead};
pub use number::{Exact, Number, compare_numbers, format_float, is_blank, parse_exact, parse_number};
pub use object::{NameIndex, ObjectBuilder, ObjectField, merge_fields, without_fields};
pub use order::{Rank, compare_extremes, descending, order, total_descending, total_order};
pub use output_column::{NamedValue, OutputColumn, OutputColumns};
pub use position::Position;
pub use print::write_text;
pub use quotient::{Rounding, divide, divide_rounded, multiply_rounded};
pub use reason::reason;
pub use record::{Names, RecordColumn};
pub use record_start::RecordStart;
pub use regroup::{Ending, Regroup, Regrouped, Regrouper, RejectedRecord, has_json_values};
pub use row_order::{Direction, RowKey, RowOrder};
pub use row_store::{Picked, RowId, RowStore};
pub use scan::{Scanner, count_records, each_of_two, each_white_space, trim_terminator};
pub use standard_streams::{STDIN_NAME, is_stdin, stdin_was_closed, stdout_was_closed};
pub use ternary::Ternary;
pub use text::{Bytes, TextColumn, TextSpan};
pub use time::{
    EXPECTED_IN_RANGE, Earlier, Instant, LastTimes, ParsedTime, TimeDefaults, TimeFormat, TimeReader, TimeSite,
    TimeSteps, begin_chunk, date_of, end_chunk, expected_time, last_times, moment_of, ns_of_day, parse_moment,
    parse_month_and_day, parse_time, replace_last_times, set_time_defaults, shorter_time_prefix, time_defaults,
    time_in_zone, time_of, time_prefix, weekday_of, zone_of_name,
};
pub(crate) use time::{clock_prefix, is_weekday};
pub use value::{EXPECTED_CONDITION, Value, ValueRef};
