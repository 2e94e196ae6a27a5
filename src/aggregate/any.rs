//! `any(c)`: whether the condition is true for any record.

use super::accumulator::{Finish, PerGroup, State};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, Position, Value, ValueRef};

pub(super) const ANY: AggregateDef = AggregateDef {
    entry: Entry {
        name: "any",
        usage: "any(COND)",
        summary: "Whether the condition is true for any record.",
        details: "Records for which it is null do not count; of nothing it is null.",
        examples: &[Example {
            expr: "split | any(word > 3)",
            input: "1 5\n",
            output: "true\n",
        }],
    },
    argument: ArgumentKind::Condition,
    ordered: false,
    columns: None,
    shares_states: None,
    accumulator: |settings| PerGroup::<Any>::boxed(settings, ()),
};

/// The truth so far; nothing before the first condition that is not null.
#[derive(Clone, Debug, Default)]
struct Any(Option<bool>);

impl State for Any {
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
        *self.0.get_or_insert(truth) |= truth;
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        if let Some(truth) = other.0 {
            *self.0.get_or_insert(truth) |= truth;
        }
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        self.0.map_or(Value::Null, Value::Bool)
    }
}
