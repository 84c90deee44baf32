//! A daemon tells a real listener and a real command what waits, and says so itself when it cannot.

use std::time::Duration;

use serde_json::json;

use crate::listener::Listener;
use crate::support::configuration::{data_source, office, write};
use crate::support::program::{Home, until};
use crate::support::worlds::{Worlds, pages};

const LONG: Duration = Duration::from_secs(60);

/// Both systems without records, and a daemon's configuration with notices.
fn ready(slack: &Listener) -> (Home, Worlds) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    let notices = "\n[notices]\nslack = { secret = \"slack\" }\ncommand = [\"/bin/sh\", \"tell.sh\"]\n";
    let text = office(&worlds).replacen("\n[timing]", &format!("{notices}\n[timing]"), 1);
    write(&home, &text);
    home.write("tell.sh", "cat >> heard.jsonl; env >> seen.env\n");
    home.secrets.push("madeupslacksecret".to_owned());
    home.ask_saying(&["secret", "set", "slack"], &slack.url).ends_with(0);
    (home, worlds)
}

/// A deal that both sides hold, and then change differently.
fn quarrel(home: &Home, worlds: &Worlds) {
    let deal = worlds.create_record("deal", &json!({ "TITLE": "Roof <!channel>", "OPPORTUNITY": 10 }));
    let projects = data_source(worlds, "Projects");
    let page = until(LONG, || {
        let all = pages(&worlds.notion_world(), &projects);
        all.into_iter().find(|(_, values)| values["Name"] == "Roof <!channel>").map(|(page, _)| page)
    });
    let page = page.unwrap_or_else(|| panic!("no page: {}", home.logged("daemon")));
    let quarrels = until(LONG, || {
        worlds.edit_record("deal", &deal, &json!({ "OPPORTUNITY": 46_211 }));
        worlds.edit_page(&page, &json!({ "Amount": 46_222 }));
        std::thread::sleep(Duration::from_millis(100));
        (home.status()["conflicts"].as_u64() > Some(0)).then_some(())
    });
    assert!(quarrels.is_some(), "{}", home.logged("daemon"));
}

#[test]
fn a_conflict_reaches_slack_and_the_command_without_a_value_or_a_secret() {
    let slack = Listener::open(&[]);
    let (home, worlds) = ready(&slack);
    let _daemon = home.start("daemon", &["run", "--yes"]);
    quarrel(&home, &worlds);
    slack.came(1, |came| {
        assert_eq!(came[0].path, "/services/T0/B0/madeupslacksecret");
        let text = came[0].text();
        assert!(text.contains("Roof &lt;!channel&gt;") && text.contains("both sides changed it"), "{text}");
        assert!(!text.contains("462") && !text.contains("madeup"), "{text}");
        home.assert_silent("Slack's message", text);
    });
    let heard =
        until(LONG, || std::fs::read_to_string(home.path().join("heard.jsonl")).ok().filter(|it| it.ends_with('\n')));
    let heard = heard.expect("the command heard nothing");
    let notice: serde_json::Value = serde_json::from_str(heard.lines().next().unwrap()).unwrap();
    assert_eq!((&notice["topic"], &notice["pair"]), (&json!("conflict"), &json!("deals")), "{heard}");
    assert!(!heard.contains("462"), "{heard}");
    let env = until(LONG, || std::fs::read_to_string(home.path().join("seen.env")).ok().filter(|it| !it.is_empty()));
    home.assert_silent("the command's environment", &env.unwrap());
    let told = until(LONG, || {
        let sinks = home.status()["sinks"].clone();
        sinks.as_array().is_some_and(|all| all.len() == 2 && all.iter().all(|it| it["sent"] == 1)).then_some(sinks)
    });
    assert!(told.is_some(), "{}", home.status()["sinks"]);
    home.assert_silent("the log", &home.logged("daemon"));
}

#[test]
fn a_dead_webhook_is_told_by_status_and_journal_and_the_sync_goes_on() {
    let slack = Listener::open(&[(404, "", "no_service")]);
    let (home, worlds) = ready(&slack);
    let _daemon = home.start("daemon", &["run", "--yes"]);
    quarrel(&home, &worlds);
    let told = until(LONG, || {
        let said = home.ask(&["status"]);
        said.stdout.contains("notices by slack: OFF: Slack says `no_service`").then_some(())
    });
    assert!(told.is_some(), "{}", home.ask(&["status"]).stdout);
    let journal = home.ask(&["journal", "--filter", "no notices go out by slack"]).ends_with(0);
    assert!(journal.stdout.contains("no_service"), "{}", journal.stdout);
    // Another kind of key would be unknown to the daemon; a new one of the same kind is found by it.
    home.write("word", "correct horse\n");
    let said = home.ask(&["secret", "rotate", "--to-passphrase-file", "word"]).ends_with(8);
    assert!(said.stderr.contains("end it first"), "{}", said.stderr);
    home.ask(&["secret", "rotate"]).ends_with(0);
    // The sync goes on.
    worlds.create_record("deal", &json!({ "TITLE": "Barn" }));
    let projects = data_source(&worlds, "Projects");
    let crossed =
        until(LONG, || pages(&worlds.notion_world(), &projects).values().any(|it| it["Name"] == "Barn").then_some(()));
    assert!(crossed.is_some(), "{}", home.logged("daemon"));
    assert_eq!(slack.count(), 1, "a dead number is called once");
}

#[test]
fn a_webhook_that_nobody_kept_stops_the_start_and_says_how_to_keep_it() {
    let slack = Listener::open(&[]);
    let (home, _worlds) = ready(&slack);
    home.ask(&["secret", "forget", "slack", "--yes"]).ends_with(0);
    let said = home.ask(&["run"]).ends_with(2);
    assert!(said.stderr.contains("crosstie secret set slack"), "{}", said.stderr);
}
