//! A row of a table: the only description of a stage, aggregate, function, format or option. Help, manual,
//! did-you-mean, `--explain` and the tests of the examples all read it.

/// A manual entry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name as typed.
    pub name: &'static str,
    /// Its shape: `split SEP [keep] [from FIELD] [as NAME]`.
    pub usage: &'static str,
    /// One sentence with a full stop.
    pub summary: &'static str,
    /// More text, if one sentence is not enough; may be empty. Paragraphs are separated by an empty line.
    pub details: &'static str,
    /// At least one; each is run by a test.
    pub examples: &'static [Example],
}

/// An expression with its input and output as text.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The expression.
    pub expr: &'static str,
    /// Standard input.
    pub input: &'static str,
    /// Standard output when it is a pipe.
    pub output: &'static str,
}
