//! FUNCTIONS: what can be called in an expression. One file a function, one line in the table.

mod abs;
mod ago;
mod atan2;
mod bin;
mod bytes;
mod ceil;
mod coalesce;
mod concat;
mod contains;
mod cos;
mod day;
mod duration;
mod endswith;
mod exp;
mod floor;
mod format_time;
mod get;
mod hash;
mod hour;
mod if_;
mod ip_in;
mod is_empty;
mod is_null;
mod is_number;
mod join;
mod keys;
mod len;
mod limit;
mod log;
mod log10;
mod lower;
mod max;
mod md5;
mod min;
mod minute;
mod month;
mod now;
mod num;
mod pad;
mod parse_hex;
mod parse_json;
mod pattern;
mod pow;
mod regex_extract;
mod regex_replace;
mod repeat;
mod replace;
mod reverse;
mod round;
mod seconds;
mod sha256;
mod sin;
mod split_part;
mod sqrt;
mod startswith;
mod subnet;
mod substr;
mod tan;
mod text;
mod time;
mod total;
mod trim;
mod upper;
mod url_decode;
mod url_host;
mod url_path;
mod url_query;
mod weekday;
mod year;

pub(super) use limit::check_result;

use std::cmp::Ordering;
use std::fmt::Debug;
use std::sync::Arc;

use super::pattern::Pattern;
use crate::data::{Entry, Value, ValueRef};

/// Every function, by name.
pub const FUNCTIONS: &[&FunctionDef] = &[
    &abs::ABS,
    &ago::AGO,
    &atan2::ATAN2,
    &bin::BIN,
    &bytes::BYTES,
    &ceil::CEIL,
    &coalesce::COALESCE,
    &concat::CONCAT,
    &contains::CONTAINS,
    &cos::COS,
    &day::DAY,
    &duration::DURATION,
    &endswith::ENDSWITH,
    &exp::EXP,
    &floor::FLOOR,
    &format_time::FORMAT_TIME,
    &get::GET,
    &hash::HASH,
    &hour::HOUR,
    &if_::IF,
    &ip_in::IP_IN,
    &is_empty::IS_EMPTY,
    &is_null::IS_NULL,
    &is_number::IS_NUMBER,
    &join::JOIN,
    &keys::KEYS,
    &len::LEN,
    &log::LOG,
    &log10::LOG10,
    &lower::LOWER,
    &max::MAX,
    &md5::MD5,
    &min::MIN,
    &minute::MINUTE,
    &month::MONTH,
    &now::NOW,
    &num::NUM,
    &pad::PAD,
    &parse_hex::PARSE_HEX,
    &parse_json::PARSE_JSON,
    &pattern::PATTERN,
    &pow::POW,
    &regex_extract::REGEX_EXTRACT,
    &regex_replace::REGEX_REPLACE,
    &repeat::REPEAT,
    &replace::REPLACE,
    &reverse::REVERSE,
    &round::ROUND,
    &seconds::SECONDS,
    &sha256::SHA256,
    &sin::SIN,
    &split_part::SPLIT_PART,
    &sqrt::SQRT,
    &startswith::STARTSWITH,
    &subnet::SUBNET,
    &substr::SUBSTR,
    &tan::TAN,
    &text::TEXT,
    &time::TIME,
    &total::TOTAL,
    &trim::TRIM,
    &upper::UPPER,
    &url_decode::URL_DECODE,
    &url_host::URL_HOST,
    &url_path::URL_PATH,
    &url_query::URL_QUERY,
    &weekday::WEEKDAY,
    &year::YEAR,
];

/// A function and what the manual says of it.
#[derive(Debug)]
pub struct FunctionDef {
    /// Name, usage, summary, examples.
    pub entry: Entry,
    /// The parameters in order.
    pub parameters: &'static [Parameter],
    /// How many of them must be given.
    pub required: usize,
    /// Whether the last one may be given again and again.
    pub variadic: bool,
    /// What computes it.
    pub kernel: Kernel,
}

impl FunctionDef {
    /// The parameter that an argument stands for.
    pub fn parameter(&self, index: usize) -> &Parameter {
        &self.parameters[index.min(self.parameters.len() - 1)]
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// What messages call it: `text`, `digits`.
    pub name: &'static str,
    /// What it takes.
    pub kind: ParameterKind,
}

/// What a parameter takes. The evaluator converts before the kernel is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Any value, as it is.
    Any,
    /// Text; another value is given as its text.
    Text,
    /// A number; text that is one is given as a number, and other values do not fit.
    Number,
    /// A number without a fraction; given as an int.
    Int,
    /// A condition.
    Bool,
    /// A time; text is read as one, numbers count from 1970.
    Time,
    /// A duration; text is read as one.
    Duration,
    /// A list.
    List,
    /// A /regex/, or constant text that is read as one; only functions that are prepared take it.
    Pattern,
}

/// What computes a function.
#[derive(Clone, Copy, Debug)]
pub enum Kernel {
    /// One row at a time; null if any argument is null.
    Scalar(Scalar),
    /// One row at a time, with nulls among the arguments.
    NullAware(Scalar),
    /// One row at a time, for a list or object that is new; null if any argument is null.
    Owned(fn(&[ValueRef<'_>]) -> Result<Value, TypeMismatch>),
    /// Made ready once, from the arguments that are constant: patterns, formats, units.
    Prepared(Prepare),
    /// `if(c, a, b)`: only the branch that is taken is evaluated.
    If,
    /// `coalesce(a, b, …)`: evaluated up to the first value that is not null.
    Coalesce,
    /// `min(a, b…)`, `max(a, b…)`: the smallest or largest; what is no number beside one is a failure.
    Extreme(Ordering),
    /// `total(x)`: computed before the stage that it stands in, which then reads a field.
    Total,
}

/// Computes one value. The result may borrow from an argument or from `scratch`, which comes empty.
/// Called for every row, so it does not allocate beyond `scratch`.
pub type Scalar =
    for<'a> fn(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch>;

/// Makes a function ready when it is bound; what is wrong with a constant argument is the user's mistake.
pub type Prepare = fn(&[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError>;

/// What is known of an argument when the function is bound.
#[derive(Clone, Debug)]
pub enum ConstArg<'v> {
    /// A value, as its parameter takes it.
    Constant(ValueRef<'v>),
    /// A /regex/ for a parameter of the kind [`ParameterKind::Pattern`].
    Pattern(Pattern),
    /// Known row by row only.
    Varying,
}

/// Why a constant argument cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    /// Which argument.
    pub argument: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

/// A function whose constant arguments are ready. Shared by all threads.
pub trait Prepared: Debug + Send + Sync {
    /// What computes the rows of one column, in order, with all arguments that were written: a pattern is
    /// given as its text. It may keep from row to row what it uses again. Called for each batch.
    fn begin(&self) -> Caller<'_>;
}

/// A function of which nothing is made ready: only its constant arguments are checked.
#[derive(Debug)]
struct Checked(Scalar);

impl Prepared for Checked {
    fn begin(&self) -> Caller<'_> {
        Box::new(self.0)
    }
}

/// Computes one value after another, as [`Scalar`] does; null if any argument is null.
pub type Caller<'f> =
    Box<dyn for<'a> FnMut(&[ValueRef<'a>], &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> + 'f>;

/// A value that does not fit at run time: the result is null and the ledger counts a failed conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeMismatch {
    /// What was expected: `a number`.
    pub expected: &'static str,
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static FunctionDef> {
    FUNCTIONS.iter().copied().find(|def| def.entry.name == name)
}

/// What reads an argument that is to be a time: `time(x)`.
pub(super) fn recognise_time() -> (&'static FunctionDef, Arc<dyn Prepared>) {
    time::recognise()
}

/// The function that `??` is.
pub(super) fn coalesce() -> &'static FunctionDef {
    &coalesce::COALESCE
}

/// How the tests of the functions call them: as the evaluator does, with arguments converted already.
#[cfg(test)]
mod testing {
    use super::{ArgumentError, ConstArg, FunctionDef, Kernel, ParameterKind, TypeMismatch};
    use crate::data::{Value, ValueRef};
    use crate::expr::pattern::compile;

    /// Calls a function; arguments of functions that are prepared are constants.
    pub(super) fn call(def: &FunctionDef, arguments: &[ValueRef<'_>]) -> Result<Value, TypeMismatch> {
        match def.kernel {
            Kernel::Scalar(function) | Kernel::NullAware(function) => {
                function(arguments, &mut Vec::new()).map(ValueRef::to_value)
            }
            Kernel::Owned(function) => function(arguments),
            Kernel::Prepared(_) => match prepared(def, arguments, true) {
                Ok(result) => result,
                Err(refused) => panic!("{}: {}", def.entry.name, refused.message),
            },
            _ => panic!("{} is computed by the evaluator", def.entry.name),
        }
    }

    /// Why a function refuses constant arguments.
    pub(super) fn refused(def: &FunctionDef, arguments: &[ValueRef<'_>]) -> ArgumentError {
        match prepared(def, arguments, true) {
            Err(refused) => refused,
            Ok(result) => panic!("{} is not refused: {result:?}", def.entry.name),
        }
    }

    /// Calls a function that is prepared with arguments that are known only row by row.
    pub(super) fn call_varying(def: &FunctionDef, arguments: &[ValueRef<'_>]) -> Result<Value, TypeMismatch> {
        prepared(def, arguments, false).expect("nothing to refuse without constants")
    }

    fn prepared(
        def: &FunctionDef,
        arguments: &[ValueRef<'_>],
        constant: bool,
    ) -> Result<Result<Value, TypeMismatch>, ArgumentError> {
        let Kernel::Prepared(prepare) = def.kernel else {
            panic!("{} is not prepared", def.entry.name);
        };
        let const_args: Vec<ConstArg<'_>> = arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| match (def.parameter(index).kind, argument) {
                (ParameterKind::Pattern, ValueRef::Text(text)) => {
                    ConstArg::Pattern(compile(&String::from_utf8_lossy(text)).expect("a pattern of a test"))
                }
                _ if constant && index > 0 => ConstArg::Constant(*argument),
                _ => ConstArg::Varying,
            })
            .collect();
        let function = prepare(&const_args)?;
        let mut scratch = Vec::new();
        let result = function.begin()(arguments, &mut scratch).map(ValueRef::to_value);
        Ok(result)
    }

    pub(super) fn text(def: &FunctionDef, arguments: &[ValueRef<'_>]) -> Vec<u8> {
        match call(def, arguments) {
            Ok(Value::Text(bytes)) => bytes,
            other => panic!("no text: {other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_documented() {
        assert!(FUNCTIONS.is_sorted_by(|left, right| left.entry.name < right.entry.name));
        for def in FUNCTIONS {
            let entry = def.entry;
            assert!(entry.usage.starts_with(&format!("{}(", entry.name)), "{}", entry.name);
            assert!(entry.summary.ends_with('.'), "{}", entry.name);
            assert!(!entry.examples.is_empty(), "{}", entry.name);
            assert!(def.required <= def.parameters.len(), "{}", entry.name);
            assert!(find(entry.name).is_some());
        }
    }
}
