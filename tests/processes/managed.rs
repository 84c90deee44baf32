//! A daemon below a service manager: what it tells, the unit that is printed for it, and its end within the manager's time.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::configuration::{data_source, office, write};
use crate::support::program::{Home, until};
use crate::support::worlds::{Worlds, pages};

const SOON: Duration = Duration::from_secs(30);

fn ready() -> (Home, Worlds) {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    (home, worlds)
}

#[test]
fn the_manager_hears_that_it_is_ready_how_it_does_that_it_lives_and_that_it_ends() {
    let (mut home, worlds) = ready();
    let place = home.path().join("notify.sock");
    let manager = UnixDatagram::bind(&place).unwrap();
    manager.set_nonblocking(true).unwrap();
    home.env.insert("NOTIFY_SOCKET".into(), place.display().to_string());
    home.env.insert("WATCHDOG_USEC".into(), "400000".into());
    let mut heard = Vec::new();
    let mut hears = |what: &str| {
        let found = until(SOON, || {
            let mut bytes = [0; 4096];
            while let Ok(length) = manager.recv(&mut bytes) {
                heard.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
            }
            heard.iter().any(|told| told.lines().any(|line| line == what)).then_some(())
        });
        assert!(found.is_some(), "{what}: {heard:?}");
    };
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    hears("READY=1");
    hears("STATUS=in step");
    hears("WATCHDOG=1");
    // What waits for a person is in the status.
    worlds.create_record("contact", &json!({ "NAME": "Ida" }));
    hears("STATUS=1 orphans");
    daemon.terminate();
    hears("STOPPING=1");
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
}

#[test]
fn an_end_within_thirty_seconds_leaves_no_write_that_is_forgotten_or_made_twice() {
    let (home, worlds) = ready();
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    let contacts = data_source(&worlds, "Contacts");
    let up = until(SOON, || home.path().join("state/desk.sock").exists().then_some(()));
    assert!(up.is_some(), "{}", home.logged("daemon"));
    let mut people = 0;
    // Notion hears no more while one of its answers is out.
    let caught = until(SOON * 2, || {
        for _ in 0..4 {
            let name = format!("Nr{people}");
            let email = format!("p{people}@hall.example");
            worlds.create_record("contact", &json!({ "NAME": "P", "LAST_NAME": name, "EMAIL": email }));
            people += 1;
        }
        let on_its_way = || {
            let queue = home.ask(&["queue", "--json"]).ends_with(0).json();
            queue["rows"].as_array().unwrap().iter().any(|row| row["state"] == "in_flight")
        };
        until(Duration::from_secs(4), || {
            worlds.notion.freeze();
            let caught = on_its_way();
            if !caught {
                worlds.notion.thaw();
            }
            caught.then_some(())
        })
    });
    assert!(caught.is_some(), "no write was caught on its way: {}", home.logged("daemon"));
    let began = Instant::now();
    daemon.terminate();
    assert_eq!(daemon.ended_within(Duration::from_secs(30)), Some(0), "{}", home.logged("daemon"));
    assert!(began.elapsed() > Duration::from_secs(5), "it is waited for at first");
    assert!(home.logged("daemon").contains("not waited for any longer"), "{}", home.logged("daemon"));
    worlds.notion.thaw();

    let mut daemon = home.start("daemon", &["run", "--yes"]);
    let mails = || {
        let world = worlds.notion_world();
        let mut mails: Vec<String> = pages(&world, &contacts).values().map(|page| page["Email"].to_string()).collect();
        mails.sort();
        mails
    };
    assert!(
        until(SOON * 3, || (mails().len() >= people).then_some(())).is_some(),
        "{:?} {}",
        mails(),
        home.logged("daemon")
    );
    // It has looked for what was on its way, and nothing is left to do.
    let rests = until(SOON, || {
        let queue = home.ask(&["queue", "--json"]).json();
        (queue["daemon"] == true && queue["total"] == 0).then_some(())
    });
    assert!(rests.is_some(), "{}", home.logged("daemon"));
    let mut once = mails();
    once.dedup();
    assert_eq!(mails(), once, "a page was made twice");
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0));
}

#[test]
fn the_unit_names_this_program_its_configuration_and_every_secret() {
    let (home, _worlds) = ready();
    let unit = home.ask(&["service"]).ends_with(0).stdout;
    let config = home.path().join("crosstie.toml");
    let start = unit.lines().find(|line| line.starts_with("ExecStart=")).expect("what to start");
    assert!(start.ends_with(&format!("crosstie --config {} run", config.display())), "{start}");
    assert!(unit.contains(&format!("ReadWritePaths={}", home.path().join("state").display())), "{unit}");
    for line in ["Type=notify", "TimeoutStopSec=30", "NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077"] {
        assert!(unit.lines().any(|it| it == line), "{line}: {unit}");
    }
    for name in ["CROSSTIE_NOTION_TOKEN", "CROSSTIE_BITRIX24_WEBHOOK"] {
        assert!(unit.contains(name), "{name}: {unit}");
    }
    assert!(unit.contains("User=crosstie") && !home.ask(&["service", "--user"]).ends_with(0).stdout.contains("User="));
}
