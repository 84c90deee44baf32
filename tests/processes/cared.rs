//! The store is looked over, exported, made smaller and replaced while nobody has it open.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::support::configuration::{data_source, office, write};
use crate::support::program::{Home, until};
use crate::support::worlds::{Worlds, pages};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_store_is_verified_exported_compacted_and_replaced_and_nothing_is_written_again() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    let run = |home: &Home| {
        let daemon = home.start("daemon", &["run", "--yes"]);
        let up = until(SOON, || home.path().join("state/desk.sock").exists().then_some(()));
        assert!(up.is_some(), "{}", home.logged("daemon"));
        daemon
    };
    let rests = |home: &Home| {
        let rests = until(SOON, || {
            let queue = home.ask(&["queue", "--json"]).json();
            let status = home.status();
            let runs = status["pairs"].as_array().unwrap().iter().all(|pair| pair["state"]["state"] == "running");
            (runs && queue["daemon"] == true && queue["total"] == 0).then_some(())
        });
        assert!(rests.is_some(), "{}", home.logged("daemon"));
    };
    let mut daemon = run(&home);
    let id = worlds.create_record("deal", &json!({ "TITLE": "Website", "OPPORTUNITY": "1" }));
    let source = data_source(&worlds, "Projects");
    assert!(until(SOON, || pages(&worlds.notion_world(), &source).into_keys().next()).is_some());
    for amount in 2..6 {
        worlds.edit_record("deal", &id, &json!({ "OPPORTUNITY": amount.to_string() }));
        let shown = || pages(&worlds.notion_world(), &source).values().next().unwrap()["Amount"].to_string();
        assert!(
            until(SOON, || (shown().trim_matches('"') == amount.to_string()).then_some(())).is_some(),
            "{}",
            shown()
        );
    }
    rests(&home);
    // Nobody else touches what a daemon has.
    for args in [&["verify"][..], &["export"], &["compact"], &["import", "crosstie.toml"]] {
        let said = home.ask(args).ends_with(4);
        assert!(said.stderr.contains(&format!("process {}", daemon.pid())), "{args:?}: {}", said.stderr);
    }
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));

    let found = home.ask(&["verify", "--json"]).ends_with(0).json();
    assert_eq!((&found["sound"], &found["rows"]["ties"]), (&json!(true), &json!(1)), "{found}");
    let export = home.ask(&["export", "--to", "elsewhere"]).ends_with(0).stdout.trim().to_owned();
    home.ask(&["verify", &export]).ends_with(0);
    let rows = |home: &Home| home.ask(&["verify", "--json"]).ends_with(0).json()["rows"].clone();
    let before = rows(&home);
    let said = home.ask(&["compact"]).ends_with(0).stdout;
    let sizes: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert!(sizes[1] > 0 && sizes[1] <= sizes[0], "{said}");
    assert_eq!(rows(&home), before, "compacting lost or made a row");

    // An export that is not whole replaces nothing.
    let sound = fs::read(home.path().join(&export)).unwrap();
    let mut damaged = sound.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 2;
    fs::write(home.path().join("damaged.jsonl"), &damaged).unwrap();
    let said = home.ask(&["verify", "damaged.jsonl"]).ends_with(4);
    assert!(said.stdout.contains("BROKEN") && said.stdout.contains("line"), "{}", said.stdout);
    let said = home.ask(&["import", "damaged.jsonl"]).ends_with(4);
    assert!(said.stderr.contains("not a sound export"), "{}", said.stderr);
    assert_eq!(rows(&home), before);

    let said = home.ask(&["import", &export]).ends_with(0);
    assert!(said.stderr.contains("aside"), "{}", said.stderr);
    let wrote = worlds.changes_by_the_sync();
    let mut daemon = run(&home);
    rests(&home);
    let note = home.status()["store_note"].as_str().unwrap().to_owned();
    assert!(note.contains("replaced by the export"), "{note}");
    assert_eq!(worlds.changes_by_the_sync(), wrote, "what was remembered was written again");
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
}
