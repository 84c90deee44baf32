//! Columns that people rename, add and thin out, and the robots that they set up.

use crosstie::standin::StandIn;
use crosstie::standin::log::{Actor, Kind};
use crosstie::standin::notion::Automation;
use serde_json::{Value as Json, json};

use crate::office::{Office, id, named, office, text};

const ADA: &str = "Ada Lovelace";

#[test]
fn a_renamed_property_keeps_its_id_and_its_values() {
    let mut office = office();
    let deals = office.deals.clone();
    let page = office.create(&json!({ "Amount": { "number": 7 } }));
    let entries = office.notion.log().len();
    office.notion.rename_property(office.now, ADA, &deals, "Amount", "Price").unwrap();
    let (_, seen) = office.get(&format!("/v1/pages/{}", id(&page)));
    assert_eq!((&seen["properties"]["Price"]["number"], seen["properties"].get("Amount")), (&json!(7), None));
    assert_eq!(seen["properties"]["Price"]["id"], page["properties"]["Amount"]["id"]);
    assert_eq!(office.notion.log().len(), entries);
    let renamed = &office.notion.property_renames()[0];
    assert_eq!((renamed.from.as_str(), renamed.to.as_str(), renamed.seq), ("Amount", "Price", entries as u64));
    assert!(office.notion.rename_property(office.now, ADA, &deals, "Price", "Name").is_err(), "the name is taken");
    assert_eq!(office.notion.property_renames().len(), 1);
}

#[test]
fn a_renamed_option_shows_on_every_page_and_nobody_edited_one() {
    let mut office = office();
    let deals = office.deals.clone();
    let set = json!({
        "Stage": { "select": { "name": "Won" } }, "Progress": { "status": { "name": "Done" } },
        "Tags": { "multi_select": [{ "name": "a" }, { "name": "b" }] },
    });
    let page = office.create(&set);
    let entries = office.notion.log().len();
    office.pass(600);
    for (property, from, to) in [("Stage", "Won", "Closed"), ("Progress", "Done", "Shipped"), ("Tags", "b", "c")] {
        office.notion.rename_option(office.now, ADA, &deals, property, from, to).unwrap();
    }
    let (_, seen) = office.get(&format!("/v1/pages/{}", id(&page)));
    let (was, is) = (&page["properties"], &seen["properties"]);
    assert_eq!(is["Stage"]["select"]["name"], "Closed");
    assert_eq!(is["Stage"]["select"]["id"], was["Stage"]["select"]["id"]);
    assert_eq!(is["Progress"]["status"]["name"], "Shipped");
    assert_eq!(office.notion.plain(&id(&page), "Tags"), Some(json!(["a", "c"])));
    assert_eq!((&seen["last_edited_time"], office.notion.log().len()), (&page["last_edited_time"], entries));
    let (_, source) = office.get(&format!("/v1/data_sources/{deals}"));
    assert_eq!(source["properties"]["Stage"]["select"]["options"][1]["name"], "Closed");
    let told = office.notion.option_renames();
    assert_eq!(told.len(), 3);
    assert_eq!((told[0].property.as_str(), told[0].from.as_str(), told[0].to.as_str()), ("Stage", "Won", "Closed"));
    assert_eq!((told[0].at, &told[0].by, &told[0].data_source), (office.now, &Actor::Person(ADA.into()), &deals));
    for (from, to) in [("New", "closed"), ("Nope", "X"), ("New", "a,b")] {
        assert!(office.notion.rename_option(office.now, ADA, &deals, "Stage", from, to).is_err(), "{from} to {to}");
    }
}

#[test]
fn an_added_property_is_empty_and_a_deleted_option_leaves_its_pages_as_that_persons_edit() {
    let mut office = office();
    let deals = office.deals.clone();
    let page = office.create(&json!({ "Stage": { "select": { "name": "Won" } } }));
    office.pass(600);
    office.notion.add_property(office.now, ADA, &deals, "Colour", &json!({ "rich_text": {} })).unwrap();
    assert!(office.notion.add_property(office.now, ADA, &deals, "Colour", &json!({ "number": {} })).is_err());
    assert_eq!(office.get(&format!("/v1/pages/{}", id(&page))).1["properties"]["Colour"]["rich_text"], json!([]));
    office.notion.delete_option(office.now, ADA, &deals, "Stage", "Won").unwrap();
    let (_, seen) = office.get(&format!("/v1/pages/{}", id(&page)));
    assert_eq!(seen["properties"]["Stage"]["select"], Json::Null);
    assert_eq!(seen["last_edited_time"], page["last_edited_time"]);
    let last = office.notion.log().last().unwrap();
    assert_eq!((last.kind, last.field.as_str(), &last.before), (Kind::Edited, "Stage", &json!("Won")));
    assert_eq!(last.actor, Actor::Person(ADA.into()));
    assert!(office.notion.delete_option(office.now, ADA, &deals, "Stage", "Won").is_err());
}

#[test]
fn a_page_read_again_shows_every_change_since_it_was_read() {
    let mut office = office();
    let deals = office.deals.clone();
    let page = id(&office.create(&json!({ "Amount": { "number": 1 }, "Stage": { "select": { "name": "New" } } })));
    let target = format!("/v1/pages/{page}");
    let look = |office: &mut Office| {
        let (by_id, list) = (office.get(&target).1, office.query(&json!({})).1);
        assert_eq!(by_id["properties"], list["results"][0]["properties"]);
        by_id["properties"].clone()
    };
    assert_eq!(look(&mut office)["Amount"]["number"], 1);
    office.write(&page, &json!({ "Amount": { "number": 2 } }));
    assert_eq!(look(&mut office)["Amount"]["number"], 2);
    office.notion.set_computed(&page, "Score", json!({ "type": "number", "number": 3 })).unwrap();
    assert_eq!(look(&mut office)["Score"]["formula"]["number"], 3);
    office.notion.rename_option(office.now, ADA, &deals, "Stage", "New", "Fresh").unwrap();
    assert_eq!(look(&mut office)["Stage"]["select"]["name"], "Fresh");
    office.notion.rename_property(office.now, ADA, &deals, "Stage", "Step").unwrap();
    assert_eq!(look(&mut office)["Step"]["select"]["name"], "Fresh");
    let only = office.get(&format!("{target}?filter_properties=Amount")).1["properties"].clone();
    assert_eq!(only.as_object().unwrap().len(), 1);
    assert!(look(&mut office).as_object().unwrap().len() > 1);
}

fn automate(office: &mut Office, delay_secs: u32) {
    let automation = Automation {
        data_source: office.deals.clone(),
        when: ("Stage".into(), json!("Won")),
        set: ("Progress".into(), json!("Done")),
        delay_secs,
        by: "automation".into(),
    };
    office.notion.set_automation(automation).unwrap();
}

#[test]
fn an_automation_without_delay_shows_in_the_answer_and_in_the_log_under_its_name() {
    let mut office = office();
    automate(&mut office, 0);
    let page = id(&office.create(&named("A")));
    let (_, answer) = office.write(&page, &json!({ "Stage": { "select": { "name": "Won" } } }));
    assert_eq!(answer["properties"]["Progress"]["status"]["name"], "Done");
    assert_ne!(answer["last_edited_by"]["id"], office.notion.bot());
    let last = office.notion.log().last().unwrap();
    assert_eq!((&last.actor, last.field.as_str()), (&Actor::Person("automation".into()), "Progress"));
    // It goes off when the value becomes this, not while it stays.
    office.write(&page, &json!({ "Progress": { "status": { "name": "Not started" } } }));
    let (_, answer) =
        office.write(&page, &json!({ "Stage": { "select": { "name": "Won" } }, "Notes": { "rich_text": text("n") } }));
    assert_eq!(answer["properties"]["Progress"]["status"]["name"], "Not started");
}

#[test]
fn an_automation_with_delay_acts_at_its_time_whoever_looks() {
    let mut office = office();
    automate(&mut office, 5);
    let page = id(&office.create(&named("A")));
    office.notion.person_edit(office.now, ADA, &page, &[("Stage", json!("Won"))]).unwrap();
    let due = office.notion.next_due().unwrap();
    assert_eq!(due.as_second() - office.now.as_second(), 5);
    office.pass(4);
    office.notion.pass(office.now);
    assert_eq!(office.notion.plain(&page, "Progress"), Some(json!("Not started")));
    office.pass(60);
    assert_eq!(office.get(&format!("/v1/pages/{page}")).1["properties"]["Progress"]["status"]["name"], "Done");
    assert_eq!((office.notion.log().last().unwrap().at, office.notion.next_due()), (due, None));
    office.notion.person_edit(office.now, ADA, &page, &[("Stage", json!("New"))]).unwrap();
    office.notion.person_edit(office.now, ADA, &page, &[("Stage", json!("Won"))]).unwrap();
    office.notion.clear_automations();
    assert_eq!(office.notion.next_due(), None);
}
