//! Templates: Markdown turned into blocks. What has no block becomes plain text, and is told with its line.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use crate::model::{Block, BlockKind, Span};

/// The longest URL a link may have, in UTF-16 units (Notion's request limits).
const URL_UNITS: usize = 2_000;

/// What a link may begin with; everything else leads nowhere from a page.
const SCHEMES: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

/// A template, ready to be written into pages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Template {
    /// What it is called: the file, as the configuration names it.
    pub name: String,
    /// Its blocks.
    pub blocks: Vec<Block>,
    /// What became plain text or was changed, each with its line.
    pub notes: Vec<String>,
}

impl Template {
    /// Reads Markdown (CommonMark, with tables, struck-out text and boxes). Every text is some template.
    pub fn parse(name: &str, markdown: &str) -> Self {
        // Signs that no page shows, and JSON would only blow up.
        let plain = |it: &char| !it.is_control() || matches!(it, '\n' | '\r' | '\t');
        let text: String = markdown.trim_start_matches('\u{feff}').chars().filter(plain).collect();
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        let mut builder = Builder { text: &text, ..Builder::default() };
        for (event, place) in Parser::new_ext(&text, options).into_offset_iter() {
            builder.take(event, &place);
        }
        builder.flush();
        Self { name: name.to_owned(), blocks: builder.done, notes: builder.notes }
    }
}

/// An item or a quotation that is not closed yet.
struct Open {
    kind: BlockKind,
    text: Vec<Span>,
    children: Vec<Block>,
}

#[derive(Default)]
struct Builder<'t> {
    text: &'t str,
    done: Vec<Block>,
    notes: Vec<String>,
    open: Vec<Open>,
    /// Whether each open list is numbered.
    lists: Vec<bool>,
    /// Text that no block has yet, and how it looks from here on.
    spans: Vec<Span>,
    look: Span,
    /// Addresses that are put behind their text, because nothing can link to them. Empty for a link that works.
    addresses: Vec<String>,
    /// How deep in bold, italic and struck-out text.
    bold: u32,
    italic: u32,
    strike: u32,
    /// The cells of the table row that is read.
    row: Option<Vec<Vec<Span>>>,
}

impl Builder<'_> {
    fn note(&mut self, place: &Range<usize>, what: &str) {
        let line = self.text.as_bytes().iter().take(place.start).filter(|byte| **byte == b'\n').count() + 1;
        self.notes.push(format!("line {line}: {what}"));
    }

    fn say(&mut self, text: &str) {
        self.look.bold = self.bold > 0;
        self.look.italic = self.italic > 0;
        self.look.strike = self.strike > 0;
        match self.spans.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.looks_like(&self.look) => last.text.push_str(text),
            _ => self.spans.push(Span { text: text.to_owned(), ..self.look.clone() }),
        }
    }

    fn say_code(&mut self, text: &str) {
        self.look.code = true;
        self.say(text);
        self.look.code = false;
    }

    fn put(&mut self, block: Block) {
        match self.open.last_mut() {
            Some(open) => open.children.push(block),
            None => self.done.push(block),
        }
    }

    /// The text so far is a block of this kind.
    fn close(&mut self, kind: BlockKind) {
        let text = std::mem::take(&mut self.spans);
        self.put(Block::new(kind, text));
    }

    /// The text so far, if any, is the text of what is open, or a paragraph of its own.
    fn flush(&mut self) {
        if self.spans.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.spans);
        match self.open.last_mut() {
            Some(open) if open.text.is_empty() && open.children.is_empty() => open.text = text,
            _ => self.put(Block::new(BlockKind::Paragraph, text)),
        }
    }

    fn take(&mut self, event: Event<'_>, place: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, place),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.say(&text),
            Event::Code(text) => self.say_code(&text),
            Event::SoftBreak => self.say(" "),
            Event::HardBreak => self.say("\n"),
            Event::Html(text) => self.say(&text),
            Event::InlineHtml(text) => {
                self.note(place, "HTML becomes plain text");
                self.say(&text);
            }
            Event::Rule => {
                self.flush();
                self.put(Block::new(BlockKind::Divider, Vec::new()));
            }
            Event::TaskListMarker(ticked) => {
                if let Some(open) = self.open.last_mut() {
                    open.kind = BlockKind::ToDo(ticked);
                }
            }
            // Not asked for by the options above.
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.say(&text),
        }
    }

    fn start(&mut self, tag: Tag<'_>, place: &Range<usize>) {
        match tag {
            Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link { dest_url, .. } => self.start_link(&dest_url, place),
            Tag::Image { dest_url, .. } => {
                self.note(place, "an image becomes plain text with its address");
                self.addresses.push(dest_url.into_string());
            }
            Tag::TableHead | Tag::TableRow => self.row = Some(Vec::new()),
            Tag::TableCell => {}
            _ => {
                self.flush();
                self.start_block(tag, place);
            }
        }
    }

    fn start_block(&mut self, tag: Tag<'_>, place: &Range<usize>) {
        match tag {
            Tag::Heading { level, .. } if level as usize > 3 => {
                self.note(place, "a heading below the third level becomes one of it")
            }
            Tag::List(first) => {
                if first.is_some_and(|first| first != 1) {
                    self.note(place, "a numbered list begins with 1");
                }
                self.lists.push(first.is_some());
            }
            Tag::Item => {
                let kind = if self.lists.last() == Some(&true) { BlockKind::Numbered } else { BlockKind::Bullet };
                self.open.push(Open { kind, text: Vec::new(), children: Vec::new() });
            }
            Tag::BlockQuote(_) => {
                self.open.push(Open { kind: BlockKind::Quote, text: Vec::new(), children: Vec::new() });
            }
            Tag::Table(_) => self.note(place, "a table becomes plain text, one paragraph a row"),
            Tag::HtmlBlock => self.note(place, "HTML becomes plain text"),
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                // Kept with the block when it ends.
                let language = info.split([' ', ',', '{']).next().unwrap_or_default();
                self.addresses.push(language.to_owned());
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => self.addresses.push(String::new()),
            _ => {}
        }
    }

    fn start_link(&mut self, address: &str, place: &Range<usize>) {
        let works = SCHEMES.iter().any(|scheme| address.to_ascii_lowercase().starts_with(scheme))
            && address.encode_utf16().count() <= URL_UNITS;
        if works {
            self.look.link = Some(address.to_owned());
            self.addresses.push(String::new());
        } else {
            self.note(place, "a link that is no web, mail or telephone address becomes plain text with its address");
            self.addresses.push(address.to_owned());
        }
    }

    /// Puts the address of a link or image behind its text, where it has to be shown.
    fn end_address(&mut self) {
        let address = self.addresses.pop().unwrap_or_default();
        if address.is_empty() {
            self.look.link = None;
        } else {
            self.say(&format!(" ({address})"));
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.end_address(),
            TagEnd::Heading(level) => self.close(BlockKind::Heading((level as u8).min(3))),
            TagEnd::CodeBlock => {
                let language = self.addresses.pop().unwrap_or_default();
                self.trim_end();
                self.close(BlockKind::Code(language));
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.spans);
                if let Some(row) = &mut self.row {
                    row.push(cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => self.end_row(),
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Item | TagEnd::BlockQuote(_) => {
                self.flush();
                if let Some(Open { kind, text, children }) = self.open.pop() {
                    self.put(Block { kind, text, children });
                }
            }
            TagEnd::HtmlBlock => {
                self.trim_end();
                self.flush();
            }
            _ => self.flush(),
        }
    }

    fn end_row(&mut self) {
        for (at, cell) in self.row.take().unwrap_or_default().into_iter().enumerate() {
            if at > 0 {
                self.say(" | ");
            }
            self.spans.extend(cell);
        }
        self.flush();
    }

    fn trim_end(&mut self) {
        if let Some(last) = self.spans.last_mut() {
            last.text.truncate(last.text.trim_end_matches('\n').len());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn blocks(markdown: &str) -> Vec<Block> {
        Template::parse("t.md", markdown).blocks
    }

    /// One line a block: its kind and text, indented by its depth.
    fn drawn(markdown: &str) -> Vec<String> {
        fn draw(blocks: &[Block], depth: usize, lines: &mut Vec<String>) {
            for block in blocks {
                lines.push(format!("{}{:?} {}", " ".repeat(depth), block.kind, block.plain()));
                draw(&block.children, depth + 1, lines);
            }
        }
        let mut lines = Vec::new();
        draw(&blocks(markdown), 0, &mut lines);
        lines
    }

    #[test]
    fn every_kind_of_block_is_made() {
        let text = "# One\n## Two\n### Three\n##### Five\n\nSome\ntext\n\n- a\n  - b\n    1. c\n- [ ] open\n- [x] done\n\n> said\n>\n> twice\n\n---\n\n```rust\nfn a() {}\n\nfn b() {}\n```\n";
        let expected = [
            "Heading(1) One",
            "Heading(2) Two",
            "Heading(3) Three",
            "Heading(3) Five",
            "Paragraph Some text",
            "Bullet a",
            " Bullet b",
            "  Numbered c",
            "ToDo(false) open",
            "ToDo(true) done",
            "Quote said",
            " Paragraph twice",
            "Divider ",
            "Code(\"rust\") fn a() {}\n\nfn b() {}",
        ];
        assert_eq!(drawn(text), expected);
    }

    #[test]
    fn an_item_of_several_paragraphs_keeps_the_others_inside() {
        let text = "- first\n\n  second\n\n  ```\n  code\n  ```\n- next\n";
        assert_eq!(drawn(text), ["Bullet first", " Paragraph second", " Code(\"\") code", "Bullet next"]);
    }

    #[test]
    fn looks_and_links_are_kept() {
        let all = blocks("a **b *c*** ~~d~~ `e` [f](https://example.com/)\\\ng");
        let plain = |text: &str| Span { text: text.into(), ..Span::default() };
        let expected = [
            plain("a "),
            Span { bold: true, ..plain("b ") },
            Span { bold: true, italic: true, ..plain("c") },
            plain(" "),
            Span { strike: true, ..plain("d") },
            plain(" "),
            Span { code: true, ..plain("e") },
            plain(" "),
            Span { link: Some("https://example.com/".into()), ..plain("f") },
            plain("\ng"),
        ];
        assert_eq!(all[0].text, expected);
    }

    #[test]
    fn what_has_no_block_becomes_text_and_is_told_with_its_line() {
        let text = "A ![logo](logo.png) and [notes](notes.md).\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n<div>\nx\n</div>\n\n3. c\n\n#### deep\n\n<b>d</b>\n";
        let template = Template::parse("t.md", text);
        let expected = [
            "Paragraph A logo (logo.png) and notes (notes.md).",
            "Paragraph a | b",
            "Paragraph 1 | 2",
            "Paragraph <div>\nx\n</div>",
            "Numbered c",
            "Heading(3) deep",
            "Paragraph <b>d</b>",
        ];
        assert_eq!(drawn(text), expected);
        let lines: Vec<&str> = template.notes.iter().filter_map(|note| note.split(':').next()).collect();
        assert_eq!(lines, ["line 1", "line 1", "line 3", "line 7", "line 11", "line 13", "line 15", "line 15"]);
        for (note, part) in template.notes.iter().zip(["image", "link", "table", "HTML", "begins with 1", "heading"]) {
            assert!(note.contains(part), "{note}");
        }
    }

    #[test]
    fn signs_that_no_page_shows_are_left_out() {
        assert_eq!(drawn("\u{feff}a\u{1}\u{7}b"), ["Paragraph ab"]);
        assert!(blocks(" \n\n").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_template_breaks_the_reader_and_every_note_names_a_line_of_it(
            lines in proptest::collection::vec(
                "( {0,9}([-*>#]|[0-9]{1,3}\\.) ){0,6}\\PC{0,12}|```[a-z]{0,4}|\\|[a|-]{0,8}|<(div|!--|/p)>?|!?\\[\\PC{0,5}\\]\\(\\PC{0,9}\\)|---|\\t{0,4}\\PC{0,6}",
                0..14,
            )
        ) {
            let text = lines.join("\n");
            let template = Template::parse("t.md", &text);
            for note in &template.notes {
                let line = note.strip_prefix("line ").and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
                proptest::prop_assert!(line.is_some_and(|line| (1..=lines.len()).contains(&line)), "{note}\n{text}");
            }
            for line in drawn(&text) {
                proptest::prop_assert!(!line.chars().any(|it| it.is_control() && it != '\n' && it != '\t'), "{line:?}");
            }
        }
    }

    #[test]
    fn a_template_that_is_nested_very_deeply_is_read() {
        for sign in ["> ", "- "] {
            let template = Template::parse("t.md", &format!("{}deep", sign.repeat(3_000)));
            assert!(!template.blocks.is_empty());
        }
    }
}
