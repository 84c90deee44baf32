//! What a page says below its fields: a tree of blocks, as a template wants it and as a system shows it.

use serde::{Deserialize, Serialize};

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// A heading of level 1 to 3.
    Heading(u8),
    /// Text by itself.
    Paragraph,
    /// An item of a bulleted list.
    Bullet,
    /// An item of a numbered list.
    Numbered,
    /// An item with a box, ticked or not.
    ToDo(bool),
    /// A quotation.
    Quote,
    /// Code in this language, as whoever wrote it names it; empty for none.
    Code(String),
    /// A line across the page.
    Divider,
}

/// Text of one look.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Span {
    /// The text, with line breaks.
    pub text: String,
    /// Bold.
    #[serde(default)]
    pub bold: bool,
    /// Italic.
    #[serde(default)]
    pub italic: bool,
    /// Struck out.
    #[serde(default)]
    pub strike: bool,
    /// Set as code.
    #[serde(default)]
    pub code: bool,
    /// Where it leads.
    #[serde(default)]
    pub link: Option<String>,
}

impl Span {
    /// Whether another text looks the same, so that the two are one.
    pub fn looks_like(&self, other: &Self) -> bool {
        let look = |it: &Self| (it.bold, it.italic, it.strike, it.code, it.link.clone());
        look(self) == look(other)
    }
}

/// One block with what lies inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text; a divider has none.
    #[serde(default)]
    pub text: Vec<Span>,
    /// Blocks inside it, in order.
    #[serde(default)]
    pub children: Vec<Block>,
}

impl Block {
    /// A block with nothing inside.
    pub fn new(kind: BlockKind, text: Vec<Span>) -> Self {
        Self { kind, text, children: Vec::new() }
    }

    /// Its text without its looks.
    pub fn plain(&self) -> String {
        self.text.iter().map(|span| span.text.as_str()).collect()
    }

    /// How many blocks these are, with everything inside them.
    pub fn count(blocks: &[Block]) -> usize {
        blocks.iter().map(|block| 1 + Block::count(&block.children)).sum()
    }

    /// Whether a block of a page is this one. Of looks, links, ticks and a code's language nothing is asked: systems write
    /// them in their own way, people change them, and the block is there all the same.
    pub fn is(&self, placed: &Placed) -> bool {
        let kind = match (&self.kind, &placed.kind) {
            (BlockKind::ToDo(_), Some(BlockKind::ToDo(_))) | (BlockKind::Code(_), Some(BlockKind::Code(_))) => true,
            (wanted, Some(there)) => wanted == there,
            (_, None) => false,
        };
        kind && self.plain().trim() == placed.text.trim()
    }
}

/// A block of a page, as its system shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its id.
    pub id: String,
    /// What it is; `None` for something that no template has.
    pub kind: Option<BlockKind>,
    /// Its text without its looks.
    pub text: String,
    /// Blocks inside it, as far as they were asked for.
    pub children: Vec<Placed>,
}

/// What a system takes in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// Blocks side by side.
    pub array: usize,
    /// Levels of blocks inside blocks.
    pub nesting: usize,
    /// Blocks altogether.
    pub blocks: usize,
    /// Bytes of the request.
    pub bytes: usize,
}

/// The next blocks of a body, and where they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyPart {
    /// The block they go into; `None` for the page itself.
    pub parent: Option<String>,
    /// The block they go after; `None` where there is none yet.
    pub after: Option<String>,
    /// The blocks.
    pub blocks: Vec<Block>,
}
