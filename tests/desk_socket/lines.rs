//! The protocol, line by line.

use crosstie::control::socket::LONGEST_LINE;
use serde_json::json;

use super::{Daemon, Raw};

const QUERY: &[u8] = br#"{"id":9,"ask":{"query":{"list":"holds","filter":"ok","offset":0,"limit":1}}}"#;

#[tokio::test]
async fn a_client_of_another_version_is_told_and_shown_out() {
    let daemon = Daemon::start().await;
    let mut raw = Raw::connect(&daemon.path, r#"{"hello":"crosstie","version":99,"pid":1}"#).await;
    let hello = raw.hear().await.unwrap();
    assert_eq!((&hello["version"], &hello["mode"]), (&json!(4), &json!("live")));
    let text = raw.hear().await.unwrap()["error"]["text"].to_string();
    assert!(text.contains("version 4") && text.contains("99"), "{text}");
    assert_eq!(raw.hear().await, None);
}

#[tokio::test]
async fn whoever_does_not_say_hello_gets_nothing() {
    let daemon = Daemon::start().await;
    for first in ["GET / HTTP/1.1", r#"{"hello":"other","version":4,"pid":1}"#, ""] {
        let mut raw = Raw::connect(&daemon.path, first).await;
        assert_eq!(raw.hear().await.unwrap()["hello"], "crosstie");
        assert!(raw.hear().await.unwrap()["error"]["text"].to_string().contains("hello"), "{first}");
        assert_eq!(raw.hear().await, None);
    }
}

#[tokio::test]
async fn a_line_that_makes_no_sense_is_answered_and_loses_nothing_else() {
    let daemon = Daemon::start().await;
    let mut raw = Raw::greeted(&daemon.path).await;
    let long = vec![b'x'; LONGEST_LINE + 10];
    let bad: [(&[u8], serde_json::Value); 5] = [
        (b"nonsense", json!(null)),
        (br#"{"id":4,"ask":{"dance":{}}}"#, json!(4)),
        (br#"{"id":5,"ask":{"query":{"list":"holds","offset":-1,"limit":1}}}"#, json!(5)),
        (b"\xff\xfe", json!(null)),
        (&long, json!(null)),
    ];
    for (line, id) in bad {
        raw.say(line).await;
        let answer = raw.answer().await;
        assert_eq!(answer["error"]["id"], id, "{answer}");
        assert!(!answer["error"]["text"].as_str().unwrap().is_empty());
        raw.say(QUERY).await;
        let answer = raw.answer().await;
        assert_eq!(answer["answer"]["id"], 9, "{answer}");
        assert_eq!(answer["answer"]["answer"]["window"]["rows"]["rows"][0]["title"], "ok");
    }
}

#[tokio::test]
async fn an_answer_longer_than_a_line_is_refused_under_its_number() {
    let daemon = Daemon::start().await;
    let mut raw = Raw::greeted(&daemon.path).await;
    let line = json!({"id": 3, "ask": {"query": {"list": "holds", "filter": "x", "offset": 0, "limit": LONGEST_LINE}}});
    raw.say(line.to_string().as_bytes()).await;
    let answer = raw.answer().await;
    assert_eq!(answer["answer"]["id"], 3);
    assert!(answer["answer"]["answer"]["protocol"].as_str().unwrap().contains("fewer rows"), "{answer}");
    raw.say(QUERY).await;
    assert_eq!(raw.answer().await["answer"]["id"], 9);
}

#[tokio::test]
async fn commands_of_one_client_are_carried_out_in_their_order_even_if_it_leaves() {
    let daemon = Daemon::start().await;
    let mut raw = Raw::greeted(&daemon.path).await;
    let names: Vec<String> = (0..10).map(|n| format!("pair {n}")).collect();
    let mut text = Vec::new();
    for (id, pair) in names.iter().enumerate() {
        let line = json!({"id": id, "ask": {"command": {"who": "a", "command": {"command": "approve", "pair": pair}}}});
        text.extend_from_slice(format!("{line}\n").as_bytes());
    }
    text.pop();
    raw.say(&text).await;
    drop(raw);
    // The daemon ends when every connection has done what it read.
    while daemon.fake.commands.lock().unwrap().len() < 10 {
        tokio::task::yield_now().await;
    }
    daemon.shutdown.cancel();
    daemon.task.await.unwrap();
    let done =
        daemon.fake.commands.lock().unwrap().iter().map(|(_, command)| format!("{command:?}")).collect::<Vec<_>>();
    assert_eq!(done.len(), 10);
    assert!(done.iter().zip(&names).all(|(done, pair)| done.contains(pair.as_str())), "{done:?}");
}

#[tokio::test]
async fn of_many_snapshots_a_slow_reader_gets_the_newest_and_not_all() {
    let daemon = Daemon::start().await;
    let mut raw = Raw::greeted(&daemon.path).await;
    for version in 2..=5000 {
        daemon.push(version);
        if version % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut versions = Vec::new();
    while versions.last() != Some(&5000) {
        versions.push(raw.hear().await.unwrap()["snapshot"]["version"].as_u64().unwrap());
    }
    assert!(versions.len() < 2500, "{} snapshots were sent", versions.len());
    assert!(versions.is_sorted());
}

#[tokio::test]
async fn a_command_names_the_user_and_where_they_came_from() {
    use std::os::unix::fs::MetadataExt;
    let daemon = Daemon::start().await;
    let uid = std::fs::metadata(&daemon.path).unwrap().uid();
    for (from, shown) in [("10.0.0.7", " from 10.0.0.7"), ("root (uid 0)", "")] {
        let hello = json!({"hello": "crosstie", "version": 4, "pid": 1, "from": from});
        let mut raw = Raw::connect(&daemon.path, &hello.to_string()).await;
        assert_eq!(raw.hear().await.unwrap()["hello"], "crosstie");
        raw.say(br#"{"id":1,"ask":{"command":{"who":"somebody (uid 4711)","command":{"command":"refresh"}}}}"#).await;
        assert_eq!(raw.answer().await["answer"]["id"], 1);
        let (who, _) = daemon.fake.commands.lock().unwrap().last().unwrap().clone();
        assert!(who.ends_with(&format!("(uid {uid}){shown}")) && !who.contains("4711"), "{who}");
    }
}
