//! Damage to the store of the real program, and a disk that fills under it: a clear word, and nothing lost that was
//! acknowledged.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::agreement::Office;
use crate::killed::{Edited, Operator, RUN, await_agreement, drained, everybody, made_for_somebody};
use crate::remembered;
use crate::support::configuration::{office, write};
use crate::support::program::{Home, Running, until};
use crate::support::worlds::Worlds;

const LIMIT: Duration = Duration::from_secs(60);

/// An office in step, with its daemon.
fn settled() -> (Home, Worlds, Running) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &[], &[]);
    write(&home, &office(&worlds));
    let mut daemon = home.start_on_a_disk_of("unlimited", "daemon", &RUN);
    await_agreement(&home, &worlds, &mut daemon, Timestamp::now(), LIMIT, &Edited::default());
    (home, worlds, daemon)
}

/// Starts and stops it once more: the engine below writes its snapshot file when it opens what is there already.
fn start_and_stop(home: &Home) {
    let daemon = home.start("daemon", &RUN);
    await_socket(home);
    stop(home, daemon);
    assert!(!snapshots(home).is_empty(), "no snapshot was written, so this test tests nothing");
}

/// Until then whoever asks opens the store itself, and the daemon would find it in use.
fn await_socket(home: &Home) {
    let socket = home.path().join("state/desk.sock");
    assert!(until(LIMIT, || socket.exists().then_some(())).is_some(), "{}", home.logged("daemon"));
}

fn stop(home: &Home, mut daemon: Running) {
    daemon.terminate();
    assert_eq!(daemon.ended_within(Duration::from_secs(20)), Some(0), "{}", home.logged("daemon"));
}

fn snapshots(home: &Home) -> Vec<PathBuf> {
    let files = fs::read_dir(home.path().join("state/sled")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect()
}

/// What `status` says of the store.
fn told(home: &Home) -> String {
    let status = home.status();
    let said = home.ask(&["status"]).stdout;
    let note = status["store_note"].as_str().unwrap().to_owned();
    assert!(said.contains(&note), "{said}");
    note
}

fn nothing_waits(status: &Json) {
    let waiting = (&status["conflicts"], &status["holds"], &status["orphans"]);
    assert_eq!(waiting, (&json!(0), &json!(0), &json!(0)), "{status}");
}

#[test]
fn a_damaged_snapshot_file_stops_nothing_and_is_told() {
    let (home, worlds, daemon) = settled();
    stop(&home, daemon);
    start_and_stop(&home);
    for path in snapshots(&home) {
        let mut bytes = fs::read(&path).unwrap();
        bytes.iter_mut().skip(20).take(2).for_each(|byte| *byte ^= 0xff);
        fs::write(path, bytes).unwrap();
    }
    let before = worlds.changes_by_the_sync();
    let mut daemon = home.start("daemon", &RUN);
    await_socket(&home);
    let status = await_agreement(&home, &worlds, &mut daemon, Timestamp::now(), LIMIT, &Edited::default());
    nothing_waits(&status);
    let note = told(&home);
    assert!(note.contains("nothing is lost") && note.contains("aside"), "{note}");
    assert_eq!(worlds.changes_by_the_sync(), before, "what was remembered was written again");
    stop(&home, daemon);
}

#[test]
fn a_log_without_its_end_is_used_and_nothing_is_guessed() {
    let note = shortened(false, |length| length / 2, false);
    assert!(note.contains("what it still holds is used"), "{note}");
}

#[test]
fn a_log_shorter_than_its_snapshot_is_used_without_it_and_nothing_is_guessed() {
    let note = shortened(true, |length| length / 2, false);
    assert!(note.contains("what it still holds is used") && note.contains("aside"), "{note}");
}

#[test]
fn an_emptied_log_is_restored_from_the_export_and_nothing_is_guessed() {
    // The daemon exported when it began, before it knew anything: no field has a base any more.
    let note = shortened(true, |_| 0, true);
    assert!(note.contains("restored from") && note.contains("exports/export-"), "{note}");
}

/// People edit while nothing runs, and the log is cut to `keep` bytes. Gives back what the operator is told, once
/// everything that can be settled is.
fn shortened(snapshot: bool, keep: fn(u64) -> u64, without_base: bool) -> String {
    let (home, worlds, daemon) = settled();
    stop(&home, daemon);
    if snapshot {
        start_and_stop(&home);
    }
    let before = Office::look(&worlds);
    let mut deals = before.deals.records.keys();
    let (one, both) = (deals.next().unwrap(), deals.next().unwrap());
    // One side of a deal, and both sides of the same field of another.
    worlds.edit_record("deal", one, &json!({ "OPPORTUNITY": "4711" }));
    worlds.edit_record("deal", both, &json!({ "COMMENTS": "by telephone" }));
    worlds.edit_page(before.deals.page_of(both).unwrap(), &json!({ "Notes": "by letter" }));
    let log = OpenOptions::new().write(true).open(home.path().join("state/sled/db")).unwrap();
    log.set_len(keep(log.metadata().unwrap().len())).unwrap();

    let began = Timestamp::now();
    let daemon = home.start("daemon", &RUN);
    await_socket(&home);
    let (mut status, mut apart) = (Json::Null, Vec::new());
    let settled = until(LIMIT, || {
        status = home.status();
        apart = Office::look(&worlds).disagreements();
        // Every difference that is left waits for a person.
        (drained(&status, began) && status["conflicts"] == apart.len()).then_some(())
    });
    assert!(settled.is_some(), "{apart:?}\n{status}\n{}", home.logged("daemon"));
    let note = told(&home);
    let after = Office::look(&worlds);
    let page = |deal: &str| &after.deals.pages[after.deals.page_of(deal).unwrap()];
    assert_eq!(after.deals.records[both]["COMMENTS"], "by telephone", "{note}");
    assert_eq!(page(both)["Notes"], "by letter", "{note}");
    assert_eq!(after.deals.records[one]["OPPORTUNITY"], "4711", "{note}");
    if without_base {
        // Nobody knows which side moved, so neither is written.
        let old = &before.deals.pages[before.deals.page_of(one).unwrap()]["Amount"];
        assert_eq!((&page(one)["Amount"], apart.len()), (old, 2), "{apart:?}");
    }
    assert_eq!(status["orphans"], 0, "{status}");
    made_for_somebody(&worlds);
    stop(&home, daemon);
    note
}

#[test]
fn a_full_disk_stops_the_daemon_and_takes_nothing_that_was_acknowledged() {
    let (home, worlds, mut daemon) = settled();
    let (people, _) = everybody(&worlds);
    let (mut rng, mut edited, mut operator) = (Rng::with_seed(5), Edited::default(), Operator::new());
    operator.links(&home, &mut rng, &people);
    // Behind what the log of the daemon will need, and before the end of the store.
    let store = fs::metadata(home.path().join("state/sled/db")).unwrap().len();
    daemon.fill_disk(home.logged("daemon").len() as u64 + 100_000);
    let ended = until(LIMIT, || {
        edited.in_crm(&worlds, &mut rng, &people);
        operator.links(&home, &mut rng, &people);
        daemon.ended_within(Duration::ZERO)
    });
    let log = home.logged("daemon");
    assert_eq!(ended, Some(4), "{log}");
    assert!(log.contains("stopped before doing anything it could not remember"), "{log}");
    assert!(log.contains("File too large"), "{log}");
    assert!(operator.answered > 0 && store > home.logged("daemon").len() as u64 + 100_000, "{store}");
    remembered::take(&home, "stopped").check(&worlds, &operator.acknowledged);

    // Started again before anybody made room, it leaves everything as it is.
    let mut second = home.start_on_a_disk_of("200", "second", &RUN);
    assert_eq!(second.ended_within(LIMIT), Some(4));
    let said = home.logged("second");
    assert!(said.contains("Nothing was changed; check rights, space and the disk"), "{said}");
    assert!(!home.path().join("state/aside").exists(), "a full disk is no damage");

    let mut daemon = home.start("daemon", &RUN);
    await_socket(&home);
    let status = await_agreement(&home, &worlds, &mut daemon, Timestamp::now(), LIMIT, &edited);
    nothing_waits(&status);
    operator.assert_obeyed(&Office::look(&worlds));
    made_for_somebody(&worlds);
    stop(&home, daemon);
}

#[test]
fn a_place_that_cannot_be_written_ends_the_start_with_what_and_where_and_is_used_once_it_can() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    // A file where the folder has to be: nobody can write there, whoever they are.
    home.write("state", "not a folder\n");
    let said = home.ask(&RUN).ends_with(4);
    assert!(said.stderr.contains("state") && said.stderr.contains("Check rights and space"), "{}", said.stderr);
    assert_eq!(fs::read_to_string(home.path().join("state")).unwrap(), "not a folder\n");
    fs::remove_file(home.path().join("state")).unwrap();
    let daemon = home.start("daemon", &RUN);
    await_socket(&home);
    stop(&home, daemon);
}

/// A way to a state folder that cannot be written, whoever runs the test.
#[derive(Debug, Clone, Copy)]
enum ReadOnly {
    /// A mount of its own, seen by the program alone: what a disk is that its system has made read-only.
    Mount,
    /// The rights of everything taken away, which means nothing to root.
    Rights,
    /// No mount and no rights: a place in which the kernel lets nobody make anything.
    Kernel,
}

/// The first of them that this host lets a test use.
fn a_way(home: &Home) -> ReadOnly {
    let probe = home.path().join("probe");
    fs::create_dir_all(&probe).unwrap();
    if home.start_read_only("probe", &probe, &["--version"]).ended_within(LIMIT) == Some(0) {
        return ReadOnly::Mount;
    }
    match rustix::process::geteuid().is_root() {
        true => ReadOnly::Kernel,
        false => ReadOnly::Rights,
    }
}

/// Every file with what it holds and its rights.
fn everything(dir: &std::path::Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.is_dir() {
            true => found.extend(everything(&entry)),
            false => found.push((entry.clone(), fs::read(&entry).unwrap_or_default())),
        }
    }
    found.sort();
    found
}

fn set_rights(dir: &std::path::Path, writable: bool) {
    use std::os::unix::fs::PermissionsExt;
    let all: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    if writable {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    }
    for path in all {
        if path.is_dir() {
            set_rights(&path, writable);
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(if writable { 0o600 } else { 0o400 })).unwrap();
        }
    }
    if !writable {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o500)).unwrap();
    }
}

#[test]
fn a_disk_that_is_read_only_ends_the_start_with_the_way_back_and_nothing_is_lost() {
    let (home, worlds, daemon) = settled();
    stop(&home, daemon);
    let deal = Office::look(&worlds).deals.records.keys().next().unwrap().clone();
    worlds.edit_record("deal", &deal, &json!({ "OPPORTUNITY": "4711" }));
    let state = home.path().join("state");
    let (before, wrote) = (everything(&state), worlds.changes_by_the_sync());
    let way = a_way(&home);
    eprintln!("read-only by {way:?}");
    let (place, told) = match way {
        ReadOnly::Mount => {
            (state.clone(), ["mounted read-only", "mount it writable again", "`state_dir`", "start again"])
        }
        ReadOnly::Rights => (state.clone(), ["Permission denied", "Check rights", "state", "start again"]),
        ReadOnly::Kernel => {
            (PathBuf::from("/proc/crosstie"), ["/proc/crosstie", "Check rights", "start again", "nothing"])
        }
    };
    let text = fs::read_to_string(home.path().join("crosstie.toml")).unwrap();
    match way {
        ReadOnly::Mount => {}
        ReadOnly::Rights => set_rights(&state, false),
        ReadOnly::Kernel => {
            let line = text.lines().find(|line| line.starts_with("state_dir")).unwrap();
            home.write("crosstie.toml", &text.replace(line, "state_dir = \"/proc/crosstie\""));
        }
    }
    let mut ro = home.start_read_only_if(matches!(way, ReadOnly::Mount), "ro", &state, &RUN);
    assert_eq!(ro.ended_within(LIMIT), Some(4), "{}", home.logged("ro"));
    let said = home.logged("ro");
    for told in told.iter().chain(&["nothing was changed"]) {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(said.contains(place.to_str().unwrap()), "{said}");
    home.assert_silent("the refusal", &said);
    // It can still be looked over.
    if matches!(way, ReadOnly::Mount) {
        let mut look = home.start_read_only("look", &state, &["verify"]);
        assert_eq!(look.ended_within(LIMIT), Some(0), "{}", home.logged("look"));
    }
    set_rights(&state, true);
    home.write("crosstie.toml", &text);
    assert_eq!(everything(&state), before, "a byte of the state has changed");
    assert_eq!(worlds.changes_by_the_sync(), wrote, "something was written without a store");

    let began = Timestamp::now();
    let mut daemon = home.start("daemon", &RUN);
    await_socket(&home);
    let status = await_agreement(&home, &worlds, &mut daemon, began, LIMIT, &Edited::default());
    nothing_waits(&status);
    let after = Office::look(&worlds);
    let page = after.deals.page_of(&deal).unwrap();
    assert!(after.deals.pages[page]["Amount"].to_string().contains("4711"), "{:?}", after.deals.pages[page]);
    stop(&home, daemon);
}
