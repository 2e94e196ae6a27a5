//! Where rows are shown: what a format for people may make of it.

/// What is known of the place where rows go. A pipe or a file is the default: bytes as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// How many cells a line has, if it is a terminal's.
    pub width: Option<usize>,
    /// Whether headers are bold and nulls dim.
    pub color: bool,
    /// Whether control characters in data are shown escaped, so that they cannot drive the terminal.
    pub escapes: bool,
}
