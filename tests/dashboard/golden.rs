//! Every page at four sizes, characters and styles, as they were last agreed to look. After a change that is meant, run
//! with `CROSSTIE_GOLDEN=write` and look at the difference before committing it.

use std::fmt::Write as _;
use std::path::PathBuf;

use crosstie::tui::theme::{Name, Theme};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use sha2::{Digest, Sha256};

use crate::fixture::{Rig, full, text};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];

/// Each page by its key, and two boxes over one.
const SCENES: [(&str, &str); 17] = [
    ("overview", "1"),
    ("conflicts", "2 c o space"),
    ("closeup", "2 enter"),
    ("commit", "2 c o w"),
    ("orphans", "3"),
    ("ignored", "3 I G"),
    ("relations", "4"),
    ("links", "4 right down"),
    ("roles", "4 l enter"),
    ("queue", "5"),
    ("journal", "6"),
    ("quarantine", "7"),
    ("pairs", "8"),
    ("health", "9"),
    ("palette", "2 :"),
    ("help", "2 ?"),
    ("help-search", "2 ? / m a r k"),
];

/// A style in a few letters: colours by name, then modifiers.
fn style(buffer: &Buffer, x: u16, y: u16) -> String {
    let cell = &buffer[(x, y)];
    let mut out = String::new();
    for (sign, colour) in [("", cell.fg), ("on ", cell.bg)] {
        if colour != Color::Reset {
            let _ = write!(out, "{sign}{colour} ");
        }
    }
    for (letter, modifier) in
        [('b', Modifier::BOLD), ('d', Modifier::DIM), ('u', Modifier::UNDERLINED), ('r', Modifier::REVERSED)]
    {
        if cell.modifier.contains(modifier) {
            out.push(letter);
        }
    }
    out.trim_end().to_owned()
}

/// The characters, then where which style stands: `3: 0-7 Cyan b, 9-12 r`.
fn dump(buffer: &Buffer) -> String {
    let mut out = text(buffer);
    out.push_str("----\n");
    for y in 0..buffer.area.height {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..buffer.area.width {
            let style = style(buffer, x, y);
            match runs.last_mut() {
                Some((_, to, last)) if *last == style && *to + 1 == x => *to = x,
                _ => runs.push((x, x, style)),
            }
        }
        let runs = runs.into_iter().filter(|(.., style)| !style.is_empty());
        let runs: Vec<String> = runs.map(|(from, to, style)| format!("{from}-{to} {style}")).collect();
        if !runs.is_empty() {
            let _ = writeln!(out, "{y}: {}", runs.join(", "));
        }
    }
    out
}

fn drawn(theme: Theme, size: (u16, u16), keys: &str) -> String {
    let mut rig = Rig::themed(size, full(), theme);
    rig.keys(keys);
    // Messages go by themselves; what stays is what is compared.
    rig.model.toasts.clear();
    dump(&rig.buffer())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dashboard/golden")
}

/// Compares with what is stored, or stores it; returns the name of what differs.
fn compare(name: &str, now: &str) -> Option<String> {
    let path = folder().join(name);
    if std::env::var("CROSSTIE_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, now).unwrap();
        return None;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = stored.lines().zip(now.lines()).position(|(stored, now)| stored != now);
    let differs = differs.or_else(|| (stored.lines().count() != now.lines().count()).then_some(0))?;
    let (was, is) = (stored.lines().nth(differs).unwrap_or_default(), now.lines().nth(differs).unwrap_or_default());
    Some(format!("{name}, line {}:\n  was {was}\n  is  {is}", differs + 1))
}

#[test]
fn every_page_at_four_sizes_looks_as_it_did() {
    let mut wrong = Vec::new();
    for (scene, keys) in SCENES {
        for size in SIZES {
            let now = drawn(Theme::new(false, false), size, keys);
            wrong.extend(compare(&format!("{scene}-{}x{}.txt", size.0, size.1), &now));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The other themes differ in styles alone: a digest each tells whether one has changed.
#[test]
fn every_theme_looks_as_it_did_on_every_page() {
    let mut now = String::new();
    for name in Name::ALL {
        for (rich, ascii) in [(false, false), (true, true)] {
            for (scene, keys) in SCENES {
                for size in SIZES {
                    let drawn = drawn(Theme::named(name, rich, ascii), size, keys);
                    let digest: String = Sha256::digest(&drawn).iter().take(6).map(|b| format!("{b:02x}")).collect();
                    let kind = if rich { "true colour, ascii" } else { "16 colours, unicode" };
                    let (w, h) = size;
                    writeln!(now, "{} ({kind}) {scene} {w}x{h} {digest}", name.as_str()).unwrap();
                    if ascii {
                        let own: String = drawn.chars().filter(|c| !c.is_ascii()).collect();
                        assert!(own.is_empty(), "{scene} {size:?} draws {own:?} where only ASCII may be drawn");
                    }
                }
            }
        }
    }
    if let Some(wrong) = compare("themes.txt", &now) {
        panic!("{wrong}");
    }
}
