//! Makes pipelines and input out of a list of choices. A shorter list, and smaller numbers in it, make something
//! simpler, so that what proptest shrinks to is short.

use std::fmt::Write;

/// A list of choices; once it is used up, every choice is the first.
pub struct Choices<'c> {
    list: std::slice::Iter<'c, u16>,
}

impl<'c> Choices<'c> {
    pub fn new(list: &'c [u16]) -> Self {
        Choices { list: list.iter() }
    }

    /// A number below `count`.
    fn below(&mut self, count: usize) -> usize {
        self.list.next().map_or(0, |choice| *choice as usize % count)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn of<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }

    fn is_empty(&self) -> bool {
        self.list.as_slice().is_empty()
    }
}

/// A pipeline, most often a valid one.
pub struct Pipelines<'c> {
    choices: Choices<'c>,
    /// The fields here.
    fields: Vec<String>,
    /// `@number` can be asked for.
    has_number: bool,
    names: usize,
}

/// The text of a pipeline of at most `most` stages.
pub fn pipeline(choices: &[u16], stages: usize) -> String {
    let mut pipelines =
        Pipelines { choices: Choices::new(choices), fields: vec!["line".to_owned()], has_number: true, names: 0 };
    let mut text = String::new();
    for index in 0..stages {
        if index > 0 {
            if pipelines.choices.is_empty() {
                break;
            }
            text.push_str(" | ");
        }
        text.push_str(&pipelines.stage());
    }
    text
}

impl Pipelines<'_> {
    fn stage(&mut self) -> String {
        match self.choices.below(20) {
            0 | 1 => self.match_(),
            2 | 3 => format!("where {}", self.condition(2)),
            4 | 5 => self.let_(),
            6..=8 => self.split(),
            9..=12 => self.aggregates(),
            13 | 14 => self.sort(),
            15 => format!("limit {}", self.choices.below(12)),
            16 => format!("tail {}", self.choices.below(12)),
            17 => self.top(),
            18 => self.select(),
            _ => self.drop_(),
        }
    }

    fn match_(&mut self) -> String {
        let mut text = self.choices.of(&["match", "skip"]).to_owned();
        let count = 1 + self.choices.below(2);
        for index in 0..count {
            let pattern = self.choices.of(&[
                "'a'", "/^a/", "'1'", "''", "/[0-9]$/", "/É/i", "'é'", "' '", "','", r"'\r'", r"/\s/", "/^$/",
                r"'\xff'", r"'\x00'",
            ]);
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(text, "{comma} {pattern}");
        }
        if !self.has("line") || self.choices.one_in(4) {
            let _ = write!(text, " in {}", self.field());
        }
        text
    }

    fn let_(&mut self) -> String {
        let mut text = "let".to_owned();
        for index in 0..1 + self.choices.below(2) {
            let value = self.value(2);
            let name = if self.choices.one_in(3) { self.field() } else { self.new_name() };
            let name = if name == "@number" { "n".to_owned() } else { name };
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(text, "{comma} {name} = {value}");
            self.add(&name);
        }
        text
    }

    fn split(&mut self) -> String {
        let mut text = "split".to_owned();
        text +=
            self.choices.of(&["", " ' '", " ','", " ', '", " /[ ,]+/", r" '\t'", r" '\r'", " 'é'", " 'aa'", " /,?/"]);
        if self.choices.one_in(4) {
            text += " keep";
        }
        let from = if !self.has("line") || self.choices.one_in(4) {
            let from = self.field();
            let from = if from == "@number" { self.fields[0].clone() } else { from };
            let _ = write!(text, " from {from}");
            from
        } else {
            "line".to_owned()
        };
        let name = if self.choices.one_in(3) {
            let name = self.choices.of(&["w", "line", "a"]);
            let _ = write!(text, " as {name}");
            name
        } else {
            "word"
        };
        self.fields.retain(|field| *field == from || field != name);
        for field in &mut self.fields {
            if *field == from {
                name.clone_into(field);
            }
        }
        text
    }

    fn aggregates(&mut self) -> String {
        let mut text = String::new();
        let mut names = Vec::new();
        for index in 0..1 + self.choices.below(3) {
            if index > 0 {
                text.push_str(", ");
            }
            text += &match self.choices.below(8) {
                0 | 1 => "count".to_owned(),
                2 => format!("count({})", self.condition(1)),
                3 => format!("sum({})", self.number(1)),
                4 => format!("avg({})", self.number(1)),
                _ => {
                    let name = self.choices.of(&["min", "max", "first", "last"]);
                    format!("{name}({})", self.value(1))
                }
            };
            if self.choices.one_in(4) {
                let _ = write!(text, " where {}", self.condition(1));
            }
            let name = format!("{}{index}", self.new_name());
            let _ = write!(text, " as {name}");
            names.push(name);
        }
        let mut keys = Vec::new();
        for index in 0..self.choices.below(3) {
            text.push_str(if index == 0 { " by " } else { ", " });
            let name = format!("k{index}");
            let _ = write!(text, "{} as {name}", self.value(1));
            keys.push(name);
        }
        self.fields = keys;
        self.fields.extend(names);
        self.has_number = false;
        text
    }

    fn sort(&mut self) -> String {
        let mut text = "sort".to_owned();
        for index in 0..1 + self.choices.below(2) {
            let comma = if index > 0 { "," } else { "" };
            let key = self.value(1);
            let direction = self.choices.of(&["", " desc"]);
            let _ = write!(text, "{comma} {key}{direction}");
        }
        text
    }

    fn top(&mut self) -> String {
        let text = format!("top {} {} as k", self.choices.below(6), self.value(1));
        self.fields = vec!["k".to_owned(), "count".to_owned()];
        self.has_number = false;
        text
    }

    fn select(&mut self) -> String {
        let mut text = "select".to_owned();
        let mut names = Vec::new();
        for index in 0..1 + self.choices.below(3) {
            let comma = if index > 0 { "," } else { "" };
            let name = format!("s{index}");
            let _ = write!(text, "{comma} {} as {name}", self.value(2));
            names.push(name);
        }
        self.fields = names;
        text
    }

    fn drop_(&mut self) -> String {
        if self.fields.len() < 2 {
            return "tail 5".to_owned();
        }
        let index = self.choices.below(self.fields.len());
        format!("drop {}", self.fields.remove(index))
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field == name)
    }

    fn add(&mut self, name: &str) {
        if !self.has(name) {
            self.fields.push(name.to_owned());
        }
    }

    fn new_name(&mut self) -> String {
        self.names += 1;
        let name = self.choices.of(&["a", "b", "c"]);
        if self.choices.one_in(2) { format!("{name}{}", self.names) } else { name.to_owned() }
    }

    fn field(&mut self) -> String {
        if self.has_number && self.choices.one_in(12) {
            return "@number".to_owned();
        }
        let index = self.choices.below(self.fields.len());
        self.fields[index].clone()
    }

    /// Any value.
    fn value(&mut self, depth: usize) -> String {
        match self.choices.below(if depth == 0 { 5 } else { 12 }) {
            0..=2 => self.field(),
            3 => self.choices.of(&["1", "'a'", "''", "'1'", "'é'", "null", "true"]).to_owned(),
            4 | 5 => self.number(depth.saturating_sub(1)),
            6 => format!("({})", self.condition(depth - 1)),
            7 => {
                let branches = (self.condition(depth - 1), self.value(depth - 1), self.value(depth - 1));
                format!("if({}, {}, {})", branches.0, branches.1, branches.2)
            }
            8 => format!("if({}, null, {})", self.condition(depth - 1), self.value(depth - 1)),
            9 => {
                let name = self.choices.of(&["text", "upper", "lower", "trim"]);
                format!("{name}({})", self.value(depth - 1))
            }
            10 => match self.choices.below(4) {
                0 => format!("concat({}, {})", self.value(depth - 1), self.value(depth - 1)),
                1 => format!("({} ?? {})", self.value(depth - 1), self.value(depth - 1)),
                2 => format!("coalesce({}, {})", self.value(depth - 1), self.value(depth - 1)),
                _ => format!("max({}, {})", self.value(depth - 1), self.value(depth - 1)),
            },
            _ => match self.choices.below(3) {
                0 => format!("substr({}, {}, {})", self.value(depth - 1), self.small(), self.small()),
                1 => format!("substr({}, {})", self.value(depth - 1), self.small()),
                _ => {
                    let (old, new) =
                        (self.choices.of(&["'a'", "'1'", "'aa'", "''"]), self.choices.of(&["'b'", "''", "'.'"]));
                    format!("replace({}, {old}, {new})", self.value(depth - 1))
                }
            },
        }
    }

    fn small(&mut self) -> String {
        self.choices.of(&["0", "1", "2", "-1", "-3", "100"]).to_owned()
    }

    /// What is a number if the data is.
    fn number(&mut self, depth: usize) -> String {
        match self.choices.below(if depth == 0 { 4 } else { 10 }) {
            0 | 1 => self.field(),
            2 => self.choices.of(&["1", "0", "2", "-1", "10", "0.1", "2.5", "0.0"]).to_owned(),
            3 => self.choices.of(&["9223372036854775807", "-9007199254740993", "1e300", "1e-320", "-0.0"]).to_owned(),
            4 | 5 => {
                let sign = self.choices.of(&["+", "-", "*", "/", "//", "%"]);
                format!("({} {sign} {})", self.number(depth - 1), self.number(depth - 1))
            }
            6 => format!("len({})", self.value(depth - 1)),
            7 => {
                let name = self.choices.of(&["num", "abs", "floor", "ceil", "round"]);
                format!("{name}({})", self.number(depth - 1))
            }
            8 => format!("(-{})", self.number(depth - 1)),
            _ => format!("round({}, {})", self.number(depth - 1), self.choices.below(4)),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        match self.choices.below(if depth == 0 { 5 } else { 10 }) {
            0 | 1 => {
                let sign = self.choices.of(&["==", "!=", "<", "<=", ">", ">="]);
                format!("({} {sign} {})", self.field(), self.number(depth))
            }
            2 => {
                let sign = self.choices.of(&["==", "!=", "<", ">="]);
                format!("({} {sign} {})", self.field(), self.value(depth))
            }
            3 => format!("({} {} null)", self.field(), self.choices.of(&["==", "!="])),
            4 => format!(
                "({} {} {})",
                self.field(),
                self.choices.of(&["~", "!~"]),
                self.choices.of(&["/a/", "/^[0-9]+$/", "'é'"])
            ),
            5 => format!("({} and {})", self.condition(depth - 1), self.condition(depth - 1)),
            6 => format!("({} or {})", self.condition(depth - 1), self.condition(depth - 1)),
            7 => format!("(not {})", self.condition(depth - 1)),
            8 => format!("({} in (1, 'a', null, {}))", self.field(), self.value(depth - 1)),
            _ => {
                let name = self.choices.of(&["contains", "startswith", "endswith"]);
                let part = self.choices.of(&["'a'", "'1'", "''", "'é'"]);
                format!("{name}({}, {part})", self.value(depth - 1))
            }
        }
    }
}

/// Lines of all kinds.
pub fn input(choices: &[u16]) -> Vec<u8> {
    const TOKENS: &[&[u8]] = &[
        b"a",
        b"b",
        b"1",
        b"2",
        b"",
        b"10",
        b"0.1",
        b"0.2",
        b"-1.5",
        b"7",
        b"007",
        b"7.0",
        b"+3",
        b".5",
        b"1e3",
        b"aa",
        "é".as_bytes(),
        "É".as_bytes(),
        "日本".as_bytes(),
        b"A",
        b"9223372036854775807",
        b"-9223372036854775808",
        b"9007199254740993",
        b"1e308",
        b"-1e308",
        b"1e-320",
        b"1e22",
        b"1234567890123456789", // the reference knows no integer beyond 64 bits: see tests/cases/values.toml
        b"\xff",
        b"\xc3",
        b"\0",
        b"\\",
        b"5ms",
        b"nan",
        b"true",
        b"false",
        b"null",
        b"-0",
        b"0",
        b"0.30000000000000004",
        b"a-long-word-beyond-sixteen-bytes-one",
        b"a-long-word-beyond-sixteen-bytes-two",
        b"\r",
        b"\x0b",
        "ß".as_bytes(),
        "İ".as_bytes(),
        "\u{a0}".as_bytes(),
        b"2.675",
    ];
    const SEPARATORS: &[&[u8]] = &[b" ", b",", b", ", b"\t", b"  "];
    let mut choices = Choices::new(choices);
    let mut bytes = Vec::new();
    // Few tokens make keys that come again.
    let tokens = [4, 8, 16, TOKENS.len()][choices.below(4)];
    let times = if choices.one_in(16) { 60 } else { 1 };
    let ends_in_carriage_return = choices.one_in(4);
    while !choices.is_empty() {
        for _ in 0..choices.below(5) {
            bytes.extend_from_slice(TOKENS[choices.below(tokens)]);
            bytes.extend_from_slice(SEPARATORS[choices.below(SEPARATORS.len())]);
        }
        bytes.extend_from_slice(TOKENS[choices.below(tokens)]);
        if ends_in_carriage_return && choices.one_in(2) {
            bytes.push(b'\r');
        }
        bytes.push(b'\n');
    }
    let mut bytes = bytes.repeat(times);
    if choices.list.len() == 0 && bytes.len() % 3 == 1 {
        bytes.pop(); // the last line needs no newline
    }
    bytes
}
