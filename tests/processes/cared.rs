//! The store is looked over, exported, made smaller and replaced while nobody has it open.

use std::fs;
use std::time::Duration;

use crosstie::seam::{Batch, Kv};
use crosstie::store::{self, record, segments, trees};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

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
    // A folder that is misspelled is no sound store, and gets none.
    for command in ["verify", "export", "compact"] {
        let said = home.ask(&[command]).ends_with(4);
        assert!(said.stderr.contains("there is no store"), "{command}: {}", said.stderr);
    }
    assert!(!home.path().join("state").exists());
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
    let said = home.ask(&["import", "misspelled.jsonl"]).ends_with(4);
    assert!(said.stderr.contains("how it is spelled"), "{}", said.stderr);
    assert_eq!(rows(&home), before);

    let said = home.ask(&["import", &export]).ends_with(0);
    assert!(said.stderr.contains("aside"), "{}", said.stderr);
    let wrote = worlds.changes_by_the_sync();
    let mut daemon = run(&home);
    rests(&home);
    let logged = home.logged("daemon");
    assert!(logged.contains("replaced by the export"), "{logged}");
    // What is owed is told as long as it is so.
    let note = || home.status()["store_note"].as_str().unwrap().to_owned();
    let compared = until(SOON, || note().contains("both sides were compared in full").then_some(()));
    assert!(compared.is_some() && note().contains("replaced by the export"), "{}", note());
    assert_eq!(worlds.changes_by_the_sync(), wrote, "what was remembered was written again");
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
}

/// Lets everything that was journalled have happened so many days earlier, and the oldest day lie in its file already.
fn age(home: &Home, days: i64) -> segments::Segment {
    let state = home.path().join("state");
    let mut kv = store::open(&state, Timestamp::now()).unwrap().kv;
    let mut batch = Batch::new();
    for (key, value) in kv.scan(trees::JOURNAL, b"", None, usize::MAX).unwrap() {
        let mut line: Json = record::open(&value).unwrap();
        let at: Timestamp = line["at"].as_str().unwrap().parse().unwrap();
        line["at"] = json!(at - SignedDuration::from_hours(24 * days));
        record::put(&mut batch, trees::JOURNAL, key, &line).unwrap();
    }
    kv.apply(&batch).unwrap();
    kv.flush().unwrap();
    let mut files = store::Segments::open(&state.join(segments::FOLDER)).unwrap();
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    files.write_day(&kv, 0, today).unwrap().unwrap()
}

#[test]
fn older_days_of_the_journal_are_verified_shown_exported_and_put_back() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    let id = worlds.create_record("deal", &json!({ "TITLE": "Website", "OPPORTUNITY": "1" }));
    let source = data_source(&worlds, "Projects");
    assert!(until(SOON, || pages(&worlds.notion_world(), &source).into_keys().next()).is_some(), "deal {id}");
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
    let journal = |home: &Home| {
        let shown = home.ask(&["journal", "--limit", "500", "--json"]).ends_with(0).json();
        let rows = shown["rows"].as_array().unwrap().clone();
        let ids = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect::<Vec<_>>();
        assert!(ids.windows(2).all(|two| two[0] == two[1] + 1), "lines are missing or doubled: {ids:?}");
        assert_eq!(ids.last(), Some(&1), "{ids:?}");
    };
    let day = age(&home, 5);
    journal(&home);

    let found = home.ask(&["verify", "--json"]).ends_with(0).json();
    assert_eq!(
        (&found["journal"][0]["sound"], found["journal"].as_array().unwrap().len()),
        (&json!(true), 1),
        "{found}"
    );
    assert!(home.ask(&["verify"]).ends_with(0).stdout.contains("1 older days, whole"));
    let file = day.path.to_str().unwrap();
    home.ask(&["verify", file]).ends_with(0);
    let export = home.ask(&["export", "--to", "elsewhere"]).ends_with(0).stdout.trim().to_owned();
    let copied = segments::list(&home.path().join("elsewhere/journal")).unwrap();
    assert_eq!(copied.len(), 1);

    // One beside the store leaves them where they are, and says so; an import of it leaves them there too.
    let state = home.path().join("state/journal");
    let said = home.ask(&["export"]).ends_with(0);
    let plain = said.stdout.trim().to_owned();
    for told in ["1 older days of the journal are no part of it", state.to_str().unwrap(), "verify", "--to DIR"] {
        assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
    }
    assert!(!home.ask(&["import", &plain]).ends_with(0).stderr.contains("lie neither"));
    journal(&home);
    // What is missing afterwards is told by its name, and a copy puts it right.
    fs::rename(&state, home.path().join("lost")).unwrap();
    let said = home.ask(&["import", &plain]).ends_with(0);
    let name = day.path.file_name().unwrap().to_str().unwrap();
    assert!(said.stderr.contains("lie neither") && said.stderr.contains(name), "{}", said.stderr);
    fs::rename(home.path().join("lost"), &state).unwrap();
    journal(&home);

    // One byte of it is another: told with its file and line, and the rest is shown as before.
    let sound = fs::read(&day.path).unwrap();
    let mut damaged = sound.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 2;
    fs::write(&day.path, &damaged).unwrap();
    for args in [&["verify"][..], &["verify", file]] {
        let said = home.ask(args).ends_with(4);
        assert!(said.stdout.contains("BROKEN") && said.stdout.contains("line"), "{args:?} {}", said.stdout);
    }
    home.ask(&["journal", "--json"]).ends_with(0);
    let said = home.ask(&["import", &export]).ends_with(0);
    assert!(said.stderr.contains("aside"), "{}", said.stderr);
    home.ask(&["verify"]).ends_with(0);
    assert_eq!(fs::read(&day.path).unwrap(), sound, "the copy beside the export is back");
    journal(&home);

    // An export whose days are damaged replaces nothing.
    fs::write(&copied[0].path, &damaged).unwrap();
    let said = home.ask(&["import", &export]).ends_with(4);
    assert!(said.stderr.contains("damaged"), "{}", said.stderr);
    assert_eq!(fs::read(&day.path).unwrap(), sound);
}
