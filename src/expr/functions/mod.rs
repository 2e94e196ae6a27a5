//! FUNCTIONS: the functions of expressions. One file for each function or family, one row for each in the table.

mod abs;
mod ago;
mod bin;
mod bytes;
mod calendar;
mod ceil;
mod coalesce;
mod concat;
mod contains;
mod duration;
mod endswith;
mod float_functions;
mod floor;
mod format;
mod format_time;
mod get;
mod hash;
mod if_;
mod ip_in;
mod is_empty;
mod is_null;
mod is_number;
mod join;
mod keys;
mod len;
mod limit;
mod lower;
mod max;
mod md5;
mod min;
mod now;
mod num;
mod pad;
mod parse_hex;
mod parse_json;
mod pattern;
mod regex_extract;
mod regex_replace;
mod repeat;
mod replace;
mod reverse;
mod round;
mod seconds;
mod sha256;
mod split;
mod split_part;
mod startswith;
mod strip_ansi;
mod subnet;
mod substr;
mod text;
mod time;
mod total;
mod trim;
mod upper;
mod url_decode;
mod url_host;
mod url_path;
mod url_query;

pub(super) use len::count_characters;
pub(super) use limit::{check_length, check_result};
pub(super) use split::{split_at_matches, split_at_text};

use std::cmp::Ordering;
use std::fmt::Debug;
use std::sync::Arc;

use super::pattern::Pattern;
use crate::data::{Entry, Value, ValueRef};

/// All functions, by name.
pub const FUNCTIONS: &[&FunctionDef] = &[
    &abs::ABS,
    &ago::AGO,
    &float_functions::ATAN2,
    &bin::BIN,
    &bytes::BYTES,
    &ceil::CEIL,
    &coalesce::COALESCE,
    &concat::CONCAT,
    &contains::CONTAINS,
    &float_functions::COS,
    &calendar::DAY,
    &duration::DURATION,
    &endswith::ENDSWITH,
    &float_functions::EXP,
    &floor::FLOOR,
    &format::FORMAT,
    &format_time::FORMAT_TIME,
    &get::GET,
    &hash::HASH,
    &calendar::HOUR,
    &if_::IF,
    &ip_in::IP_IN,
    &is_empty::IS_EMPTY,
    &is_null::IS_NULL,
    &is_number::IS_NUMBER,
    &join::JOIN,
    &keys::KEYS,
    &len::LEN,
    &float_functions::LOG,
    &float_functions::LOG10,
    &lower::LOWER,
    &max::MAX,
    &md5::MD5,
    &min::MIN,
    &calendar::MINUTE,
    &calendar::MONTH,
    &now::NOW,
    &num::NUM,
    &pad::PAD,
    &parse_hex::PARSE_HEX,
    &parse_json::PARSE_JSON,
    &pattern::PATTERN,
    &float_functions::POW,
    &regex_extract::REGEX_EXTRACT,
    &regex_replace::REGEX_REPLACE,
    &repeat::REPEAT,
    &replace::REPLACE,
    &reverse::REVERSE,
    &round::ROUND,
    &seconds::SECONDS,
    &sha256::SHA256,
    &float_functions::SIN,
    &split::SPLIT,
    &split_part::SPLIT_PART,
    &float_functions::SQRT,
    &startswith::STARTSWITH,
    &strip_ansi::STRIP_ANSI,
    &subnet::SUBNET,
    &substr::SUBSTR,
    &float_functions::TAN,
    &text::TEXT,
    &time::TIME,
    &total::TOTAL,
    &trim::TRIM,
    &upper::UPPER,
    &url_decode::URL_DECODE,
    &url_host::URL_HOST,
    &url_path::URL_PATH,
    &url_query::URL_QUERY,
    &calendar::WEEKDAY,
    &calendar::YEAR,
];

/// A function and its manual entry.
#[derive(Debug)]
pub struct FunctionDef {
    /// Name, usage, summary, examples.
    pub entry: Entry,
    /// The parameters in order.
    pub parameters: &'static [Parameter],
    /// The number of required arguments.
    pub required: usize,
    /// True if the last parameter may be repeated.
    pub variadic: bool,
    /// How it is computed.
    pub kernel: Kernel,
}

impl FunctionDef {
    /// A function that is computed row by row from arguments that are all required and not null.
    pub(super) const fn scalar(entry: Entry, parameters: &'static [Parameter], kernel: Scalar) -> FunctionDef {
        FunctionDef { entry, parameters, required: parameters.len(), variadic: false, kernel: Kernel::Scalar(kernel) }
    }

    /// Returns the parameter of an argument.
    pub fn parameter(&self, index: usize) -> &Parameter {
        &self.parameters[index.min(self.parameters.len() - 1)]
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in messages: `text`, `digits`.
    pub name: &'static str,
    /// The values it takes.
    pub kind: ParameterKind,
}

impl Parameter {
    /// A parameter with its name in messages and its kind.
    pub(super) const fn new(name: &'static str, kind: ParameterKind) -> Parameter {
        Parameter { name, kind }
    }
}

/// The values that a parameter takes. The evaluator converts arguments before it calls the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Any value, unchanged.
    Any,
    /// Text; other values are converted to text.
    Text,
    /// A number, or text that is one.
    Number,
    /// A number without a fraction, converted to an int.
    Int,
    /// A condition.
    Bool,
    /// A time; text is parsed, numbers count from 1970.
    Time,
    /// A duration; text is parsed.
    Duration,
    /// A list.
    List,
    /// A /regex/, or constant text that is compiled to one; only prepared functions take it.
    Pattern,
}

/// How a function is computed.
#[derive(Clone, Copy, Debug)]
pub enum Kernel {
    /// Row by row; null if any argument is null.
    Scalar(Scalar),
    /// Row by row; arguments may be null.
    NullAware(Scalar),
    /// Row by row, for a new list or object; null if any argument is null.
    Owned(fn(&[ValueRef<'_>]) -> Result<Value, TypeMismatch>),
    /// Prepared once from its constant arguments: patterns, formats, units.
    Prepared(Prepare),
    /// `if(c, a, b)`: only the chosen branch is evaluated.
    If,
    /// `coalesce(a, b, …)`: evaluated up to the first value that is not null.
    Coalesce,
    /// `min(a, b…)`, `max(a, b…)`: the smallest or largest; a value that is not a number next to one is a failure.
    Extreme(Ordering),
    /// `format("…")`: its template is read when it is bound.
    Format,
    /// `split(x, sep)`: a list, by a text or a /regex/.
    Split,
    /// `total(x)`: computed before its stage, which then reads a field.
    Total,
}

/// Computes one value. The result may borrow from an argument or from `scratch`, which is empty. Called for every row,
/// so it must not allocate beyond `scratch`.
pub type Scalar =
    for<'a> fn(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch>;

/// Prepares a function when it is bound; an error names an invalid constant argument.
pub type Prepare = fn(&[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError>;

/// An argument as it is known when the function is bound.
#[derive(Clone, Debug)]
pub enum ConstArg<'v> {
    /// A constant, converted for its parameter.
    Constant(ValueRef<'v>),
    /// A /regex/ for a parameter of the kind [`ParameterKind::Pattern`].
    Pattern(Pattern),
    /// Known only row by row.
    Varying,
}

/// Why a constant argument is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    /// The index of the argument.
    pub argument: usize,
    /// The value found and the expected one.
    pub message: String,
}

/// A function prepared from its constant arguments. Shared by all threads.
pub trait Prepared: Debug + Send + Sync {
    /// Returns a closure that computes the rows of one column in order. It receives all arguments as written (a pattern
    /// as its text), and may reuse state from row to row. Called for each batch.
    fn begin(&self) -> Caller<'_>;
}

/// A function that only checks its constant arguments when it is bound.
#[derive(Debug)]
struct Checked(Scalar);

impl Prepared for Checked {
    fn begin(&self) -> Caller<'_> {
        Box::new(self.0)
    }
}

/// Computes one value after another, like [`Scalar`]; null if any argument is null.
pub type Caller<'f> =
    Box<dyn for<'a> FnMut(&[ValueRef<'a>], &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> + 'f>;

/// A value of the wrong type at run time: the result is null and the ledger counts a failed conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeMismatch {
    /// The expected type: `a number`.
    pub expected: &'static str,
}

/// Finds a function by name.
pub fn find(name: &str) -> Option<&'static FunctionDef> {
    FUNCTIONS.iter().copied().find(|def| def.entry.name == name)
}

/// Returns the function that parses an argument to a time: `time(x)`.
pub(super) fn recognise_time() -> (&'static FunctionDef, Arc<dyn Prepared>) {
    time::recognise()
}

/// Returns the function of `??`.
pub(super) fn coalesce() -> &'static FunctionDef {
    &coalesce::COALESCE
}

/// Calls functions in their tests as the evaluator does, with converted arguments.
#[cfg(test)]
mod testing {
    use super::{ArgumentError, ConstArg, FunctionDef, Kernel, ParameterKind, TypeMismatch};
    use crate::data::{Value, ValueRef};
    use crate::expr::pattern::compile;

    /// Calls a function; arguments of prepared functions are constants.
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

    /// Returns why a function rejects constant arguments.
    pub(super) fn refused(def: &FunctionDef, arguments: &[ValueRef<'_>]) -> ArgumentError {
        match prepared(def, arguments, true) {
            Err(refused) => refused,
            Ok(result) => panic!("{} is not refused: {result:?}", def.entry.name),
        }
    }

    /// Calls a prepared function with arguments that are known only row by row.
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
