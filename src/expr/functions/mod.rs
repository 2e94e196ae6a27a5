//! FUNCTIONS: what can be called in an expression. One file a function, one line in the table.

mod len;

use crate::data::{Entry, ValueRef};

/// Every function, by name.
pub const FUNCTIONS: &[&FunctionDef] = &[&len::LEN];

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
pub type Scalar = for<'a> fn(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit>;

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
