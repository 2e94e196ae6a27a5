//! Three-valued truth.

/// Three-valued truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ternary {
    /// False.
    False,
    /// True.
    True,
    /// Neither: an operand is null.
    Unknown,
}

impl From<bool> for Ternary {
    #[inline]
    fn from(value: bool) -> Ternary {
        if value { Ternary::True } else { Ternary::False }
    }
}
