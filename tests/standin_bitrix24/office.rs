use crosstie::seam::{Method, Request};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{Entity, Refused};
use crosstie::standin::log::{Actor, Kind};
use serde_json::{Value, json};

use crate::support::Portal;

fn post(portal: &mut Portal, what: &str, body: Value) -> (u16, Value) {
    portal.send(&Request::new(Method::Post, format!("/_admin/{what}")).json(&body))
}

#[test]
fn a_person_leaves_their_id_and_the_api_leaves_the_integration_users() {
    let mut portal = Portal::new();
    let anna = portal.it.people()[1].id;
    portal.make(2, json!({"title": "Loom"}));
    portal.wait(5);
    portal.it.person_edit(portal.now, "Anna Weber", Entity::Deal, "1", &[("STAGE_ID", json!("WON"))]).unwrap();
    let deal = portal.item(2, 1);
    assert_eq!((&deal["updatedBy"], &deal["movedBy"], &deal["createdBy"]), (&json!(anna), &json!(anna), &json!(1)));
    portal.ok("crm.deal.update", json!({"id": 1, "fields": {"TITLE": "Mill"}}));
    assert_eq!(portal.item(2, 1)["updatedBy"], 1);
}

#[test]
fn the_log_holds_every_change_of_a_field_with_its_author_and_plain_values() {
    let mut portal = Portal::new();
    portal.make(3, json!({"name": "Ada", "fm": {"n0": {"typeId": "EMAIL", "value": "a@example.com"}}}));
    portal.make(3, json!({"name": "Eve"}));
    portal.make(2, json!({"title": "Loom"}));
    let from = portal.it.log().len();
    assert!(portal.it.log()[..from].iter().all(|entry| entry.actor == Actor::Api));
    let set = [("OPPORTUNITY", json!("12.50")), ("CONTACT_IDS", json!(["2", "1"])), ("TITLE", json!("Loom"))];
    portal.it.person_edit(portal.now, "Boris Klein", Entity::Deal, "1", &set).unwrap();
    portal.it.person_edit(portal.now, "Boris Klein", Entity::Contact, "1", &[("EMAIL", Value::Null)]).unwrap();
    let logged: Vec<_> = portal.it.log()[from..]
        .iter()
        .map(|e| (e.entity.as_str(), e.object.as_str(), e.field.as_str(), e.before.clone(), e.after.clone()))
        .collect();
    let expected = [
        ("deal", "1", "CONTACT_IDS", Value::Null, json!(["1", "2"])),
        ("deal", "1", "OPPORTUNITY", json!("0"), json!("12.5")),
        ("contact", "1", "EMAIL", json!("a@example.com"), Value::Null),
    ];
    assert_eq!(logged, expected);
    assert!(portal.it.log()[from..].iter().all(|e| e.actor == Actor::Person("Boris Klein".into())));
    assert!(portal.it.log().iter().enumerate().all(|(index, e)| e.seq == index as u64));
    assert_eq!(portal.it.log()[from].at, portal.now, "the log's times are not rounded");
}

#[test]
fn replaying_the_log_gives_the_world() {
    let mut portal = Portal::new();
    portal.it.add_company("Acme");
    portal.make(3, json!({"name": "Ada"}));
    portal.make(2, json!({"title": "Loom", "contactIds": [1], "companyId": 1}));
    portal.make(2, json!({"title": "Mill"}));
    portal.ok("crm.deal.update", json!({"id": 1, "fields": {"STAGE_ID": "LOSE", "COMMENTS": "why"}}));
    portal.ok("crm.deal.update", json!({"id": 1, "fields": {"COMMENTS": ""}}));
    portal.it.person_delete(portal.now, "Anna Weber", Entity::Contact, "1").unwrap();
    portal.it.person_delete(portal.now, "Anna Weber", Entity::Deal, "2").unwrap();
    let mut world = std::collections::BTreeMap::new();
    for entry in portal.it.log() {
        let key = (entry.entity.clone(), entry.object.clone());
        match entry.kind {
            Kind::Created => drop(world.insert(key, std::collections::BTreeMap::new())),
            Kind::Deleted => drop(world.remove(&key)),
            _ => {
                let object = world.get_mut(&key).expect("only live objects are edited");
                assert_eq!(object.get(&entry.field).cloned().unwrap_or(Value::Null), entry.before);
                assert_ne!(entry.before, entry.after);
                object.insert(entry.field.clone(), entry.after.clone());
            }
        }
    }
    assert_eq!(world.len(), 2);
    for ((entity, id), values) in world {
        let plain = portal.it.plain(Entity::parse(&entity).unwrap(), &id).unwrap();
        for (field, value) in values {
            assert_eq!(plain.get(&field).cloned().unwrap_or(Value::Null), value, "{entity} {id} {field}");
        }
    }
}

#[test]
fn a_person_who_changes_nothing_saves_nothing() {
    let mut portal = Portal::new();
    portal.make(3, json!({"name": "Ada"}));
    portal.make(3, json!({"name": "Eve"}));
    portal.make(2, json!({"title": "Loom", "contactIds": [2, 1]}));
    let (before, logged) = (portal.item(2, 1), portal.it.log().len());
    portal.wait(5);
    let set = [("TITLE", json!("Loom")), ("CONTACT_IDS", json!(["1", "2"]))];
    assert_eq!(portal.it.person_edit(portal.now, "Anna Weber", Entity::Deal, "1", &set), Ok(false));
    assert_eq!(portal.item(2, 1), before);
    assert_eq!(portal.it.log().len(), logged);
}

#[test]
fn a_person_is_told_what_the_api_drops_in_silence() {
    let mut portal = Portal::new();
    portal.make(2, json!({"title": "Loom"}));
    let mut edit = |who: &str, id: &str, field: &str, value: Value| {
        portal.it.person_edit(portal.now, who, Entity::Deal, id, &[(field, value)])
    };
    assert!(matches!(edit("Nobody", "1", "TITLE", json!("x")), Err(Refused::NoSuchPerson(_))));
    assert!(matches!(edit("Anna Weber", "7", "TITLE", json!("x")), Err(Refused::NoSuchObject(..))));
    assert!(matches!(edit("Anna Weber", "1", "NOPE", json!("x")), Err(Refused::NoSuchField(_))));
    assert!(matches!(edit("Anna Weber", "1", "DATE_MODIFY", json!("x")), Err(Refused::NoSuchField(_))));
    for (field, value) in [
        ("STAGE_ID", json!("NOPE")),
        ("CONTACT_IDS", json!(["9"])),
        ("UF_CRM_PRIORITY", json!("1")),
        ("BEGINDATE", json!("soon")),
    ] {
        assert!(matches!(edit("Anna Weber", "1", field, value), Err(Refused::BadValue { .. })), "{field}");
    }
}

#[test]
fn the_back_door_makes_edits_and_deletes_as_a_person() {
    let mut portal = Portal::new();
    let set = json!({"NAME": "Ada", "EMAIL": "ada@example.com"});
    let (status, made) = post(&mut portal, "create", json!({"entity": "contact", "set": set, "as": "Anna Weber"}));
    assert_eq!((status, &made), (200, &json!({"id": "1"})));
    let (_, deal) = post(&mut portal, "create", json!({"entity": "deal", "set": {}, "as": "Anna Weber"}));
    let set = json!({"TITLE": "x", "STAGE_ID": "WON", "CONTACT_IDS": ["1"]});
    let edit = json!({"entity": "deal", "id": deal["id"], "set": set, "as": "Boris Klein"});
    assert_eq!(post(&mut portal, "edit", edit), (200, json!({"saved": true})));
    let (_, world) = portal.send(&Request::new(Method::Get, "/_admin/world"));
    let plain = &world["items"]["deal"]["1"];
    assert_eq!((&plain["TITLE"], &plain["CONTACT_IDS"]), (&json!("x"), &json!(["1"])));
    assert_eq!(world["items"]["contact"]["1"]["EMAIL"], "ada@example.com");
    let bad = json!({"entity": "contact", "id": "1", "set": {"EMAIL": "no"}, "as": "Anna Weber"});
    assert_eq!(post(&mut portal, "edit", bad).0, 400);
    let gone = json!({"entity": "deal", "id": "1", "as": "Anna Weber"});
    assert_eq!(post(&mut portal, "delete", gone).0, 200);
    assert!(portal.it.live_ids(Entity::Deal).is_empty());
    let (_, log) = portal.send(&Request::new(Method::Get, "/_admin/log?from=2"));
    assert_eq!(log["entries"][0]["seq"], 2);
    assert_eq!(log["entries"].as_array().unwrap().last().unwrap()["kind"], "deleted");
    assert!(!world.to_string().contains(portal.it.webhook_path().trim_end_matches('/')));
}

#[test]
fn added_people_and_fields_are_seen_by_the_api() {
    let mut portal = Portal::new();
    let cleo = portal.it.add_person("Cleo Novak", "cleo@example.com");
    let of = crosstie::standin::bitrix24::UserFieldType::Enumeration;
    portal.it.add_user_field(Entity::Deal, "UF_CRM_1747309879", of, &["Red", "Blue"]);
    portal.make(2, json!({}));
    let blue = portal.it.options(Entity::Deal, "UF_CRM_1747309879")[1].0.clone();
    let set = [("UF_CRM_1747309879", json!(blue)), ("ASSIGNED_BY_ID", json!([cleo.to_string()]))];
    portal.it.person_edit(portal.now, "Cleo Novak", Entity::Deal, "1", &set).unwrap();
    let row = portal.ok("crm.item.get", json!({"entityTypeId": 2, "id": 1}));
    assert_eq!(row["item"]["ufCrm_1747309879"].to_string(), blue);
    assert_eq!(row["item"]["assignedById"], cleo);
    assert_eq!(portal.ok("user.get", json!({"FILTER": {"ID": [cleo]}}))[0]["EMAIL"], "cleo@example.com");
    portal.it.set_person_active(cleo, false);
    assert_eq!(portal.ok("user.get", json!({"FILTER": {"ID": cleo, "ACTIVE": true}})), json!([]));
}
