use crosstie::standin::bitrix24::{Config, Entity};
use serde_json::json;

use crate::support::Portal;

#[test]
fn a_new_deal_has_the_portals_defaults() {
    let mut portal = Portal::new();
    let id = portal.make(2, json!({}));
    let deal = portal.item(2, id);
    assert_eq!(deal["title"], format!("Deal #{id}"));
    assert_eq!((&deal["stageId"], &deal["categoryId"]), (&json!("NEW"), &json!(0)));
    assert_eq!((&deal["opportunity"], &deal["isManualOpportunity"]), (&json!(0), &json!("N")));
    assert_eq!((&deal["companyId"], &deal["contactIds"]), (&json!(0), &json!([])));
    assert_eq!((&deal["createdBy"], &deal["updatedBy"], &deal["assignedById"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(deal["createdTime"], "2026-03-01T13:00:00+03:00");
    assert_eq!(deal["begindate"], "2026-03-01T03:00:00+03:00");
    assert_eq!(deal["closedate"], "2026-03-08T03:00:00+03:00");
    assert!(deal.get("fm").is_none());
}

#[test]
fn a_day_is_shown_as_utc_midnight_so_that_western_portals_show_the_evening_before() {
    let mut portal = Portal::with(Config { offset_minutes: -300, ..Config::default() });
    let id = portal.make(2, json!({"begindate": "2026-05-04", "UF_CRM_KICKOFF": "2026-05-06"}));
    let deal = portal.item(2, id);
    assert_eq!(deal["begindate"], "2026-05-03T19:00:00-05:00");
    assert_eq!(deal["UF_CRM_KICKOFF"], "2026-05-05T19:00:00-05:00");
    assert_eq!(portal.it.plain(Entity::Deal, "1").unwrap()["BEGINDATE"], "2026-05-04");
}

#[test]
fn user_fields_are_typed_and_keep_their_names_when_asked() {
    let mut portal = Portal::new();
    let low = portal.it.options(Entity::Deal, "UF_CRM_PRIORITY")[0].0.clone();
    let services: Vec<String> = portal.it.options(Entity::Deal, "UF_CRM_SERVICES").into_iter().map(|o| o.0).collect();
    let fields = json!({
        "UF_CRM_PROJECT_CODE": "P-1", "UF_CRM_EFFORT": "12.50", "UF_CRM_ONSITE": "Y", "UF_CRM_PRIORITY": low,
        "UF_CRM_SERVICES": [services[2], services[0]], "UF_CRM_BUDGET": "1000.00|USD",
        "UF_CRM_NEXT_CALL": "2026-03-02T09:00:00Z", "UF_CRM_DOCS": "https://example.com/d", "opportunity": 1234.5,
    });
    let id = portal.make(2, fields);
    let deal = portal.item(2, id);
    let number = |text: &String| json!(text.parse::<i64>().unwrap());
    assert_eq!(deal["UF_CRM_EFFORT"], 12.5);
    assert_eq!(deal["UF_CRM_ONSITE"], "Y");
    assert_eq!(deal["UF_CRM_PRIORITY"], number(&low));
    assert_eq!(deal["UF_CRM_SERVICES"], json!([number(&services[0]), number(&services[2])]));
    assert_eq!(deal["UF_CRM_BUDGET"], "1000|USD");
    assert_eq!(deal["UF_CRM_NEXT_CALL"], "2026-03-02T12:00:00+03:00");
    assert_eq!(deal["opportunity"], 1234.5);
    let other = portal.ok("crm.item.get", json!({"entityTypeId": 2, "id": id}));
    assert_eq!(other["item"]["ufCrm_PROJECT_CODE"], "P-1");
    let fields = portal.ok("crm.item.fields", json!({"entityTypeId": 2, "useOriginalUfNames": "Y"}));
    assert_eq!(fields["fields"]["UF_CRM_PRIORITY"]["items"][0]["ID"], json!(low));
    assert_eq!(fields["fields"]["updatedTime"]["isReadOnly"], true);
}

#[test]
fn nothing_is_saved_when_nothing_would_change() {
    let mut portal = Portal::new();
    let id = portal.make(2, json!({"title": "Loom", "opportunity": 10}));
    let before = portal.item(2, id);
    portal.wait(5);
    let params =
        json!({"entityTypeId": 2, "id": id, "fields": {"title": "Loom", "opportunity": "10.00", "nonsense": 1}});
    portal.ok("crm.item.update", params);
    assert_eq!(portal.item(2, id), before);
    portal.ok("crm.item.update", json!({"entityTypeId": 2, "id": id, "fields": {"title": "Mill"}}));
    assert_eq!(portal.item(2, id)["updatedTime"], "2026-03-01T13:00:05+03:00");
}

#[test]
fn options_outside_the_list_are_dropped_with_success() {
    let mut portal = Portal::new();
    let low = portal.it.options(Entity::Deal, "UF_CRM_PRIORITY")[0].0.clone();
    let design = portal.it.options(Entity::Deal, "UF_CRM_SERVICES")[0].0.clone();
    let id = portal.make(2, json!({"UF_CRM_PRIORITY": low}));
    let fields = json!({"UF_CRM_PRIORITY": 99999, "UF_CRM_SERVICES": [99999, design], "sourceId": "NOWHERE"});
    portal.ok("crm.item.update", json!({"entityTypeId": 2, "id": id, "fields": fields}));
    let deal = portal.item(2, id);
    assert_eq!(deal["UF_CRM_PRIORITY"].to_string(), low);
    assert_eq!(deal["UF_CRM_SERVICES"].to_string(), format!("[{design}]"));
    assert_eq!(deal["sourceId"], json!(null));
}

#[test]
fn a_stage_must_be_one_of_the_deals_pipeline() {
    let mut portal = Portal::new();
    let sales = portal.it.add_pipeline("Sales", &[("NEW", "New", 'P'), ("WON", "Done", 'S')]);
    let id = portal.make(2, json!({}));
    let mut update = |fields| portal.call("crm.item.update", json!({"entityTypeId": 2, "id": id, "fields": fields}));
    let (status, refused) = update(json!({"stageId": "C1:WON", "title": "never"}));
    assert_eq!((status, refused["error"].as_str()), (400, Some("CRM_FIELD_ERROR_VALUE_NOT_VALID")));
    let (_, moved) = update(json!({"categoryId": sales}));
    assert_eq!(moved["result"]["item"]["stageId"], "C1:NEW");
    let (_, won) = update(json!({"stageId": "C1:WON"}));
    let item = &won["result"]["item"];
    assert_eq!((&item["closed"], &item["stageSemanticId"]), (&json!("Y"), &json!("S")));
    assert_ne!(item["title"], "never");
    let legacy = portal.refused("crm.deal.update", json!({"id": id, "fields": {"STAGE_ID": "NEW"}}));
    assert_eq!(legacy.0, 400);
}

#[test]
fn multifields_are_changed_by_id_added_by_other_keys_and_deleted_by_nothing() {
    let mut portal = Portal::new();
    let fm = json!({"n0": {"typeId": "EMAIL", "valueType": "HOME", "value": "a@example.com"},
                    "n1": {"typeId": "PHONE", "value": "+49 30 1234"}});
    let id = portal.make(3, json!({"name": "Ada", "fm": fm}));
    let before = portal.item(3, id);
    let email = before["fm"][0]["id"].as_i64().unwrap().to_string();
    let phone = before["fm"][1]["id"].as_i64().unwrap().to_string();
    let params = json!({"entityTypeId": 3, "id": id, "fields": {"fm": {
        email.as_str(): {"typeId": "EMAIL", "valueType": "HOME", "value": "b@example.com"},
        phone.as_str(): {"typeId": "PHONE", "value": ""},
        "n0": {"typeId": "EMAIL", "valueType": "WORK", "value": "work@example.com"},
    }}});
    let answer = portal.ok("crm.item.update", params);
    assert!(answer["item"].get("fm").is_none());
    let after = portal.item(3, id);
    let values: Vec<_> = after["fm"].as_array().unwrap().iter().map(|fm| fm["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["b@example.com", "work@example.com"]);
    assert_eq!((&after["hasPhone"], &after["hasEmail"]), (&json!("N"), &json!("Y")));
    assert_eq!(portal.it.plain(Entity::Contact, "1").unwrap()["EMAIL"], "work@example.com");
    let listed = |portal: &mut Portal, params| portal.ok("crm.item.list", params)["items"][0].get("fm").is_some();
    assert!(listed(&mut portal, json!({"entityTypeId": 3, "select": ["*"]})));
    assert!(!listed(&mut portal, json!({"entityTypeId": 3})));
    assert!(!listed(&mut portal, json!({"entityTypeId": 3, "select": ["id", "fm"]})));
}

#[test]
fn an_invalid_email_is_refused_and_nothing_of_the_write_happens() {
    let mut portal = Portal::new();
    let id = portal.make(3, json!({"name": "Ada"}));
    let fm = json!({"n0": {"typeId": "EMAIL", "valueType": "WORK", "value": "ada at home"}});
    let params = json!({"entityTypeId": 3, "id": id, "fields": {"name": "Eve", "fm": fm}});
    let refused = portal.refused("crm.item.update", params);
    let text = "The field Work e-mail contains an invalid address";
    assert_eq!(refused, (400, "ERROR_CORE".into(), text.into()));
    assert_eq!(portal.item(3, id)["name"], "Ada");
}

#[test]
fn what_was_deleted_is_gone_and_its_id_is_not_used_again() {
    let mut portal = Portal::new();
    let id = portal.make(3, json!({"name": "Ada"}));
    let deal = portal.make(2, json!({"contactIds": [id]}));
    portal.wait(5);
    assert_eq!(portal.ok("crm.item.delete", json!({"entityTypeId": 3, "id": id})), json!([]));
    let gone = portal.refused("crm.item.get", json!({"entityTypeId": 3, "id": id}));
    assert_eq!(gone, (400, "NOT_FOUND".into(), "Not found".into()));
    let gone = portal.refused("crm.contact.get", json!({"id": id}));
    assert_eq!(gone, (400, "".into(), "Not found".into()));
    assert_eq!(portal.make(3, json!({"name": "Eve"})), id + 1);
    let deal = portal.item(2, deal);
    assert_eq!((&deal["contactIds"], &deal["updatedTime"]), (&json!([]), &json!("2026-03-01T13:00:00+03:00")));
}

#[test]
fn an_origin_is_stored_and_found_and_need_not_be_unique() {
    let mut portal = Portal::new();
    for _ in 0..2 {
        portal.make(2, json!({"originatorId": "crosstie", "originId": "page-1"}));
    }
    portal.make(2, json!({"originatorId": "crosstie", "originId": "page-2"}));
    assert_eq!(portal.found(2, json!({"originatorId": "crosstie", "originId": "page-1"})), [1, 2]);
    let legacy = portal.ok("crm.deal.list", json!({"filter": {"ORIGIN_ID": "page-2"}, "select": ["ID"]}));
    assert_eq!(legacy, json!([{"ID": "3"}]));
}

#[test]
fn the_amount_is_the_products_unless_it_is_manual() {
    let mut portal = Portal::new();
    let id = portal.make(2, json!({"opportunity": 5}));
    assert!(portal.it.set_product_sum("1", Some("99.90".parse().unwrap())));
    let mut update = |fields| portal.ok("crm.item.update", json!({"entityTypeId": 2, "id": id, "fields": fields}));
    assert_eq!(update(json!({"opportunity": 7}))["item"]["opportunity"], 99.9);
    assert_eq!(update(json!({"opportunity": 7, "isManualOpportunity": "Y"}))["item"]["opportunity"], 7);
}

#[test]
fn clearing_through_item_update_fails_silently_where_the_portal_has_its_bug() {
    let mut portal = Portal::new();
    let design = portal.it.options(Entity::Deal, "UF_CRM_SERVICES")[0].0.clone();
    let company = portal.make(4, json!({"title": "Acme", "comments": "x"}));
    let deal = portal.make(2, json!({"comments": "x", "UF_CRM_SERVICES": [design]}));
    portal.ok("crm.item.update", json!({"entityTypeId": 4, "id": company, "fields": {"comments": ""}}));
    assert_eq!(portal.item(4, company)["comments"], "x");
    portal.ok("crm.company.update", json!({"id": company, "fields": {"COMMENTS": ""}}));
    assert_eq!(portal.item(4, company)["comments"], json!(null));
    let fields = json!({"comments": "", "UF_CRM_SERVICES": []});
    let params = json!({"entityTypeId": 2, "id": deal, "useOriginalUfNames": "Y", "fields": fields});
    assert_eq!(portal.ok("crm.item.update", params)["item"]["UF_CRM_SERVICES"], json!(null));
    let after = portal.item(2, deal);
    assert_eq!((&after["comments"], after["UF_CRM_SERVICES"].to_string()), (&json!(null), format!("[{design}]")));
    portal.ok("crm.deal.update", json!({"id": deal, "fields": {"UF_CRM_SERVICES": []}}));
    assert_eq!(portal.item(2, deal)["UF_CRM_SERVICES"], json!([]));
}
