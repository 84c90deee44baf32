//! Tasks as the portal has them: names that differ on the way in and out, empty answers, and odd errors.

use serde_json::{Value, json};

use crate::support::Portal;

fn add(portal: &mut Portal, fields: Value) -> String {
    portal.ok("tasks.task.add", json!({"fields": fields}))["task"]["id"].as_str().unwrap().to_owned()
}

fn get(portal: &mut Portal, id: &str, select: &[&str]) -> Value {
    portal.ok("tasks.task.get", json!({"taskId": id, "select": select}))["task"].take()
}

#[test]
fn a_task_is_written_in_capitals_and_comes_back_in_camel_case_and_as_texts() {
    let mut portal = Portal::new();
    let made = portal.ok(
        "tasks.task.add",
        json!({"fields": {
            "TITLE": "Roof", "RESPONSIBLE_ID": 2, "DEADLINE": "2026-04-01T12:00:00+00:00", "XML_ID": "ours",
            "UF_CRM_TASK": ["D_1", "CO_3"], "AUDITORS": [3, 2], "NOT_KNOWN": 7,
        }}),
    );
    let task = &made["task"];
    for (key, value) in [
        ("id", json!("1")),
        ("title", json!("Roof")),
        ("responsibleId", json!("2")),
        ("createdBy", json!("1")),
        ("status", json!("2")),
        ("priority", json!("1")),
        ("xmlId", json!("ours")),
        ("auditors", json!(["2", "3"])),
        ("accomplices", json!([])),
        ("deadline", json!("2026-04-01T15:00:00+03:00")),
        ("createdDate", json!("2026-03-01T13:00:00+03:00")),
        ("closedDate", json!(null)),
    ] {
        assert_eq!(task[key], value, "{key}: {task}");
    }
    assert_eq!(task.get("ufCrmTask"), None, "bindings come to whoever names them");
    let named = get(&mut portal, "1", &["TITLE", "UF_CRM_TASK"]);
    assert_eq!((&named["title"], &named["ufCrmTask"]), (&json!("Roof"), &json!(["D_1", "CO_3"])));
    assert_eq!(named.get("status"), None, "only what was named");
    portal.ok("tasks.task.update", json!({"taskId": 1, "fields": {"UF_CRM_TASK": []}}));
    assert_eq!(get(&mut portal, "1", &["UF_CRM_TASK"])["ufCrmTask"], json!(false));
}

#[test]
fn a_task_that_is_not_there_is_an_empty_list_and_no_error() {
    let mut portal = Portal::new();
    assert_eq!(portal.ok("tasks.task.get", json!({"taskId": 7, "select": ["ID"]})), json!([]));
    let refused = portal.refused("tasks.task.update", json!({"taskId": 7, "fields": {"TITLE": "a"}}));
    assert_eq!((refused.0, refused.1.as_str()), (400, "0"));
    let id = add(&mut portal, json!({"TITLE": "Roof", "RESPONSIBLE_ID": 1}));
    assert_eq!(portal.ok("tasks.task.delete", json!({"taskId": id})), json!({"task": true}));
    assert_eq!(portal.ok("tasks.task.get", json!({"taskId": id})), json!([]));
}

#[test]
fn what_a_task_cannot_be_without_is_refused_in_words() {
    let mut portal = Portal::new();
    for (fields, code, words) in [
        (json!({"RESPONSIBLE_ID": 1}), "ERROR_CORE", "title not specified<br>"),
        (json!({"TITLE": "Roof"}), "ERROR_CORE", "Assignee not specified<br>"),
        (json!({"TITLE": "Roof", "RESPONSIBLE_ID": 99}), "ERROR_CORE", "not found<br>"),
        (json!({"TITLE": "Roof", "RESPONSIBLE_ID": 1, "STATUS": 9}), "ERROR_CORE", "Invalid status<br>"),
        (json!({}), "100", "{fields}"),
    ] {
        let refused = portal.refused("tasks.task.add", json!({"fields": fields}));
        assert!(refused.0 == 400 && refused.1 == code && refused.2.contains(words), "{refused:?}");
    }
    assert!(portal.it.live_tasks().is_empty());
    let id = add(&mut portal, json!({"TITLE": "Roof", "RESPONSIBLE_ID": 1}));
    for fields in [json!({"TITLE": ""}), json!({"STATUS": "1"})] {
        portal.refused("tasks.task.update", json!({"taskId": id, "fields": fields}));
    }
    assert_eq!(portal.it.plain_task(&id).unwrap()["TITLE"], json!("Roof"));
}

#[test]
fn a_completed_task_is_closed_and_one_taken_up_again_is_open() {
    let mut portal = Portal::new();
    let id = add(&mut portal, json!({"TITLE": "Roof", "RESPONSIBLE_ID": 1}));
    portal.wait(60);
    portal.ok("tasks.task.update", json!({"taskId": id, "fields": {"STATUS": 5}}));
    let closed = get(&mut portal, &id, &["STATUS", "CLOSED_DATE", "CLOSED_BY"]);
    assert_eq!((&closed["status"], &closed["closedBy"]), (&json!("5"), &json!("1")));
    assert_eq!(closed["closedDate"], json!("2026-03-01T13:01:00+03:00"));
    portal.ok("tasks.task.update", json!({"taskId": id, "fields": {"STATUS": 3}}));
    assert_eq!(get(&mut portal, &id, &["CLOSED_DATE"])["closedDate"], json!(null));
    // The two ends of a plan are taken together.
    portal.ok("tasks.task.update", json!({"taskId": id, "fields": {"START_DATE_PLAN": "2026-04-01T00:00:00Z"}}));
    assert_eq!(get(&mut portal, &id, &["START_DATE_PLAN"])["startDatePlan"], json!(null));
}

#[test]
fn tasks_are_listed_by_page_newest_first_or_by_key() {
    let mut portal = Portal::new();
    for number in 0..120 {
        add(&mut portal, json!({"TITLE": format!("Task {number}"), "RESPONSIBLE_ID": 1 + number % 2}));
    }
    let mut list = |params: Value| {
        let (status, body) = portal.call("tasks.task.list", params);
        assert_eq!(status, 200, "{body}");
        let ids =
            body["result"]["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), body["total"].clone(), body["next"].clone())
    };
    let (ids, total, next) = list(json!({"select": ["ID"]}));
    assert_eq!((ids[0].as_str(), ids.len(), total, next), ("120", 50, json!(120), json!(50)));
    let (ids, ..) = list(json!({"select": ["ID"], "order": {"ID": "asc"}, "filter": {">ID": 100}, "start": -1}));
    assert_eq!((ids[0].as_str(), ids.len()), ("101", 20));
    let (ids, ..) = list(json!({"filter": {"RESPONSIBLE_ID": 2, "<ID": 10}, "order": {"ID": "asc"}}));
    assert_eq!(ids, ["2", "4", "6", "8"]);
    assert_eq!(list(json!({"filter": {"TITLE": "Task 7"}})).0, ["8"]);
    assert_eq!(list(json!({"filter": {"TITLE": "%11%"}, "order": {"ID": "asc"}})).0.len(), 11);
    assert_eq!(list(json!({"filter": {"XML_ID": "nobody"}})).1, json!(120), "that cannot be filtered by");
}

#[test]
fn a_list_by_time_finds_what_was_changed_since() {
    let mut portal = Portal::new();
    let first = add(&mut portal, json!({"TITLE": "Roof", "RESPONSIBLE_ID": 1}));
    add(&mut portal, json!({"TITLE": "Barn", "RESPONSIBLE_ID": 1}));
    portal.wait(600);
    portal.ok("tasks.task.update", json!({"taskId": first, "fields": {"PRIORITY": 2}}));
    let since = json!({"filter": {">=CHANGED_DATE": "2026-03-01T10:05:00+00:00"}, "select": ["ID", "CHANGED_DATE"]});
    let found = portal.ok("tasks.task.list", since);
    assert_eq!(found["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(found["tasks"][0]["changedDate"], json!("2026-03-01T13:10:00+03:00"));
}

#[test]
fn what_people_do_with_tasks_is_in_the_log_and_in_the_queue() {
    let mut portal = Portal::new();
    let token = portal.it.install_app(portal.now).access_token;
    let app = |portal: &mut Portal, method: &str, mut params: Value| {
        params["auth"] = json!(token);
        let request = crosstie::seam::Request::new(crosstie::seam::Method::Post, format!("/rest/{method}"));
        let (status, mut body) = portal.send(&request.json(&params));
        assert_eq!(status, 200, "{body}");
        body["result"].take()
    };
    for event in ["ONTASKADD", "ONTASKUPDATE", "ONTASKDELETE"] {
        app(&mut portal, "event.bind", json!({"event": event, "event_type": "offline"}));
    }
    let now = portal.now;
    let id = portal.it.person_create_task(now, "Anna Weber", &[("TITLE", json!("Roof"))]).unwrap();
    assert!(portal.it.person_edit_task(now, "Boris Klein", &id, &[("STATUS", json!("3"))]).unwrap());
    assert!(!portal.it.person_edit_task(now, "Boris Klein", &id, &[("STATUS", json!("3"))]).unwrap(), "equal already");
    assert!(portal.it.person_edit_task(now, "Boris Klein", &id, &[("COLOUR", json!("red"))]).is_err());
    portal.it.person_delete_task(now, "Anna Weber", &id).unwrap();
    let edits: Vec<_> = crosstie::standin::StandIn::log(&portal.it)
        .iter()
        .filter(|entry| entry.entity == "task" && entry.field == "STATUS")
        .map(|entry| (entry.before.clone(), entry.after.clone()))
        .collect();
    assert_eq!(edits, [(json!(null), json!("2")), (json!("2"), json!("3"))]);
    let queue = app(&mut portal, "event.offline.get", json!({}));
    let rows: Vec<_> = queue["events"].as_array().unwrap().iter().collect();
    assert_eq!(
        rows.iter().map(|row| row["EVENT_NAME"].as_str().unwrap()).collect::<Vec<_>>(),
        ["ONTASKADD", "ONTASKUPDATE", "ONTASKDELETE"]
    );
    assert_eq!(rows[0]["EVENT_DATA"]["FIELDS_BEFORE"], json!("undefined"));
    assert_eq!(rows[0]["EVENT_DATA"]["FIELDS_AFTER"], json!({"ID": id}));
    assert_eq!(rows[2]["EVENT_DATA"]["FIELDS_AFTER"], json!("undefined"));
}
