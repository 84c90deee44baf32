//! The program on recorded Notion objects: real schemas, real pages, real ids, served by the pretend Notion.
//!
//! The folder of recordings is named by `CROSSTIE_RECORDED`. Without it the test says that it is skipped, and checks
//! nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]

#[path = "../processes/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use support::configuration::write;
use support::program::{Home, until};
use support::worlds::{Worlds, pages, records};

/// The configuration that is kept beside this test, for trying by hand.
const CONFIGURATION: &str = include_str!("crosstie.toml");
const ITEMS: &str = "6804d25f-0b33-46bf-9d2c-0304cd5bbdfe";
const PEOPLE: &str = "3839ce7b-60a4-8180-9ad3-000ba3a62e53";
/// A page of the recordings: Khaki pants, 25, S.
const RECORDED: &str = "38c9ce7b-60a4-8186-b51f-ce28be392a4a";

#[test]
fn recorded_pages_become_deals_and_edits_go_both_ways() {
    let Some(recordings) = std::env::var_os("CROSSTIE_RECORDED") else {
        println!("skipped: CROSSTIE_RECORDED does not name a folder of recordings");
        return;
    };
    let recordings = recordings.into_string().unwrap();
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--world", &recordings], &["--empty"]);
    let state = home.path().join("state");
    let configuration = CONFIGURATION
        .replace("/tmp/crosstie-recorded/state", state.to_str().unwrap())
        .replace("http://127.0.0.1:7801", worlds.notion.said("base_url"));
    write(&home, &configuration);
    let recorded = pages(&worlds.notion_world(), ITEMS);
    assert_eq!(recorded[RECORDED], json!({ "Name": "Khaki pants", "Price": "25", "Size": "S" }));

    // The recorded data sources know nothing of a sync yet.
    let said = home.ask(&["check"]).ends_with(3);
    assert_eq!(said.stdout.lines().filter(|line| line.starts_with("MEND")).count(), 2, "{}", said.stdout);
    home.ask(&["check", "--create-properties"]).ends_with(0);
    for (source, title) in [(ITEMS, "Name"), (PEOPLE, "Name")] {
        let world = worlds.notion_world();
        let all = world["data_sources"].as_array().unwrap().clone();
        let schema = &all.iter().find(|one| one["id"] == source).unwrap()["schema"];
        assert_eq!((&schema["CRM ID"]["type"], &schema[title]["type"]), (&json!("rich_text"), &json!("title")));
    }

    // Not every size was recorded, and without leave to create options that is told.
    write(&home, &configuration.replace("create_options = true\n", ""));
    let said = home.ask(&["check"]).ends_with(0).stdout;
    assert!(said.contains("UF_CRM_PRIORITY: `Size` in Notion has no option"), "{said}");
    write(&home, &configuration);
    assert!(!home.ask(&["check"]).ends_with(0).stdout.contains("has no option"));

    let options = &worlds.crm_world()["fields"]["deal"]["UF_CRM_PRIORITY"]["items"];
    let option = |label: &str| {
        let found = options.as_array().unwrap().iter().find(|option| option["VALUE"] == label);
        found.unwrap()["ID"].as_str().unwrap().to_owned()
    };
    let deal = worlds.create_record(
        "deal",
        &json!({ "TITLE": "Raincoat", "OPPORTUNITY": "79.9", "UF_CRM_PRIORITY": option("Normal") }),
    );
    let contact = worlds.create_record(
        "contact",
        &json!({
            "NAME": "Ada", "LAST_NAME": "Lovelace", "EMAIL": "ada@example.com", "PHONE": "+44 20 7946 0000",
            "POST": "Analyst", "UF_CRM_VIP": "Y", "UF_CRM_MET_ON": "2026-06-27", "UF_CRM_HOMEPAGE": "https://example.com/ada",
        }),
    );

    let mut daemon = home.start("daemon", &["run", "--yes"]);
    let see = |what: &str, expected: &Json, look: &dyn Fn() -> Json| {
        let mut seen = Json::Null;
        let came = until(Duration::from_secs(30), || {
            seen = look();
            (seen == *expected).then_some(())
        });
        assert!(came.is_some(), "{what}: {seen}, not {expected}\n{}", home.logged("daemon"));
    };
    let in_crm = |entity: &str, page: &str| {
        let all = records(&worlds.crm_world(), entity);
        let mut marked = all.into_iter().filter(|(_, record)| record["ORIGIN_ID"] == page);
        let found = marked.next();
        assert!(marked.next().is_none(), "two records are marked with the page {page}");
        found
    };
    let in_notion = |source: &str, record: &str| {
        let all = pages(&worlds.notion_world(), source);
        let mut marked = all.into_values().filter(|values| values["CRM ID"] == record);
        let found = marked.next().unwrap_or_default();
        assert!(marked.next().is_none(), "two pages carry the id {record}");
        found
    };
    let of = |record: &Json| json!([record["TITLE"], amount(&record["OPPORTUNITY"]), record["UF_CRM_PRIORITY"]]);
    let sizes = BTreeMap::from([("S", option("Low")), ("M", option("Normal")), ("L", option("High"))]);

    // Every recorded page becomes a deal, and the deal and the contact become pages.
    for (page, values) in &recorded {
        let size = values["Size"].as_str().map(|size| sizes[size].clone());
        let expected = json!([values["Name"], amount(&values["Price"]), size]);
        see("a recorded page as a deal", &expected, &|| in_crm("deal", page).map(|(_, record)| of(&record)).into());
    }
    let page = json!({ "CRM ID": deal, "Name": "Raincoat", "Price": "79.9", "Size": "M" });
    see("the deal as a page", &page, &|| in_notion(ITEMS, &deal));
    let expected = json!({
        "Name": "Ada Lovelace", "Email": "ada@example.com", "Phone": "+44 20 7946 0000", "Title": "Analyst",
        "Team Member": true, "Sync Date": "2026-06-27", "URL": "https://example.com/ada", "CRM ID": contact, "Role": null,
    });
    see("the contact as a page", &expected, &|| in_notion(PEOPLE, &contact));

    // An edit on the recorded page arrives in its deal, and one in the deal on the recorded page.
    let (khaki, _) = in_crm("deal", RECORDED).unwrap();
    let expected = json!({ "CRM ID": khaki, "Name": "Khaki pants", "Price": "25", "Size": "S" });
    see("the recorded page with its marker", &expected, &|| in_notion(ITEMS, &khaki));
    worlds.edit_page(RECORDED, &json!({ "Price": 29.5, "Size": "L" }));
    see("the edited page's deal", &json!(["Khaki pants", "29.5", option("High")]), &|| {
        of(&records(&worlds.crm_world(), "deal")[&khaki])
    });
    worlds.edit_record("deal", &khaki, &json!({ "TITLE": "Khaki trousers", "OPPORTUNITY": "31" }));
    let expected = json!({ "CRM ID": khaki, "Name": "Khaki trousers", "Price": "31", "Size": "L" });
    see("the edited deal's page", &expected, &|| pages(&worlds.notion_world(), ITEMS)[RECORDED].clone());

    assert_eq!(records(&worlds.crm_world(), "deal").len(), recorded.len() + 1);
    assert_eq!(pages(&worlds.notion_world(), ITEMS).len(), recorded.len() + 1);
    let status = home.status();
    assert_eq!((&status["conflicts"], &status["holds"], &status["orphans"]), (&json!(0), &json!(0), &json!(0)));
    daemon.terminate();
    assert_eq!(daemon.ended_within(Duration::from_secs(20)), Some(0));
    home.assert_silent("the daemon's log", &home.logged("daemon"));
}

/// An amount as a decimal without trailing zeros.
fn amount(shown: &Json) -> Json {
    let decimal = shown.as_str().and_then(|digits| digits.parse::<rust_decimal::Decimal>().ok());
    json!(decimal.map(|decimal| decimal.normalize().to_string()))
}
