//! The log of a daemon in files of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::configuration::{data_source, office, write};
use crate::support::program::{Home, until};
use crate::support::worlds::{Worlds, pages};

const SOON: Duration = Duration::from_secs(30);

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn a_log_in_files_is_its_owners_alone_and_keeps_so_many_days_and_tells_one_id_an_edit() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    let log = "[log]\nform = \"json\"\ndir = \"log\"\nkeep_days = 3\n";
    write(&home, &office(&worlds).replace("[timing]", &format!("{log}\n[timing]\nreview = false")));
    home.env.insert("CROSSTIE_LOG".into(), "crosstie=trace".into());
    let dir = home.path().join("log");
    fs::create_dir(&dir).unwrap();
    for day in 1..=5 {
        fs::write(dir.join(format!("crosstie.2020-01-0{day}.log")), "an old day\n").unwrap();
    }
    fs::write(dir.join("notes.txt"), "not ours\n").unwrap();
    let mut daemon = home.start("daemon", &["run"]);
    let id = worlds.create_record("deal", &json!({ "TITLE": "Raincoat", "OPPORTUNITY": "1" }));
    let source = data_source(&worlds, "Projects");
    let crossed = until(SOON, || pages(&worlds.notion_world(), &source).into_keys().next());
    assert!(crossed.is_some(), "deal {id}: {}", home.logged("daemon"));
    let told = || files(&dir).iter().filter_map(|path| fs::read_to_string(path).ok()).collect::<String>();
    let crossed = until(SOON, || told().contains("\"created\"").then_some(()));
    assert!(crossed.is_some(), "{}", told());
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));

    assert_eq!(home.logged("daemon"), "", "what is in the files is not on standard error too");
    let all = files(&dir);
    let days: Vec<&PathBuf> = all.iter().filter(|path| path.extension().is_some_and(|it| it == "log")).collect();
    assert!((1..=4).contains(&days.len()), "three days, and the one that may have just begun: {days:?}");
    assert!(all.iter().any(|path| path.ends_with("notes.txt")), "what is not ours stays: {all:?}");
    let today = days.last().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(today), 0o600);
    let text = fs::read_to_string(today).unwrap();
    home.assert_silent("the log", &text);
    let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let story = lines.iter().filter(|line| line["message"] == "seen" || line["message"] == "created");
    let edits: Vec<&Json> = story.map(|line| &line["edit"]).collect();
    assert!(edits.len() >= 2 && edits[0].is_u64() && edits.iter().all(|edit| *edit == edits[0]), "{edits:?}\n{text}");
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()), "{text}");
}

#[test]
fn a_folder_that_takes_no_log_ends_the_start_and_says_so() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    home.write("taken", "a file, and no folder\n");
    write(&home, &office(&worlds).replace("[timing]", "[log]\ndir = \"taken\"\n\n[timing]"));
    let said = home.ask(&["run", "--yes"]).ends_with(2);
    assert!(said.stderr.contains("taken") && said.stderr.contains("[log]"), "{}", said.stderr);
    assert!(!home.path().join("state/sled").exists(), "nothing else was begun");
}
