//! `--stamp`: a column that tells rows of results that are not final from final ones.

use crate::data::Value;
use crate::expr::BoundExpr;
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage;

use super::logical::{LogicalStage, StageKind};
use super::stages::BoundPipeline;

/// The column; it is null until a result that is not final is printed.
const AS_OF: &str = "as_of";

/// Adds the column before all others.
pub(super) fn add_stamp(bound: &mut BoundPipeline) -> Result<(), Diagnostics> {
    let span = bound.stages.last().map(|stage| stage.span).unwrap_or_default();
    if bound.scope.fields().iter().any(|field| field.name == AS_OF) {
        let message = format!("--stamp adds the column `{AS_OF}`: two columns would have this name");
        let help = format!("rename the other one: let {AS_OF}2 = {AS_OF} | drop {AS_OF}");
        return Err(Diagnostics::from(Diagnostic::new(span, message).help(help)));
    }
    let slot = bound.scope.new_slot();
    bound.scope.set_time(slot);
    bound.scope.insert_front(AS_OF, slot);
    let step = stage::assign(BoundExpr::Constant(Value::Null), slot);
    bound.stages.push(LogicalStage { text: "--stamp".to_owned(), span, kind: StageKind::Rows(vec![step]) });
    bound.chooses_columns = true;
    bound.stamp = Some(slot);
    Ok(())
}
