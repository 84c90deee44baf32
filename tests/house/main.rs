//! Who may import whom. The table is the house's constitution; ARCHITECTURE.md tells it in words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A room, and the rooms it may use.
const LAYERS: [(&str, &[&str]); 16] = [
    ("model", &[]),
    ("mapping", &["model"]),
    ("plan", &["mapping", "model"]),
    ("seam", &["model"]),
    ("config", &["mapping", "model"]),
    ("store", &["seam", "model"]),
    ("control", &["model"]),
    // A connection publishes its headroom in the shape that operators see.
    ("remote", &["control", "seam", "mapping", "model"]),
    ("engine", &["config", "control", "store", "remote", "plan", "mapping", "seam", "model"]),
    ("inlet", &["control", "remote", "seam", "model"]),
    // Beside the engine, behind its Desk: no transport, no system and no store of its own.
    ("notices", &["control", "seam", "model"]),
    ("tui", &["control", "model"]),
    ("standin", &["seam"]),
    ("sim", &["config", "control", "engine", "standin", "store", "remote", "plan", "mapping", "seam", "model"]),
    (
        "cli",
        &[
            "config", "control", "engine", "inlet", "mapping", "model", "notices", "plan", "remote", "seam", "sim",
            "standin", "store", "tui",
        ],
    ),
    ("main", &["cli"]),
];

/// Crates that pure rooms must not know.
const OUTSIDE: [&str; 7] = ["tokio", "reqwest", "sled", "ratatui", "crossterm", "axum", "std::time"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

/// A file's code without comments, and without the tests at its end.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn room(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Every room that a file names by `crate::room` or by `use crate::{room, …}`.
fn named_rooms(code: &str, own_crate: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let prefix = format!("{own_crate}::");
    for (at, _) in code.match_indices(&prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|it| it.is_alphanumeric() || it == '_' || it == ':' || it == '$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            // The first path segment of every item at the group's own depth.
            let mut depth = 0;
            let mut word = String::new();
            let mut fresh = true;
            for it in group.chars() {
                match it {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(std::mem::take(&mut word));
                        fresh = true;
                    }
                    ':' if depth == 0 => fresh = false,
                    it if depth == 0 && fresh && (it.is_alphanumeric() || it == '_') => word.push(it),
                    _ => {}
                }
            }
            found.insert(word);
        } else {
            found.insert(rest.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect());
        }
    }
    let rooms: BTreeSet<&str> = LAYERS.iter().map(|(room, _)| *room).collect();
    found.into_iter().filter(|name| rooms.contains(name.as_str())).collect()
}

#[test]
fn every_room_imports_only_what_its_layer_allows() {
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.into_iter().collect();
    let mut all = Vec::new();
    files(&root(), &mut all);
    let mut broken = Vec::new();
    let mut edges = 0;
    for path in all.iter().filter(|path| room(path) != "lib") {
        let room = room(path);
        let may = allowed.get(room.as_str()).unwrap_or_else(|| panic!("the room `{room}` is not in the table"));
        let own = if room == "main" { "crosstie" } else { "crate" };
        for used in named_rooms(&code(path), own) {
            edges += 1;
            if used != room && !may.contains(&used.as_str()) {
                broken.push(format!("{} uses {used}", path.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(edges > 100, "the reader of `use` lines found only {edges} imports: it must be broken");
    assert_eq!(broken, Vec::<String>::new(), "see the table in tests/house and ARCHITECTURE.md");
}

#[test]
fn pure_rooms_know_no_runtime_network_disk_or_screen() {
    let mut all = Vec::new();
    files(&root(), &mut all);
    let mut broken = Vec::new();
    for path in all.iter().filter(|path| ["model", "mapping", "plan"].contains(&room(path).as_str())) {
        let code = code(path);
        for name in OUTSIDE {
            if code.contains(&format!("{name}::")) {
                broken.push(format!("{} uses {name}", path.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn no_system_is_named_outside_its_folder_and_the_wiring() {
    let mut all = Vec::new();
    files(&root(), &mut all);
    let mut broken = Vec::new();
    // Configuration names what can be connected; the wiring, the stand-ins and the simulation build the real things.
    let free = ["cli", "config", "remote", "sim", "standin", "lib", "main"];
    for path in all.iter().filter(|path| !free.contains(&room(path).as_str())) {
        let code = code(path).to_lowercase();
        if code.contains("bitrix") {
            broken.push(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn only_the_simulation_plants_mistakes_in_the_engine() {
    let mut all = Vec::new();
    files(&root(), &mut all);
    let names = |path: &&PathBuf| {
        let code = code(path);
        ["Flaw", "start_flawed"].iter().any(|name| names_item(&code, name))
    };
    let rooms: BTreeSet<String> = all.iter().filter(names).map(|path| room(path)).collect();
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), ["engine", "sim"], "a mistake may be planted nowhere else");
}

/// Whether code names an item, and not only something whose name begins or ends like it.
fn names_item(code: &str, name: &str) -> bool {
    let part = |it: char| it.is_alphanumeric() || it == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (code[..at].chars().next_back(), code[at + name.len()..].chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[test]
fn the_reader_of_names_sees_whole_words_only() {
    for code in ["engine::Flaw::X", "use crate::engine::{Flaw, start};", "start(Some(Flaw))"] {
        assert!(names_item(code, "Flaw"), "{code}");
    }
    assert!(!names_item("struct Flawless; let my_Flaw = 1; Flaw_s", "Flaw"));
}

#[test]
fn every_file_is_read_in_one_sitting() {
    let mut all = Vec::new();
    files(&root(), &mut all);
    let long: Vec<String> = all
        .iter()
        .map(|path| (path, std::fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 450)
        .map(|(path, lines)| format!("{} has {lines} lines", path.strip_prefix(root()).unwrap().display()))
        .collect();
    assert_eq!(long, Vec::<String>::new(), "a room that grew wants a wall");
}

#[test]
fn the_readers_of_use_lines_see_groups_and_paths() {
    let code = "use crate::{model, seam::{Batch, Kv}};\nlet x = crate::plan::merge(y);\nuse crate::store::Store;\nmycrate::tui::x();";
    let found: Vec<String> = named_rooms(code, "crate").into_iter().collect();
    assert_eq!(found, ["model", "plan", "seam", "store"]);
}
