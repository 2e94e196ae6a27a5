//! Pass 1: limits move to the stages before them.

use super::logical::{LogicalStage, StageKind};

/// Passes limits to the sorts and aggregates before them, and tells aggregates if their order is not needed. `ordered`
/// are the stages before which rows are assigned to windows by their order.
pub(super) fn push_limits(stages: &mut [LogicalStage], ordered: &[usize]) {
    for index in 0..stages.len() {
        let (before, rest) = stages.split_at_mut(index + 1);
        let stage = &mut before[index].kind;
        let is_next = |next: &&LogicalStage| !matches!(&next.kind, StageKind::Rows(_) | StageKind::Extract(_));
        let next = rest.iter().position(|next| is_next(&next)).map(|after| index + 1 + after);
        let next = next.filter(|next| !ordered.contains(next)).map(|next| &rest[next - index - 1]);
        let keeps_rows =
            |kind: &StageKind| matches!(kind, StageKind::Rows(rows) if rows.iter().all(|row| row.only_makes()));
        let limit = match rest.iter().find(|next| !keeps_rows(&next.kind)).map(|next| &next.kind) {
            Some(StageKind::Ordered(next)) => next.limit(),
            _ => None,
        };
        match stage {
            StageKind::Grouped(aggregation) => {
                aggregation.ranking.limit = limit;
                aggregation.ranking.unordered =
                    next.is_some_and(|next| matches!(&next.kind, StageKind::Grouped(next) if !next.is_ordered()));
            }
            StageKind::Ordered(stage) => {
                if let Some(limit) = limit {
                    stage.take_limit(limit);
                }
            }
            StageKind::Rows(_) | StageKind::Extract(_) | StageKind::Union(_) => {}
        }
    }
}
