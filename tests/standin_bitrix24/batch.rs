use serde_json::json;

use crate::support::Portal;

#[test]
fn commands_use_earlier_results_in_sending_order() {
    let mut portal = Portal::new();
    let base = portal.it.webhook_path();
    // Written by hand: a sorted map would run "a" before the "z" that it needs.
    let text = r#"{"cmd": {
        "z": "crm.item.add?entityTypeId=3&fields[name]=Ada",
        "a": "crm.item.add?entityTypeId=2&fields%5BcontactIds%5D%5B0%5D=%24result%5Bz%5D%5Bitem%5D%5Bid%5D",
        "m": "crm.deal.contact.items.get?id=$result[a][item][id]"
    }}"#;
    let mut request = crosstie::seam::Request::new(crosstie::seam::Method::Post, format!("{base}batch"));
    request = request.header("content-type", "application/json");
    request.body = text.into();
    let (_, answer) = portal.send(&request);
    assert_eq!(answer["result"]["result"]["a"]["item"]["contactIds"], json!([1]));
    assert_eq!(answer["result"]["result"]["m"][0]["IS_PRIMARY"], "Y");
    assert_eq!(answer["result"]["result_error"], json!([]));
    assert_eq!(answer["result"]["result_total"], json!([]));
    assert_eq!(portal.it.counters().requests, 1);
}

#[test]
fn after_a_failure_under_halt_the_later_keys_are_absent() {
    let mut portal = Portal::new();
    let cmd = json!({"a": "scope", "b": "crm.deal.get?id=99", "c": "profile"});
    let halted = portal.ok("batch", json!({"halt": 1, "cmd": cmd}));
    assert!(halted["result"].get("a").is_some() && halted["result"].get("c").is_none());
    assert_eq!(halted["result_error"]["b"], json!({"error": "", "error_description": "Not found"}));
    assert!(halted["result_error"].get("c").is_none());
    let whole = portal.ok("batch", json!({"halt": 0, "cmd": cmd}));
    assert!(whole["result"].get("c").is_some());
}

#[test]
fn lists_of_commands_come_back_as_php_would_write_them() {
    let mut portal = Portal::new();
    let all = portal.ok("batch", json!({"cmd": ["scope", "methods"]}));
    assert!(all["result"].is_array());
    let hole = portal.ok("batch", json!({"cmd": ["crm.deal.get?id=9", "scope"]}));
    assert!(hole["result"].is_object() && hole["result"]["1"].is_array());
    assert!(hole["result_error"].is_array());
    let none = portal.ok("batch", json!({"cmd": []}));
    assert_eq!(none["result"], json!([]));
}

#[test]
fn fifty_commands_run_and_a_batch_in_a_batch_does_not() {
    let mut portal = Portal::new();
    let mut cmd = vec!["server.time"; 52];
    cmd[0] = "batch?cmd[0]=scope";
    let answer = portal.ok("batch", json!({"cmd": cmd}));
    assert_eq!(answer["result"].as_object().unwrap().len(), 49);
    let errors = &answer["result_error"];
    assert_eq!(errors["0"]["error"], "ERROR_BATCH_METHOD_NOT_ALLOWED");
    assert_eq!(errors["50"]["error"], "ERROR_BATCH_LENGTH_EXCEEDED");
    assert_eq!(errors["51"]["error"], "ERROR_BATCH_LENGTH_EXCEEDED");
}

#[test]
fn totals_and_next_pages_lie_beside_the_results() {
    let mut portal = Portal::new();
    for _ in 0..51 {
        portal.make(3, json!({"name": "Ada"}));
    }
    let cmd = json!({"page": "crm.contact.list?select[]=ID", "me": "user.current"});
    let answer = portal.ok("batch", json!({"cmd": cmd}));
    assert_eq!(answer["result_total"], json!({"page": 51}));
    assert_eq!(answer["result_next"], json!({"page": 50}));
}
