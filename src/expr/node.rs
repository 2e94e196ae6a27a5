//! A bound expression: fields are slots, functions are table rows, constants are folded.

use std::sync::Arc;

use crate::data::{Slot, SlotSet, Value};
use crate::lang::ast::{BinaryOp, Segment};

use super::functions::{FunctionDef, Prepared};
use super::met::Met;
use super::pattern::Pattern;

/// A bound expression.
#[derive(Clone, Debug)]
pub enum Node {
    /// The same value for every row.
    Constant(Value),
    /// A column, with the name that messages call it.
    Field(Slot, String),
    /// A function of the table.
    Call {
        /// The function.
        def: &'static FunctionDef,
        /// As many as it takes.
        arguments: Vec<Node>,
    },
    /// A function of the table whose constant arguments are ready.
    Prepared {
        /// The function.
        def: &'static FunctionDef,
        /// As many as it takes.
        arguments: Vec<Node>,
        /// What computes it.
        function: Arc<dyn Prepared>,
    },
    /// A path into lists and objects: `user.id`, `keys(x)[0]`; null where nothing is there.
    Access(Box<Node>, Vec<Segment>),
    /// `not x`
    Not(Box<Node>),
    /// `-x`
    Negate(Box<Node>),
    /// `a and b`: b only where a does not decide
    And(Box<Node>, Box<Node>),
    /// `a or b`: b only where a does not decide
    Or(Box<Node>, Box<Node>),
    /// `a < b`
    Compare(Comparison, Box<Node>, Box<Node>, Met),
    /// `x == null`
    IsNull(Box<Node>),
    /// `a + b`
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    /// `x ~ /re/`
    Matches(Box<Node>, Pattern),
    /// `x !~ /re/`: null of null
    NotMatches(Box<Node>, Pattern),
    /// `x in (a, b)`
    InList(Box<Node>, Vec<Node>),
    /// `x in list`
    In(Box<Node>, Box<Node>),
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
    /// The comparison that an operator means.
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

    /// Whether it holds for two values that stand in this order.
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
    /// The arithmetic that an operator means.
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

impl Node {
    /// Adds every slot that the expression reads.
    pub fn reads(&self, slots: &mut SlotSet) {
        self.visit(&mut |node| {
            if let Node::Field(slot, _) = node {
                slots.insert(*slot);
            }
        });
    }

    /// Whether the expression reads no field.
    pub fn is_constant(&self) -> bool {
        let mut constant = true;
        self.visit(&mut |node| constant &= !matches!(node, Node::Field(..)));
        constant
    }

    /// What a message calls this expression.
    pub fn place(&self) -> &str {
        match self {
            Node::Field(_, name) => name,
            Node::Constant(_) => "constant",
            Node::Call { def, .. } | Node::Prepared { def, .. } => def.entry.name,
            Node::Negate(of)
            | Node::Not(of)
            | Node::IsNull(of)
            | Node::Matches(of, _)
            | Node::NotMatches(of, _)
            | Node::Access(of, _) => of.place(),
            Node::And(left, _)
            | Node::Or(left, _)
            | Node::Compare(_, left, ..)
            | Node::Arithmetic(_, left, _)
            | Node::In(left, _) => left.place(),
            Node::InList(of, _) => of.place(),
        }
    }

    /// Calls `see` with this node and every one below.
    fn visit(&self, see: &mut dyn FnMut(&Node)) {
        see(self);
        match self {
            Node::Constant(_) | Node::Field(..) => {}
            Node::Call { arguments, .. } | Node::Prepared { arguments, .. } => {
                arguments.iter().for_each(|node| node.visit(see));
            }
            Node::Not(node)
            | Node::Negate(node)
            | Node::IsNull(node)
            | Node::Matches(node, _)
            | Node::NotMatches(node, _)
            | Node::Access(node, _) => node.visit(see),
            Node::And(left, right)
            | Node::Or(left, right)
            | Node::Compare(_, left, right, _)
            | Node::Arithmetic(_, left, right)
            | Node::In(left, right) => {
                left.visit(see);
                right.visit(see);
            }
            Node::InList(node, list) => {
                node.visit(see);
                list.iter().for_each(|node| node.visit(see));
            }
        }
    }
}
