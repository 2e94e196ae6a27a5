//! Equality of trees ignores spans: only the structure is compared.

use super::ast::{Argument, Expr, Name, Pipeline, Stage};

impl PartialEq for Pipeline {
    fn eq(&self, other: &Self) -> bool {
        self.stages == other.stages
    }
}

impl PartialEq for Stage {
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head && self.arguments == other.arguments
    }
}

impl PartialEq for Argument {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Argument::Expr(left), Argument::Expr(right)) => left == right,
            (Argument::Comma(_), Argument::Comma(_))
            | (Argument::Equals(_), Argument::Equals(_))
            | (Argument::Star(_), Argument::Star(_)) => true,
            (Argument::Pipeline(left, _), Argument::Pipeline(right, _)) => left == right,
            _ => false,
        }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
