//! A bound expression: fields are slots, functions are table rows, constants are folded.

use std::sync::Arc;

use crate::data::{Slot, SlotSet, Value};
use crate::lang::ast::{BinaryOp, Segment};

use regex::bytes::Regex;

use super::format::FormatTemplate;
use super::functions::{FunctionDef, Prepared};
use super::met::Met;
use super::pattern::Pattern;

/// A bound expression.
#[derive(Clone, Debug)]
pub enum BoundExpr {
    /// The same value for every row.
    Constant(Value),
    /// A column, with its name for messages.
    Field(Slot, String),
    /// A function of the table.
    Call {
        /// The function.
        def: &'static FunctionDef,
        /// Its arguments.
        arguments: Vec<BoundExpr>,
    },
    /// A function of the table, prepared from its constant arguments.
    Prepared {
        /// The function.
        def: &'static FunctionDef,
        /// Its arguments.
        arguments: Vec<BoundExpr>,
        /// The prepared function.
        function: Arc<dyn Prepared>,
    },
    /// A path into lists and objects: `user.id`, `keys(x)[0]`; null if it does not exist.
    Access(Box<BoundExpr>, Vec<Segment>),
    /// `not x`
    Not(Box<BoundExpr>),
    /// `-x`
    Negate(Box<BoundExpr>),
    /// `a and b`: b is evaluated only if a does not decide
    And(Box<BoundExpr>, Box<BoundExpr>),
    /// `a or b`: b is evaluated only if a does not decide
    Or(Box<BoundExpr>, Box<BoundExpr>),
    /// `a < b`
    Compare(Comparison, Box<BoundExpr>, Box<BoundExpr>, Met),
    /// `x == null`
    IsNull(Box<BoundExpr>),
    /// `a + b`
    Arithmetic(Arithmetic, Box<BoundExpr>, Box<BoundExpr>),
    /// `x ~ /re/`
    Matches(Box<BoundExpr>, Pattern),
    /// `x !~ /re/`: null if x is null
    NotMatches(Box<BoundExpr>, Pattern),
    /// `x in (a, b)`
    InList(Box<BoundExpr>, Vec<BoundExpr>),
    /// `x in list`
    In(Box<BoundExpr>, Box<BoundExpr>),
    /// `[a, b]`
    List(Vec<BoundExpr>),
    /// `{a: x, b: y}`: the names, and as many values
    Object(Vec<Vec<u8>>, Vec<BoundExpr>),
    /// `split(x, sep)`
    Split(Box<BoundExpr>, PieceSeparator),
    /// `format("…{x}…")`: the template, and the values in it
    Format(Arc<FormatTemplate>, Vec<BoundExpr>),
}

/// The separator of `split(x, sep)`.
#[derive(Clone, Debug)]
pub enum PieceSeparator {
    /// A text, for each row.
    Text(Box<BoundExpr>),
    /// The matches of a /regex/.
    Regex(Regex),
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the variants are the operators' names
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// The operators of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the variants are the operators' names
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
}

impl Comparison {
    /// Returns the comparison of an operator, if it is one.
    pub fn of(op: BinaryOp) -> Option<Comparison> {
        Some(match op {
            BinaryOp::Equal => Comparison::Equal,
            BinaryOp::NotEqual => Comparison::NotEqual,
            BinaryOp::Less => Comparison::Less,
            BinaryOp::LessEqual => Comparison::LessEqual,
            BinaryOp::Greater => Comparison::Greater,
            BinaryOp::GreaterEqual => Comparison::GreaterEqual,
            _ => return None,
        })
    }

    /// True if the comparison holds for two values of this order.
    #[inline]
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterEqual => order.is_ge(),
        }
    }
}

impl Arithmetic {
    /// Returns the arithmetic operation of an operator, if it is one.
    pub fn of(op: BinaryOp) -> Option<Arithmetic> {
        Some(match op {
            BinaryOp::Add => Arithmetic::Add,
            BinaryOp::Subtract => Arithmetic::Subtract,
            BinaryOp::Multiply => Arithmetic::Multiply,
            BinaryOp::Divide => Arithmetic::Divide,
            BinaryOp::FloorDivide => Arithmetic::FloorDivide,
            BinaryOp::Remainder => Arithmetic::Remainder,
            _ => return None,
        })
    }
}

impl BoundExpr {
    /// Adds every slot that the expression reads.
    pub fn reads(&self, slots: &mut SlotSet) {
        self.visit(&mut |node| {
            if let BoundExpr::Field(slot, _) = node {
                slots.insert(*slot);
            }
        });
    }

    /// True if the expression reads no field.
    pub fn is_constant(&self) -> bool {
        let mut constant = true;
        self.visit(&mut |node| constant &= !matches!(node, BoundExpr::Field(..)));
        constant
    }

    /// Returns the name of this expression in messages.
    pub fn label(&self) -> &str {
        match self {
            BoundExpr::Field(_, name) => name,
            BoundExpr::Constant(_) => "constant",
            BoundExpr::Call { def, .. } | BoundExpr::Prepared { def, .. } => def.entry.name,
            BoundExpr::Negate(of)
            | BoundExpr::Not(of)
            | BoundExpr::IsNull(of)
            | BoundExpr::Matches(of, _)
            | BoundExpr::NotMatches(of, _)
            | BoundExpr::Access(of, _) => of.label(),
            BoundExpr::And(left, _)
            | BoundExpr::Or(left, _)
            | BoundExpr::Compare(_, left, ..)
            | BoundExpr::Arithmetic(_, left, _)
            | BoundExpr::In(left, _) => left.label(),
            BoundExpr::InList(of, _) => of.label(),
            BoundExpr::Split(of, _) => of.label(),
            BoundExpr::List(_) => "list",
            BoundExpr::Object(..) => "object",
            BoundExpr::Format(..) => "format",
        }
    }

    /// Calls `see` with this expression and all of its parts.
    fn visit(&self, see: &mut dyn FnMut(&BoundExpr)) {
        see(self);
        match self {
            BoundExpr::Constant(_) | BoundExpr::Field(..) => {}
            BoundExpr::Call { arguments, .. }
            | BoundExpr::Prepared { arguments, .. }
            | BoundExpr::List(arguments)
            | BoundExpr::Object(_, arguments)
            | BoundExpr::Format(_, arguments) => {
                arguments.iter().for_each(|node| node.visit(see));
            }
            BoundExpr::Not(node)
            | BoundExpr::Negate(node)
            | BoundExpr::IsNull(node)
            | BoundExpr::Matches(node, _)
            | BoundExpr::NotMatches(node, _)
            | BoundExpr::Access(node, _) => node.visit(see),
            BoundExpr::And(left, right)
            | BoundExpr::Or(left, right)
            | BoundExpr::Compare(_, left, right, _)
            | BoundExpr::Arithmetic(_, left, right)
            | BoundExpr::In(left, right) => {
                left.visit(see);
                right.visit(see);
            }
            BoundExpr::Split(node, separator) => {
                node.visit(see);
                if let PieceSeparator::Text(separator) = separator {
                    separator.visit(see);
                }
            }
            BoundExpr::InList(node, list) => {
                node.visit(see);
                list.iter().for_each(|node| node.visit(see));
            }
        }
    }
}
