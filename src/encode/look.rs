//! Properties of the terminal that the formats for people use.

/// The properties of the output. The default is a pipe or file, to which bytes are written unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Cells per line, if the output is a terminal.
    pub width: Option<usize>,
    /// Lines of the terminal, if the output is one.
    pub height: Option<usize>,
    /// The expression, for the title of a picture.
    pub title: Option<&'static str>,
    /// True if headers are bold and nulls dim.
    pub color: bool,
    /// True if control characters in data are escaped, so that they cannot drive the terminal.
    pub escapes: bool,
    /// The separator of `-o csv`; `None` for the comma.
    pub separator: Option<u8>,
}
