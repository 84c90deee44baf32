//! A Slack that is in trouble for long, in a time of its own.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crosstie::control::{HoldRow, PairState, Sink};
use crosstie::notices::{Memory, Running, Settings, Slack, Topic, Watcher, spawn};
use crosstie::seam::{Failure, Request, Response, Transport};
use jiff::SignedDuration;
use tokio::time::{Instant, sleep, timeout};

use crate::desk::{Shown, hold, pair, snapshot};

const HOUR: Duration = Duration::from_secs(3600);

/// A Slack that takes nothing before its time, and then everything.
struct Unwell {
    until: Instant,
    tries: Mutex<Vec<(Instant, String)>>,
}

impl Unwell {
    fn for_long(long: Duration) -> Arc<Self> {
        Arc::new(Self { until: Instant::now() + long, tries: Mutex::default() })
    }

    /// What it was sent at last, once for each message that it took.
    fn taken(&self) -> Vec<String> {
        let tries = self.tries.lock().unwrap();
        tries.iter().filter(|(at, _)| *at >= self.until).map(|(_, text)| text.clone()).collect()
    }
}

#[async_trait]
impl Transport for Unwell {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let now = Instant::now();
        let mut tries = self.tries.lock().unwrap();
        tries.push((now, body["text"].as_str().unwrap().to_owned()));
        if now >= self.until {
            return Ok(Response::json(200, &serde_json::json!("ok")));
        }
        // Every kind of trouble that passes.
        match tries.len() % 3 {
            0 => Err(Failure::NotSent("connection refused".into())),
            1 => Ok(Response::json(503, &serde_json::json!("later"))),
            _ => Err(Failure::Unknown("time-out".into())),
        }
    }
}

fn start(slack: &Arc<Unwell>, desk: &Arc<Shown>) -> (tempfile::TempDir, Running) {
    let dir = tempfile::tempdir().unwrap();
    let watcher = Watcher::new(BTreeSet::from(Topic::ALL), SignedDuration::ZERO, None, Memory::default());
    let slack = Some(Slack { transport: Arc::clone(slack) as Arc<dyn Transport> });
    let settings = Settings { watcher, memory: dir.path().join("notices.json"), slack, command: None };
    (dir, spawn(settings, desk.clone()))
}

async fn until(running: &Running, is: impl Fn(&Sink) -> bool) -> Sink {
    let mut sinks = running.sinks.clone();
    let found = timeout(HOUR * 3, sinks.wait_for(|sinks| is(&sinks[0]))).await;
    found.unwrap_or_else(|_| panic!("never so: {:?}", *running.sinks.borrow())).unwrap()[0].clone()
}

#[tokio::test(start_paused = true)]
async fn that_a_pair_stands_still_is_told_however_long_slack_is_in_trouble() {
    let slack = Unwell::for_long(HOUR);
    let mut now = snapshot("29T09:00:00");
    now.pairs[0].state = PairState::Stopped { why: "a property is gone".into() };
    let desk = Shown::new(now);
    let (_dir, running) = start(&slack, &desk);
    sleep(HOUR / 2).await;
    let sink = running.sinks.borrow()[0].clone();
    assert!(sink.trouble.contains("is tried again") && !sink.off && sink.dropped == 0, "{sink:?}");
    let sink = until(&running, |sink| sink.sent == 1).await;
    assert_eq!((sink.dropped, sink.trouble.as_str()), (0, ""));
    let taken = slack.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].contains("a property is gone") && taken[0].contains("seen 2026-11-29 09:00 UTC"), "{taken:?}");
    let tries = slack.tries.lock().unwrap();
    let pauses: Vec<u64> = tries.windows(2).map(|two| two[1].0.duration_since(two[0].0).as_secs()).collect();
    assert_eq!(pauses[..6], [2, 4, 8, 16, 32, 64]);
    assert!(pauses[6..].iter().all(|pause| *pause == 64), "{pauses:?}");
    assert!(!tries[0].1.contains("late"), "{}", tries[0].1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_too_long_behind_a_troubled_slack_goes_oldest_first_and_is_counted() {
    let slack = Unwell::for_long(HOUR);
    let desk = Shown::new(snapshot("29T09:00:00"));
    let (_dir, running) = start(&slack, &desk);
    // One each of so many pairs, so that none are told together.
    let of = |number: usize| HoldRow {
        id: crosstie::model::HoldId {
            pair: pair(&format!("pair-{number:03}")).name,
            ..hold("1", "Amount", "conflict", "").id
        },
        ..hold("1", "Amount", "conflict", &format!("Deal {number:03}."))
    };
    for wave in 1..=5 {
        desk.conflicts(&format!("29T09:00:{:02}", wave * 10), (0..wave * 30).map(of).collect());
        sleep(Duration::from_secs(10)).await;
    }
    // The first twenty are on their way, and a hundred have room behind them.
    let sink = until(&running, |sink| sink.dropped == 30).await;
    assert!(sink.trouble.contains("left out"), "{sink:?}");
    let sink = until(&running, |sink| sink.sent == 120).await;
    assert_eq!((sink.dropped, sink.trouble.as_str()), (30, ""));
    let taken = slack.taken();
    assert!(taken[0].contains("Deal 000.") && taken[0].contains("Deal 019.") && !taken[0].contains("left out"));
    assert!(
        taken[1].contains("30 notices before these were left out") && taken[1].contains("Deal 050."),
        "{}",
        taken[1]
    );
    assert!(taken[5].contains("Deal 149."), "{}", taken[5]);
    assert!(!taken.iter().any(|text| text.contains("Deal 020.") || text.contains("Deal 049.")));
    assert!(taken[2..].iter().all(|text| !text.contains("left out")), "the gap is told once");
}
