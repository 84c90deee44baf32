//! What a client sees.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use crosstie::control::socket::{CLIENTS, ConnectError, connect, serve_inside};
use crosstie::control::{Command, Desk, DeskError, Mode, Reply};
use crosstie::model::PairName;
use serde_json::json;
use tokio::io::{AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixListener;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::JoinHandle;

use super::{Daemon, Raw, ask, title};

#[tokio::test]
async fn a_client_learns_whom_it_talks_to_and_sees_the_latest_snapshot_at_once() {
    let daemon = Daemon::start().await;
    daemon.push(5);
    let desk = connect(&daemon.path).await.unwrap();
    assert_eq!(desk.daemon().pid, std::process::id());
    assert_eq!(desk.daemon().mode, Some(Mode::Live));
    assert_eq!(desk.snapshots().borrow().version, 5);
}

#[tokio::test]
async fn queries_and_commands_come_back_answered_and_the_operator_is_named() {
    let daemon = Daemon::start().await;
    let desk = connect(&daemon.path).await.unwrap();
    let window = desk.query(ask("ann", 2)).await.unwrap();
    assert_eq!((window.offset, title(&window)), (7, "annann"));

    let uid = std::fs::metadata(&daemon.path).unwrap().uid();
    let approve = Command::Approve { pair: PairName::from("contacts") };
    let Reply::Done { note } = desk.command("anna", approve.clone()).await.unwrap() else { panic!("refused") };
    let (who, command) = daemon.fake.commands.lock().unwrap()[0].clone();
    // The host's own name for the user, if it has one; and from where, if this test runs over SSH.
    assert!(who.contains(&format!(" (uid {uid})")), "{who}");
    assert_eq!((note, command), (format!("{approve:?} for {who}"), approve));
}

#[tokio::test]
async fn an_engine_that_is_gone_is_told_apart_from_a_daemon_that_is_gone() {
    let daemon = Daemon::start().await;
    let desk = connect(&daemon.path).await.unwrap();
    let gone = desk.query(ask("gone", 1)).await;
    assert_eq!(gone, Err(DeskError::Gone("the engine took a rest".to_owned())));
    assert!(desk.query(ask("a", 1)).await.is_ok());
}

#[tokio::test]
async fn every_client_gets_new_snapshots_and_its_own_answers() {
    let daemon = Daemon::start().await;
    let (anna, ben) = (connect(&daemon.path).await.unwrap(), connect(&daemon.path).await.unwrap());
    let (mut annas, mut bens) = (anna.snapshots(), ben.snapshots());
    daemon.push(2);
    annas.wait_for(|snapshot| snapshot.version == 2).await.unwrap();
    bens.wait_for(|snapshot| snapshot.version == 2).await.unwrap();
    let (a, b) = tokio::join!(anna.query(ask("a", 3)), ben.query(ask("b", 3)));
    assert_eq!((title(&a.unwrap()), title(&b.unwrap())), ("aaa", "bbb"));
}

#[tokio::test]
async fn a_slow_query_delays_no_other_of_the_same_client() {
    let daemon = Daemon::start().await;
    let desk = connect(&daemon.path).await.unwrap();
    let slow = desk.query(ask("wait", 1));
    tokio::pin!(slow);
    let quick = tokio::select! {
        biased;
        _ = &mut slow => panic!("it must wait"),
        quick = desk.query(ask("quick", 1)) => quick,
    };
    assert_eq!(title(&quick.unwrap()), "quick");
    daemon.fake.gate.add_permits(1);
    assert_eq!(title(&slow.await.unwrap()), "wait");
}

/// A client that asks for 300 answers of 100 kB and takes none of them.
async fn stalled(daemon: &Daemon) -> (Lines<BufReader<OwnedReadHalf>>, JoinHandle<OwnedWriteHalf>) {
    let Raw { read, mut write } = Raw::greeted(&daemon.path).await;
    let flood = tokio::spawn(async move {
        for id in 0..300 {
            let query = json!({"list": "holds", "filter": "x", "offset": 0, "limit": 100_000});
            let line = format!("{}\n", json!({"id": id, "ask": {"query": query}}));
            if write.write_all(line.as_bytes()).await.is_err() {
                break;
            }
        }
        write
    });
    while daemon.fake.queries.lock().unwrap().len() < 20 {
        tokio::task::yield_now().await;
    }
    (read, flood)
}

#[tokio::test]
async fn a_client_that_does_not_read_cannot_keep_the_daemon_from_ending() {
    let daemon = Daemon::start().await;
    let _stalled = stalled(&daemon).await;
    tokio::time::pause();
    daemon.shutdown.cancel();
    daemon.task.await.unwrap();
    assert!(!daemon.path.exists());
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go_and_comes_in_again() {
    let daemon = Daemon::start().await;
    let (mut read, flood) = stalled(&daemon).await;
    let desk = connect(&daemon.path).await.unwrap();
    // From here on its time runs out at once: nobody else has anything to wait for.
    tokio::time::pause();
    let ended = async {
        // What was on its way to it still comes, and then the end; or the end alone.
        tokio::time::sleep(Duration::from_secs(60)).await;
        while let Ok(Some(_)) = read.next_line().await {}
    };
    tokio::time::timeout(Duration::from_secs(3_600), ended).await.expect("it was let go");
    tokio::time::resume();
    assert!(flood.await.unwrap().write_all(b"{}\n").await.is_err(), "nobody listens to it any more");
    assert_eq!(title(&desk.query(ask("x", 1)).await.unwrap()), "x", "the others stay");
    let again = connect(&daemon.path).await.unwrap();
    assert_eq!(title(&again.query(ask("y", 1)).await.unwrap()), "y");
}

#[tokio::test]
async fn one_client_too_many_is_told_so_and_comes_in_when_another_has_left() {
    let daemon = Daemon::start().await;
    let mut desks = Vec::new();
    for _ in 0..CLIENTS {
        desks.push(connect(&daemon.path).await.unwrap());
    }
    let Err(error) = connect(&daemon.path).await else { panic!("let in") };
    assert!(matches!(error, ConnectError::TurnedAway { .. }), "{error}");
    assert!(error.to_string().contains("32 clients are connected already"), "{error}");
    for desk in &desks {
        assert_eq!(title(&desk.query(ask("a", 1)).await.unwrap()), "a");
    }
    drop(desks.pop());
    let again = async {
        loop {
            if let Ok(desk) = connect(&daemon.path).await {
                break desk;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again).await.expect("there is room again");
}

#[tokio::test]
async fn a_client_learns_that_the_engine_is_inside_a_dashboard() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run/crosstie.sock");
    let (fake, shutdown) = crate::fake();
    let _task = serve_inside(&path, fake, shutdown).await.unwrap();
    assert!(connect(&path).await.unwrap().daemon().inside);
    assert!(!connect(&Daemon::start().await.path).await.unwrap().daemon().inside);
}

#[tokio::test]
async fn a_client_that_does_not_read_delays_nobody_else() {
    let daemon = Daemon::start().await;
    let (read, flood) = stalled(&daemon).await;
    let desk = connect(&daemon.path).await.unwrap();
    let mut snapshots = desk.snapshots();
    for version in 2..200 {
        daemon.push(version);
        snapshots.wait_for(|snapshot| snapshot.version == version).await.unwrap();
        assert_eq!(title(&desk.query(ask("y", 1)).await.unwrap()), "y");
    }
    // The stalled one was left waiting, its requests neither read nor piled up.
    let asked = daemon.fake.queries.lock().unwrap().iter().filter(|query| query.filter == "x").count();
    assert!(asked > 0 && asked < 150, "{asked} of 300 queries were carried out");
    drop((read, flood.await.unwrap()));
    daemon.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(4), daemon.task).await.expect("one that left is not waited for").unwrap();
}

#[tokio::test]
async fn the_last_answer_arrives_before_the_daemon_goes_and_then_everything_says_so() {
    let daemon = Daemon::start().await;
    let desk = connect(&daemon.path).await.unwrap();
    let waiting = desk.query(ask("wait", 1));
    tokio::pin!(waiting);
    let reply = tokio::select! {
        biased;
        _ = &mut waiting => panic!("it must wait"),
        reply = desk.command("anna", Command::Shutdown) => reply,
    };
    assert!(matches!(reply, Ok(Reply::Done { .. })), "{reply:?}");
    daemon.fake.gate.add_permits(1);
    assert_eq!(title(&waiting.await.unwrap()), "wait");
    daemon.task.await.unwrap();

    let mut snapshots = desk.snapshots();
    while snapshots.changed().await.is_ok() {}
    let Err(DeskError::Gone(text)) = desk.query(ask("a", 1)).await else { panic!("answered") };
    assert!(text.contains(&format!("process {}", std::process::id())) && text.contains("start it again"), "{text}");
    assert!(matches!(desk.command("anna", Command::Refresh).await, Err(DeskError::Gone(_))));
    assert!(!daemon.path.exists());
    assert!(matches!(connect(&daemon.path).await, Err(ConnectError::NotThere(_))));
}

#[tokio::test]
async fn a_request_under_way_when_the_daemon_dies_is_answered_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let dying = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let first = serde_json::json!({ "snapshot": crosstie::control::Snapshot::default() });
        let lines = format!("{}\n{first}\n", r#"{"hello":"crosstie","version":4,"pid":77,"mode":"demo"}"#);
        stream.write_all(lines.as_bytes()).await.unwrap();
        // Up to the first byte of the query, behind the hello.
        let mut text = String::new();
        while text.lines().count() < 2 {
            stream.readable().await.unwrap();
            let mut bytes = [0; 4096];
            if let Ok(n) = stream.try_read(&mut bytes) {
                text.push_str(std::str::from_utf8(&bytes[..n]).unwrap());
            }
        }
    });
    let desk = connect(&path).await.unwrap();
    assert_eq!(desk.daemon().mode, Some(Mode::Demo));
    let Err(DeskError::Gone(text)) = desk.query(ask("a", 1)).await else { panic!("answered") };
    assert!(text.contains("process 77"), "{text}");
    dying.await.unwrap();
}

#[tokio::test]
async fn a_daemon_of_another_version_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let other = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"{\"hello\":\"crosstie\",\"version\":99,\"pid\":77,\"news\":true}\n").await.unwrap();
    });
    let error = connect(&path).await.err().unwrap();
    assert!(matches!(error, ConnectError::Version { ours: 4, theirs: 99, pid: 77 }), "{error}");
    other.await.unwrap();
}
