//! Every scene at every size and in every theme, as it was last agreed to look. After a change that is meant, run with
//! `CROSSTIE_GOLDEN=write` and look at the difference before committing it.
//!
//! A theme gives each role a style and changes nothing else. So a scene's file tells its characters and the *role* of each
//! cell, `styles.txt` tells the style of each role in each theme, and together they tell every cell's style in every theme.
//! All of them are drawn and compared: a cell that looks like no role in one of them, or is drawn otherwise in another theme,
//! has no line here and fails.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use crosstie::tui::theme::{Name, Role, Theme};
use crosstie::tui::view::view;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use sha2::{Digest, Sha256};

use crate::fixture::{Rig, text};
use crate::scenes::{Scene, scenes};

/// Every set of colours, and whether the terminal offers true ones. The operator's own palette and none at all are the same
/// in both.
const THEMES: [(Name, bool); 8] = [
    (Name::Ansi, false),
    (Name::Vivid, false),
    (Name::Vivid, true),
    (Name::Deuteranopia, false),
    (Name::Deuteranopia, true),
    (Name::Tritanopia, false),
    (Name::Tritanopia, true),
    (Name::Mono, false),
];

const ROLES: [Role; 14] = [
    Role::Dim,
    Role::Strong,
    Role::Key,
    Role::Good,
    Role::Warn,
    Role::Bad,
    Role::Crm,
    Role::Notion,
    Role::Cursor,
    Role::Badge,
    Role::Border,
    Role::Mark,
    Role::Changed,
    // Looks like a key everywhere, which comes first.
    Role::Accent,
];

/// How a cell looks in every theme.
type Look = [(Color, Color, Modifier); THEMES.len()];

/// A look in a few letters: colours by name, then modifiers.
fn words((fg, bg, modifier): (Color, Color, Modifier)) -> String {
    let mut out = String::new();
    for (sign, colour) in [("", fg), ("on ", bg)] {
        if colour != Color::Reset {
            let _ = write!(out, "{sign}{colour} ");
        }
    }
    for (word, one) in [
        ("bold", Modifier::BOLD),
        ("dim", Modifier::DIM),
        ("underlined", Modifier::UNDERLINED),
        ("reversed", Modifier::REVERSED),
    ] {
        if modifier.contains(one) {
            let _ = write!(out, "{word} ");
        }
    }
    out.trim_end().to_owned()
}

/// The name of every look: a role, or one that was laid over another, as the cursor over a row.
struct Looks(Vec<(Look, String)>);

impl Looks {
    fn new() -> Self {
        let mut known: Vec<(Look, String)> =
            vec![([(Color::Reset, Color::Reset, Modifier::empty()); 8], String::new())];
        for _ in 0..2 {
            for (below, name) in known.clone() {
                for role in ROLES {
                    let look = laid_over(&below, role);
                    if known.iter().all(|(it, _)| *it != look) {
                        let role = format!("{role:?}").to_lowercase();
                        known.push((look, if name.is_empty() { role } else { format!("{name}+{role}") }));
                    }
                }
            }
        }
        // What is no news any more has no colour of its own, whatever it was.
        for (look, name) in known.clone() {
            let look = faded(&look);
            if known.iter().all(|(it, _)| *it != look) {
                known.push((look, format!("faded {name}")));
            }
        }
        Self(known)
    }

    fn name(&self, look: &Look) -> Result<&str, String> {
        let found = self.0.iter().find(|(it, _)| it == look);
        found.map(|(_, name)| name.as_str()).ok_or_else(|| {
            let in_each =
                THEMES.iter().zip(look).map(|(theme, look)| format!("\n    {}: {}", called(*theme), words(*look)));
            format!("looks like no role:{}", in_each.collect::<String>())
        })
    }
}

fn laid_over(below: &Look, role: Role) -> Look {
    let mut look = *below;
    for (look, (name, rich)) in look.iter_mut().zip(THEMES) {
        let mut cell = Cell::default();
        (cell.fg, cell.bg, cell.modifier) = *look;
        cell.set_style(Theme::named(name, rich, false).style(role));
        *look = (cell.fg, cell.bg, cell.modifier);
    }
    look
}

/// As old figures look: dim, and of what they were only what is underlined or reversed.
fn faded(look: &Look) -> Look {
    let mut faded = laid_over(&Look::default(), Role::Dim);
    for (faded, (_, _, modifier)) in faded.iter_mut().zip(look) {
        faded.2 |= *modifier & (Modifier::UNDERLINED | Modifier::REVERSED);
    }
    faded
}

fn called((name, rich): (Name, bool)) -> String {
    format!("{}, {}", name.as_str(), if rich { "true colour" } else { "16 colours" })
}

/// A screen in every theme, and where the caret stands.
fn drawn(rig: &mut Rig, ascii: bool) -> (Vec<Buffer>, Option<(u16, u16)>) {
    let area = Rect::new(0, 0, rig.model.size.0, rig.model.size.1);
    let mut caret = None;
    let draw = |(name, rich): (Name, bool)| {
        rig.model.theme = Theme::named(name, rich, ascii);
        let mut buffer = Buffer::empty(area);
        caret = view(&rig.model, &mut buffer);
        buffer
    };
    (THEMES.into_iter().map(draw).collect(), caret)
}

/// One row's cells as runs of roles: `0-7 crm, 9-12 key`. Plain text is left out.
fn roles(looks: &Looks, buffers: &[Buffer], y: u16) -> Result<String, String> {
    let mut runs: Vec<(u16, u16, Look)> = Vec::new();
    for x in 0..buffers[0].area.width {
        let mut look = Look::default();
        for (look, buffer) in look.iter_mut().zip(buffers) {
            let cell = &buffer[(x, y)];
            *look = (cell.fg, cell.bg, cell.modifier);
        }
        match runs.last_mut() {
            Some((_, to, last)) if *last == look => *to = x,
            _ => runs.push((x, x, look)),
        }
    }
    let mut out = Vec::new();
    for (from, to, look) in runs {
        let name = looks.name(&look).map_err(|why| format!("cells {from} to {to} of row {y}: {why}"))?;
        if !name.is_empty() {
            out.push(format!("{from}-{to} {name}"));
        }
    }
    Ok(out.join(", "))
}

/// The characters, then the roles of each row, then the caret.
fn dump(looks: &Looks, rig: &mut Rig, ascii: bool) -> Result<String, String> {
    let (buffers, caret) = drawn(rig, ascii);
    let mut out = text(&buffers[0]);
    for (theme, buffer) in THEMES.into_iter().zip(&buffers) {
        let here = text(buffer);
        let differs = out.lines().zip(here.lines()).enumerate().find(|(_, (first, here))| first != here);
        if let Some((y, (first, here))) = differs {
            return Err(format!("row {y} has other characters in {}:\n  {first}\n  {here}", called(theme)));
        }
    }
    out.push_str("----\n");
    for y in 0..buffers[0].area.height {
        let roles = roles(looks, &buffers, y)?;
        if !roles.is_empty() {
            let _ = writeln!(out, "{y}: {roles}");
        }
    }
    if let Some((x, y)) = caret {
        let _ = writeln!(out, "caret: {x} of row {y}");
    }
    Ok(out)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dashboard/golden")
}

fn writes() -> bool {
    std::env::var("CROSSTIE_GOLDEN").is_ok_and(|value| value == "write")
}

/// Compares with what is stored, or stores it; returns what differs.
fn compare(name: &str, now: &str) -> Option<String> {
    let path = folder().join(name);
    if writes() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, now).unwrap();
        return None;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    if stored == now {
        return None;
    }
    let lines = stored.lines().count().max(now.lines().count());
    let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("(no line)").to_owned();
    let differ: Vec<usize> = (0..lines).filter(|at| line(&stored, *at) != line(now, *at)).collect();
    let mut out = format!("{name}, {} lines:", differ.len());
    for at in differ.into_iter().take(3) {
        let _ = write!(out, "\n  {:>3} was {}\n      is  {}", at + 1, line(&stored, at), line(now, at));
    }
    Some(out)
}

fn file(scene: &Scene, (width, height): (u16, u16)) -> String {
    format!("{}-{width}x{height}.txt", scene.name)
}

#[test]
fn every_scene_looks_as_it_did_at_every_size_and_in_every_theme() {
    let looks = Looks::new();
    let (mut wrong, mut files) = (Vec::new(), BTreeSet::from(["styles.txt".to_owned(), "ascii.txt".to_owned()]));
    for scene in scenes() {
        for size in scene.sizes {
            let name = file(&scene, *size);
            match dump(&looks, &mut scene.rig(*size, Theme::new(false, false)), false) {
                Ok(now) => wrong.extend(compare(&name, &now)),
                Err(why) => wrong.push(format!("{name}: {why}")),
            }
            assert!(files.insert(name), "two scenes are called {}", scene.name);
        }
    }
    for entry in std::fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        if !files.contains(&*entry.file_name().to_string_lossy()) {
            if writes() {
                std::fs::remove_file(entry.path()).unwrap();
            } else {
                wrong.push(format!("{} belongs to no scene", entry.path().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_role_looks_in_every_theme_as_it_did() {
    let mut now = String::new();
    for theme in THEMES {
        writeln!(now, "{}", called(theme)).unwrap();
        for role in ROLES {
            let mut cell = Cell::default();
            cell.set_style(Theme::named(theme.0, theme.1, false).style(role));
            let name = format!("{role:?}").to_lowercase();
            writeln!(now, "  {name:<8} {}", words((cell.fg, cell.bg, cell.modifier))).unwrap();
        }
    }
    for name in [Name::Ansi, Name::Mono] {
        for role in ROLES {
            let styles = [true, false].map(|rich| Theme::named(name, rich, false).style(role));
            assert_eq!(styles[0], styles[1], "{} has no true colours of its own: {role:?}", name.as_str());
        }
    }
    if let Some(wrong) = compare("styles.txt", &now) {
        panic!("{wrong}");
    }
}

/// Where only ASCII may be drawn, some characters take two cells and rows are cut elsewhere. So each scene has a line of its own
/// there, with a digest of every row: of its characters and its roles.
#[test]
fn every_scene_in_ascii_looks_as_it_did_row_by_row() {
    let looks = Looks::new();
    let stored = std::fs::read_to_string(folder().join("ascii.txt")).unwrap_or_default();
    let (mut now, mut wrong) = (String::new(), Vec::new());
    for scene in scenes() {
        for size in scene.sizes {
            let (name, ascii) = (file(&scene, *size), Theme::new(false, true));
            let dump = match dump(&looks, &mut scene.rig(*size, ascii), true) {
                Ok(dump) => dump,
                Err(why) => {
                    wrong.push(format!("{name}: {why}"));
                    continue;
                }
            };
            let strange: String = dump.chars().filter(|c| !c.is_ascii()).collect();
            assert!(strange.is_empty(), "{name} draws {strange:?} where only ASCII may be drawn");
            let rows = rows(&dump);
            assert_eq!(rows.len(), usize::from(size.1), "{name}");
            let digests: Vec<String> = rows.iter().map(|row| digest(row)).collect();
            let line = format!("{name} {}", digests.join(" "));
            let was = stored.lines().find(|line| line.split(' ').next() == Some(&*name)).unwrap_or_default();
            let was: Vec<&str> = was.split(' ').skip(1).collect();
            for (y, row) in rows.iter().enumerate().filter(|(y, _)| was.get(*y).copied() != Some(&*digests[*y])) {
                wrong.push(format!("{name}, row {y} is now\n{row}"));
            }
            writeln!(now, "{line}").unwrap();
        }
    }
    if let Some(differs) = compare("ascii.txt", &now) {
        wrong.truncate(5);
        panic!("{}\n{differs}", wrong.join("\n"));
    }
}

/// Each row's characters and roles.
fn rows(dump: &str) -> Vec<String> {
    // In ASCII a rule across the screen is made of the same signs: the last one is ours.
    let (characters, roles) = dump.rsplit_once("----\n").unwrap();
    let roles_of = |y: usize| roles.lines().find_map(|line| line.strip_prefix(&format!("{y}: "))).unwrap_or_default();
    characters.lines().enumerate().map(|(y, line)| format!("{line}\n  {}", roles_of(y))).collect()
}

fn digest(row: &str) -> String {
    Sha256::digest(row).iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}
