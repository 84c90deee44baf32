//! A daemon as an operator meets it: asked, alone, and ended in order.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crosstie::store;
use serde_json::json;

use crate::support::configuration::{data_source, office, write};
use crate::support::program::{Home, until};
use crate::support::worlds::{Worlds, pages};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_daemon_is_asked_over_its_socket_and_is_alone_and_ends_in_order() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    // The most talkative log there is must not tell a secret either.
    home.env.insert("CROSSTIE_LOG".into(), "trace".into());
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    let socket = home.path().join("state/desk.sock");
    assert!(until(Duration::from_secs(20), || socket.exists().then_some(())).is_some(), "{}", home.logged("daemon"));

    // Who may connect may change everything.
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let private = until(Duration::from_secs(5), || (mode(&socket) == 0o600).then_some(()));
    assert!(private.is_some(), "{:o}", mode(&socket));
    assert_eq!(mode(&home.path().join("state")), 0o700);

    let asked = until(Duration::from_secs(20), || {
        let status = home.status();
        assert_eq!(status["daemon"], true, "{status}");
        status["pairs"].as_array().unwrap().iter().all(|pair| pair["state"]["state"] == "running").then_some(status)
    });
    let status = asked.expect("the pairs run");
    assert_eq!(status["sides"]["notion"]["link"]["state"], "up");
    assert_eq!(status["sides"]["crm"]["name"], "Bitrix24");
    let text = home.ask(&["status"]).ends_with(0).stdout;
    assert!(text.contains("the running daemon") && text.contains("contacts") && text.contains("deals"), "{text}");

    // A second one, from another folder, on the same state.
    let config = home.path().join("crosstie.toml");
    let second = home.ask(&["--config", config.to_str().unwrap(), "run", "--yes"]).ends_with(4);
    assert!(second.stderr.contains(&format!("process {}", daemon.pid())), "{}", second.stderr);
    assert!(second.stderr.contains(&format!("kill {}", daemon.pid())), "{}", second.stderr);
    assert_eq!(second.stdout, "");
    assert!(daemon.is_running());
    home.ask(&["status", "--json"]).ends_with(0);

    daemon.terminate();
    assert_eq!(daemon.ended_within(Duration::from_secs(20)), Some(0), "{}", home.logged("daemon"));
    assert!(!socket.exists(), "the socket is taken away");
    let log = home.logged("daemon");
    assert!(log.contains("TRACE"), "{log}");
    home.assert_silent("the daemon's log", &log);

    // Nobody is left who has the store: a status without a daemon opens it itself.
    let status = home.status();
    assert_eq!(status["daemon"], false);
}

#[test]
fn a_daemon_waits_for_a_command_that_has_the_store_and_runs_then() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    std::fs::create_dir(home.path().join("state")).unwrap();
    let looks = store::Lock::take(&home.path().join("state/lock")).unwrap();
    let daemon = home.start("daemon", &["run", "--yes"]);
    let told = until(SOON, || home.logged("daemon").contains("it is waited for").then_some(()));
    let log = home.logged("daemon");
    assert!(told.is_some() && log.contains(&format!("process {}", std::process::id())), "{log}");
    let mut asks = home.start("asks", &["status"]);
    let told = until(SOON, || home.logged("asks").contains("it is waited for").then_some(()));
    assert!(told.is_some(), "{}", home.logged("asks"));
    drop(looks);
    // Whichever of the two is the first: whoever asks gets an answer, of its own engine or of the daemon's.
    assert!(matches!(asks.ended_within(SOON), Some(0 | 7)), "{}", home.logged("asks"));
    let socket = home.path().join("state/desk.sock");
    assert!(until(SOON, || socket.exists().then_some(())).is_some(), "{}", home.logged("daemon"));
    assert_eq!(home.logged("daemon").matches("it is waited for").count(), 1, "{}", home.logged("daemon"));
    drop(daemon);
}

#[test]
fn a_client_that_stops_reading_is_let_go_while_edits_go_on_and_may_come_again() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    let socket = home.path().join("state/desk.sock");
    assert!(until(SOON, || socket.exists().then_some(())).is_some(), "{}", home.logged("daemon"));
    let projects = data_source(&worlds, "Projects");
    let crosses = |title: &str| {
        worlds.create_record("deal", &json!({ "TITLE": title, "OPPORTUNITY": 10 }));
        let there = until(SOON, || {
            pages(&worlds.notion_world(), &projects).values().any(|it| it["Name"] == title).then_some(())
        });
        assert!(there.is_some(), "{title}: {}", home.logged("daemon"));
    };
    crosses("Before");
    let mut stalled = UnixStream::connect(&socket).unwrap();
    stalled.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let hello = json!({"hello": "crosstie", "version": crosstie::control::socket::VERSION, "pid": 1});
    stalled.write_all(format!("{hello}\n").as_bytes()).unwrap();
    let query = json!({"list": "journal", "filter": "", "offset": 0, "limit": 500});
    for id in 0..10_000 {
        let line = format!("{}\n", json!({"id": id, "ask": {"query": query}}));
        // Until the daemon takes no more of it.
        if stalled.write_all(line.as_bytes()).is_err() {
            break;
        }
    }
    let let_go = |home: &Home| home.logged("daemon").contains("a client that took nothing");
    let mut number = 0;
    while !let_go(&home) {
        number += 1;
        assert!(number < 60, "it was not let go: {}", home.logged("daemon"));
        crosses(&format!("Meanwhile {number}"));
    }
    assert!(number > 1, "edits went on in between");
    // What was on its way can still be read, and then comes the end.
    stalled.set_read_timeout(Some(SOON)).unwrap();
    let ended = std::io::copy(&mut stalled, &mut std::io::sink());
    assert!(
        ended.as_ref().is_ok_and(|bytes| *bytes > 0) || ended.is_err_and(|it| it.kind() == ErrorKind::ConnectionReset)
    );
    assert_eq!(home.status()["daemon"], true, "whoever comes anew is let in");
    crosses("After");
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
}

#[test]
fn a_signal_is_heard_while_the_start_still_waits_for_something() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    let text = office(&worlds).replace("{ env = \"CROSSTIE_NOTION_TOKEN\" }", "{ file = \"token\" }");
    write(&home, &text);
    // A file that says nothing, as a disk does that hangs.
    let token = home.path().join("token");
    let made = std::process::Command::new("mkfifo").arg(&token).status().unwrap();
    assert!(made.success());
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    // It can be opened so only once somebody reads it.
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap());
    let reads = until(SOON, || options.open(&token).ok());
    assert!(reads.is_some(), "{}", home.logged("daemon"));
    daemon.terminate();
    assert_eq!(daemon.ended_within(Duration::from_secs(10)), Some(0), "{}", home.logged("daemon"));
    assert!(home.logged("daemon").contains("the start is given up"), "{}", home.logged("daemon"));
    drop(reads);
}

#[test]
fn a_status_without_a_daemon_writes_to_neither_side() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &[], &[]);
    // Nothing has to be approved, so a sync would begin to write at once.
    write(&home, &office(&worlds).replace("[timing]", "[timing]\nreview = false"));
    for _ in 0..3 {
        let status = home.status();
        assert_eq!(status["daemon"], false);
        assert_eq!(worlds.changes_by_the_sync(), 0, "asking how the sync does changed something");
    }
}
