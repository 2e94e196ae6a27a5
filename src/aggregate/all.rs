//! `all(c)`: whether the condition is true for all records.

use super::accumulator::{Finish, PerGroup, State};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, Position, Value, ValueRef};

pub(super) const ALL: AggregateDef = AggregateDef {
    entry: Entry {
        name: "all",
        usage: "all(COND)",
        summary: "Whether the condition is true for all records.",
        details: "Records for which it is null do not count; of nothing it is null.",
        examples: &[Example {
            expr: "split | all(word > 3)",
            input: "1 5\n",
            output: "false\n",
        }],
    },
    argument: ArgumentKind::Condition,
    ordered: false,
    columns: None,
    shares_states: None,
    accumulator: |settings| PerGroup::<All>::boxed(settings, ()),
};

/// The truth so far; nothing before the first condition that is not null.
#[derive(Clone, Debug, Default)]
struct All(Option<bool>);

impl State for All {
    type Shared = ();

    #[inline]
    fn update(
        &mut self,
        _shared: &(),
        value: ValueRef<'_>,
        _position: Position,
    ) -> Result<(), &'static str> {
        let ValueRef::Bool(truth) = value else {
            return Err("true or false");
        };
        *self.0.get_or_insert(truth) &= truth;
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        if let Some(truth) = other.0 {
            *self.0.get_or_insert(truth) &= truth;
        }
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        self.0.map_or(Value::Null, Value::Bool)
    }
}
