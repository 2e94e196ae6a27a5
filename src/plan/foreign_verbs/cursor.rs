//! A cursor over the tokens of another language.

use crate::lang::ast::Span;

use super::tokens::{ForeignToken, TokenKind, tokens};

/// A position in the tokens. A copy of it reads ahead.
#[derive(Clone, Debug)]
pub(super) struct TokenCursor<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: std::rc::Rc<[ForeignToken<'a>]>,
    pub(super) at: usize,
    /// The first unknown word or sign, with a message.
    pub(super) note: Option<(Span, String)>,
    /// Stages to insert before, each with the field that it creates.
    pub(super) before: Vec<(String, String)>,
    /// The earlier stages, in bourn's syntax.
    pub(super) after: std::rc::Rc<str>,
    /// Number of open parentheses: a comma inside separates arguments.
    pub(super) nested: usize,
    /// True in a value position, where `||` joins text.
    pub(super) is_value: bool,
}

impl<'a> TokenCursor<'a> {
    /// `None` if the text cannot be split into tokens, or has none.
    pub(super) fn new(text: &'a str) -> Option<TokenCursor<'a>> {
        let tokens = tokens(text).filter(|tokens| !tokens.is_empty())?;
        Some(TokenCursor::of(text, tokens))
    }

    /// Reads the given tokens of a text.
    pub(super) fn of(text: &'a str, tokens: Vec<ForeignToken<'a>>) -> TokenCursor<'a> {
        TokenCursor {
            text,
            tokens: tokens.into(),
            at: 0,
            note: None,
            before: Vec::new(),
            after: "".into(),
            nested: 0,
            is_value: false,
        }
    }

    /// Reads the given tokens of the same stage.
    pub(super) fn part(&self, tokens: &[ForeignToken<'a>]) -> TokenCursor<'a> {
        TokenCursor {
            after: self.after.clone(),
            is_value: self.is_value,
            ..TokenCursor::of(self.text, tokens.to_vec())
        }
    }

    pub(super) fn peek(&self) -> Option<ForeignToken<'a>> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<ForeignToken<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<ForeignToken<'a>> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// True if this sign is next.
    pub(super) fn at_sign(&self, sign: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == TokenKind::Sign && token.text == sign)
    }

    /// Consumes this sign, if it is next.
    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let found = self.at_sign(sign);
        self.at += usize::from(found);
        found
    }

    /// Consumes one of these signs, if one is next.
    pub(super) fn any_sign(&mut self, signs: &[&str]) -> Option<ForeignToken<'a>> {
        let token = self.peek()?;
        let found = token.kind == TokenKind::Sign && signs.contains(&token.text);
        self.at += usize::from(found);
        found.then_some(token)
    }

    /// True if the token `ahead` positions on is this word, in any case.
    pub(super) fn at_word(&self, ahead: usize, word: &str) -> bool {
        self.peek_at(ahead).is_some_and(|token| token.kind == TokenKind::Word && token.text.eq_ignore_ascii_case(word))
    }

    /// Consumes this word, if it is next, in any case.
    pub(super) fn word(&mut self, word: &str) -> Option<ForeignToken<'a>> {
        let found = self.at_word(0, word);
        found.then(|| self.next()).flatten()
    }

    /// Consumes these words, if all of them are next.
    pub(super) fn words(&mut self, words: &[&str]) -> bool {
        let mut places = words.iter().enumerate();
        let found = places.all(|(ahead, word)| self.at_word(ahead, word));
        self.at += if found { words.len() } else { 0 };
        found
    }

    /// Consumes the next token if it is of this kind.
    pub(super) fn of_kind(&mut self, kind: TokenKind) -> Option<ForeignToken<'a>> {
        let token = self.peek().filter(|token| token.kind == kind)?;
        self.at += 1;
        Some(token)
    }

    /// True if a `(` follows the next token without a blank.
    pub(super) fn at_call(&self) -> bool {
        self.peek_at(1).is_some_and(|token| token.text == "(" && token.kind == TokenKind::Sign && !token.spaced)
    }

    /// Records the first message only.
    pub(super) fn note(&mut self, token: ForeignToken<'_>, message: impl Into<String>) {
        if self.note.is_none() {
            let span = Span { start: token.start, end: token.end() };
            self.note = Some((span, message.into()));
        }
    }

    /// The remaining text, as typed.
    pub(super) fn rest(&self) -> &'a str {
        self.peek().map_or("", |token| self.text[token.start..].trim())
    }
}
