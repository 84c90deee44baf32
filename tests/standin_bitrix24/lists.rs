use crosstie::seam::{Method, Request};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::support::Portal;

#[test]
fn pages_have_fifty_rows_a_count_and_a_next() {
    let mut portal = Portal::new();
    for n in 0..103 {
        portal.make(2, json!({"title": format!("D{n}")}));
    }
    let (_, first) = portal.call("crm.item.list", json!({"entityTypeId": 2, "select": ["id"]}));
    assert_eq!((&first["total"], &first["next"]), (&json!(103), &json!(50)));
    assert_eq!(first["result"]["items"].as_array().unwrap().len(), 50);
    let (_, last) = portal.call("crm.item.list", json!({"entityTypeId": 2, "start": 100}));
    assert_eq!(last["result"]["items"].as_array().unwrap().len(), 3);
    assert!(last.get("next").is_none());
    let fast = json!({"entityTypeId": 2, "start": -1, "order": {"id": "ASC"}, "filter": {">id": 50}});
    let (_, fast) = portal.call("crm.item.list", fast);
    assert_eq!((&fast["total"], fast.get("next")), (&json!(0), None));
    assert_eq!(fast["result"]["items"][0]["id"], 51);
    let (_, legacy) = portal.call("crm.deal.list", json!({"start": -1, "filter": {">ID": "100"}, "select": ["ID"]}));
    assert_eq!(legacy["result"], json!([{"ID": "101"}, {"ID": "102"}, {"ID": "103"}]));
}

#[test]
fn filters_know_their_operators() {
    let mut portal = Portal::new();
    for (title, amount) in [("Alpha road", 9), ("beta road", 10), ("Gamma", 100)] {
        portal.make(2, json!({"title": title, "opportunity": amount}));
    }
    let all: [(serde_json::Value, &[i64]); 14] = [
        (json!({"title": "ALPHA ROAD"}), &[1]),
        (json!({"=opportunity": "10.00"}), &[2]),
        (json!({">opportunity": 9}), &[2, 3]),
        (json!({">=opportunity": 10, "<opportunity": 100}), &[2]),
        (json!({"!id": 2}), &[1, 3]),
        (json!({"@id": [1, 3]}), &[1, 3]),
        (json!({"id": [2, 3]}), &[2, 3]),
        (json!({"!@id": [1, 3]}), &[2]),
        (json!({"%title": "road"}), &[1, 2]),
        (json!({"%=title": "%a"}), &[3]),
        (json!({"=%title": "a%d"}), &[1]),
        (json!({"!%title": "road"}), &[3]),
        (json!({"originId": ""}), &[1, 2, 3]),
        (json!({"%stageId": "NE"}), &[]),
    ];
    for (filter, expected) in all {
        assert_eq!(portal.found(2, filter.clone()), expected, "{filter}");
    }
}

#[test]
fn or_groups_nest_in_item_lists_and_are_unknown_to_the_older_ones() {
    let mut portal = Portal::new();
    for title in ["a", "b", "c", "d"] {
        portal.make(2, json!({"title": title}));
    }
    let group = json!({"0": {"logic": "OR", "0": {"title": "a"}, "1": {">id": 2, "title": "c"}}});
    assert_eq!(portal.found(2, group.clone()), [1, 3]);
    assert_eq!(portal.found(2, json!({"<id": 3, "0": group["0"]})), [1]);
    let group = json!({"0": {"logic": "OR", "0": {"TITLE": "a"}, "1": {"TITLE": "c"}}});
    let legacy = portal.ok("crm.deal.list", json!({"filter": group, "select": ["ID"]}));
    assert_eq!(legacy.as_array().unwrap().len(), 4);
}

#[test]
fn an_unknown_name_is_refused_in_item_filters_and_ignored_by_the_older_lists() {
    let mut portal = Portal::new();
    portal.make(2, json!({}));
    let params = json!({"entityTypeId": 2, "filter": {">TITLE": "x"}});
    let (status, code, text) = portal.refused("crm.item.list", params);
    assert_eq!((status, code.as_str()), (400, "INVALID_ARG_VALUE"));
    assert_eq!(text, "Invalid filter: field 'TITLE' is not allowed in filter");
    let legacy = portal.ok("crm.deal.list", json!({"filter": {"title": "x"}}));
    assert_eq!(legacy.as_array().unwrap().len(), 1);
}

#[test]
fn modification_times_are_filtered_and_ordered_by_whole_seconds() {
    let mut portal = Portal::new();
    for _ in 0..3 {
        portal.make(2, json!({}));
    }
    portal.wait(5);
    portal.ok("crm.item.update", json!({"entityTypeId": 2, "id": 1, "fields": {"title": "late"}}));
    for since in ["2026-03-01T10:00:05Z", "2026-03-01T13:00:05+03:00", "2026-03-01 13:00:05"] {
        assert_eq!(portal.found(2, json!({">=updatedTime": since})), [1], "{since}");
        assert!(portal.found(2, json!({">updatedTime": since})).is_empty(), "{since}");
    }
    let order = json!({"entityTypeId": 2, "order": {"updatedTime": "DESC"}, "select": ["id"]});
    let rows = portal.ok("crm.item.list", order);
    let ids: Vec<_> = rows["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[test]
fn the_first_key_of_an_order_weighs_most() {
    let mut portal = Portal::new();
    for title in ["b", "a", "b"] {
        portal.make(2, json!({"title": title}));
    }
    let target = format!("{}crm.item.list", portal.it.webhook_path());
    let mut request = crosstie::seam::Request::new(crosstie::seam::Method::Post, target);
    request = request.header("content-type", "application/json");
    request.body = r#"{"entityTypeId": 2, "order": {"title": "ASC", "id": "DESC"}}"#.into();
    let (_, rows) = portal.send(&request);
    let ids: Vec<_> =
        rows["result"]["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [2, 3, 1]);
}

#[test]
fn links_can_be_filtered_by_any_contact_in_item_lists_and_by_the_primary_one_in_older_ones() {
    let mut portal = Portal::new();
    let company = portal.make(4, json!({"title": "Acme"}));
    for name in ["Ada", "Eve"] {
        portal.make(3, json!({"name": name}));
    }
    portal.make(2, json!({"contactIds": [2, 1], "companyId": company}));
    portal.make(2, json!({"contactIds": [1]}));
    assert_eq!(portal.found(2, json!({"contactIds": 1})), [1, 2]);
    assert_eq!(portal.found(2, json!({"contactIds": [2]})), [1]);
    assert_eq!(portal.found(2, json!({"companyId": company})), [1]);
    let legacy = portal.ok("crm.deal.list", json!({"filter": {"CONTACT_ID": 1}, "select": ["ID"]}));
    assert_eq!(legacy, json!([{"ID": "2"}]));
}

#[test]
fn a_user_fields_yes_is_found_by_1_and_not_by_y() {
    let mut portal = Portal::new();
    portal.make(2, json!({"UF_CRM_ONSITE": "Y"}));
    portal.make(2, json!({}));
    assert_eq!(portal.found(2, json!({"UF_CRM_ONSITE": 1})), [1]);
    assert_eq!(portal.found(2, json!({"UF_CRM_ONSITE": 0})), [2]);
    assert!(portal.found(2, json!({"UF_CRM_ONSITE": "Y"})).is_empty());
}

#[test]
fn people_are_found_by_phone_digits_and_email() {
    let mut portal = Portal::new();
    let set = [("EMAIL", json!("Ada@Example.com")), ("PHONE", json!("+49 (30) 1234"))];
    portal.it.person_create(portal.now, "Anna Weber", Entity::Contact, &set).unwrap();
    let find = |portal: &mut Portal, kind: &str, value: &str| {
        portal.ok("crm.duplicate.findbycomm", json!({"type": kind, "values": [value], "entity_type": "CONTACT"}))
    };
    assert_eq!(find(&mut portal, "EMAIL", "ada@example.com"), json!({"CONTACT": [1]}));
    assert_eq!(find(&mut portal, "PHONE", "49301234"), json!({"CONTACT": [1]}));
    assert_eq!(find(&mut portal, "PHONE", "555"), json!([]));
    assert_eq!(portal.found(3, json!({"hasEmail": "Y"})), [1]);
    let legacy = portal.ok("crm.contact.list", json!({"filter": {"EMAIL": "ada@example.com"}, "select": ["ID"]}));
    assert_eq!(legacy, json!([{"ID": "1"}]));
}

#[test]
fn an_upper_case_id_orders_items_and_no_other_upper_case_name_does() {
    let mut portal = Portal::new();
    for n in 0..3 {
        portal.make(2, json!({"title": format!("D{n}")}));
    }
    let ordered = json!({"entityTypeId": 2, "order": {"ID": "DESC"}, "select": ["id"], "start": -1});
    let rows = portal.ok("crm.item.list", ordered);
    let ids: Vec<i64> = rows["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [3, 2, 1]);
    let (status, code, _) = portal.refused("crm.item.list", json!({"entityTypeId": 2, "order": {"TITLE": "ASC"}}));
    assert_eq!((status, code.as_str()), (400, "INVALID_ARG_VALUE"));
    let (status, code, _) = portal.refused("crm.item.list", json!({"entityTypeId": 2, "filter": {">ID": 1}}));
    assert_eq!((status, code.as_str()), (400, "INVALID_ARG_VALUE"));
}

#[test]
fn of_two_spellings_of_a_parameter_the_later_one_counts() {
    let mut portal = Portal::new();
    for title in ["A", "B"] {
        portal.make(2, json!({"title": title}));
    }
    let found = |portal: &mut Portal, body: &'static str| {
        let target = format!("{}crm.deal.list", portal.it.webhook_path());
        let request = Request::new(Method::Post, target).json(&json!({}));
        let (status, answer) = portal.send(&Request { body: body.into(), ..request });
        assert_eq!(status, 200, "{answer}");
        let rows = answer["result"].as_array().unwrap();
        rows.iter().map(|row| row["TITLE"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&mut portal, r#"{"FILTER": {"TITLE": "A"}, "filter": {"TITLE": "B"}}"#), ["B"]);
    assert_eq!(found(&mut portal, r#"{"filter": {"TITLE": "B"}, "FILTER": {"TITLE": "A"}}"#), ["A"]);
}
