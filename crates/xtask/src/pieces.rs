//! What a Rust file consists of for a reader: names, texts, comments and documentation.
//!
//! Names are taken from the tokens, so that those in macros count too. Comments are no tokens: they are what stands
//! between them.

use std::ops::Range;

use proc_macro2::{Delimiter, Literal, Span, TokenStream, TokenTree};

/// What a piece of a Rust file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier.
    Name,
    /// A string literal, without its quotes and escapes.
    Text,
    /// Comments on consecutive lines, as one text.
    Comment,
    /// Documentation on consecutive lines, as one text in Markdown.
    Doc,
}

/// A piece of a Rust file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// The line on which it begins.
    pub(crate) line: usize,
}

/// Takes a Rust file apart; an error names the file.
pub(crate) fn pieces(file: &str, text: &str) -> Result<Vec<Piece>, String> {
    let stream: TokenStream = text.parse().map_err(|error| format!("{file}: {error}"))?;
    let mut found = Found::default();
    found.stream(stream);
    found.comments(text);
    Ok(found.pieces)
}

/// The string in a literal; nothing for a number or a character.
pub(crate) fn string_of(literal: Literal) -> Option<String> {
    match syn::Lit::new(literal) {
        syn::Lit::Str(text) => Some(text.value()),
        syn::Lit::ByteStr(text) => Some(String::from_utf8_lossy(&text.value()).into_owned()),
        _ => None,
    }
}

#[derive(Default)]
struct Found {
    pieces: Vec<Piece>,
    /// Where tokens stand, in bytes.
    tokens: Vec<Range<usize>>,
    /// The last line of the documentation that was found last, for the next line of it.
    doc_ends: usize,
}

impl Found {
    fn stream(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if let Some((text, span, length)) = documentation(&tokens[at..]) {
                self.tokens.push(span.byte_range());
                self.doc(&text, span);
                at += length;
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(name) => {
                    self.tokens.push(name.span().byte_range());
                    let text = name.to_string();
                    let text = text.strip_prefix("r#").unwrap_or(&text).to_owned();
                    self.pieces.push(Piece { kind: Kind::Name, text, line: name.span().start().line });
                }
                TokenTree::Literal(literal) => {
                    self.tokens.push(literal.span().byte_range());
                    let line = literal.span().start().line;
                    if let Some(text) = string_of(literal.clone()) {
                        self.pieces.push(Piece { kind: Kind::Text, text, line });
                    }
                }
                TokenTree::Punct(mark) => self.tokens.push(mark.span().byte_range()),
                TokenTree::Group(group) => {
                    self.tokens.push(group.span_open().byte_range());
                    self.stream(group.stream());
                    self.tokens.push(group.span_close().byte_range());
                }
            }
            at += 1;
        }
    }

    fn doc(&mut self, text: &str, span: Span) {
        let text = text.strip_prefix(' ').unwrap_or(text);
        match self.pieces.last_mut() {
            Some(last) if last.kind == Kind::Doc && self.doc_ends + 1 == span.start().line => {
                last.text.push('\n');
                last.text.push_str(text);
            }
            _ => {
                let piece = Piece { kind: Kind::Doc, text: text.to_owned(), line: span.start().line };
                self.pieces.push(piece);
            }
        }
        self.doc_ends = span.end().line;
    }

    /// Finds comments in what lies between tokens.
    fn comments(&mut self, text: &str) {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.sort_by_key(|token| (token.start, token.end));
        let mut end = 0;
        for token in tokens.into_iter().chain(std::iter::once(text.len()..text.len())) {
            if token.start > end {
                self.gap(text, end..token.start);
            }
            end = end.max(token.end);
        }
    }

    fn gap(&mut self, text: &str, gap: Range<usize>) {
        if !text[gap.clone()].contains('/') {
            return;
        }
        let first = text[..gap.start].matches('\n').count() + 1;
        let mut block: Option<Piece> = None;
        for (index, line) in text[gap].split('\n').enumerate() {
            let line = line.trim();
            let written = line.strip_prefix("//").or_else(|| line.strip_prefix("/*"));
            let written =
                written.or_else(|| line.strip_prefix('*')).map(|text| text.trim_end_matches("*/").trim());
            match (written, &mut block) {
                (Some(written), Some(block)) => {
                    block.text.push(' ');
                    block.text.push_str(written);
                }
                (Some(written), None) => {
                    let (text, line) = (written.to_owned(), first + index);
                    block = Some(Piece { kind: Kind::Comment, text, line });
                }
                (None, _) => self.pieces.extend(block.take()),
            }
        }
        self.pieces.extend(block);
    }
}

/// The text of a `#[doc = "…"]` (which a doc comment is, too), and how many tokens it takes.
fn documentation(tokens: &[TokenTree]) -> Option<(String, Span, usize)> {
    let TokenTree::Punct(hash) = tokens.first()? else { return None };
    let length = match tokens.get(1)? {
        TokenTree::Punct(mark) if mark.as_char() == '!' => 3,
        _ => 2,
    };
    let TokenTree::Group(group) = tokens.get(length - 1)? else { return None };
    if hash.as_char() != '#' || group.delimiter() != Delimiter::Bracket {
        return None;
    }
    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
    match inside.as_slice() {
        [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Literal(text)] if name == "doc" => {
            Some((string_of(text.clone())?, hash.span(), length))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_apart() {
        let text = r##"//! Of the file.
//! Its second line.

// A comment: "no text" — ü
//
// of two paragraphs.
fn r#match(first: u8) { // at the end
    println!("a {first}\n", "second \"part\"", r#"third"#); /* a block */
    m!(inner::name);
    let _ = 'c'; let _ = 1;
}
/// One.
struct S;
/// Other.
"##;
        let text = &format!("{text}struct T;");
        let found = pieces("file.rs", text).expect("Rust");
        let of = |kind: Kind| -> Vec<(usize, &str)> {
            found
                .iter()
                .filter(|piece| piece.kind == kind)
                .map(|piece| (piece.line, piece.text.as_str()))
                .collect()
        };
        assert_eq!(of(Kind::Doc), [(1, "Of the file.\nIts second line."), (12, "One."), (14, "Other.")]);
        assert_eq!(
            of(Kind::Comment),
            [(4, "A comment: \"no text\" — ü  of two paragraphs."), (7, "at the end"), (8, "a block")]
        );
        assert_eq!(of(Kind::Text), [(8, "a {first}\n"), (8, "second \"part\""), (8, "third")]);
        let names: Vec<&str> = of(Kind::Name).into_iter().map(|(_, name)| name).collect();
        assert_eq!(
            names,
            [
                "fn", "match", "first", "u8", "println", "m", "inner", "name", "let", "_", "let", "_",
                "struct", "S", "struct", "T"
            ]
        );
    }
}
