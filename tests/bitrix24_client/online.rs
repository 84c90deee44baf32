//! The portal's own calls for an application: bound when they are missing, and a portal that will not says why.

use std::collections::BTreeSet;

use crosstie::remote::RemoteErrorKind;
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::support::Office;

const HANDLER: &str = "https://sync.example/api/webhooks/bitrix24";

fn entities(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_the_pairs_need_is_bound_once_and_again_when_it_was_lost() {
    let office = Office::new().as_app();
    let deals = entities(&["deal", "contact"]);
    let looked = office.client.bound(HANDLER, &deals).await.unwrap();
    assert_eq!((looked.kept.len(), looked.missing.len()), (0, 7), "looking binds nothing");
    let bound = office.client.bind(HANDLER, &deals).await.unwrap();
    assert_eq!((bound.kept.len(), bound.missing.len(), bound.unfinished), (0, 7, false));
    assert!(bound.missing.contains(&"ONCRMDEALMOVETOCATEGORY") && !bound.missing.contains(&"ONTASKADD"));
    office.sent();
    let again = office.client.bind(HANDLER, &deals).await.unwrap();
    assert_eq!((again.kept.len(), again.missing.len()), (7, 0));
    assert!(!office.sent().iter().any(|method| method == "event.bind"));
    // What is bound is told, to us alone.
    office.person_makes(Entity::Deal, &[("TITLE", json!("Roof"))]);
    let now = office.now();
    let calls = office.portal().outgoing(now);
    assert_eq!(calls.iter().map(|call| call.url.as_str()).collect::<Vec<_>>(), [HANDLER]);
    // Another address is another handler, and a task needs its own events.
    let other = office.client.bound("https://other.example/x", &deals).await.unwrap();
    assert_eq!(other.kept.len(), 0);
    let more = office.client.bind(HANDLER, &entities(&["deal", "contact", "task"])).await.unwrap();
    assert_eq!((more.kept.len(), more.missing), (7, vec!["ONTASKADD", "ONTASKUPDATE", "ONTASKDELETE"]));
    // Installing the application again takes them all away.
    let lost = office.as_app();
    let found = lost.client.bind(HANDLER, &deals).await.unwrap();
    assert_eq!((found.kept.len(), found.missing.len()), (0, 7));
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_will_not_call_says_why() {
    let webhook = Office::new();
    let refused = webhook.client.bind(HANDLER, &entities(&["deal"])).await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Unauthorized);
    assert!(refused.to_string().contains("application"), "{refused}");
    let office = Office::new().as_app();
    let refused = office.client.bind("ftp://nowhere", &entities(&["deal"])).await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Invalid);
    assert!(refused.to_string().contains("does not take ftp://nowhere"), "{refused}");
    office.portal().switch("not-installed").unwrap();
    assert!(office.client.bind(HANDLER, &entities(&["deal"])).await.unwrap().unfinished);
}
