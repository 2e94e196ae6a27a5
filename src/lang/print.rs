//! Prints a tree as canonical text, which parses to the same tree.

use std::fmt::{self, Display, Formatter, Write};

use super::ast::{Argument, Expr, ExprKind, Name, Path, Pipeline, RegexLiteral, Segment, Stage, UnaryOp};
use super::expression::associates;
use super::foreign::FOREIGN_WORDS;
use super::name::{BARE_OPERANDS, CLAUSE_WORDS, continues_name, is_plain_name, is_plain_segment};
use super::operator::Level;
use crate::data::{Value, format_duration, format_float, write_json};

impl Display for Pipeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (place, stage) in self.stages.iter().enumerate() {
            write!(f, "{}{stage}", if place > 0 { " | " } else { "" })?;
        }
        Ok(())
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.head.as_word() {
            Some(name) => f.write_str(name)?, // never in back quotes
            None => write!(f, "{}", self.head)?,
        }
        let mut is_behind_operand = self.head.as_word().is_none_or(|word| BARE_OPERANDS.contains(&word));
        for (place, argument) in self.arguments.iter().enumerate() {
            let next = self.arguments.get(place + 1);
            if !matches!(argument, Argument::Comma(_)) {
                f.write_str(" ")?;
            }
            print_argument(argument, is_behind_operand, next, f)?;
            is_behind_operand = is_operand(argument);
        }
        Ok(())
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Literal(value) => print_literal(value, f),
            ExprKind::Regex(literal) => write!(f, "{literal}"),
            ExprKind::Percent(value) => print_float(*value, f).and_then(|()| f.write_str("%")),
            ExprKind::Field(path) => write!(f, "{path}"),
            ExprKind::Access(base, segments) => {
                let is_call = matches!(base.kind, ExprKind::Call(..));
                print_in_parentheses_if(!is_call, base, f)?;
                segments.iter().try_for_each(|segment| print_segment(segment, f))
            }
            ExprKind::Call(name, arguments) => {
                write!(f, "{}", name.text)?;
                print_list(arguments, f)
            }
            ExprKind::Unary(op, operand) => {
                let (sign, own_level) = match op {
                    UnaryOp::Not => ("not ", Level::Not),
                    UnaryOp::Negate => ("-", Level::Negate),
                };
                f.write_str(sign)?;
                print_in_parentheses_if(level(operand) < own_level, operand, f)
            }
            ExprKind::Binary(op, left, right) => {
                let own_level = op.level();
                let is_left_looser = level(left) < own_level || level(left) == own_level && !associates(*op);
                print_in_parentheses_if(is_left_looser, left, f)?;
                write!(f, " {} ", op.sign())?;
                print_in_parentheses_if(level(right) <= own_level, right, f)
            }
            ExprKind::List(items) => {
                f.write_str("[")?;
                print_items(items, f)?;
                f.write_str("]")
            }
            ExprKind::Object(fields) => {
                f.write_str("{")?;
                for (place, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if place > 0 { ", " } else { "" })?;
                    print_name(&name.text, is_plain_segment(&name.text), f)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
            ExprKind::InList(operand, items) => {
                print_in_parentheses_if(level(operand) <= Level::Compare, operand, f)?;
                f.write_str(" in ")?;
                print_list(items, f)
            }
            ExprKind::In(operand, list) => {
                print_in_parentheses_if(level(operand) <= Level::Compare, operand, f)?;
                f.write_str(" in ")?;
                match list.kind {
                    ExprKind::Percent(_) => write!(f, "{list}"), // `in (1%)` would be a list of one value
                    _ => print_in_parentheses_if(level(list) <= Level::Compare, list, f),
                }
            }
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        print_name(&self.text, is_plain_name(&self.text), f)
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Name(name) if place == 0 => print_name(name, is_plain_name(name), f)?,
                Segment::QuotedName(name) if place == 0 => print_name(name, false, f)?,
                _ => print_segment(segment, f)?,
            }
        }
        Ok(())
    }
}

impl Path {
    /// The record's own field of this name, even if the name begins with `@`.
    pub fn own(name: &str) -> Path {
        Path(vec![match name.starts_with('@') {
            true => Segment::QuotedName(name.to_owned()),
            false => Segment::Name(name.to_owned()),
        }])
    }

    /// The path within a record, where back quotes make no difference.
    pub fn in_record(&self) -> Path {
        let mut path = self.clone();
        if let Some(first) = path.0.first_mut()
            && let Segment::QuotedName(name) = first
        {
            *first = Segment::Name(std::mem::take(name));
        }
        path
    }

    /// The path as the name of a column: its canonical text without back quotes.
    pub fn label(&self) -> String {
        let mut label = String::new();
        for (place, segment) in self.0.iter().enumerate() {
            let dot = if place > 0 { "." } else { "" };
            let _ = match segment {
                Segment::Name(name) | Segment::QuotedName(name) => write!(label, "{dot}{name}"),
                Segment::Index(index) => write!(label, "[{index}]"),
            }; // writing to a String cannot fail
        }
        label
    }
}

impl Display for RegexLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("/")?;
        let mut is_escaped = false;
        for c in self.pattern.chars() {
            if c == '/' && !is_escaped {
                f.write_str("\\")?;
            }
            f.write_char(c)?;
            is_escaped = c == '\\' && !is_escaped;
        }
        write!(f, "/{}", self.flags)
    }
}

/// Prints an argument, in parentheses if it would otherwise be parsed as one expression with its neighbours.
fn print_argument(
    argument: &Argument,
    is_behind_operand: bool,
    next: Option<&Argument>,
    f: &mut Formatter<'_>,
) -> fmt::Result {
    let expr = match argument {
        Argument::Comma(_) => return f.write_str(","),
        Argument::Equals(_) => return f.write_str("="),
        Argument::Star(_) => return f.write_str("*"),
        Argument::Pipeline(pipeline, _) => return write!(f, "({pipeline})"),
        Argument::Expr(expr) => expr,
    };
    let is_percent = matches!(expr.kind, ExprKind::Percent(_));
    if is_percent && next.is_some_and(is_operand) {
        return write!(f, "({expr})"); // otherwise `%` would be a remainder
    }
    if let (Some(word), Some(Argument::Expr(_))) = (expr.as_word(), next)
        && is_foreign(word)
    {
        return print_name(word, false, f); // otherwise it would be read as an operator of another language
    }
    let text = expr.to_string();
    let first_word = text.split(|c| !continues_name(c)).next().unwrap_or("");
    // The parser looks for a foreign word after a stage's name, too.
    let is_call = text[first_word.len()..].starts_with('(') && first_word.starts_with(char::is_lowercase);
    let is_operator = expr.as_word().is_none() && is_foreign(first_word) && !is_call;
    let goes_on = is_behind_operand && text.starts_with(['-', '/']);
    if goes_on || is_operator {
        return write!(f, "({text})"); // otherwise it would be read as the right operand of an operator
    }
    f.write_str(&text)
}

/// True if the parser would accept an operator after this argument.
fn is_operand(argument: &Argument) -> bool {
    match argument {
        Argument::Expr(expr) => !expr.as_word().is_some_and(|word| CLAUSE_WORDS.contains(&word)),
        _ => false,
    }
}

/// True if a word is an operator of another language.
fn is_foreign(word: &str) -> bool {
    FOREIGN_WORDS.iter().any(|(foreign, _)| *foreign == word)
}

/// The precedence of an expression's outermost operator.
fn level(expr: &Expr) -> Level {
    match &expr.kind {
        ExprKind::Unary(UnaryOp::Not, _) => Level::Not,
        ExprKind::Unary(UnaryOp::Negate, _) => Level::Negate,
        ExprKind::Binary(op, ..) => op.level(),
        ExprKind::InList(..) | ExprKind::In(..) => Level::Compare,
        ExprKind::Literal(Value::Int(value) | Value::Duration(value)) if *value < 0 => Level::Negate,
        ExprKind::Literal(Value::Float(value)) if value.is_sign_negative() => Level::Negate,
        _ => Level::Atom,
    }
}

fn print_in_parentheses_if(condition: bool, expr: &Expr, f: &mut Formatter<'_>) -> fmt::Result {
    let is_percent = matches!(expr.kind, ExprKind::Percent(_)); // `1% - x` would be a remainder
    if condition || is_percent { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

fn print_list(items: &[Expr], f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str("(")?;
    print_items(items, f)?;
    f.write_str(")")
}

fn print_items(items: &[Expr], f: &mut Formatter<'_>) -> fmt::Result {
    for (place, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if place > 0 { ", " } else { "" })?;
    }
    Ok(())
}

/// Prints a segment that is not the first one.
fn print_segment(segment: &Segment, f: &mut Formatter<'_>) -> fmt::Result {
    match segment {
        Segment::Index(index) => write!(f, "[{index}]"),
        Segment::Name(name) | Segment::QuotedName(name) => {
            f.write_str(".")?;
            print_name(name, is_plain_segment(name), f)
        }
    }
}

fn print_name(name: &str, is_plain: bool, f: &mut Formatter<'_>) -> fmt::Result {
    if is_plain {
        return f.write_str(name);
    }
    print_quoted(name.as_bytes(), '`', f)
}

fn print_literal(value: &Value, f: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(value) => write!(f, "{value}"),
        Value::Int(value) => write!(f, "{value}"),
        Value::BigInt(digits) => write!(f, "{}", String::from_utf8_lossy(digits)),
        Value::Float(value) => print_float(*value, f).and_then(|()| {
            let is_whole = value.fract() == 0.0 && value.abs() < 1e21;
            f.write_str(if is_whole { ".0" } else { "" }) // otherwise it would be read as an int
        }),
        Value::Text(bytes) => print_quoted(bytes, '"', f),
        Value::Time(ns) => write!(f, "{ns}"), // no literal is a time
        Value::Duration(ns) => {
            let mut text = String::new();
            format_duration(*ns, &mut text);
            f.write_str(&text)
        }
        Value::List(_) | Value::Object(_) => {
            let mut json = Vec::new(); // no literal is one
            write_json(value.borrow(), &mut json);
            f.write_str(&String::from_utf8_lossy(&json))
        }
    }
}

fn print_float(value: f64, f: &mut Formatter<'_>) -> fmt::Result {
    let mut digits = Vec::new();
    format_float(value, &mut digits);
    f.write_str(&String::from_utf8_lossy(&digits))
}

fn print_quoted(bytes: &[u8], quote: char, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char(quote)?;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                '\0' => f.write_str("\\0")?,
                '\\' => f.write_str("\\\\")?,
                c if c == quote => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    f.write_char(quote)
}
