//! Throttles, lost answers, and what may be repeated.

use std::time::Duration;

use crosstie::model::RecordId;
use crosstie::remote::pace::Settings;
use crosstie::remote::{Lane, RemoteErrorKind, Since, System, WriteError};
use crosstie::seam::Response;
use crosstie::standin::bitrix24::{Config, Entity as Of};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Fate, Office, entity, set, text};

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_lost_is_unknown_sent_once_and_found_by_its_marker() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE"]);
    office.client.schema(&deal).await.unwrap();
    office.fate([Fate::LostAnswer]);
    let lost = office.client.create(&deal, "page-1", &set(&[("TITLE", text("Roof"))])).await.unwrap_err();
    assert!(matches!(lost, WriteError::Unknown(_)), "{lost:?}");
    tokio::time::sleep(Duration::from_secs(700)).await;
    let found = office.client.probe(&deal, "page-1").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(office.portal().live_ids(Of::Deal).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_never_arrived_is_unknown_too_and_probes_to_nothing() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE"]);
    office.client.schema(&deal).await.unwrap();
    office.fate([Fate::LostRequest]);
    let lost = office.client.create(&deal, "page-1", &set(&[("TITLE", text("Roof"))])).await.unwrap_err();
    assert!(matches!(lost, WriteError::Unknown(_)), "{lost:?}");
    assert!(office.client.probe(&deal, "page-1").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_error_leaves_a_write_unknown_and_a_read_repeated() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D"))]);
    let before = office.read(&deal, &id).await;
    let broken = || Fate::Instead(Response { status: 502, headers: Vec::new(), body: "<html>".into() });
    office.fate([broken()]);
    let unknown = office.client.update(&deal, &before, &set(&[("TITLE", text("X"))]), None).await.unwrap_err();
    assert!(matches!(unknown, WriteError::Unknown(_)), "{unknown:?}");
    office.sent();
    office.fate([broken(), Fate::LostAnswer]);
    office.read(&deal, &id).await;
    assert_eq!(office.sent(), ["crm.item.get"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_probe_falls_back_to_the_older_list_where_the_filter_is_refused() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE"]);
    let made = office.client.create(&deal, "page-1", &set(&[("TITLE", text("Roof"))])).await.unwrap();
    office.sent();
    let text = "Invalid filter: field 'originatorId' is not allowed in filter";
    let refused = json!({"error": "INVALID_ARG_VALUE", "error_description": text});
    office.fate([Fate::Instead(Response::json(400, &refused))]);
    let found = office.client.probe(&deal, "page-1").await.unwrap();
    assert_eq!(found.iter().map(|record| &record.id).collect::<Vec<_>>(), [&made.id]);
    assert_eq!(office.sent(), ["crm.item.list", "crm.deal.list", "crm.item.get"]);
}

#[tokio::test(start_paused = true)]
async fn pacing_keeps_the_portal_from_ever_refusing_us() {
    let office = Office::with(Config::standard(), Settings::bucket(50, 200));
    let deal = entity("deal", &["TITLE"]);
    for number in 0..150 {
        let (marker, fields) = (format!("p{number}"), set(&[("TITLE", text("D"))]));
        office.client.reserve(Lane::Write, 1).await;
        while let Err(refused) = office.client.create(&deal, &marker, &fields).await {
            assert!(matches!(&refused, WriteError::NotDone(e) if e.kind == RemoteErrorKind::Throttled), "{refused:?}");
            office.client.reserve(Lane::Write, 1).await;
        }
    }
    let (records, _) = office.list_all(&deal, Since::Ever).await;
    assert_eq!(records.len(), 150);
    assert_eq!(office.portal().counters().over_rate, 0);
    assert_eq!(office.client.pulse().throttled, 0);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_is_done_once_and_the_ceiling_sinks() {
    // Somebody else behind our address uses most of the bucket: we believe in 50, there are 5.
    let config = Config { bucket_room: 5, drain_per_second: 1, ..Config::default() };
    let office = Office::with(config, Settings::bucket(50, 200));
    let deal = entity("deal", &["TITLE"]);
    for number in 0..12 {
        office.client.create(&deal, &format!("p{number}"), &set(&[("TITLE", text("D"))])).await.unwrap();
    }
    assert_eq!(office.portal().live_ids(Of::Deal).len(), 12);
    assert!(office.portal().counters().over_rate > 0);
    let pulse = office.client.pulse();
    assert_eq!(pulse.throttled, office.portal().counters().over_rate);
    assert!(pulse.headroom.left_of().unwrap().1 < 50);
}

#[tokio::test(start_paused = true)]
async fn a_method_out_of_operating_time_waits_for_its_reset_and_others_do_not() {
    let costs = [("crm.item.list".to_owned(), 40_000)].into();
    let config = Config { method_cost_ms: costs, ..Config::default() };
    let office = Office::with(config, Settings::bucket(250, 500));
    let deal = entity("deal", &["TITLE"]);
    let start = Instant::now();
    for _ in 0..12 {
        office.list_all(&deal, Since::Ever).await;
    }
    assert!(start.elapsed() < Duration::from_secs(60));
    office.client.create(&deal, "p", &set(&[("TITLE", text("D"))])).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(60), "another method went on");
    // The next listing would wait ten minutes, as long as a request may.
    let waiting = office.client.probe(&deal, "p").await;
    assert!(waiting.is_ok() || waiting.unwrap_err().kind == RemoteErrorKind::Throttled);
    assert!(start.elapsed() > Duration::from_secs(580), "{:?}", start.elapsed());
    assert_eq!(office.portal().counters().over_time, 0, "we stopped before the portal had to");
}

#[tokio::test(start_paused = true)]
async fn a_write_takes_its_permits_before_its_pre_read() {
    let office = Office::with(Config::standard(), Settings::bucket(50, 200));
    let deal = entity("deal", &["TITLE"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D"))]);
    office.client.schema(&deal).await.unwrap();
    office.client.reserve(Lane::Write, 2).await;
    let (room, _) = office.client.pulse().headroom.left_of().unwrap();
    let before = office.read(&deal, &id).await;
    office.client.update(&deal, &before, &set(&[("TITLE", text("E"))]), None).await.unwrap();
    let (after, _) = office.client.pulse().headroom.left_of().unwrap();
    assert!(after >= room, "the two requests used what was reserved: {room} then {after}");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_sends_nothing_gives_its_permit_back() {
    let office = Office::with(Config::standard(), Settings::bucket(50, 200));
    let deal = entity("deal", &["TITLE"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D"))]);
    office.client.schema(&deal).await.unwrap();
    let before = office.read(&deal, &id).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    office.sent();
    let free = || office.client.pulse().headroom.left_of();
    let at_first = free();
    let wrong = set(&[("OPPORTUNITY", text("many"))]);
    for _ in 0..60 {
        office.client.reserve(Lane::Write, 4).await;
        office.client.update(&deal, &before, &wrong, None).await.unwrap_err();
        office.client.create(&deal, "p", &wrong).await.unwrap_err();
        office.client.update(&deal, &before, &set(&[]), None).await.unwrap();
        office.client.find(&deal, &"UF_CRM_GONE".into(), &text("x"), Lane::Write).await.unwrap_err();
    }
    assert!(office.sent().is_empty());
    assert_eq!(free(), at_first);
}

#[tokio::test(start_paused = true)]
async fn what_an_operation_asks_besides_uses_no_permit_of_others() {
    let office = Office::with(Config::standard(), Settings::bucket(50, 200));
    let contact = entity("contact", &["NAME", "EMAIL"]);
    office.person_makes(Of::Contact, &[("NAME", json!("Ada")), ("EMAIL", json!("ada@example.com"))]);
    office.client.schema(&contact).await.unwrap();
    // Three for somebody else, and one for a search that takes two requests.
    office.client.reserve(Lane::Write, 4).await;
    let found = office.client.find(&contact, &"EMAIL".into(), &text("ada@example.com"), Lane::Write).await.unwrap();
    assert_eq!(found.len(), 1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (left, of) = office.client.pulse().headroom.left_of().unwrap();
    assert_eq!(of - left, 3, "the other three are still reserved");
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_has_shut_us_out_is_left_alone_for_long_and_a_person_is_asked() {
    let office = Office::new();
    let deal = entity("deal", &["TITLE"]);
    let id = office.person_makes(Of::Deal, &[("TITLE", json!("D"))]);
    let before = office.read(&deal, &id).await;
    office.sent();
    assert!(office.portal().refuse_next(1, "OVERLOAD_LIMIT"));
    let start = Instant::now();
    let shut = office.client.update(&deal, &before, &set(&[("TITLE", text("New"))]), None).await.unwrap_err();
    assert!(
        matches!(&shut, WriteError::NotDone(error) if error.message.contains("ask Bitrix24's support")),
        "{shut:?}"
    );
    // Whoever waits longer than a request may gives up, and the trouble is still what it is.
    assert!(office.client.update(&deal, &before, &set(&[("TITLE", text("New"))]), None).await.is_err());
    assert_eq!(office.sent().len(), 1, "nothing else was sent");
    let trouble = office.client.pulse().trouble.unwrap();
    assert_eq!(trouble.code, "OVERLOAD_LIMIT");
    let ids = [RecordId(id)];
    office.client.get(&deal, &ids, Lane::Hot).await.unwrap_err();
    assert_eq!((office.sent().len(), office.client.pulse().trouble.unwrap().code), (0, "OVERLOAD_LIMIT".to_owned()));
    while office.client.get(&deal, &ids, Lane::Hot).await.is_err() {}
    assert!(start.elapsed() >= Duration::from_secs(15 * 60), "{:?}", start.elapsed());
    assert!(office.client.pulse().trouble.is_none());
}
