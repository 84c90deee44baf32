//! An operator at a dashboard over a running daemon: what their keys do to both systems.

use serde_json::json;

use crate::listener::Listener;
use crate::screen::{PATIENCE, Start, Term};
use crate::worlds::{Workspace, private, wait, wait_equal};

fn attached(workspace: &Workspace) -> Term {
    let term = Term::start(&Start { size: (100, 30), ..Start::new(workspace.home.path(), &[]) });
    let screen = term.wait("attached to the running daemon");
    assert!(screen.contains("live"), "it is no demo:\n{screen}");
    term
}

/// Types the filter of a page and waits for its row.
fn find(term: &mut Term, page: &str, text: &str) -> String {
    term.keys(page);
    term.keys(&format!("/{text}\r"));
    term.until(&format!("a row with {text:?}"), |screen| {
        screen.lines().any(|line| line.starts_with('▸') && line.contains(text))
    })
}

/// A bridge in the CRM and the page that the daemon makes of it.
fn bridge(workspace: &Workspace) -> (String, String) {
    let deal = workspace.crm_create("deal", json!({"TITLE": "Bridge", "COMMENTS": "two lanes"}));
    let page = workspace.page_of("Bridge");
    wait_equal(&json!("two lanes"), || workspace.page_value(&page, "Notes"));
    (deal, page)
}

#[test]
fn a_conflict_is_found_and_the_side_that_the_operator_forces_wins_on_both_sides() {
    let workspace = Workspace::new();
    let mut daemon = workspace.daemon();
    let (deal, page) = bridge(&workspace);
    // Notion's text rests for two seconds before it may be written: the CRM's comes in between.
    workspace.page_edit(&page, json!({"Notes": "four lanes"}));
    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "three lanes"}));

    let mut term = attached(&workspace);
    term.wait("1 conflict");
    let screen = find(&mut term, "2", "Bridge");
    for text in ["two lanes", "three lanes", "four lanes"] {
        assert!(screen.contains(text), "both values and the base are shown:\n{screen}");
    }
    term.keys("f");
    term.wait("take Notion");
    term.step("n", "1 staged: 1 Notion");
    assert_eq!(workspace.crm_value("deal", &deal, "COMMENTS"), "three lanes", "a pick is local");
    let screen = term.step("w", "Cancel");
    assert!(screen.contains("four lanes"), "the question says what will be written:\n{screen}");
    term.confirm();
    wait_equal(&json!("four lanes"), || workspace.crm_value("deal", &deal, "COMMENTS"));
    assert_eq!(workspace.page_value(&page, "Notes"), "four lanes");
    term.wait("0 conflicts");
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.assert_restored();

    assert!(daemon.lives(), "the daemon goes on without its dashboard");
    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "five lanes"}));
    wait_equal(&json!("five lanes"), || workspace.page_value(&page, "Notes"));
}

#[test]
fn a_question_that_is_answered_with_escape_or_enter_changes_nothing() {
    let workspace = Workspace::new();
    let _daemon = workspace.daemon();
    let (deal, page) = bridge(&workspace);
    workspace.page_edit(&page, json!({"Notes": "four lanes"}));
    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "three lanes"}));
    let mut term = attached(&workspace);
    term.wait("1 conflict");
    find(&mut term, "2", "Bridge");
    for no in ["\x1b", "\r", "n"] {
        term.keys("f");
        term.wait("take CRM");
        term.step("c", "1 staged: 1 CRM");
        term.step("w", "Cancel");
        term.armed();
        term.keys(no);
        term.wait_gone("Cancel");
    }
    term.step("6", "what");
    let screen = term.wait("held");
    assert!(!screen.contains("decided"), "nothing was decided:\n{screen}");
    assert_eq!(workspace.page_value(&page, "Notes"), "four lanes");
    assert_eq!(workspace.crm_value("deal", &deal, "COMMENTS"), "three lanes");
    // Whoever leaves with something staged is asked.
    term.step("q", "not committed");
    term.armed();
    term.keys("y");
    assert_eq!(term.end(), 0);
}

#[test]
fn a_merged_value_that_the_operator_types_is_written_to_both_sides() {
    let workspace = Workspace::new();
    let _daemon = workspace.daemon();
    let (deal, page) = bridge(&workspace);
    workspace.page_edit(&page, json!({"Notes": "four lanes"}));
    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "three lanes"}));
    let mut term = attached(&workspace);
    term.wait("1 conflict");
    find(&mut term, "2", "Bridge");
    let screen = term.step("e", "merged from");
    assert!(screen.contains("CRM    three lanes") && screen.contains("Notion four lanes"), "{screen}");
    term.keys(", then four");
    term.wait("three lanes, then four");
    term.step("\x0f", "1 staged: 1 edited");
    let screen = term.step("w", "Cancel");
    assert!(screen.contains("three lanes, then four"), "{screen}");
    term.confirm();
    let merged = json!("three lanes, then four");
    wait_equal(&merged, || workspace.crm_value("deal", &deal, "COMMENTS"));
    wait_equal(&merged, || workspace.page_value(&page, "Notes"));
    term.wait("0 conflicts");
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn an_orphan_is_linked_to_the_counterpart_that_the_operator_chooses() {
    let workspace = Workspace::new();
    let grace =
        workspace.crm_create("contact", json!({"NAME": "Grace", "LAST_NAME": "Hopper", "EMAIL": "grace@navy.example"}));
    let page = workspace.page_create("Contacts", json!({"Name": "Grace Hopper", "Email": "hopper@yale.example"}));
    let _daemon = workspace.daemon();
    let mut term = attached(&workspace);
    term.wait("2 orphans");
    term.step("3", "like it");
    term.until("the page's row", |screen| screen.lines().any(|line| line.contains("Notion") && line.contains("Grace")));
    let on_page = |screen: &str| screen.lines().any(|line| line.starts_with('▸') && line.contains("Notion"));
    if !on_page(&term.with(vt100::Screen::contents)) {
        term.keys("j");
        term.until("the cursor on the page", on_page);
    }
    term.keys("l");
    term.wait("search:");
    term.keys("Grace");
    term.until("the CRM's record", |screen| screen.contains("grace@navy.example"));
    term.step("\r", "Cancel");
    term.confirm();
    wait_equal(&json!(grace), || workspace.page_value(&page, "CRM ID"));
    term.wait("0 orphans");
    // They have never agreed on the address: that is asked, not guessed.
    let screen = find(&mut term, "2", "Email");
    assert!(screen.contains("hopper@yale.example"), "{screen}");
    term.step("c", "1 staged: 1 CRM");
    term.step("w", "Cancel");
    term.confirm();
    wait_equal(&json!("grace@navy.example"), || workspace.page_value(&page, "Email"));
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn a_contact_is_linked_to_a_project_on_both_sides() {
    let workspace = Workspace::new();
    let ada =
        workspace.crm_create("contact", json!({"NAME": "Ada", "LAST_NAME": "Byron", "EMAIL": "ada@lace.example"}));
    let ada_page = workspace.page_create("Contacts", json!({"Name": "Ada Byron", "Email": "ada@lace.example"}));
    let _daemon = workspace.daemon();
    let (deal, page) = bridge(&workspace);
    wait_equal(&json!(ada), || workspace.page_value(&ada_page, "CRM ID"));

    let mut term = attached(&workspace);
    find(&mut term, "4", "Bridge");
    term.step("l", "search:");
    // In one go, as quick hands do: enter means what the name will find.
    let screen = term.step("Ada\r", "Cancel");
    assert!(screen.contains("Ada Byron"), "{screen}");
    term.confirm();
    wait_equal(&json!([ada]), || workspace.crm_value("deal", &deal, "CONTACT_IDS"));
    wait_equal(&json!([ada_page]), || workspace.page_value(&page, "Contacts"));
    term.until("the edge on both sides", |screen| {
        screen.lines().any(|line| line.contains("Bridge") && line.contains("Ada Byron") && line.contains("both sides"))
    });
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn a_dashboard_whose_daemon_was_killed_says_so_and_can_be_used_to_read_and_left() {
    let workspace = Workspace::new();
    let mut daemon = workspace.daemon();
    bridge(&workspace);
    let mut term = attached(&workspace);
    term.wait("1 ties");
    daemon.kill();
    term.wait("NOT LIVE");
    for (page, heading) in [("2", "record"), ("6", "what"), ("1", "pair")] {
        let screen = term.step(page, heading);
        assert!(screen.contains("NOT LIVE"), "every page says it:\n{screen}");
    }
    term.wait("Nothing here changes until the engine is back");
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.assert_restored();
}

#[test]
fn a_dashboard_goes_live_again_with_the_daemon_and_keeps_what_was_picked_and_still_fits() {
    let workspace = Workspace::new();
    let mut daemon = workspace.daemon();
    let (deal, page) = bridge(&workspace);
    workspace.page_edit(&page, json!({"Notes": "four lanes"}));
    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "three lanes"}));
    let mut term = attached(&workspace);
    term.wait("1 conflict");
    find(&mut term, "2", "Bridge");
    term.keys("f");
    term.wait("take Notion");
    term.step("n", "1 staged: 1 Notion");
    daemon.kill();
    term.wait("NOT LIVE");
    let _again = workspace.daemon();
    term.wait_gone("NOT LIVE");
    term.wait("connected again");
    term.wait("1 staged: 1 Notion");
    // What comes from here on is the new engine's, and the pick goes out as it was meant.
    term.step("w", "Cancel");
    term.confirm();
    wait_equal(&json!("four lanes"), || workspace.crm_value("deal", &deal, "COMMENTS"));
    term.wait("0 conflicts");
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn a_second_dashboard_attaches_to_the_engine_inside_the_first_and_each_names_its_workspace() {
    let workspace = Workspace::new();
    let config = workspace.home.path().join("crosstie.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, format!("name = \"acme\"\n{}", text.replace("[timing]", "[timing]\nreview = false")))
        .expect("a file");
    let start = Start { size: (100, 30), ..Start::new(workspace.home.path(), &[]) };
    let mut first = Term::start(&start);
    let screen = first.wait("the sync runs inside this dashboard and ends with it");
    assert!(screen.contains("live acme"), "{screen}");
    let mut second = Term::start(&start);
    let screen = second.wait("attached to the sync inside another dashboard");
    let status = workspace.says(&["status"]);
    assert!(status.contains("by the sync inside a dashboard (process "), "{status}");
    assert!(screen.contains("live acme"), "{screen}");

    // Both see the same conflict, and what the second decides is written by the first's engine.
    let (deal, page) = bridge(&workspace);
    workspace.page_edit(&page, json!({"Notes": "four lanes"}));
    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "three lanes"}));
    first.wait("1 conflict");
    second.wait("1 conflict");
    find(&mut second, "2", "Bridge");
    second.keys("f");
    second.wait("take Notion");
    second.step("n", "1 staged: 1 Notion");
    second.step("w", "Cancel");
    second.confirm();
    wait_equal(&json!("four lanes"), || workspace.crm_value("deal", &deal, "COMMENTS"));
    first.wait("0 conflicts");

    // A window that closes takes nothing with it; the one with the engine does, and the other says so.
    second.keys("q");
    assert_eq!(second.end(), 0);
    let mut third = Term::start(&start);
    third.wait("attached to the sync inside another dashboard");
    first.step("q", "The sync runs inside this dashboard and ends with it.");
    first.keys("\x1b");
    first.wait_gone("Cancel");
    first.step("q", "Cancel");
    first.armed();
    first.keys("y");
    assert_eq!(first.end(), 0);
    third.wait("NOT LIVE");
    third.wait("the dashboard that the sync was in has ended");
    third.keys("q");
    assert_eq!(third.end(), 0);
    assert!(!workspace.home.path().join("state/desk.sock").exists(), "the socket is taken away");
}

#[test]
fn whoever_watches_without_a_screen_hears_one_line_a_change() {
    use std::io::{BufRead, BufReader};
    let workspace = Workspace::new();
    let _daemon = workspace.daemon();
    let (deal, page) = bridge(&workspace);
    let mut watching = workspace.watch();
    let lines = BufReader::new(watching.out()).lines();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let heard = |wanted: &str| {
        loop {
            let line = told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nobody says {wanted:?}"));
            assert!(!line.chars().any(|c| c.is_control() || ('\u{2500}'..'\u{2600}').contains(&c)), "no boxes: {line}");
            if line.contains(wanted) {
                return line;
            }
        }
    };
    heard("0 conflicts wait.");
    workspace.page_edit(&page, json!({"Notes": "four lanes"}));
    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "three lanes"}));
    let line = heard("1 conflict waits.");
    assert!(line.starts_with("20") && line.contains("Z "), "a line says when: {line}");
}

#[test]
fn a_read_only_dashboard_without_a_daemon_writes_to_neither_side_nor_to_the_store() {
    let workspace = Workspace::new();
    let mut daemon = workspace.daemon();
    let (deal, page) = bridge(&workspace);
    daemon.kill();
    let store = || std::fs::read(workspace.home.path().join("state/sled/db")).expect("the store's file");
    let before = store();

    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "three lanes"}));
    let start = Start::new(workspace.home.path(), &["--read-only"]);
    let mut term = Term::start(&Start { size: (100, 30), ..start });
    term.wait("nothing is written anywhere");
    term.wait("READ-ONLY");
    term.keys("6");
    term.wait("three lanes");
    // By the time that it has seen one edit more it would have written the first.
    workspace.crm_edit("deal", &deal, json!({"COMMENTS": "four lanes"}));
    term.wait("four lanes");
    assert_eq!(workspace.page_value(&page, "Notes"), "two lanes");
    term.keys("q");
    assert_eq!(term.end(), 0);
    assert!(before == store(), "nothing was remembered");

    let _daemon = workspace.daemon();
    wait_equal(&json!("four lanes"), || workspace.page_value(&page, "Notes"));
}

#[test]
fn a_dashboard_that_runs_the_sync_itself_tells_people_too() {
    let slack = Listener::open(&[]);
    let place = Workspace::new();
    let path = place.home.path().join("crosstie.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let notices = "[notices]\nslack = { file = \"slack\" }\ncommand = [\"/bin/sh\", \"tell.sh\"]\n\n[timing]";
    std::fs::write(&path, text.replacen("[timing]", notices, 1)).unwrap();
    private(&place.home.path().join("slack"), &slack.url);
    std::fs::write(place.home.path().join("tell.sh"), "cat >> heard.jsonl\n").unwrap();
    place.crm_create("deal", json!({ "TITLE": "Roof" }));
    let mut term = Term::start(&Start::new(place.home.path(), &[]));
    // The first matching waits for an approval: nobody else would tell.
    slack.came(1, |came| assert!(came[0].text().contains("waits for its first approval"), "{}", came[0].text()));
    let heard = place.home.path().join("heard.jsonl");
    let heard = wait("the command's notice", || std::fs::read_to_string(&heard).ok().filter(|it| it.ends_with('\n')));
    assert!(heard.contains("\"topic\":\"stopped\""), "{heard}");
    term.wait("1 Over");
    term.step("q", "The sync runs inside this dashboard");
    term.armed();
    term.keys("y");
    assert_eq!(term.end(), 0);
}
