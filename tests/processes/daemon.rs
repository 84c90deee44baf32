//! A daemon as an operator meets it: asked, alone, and ended in order.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support::configuration::{office, write};
use crate::support::program::{Home, until};
use crate::support::worlds::Worlds;

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
