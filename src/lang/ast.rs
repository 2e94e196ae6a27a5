//! The syntax tree of an expression, with the position of each part. It has no meaning before it is bound.
//!
//! A stage is a name and *arguments* in the order they were written: expressions, words, commas and
//! equals signs. The grammar knows no stage by name, so it never changes for a new one; each stage
//! reads its own arguments through [`super::arguments::Arguments`].

use std::sync::Arc;

use crate::data::Value;

/// A half-open range of bytes in the text of the expression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The range from the start of `self` to the end of `other`.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.start) }
    }
}

/// `stage | stage | …`; in parentheses also an argument of a stage.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The stages in the order they were written; never empty.
    pub stages: Vec<Stage>,
    /// The text that the spans refer to; empty for a pipeline in parentheses.
    pub text: Arc<str>,
}

/// `name argument…`, or a list of aggregates, which begins with a call: `count(x > 1), sum(x) by y`.
#[derive(Clone, Debug)]
pub struct Stage {
    /// A field of one segment (`split`, `count`), or a call (`sum(bytes)`), with no space before its `(`.
    pub head: Expr,
    /// The arguments after the head.
    pub arguments: Vec<Argument>,
    /// From the head's first byte to the last argument's end.
    pub span: Span,
}

/// One argument of a stage.
#[derive(Clone, Debug)]
pub enum Argument {
    /// An expression; a bare word (`by`, `as`, `desc`) is a field of one segment.
    Expr(Expr),
    /// `,`
    Comma(Span),
    /// `=`
    Equals(Span),
    /// `*`, before a comma or the end of the stage
    Star(Span),
    /// `(stage | stage)`: at least two stages, because one in parentheses is an expression. The span includes the
    /// parentheses.
    Pipeline(Pipeline, Span),
}

/// An expression with its span.
#[derive(Clone, Debug)]
pub struct Expr {
    /// The kind of expression.
    pub kind: ExprKind,
    /// Its position in the text.
    pub span: Span,
    /// Its depth; at most [`super::MAX_DEPTH`], so that recursion over it is safe.
    pub depth: u16,
}

/// A name with its span.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name, without back quotes.
    pub text: String,
    /// Its position in the text.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number, size, duration, text, `true`, `false`, `null`. A size is an int of bytes.
    Literal(Value),
    /// `/pattern/flags`, as written between the slashes (with `\/` already turned into `/`).
    Regex(RegexLiteral),
    /// `1%`: 1.0. Only if no right operand follows, because `a % b` is a remainder.
    Percent(f64),
    /// `a.b[0]`, `` `any name` ``, `@source`
    Field(Path),
    /// A path after an expression that is not a field: `keys(x)[0]`, `get(x, "a").b`
    Access(Box<Expr>, Vec<Segment>),
    /// `name(argument, …)`
    Call(Name, Vec<Expr>),
    /// `not x`, `-x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x in (1, 2, 3)`
    InList(Box<Expr>, Vec<Expr>),
    /// `x in field`
    In(Box<Expr>, Box<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{a: x, b: y}`
    Object(Vec<(Name, Expr)>),
}

/// The text of a regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexLiteral {
    /// Between the slashes.
    pub pattern: String,
    /// The letters after the second slash: any of `i m s x U`.
    pub flags: String,
}

/// A field by path; the first segment is a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<Segment>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// `.name` (or the first name)
    Name(String),
    /// `` `@name` ``, as the first name: the record's own field, not the metadata that `@name` means without back quotes
    QuotedName(String),
    /// `[0]`, `[-1]`: negative from the end
    Index(i64),
}

/// Operators of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `not x`
    Not,
    /// `-x`
    Negate,
}

/// Operators of two operands, lowest precedence first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the variants are the operators' names
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Matches,
    NotMatches,
    Coalesce,
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
}

impl Expr {
    /// The name, if this is a field with one segment: how stages read words such as `by` and `desc`.
    pub fn as_word(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Field(Path(segments)) => match segments.as_slice() {
                [Segment::Name(name) | Segment::QuotedName(name)] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}
