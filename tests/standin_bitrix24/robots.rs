//! What the portal does by itself, and lists that run behind.

use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{Entity, Robot};
use crosstie::standin::log::{Actor, Kind};
use serde_json::{Value, json};

use crate::support::Portal;

const ANNA: &str = "Anna Weber";

fn robot(field: &str, value: Value, delay_secs: u32) -> Robot {
    Robot { stage: "EXECUTING".into(), field: field.into(), value, delay_secs, by: "robot".into() }
}

fn update(portal: &mut Portal, deal: i64, fields: Value) -> Value {
    portal.ok("crm.item.update", json!({"entityTypeId": 2, "id": deal, "fields": fields}))["item"].take()
}

#[test]
fn a_robot_without_delay_makes_the_answer_show_a_third_value() {
    let mut portal = Portal::new();
    portal.it.add_robot(robot("OPPORTUNITY", json!("999"), 0)).unwrap();
    let deal = portal.make(2, json!({"title": "D", "opportunity": 5}));
    let item = update(&mut portal, deal, json!({"stageId": "EXECUTING", "opportunity": 7}));
    assert_eq!((&item["opportunity"], &item["stageId"]), (&json!(999), &json!("EXECUTING")));
    let log = portal.it.log();
    let amounts: Vec<(&Actor, &Value)> =
        log.iter().filter(|e| e.field == "OPPORTUNITY").map(|e| (&e.actor, &e.after)).collect();
    assert_eq!(amounts[1..], [(&Actor::Api, &json!("7")), (&Actor::Person("robot".into()), &json!("999"))]);
    assert_eq!(update(&mut portal, deal, json!({"opportunity": 8}))["opportunity"], 8, "only on entering");
}

#[test]
fn a_robot_with_delay_acts_at_its_time_and_not_on_what_is_gone() {
    let mut portal = Portal::new();
    portal.it.add_robot(robot("COMMENTS", json!("call back"), 5)).unwrap();
    let deal = portal.make(2, json!({"title": "D"}));
    let set = [("STAGE_ID", json!("EXECUTING"))];
    portal.it.person_edit(portal.now, ANNA, Entity::Deal, &deal.to_string(), &set).unwrap();
    let due = portal.it.next_due().unwrap();
    portal.wait(4);
    assert_eq!(portal.item(2, deal)["comments"], Value::Null);
    portal.wait(4);
    assert_eq!(portal.item(2, deal)["comments"], "call back");
    let last = portal.it.log().last().unwrap();
    assert_eq!((last.at, &last.actor), (due, &Actor::Person("robot".into())));
    let second = portal.make(2, json!({"stageId": "EXECUTING"}));
    portal.it.person_delete(portal.now, ANNA, Entity::Deal, &second.to_string()).unwrap();
    portal.wait(10);
    portal.it.pass(portal.now);
    assert_eq!((portal.it.next_due(), portal.it.log().last().unwrap().kind), (None, Kind::Deleted));
    portal.make(2, json!({"stageId": "EXECUTING"}));
    portal.it.clear_robots();
    assert_eq!(portal.it.next_due(), None);
    assert!(portal.it.add_robot(robot("ID", json!("1"), 0)).is_err());
}

#[test]
fn a_required_field_holds_a_deal_back_from_its_stage_until_it_is_filled() {
    let mut portal = Portal::new();
    portal.it.require_in_stage("WON", "COMMENTS").unwrap();
    let deal = portal.make(2, json!({"title": "D"}));
    let params = json!({"entityTypeId": 2, "id": deal, "fields": {"stageId": "WON", "title": "E"}});
    let refused = portal.refused("crm.item.update", params);
    assert_eq!(refused, (400, "CRM_FIELD_ERROR_REQUIRED".into(), "The field \"Comment\" is required.".into()));
    let (_, code, _) = portal.refused("crm.deal.update", json!({"id": deal, "fields": {"STAGE_ID": "WON"}}));
    assert_eq!(code, "ERROR_CORE");
    let person =
        portal.it.person_edit(portal.now, ANNA, Entity::Deal, &deal.to_string(), &[("STAGE_ID", json!("WON"))]);
    assert!(person.is_err());
    assert_eq!(portal.item(2, deal)["title"], "D", "nothing of it was saved");
    let item = update(&mut portal, deal, json!({"stageId": "WON", "comments": "paid"}));
    assert_eq!(item["stageId"], "WON");
    assert_eq!(update(&mut portal, deal, json!({"comments": null}))["comments"], Value::Null, "only on entering");
}

#[test]
fn phones_are_kept_in_the_portals_form() {
    let mut portal = Portal::new();
    portal.it.set_phone_form(true);
    let contact =
        portal.ok("crm.contact.add", json!({"fields": {"NAME": "A", "PHONE": [{"VALUE": "+49 (30) 12-34"}]}}));
    let contact = contact.as_i64().unwrap();
    assert_eq!(portal.item(3, contact)["fm"][0]["value"], "+49301234");
    let set = [("PHONE", json!("030 99"))];
    portal.it.person_edit(portal.now, ANNA, Entity::Contact, &contact.to_string(), &set).unwrap();
    assert_eq!(portal.it.log().last().unwrap().after, "03099");
    portal.wait(60);
    let saved =
        portal.it.person_edit(portal.now, ANNA, Entity::Contact, &contact.to_string(), &[("PHONE", json!("0-30-99"))]);
    assert_eq!(saved, Ok(false), "the same number in another form is no edit");
}

#[test]
fn a_lagging_list_shows_what_was_and_an_object_by_id_is_true() {
    let mut portal = Portal::new();
    let old = portal.make(2, json!({"title": "one"}));
    portal.it.set_index_lag(10..20);
    portal.wait(300);
    update(&mut portal, old, json!({"title": "two"}));
    let new = portal.make(2, json!({"title": "new"}));
    let since = json!({">=updatedTime": portal.item(2, new)["createdTime"]});
    portal.wait(9);
    assert_eq!(portal.found(2, json!({"title": "one"})), [old]);
    assert!(portal.found(2, since.clone()).is_empty());
    assert_eq!(portal.item(2, old)["title"], "two");
    portal.wait(12);
    assert_eq!(portal.found(2, since), [old, new]);
    portal.it.person_delete(portal.now, ANNA, Entity::Deal, &old.to_string()).unwrap();
    assert_eq!(portal.found(2, json!({})), [old, new], "what was deleted is still listed");
    let rows = portal.ok("crm.deal.list", json!({"select": ["ID", "TITLE"]}));
    assert_eq!(rows[0]["TITLE"], "two");
    portal.refused("crm.item.get", json!({"entityTypeId": 2, "id": old}));
    portal.it.set_index_lag(0..0);
    assert_eq!(portal.found(2, json!({})), [new]);
}
