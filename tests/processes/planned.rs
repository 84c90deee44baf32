//! A plan is made without any effect, and carried out only as far as it still holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::support::configuration::{data_source, office, write};
use crate::support::program::{Home, until};
use crate::support::worlds::{Worlds, pages, records};

const LONG: Duration = Duration::from_secs(240);

/// Every file below a folder, with the hash of its bytes.
fn bytes_of(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes_of(&path));
            found.insert(path.display().to_string(), "a folder".to_owned());
        } else if !path.file_name().unwrap().to_string_lossy().starts_with("asked.") {
            let hash = Sha256::digest(std::fs::read(&path).unwrap());
            found.insert(path.display().to_string(), format!("{hash:?}"));
        }
    }
    found
}

fn ready() -> (Home, Worlds) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &[], &[]);
    write(&home, &office(&worlds));
    std::fs::create_dir(home.path().join("tmp")).unwrap();
    home.env.insert("TMPDIR".into(), home.path().join("tmp").display().to_string());
    (home, worlds)
}

#[test]
fn a_plan_that_is_ended_leaves_no_copy_of_the_store_behind() {
    let (home, worlds) = ready();
    // A system that takes every question and answers none.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", nobody.local_addr().unwrap());
    write(&home, &office(&worlds).replace(worlds.notion.said("base_url"), &silent));
    let tmp = home.path().join("tmp");
    let left = || std::fs::read_dir(&tmp).unwrap().count();
    let mut plan = home.start("plan", &["plan"]);
    // The whole copy is there, and an engine has it.
    let begun = || std::fs::read_dir(&tmp).unwrap().any(|entry| entry.unwrap().path().join("lock").exists());
    assert!(until(LONG, || begun().then_some(())).is_some(), "{}", home.logged("plan"));
    plan.terminate();
    assert_eq!((plan.ended_within(LONG), left()), (Some(143), 0), "{}", home.logged("plan"));
}

fn outcomes(told: &Json) -> BTreeMap<String, String> {
    let rows = told["rows"].as_array().unwrap().iter();
    let text = |row: &Json, key: &str| row[key].as_str().unwrap().to_owned();
    rows.map(|row| {
        let key = format!("{}/{}/{}/{}", text(row, "pair"), text(row, "side"), text(row, "op"), text(row, "record"));
        (key, text(row, "outcome"))
    })
    .collect()
}

#[test]
fn a_plan_changes_not_one_byte_and_what_moved_since_is_not_written() {
    let (home, worlds) = ready();
    let before = bytes_of(home.path());
    let plan = home.ask_within(LONG, &["plan", "--json"]).ends_with(0).json();
    assert_eq!(bytes_of(home.path()), before, "a plan left something behind");
    assert_eq!(worlds.changes_by_the_sync(), 0);
    assert!(plan["pairs"].as_array().unwrap().iter().any(|pair| pair["sure"].as_u64() > Some(0)), "{}", plan["pairs"]);
    let steps = plan["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["op"] == "create"), "{steps:?}");

    // Text and file say the same as the JSON; what lay there for everybody to read is its owner's alone now.
    std::fs::write(home.path().join("first.plan"), "").unwrap();
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(home.path().join("first.plan"), everybody).unwrap();
    let said = home.ask_within(LONG, &["plan", "--details", "--out", "first.plan"]).ends_with(0);
    assert!(said.stdout.contains("match sure") && said.stdout.contains("create in"), "{}", said.stdout);
    let path = home.path().join("first.plan");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    let file: Json = serde_json::from_str(&text).unwrap();
    let keys = |steps: &Json| -> Vec<String> {
        steps
            .as_array()
            .unwrap()
            .iter()
            .map(|step| format!("{}{}{}", step["op"], step["record"], step["digest"]))
            .collect()
    };
    assert_eq!(keys(&file["steps"]), keys(&plan["steps"]));

    let before = bytes_of(home.path());
    let dry = home.ask_within(LONG, &["apply", "first.plan", "--dry-run", "--json"]).ends_with(0).json();
    assert_eq!(dry["done"], steps.len());
    assert_eq!(bytes_of(home.path()), before, "a dry run left something behind");
    assert_eq!(worlds.changes_by_the_sync(), 0);

    let tampered = text.replacen("\"op\": \"create\"", "\"op\": \"update\"", 1);
    home.write("tampered.plan", &tampered);
    let said = home.ask(&["apply", "misspelled.plan"]).ends_with(2);
    assert!(said.stderr.contains("no such file") && said.stderr.contains("crosstie plan --out"), "{}", said.stderr);
    let said = home.ask(&["apply", "tampered.plan"]).ends_with(2);
    assert!(said.stderr.contains("checksum"), "{}", said.stderr);

    // Somebody edits a contact that was to be created in Notion.
    let create = steps.iter().find(|it| it["op"] == "create" && it["pair"] == "contacts" && it["side"] == "notion");
    let record = create.expect("a contact to be created")["record"].as_str().unwrap();
    worlds.edit_record("contact", record, &json!({ "LAST_NAME": "Moved-Since" }));
    let dry = home.ask_within(LONG, &["apply", "first.plan", "--dry-run", "--json"]).ends_with(8).json();
    let moved = format!("contacts/notion/create/{record}");
    assert_eq!(outcomes(&dry)[&moved], "moved");

    let applied = home.ask_within(LONG, &["apply", "first.plan", "--json"]).ends_with(8).json();
    let became = outcomes(&applied);
    assert_eq!(became[&moved], "moved", "{applied}");
    let others: Vec<_> = became.iter().filter(|(key, became)| **key != moved && *became != "done").collect();
    assert!(others.is_empty(), "{others:?}");
    let contacts = data_source(&worlds, "Contacts");
    let written = pages(&worlds.notion_world(), &contacts);
    assert!(!written.values().any(|page| page.to_string().contains("Moved-Since")), "it was created all the same");
    assert!(records(&worlds.crm_world(), "contact")[record].to_string().contains("Moved-Since"));
    let wrote = worlds.changes_by_the_sync();
    assert!(wrote >= became.len() - 1, "{wrote}");
    // What is to be done only now is counted, and the next plan is that, and what has moved.
    let next = home.ask_within(LONG, &["plan", "--json"]).ends_with(0).json();
    let next = next["steps"].as_array().unwrap().len();
    assert!(next > 0 && applied["following"] == next, "{next} steps, and {} were told", applied["following"]);

    // With a store there, a plan leaves that as it is too; and it does not plan again what was done.
    let before = bytes_of(home.path());
    let again = home.ask_within(LONG, &["plan", "--json"]).ends_with(0).json();
    assert_eq!(bytes_of(home.path()), before, "a plan changed the store");
    assert_eq!(worlds.changes_by_the_sync(), wrote);
    let left: Vec<&str> = again["steps"].as_array().unwrap().iter().map(|step| step["op"].as_str().unwrap()).collect();
    assert_eq!(left.iter().filter(|op| **op == "create").count(), 1, "{again}");
}

#[test]
fn a_plan_is_not_made_beside_a_daemon() {
    let (home, _worlds) = ready();
    let daemon = home.start("daemon", &["run"]);
    let socket = home.path().join("state/desk.sock");
    assert!(until(Duration::from_secs(30), || socket.exists().then_some(())).is_some());
    for command in [&["plan"][..], &["apply", "x.plan"]] {
        home.write("x.plan", "{}");
        let said = home.ask(command);
        let code = if command[0] == "plan" { 4 } else { 2 };
        assert_eq!(said.code, code, "{said:?}");
    }
    drop(daemon);
}

/// Deals that both sides hold, brought there by a daemon that has ended: their ids and pages.
pub fn in_step(home: &Home, worlds: &Worlds, titles: &[&str]) -> BTreeMap<String, (String, String)> {
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    let mut made: BTreeMap<String, String> = BTreeMap::new();
    for title in titles {
        made.insert((*title).to_owned(), worlds.create_record("deal", &json!({ "TITLE": title, "OPPORTUNITY": "10" })));
    }
    let projects = data_source(worlds, "Projects");
    let crossed = until(LONG, || {
        let pages = pages(&worlds.notion_world(), &projects);
        let page = |title: &str| pages.iter().find(|(_, page)| page["Name"] == title).map(|(id, _)| id.clone());
        let found: Option<BTreeMap<String, (String, String)>> =
            made.iter().map(|(title, deal)| Some((title.clone(), (deal.clone(), page(title)?)))).collect();
        found.filter(|_| home.ask(&["queue", "--json"]).ends_with(0).json()["total"] == 0)
    });
    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", home.logged("daemon"));
    crossed.unwrap_or_else(|| panic!("no pages: {}", home.logged("daemon")))
}

#[test]
fn what_moved_in_notion_or_was_decided_after_the_plan_is_not_written_and_both_sides_of_a_record_are() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    let [anna, ben] = ["Anna", "Ben"].map(|name| {
        let mail = format!("{name}@hall.example");
        worlds.create_record("contact", &json!({ "NAME": name, "LAST_NAME": "Weber", "EMAIL": mail }))
    });
    let deals = in_step(&home, &worlds, &["Roof", "Barn", "Gate", "Well"]);
    let id = |title: &str| deals[title].0.as_str();
    let page = |title: &str| deals[title].1.as_str();
    let amount = |title: &str, amount: &str| worlds.edit_record("deal", id(title), &json!({ "OPPORTUNITY": amount }));
    amount("Roof", "11");
    amount("Gate", "31");
    // Of one record either side was edited: two operations of one plan.
    amount("Well", "41");
    worlds.edit_page(page("Well"), &json!({ "Name": "Deep well" }));

    let link = |contact: &str| {
        let (owner, target) = (format!("deals/{}", id("Barn")), format!("contacts/{contact}"));
        home.ask(&["relations", "link", &owner, "CONTACT_IDS", &target, "--json"]).ends_with(0);
    };
    link(&anna);
    let op = |side: &str, title: &str| format!("deals/{side}/update/{}", id(title));
    let wanted =
        [op("notion", "Roof"), op("notion", "Barn"), op("notion", "Gate"), op("notion", "Well"), op("crm", "Well")];
    let planned = until(LONG, || {
        let plan = home.ask_within(LONG, &["plan", "--out", "first.plan", "--json"]).ends_with(0).json();
        let text = |step: &Json, key: &str| step[key].as_str().unwrap().to_owned();
        let steps: std::collections::BTreeSet<String> = plan["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| format!("{}/{}/{}/{}", text(it, "pair"), text(it, "side"), text(it, "op"), text(it, "record")))
            .collect();
        wanted.iter().all(|op| steps.contains(op)).then_some(())
    });
    assert!(planned.is_some(), "not everything is planned");

    worlds.edit_page(page("Roof"), &json!({ "Amount": 99 }));
    // What an operator decided is another thing now, although nothing has moved on either side.
    link(&ben);
    let applied = home.ask_within(LONG, &["apply", "first.plan", "--json"]).ends_with(8).json();
    let became = outcomes(&applied);
    let expected = ["moved", "moved", "done", "done", "done"];
    let found: Vec<&str> = wanted.iter().map(|op| became[op].as_str()).collect();
    assert_eq!(found, expected, "{applied}");
    let (crm, notion) =
        (records(&worlds.crm_world(), "deal"), pages(&worlds.notion_world(), &data_source(&worlds, "Projects")));
    let shows = |title: &str| {
        let number = |value: &Json| value.to_string().trim_matches('"').parse::<f64>().unwrap();
        (number(&crm[id(title)]["OPPORTUNITY"]), number(&notion[page(title)]["Amount"]))
    };
    assert_eq!(["Roof", "Barn", "Gate", "Well"].map(shows), [(11.0, 99.0), (10.0, 10.0), (31.0, 31.0), (41.0, 41.0)]);
    let contacts = pages(&worlds.notion_world(), &data_source(&worlds, "Contacts"));
    assert_eq!(contacts.len(), 2);
    let linked = notion[page("Barn")]["Contacts"].to_string();
    assert!(!contacts.keys().any(|contact| linked.contains(contact.as_str())), "{linked}");
    assert_eq!(crm[id("Well")]["TITLE"], "Deep well");
}

#[test]
fn a_template_a_mapping_and_the_counts_of_a_first_matching_are_preconditions_too() {
    let (home, worlds) = ready();
    let text = format!("{}\n[pair.page]\ntemplate = \"deal.md\"\n", office(&worlds));
    write(&home, &text);
    home.write("deal.md", "# One\n");
    home.ask_within(LONG, &["plan", "--out", "first.plan"]).ends_with(0);
    home.ask_within(LONG, &["plan", "--out", "first.plan"]).ends_with(0);
    let said = home.ask_within(LONG, &["plan", "--out", "crosstie.toml"]).ends_with(1);
    assert!(said.stderr.contains("a file that is no plan"), "{}", said.stderr);
    assert_eq!(std::fs::read_to_string(home.path().join("crosstie.toml")).unwrap(), text);
    let dry = |code: i32| {
        let told = home.ask_within(LONG, &["apply", "first.plan", "--dry-run", "--json"]).ends_with(code).json();
        outcomes(&told)
    };
    let all = |became: &BTreeMap<String, String>, begins: &str, wanted: &str| {
        let those: Vec<_> = became.iter().filter(|(key, _)| key.starts_with(begins)).collect();
        assert!(!those.is_empty() && those.iter().all(|(_, it)| *it == wanted), "{begins} {wanted}: {those:?}");
    };
    all(&dry(0), "", "done");

    home.write("deal.md", "# Two\n");
    let became = dry(8);
    all(&became, "deals/notion/create/", "moved");
    all(&became, "contacts/", "done");
    home.write("deal.md", "# One\n");

    let field = "notion = \"Amount\"";
    write(&home, &text.replace(field, &format!("{field}\ndirection = \"crm-to-notion\"")));
    let became = dry(8);
    all(&became, "deals/notion/create/", "moved");
    all(&became, "contacts/", "done");
    write(&home, &text);

    worlds.create_record("contact", &json!({ "NAME": "Nora", "LAST_NAME": "Newcomer", "EMAIL": "nora@hall.example" }));
    let became = dry(8);
    all(&became, "contacts/", "moved");
    all(&became, "deals/notion/create/", "done");
}
