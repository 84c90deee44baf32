//! How notices go out.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crosstie::control::{Link, PairState, Sink};
use crosstie::notices::{Hook, Memory, Running, Settings, Slack, Topic, Watcher, spawn};
use crosstie::remote::transport::{HttpOptions, HttpTransport};
use jiff::SignedDuration;

use crate::desk::{Shown, hold, snapshot};
use crate::listener::{Answer, Listener};

const PATIENCE: Duration = Duration::from_secs(30);

fn start(dir: &Path, slack: Option<&str>, command: Option<Hook>, desk: Arc<Shown>) -> Running {
    let watcher = Watcher::new(BTreeSet::from(Topic::ALL), SignedDuration::ZERO, None, Memory::default());
    start_with(watcher, dir, slack, command, desk)
}

fn start_with(watcher: Watcher, dir: &Path, slack: Option<&str>, command: Option<Hook>, desk: Arc<Shown>) -> Running {
    let slack = slack.map(|url| {
        let options = HttpOptions { timeout: Duration::from_secs(5), ..HttpOptions::default() };
        Slack { transport: Arc::new(HttpTransport::new(url, options).unwrap()) }
    });
    spawn(Settings { watcher, memory: dir.join("notices.json"), slack, command }, desk)
}

/// Waits until the one sink is as wanted.
async fn until(running: &Running, is: impl Fn(&Sink) -> bool) -> Sink {
    let mut sinks = running.sinks.clone();
    let found = tokio::time::timeout(PATIENCE, sinks.wait_for(|sinks| is(&sinks[0]))).await;
    let found = found.expect("the sink never became so").unwrap();
    found[0].clone()
}

fn conflict(number: usize) -> Vec<crosstie::control::HoldRow> {
    vec![hold(&number.to_string(), "Amount", "conflict", "Roof <!channel> & *Barn*")]
}

async fn with_slack(answers: &[Answer]) -> (Listener, Arc<Shown>, Running, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (listener, desk) = (Listener::open(answers), Shown::new(snapshot("29T09:00:00")));
    let running = start(dir.path(), Some(&listener.url), None, desk.clone());
    desk.conflicts("29T09:00:01", conflict(1));
    (listener, desk, running, dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_to_the_webhook_once_and_nothing_in_it_is_a_mark() {
    let (listener, desk, running, dir) = with_slack(&[]).await;
    until(&running, |sink| sink.sent == 1).await;
    listener.came(1, |came| {
        assert_eq!(came[0].path, "/services/T0/B0/madeupslacksecret");
        let text = came[0].text();
        assert!(text.contains("Roof &lt;!channel&gt; &amp; \u{200b}*Barn"), "{text}");
        assert!(!text.contains("nobody may read") && !text.contains("madeup"), "{text}");
    });
    // It stands, and is not told again.
    desk.conflicts("29T09:00:05", conflict(1));
    desk.conflicts("29T09:00:09", [conflict(1), conflict(2)].concat());
    until(&running, |sink| sink.sent == 2).await;
    assert_eq!(listener.count(), 2);
    let kept = std::fs::read_to_string(dir.path().join("notices.json")).unwrap();
    assert!(kept.contains("conflict/deals/2") && !kept.contains("Roof"), "{kept}");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_slack_asks_to_wait_it_is_waited_for_and_the_same_message_comes_again() {
    let (listener, _desk, running, _dir) = with_slack(&[(429, "retry-after: 2", "rate_limited")]).await;
    until(&running, |sink| sink.sent == 1).await;
    listener.came(2, |came| {
        assert_eq!(came[0].body, came[1].body);
        let waited = came[1].at.duration_since(came[0].at);
        assert!(waited >= Duration::from_secs(2), "{waited:?}");
    });
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_messages_are_a_second_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (listener, desk) = (Listener::open(&[]), Shown::new(snapshot("29T09:00:00")));
    // More than one message holds, of pairs enough that they are not told as many of one.
    let holds = (0..25).map(|at| {
        let mut hold = hold(&at.to_string(), "Amount", "conflict", "Roof");
        hold.id.pair = format!("pair-{}", at % 5).as_str().into();
        hold
    });
    desk.conflicts("29T09:00:01", holds.collect());
    let running = start(dir.path(), Some(&listener.url), None, desk.clone());
    until(&running, |sink| sink.sent == 25).await;
    listener.came(2, |came| {
        assert_eq!(came.len(), 2);
        let apart = came[1].at.duration_since(came[0].at);
        assert!(apart >= Duration::from_secs(1), "{apart:?}");
    });
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unwell_slack_is_tried_again_and_a_refused_message_is_dropped_and_told() {
    let answers = [(500, "", "rollup_error"), (400, "", "invalid_payload")];
    let (listener, desk, running, _dir) = with_slack(&answers).await;
    let sink = until(&running, |sink| sink.dropped == 1).await;
    assert!(sink.trouble.contains("400 invalid_payload") && !sink.off, "{sink:?}");
    assert_eq!(listener.count(), 2);
    desk.conflicts("29T09:10:00", [conflict(1), conflict(2)].concat());
    let sink = until(&running, |sink| sink.sent == 1).await;
    assert_eq!(sink.trouble, "", "it works again");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_webhook_is_given_up_at_once_and_says_what_to_do() {
    let (listener, desk, running, _dir) = with_slack(&[(404, "", "no_service")]).await;
    let sink = until(&running, |sink| sink.off).await;
    assert!(sink.trouble.contains("no_service") && sink.trouble.contains("secret set"), "{sink:?}");
    assert!(!sink.trouble.contains("madeup"), "{sink:?}");
    desk.conflicts("29T09:10:00", [conflict(1), conflict(2)].concat());
    until(&running, |sink| sink.dropped == 2).await;
    assert_eq!(listener.count(), 1, "nobody calls a dead number again");
    running.end().await;
}

/// A shell script as the operator's command.
fn hook(dir: &Path, script: &str, timeout: Duration) -> Hook {
    let path = dir.join("tell.sh");
    std::fs::write(&path, script).unwrap();
    let args = vec![path.display().to_string(), "$HOME; exit 9".to_owned()];
    Hook { program: "/bin/sh".into(), args, timeout }
}

async fn with_command(script: &str, timeout: Duration) -> (tempfile::TempDir, Running) {
    let dir = tempfile::tempdir().unwrap();
    let script = script.replace("DIR", &dir.path().display().to_string());
    let desk = Shown::new(snapshot("29T09:00:00"));
    let running = start(dir.path(), None, Some(hook(dir.path(), &script, timeout)), desk.clone());
    desk.conflicts("29T09:00:01", conflict(1));
    (dir, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_gets_its_arguments_as_they_are_and_the_notice_as_json_and_none_of_our_environment() {
    let script = "cat > DIR/in; printf %s \"$1\" > DIR/arg; env > DIR/env; mv DIR/in DIR/heard";
    let (dir, running) = with_command(script, Duration::from_secs(10)).await;
    until(&running, |sink| sink.sent == 1).await;
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(read("arg"), "$HOME; exit 9", "no shell reads them");
    let heard = read("heard");
    assert!(heard.ends_with('\n') && heard.lines().count() == 1, "{heard}");
    let notice: serde_json::Value = serde_json::from_str(&heard).unwrap();
    assert_eq!((&notice["topic"], &notice["record"]), (&"conflict".into(), &"1".into()));
    assert!(!heard.contains("nobody may read"), "{heard}");
    // Cargo gave this process many variables of its own.
    assert!(std::env::vars().any(|(name, _)| name.starts_with("CARGO")));
    assert!(!read("env").contains("CARGO"), "{}", read("env"));
    running.end().await;
}

/// Waits until a process is gone, or a zombie that whoever inherited it has not buried yet.
async fn dies(process: i32) {
    let began = Instant::now();
    let lives = || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    while lives() {
        assert!(began.elapsed() < PATIENCE, "what it started lives on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_runs_when_the_sync_is_cut_off_goes_with_what_it_started() {
    let script = "sleep 300 & echo $! > DIR/begun; mv DIR/begun DIR/child; wait";
    let (dir, running) = with_command(script, Duration::from_secs(300)).await;
    let child = dir.path().join("child");
    let began = Instant::now();
    while !child.exists() {
        assert!(began.elapsed() < PATIENCE, "it was not told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(running);
    dies(std::fs::read_to_string(child).unwrap().trim().parse().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_does_not_end_is_killed_with_what_it_started_and_a_failing_one_is_told() {
    let script = "sleep 300 & echo $! > DIR/child; wait";
    let (dir, running) = with_command(script, Duration::from_millis(700)).await;
    let sink = until(&running, |sink| sink.dropped == 1).await;
    assert!(sink.trouble.contains("did not end within 0.7 s"), "{sink:?}");
    let child: i32 = std::fs::read_to_string(dir.path().join("child")).unwrap().trim().parse().unwrap();
    dies(child).await;
    running.end().await;

    let (_dir, running) = with_command("exit 3", Duration::from_secs(10)).await;
    let sink = until(&running, |sink| sink.dropped == 1).await;
    assert!(sink.trouble.contains("exit status: 3"), "{sink:?}");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_hangs_keeps_nobody_waiting_and_its_queue_has_an_end() {
    let dir = tempfile::tempdir().unwrap();
    // Somebody who takes calls and never answers.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/services/x", mute.local_addr().unwrap());
    let command = hook(dir.path(), "cat > /dev/null", Duration::from_secs(10));
    let desk = Shown::new(snapshot("29T09:00:00"));
    let running = start(dir.path(), Some(&url), Some(command), desk.clone());
    desk.conflicts("29T09:00:01", conflict(1));
    let mut sinks = running.sinks.clone();
    let told = tokio::time::timeout(PATIENCE, sinks.wait_for(|sinks| sinks[1].sent == 1)).await;
    let slack = told.expect("the command was told although Slack hangs").unwrap()[0].sent;
    assert_eq!(slack, 0);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_topic_reaches_slack_and_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let (listener, desk) = (Listener::open(&[]), Shown::new(snapshot("29T09:00:00")));
    let heard = dir.path().join("heard.jsonl");
    let command = hook(dir.path(), &format!("cat >> {}", heard.display()), Duration::from_secs(20));
    // The day before had its summary.
    let memory = Memory { summary: Some("2026-11-28".parse().unwrap()), ..Memory::default() };
    let daily = jiff::civil::Time::new(8, 0, 0, 0).ok();
    let watcher = Watcher::new(BTreeSet::from(Topic::ALL), SignedDuration::ZERO, daily, memory);
    let mut now = snapshot("29T09:00:01");
    now.pairs[0].state = PairState::Guarded { what: "40 deletions".into(), plan: "p1".into(), count: 40 };
    now.pairs[0].drift = 3;
    now.sides.crm.link = Link::Down { why: "the token is refused".into() };
    let holds = ["conflict", "refused", "quarantined"];
    let holds = holds.iter().zip(["7", "8", "9"]).map(|(why, id)| hold(id, "Amount", why, &format!("Deal {id}")));
    desk.shows(now, holds.collect());
    let running = start_with(watcher, dir.path(), Some(&listener.url), Some(command), desk.clone());
    let mut sinks = running.sinks.clone();
    let out = tokio::time::timeout(PATIENCE, sinks.wait_for(|all| all.iter().all(|sink| sink.sent == 7))).await;
    out.unwrap_or_else(|_| panic!("not all went out: {:?}", *running.sinks.borrow())).unwrap();
    let heard = std::fs::read_to_string(heard).unwrap();
    let heard: Vec<serde_json::Value> = heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let topics: BTreeSet<&str> = heard.iter().map(|notice| notice["topic"].as_str().unwrap()).collect();
    assert_eq!(topics, Topic::ALL.iter().map(|topic| topic.as_str()).collect());
    let mut told = String::new();
    listener.came(1, |came| told = came.iter().map(|it| it.text().to_owned()).collect::<Vec<_>>().join("\n"));
    for notice in &heard {
        let text = crosstie::notices::escaped(notice["text"].as_str().unwrap());
        assert!(told.contains(&text), "Slack was not told {text:?}: {told}");
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_conflict_behind_hundreds_of_older_ones_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (listener, desk) = (Listener::open(&[]), Shown::new(snapshot("29T09:00:00")));
    let many = |count: usize| (0..count).flat_map(conflict).collect::<Vec<_>>();
    desk.conflicts("29T09:00:01", many(700));
    let running = start(dir.path(), Some(&listener.url), None, desk.clone());
    until(&running, |sink| sink.sent == 1).await;
    desk.conflicts("29T09:00:09", many(701));
    until(&running, |sink| sink.sent == 2).await;
    listener.came(2, |came| assert!(came[1].text().contains("Amount of Roof"), "{}", came[1].text()));
    // As it is with other holds behind them.
    desk.conflicts("29T09:00:19", [many(701), vec![hold("9", "Stage", "refused", "Barn")]].concat());
    until(&running, |sink| sink.sent == 3).await;
    listener.came(3, |came| assert!(came[2].text().contains("Stage of Barn"), "{}", came[2].text()));
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_there_any_more_is_given_up_whatever_its_page_says() {
    let (listener, desk, running, _dir) = with_slack(&[(410, "", "<html>gone</html>")]).await;
    let sink = until(&running, |sink| sink.off).await;
    assert!(sink.trouble.contains("HTTP 410") && sink.trouble.contains("secret set"), "{sink:?}");
    desk.conflicts("29T09:10:00", [conflict(1), conflict(2)].concat());
    until(&running, |sink| sink.dropped == 2).await;
    assert_eq!(listener.count(), 1);
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_engine_that_has_gone_does_not_tell_has_not_ended() {
    let (dir, desk) = (tempfile::tempdir().unwrap(), Shown::new(snapshot("29T09:00:00")));
    let running = start(dir.path(), None, None, desk.clone());
    let told = || Memory::load(&dir.path().join("notices.json"));
    desk.conflicts("29T09:00:01", conflict(1));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let before = told();
    assert_ne!(before, Memory::default());
    desk.gone.store(true, Ordering::SeqCst);
    desk.conflicts("29T12:00:00", conflict(1));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(told(), before, "after a restart it would be told again");
    running.end().await;
}
