//! Text of an earlier stage that later expressions may repeat: `sum(bytes) by ip | sort sum(bytes)`.

use super::Scope;
use crate::data::Slot;
use crate::expr::bound_expr::BoundExpr;
use crate::lang::ast::Expr;

/// The canonical text of an expression, and the slot of its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenText {
    text: String,
    pub(super) slot: Slot,
}

impl Scope {
    /// Lets expressions without another meaning repeat the text of a column, while there is such a column.
    pub fn set_repeated(&mut self, expr: &Expr, slot: Slot) {
        let text = expr.to_string();
        self.repeated.retain(|known| known.text != text);
        self.repeated.push(WrittenText { text, slot });
    }

    /// Makes the text of an aggregate an operand, whatever other meaning it has.
    pub fn set_operand(&mut self, expr: &Expr, slot: Slot) {
        self.operands.push(WrittenText { text: expr.to_string(), slot });
    }

    /// Returns the aggregate that an expression is, if it is an operand.
    pub fn operand(&self, expr: &Expr) -> Option<BoundExpr> {
        if self.operands.is_empty() {
            return None;
        }
        let text = expr.to_string();
        let known = self.operands.iter().find(|known| known.text == text)?;
        Some(BoundExpr::Field(known.slot, text))
    }

    /// Returns the column whose text an expression repeats.
    pub(in crate::expr) fn repeated(&self, expr: &Expr) -> Option<BoundExpr> {
        if self.repeated.is_empty() {
            return None;
        }
        let text = expr.to_string();
        let known = self.repeated.iter().find(|known| known.text == text)?;
        let field = self.fields.iter().find(|field| field.slot == known.slot)?;
        Some(BoundExpr::Field(known.slot, field.name.clone()))
    }

    /// Follows a column that gets a new slot.
    pub(super) fn move_repeated(&mut self, old: Slot, new: Slot) {
        self.repeated.iter_mut().filter(|known| known.slot == old).for_each(|known| known.slot = new);
    }
}
