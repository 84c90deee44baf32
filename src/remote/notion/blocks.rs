//! Blocks: what a page says below its properties.

use serde_json::{Map, Value as Json, json};

use super::{WRITE_LIMIT, text};
use crate::model::{Block, BlockKind, BodyLimits, BodyPart, Placed, Span};

/// What one append takes. A request may have 500 KB; what is sent around the texts is estimated, so this stays below.
pub const LIMITS: BodyLimits = BodyLimits { array: WRITE_LIMIT, nesting: 2, blocks: 1_000, bytes: 400_000 };

/// Code without a language, and in one that Notion does not know.
const NO_LANGUAGE: &str = "plain text";

/// The languages that Notion knows.
const LANGUAGES: [&str; 90] = [
    "abap",
    "abc",
    "agda",
    "arduino",
    "ascii art",
    "assembly",
    "bash",
    "basic",
    "bnf",
    "c",
    "c#",
    "c++",
    "clojure",
    "coffeescript",
    "coq",
    "css",
    "dart",
    "dhall",
    "diff",
    "docker",
    "ebnf",
    "elixir",
    "elm",
    "erlang",
    "f#",
    "flow",
    "fortran",
    "gherkin",
    "glsl",
    "go",
    "graphql",
    "groovy",
    "haskell",
    "hcl",
    "html",
    "idris",
    "java",
    "java/c/c++/c#",
    "javascript",
    "json",
    "julia",
    "kotlin",
    "latex",
    "less",
    "lisp",
    "livescript",
    "llvm ir",
    "lua",
    "makefile",
    "markdown",
    "markup",
    "mathematica",
    "matlab",
    "mermaid",
    "nix",
    "notion formula",
    "objective-c",
    "ocaml",
    "pascal",
    "perl",
    "php",
    "plain text",
    "powershell",
    "prolog",
    "protobuf",
    "purescript",
    "python",
    "r",
    "racket",
    "reason",
    "ruby",
    "rust",
    "sass",
    "scala",
    "scheme",
    "scss",
    "shell",
    "smalltalk",
    "solidity",
    "sql",
    "swift",
    "toml",
    "typescript",
    "vb.net",
    "verilog",
    "vhdl",
    "visual basic",
    "webassembly",
    "xml",
    "yaml",
];

/// What people call languages that Notion calls otherwise.
const NICKNAMES: [(&str, &str); 23] = [
    ("", NO_LANGUAGE),
    ("text", NO_LANGUAGE),
    ("txt", NO_LANGUAGE),
    ("cpp", "c++"),
    ("cs", "c#"),
    ("csharp", "c#"),
    ("console", "shell"),
    ("dockerfile", "docker"),
    ("fs", "f#"),
    ("hs", "haskell"),
    ("js", "javascript"),
    ("jsx", "javascript"),
    ("kt", "kotlin"),
    ("make", "makefile"),
    ("md", "markdown"),
    ("objc", "objective-c"),
    ("ps1", "powershell"),
    ("py", "python"),
    ("rb", "ruby"),
    ("rs", "rust"),
    ("sh", "shell"),
    ("ts", "typescript"),
    ("yml", "yaml"),
];

/// A body in the form that Notion can hold: no block with more pieces of text than one may have, and no language that it
/// does not know. A body in that form stays as it is.
pub fn form(body: &[Block]) -> Vec<Block> {
    let mut formed = Vec::new();
    for block in body {
        let mut parts = cut(&block.text).into_iter();
        let kind = match &block.kind {
            BlockKind::Code(language) => BlockKind::Code(language_of(language).unwrap_or(NO_LANGUAGE).to_owned()),
            kind => kind.clone(),
        };
        let more_kind = if matches!(kind, BlockKind::Code(_)) { kind.clone() } else { BlockKind::Paragraph };
        let first = parts.next().unwrap_or_default();
        let more = parts.map(|text| Block::new(more_kind.clone(), text));
        let holds_others =
            matches!(kind, BlockKind::Bullet | BlockKind::Numbered | BlockKind::ToDo(_) | BlockKind::Quote);
        if holds_others {
            let children = more.chain(form(&block.children)).collect();
            formed.push(Block { kind, text: first, children });
        } else {
            formed.push(Block { kind, text: first, children: form(&block.children) });
            formed.extend(more);
        }
    }
    formed
}

/// Text in runs that a block can have each: pieces of one look that are short enough, and not too many of them.
fn cut(spans: &[Span]) -> Vec<Vec<Span>> {
    let pieces: Vec<Span> = spans
        .iter()
        .flat_map(|span| {
            text::pieces(&span.text).into_iter().map(move |text| Span { text: text.to_owned(), ..span.clone() })
        })
        .collect();
    pieces.chunks(WRITE_LIMIT).map(join).collect()
}

/// Neighbours of one look as one; they fall apart into the same pieces again.
fn join(pieces: &[Span]) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if last.looks_like(piece) => last.text.push_str(&piece.text),
            _ => joined.push(piece.clone()),
        }
    }
    joined
}

/// Notion's name of a language, if it has one for it.
pub fn language_of(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let name = NICKNAMES.iter().find(|(nick, _)| *nick == name).map_or(name.as_str(), |(_, known)| known);
    LANGUAGES.into_iter().find(|known| *known == name)
}

/// The body of an append.
pub fn append(part: &BodyPart) -> Json {
    let mut body = json!({ "children": part.blocks.iter().map(block).collect::<Vec<_>>() });
    if let Some(after) = &part.after {
        body["position"] = json!({ "type": "after_block", "after_block": { "id": after } });
    }
    body
}

fn block(block: &Block) -> Json {
    let kind = kind_name(&block.kind);
    let mut content = Map::new();
    if block.kind != BlockKind::Divider {
        content.insert("rich_text".to_owned(), rich(&block.text));
    }
    match &block.kind {
        BlockKind::ToDo(ticked) => drop(content.insert("checked".to_owned(), json!(ticked))),
        BlockKind::Code(language) => drop(content.insert("language".to_owned(), json!(language))),
        _ => {}
    }
    if !block.children.is_empty() {
        content.insert("children".to_owned(), block.children.iter().map(self::block).collect());
    }
    json!({ "object": "block", "type": kind, kind: content })
}

fn kind_name(kind: &BlockKind) -> &'static str {
    match kind {
        BlockKind::Heading(1) => "heading_1",
        BlockKind::Heading(2) => "heading_2",
        BlockKind::Heading(_) => "heading_3",
        BlockKind::Paragraph => "paragraph",
        BlockKind::Bullet => "bulleted_list_item",
        BlockKind::Numbered => "numbered_list_item",
        BlockKind::ToDo(_) => "to_do",
        BlockKind::Quote => "quote",
        BlockKind::Code(_) => "code",
        BlockKind::Divider => "divider",
    }
}

fn rich(spans: &[Span]) -> Json {
    let piece = |span: &Span, content: &str| {
        let mut said = json!({ "content": content });
        if let Some(link) = &span.link {
            said["link"] = json!({ "url": link });
        }
        let looks = [("bold", span.bold), ("italic", span.italic), ("strikethrough", span.strike), ("code", span.code)];
        let looks: Map<String, Json> =
            looks.into_iter().filter(|(_, on)| *on).map(|(name, on)| (name.to_owned(), json!(on))).collect();
        let mut piece = json!({ "type": "text", "text": said });
        if !looks.is_empty() {
            piece["annotations"] = Json::Object(looks);
        }
        piece
    };
    spans.iter().flat_map(|span| text::pieces(&span.text).into_iter().map(move |text| piece(span, text))).collect()
}

/// A block of a list of children, without what lies inside it, and whether anything does. `None` for something without an
/// id, which is no block.
pub fn placed(json: &Json) -> Option<(Placed, bool)> {
    let id = json.get("id")?.as_str()?.to_owned();
    let kind = json.get("type").and_then(Json::as_str).unwrap_or_default();
    let content = &json[kind];
    let word = |name: &str| content.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let kind = match kind {
        "heading_1" => Some(BlockKind::Heading(1)),
        "heading_2" => Some(BlockKind::Heading(2)),
        "heading_3" => Some(BlockKind::Heading(3)),
        "paragraph" => Some(BlockKind::Paragraph),
        "bulleted_list_item" => Some(BlockKind::Bullet),
        "numbered_list_item" => Some(BlockKind::Numbered),
        "to_do" => Some(BlockKind::ToDo(content.get("checked").and_then(Json::as_bool).unwrap_or(false))),
        "quote" => Some(BlockKind::Quote),
        "code" => Some(BlockKind::Code(word("language"))),
        "divider" => Some(BlockKind::Divider),
        _ => None,
    };
    let pieces = content.get("rich_text").and_then(Json::as_array);
    // A text that shows nothing plain is nobody's template.
    let (kind, text) = match pieces.map(|pieces| text::plain(pieces)) {
        None => (kind, String::new()),
        Some(Some(text)) => (kind, text),
        Some(None) => (None, String::new()),
    };
    let holds = json.get("has_children").and_then(Json::as_bool).unwrap_or(false);
    Some((Placed { id, kind, text, children: Vec::new() }, holds))
}
