//! What monitors see: alive, ready, figures in Prometheus' format, and the state of the sync behind a token.

use std::sync::Arc;
use std::time::Duration;

use crosstie::control::{Headroom, Link, PairState, PairStatus, QueueDepth, Sides, Snapshot, WindowFigures};
use serde_json::{Value as Json, json};

use crate::office::{ADMIN, Bench, PORTAL, well};

fn show(bench: &Bench, change: impl FnOnce(&mut Snapshot)) {
    let mut snapshot = well();
    change(&mut snapshot);
    let snapshots = bench.snapshots.as_ref().unwrap();
    snapshot.version = snapshots.borrow().version + 1;
    snapshots.send_replace(Arc::new(snapshot));
}

async fn missing(bench: &Bench) -> (u16, Vec<String>) {
    let answer = bench.get("/readyz", &[]).await;
    let body: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["ready"], answer.status == 200);
    let what = body["missing"].as_array().unwrap().iter();
    (
        answer.status,
        what.map(|it| format!("{}: {}", it["what"].as_str().unwrap(), it["why"].as_str().unwrap())).collect(),
    )
}

#[tokio::test]
async fn it_is_ready_while_both_sides_answered_lately_and_alive_in_any_case() {
    let mut bench = Bench::open().await;
    assert_eq!(missing(&bench).await, (200, vec![]));
    show(&bench, |it| it.sides.crm.last_answer = None);
    assert_eq!(missing(&bench).await, (503, vec!["crm: no answer yet".into()]));
    show(&bench, |it| {
        it.sides.notion.last_answer = Some("2026-11-29T09:58:00Z".parse().unwrap());
        it.sides.crm.link = Link::Down { why: "the words of a system stay inside".into() };
    });
    let (status, what) = missing(&bench).await;
    assert_eq!((status, what.len()), (503, 2), "{what:?}");
    assert_eq!(what[1], "notion: no good answer lately");
    assert!(!bench.get("/readyz", &[]).await.body.contains("stay inside"));
    // One error is no outage as long as good answers came.
    show(&bench, |it| it.sides.crm.link = Link::Troubled { why: "busy".into() });
    assert_eq!(missing(&bench).await.0, 200);
    show(&bench, |_| {});
    drop(bench.snapshots.take());
    assert_eq!(missing(&bench).await, (503, vec!["engine: it has stopped".into()]));
    assert_eq!(bench.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn whether_the_engine_tells_anything_is_no_question_of_the_hosts_clock() {
    let bench = Bench::open().await;
    // The engine's clock leans towards the host's, which was set: for twenty times as long the two differ.
    for at in ["2026-11-29T04:00:00Z", "2026-11-29T16:00:00Z"] {
        show(&bench, |it| it.at = at.parse().unwrap());
        assert_eq!(missing(&bench).await, (200, vec![]), "{at}");
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    assert_eq!(missing(&bench).await, (503, vec!["engine: it has told nothing for a minute".into()]));
    show(&bench, |_| {});
    assert_eq!(missing(&bench).await, (200, vec![]));
}

#[tokio::test]
async fn figures_are_in_prometheus_format_and_are_those_of_the_snapshot() {
    let bench = Bench::open().await;
    assert_eq!(bench.post(PORTAL, &[], "event=x").await.status, 401);
    show(&bench, |it| {
        it.conflicts = 3;
        it.orphans = 2;
        it.queue.crm = QueueDepth { planned: 4, in_flight: 1, unknown: 0 };
        it.written.notion = 77;
        it.windows = WindowFigures { count: 9, p50: 120, p95: 1_450 };
        it.sides.notion.headroom =
            Headroom::Window { left: 349, budget: 600, most: 600, next_release: None, gated_until: None };
        let (last_cycle, last_sweep) = (None, None);
        it.pairs = vec![PairStatus {
            name: "a\"b\\c".into(),
            state: PairState::Running,
            ties: 5,
            last_cycle,
            last_sweep,
            drift: 6,
            paused: None,
            sweeping: Sides::default(),
            records: Sides::default(),
            held: 0,
            orphans: Sides::default(),
            roles: Vec::new(),
            creates: Sides::default(),
            shape: 0,
        }];
    });
    let answer = bench.get("/metrics", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("text/plain; version=0.0.4"), "{}", answer.head);
    let mut types = Vec::new();
    for line in answer.body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["gauge", "counter"].contains(&kind) && !types.contains(&name), "{line}");
            types.push(name);
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let name = name.split('{').next().unwrap();
            assert_eq!(types.last(), Some(&name), "samples stand under their type: {line}");
            assert!(name.starts_with("crosstie_") && value.parse::<f64>().is_ok(), "{line}");
        }
    }
    for line in [
        "crosstie_conflicts 3",
        "crosstie_orphans 2",
        r#"crosstie_queue_depth{side="crm",state="planned"} 4"#,
        r#"crosstie_fields_written_total{side="notion"} 77"#,
        r#"crosstie_headroom_requests{side="notion"} 349"#,
        r#"crosstie_headroom_limit{side="notion"} 600"#,
        r#"crosstie_write_window_seconds{quantile="0.95"} 1.450"#,
        r#"crosstie_drift{pair="a\"b\\c"} 6"#,
        r#"crosstie_deliveries_total{door="/api/webhooks/bitrix24",outcome="refused"} 1"#,
    ] {
        assert!(answer.body.lines().any(|it| it == line), "no {line} in\n{}", answer.body);
    }
    assert!(!answer.body.contains(r#"crosstie_headroom_requests{side="crm"}"#), "what is unknown is not 0");
}

#[tokio::test]
async fn the_state_of_the_sync_is_shown_to_whoever_has_the_token_and_to_nobody_else() {
    let bench = Bench::open().await;
    let path = "/api/admin/sync/health";
    let bearer = |token: &str| format!("Bearer {token}");
    for wrong in [bearer(""), bearer("x"), bearer(&ADMIN[1..]), ADMIN.to_owned(), format!("Basic {ADMIN}")] {
        let refused = bench.get(path, &[("Authorization", &wrong)]).await;
        assert_eq!(refused.status, 401, "{wrong}");
        assert!(!refused.body.contains("records") && refused.head.to_lowercase().contains("www-authenticate: bearer"));
    }
    assert_eq!(bench.get(path, &[]).await.status, 401);
    show(&bench, |it| {
        (it.sides.crm.records, it.sides.notion.records, it.ties) = (10, 12, 9);
        (it.conflicts, it.orphans, it.holds) = (2, 3, 1);
    });
    let answer = bench.get(path, &[("Authorization", &bearer(ADMIN))]).await;
    assert_eq!(answer.status, 200);
    let body: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&body["sides"]["crm"]["records"], &body["sides"]["notion"]["untied"]), (&json!(10), &json!(3)));
    assert_eq!((&body["discrepancies"]["conflicts"], &body["discrepancies"]["other_holds"]), (&json!(2), &json!(1)));
    assert_eq!((&body["orphans"]["total"], &body["ready"]), (&json!(3), &json!(true)));
}
