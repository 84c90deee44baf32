//! The shape of every answer to a script, member by member, as the README promises it; and a reader that has gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crosstie::model::{Hold, HoldId, Mark, MarkKind, Side, TieId, Why};
use crosstie::seam::{Batch, Kv as _};
use crosstie::store::{self, record, trees};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::planned::in_step;
use crate::scripts::{daemon, end, rows};
use crate::support::configuration::{office, write};
use crate::support::program::{Home, until};
use crate::support::worlds::Worlds;

const LONG: Duration = Duration::from_secs(120);

/// Every member of an object by its path: `[]` for a list of objects, `*` where the two sides have the same.
fn members(value: &Json, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Json::Object(object) => {
            let sides = object.len() == 2 && object.contains_key("crm") && object.contains_key("notion");
            for (name, value) in object {
                let name = if sides { "*" } else { name };
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                members(value, &path, found);
            }
        }
        Json::Array(list) if list.iter().any(Json::is_object) => {
            list.iter().for_each(|value| members(value, &format!("{path}[]"), found));
        }
        _ => _ = found.insert(path.to_owned()),
    }
}

/// What the README says of the object that a command prints: members that are always there, and those that may be.
fn promised(command: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let part = readme.split("<!-- objects: begin -->").nth(1).and_then(|it| it.split("<!-- objects: end -->").next());
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    for line in part.expect("the objects in the README").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').collect();
        if words(cells[1])[0] == command {
            let (may, must): (Vec<_>, Vec<_>) = words(cells[2]).into_iter().partition(|it| it.ends_with('?'));
            return (must.into_iter().collect(), may.into_iter().map(|it| it.replace('?', "")).collect());
        }
    }
    panic!("the README says nothing of {command}");
}

/// An object has the members that are promised, and no others. Those of an empty list cannot be seen.
#[track_caller]
fn as_promised(command: &str, told: &Json) {
    let mut has = BTreeSet::new();
    members(told, "", &mut has);
    let (must, may) = promised(command);
    let unseen = |path: &String| path.match_indices("[]").any(|(at, _)| has.contains(&path[..at]));
    let lacks: Vec<_> = must.iter().filter(|path| !has.contains(*path) && !unseen(path)).collect();
    let strange: Vec<_> = has
        .iter()
        .filter(|path| !must.contains(*path) && !may.contains(*path))
        .filter(|path| !must.iter().chain(&may).any(|it| it.starts_with(&format!("{path}[]"))))
        .collect();
    assert_eq!(told["shape"], 1, "{command}");
    assert!(lacks.is_empty() && strange.is_empty(), "{command} lacks {lacks:?} and has {strange:?}");
}

/// A record of a tie is set aside, as it is after its third try.
fn set_aside(home: &Home, deal: &str) {
    let now = Timestamp::now();
    let mut kv = store::open(&home.path().join("state"), now).unwrap().kv;
    let id = HoldId::tie(&TieId { pair: "deals".into(), crm: deal.into() });
    let (side, reason, attempts) = (Side::Notion, "this page is locked \u{202e}".to_owned(), 3);
    let why = Why::Quarantined { side, reason: reason.clone(), means: String::new(), attempts };
    let kind = MarkKind::Failed { side, reason, means: String::new(), attempts, retry_at: None, both: false };
    let mut batch = Batch::new();
    record::put(
        &mut batch,
        trees::HOLDS,
        format!("deals\0{deal}\0"),
        &Hold { id: id.clone(), why, since: now, edit: None },
    )
    .unwrap();
    record::put(&mut batch, trees::MARKS, format!("deals\0{deal}\0\0failed"), &Mark { id, kind, at: now }).unwrap();
    kv.apply(&batch).unwrap();
    kv.flush().unwrap();
}

/// A conflict, an orphan, a record that is set aside, and a planned update; nobody runs.
fn troubled() -> (Home, Worlds, BTreeMap<String, (String, String)>) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    let text = office(&worlds);
    write(&home, &text);
    let deals = in_step(&home, &worlds, &["Roof", "Barn \u{202e}\u{9b}31m", "Gate"]);
    write(&home, &text.replacen("create = \"both\"", "create = \"none\"", 1));
    worlds.create_record("contact", &json!({ "NAME": "Nora", "LAST_NAME": "Newcomer" }));
    set_aside(&home, &deals["Barn \u{202e}\u{9b}31m"].0);
    worlds.edit_record("deal", &deals["Roof"].0, &json!({ "OPPORTUNITY": "11" }));
    worlds.edit_page(&deals["Roof"].1, &json!({ "Amount": 12 }));
    worlds.edit_record("deal", &deals["Gate"].0, &json!({ "OPPORTUNITY": "31" }));
    (home, worlds, deals)
}

#[test]
fn every_answer_to_a_script_has_the_members_that_the_readme_promises_and_no_others() {
    let (home, _worlds, deals) = troubled();
    let held = until(LONG, || rows(&home, "conflicts list", &[]).first().cloned()).expect("the roof's amount is held");
    let hold = held["id"].as_str().unwrap();
    as_promised("conflicts show", &home.ask(&["conflicts", "show", hold, "--json"]).ends_with(0).json());
    let aside = rows(&home, "quarantine list", &[]);
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert_eq!(aside[0]["id"], format!("deals/{}", deals["Barn \u{202e}\u{9b}31m"].0));
    // What has no values to choose from says what ends it.
    let id = aside[0]["id"].as_str().unwrap();
    let said = home.ask(&["conflicts", "resolve", id, "--crm", "--shown", "a.b", "--json"]).ends_with(8).json();
    let note = said["note"].as_str().unwrap();
    assert!(note.contains("no values to choose from") && note.contains(&format!("quarantine retry {id}")), "{note}");
    let orphans = until(LONG, || Some(rows(&home, "orphans list", &[])).filter(|rows| !rows.is_empty()));
    assert!(orphans.is_some(), "the contact is an orphan");

    as_promised("health", &home.ask(&["health", "--json"]).ends_with(0).json());
    let said = home.ask(&["status", "--json"]).ends_with(7);
    assert!(!said.stdout.contains(['\u{202e}', '\u{9b}']), "{}", said.stdout);
    let status = said.json();
    as_promised("status", &status);
    assert_eq!(
        (&status["quarantined"], &status["conflicts"], &status["waiting"]),
        (&json!(1), &json!(1), &json!(true))
    );
    let plan = home.ask_within(LONG, &["plan", "--out", "a.plan", "--json"]).ends_with(0).json();
    as_promised("plan", &plan);
    let seen = ["steps", "holds", "skipped"].map(|list| !plan[list].as_array().unwrap().is_empty());
    assert_eq!(seen, [true; 3], "{plan}");
    let dry = home.ask_within(LONG, &["apply", "a.plan", "--dry-run", "--json"]).ends_with(0).json();
    as_promised("apply", &dry);
    assert!(!dry["rows"].as_array().unwrap().is_empty());
    let verified = home.ask_within(LONG, &["verify", "--json"]).ends_with(0).json();
    as_promised("verify", &verified);
    assert!(!verified["exports"].as_array().unwrap().is_empty());
    home.ask_saying(&["secret", "set", "spare"], "made-up").ends_with(0);
    as_promised("secret list", &home.ask(&["secret", "list", "--json"]).ends_with(0).json());

    // One sentence a figure, for logs and screen readers.
    let plain = home.ask(&["status", "--plain"]).ends_with(7).stdout;
    assert!(plain.lines().count() > 8 && plain.lines().all(|line| line.ends_with('.')), "{plain}");
    for sentence in ["1 conflict waits.", "1 record is set aside.", "1 orphan waits.", "Notion is up."] {
        assert!(plain.lines().any(|line| line == sentence), "no {sentence:?}: {plain}");
    }
}

#[test]
fn watching_tells_objects_of_one_shape_and_ends_when_nobody_reads_any_more() {
    let (home, worlds, deals) = troubled();
    let running = daemon(&home);
    let (mut watching, first) = home.serve("watch", &["status", "--watch", "--json"]);
    let line: Json = serde_json::from_str(&first).unwrap();
    as_promised("status --watch", &line);
    assert!(watching.is_running(), "{}", home.logged("watch"));
    // As `head -1` does. Something may change after that, or nothing.
    watching.read_no_more();
    worlds.edit_record("deal", &deals["Gate"].0, &json!({ "OPPORTUNITY": "32" }));
    assert_eq!(watching.ended_within(Duration::from_secs(20)), Some(0), "{}", home.logged("watch"));
    end(running, &home);
}
