//! What a Markdown document consists of: blocks of text, headings, links, and names in code style.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Stands for a space within a name in code style, which is one word for a reader.
const CODE_SPACE: &str = "\u{2423}";

/// What was found in a document. Code blocks are none of it.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) blocks: Vec<Block>,
    pub(crate) links: Vec<Found>,
    /// Texts in code style, outside code blocks.
    pub(crate) codes: Vec<Found>,
    /// The anchors of the headings, as the forge makes them.
    pub(crate) anchors: Vec<String>,
    /// Lines of tables and code blocks, which nobody can wrap.
    pub(crate) unwrappable: Vec<Range<usize>>,
}

/// A paragraph, a heading, a list's item or a table's cell: what a sentence never goes beyond. Line breaks are those of
/// the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) text: String,
    /// The line on which it begins.
    pub(crate) line: usize,
}

/// A text, and its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// Reads a document.
pub(crate) fn read(text: &str) -> Document {
    let mut reader = Reader { text, document: Document::default(), open: None, heading: None, code: false };
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        reader.event(event, range);
    }
    reader.close();
    reader.document.anchors = unique(reader.document.anchors);
    reader.document
}

struct Reader<'t> {
    text: &'t str,
    document: Document,
    open: Option<Block>,
    heading: Option<String>,
    /// Within a code block.
    code: bool,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        let line = self.line(range.start);
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.document.links.push(Found { text: dest_url.into_string(), line });
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
            | Event::End(
                TagEnd::Link | TagEnd::Image | TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough,
            ) => {}
            Event::Start(tag) => {
                self.close();
                match tag {
                    Tag::Heading { .. } => self.heading = Some(String::new()),
                    Tag::CodeBlock(_) => {
                        self.code = true;
                        self.unwrappable(range);
                    }
                    Tag::Table(_) => self.unwrappable(range),
                    _ => {}
                }
            }
            Event::End(tag) => {
                self.close();
                match tag {
                    TagEnd::Heading(_) => {
                        let heading = self.heading.take().unwrap_or_default();
                        self.document.anchors.push(anchor(&heading));
                    }
                    TagEnd::CodeBlock => self.code = false,
                    _ => {}
                }
            }
            Event::Text(text) => self.say(&text, line),
            Event::Code(code) => {
                self.document.codes.push(Found { text: code.to_string(), line });
                self.say_code(&code, line);
            }
            Event::SoftBreak | Event::HardBreak => self.say("\n", line),
            Event::Rule => self.close(),
            _ => {}
        }
    }

    fn unwrappable(&mut self, range: Range<usize>) {
        // Blank lines after it are not its own.
        let end = range.start + self.text[range.clone()].trim_end().len();
        let lines = self.line(range.start)..self.line(end) + 1;
        self.document.unwrappable.push(lines);
    }

    fn say(&mut self, text: &str, line: usize) {
        if self.code {
            return;
        }
        if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        }
        self.open.get_or_insert_with(|| Block { text: String::new(), line }).text.push_str(text);
    }

    fn say_code(&mut self, code: &str, line: usize) {
        if let Some(heading) = &mut self.heading {
            heading.push_str(code);
        }
        let one_word = code.split_whitespace().collect::<Vec<_>>().join(CODE_SPACE);
        let text = &mut self.open.get_or_insert_with(|| Block { text: String::new(), line }).text;
        text.push_str(&one_word);
    }

    fn close(&mut self) {
        self.document.blocks.extend(self.open.take());
    }

    fn line(&self, offset: usize) -> usize {
        self.text[..offset.min(self.text.len())].matches('\n').count() + 1
    }
}

/// The anchor of a heading: small letters, no punctuation, hyphens for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A heading that stands again has a number after its anchor.
fn unique(anchors: Vec<String>) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    anchors
        .into_iter()
        .map(|anchor| {
            let times = seen.entry(anchor.clone()).or_default();
            *times += 1;
            if *times == 1 { anchor } else { format!("{anchor}-{}", *times - 1) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_taken_apart() {
        let text = "\
# A `title`, and more

One *line*
and [another](b.md#there).

- an item with `some code`
  - a nested one

| a cell | `x` |
| ------ | --- |
| two    | 2   |

```text
no prose here
```

## Again
## Again
";
        let document = read(text);
        let blocks: Vec<(usize, &str)> =
            document.blocks.iter().map(|block| (block.line, block.text.as_str())).collect();
        assert_eq!(
            blocks,
            [
                (1, "A title, and more"),
                (3, "One line\nand another."),
                (6, "an item with some\u{2423}code"),
                (7, "a nested one"),
                (9, "a cell"),
                (9, "x"),
                (11, "two"),
                (11, "2"),
                (17, "Again"),
                (18, "Again"),
            ]
        );
        assert_eq!(document.links, [Found { text: "b.md#there".to_owned(), line: 4 }]);
        assert_eq!(document.anchors, ["a-title-and-more", "again", "again-1"]);
        assert_eq!(document.unwrappable, [9..12, 13..16]);
        assert_eq!(document.codes.len(), 3);
    }
}
