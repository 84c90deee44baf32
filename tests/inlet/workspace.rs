//! Notion's calls: the handshake, signatures on raw bytes, repetition, and what events tell.

use std::os::unix::fs::PermissionsExt;

use crosstie::control::{Place, Told};
use crosstie::inlet::Kept;
use crosstie::model::{Revealed, Side};

use crate::office::{Bench, NOTION, PAGE, SOURCE, TOKEN, event, signature};

#[tokio::test]
async fn the_token_of_the_handshake_is_kept_and_proves_what_comes_after_it() {
    let bench = Bench::open().await;
    let early = bench.signed(&event("e0", "page.created", PAGE)).await;
    assert_eq!(early.status, 401, "nothing is believed before the handshake");
    let sent = format!(r#"{{"verification_token":"{TOKEN}"}}"#);
    let answer = bench.post(NOTION, &[], &sent).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains(TOKEN) && !answer.head.contains(TOKEN));
    assert_eq!(bench.drawer.load().unwrap().unwrap().secret.expose(), TOKEN);
    // The documentation's own client says that it is signed.
    assert_eq!(bench.signed(&sent).await.status, 200);
    assert_eq!(bench.signed(&event("e1", "page.created", PAGE)).await.status, 200);
    assert!(bench.drawer.load().unwrap().unwrap().proven);
    let told = bench.told(3).await;
    assert!(matches!(told[0].told, Told::Refused { .. }) && told[1].told == Told::Secret, "{told:#?}");
    assert!(!format!("{told:?}{:?}", bench.drawer.load()).contains(TOKEN), "a secret shows in Debug");
    let mut files = 0;
    for entry in std::fs::read_dir(bench.home.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()), "{} shows it", path.display());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
        files += 1;
    }
    assert!(files >= 2, "the sealed file and its key");
}

#[tokio::test]
async fn until_a_token_is_proven_a_newer_one_replaces_it_and_afterwards_nobody_can_put_another_in_its_place() {
    let bench = Bench::open().await;
    for token in ["secret_first", TOKEN] {
        assert_eq!(bench.post(NOTION, &[], &format!(r#"{{"verification_token":"{token}"}}"#)).await.status, 200);
    }
    let foreign = r#"{"verification_token":"secret_ofSomebodyElse"}"#;
    assert_eq!(bench.signed(&event("e1", "page.created", PAGE)).await.status, 200);
    assert_eq!(bench.post(NOTION, &[], foreign).await.status, 401);
    assert_eq!(bench.signed(&event("e2", "page.created", PAGE)).await.status, 200, "the old one still counts");
    // An operator took it away.
    assert!(bench.drawer.forget().unwrap());
    assert_eq!(bench.post(NOTION, &[], foreign).await.status, 200);
    let body = event("e3", "page.created", PAGE);
    assert_eq!(bench.signed(&body).await.status, 401);
    let signed = signature("secret_ofSomebodyElse", &body);
    assert_eq!(bench.post(NOTION, &[("X-Notion-Signature", &signed)], &body).await.status, 200);
}

#[tokio::test]
async fn a_kept_token_counts_after_a_new_start() {
    let kept = Kept { secret: Revealed::new(TOKEN), proven: true };
    let bench = Bench::with(Default::default(), Some(kept), 9).await;
    assert_eq!(bench.signed(&event("e1", "page.created", PAGE)).await.status, 200);
}

#[tokio::test]
async fn the_older_challenge_gets_its_own_words_back_and_nothing_more() {
    let bench = Bench::open().await;
    let answer = bench.post(NOTION, &[], r#"{"type":"webhook_challenge","challenge":"a\"<b>\u001b"}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"challenge":"a\"<b>\u001b"}"#));
    assert!(answer.head.to_lowercase().contains("content-type: application/json"), "{}", answer.head);
    let long = format!(r#"{{"type":"webhook_challenge","challenge":"{}"}}"#, "x".repeat(2_000));
    assert_eq!(bench.post(NOTION, &[], &long).await.status, 401);
    assert_eq!(bench.drawer.load().unwrap(), None);
}

#[tokio::test]
async fn a_signature_is_of_the_raw_bytes_and_one_changed_byte_is_refused() {
    let bench = Bench::verified().await;
    let body = event("e1", "page.properties_updated", PAGE);
    let signed = signature(TOKEN, &body);
    let call =
        async |body: &str, signed: &str| bench.post(NOTION, &[("X-Notion-Signature", signed)], body).await.status;
    assert_eq!(call(&body.replacen("e1", "e2", 1), &signed).await, 401);
    assert_eq!(call(&format!("{body} "), &signed).await, 401);
    assert_eq!(call(&body, &signed.replacen("sha256=", "sha256=0", 1)).await, 401);
    assert_eq!(call(&body, &signature("secret_another", &body)).await, 401);
    assert_eq!(bench.post(NOTION, &[], &body).await.status, 401);
    assert_eq!(call(&body, &signed).await, 200);
    // Five refusals, one line: a flood must not fill the journal.
    let told = bench.told(3).await;
    assert_eq!(told[1].told, Told::Refused { why: "bad signature", count: 1 });
    assert!(matches!(told[2].told, Told::Change(_)));
    // Signed, and no event.
    assert_eq!(call("{}", &signature(TOKEN, "{}")).await, 400);
    assert_eq!(call("[1", &signature(TOKEN, "[1")).await, 400);
}

#[tokio::test]
async fn an_event_tells_which_page_when_by_whom_and_which_properties() {
    let bench = Bench::verified().await;
    assert_eq!(
        bench.signed(&event("e1", "page.properties_updated", &PAGE.replace('-', "").to_uppercase())).await.status,
        200
    );
    let told = bench.told(2).await.pop().unwrap();
    assert_eq!((told.side, told.event.as_str(), told.attempt), (Side::Notion, "page.properties_updated", 1));
    let Told::Change(change) = told.told else { panic!("{told:?}") };
    assert_eq!(change.record.as_str(), PAGE);
    assert_eq!(change.place, Place::Now(Some(SOURCE.into())));
    assert_eq!(change.at, Some("2026-11-29T09:59:58.123Z".parse().unwrap()));
    assert_eq!(change.by_us, Some(false));
    assert_eq!(change.field_ids, Some(vec!["title".into(), "?B:W".into()]), "ids are decoded");
}

#[tokio::test]
async fn events_that_come_twice_are_heard_once_and_their_order_does_not_matter() {
    let bench = Bench::verified().await;
    let first = event("e1", "page.created", PAGE);
    let second = event("e2", "page.properties_updated", PAGE);
    // The later one first, and the first one a second time as another attempt.
    let again = first.replace(r#""attempt_number":1"#, r#""attempt_number":2"#);
    assert!(again != first);
    for body in [&second, &first, &again, &second] {
        assert_eq!(bench.signed(body).await.status, 200);
    }
    let told = bench.told(5).await;
    let outcome: Vec<(&str, bool, u32)> = told[1..]
        .iter()
        .map(|it| (it.event.as_str(), matches!(it.told, Told::Duplicate { record: Some(_) }), it.attempt))
        .collect();
    let expected = [
        ("page.properties_updated", false, 1),
        ("page.created", false, 1),
        ("page.created", true, 2),
        ("page.properties_updated", true, 1),
    ];
    assert_eq!(outcome, expected);
}

#[tokio::test]
async fn what_is_about_no_page_makes_nobody_read_one_and_strange_names_are_made_harmless() {
    let bench = Bench::verified().await;
    for (number, (kind, page)) in [
        ("page.locked", PAGE),
        ("comment.created", PAGE),
        ("data_source.schema_updated", SOURCE),
        ("page.created", "../../etc/passwd"),
        ("page.\u{1b}[2Jcreated\nX", PAGE),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(bench.signed(&event(&number.to_string(), kind, page)).await.status, 200);
    }
    assert_eq!(bench.signed(&event("rows", "data_source.content_updated", SOURCE)).await.status, 200);
    let told = bench.told(7).await;
    assert!(told[1..5].iter().all(|it| it.told == Told::Nothing), "{told:#?}");
    assert_eq!(told[5].event, "page.2JcreatedX");
    assert_eq!(told[6].told, Told::Rows { entity: SOURCE.into() });
}
