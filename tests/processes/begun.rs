//! From nothing to syncing: `init`, `check`, `plan`, `apply`, `run`, against both pretend systems, with the very file that
//! `init` writes.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;

use crate::support::configuration::data_source;
use crate::support::program::{Home, until};
use crate::support::worlds::{Worlds, pages, records};

const LONG: Duration = Duration::from_secs(120);

/// Flags for both pretend systems; their secrets are in variables with names of their own.
fn ready() -> (Home, Worlds, Vec<String>) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &[], &["--plan", "enterprise"]);
    let token = home.env.remove("CROSSTIE_NOTION_TOKEN").unwrap();
    // The webhook as the portal shows it, behind an address that is not the portal's own.
    let webhook = home.env.remove("CROSSTIE_BITRIX24_WEBHOOK").unwrap();
    let path = webhook.split_once("/rest/").unwrap().1.to_owned();
    home.env.insert("MY_TOKEN".into(), token);
    home.env.insert("MY_HOOK".into(), format!("https://portal.example/rest/{path}"));
    let flags = [
        ("--notion-token-env", "MY_TOKEN"),
        ("--notion-base-url", worlds.notion.said("base_url")),
        ("--notion-plan", "business"),
        ("--bitrix24-webhook-env", "MY_HOOK"),
        ("--bitrix24-base-url", worlds.crm.said("base_url")),
        ("--bitrix24-plan", "enterprise"),
        ("--state-dir", "state"),
    ];
    let flags = flags.iter().flat_map(|(flag, value)| [(*flag).to_owned(), (*value).to_owned()]);
    let flags = ["init".to_owned(), "--yes".to_owned()].into_iter().chain(flags).collect();
    (home, worlds, flags)
}

fn args<'a>(flags: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    flags.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

#[test]
fn what_init_writes_is_checked_planned_applied_and_kept_in_step_as_it_is() {
    let (home, worlds, flags) = ready();
    let before = worlds.changes_by_the_sync();
    let said = home.ask_within(LONG, &args(&flags, &[])).ends_with(0);
    assert_eq!(worlds.changes_by_the_sync(), before, "nothing is written to either side");
    for told in ["Contacts ↔ Contacts", "Deals ↔ Projects", "crosstie check", "CONTACT_IDS"] {
        assert!(said.stdout.contains(told), "{told}: {}", said.stdout);
    }
    let path = home.path().join("crosstie.toml");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    home.assert_silent("the configuration", &text);
    for (crm, notion) in [
        ("TITLE", "Name"),
        ("STAGE_ID", "Status"),
        ("OPPORTUNITY", "Amount"),
        ("ASSIGNED_BY_ID", "Responsible"),
        ("COMPANY_ID.TITLE", "Company"),
        ("DATE_CREATE", "Creation Date"),
        ("UF_CRM_DEADLINE", "Deadline"),
        ("CONTACT_IDS", "Contacts"),
        ("COMMENTS", "Notes"),
        ("FULL_NAME", "Name"),
        ("EMAIL", "Email"),
        ("PHONE", "Phone"),
    ] {
        assert!(text.contains(&format!("crm = \"{crm}\"\nnotion = \"{notion}\"")), "{crm}: {text}");
    }
    // Where it cannot be written is told before either side is asked for anything.
    let nobody = "http://127.0.0.1:9";
    let begin = ["init", "--yes", "--notion-token-env", "MY_TOKEN", "--notion-base-url", nobody];
    for (flag, places) in [
        ("--output", ["--output", "crosstie.toml/no.toml", "--state-dir", "state"]),
        ("--state-dir", ["--output", "no.toml", "--state-dir", "crosstie.toml/state"]),
    ] {
        let said = home.ask(&[&begin[..], &places[..]].concat()).ends_with(1);
        assert!(said.stderr.contains("it is no folder") && said.stderr.contains(flag), "{}", said.stderr);
    }
    // It is there now, and stays.
    let again = home.ask(&args(&flags, &[])).ends_with(2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    home.ask(&["check"]).ends_with(0);
    home.ask_within(LONG, &["plan", "--out", "first.plan"]).ends_with(0);
    let applied = home.ask_within(LONG, &["apply", "first.plan", "--json"]).ends_with(0).json();
    assert!(applied["done"].as_u64() > Some(0), "{applied}");
    // Whoever sets up another sync beside this one is told that this one's store would be used.
    assert!(!said.stderr.contains("holds a store already"), "{}", said.stderr);
    let beside = home.ask_within(LONG, &args(&flags, &["--output", "another.toml"])).ends_with(0);
    assert!(beside.stderr.contains("holds a store already"), "{}", beside.stderr);

    let _daemon = home.start("daemon", &["run", "--yes"]);
    let deal = worlds.create_record("deal", &json!({ "TITLE": "Walked from nothing", "OPPORTUNITY": 4711 }));
    let projects = data_source(&worlds, "Projects");
    let page = until(LONG, || {
        let all = pages(&worlds.notion_world(), &projects);
        all.into_iter().find(|(_, values)| values["Name"] == "Walked from nothing").map(|(page, _)| page)
    });
    let page = page.unwrap_or_else(|| panic!("no page came of it: {}", home.logged("daemon")));
    worlds.edit_page(&page, &json!({ "Amount": 815 }));
    let crossed = until(LONG, || {
        let all = records(&worlds.crm_world(), "deal");
        all[&deal]["OPPORTUNITY"].to_string().contains("815").then_some(())
    });
    assert!(crossed.is_some(), "the amount did not cross: {}", home.logged("daemon"));
    home.assert_silent("the log", &home.logged("daemon"));
}

#[test]
fn pairs_that_are_named_are_the_only_ones_and_what_cannot_be_met_is_told() {
    let (home, worlds, flags) = ready();
    home.ask_within(LONG, &args(&flags, &["--pair", "deals=projects", "--create", "none"])).ends_with(0);
    let text = std::fs::read_to_string(home.path().join("crosstie.toml")).unwrap();
    assert_eq!(text.matches("[[pair]]").count(), 1, "{text}");
    assert!(text.contains("create = \"none\""), "{text}");
    // The contacts are in no pair, so their relation has no other end.
    assert!(text.contains("#   Contacts: ") && !text.contains("CONTACT_IDS\"\n"), "{text}");
    home.ask(&["check"]).ends_with(0);

    let refused = |more: &[&str], code: i32, told: &str| {
        let more = [&["--output", "other.toml"], more].concat();
        let said = home.ask_within(LONG, &args(&flags, &more)).ends_with(code);
        assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
        assert!(!home.path().join("other.toml").exists());
    };
    refused(&["--pair", "invoice=Projects"], 2, "there is no CRM entity `invoice`; there are deal, contact");
    refused(&["--pair", "deal=Recipes"], 2, "it shows Contacts, Projects");
    refused(&["--pair", "deal"], 2, "write `deal=Projects`");
    refused(&["--pair", "deal=Projects", "--pair", "lead=Projects"], 2, "are a pair already");
    let id = data_source(&worlds, "Projects");
    home.ask_within(LONG, &args(&flags, &["--pair", &format!("deal={id}"), "--force"])).ends_with(0);
    // As a link has it.
    let bare = id.replace('-', "").to_uppercase();
    home.ask_within(LONG, &args(&flags, &["--pair", &format!("deal={bare}"), "--force"])).ends_with(0);
    // A secret in the place of a variable's name is not told on.
    let slip = ["init", "--yes", "--force", "--notion-token-env", "ntn_0123456789abcdefghijklmnopqrstuv"];
    let said = home.ask_within(LONG, &slip).ends_with(2);
    assert!(said.stderr.contains("takes the name of a variable"), "{}", said.stderr);
    assert!(!said.stderr.contains("ntn_"), "{}", said.stderr);
}

#[test]
fn secrets_that_are_sealed_already_are_named_and_used() {
    let (mut home, worlds, _) = ready();
    // Both under the names that `init` gives them, in the state folder that it is told.
    let state = home.path().join(".local/state/crosstie");
    home.ask_saying(&["secret", "set", "notion"], &home.env["MY_TOKEN"]).ends_with(0);
    home.ask_saying(&["secret", "set", "bitrix24"], &home.env["MY_HOOK"]).ends_with(0);
    assert!(state.join("secrets.bin").is_file());
    home.env.clear();
    let bases =
        ["--notion-base-url", worlds.notion.said("base_url"), "--bitrix24-base-url", worlds.crm.said("base_url")];
    home.ask_within(LONG, &[&["init", "--yes", "--pair", "deal=Projects"][..], &bases].concat()).ends_with(0);
    let text = std::fs::read_to_string(home.path().join("crosstie.toml")).unwrap();
    assert!(text.contains("token = { secret = \"notion\" }") && text.contains("{ secret = \"bitrix24\" }"), "{text}");
    home.ask(&["check"]).ends_with(0);
}

#[test]
fn a_data_source_without_a_marker_gets_one_and_the_file_compiles() {
    let (home, worlds, flags) = ready();
    let contacts = data_source(&worlds, "Contacts");
    let properties = json!({ "CRM ID": null });
    worlds.ask_notion("PATCH", &format!("/v1/data_sources/{contacts}"), &json!({ "properties": properties }));
    let said = home.ask_within(LONG, &args(&flags, &["--pair", "contact=Contacts"])).ends_with(0);
    assert!(said.stdout.contains("Added the text property `CRM ID` to Contacts"), "{}", said.stdout);
    home.ask(&["check"]).ends_with(0);
}

#[test]
fn without_a_terminal_nothing_is_asked_and_a_wrong_secret_names_the_system() {
    let (mut home, worlds, flags) = ready();
    let unasked: Vec<&str> = flags.iter().map(String::as_str).filter(|flag| *flag != "--yes").collect();
    let said = home.ask_saying(&unasked, "y\ny\n").ends_with(2);
    assert!(said.stderr.contains("no terminal") && said.stderr.contains("--yes"), "{}", said.stderr);
    let said = home.ask(&["init", "--yes"]).ends_with(2);
    assert!(said.stderr.contains("--notion-token-env"), "{}", said.stderr);
    home.env.insert("MY_TOKEN".into(), "ntn_wrongwrongwrong".into());
    home.secrets.push("ntn_wrongwrongwrong".into());
    let said = home.ask(&args(&flags, &[])).ends_with(5);
    assert!(said.stderr.contains("Notion"), "{}", said.stderr);
    home.env.insert("MY_TOKEN".into(), worlds.notion.said("token").to_owned());
    home.env.insert("MY_HOOK".into(), "no address".into());
    home.ask(&args(&flags, &[])).ends_with(5);
    assert!(!home.path().join("crosstie.toml").exists());
}

#[test]
fn an_application_is_let_in_from_flags_and_the_file_that_is_written_syncs() {
    let (mut home, worlds, _) = ready();
    let installed = worlds.crm_door("install", &json!({}));
    let said = |key: &str| installed[key].as_str().unwrap().to_owned();
    home.env.remove("MY_HOOK");
    home.env.insert("MY_SECRET".into(), said("client_secret"));
    home.secrets.extend(["client_secret", "application_token", "access_token", "refresh_token"].map(said));
    let id = said("client_id");
    let flags = [
        &["init", "--yes", "--state-dir", "state", "--notion-token-env", "MY_TOKEN", "--pair", "deal=Projects"][..],
        &["--notion-base-url", worlds.notion.said("base_url"), "--notion-plan", "business"],
        &["--bitrix24-base-url", worlds.crm.said("base_url"), "--bitrix24-plan", "enterprise"],
        &["--bitrix24-client-id", &id, "--bitrix24-portal", "crosstie.bitrix24.com"],
        &["--bitrix24-client-secret-env", "MY_SECRET"],
    ];
    let flags = flags.concat();
    // Nobody let it in, and there is nobody to ask.
    let unasked = home.ask_within(LONG, &flags).ends_with(2);
    assert!(unasked.stderr.contains("--bitrix24-code"), "{}", unasked.stderr);
    let wrong = home.ask_within(LONG, &[&flags[..], &["--bitrix24-code", "madeupcode"]].concat()).ends_with(5);
    assert!(wrong.stderr.contains("good for 30 seconds"), "{}", wrong.stderr);
    assert!(!home.path().join("crosstie.toml").exists());
    let code = worlds.crm_door("authorize", &json!({}))["code"].as_str().unwrap().to_owned();
    home.secrets.push(code.clone());
    let done = home.ask_within(LONG, &[&flags[..], &["--bitrix24-code", &code]].concat()).ends_with(0);
    assert!(done.stdout.contains("lets us in as an application"), "{}", done.stdout);
    let text = std::fs::read_to_string(home.path().join("crosstie.toml")).unwrap();
    home.assert_silent("the configuration", &text);
    assert!(text.contains("client_secret = { env = \"MY_SECRET\" }") && text.contains(&id), "{text}");
    // What was sealed opens it again without a code, and the file is good for everything else.
    home.ask_within(LONG, &[&flags[..], &["--force"]].concat()).ends_with(0);
    home.ask_within(LONG, &["check"]).ends_with(0);
    let _daemon = home.start("daemon", &["run", "--yes"]);
    worlds.create_record("deal", &json!({ "TITLE": "By an application", "OPPORTUNITY": 4711 }));
    let projects = data_source(&worlds, "Projects");
    let crossed = until(LONG, || {
        let all = pages(&worlds.notion_world(), &projects);
        all.into_iter().find(|(_, values)| values["Name"] == "By an application")
    });
    assert!(crossed.is_some(), "no page came of it: {}", home.logged("daemon"));
    home.assert_silent("the log", &home.logged("daemon"));
}
