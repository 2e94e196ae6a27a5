//! FUNCTIONS: what can be called in an expression. One file a function, one line in the table.

mod abs;
mod ceil;
mod coalesce;
mod concat;
mod contains;
mod endswith;
mod floor;
mod if_;
mod len;
mod lower;
mod max;
mod min;
mod num;
mod replace;
mod round;
mod startswith;
mod substr;
mod text;
mod trim;
mod upper;

use crate::data::{Entry, ValueRef};

/// Every function, by name.
pub const FUNCTIONS: &[&FunctionDef] = &[
    &abs::ABS,
    &ceil::CEIL,
    &coalesce::COALESCE,
    &concat::CONCAT,
    &contains::CONTAINS,
    &endswith::ENDSWITH,
    &floor::FLOOR,
    &if_::IF,
    &len::LEN,
    &lower::LOWER,
    &max::MAX,
    &min::MIN,
    &num::NUM,
    &replace::REPLACE,
    &round::ROUND,
    &startswith::STARTSWITH,
    &substr::SUBSTR,
    &text::TEXT,
    &trim::TRIM,
    &upper::UPPER,
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
}

/// What computes a function.
#[derive(Clone, Copy, Debug)]
pub enum Kernel {
    /// One row at a time; null if any argument is null.
    Scalar(Scalar),
    /// One row at a time, with nulls among the arguments.
    NullAware(Scalar),
    /// `if(c, a, b)`: only the branch that is taken is evaluated.
    If,
    /// `coalesce(a, b, …)`: evaluated up to the first value that is not null.
    Coalesce,
}

/// Computes one value. The result may borrow from an argument or from `scratch`, which comes empty.
/// Called for every row, so it does not allocate beyond `scratch`.
pub type Scalar =
    for<'a> fn(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit>;

/// A value that does not fit at run time: the result is null and the ledger counts a failed conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What was expected: `a number`.
    pub expected: &'static str,
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static FunctionDef> {
    FUNCTIONS.iter().copied().find(|def| def.entry.name == name)
}

/// How the tests of the functions call them: as the evaluator does, with arguments converted already.
#[cfg(test)]
mod testing {
    use super::{FunctionDef, Kernel, Unfit};
    use crate::data::{Value, ValueRef};

    pub(super) fn call(def: &FunctionDef, arguments: &[ValueRef<'_>]) -> Result<Value, Unfit> {
        let (Kernel::Scalar(function) | Kernel::NullAware(function)) = def.kernel else {
            panic!("{} is computed by the evaluator", def.entry.name);
        };
        function(arguments, &mut Vec::new()).map(ValueRef::to_value)
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
            assert!(
                entry.usage.starts_with(&format!("{}(", entry.name)),
                "{}",
                entry.name
            );
            assert!(entry.summary.ends_with('.'), "{}", entry.name);
            assert!(!entry.examples.is_empty(), "{}", entry.name);
            assert!(def.required <= def.parameters.len(), "{}", entry.name);
            assert!(find(entry.name).is_some());
        }
    }
}

/// The function that `??` is.
pub(super) fn coalesce() -> &'static FunctionDef {
    &coalesce::COALESCE
}
