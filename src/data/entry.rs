//! A row of a table: the one place where a stage, aggregate, function, format or option is described.
//! Help, manual, did-you-mean, `--explain` and the tests of the examples all read it.

/// What the manual says of one thing.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name as typed.
    pub name: &'static str,
    /// Its shape: `split SEP [keep] [from FIELD] [as NAME]`.
    pub usage: &'static str,
    /// One sentence with a full stop.
    pub summary: &'static str,
    /// More, where a sentence does not do; may be empty. Paragraphs are separated by an empty line.
    pub details: &'static str,
    /// Run by a test; at least one.
    pub examples: &'static [Example],
}

/// An expression with what goes in and what comes out, both as text.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The expression.
    pub expr: &'static str,
    /// Standard input.
    pub input: &'static str,
    /// Standard output when it is a pipe.
    pub output: &'static str,
}
