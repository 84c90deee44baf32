use crosstie::standin::bitrix24::{Config, Entity};
use serde_json::{Value, json};

use crate::support::Portal;

#[test]
fn every_scalar_is_a_string_or_null() {
    let mut portal = Portal::new();
    let fields = json!({"TITLE": "Loom", "OPPORTUNITY": 1000, "UF_CRM_EFFORT": 1.5, "NONSENSE": "ignored"});
    assert_eq!(portal.ok("crm.deal.add", json!({"fields": fields})), json!(1));
    let deal = portal.ok("crm.deal.get", json!({"id": 1}));
    for (name, value) in deal.as_object().unwrap() {
        let empty_list = name == "UF_CRM_SERVICES" && *value == json!(false);
        assert!(value.is_string() || value.is_null() || empty_list, "{name}: {value}");
    }
    assert_eq!((&deal["OPPORTUNITY"], &deal["UF_CRM_EFFORT"]), (&json!("1000.00"), &json!("1.5")));
    assert_eq!((&deal["COMPANY_ID"], &deal["CONTACT_ID"]), (&json!("0"), &Value::Null));
    assert_eq!((&deal["COMMENTS"], &deal["ORIGIN_ID"]), (&json!(""), &Value::Null));
    assert_eq!(deal["UF_CRM_ONSITE"], "0");
    assert!(deal.get("CONTACT_IDS").is_none() && deal.get("NONSENSE").is_none());
}

#[test]
fn lists_give_user_fields_and_multifields_only_when_named() {
    let mut portal = Portal::new();
    let fields = json!({"NAME": "Ada", "EMAIL": [{"VALUE": "a@example.com", "VALUE_TYPE": "WORK"}]});
    portal.ok("crm.contact.add", json!({"fields": fields}));
    let row = portal.ok("crm.contact.list", json!({}))[0].clone();
    assert_eq!((&row["NAME"], row.get("EMAIL"), row.get("UF_CRM_VIP")), (&json!("Ada"), None, None));
    let params = json!({"select": ["EMAIL", "PHONE", "UF_*"]});
    let row = portal.ok("crm.contact.list", params)[0].clone();
    assert_eq!(row["EMAIL"][0]["VALUE"], "a@example.com");
    assert_eq!((row.get("PHONE"), row.get("NAME"), &row["UF_CRM_VIP"]), (None, None, &json!("0")));
    assert_eq!(row["ID"], "1");
}

#[test]
fn multifields_without_id_are_added_and_unmentioned_ones_stay() {
    let mut portal = Portal::new();
    let mut update = |phones: Value| {
        if phones.is_null() {
            portal.ok("crm.contact.add", json!({"fields": {"NAME": "Ada", "PHONE": [{"VALUE": "1"}]}}));
        } else {
            portal.ok("crm.contact.update", json!({"id": 1, "fields": {"PHONE": phones}}));
        }
        let contact = portal.ok("crm.contact.get", json!({"id": 1}));
        let rows = contact.get("PHONE").and_then(Value::as_array).cloned().unwrap_or_default();
        rows.iter().map(|row| (row["ID"].as_str().unwrap().to_owned(), row["VALUE"].clone())).collect::<Vec<_>>()
    };
    let first = update(json!(null))[0].0.clone();
    let two = update(json!([{"VALUE": "1", "VALUE_TYPE": "MOBILE"}]));
    assert_eq!(two.len(), 2, "a blind resend makes a duplicate");
    assert_eq!(update(json!([])).len(), 2);
    assert_eq!(update(json!([{"ID": 9999, "VALUE": "4"}])).len(), 2, "an id of nobody is not added");
    assert_eq!(update(json!([{"ID": first, "VALUE": "3"}]))[0].1, "3");
    assert_eq!(update(json!([{"ID": first, "DELETE": "Y"}])).len(), 1);
    assert_eq!(update(json!([{"ID": two[1].0, "VALUE": ""}])).len(), 0);
}

#[test]
fn an_update_sets_the_modification_time_even_when_nothing_changed() {
    let mut portal = Portal::new();
    portal.ok("crm.deal.add", json!({"fields": {"TITLE": "Loom"}}));
    portal.wait(5);
    assert_eq!(portal.ok("crm.deal.update", json!({"id": 1, "fields": {"TITLE": "Loom"}})), json!(true));
    assert_eq!(portal.ok("crm.deal.get", json!({"id": 1}))["DATE_MODIFY"], "2026-03-01T13:00:05+03:00");
}

#[test]
fn the_old_ways_of_saying_no() {
    let mut portal = Portal::new();
    assert_eq!(portal.refused("crm.deal.get", json!({"id": 5})), (400, "".into(), "Not found".into()));
    assert_eq!(portal.refused("crm.deal.get", json!({})), (400, "".into(), "ID is not defined or invalid.".into()));
    let fields = json!({"fields": {"EMAIL": [{"VALUE": "nonsense", "VALUE_TYPE": "WORK"}]}});
    assert_eq!(portal.refused("crm.contact.add", fields).1, "ERROR_CORE");
    assert!(portal.it.live_ids(Entity::Contact).is_empty());
}

fn with_contacts(config: Config) -> Portal {
    let mut portal = Portal::with(config);
    for name in ["Ada", "Eve", "Ira"] {
        portal.make(3, json!({"name": name}));
    }
    portal.make(2, json!({"contactIds": [1]}));
    portal.wait(5);
    portal
}

#[test]
fn the_link_table_has_one_primary_contact() {
    let mut portal = with_contacts(Config::default());
    let items = json!([{"CONTACT_ID": 1}, {"CONTACT_ID": 2, "IS_PRIMARY": "Y"}, {"CONTACT_ID": 99}]);
    portal.ok("crm.deal.contact.items.set", json!({"id": 1, "items": items}));
    let expected = json!([
        {"CONTACT_ID": 1, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "N"},
        {"CONTACT_ID": 2, "SORT": 20, "ROLE_ID": 0, "IS_PRIMARY": "Y"},
    ]);
    assert_eq!(portal.ok("crm.deal.contact.items.get", json!({"id": 1})), expected);
    assert_eq!(portal.item(2, 1)["contactIds"], json!([1, 2]), "by their sorts, whoever is the primary one");
    assert_eq!(portal.item(2, 1)["contactId"], 2);
    let add = json!({"id": 1, "fields": {"CONTACT_ID": 3}});
    assert_eq!(portal.ok("crm.deal.contact.add", add.clone()), json!(true));
    assert_eq!(portal.ok("crm.deal.contact.add", add), json!(false));
    portal.ok("crm.deal.contact.delete", json!({"id": 1, "fields": {"CONTACT_ID": 2}}));
    assert_eq!(portal.item(2, 1)["contactIds"], json!([1, 3]));
    portal.ok("crm.deal.contact.items.delete", json!({"id": 1}));
    assert_eq!(portal.item(2, 1)["contactIds"], json!([]));
}

#[test]
fn only_the_switch_makes_link_methods_touch_the_deal_but_an_item_update_always_does() {
    for touches in [false, true] {
        let mut portal = with_contacts(Config { link_methods_touch_deal: touches, ..Config::default() });
        let before = portal.item(2, 1)["updatedTime"].clone();
        portal.ok("crm.deal.contact.add", json!({"id": 1, "fields": {"CONTACT_ID": 3}}));
        assert_eq!(portal.item(2, 1)["updatedTime"] != before, touches);
        portal.wait(5);
        let before = portal.item(2, 1)["updatedTime"].clone();
        portal.ok("crm.item.update", json!({"entityTypeId": 2, "id": 1, "fields": {"contactIds": [2]}}));
        assert_ne!(portal.item(2, 1)["updatedTime"], before);
    }
}

#[test]
fn editing_a_contact_does_not_touch_its_deals() {
    let mut portal = with_contacts(Config::default());
    let before = portal.item(2, 1);
    portal.ok("crm.item.update", json!({"entityTypeId": 3, "id": 1, "fields": {"name": "Ann"}}));
    assert_eq!(portal.item(2, 1), before);
}
