//! What scripts ask and decide, with a daemon and without one, and the shapes that they can rely on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::configuration::{data_source, office, write};
use crate::support::program::{Home, Running, until};
use crate::support::worlds::{PERSON, Worlds, pages, records};

const SOON: Duration = Duration::from_secs(30);

/// Empty systems and a configuration for them.
fn ready(change: impl FnOnce(String) -> String) -> (Home, Worlds) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    let text = change(office(&worlds));
    write(&home, &text);
    (home, worlds)
}

/// A daemon that answers on its socket.
pub fn daemon(home: &Home) -> Running {
    let running = home.start("daemon", &["run", "--yes"]);
    let up = until(SOON, || home.path().join("state/desk.sock").exists().then_some(()));
    assert!(up.is_some(), "{}", home.logged("daemon"));
    running
}

pub fn end(mut daemon: Running, home: &Home) {
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
}

/// The members that the README promises for the rows of a command.
pub fn promised() -> BTreeMap<String, BTreeSet<String>> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let part = readme.split("<!-- shapes: begin -->").nth(1).and_then(|rest| rest.split("<!-- shapes: end -->").next());
    let lines = part.expect("the shapes in the README").lines().filter(|line| line.starts_with("| `"));
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    lines
        .map(|line| {
            let line = line.replace("\\|", "/");
            let cells: Vec<&str> = line.split('|').collect();
            (words(cells[1]).remove(0), words(cells[2]).into_iter().collect())
        })
        .collect()
}

/// The rows of a list, each with exactly the members that are promised.
#[track_caller]
pub fn rows(home: &Home, command: &str, more: &[&str]) -> Vec<Json> {
    let args: Vec<&str> = command.split(' ').chain(more.iter().copied()).chain(["--json"]).collect();
    let told = home.ask(&args).ends_with(0).json();
    assert_eq!(told["shape"], 1, "{told}");
    assert!(told["daemon"].is_boolean() && told["total"].is_u64(), "{told}");
    let rows = told["rows"].as_array().unwrap().clone();
    let members = promised().remove(command).unwrap_or_else(|| panic!("the README says nothing of {command}"));
    for row in &rows {
        let has: BTreeSet<String> = row.as_object().unwrap().keys().cloned().collect();
        assert_eq!(has, members, "{command}");
    }
    rows
}

/// The answer to a command.
#[track_caller]
fn answer(home: &Home, code: i32, args: &[&str]) -> Json {
    let args = [args, &["--json"]].concat();
    let told = home.ask(&args).ends_with(code).json();
    let has: BTreeSet<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(has, ["daemon", "done", "moved", "note", "shape"].into(), "{args:?}");
    assert_eq!(told["done"], code == 0, "{told}");
    told
}

fn amount(worlds: &Worlds, id: &str) -> String {
    records(&worlds.crm_world(), "deal")[id]["OPPORTUNITY"].to_string().trim_matches('"').to_owned()
}

/// One deal on both sides, and nobody running.
fn one_deal(home: &Home, worlds: &Worlds) -> (String, String) {
    let daemon = daemon(home);
    let id = worlds.create_record("deal", &json!({ "TITLE": "Website", "OPPORTUNITY": "50" }));
    let source = data_source(worlds, "Projects");
    let page = until(SOON, || pages(&worlds.notion_world(), &source).into_keys().next()).expect("the deal's page");
    // The marker of the page is back, and nothing is on its way.
    assert!(until(SOON, || rows(home, "queue", &[]).is_empty().then_some(())).is_some());
    end(daemon, home);
    (id, page)
}

#[test]
fn a_conflict_is_decided_without_a_daemon_carried_out_by_one_told_and_undone() {
    let (home, worlds) = ready(|text| text);
    let (id, page) = one_deal(&home, &worlds);
    home.ask(&["status"]).ends_with(0);
    let nothing = home.ask(&["conflicts", "list"]).ends_with(0);
    assert_eq!((nothing.stdout.lines().count(), nothing.stderr.trim()), (1, "none"), "{}", nothing.stdout);
    worlds.edit_record("deal", &id, &json!({ "OPPORTUNITY": "100" }));
    worlds.edit_page(&page, &json!({ "Amount": 200 }));

    let listed = rows(&home, "conflicts list", &[]);
    let [conflict] = listed.as_slice() else { panic!("one conflict: {listed:?}") };
    let hold = format!("deals/{id}/OPPORTUNITY");
    assert_eq!(conflict["id"], hold);
    assert_eq!(
        (&conflict["crm_value"], &conflict["notion_value"], &conflict["base"]),
        (&json!("100"), &json!("200"), &json!("50"))
    );
    assert_eq!(home.ask(&["conflicts", "show", &hold, "--json"]).ends_with(0).json()["shown"], conflict["shown"]);
    let status = home.ask(&["status", "--json"]).ends_with(7).json();
    assert_eq!((&status["conflicts"], &status["waiting"]), (&json!(1), &json!(true)));

    // A decision is bound to what was seen.
    let said = home.ask(&["conflicts", "resolve", &hold, "--notion"]).ends_with(2);
    assert!(said.stderr.contains("--shown"), "{}", said.stderr);
    let moved = answer(&home, 8, &["conflicts", "resolve", &hold, "--notion", "--shown", "a.b"]);
    assert_eq!(moved["moved"], json!([hold]));
    home.ask(&["conflicts", "resolve", "deals/999/OPPORTUNITY", "--crm", "--shown", "a.b"]).ends_with(8);
    let shown = conflict["shown"].as_str().unwrap();
    let done = answer(&home, 0, &["conflicts", "resolve", &hold, "--notion", "--shown", shown]);
    assert_eq!(done["daemon"], false);
    assert!(done["note"].as_str().unwrap().contains("no daemon runs"), "{done}");
    assert_eq!(amount(&worlds, &id), "100", "nobody has written it yet");

    let daemon = daemon(&home);
    assert!(until(SOON, || (amount(&worlds, &id) == "200").then_some(())).is_some(), "{}", home.logged("daemon"));
    assert!(until(SOON, || rows(&home, "conflicts list", &["--all"]).is_empty().then_some(())).is_some());

    // The whole story under one id, in the journal and in the log.
    let wrote = |home: &Home| {
        let lines = rows(home, "journal", &["--limit", "200"]);
        lines
            .into_iter()
            .find(|line| line["what"] == "wrote" && line["field"] == "OPPORTUNITY" && line["side"] == "crm")
    };
    let line = until(SOON, || wrote(&home)).expect("a line that tells of the write");
    let event = line["id"].to_string();
    let story = rows(&home, "journal show", &[&event]);
    let told: Vec<&str> = story.iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(told.first(), Some(&"seen"), "{told:?}");
    for what in ["seen", "held", "decided", "wrote"] {
        assert!(told.contains(&what), "{what}: {told:?}");
    }
    assert!(story.iter().all(|line| line["field"] == "OPPORTUNITY"), "another edit's lines: {story:?}");
    let edit = format!("edit={}", story[0]["id"]);
    let logged = until(SOON, || {
        home.logged("daemon").lines().any(|line| line.contains("wrote") && line.contains(&edit)).then_some(())
    });
    assert!(logged.is_some(), "{edit}: {}", home.logged("daemon"));
    let said = home.ask(&["journal", "show", "999999", "--json"]).ends_with(8);
    let answered = said.json();
    assert_eq!((&answered["done"], &answered["daemon"]), (&json!(false), &json!(null)), "{answered}");
    let told = format!("crosstie: {}", answered["note"].as_str().unwrap());
    assert!(told.contains("it never had") && said.stderr.trim() == told, "{}", said.stderr);

    let undone = answer(&home, 0, &["undo", &event]);
    assert_eq!(undone["daemon"], true);
    assert!(until(SOON, || (amount(&worlds, &id) == "100").then_some(())).is_some(), "{}", home.logged("daemon"));
    let held = until(SOON, || rows(&home, "conflicts list", &["--all"]).into_iter().next()).expect("it is held");
    assert_eq!(held["id"], hold);
    answer(&home, 8, &["undo", &event]);
    let log = home.logged("daemon");
    home.assert_silent("the daemon's log", &log);
    end(daemon, &home);
}

#[test]
fn a_pair_is_paused_and_resumed_and_its_health_is_told() {
    let (home, worlds) = ready(|text| text);
    let (id, page) = one_deal(&home, &worlds);
    // It outlives the process that was told.
    answer(&home, 0, &["pairs", "pause", "deals"]);
    let daemon = daemon(&home);
    worlds.edit_page(&page, &json!({ "Amount": 70 }));
    let waits = until(SOON, || rows(&home, "queue", &[]).into_iter().find(|row| row["side"] == "crm"));
    assert_eq!(waits.expect("a planned write")["record"], json!(id));
    let listed = rows(&home, "pairs list", &[]);
    assert!(listed[1]["paused"].as_str().is_some_and(|who| who.contains("anna") || who.contains("uid")), "{listed:?}");
    assert_eq!(listed[0]["paused"], Json::Null);
    home.ask(&["status"]).ends_with(7);
    assert_eq!(amount(&worlds, &id), "50", "a paused pair was written to");
    answer(&home, 8, &["pairs", "resume", "contacts"]);
    answer(&home, 0, &["pairs", "resume", "deals"]);
    assert!(until(SOON, || (amount(&worlds, &id) == "70").then_some(())).is_some(), "{}", home.logged("daemon"));

    // What was decided a moment ago is what the next question shows.
    for _ in 0..5 {
        answer(&home, 0, &["pairs", "pause", "contacts"]);
        assert!(rows(&home, "pairs list", &[])[0]["paused"].is_string());
        answer(&home, 0, &["pairs", "resume", "contacts"]);
        assert_eq!(rows(&home, "pairs list", &[])[0]["paused"], Json::Null);
    }
    let health = home.ask(&["health", "--json"]).ends_with(0).json();
    assert_eq!((&health["ready"], &health["daemon"], &health["shape"]), (&json!(true), &json!(true), &json!(1)));
    assert_eq!(health["sides"]["crm"]["records"], 1);
    assert_eq!(health["orphans"]["total"], 0);
    assert!(rows(&home, "quarantine list", &[]).is_empty());
    answer(&home, 8, &["quarantine", "retry", &format!("deals/{id}")]);
    end(daemon, &home);
}

#[test]
fn what_was_deleted_here_and_edited_there_is_untied_only_where_that_is_said() {
    let (home, worlds) = ready(|text| text);
    let (id, page) = one_deal(&home, &worlds);
    worlds.crm_door("delete", &json!({ "entity": "deal", "id": id, "as": PERSON }));
    worlds.edit_page(&page, &json!({ "Amount": 70 }));
    let daemon = daemon(&home);
    let deleted = || rows(&home, "conflicts list", &["--all"]).into_iter().find(|row| row["why"] == "deleted");
    let held = until(SOON, deleted).unwrap_or_else(|| panic!("{}", home.logged("daemon")));
    let tie = held["id"].as_str().unwrap();
    let said = home.ask(&["quarantine", "retry", tie]).ends_with(8);
    assert!(said.stderr.contains("--untie"), "{}", said.stderr);
    assert_eq!(home.status()["ties"], json!(1));
    answer(&home, 0, &["quarantine", "retry", tie, "--untie"]);
    assert!(until(SOON, || (home.status()["ties"] == json!(0)).then_some(())).is_some(), "{}", home.logged("daemon"));
    end(daemon, &home);
}

#[test]
fn orphans_and_relations_are_settled_by_scripts() {
    let (home, worlds) = ready(|text| text.replace("create = \"both\"", "create = \"none\""));
    let contacts = data_source(&worlds, "Contacts");
    let anna = worlds.create_record("contact", &json!({ "NAME": "Anna", "LAST_NAME": "Weber" }));
    let page = worlds.create_page(&contacts, &json!({ "Name": "A. Weber" }));
    let lone = worlds.create_record("contact", &json!({ "NAME": "Ben", "LAST_NAME": "Ohm" }));
    let deal = worlds.create_record("deal", &json!({ "TITLE": "Website" }));
    let daemon = daemon(&home);

    let all =
        until(SOON, || Some(rows(&home, "orphans list", &[])).filter(|rows| rows.len() == 4)).expect("four orphans");
    assert!(all.iter().all(|row| row["why"] == "creation off"), "{all:?}");
    let orphan = format!("contacts/crm/{anna}");
    let found = rows(&home, "orphans candidates", &[&orphan, "--search", "weber"]);
    assert_eq!(found[0]["record"], page);
    answer(&home, 0, &["orphans", "link", &orphan, &page]);
    answer(&home, 8, &["orphans", "link", &orphan, &page]);
    // What is misspelled, or of another kind, is told as what it is.
    for (args, code, told) in [
        (&["orphans", "candidates", "contacts/crm/4711"][..], 8, "is no orphan"),
        (&["orphans", "ignore", "contacts/crm/4711"], 8, "or another record is meant"),
        (
            &["orphans", "link", &format!("contacts/crm/{lone}"), "contacts/crm/29"],
            2,
            "a record of contacts/notion only",
        ),
        (&["relations", "link", "deals/999", "Contacts", &format!("contacts/{anna}")], 8, "deals/999 is not tied"),
        (&["quarantine", "retry", "nope"], 8, "there is no pair nope"),
    ] {
        let said = home.ask(args).ends_with(code);
        assert!(said.stderr.contains(told), "{args:?}: {}", said.stderr);
    }
    answer(&home, 0, &["orphans", "ignore", &format!("contacts/crm/{lone}")]);
    answer(&home, 0, &["orphans", "create", &format!("deals/crm/{deal}")]);
    assert!(
        until(SOON, || rows(&home, "orphans list", &[]).is_empty().then_some(())).is_some(),
        "{}",
        home.logged("daemon")
    );
    // What was ignored by mistake is found, and waits again.
    let ignored = format!("contacts/crm/{lone}");
    let all = rows(&home, "orphans list", &["--ignored"]);
    assert_eq!((all.len(), &all[0]["id"], &all[0]["why"]), (1, &json!(ignored), &json!("ignored")), "{all:?}");
    assert!(all[0]["ignored_by"].as_str().is_some_and(|who| !who.is_empty()), "{all:?}");
    answer(&home, 0, &["orphans", "unignore", &ignored]);
    answer(&home, 8, &["orphans", "unignore", &ignored]);
    let waits = || rows(&home, "orphans list", &[]).into_iter().find(|row| row["id"] == json!(ignored));
    let waits = until(SOON, waits).expect("it waits again");
    assert_eq!((&waits["why"], &waits["ignored_by"]), (&json!("creation off"), &json!(null)));

    let projects = data_source(&worlds, "Projects");
    let project = until(SOON, || pages(&worlds.notion_world(), &projects).into_keys().next()).expect("the deal's page");

    let (owner, target) = (format!("deals/{deal}"), format!("contacts/{anna}"));
    let shown = || pages(&worlds.notion_world(), &projects)[&project]["Contacts"].to_string();
    assert!(until(SOON, || rows(&home, "queue", &[]).is_empty().then_some(())).is_some());
    answer(&home, 0, &["relations", "link", &owner, "CONTACT_IDS", &target]);
    assert!(until(SOON, || shown().contains(&page).then_some(())).is_some(), "{} {}", shown(), home.logged("daemon"));
    let edge = until(SOON, || {
        let edges = rows(&home, "relations list", &[]);
        edges.into_iter().find(|row| row["target"] == target && row["pending"] == false)
    });
    let edge = edge.expect("the edge");
    assert_eq!((&edge["on_crm"], &edge["on_notion"], &edge["owner"]), (&json!(true), &json!(true), &json!(owner)));
    // A role goes by its label too.
    assert_eq!(edge["label"], "Contacts");
    answer(&home, 0, &["relations", "unlink", &owner, "contacts", &target]);
    assert!(until(SOON, || (!shown().contains(&page)).then_some(())).is_some(), "{}", home.logged("daemon"));
    answer(&home, 8, &["relations", "link", &owner, "CONTACT_IDS", "contacts/999"]);
    end(daemon, &home);
}

#[test]
fn what_a_guard_stopped_happens_once_a_script_lets_exactly_that_happen() {
    let (home, worlds) = ready(|text| text);
    let people: Vec<String> = (0..22)
        .map(|n| {
            worlds.create_record(
                "contact",
                &json!({ "NAME": "P", "LAST_NAME": format!("Nr{n}"), "EMAIL": format!("p{n}@hall.example") }),
            )
        })
        .collect();
    let first = daemon(&home);
    let contacts = data_source(&worlds, "Contacts");
    let crossed = until(SOON * 2, || (pages(&worlds.notion_world(), &contacts).len() == people.len()).then_some(()));
    assert!(crossed.is_some(), "{}", home.logged("daemon"));
    assert!(until(SOON, || rows(&home, "queue", &[]).is_empty().then_some(())).is_some());
    answer(&home, 8, &["guard", "override", "contacts", "--plan", "abc"]);
    end(first, &home);
    for (n, id) in people.iter().enumerate() {
        worlds.edit_record("contact", id, &json!({ "PHONE": format!("+49 30 {n:04}") }));
    }
    let second = daemon(&home);
    let guard = until(SOON, || rows(&home, "guard list", &[]).into_iter().next());
    let guard = guard.unwrap_or_else(|| panic!("a guard: {}", home.logged("daemon")));
    assert_eq!(guard["name"], "contacts");
    home.ask(&["guard", "override", "contacts"]).ends_with(2);
    answer(&home, 8, &["guard", "override", "contacts", "--plan", "abc"]);
    answer(&home, 0, &["guard", "override", "contacts", "--plan", guard["plan"].as_str().unwrap()]);
    let phones = || {
        pages(&worlds.notion_world(), &contacts)
            .values()
            .filter(|page| page["Phone"].to_string().contains("+49 30"))
            .count()
    };
    assert!(
        until(SOON, || (phones() == people.len()).then_some(())).is_some(),
        "{} {}",
        phones(),
        home.logged("daemon")
    );
    end(second, &home);
}
