//! Format specifications, as in Python: `[[fill]align][sign][#][0][width][,][.precision][type]`.

use std::ops::Range;

use crate::data::TimeFormat;

/// The largest width and precision.
const MOST: usize = 9999;

/// How a value is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Specification {
    /// The character that fills up the width; a space unless written.
    pub fill: Option<char>,
    /// Where the value is within the width; by the value's type unless written.
    pub alignment: Option<Alignment>,
    pub sign: SignStyle,
    /// `#`: `0x` before the digits.
    pub has_prefix: bool,
    /// `0` before the width.
    pub zeros: bool,
    /// The least number of characters.
    pub width: usize,
    /// The separator of groups of digits.
    pub group: Option<u8>,
    pub precision: Option<usize>,
    pub style: FormatStyle,
}

/// Where a value is within its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alignment {
    Left,
    Right,
    Center,
    /// Fill characters between the sign and the digits.
    AfterSign,
}

/// The sign of numbers that are not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SignStyle {
    #[default]
    None,
    Plus,
    Space,
}

/// The type of a specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum FormatStyle {
    /// None: the value as it is printed elsewhere.
    #[default]
    Any,
    /// `s`
    Text,
    /// `d`
    Decimal,
    /// `x`, `X`, `o`, `b`: bits per digit, and upper case.
    Power(u32, bool),
    /// `f`
    Fixed,
    /// `e`, `E`
    Exponent(bool),
    /// `g`, `G`
    General(bool),
    /// `%`
    Percent,
    /// `h`, `H`: units of 1000 or of 1024.
    Size(bool),
    /// `%H:%M`
    Time(TimeFormat),
}

impl FormatStyle {
    /// True if only numbers have it.
    pub fn is_numeric(&self) -> bool {
        !matches!(self, FormatStyle::Any | FormatStyle::Text | FormatStyle::Time(_))
    }
}

/// An error in a specification: its place, message and help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SpecificationError {
    pub place: Range<usize>,
    pub message: String,
    pub help: String,
}

const TYPES: &str = "a type is one of d f e g % x o b s, h for 1.2M or H for 1.2Mi; a time has a format such as %H:%M";

impl Specification {
    /// True if it changes nothing.
    pub fn is_plain(&self) -> bool {
        *self == Specification::default()
    }

    /// Parses the text after the `:`.
    pub fn parse(text: &str) -> Result<Specification, SpecificationError> {
        let mut reader = SpecificationReader { text, at: 0 };
        let mut specification = Specification::default();
        if is_time_format(text) {
            let format = TimeFormat::new(text.as_bytes())
                .map_err(|reason| error(0..text.len(), format!("this format is wrong: {reason}"), ""))?;
            specification.style = FormatStyle::Time(format);
            return Ok(specification);
        }
        let mut chars = text.chars();
        let (first, second) = (chars.next(), chars.next());
        if let Some(alignment) = second.and_then(alignment) {
            specification.fill = first;
            specification.alignment = Some(alignment);
            reader.at = first.map_or(0, char::len_utf8) + 1;
        } else if let Some(alignment) = first.and_then(alignment) {
            specification.alignment = Some(alignment);
            reader.at = 1;
        }
        let sign_at = reader.at;
        specification.sign = match reader.any_of(&['+', '-', ' ']) {
            Some('+') => SignStyle::Plus,
            Some(' ') => SignStyle::Space,
            _ => SignStyle::None,
        };
        let has_sign = reader.at > sign_at;
        let prefix_at = reader.at;
        specification.has_prefix = reader.any_of(&['#']).is_some();
        specification.zeros = reader.any_of(&['0']).is_some();
        specification.width = reader.number("width")?.unwrap_or(0);
        let group_at = reader.at;
        specification.group = reader.any_of(&[',', '_']).map(|separator| separator as u8);
        let precision_at = reader.at;
        if reader.any_of(&['.']).is_some() {
            let precision = reader.number("precision")?;
            if precision.is_none() {
                return Err(error(precision_at..reader.at, "expected a number after `.`".to_owned(), "write .2f"));
            }
            specification.precision = precision;
        }
        let type_at = reader.at;
        specification.style = reader.style()?;
        let written = &text[type_at..];
        reader.finish()?;
        let clash = |place: Range<usize>, what: &str| {
            let of = if written.is_empty() { "a value without a type".to_owned() } else { format!("`{written}`") };
            Err(error(place, format!("{what} cannot be combined with {of}"), TYPES))
        };
        let is_whole = matches!(specification.style, FormatStyle::Decimal | FormatStyle::Power(..));
        match specification.style {
            FormatStyle::Text if has_sign => return clash(sign_at..sign_at + 1, "a sign"),
            FormatStyle::Text if specification.alignment == Some(Alignment::AfterSign) => {
                return clash(0..sign_at, "the alignment `=`");
            }
            FormatStyle::Text | FormatStyle::Size(_) if specification.group.is_some() => {
                return clash(group_at..group_at + 1, "a separator of thousands");
            }
            FormatStyle::Power(..) if specification.group == Some(b',') => return clash(group_at..group_at + 1, "`,`"),
            _ if is_whole && specification.precision.is_some() => {
                return clash(precision_at..type_at, "a precision");
            }
            FormatStyle::Power(..) => {}
            _ if specification.has_prefix => return clash(prefix_at..prefix_at + 1, "`#`"),
            _ => {}
        }
        Ok(specification)
    }
}

/// True for a format of `strftime` rather than a number: `%H:%M`, but not `%` or `%>5`.
fn is_time_format(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('%') && chars.next().is_some_and(|second| alignment(second).is_none())
}

fn alignment(c: char) -> Option<Alignment> {
    match c {
        '<' => Some(Alignment::Left),
        '>' => Some(Alignment::Right),
        '^' => Some(Alignment::Center),
        '=' => Some(Alignment::AfterSign),
        _ => None,
    }
}

fn error(place: Range<usize>, message: String, help: &str) -> SpecificationError {
    SpecificationError { place, message, help: help.to_owned() }
}

/// Reads a specification from left to right.
struct SpecificationReader<'t> {
    text: &'t str,
    at: usize,
}

impl SpecificationReader<'_> {
    fn next(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn any_of(&mut self, chars: &[char]) -> Option<char> {
        let found = self.next().filter(|c| chars.contains(c))?;
        self.at += found.len_utf8();
        Some(found)
    }

    fn number(&mut self, what: &str) -> Result<Option<usize>, SpecificationError> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let place = self.at..self.at + length;
        self.at += length;
        if length == 0 {
            return Ok(None);
        }
        match rest[..length].parse().ok().filter(|number| *number <= MOST) {
            Some(number) => Ok(Some(number)),
            None => Err(error(place, format!("a {what} is at most {MOST}"), "")),
        }
    }

    fn style(&mut self) -> Result<FormatStyle, SpecificationError> {
        let Some(letter) = self.next() else {
            return Ok(FormatStyle::Any);
        };
        let style = match letter {
            's' => FormatStyle::Text,
            'd' => FormatStyle::Decimal,
            'x' => FormatStyle::Power(4, false),
            'X' => FormatStyle::Power(4, true),
            'o' => FormatStyle::Power(3, false),
            'b' => FormatStyle::Power(1, false),
            'f' | 'F' => FormatStyle::Fixed,
            'e' => FormatStyle::Exponent(false),
            'E' => FormatStyle::Exponent(true),
            'g' => FormatStyle::General(false),
            'G' => FormatStyle::General(true),
            '%' => FormatStyle::Percent,
            'h' => FormatStyle::Size(false),
            'H' => FormatStyle::Size(true),
            other => {
                let place = self.at..self.at + other.len_utf8();
                return Err(error(place, format!("`{}` is no type of a format", other.escape_debug()), TYPES));
            }
        };
        self.at += 1;
        Ok(style)
    }

    fn finish(&self) -> Result<(), SpecificationError> {
        if self.at == self.text.len() {
            return Ok(());
        }
        let rest = self.text[self.at..].escape_debug();
        let message = format!("unexpected `{rest}` at the end of a format specification");
        Err(error(
            self.at..self.text.len(),
            message,
            "the order is fill, align, sign, width, `,`, precision, type: *>+12,.2f",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_their_order() {
        let read = Specification::parse("*^+#012_x").expect("a specification");
        let expected = Specification {
            fill: Some('*'),
            alignment: Some(Alignment::Center),
            sign: SignStyle::Plus,
            has_prefix: true,
            zeros: true,
            width: 12,
            group: Some(b'_'),
            precision: None,
            style: FormatStyle::Power(4, false),
        };
        assert_eq!(read, expected);
        assert!(Specification::parse("").expect("a specification").is_plain());
        assert_eq!(Specification::parse("é<").map(|read| read.fill), Ok(Some('é')));
        assert_eq!(Specification::parse("%").map(|read| read.style), Ok(FormatStyle::Percent));
        assert_eq!(Specification::parse("%>5").map(|read| read.fill), Ok(Some('%')));
        assert!(matches!(Specification::parse("%H:%M").map(|read| read.style), Ok(FormatStyle::Time(_))));
        assert_eq!(Specification::parse(".3").map(|read| read.precision), Ok(Some(3)));
    }

    #[test]
    fn errors_have_their_place() {
        for (text, place) in [
            ("q", 0..1),
            (">10,q", 4..5),
            ("10.f", 2..3),
            ("10,x", 2..3),
            (".2d", 0..2),
            (",s", 0..1),
            ("+s", 0..1),
            ("*=5s", 0..2),
            ("10fx", 3..4),
            ("#f", 0..1),
            ("99999", 0..5),
            (",h", 0..1),
            ("%H%é", 0..6),
        ] {
            let found = Specification::parse(text).expect_err(text).place;
            assert_eq!(found.start..found.end.min(text.len()), place.start..place.end.min(text.len()), "{text}");
        }
    }
}
