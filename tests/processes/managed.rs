//! A daemon below a service manager: what it tells, the unit that is printed for it, and its end within the manager's time.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    hears("STATUS=1 orphan");
    daemon.terminate();
    hears("STOPPING=1");
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
}

/// What lies between the program and a pretend system: from the first creation of a page on, and while it is deaf, no answer
/// comes back.
struct Between {
    base: String,
    deaf: Arc<AtomicBool>,
    caught: Arc<AtomicBool>,
}

impl Between {
    fn and(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let (deaf, caught) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let between = Self { base, deaf: deaf.clone(), caught: caught.clone() };
        std::thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let mut server = TcpStream::connect(&upstream).unwrap();
                let (mut asks, mut answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (deaf, caught) = (deaf.clone(), caught.clone());
                let mute = caught.clone();
                std::thread::spawn(move || {
                    let mut bytes = [0; 1 << 16];
                    while let Ok(length @ 1..) = asks.read(&mut bytes) {
                        if bytes[..length].windows(14).any(|part| part == b"POST /v1/pages") {
                            mute.store(true, Ordering::SeqCst);
                        }
                        if server.write_all(&bytes[..length]).is_err() {
                            break;
                        }
                    }
                    let _ = server.shutdown(Shutdown::Both);
                });
                std::thread::spawn(move || {
                    let mut bytes = [0; 1 << 16];
                    while let Ok(length @ 1..) = answers.read(&mut bytes) {
                        let muted = deaf.load(Ordering::SeqCst) && caught.load(Ordering::SeqCst);
                        if !muted && client.write_all(&bytes[..length]).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        between
    }
}

#[test]
fn an_end_within_thirty_seconds_leaves_no_write_that_is_forgotten_or_made_twice() {
    let (home, worlds) = ready();
    let between = Between::and(worlds.notion.said("base_url"));
    write(&home, &office(&worlds).replace(worlds.notion.said("base_url"), &between.base));
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    let contacts = data_source(&worlds, "Contacts");
    worlds.create_record("contact", &json!({ "NAME": "Ida", "EMAIL": "ida@hall.example" }));
    let caught = until(SOON, || between.caught.load(Ordering::SeqCst).then_some(()));
    assert!(caught.is_some(), "nothing was created: {}", home.logged("daemon"));
    let began = Instant::now();
    daemon.terminate();
    assert_eq!(daemon.ended_within(Duration::from_secs(30)), Some(0), "{}", home.logged("daemon"));
    assert!(began.elapsed() > Duration::from_secs(5), "it is waited for at first");
    assert!(home.logged("daemon").contains("not waited for any longer"), "{}", home.logged("daemon"));

    between.deaf.store(false, Ordering::SeqCst);
    let mut daemon = home.start("daemon", &["run", "--yes"]);
    // Whoever asks before that would open the store in the daemon's place.
    let up = until(SOON, || home.path().join("state/desk.sock").exists().then_some(()));
    assert!(up.is_some(), "{}", home.logged("daemon"));
    // It has looked for what was on its way, and nothing is left to do.
    let rests = until(SOON * 2, || {
        let queue = home.ask(&["queue", "--json"]).json();
        let ties = home.status()["ties"] == 1;
        (ties && queue["daemon"] == true && queue["total"] == 0).then_some(())
    });
    assert!(rests.is_some(), "{}", home.logged("daemon"));
    assert_eq!(pages(&worlds.notion_world(), &contacts).len(), 1, "a page was made twice");
    // What the first one logged is not logged once more by the second, in whose time it did not happen.
    let log = home.logged("daemon");
    let (_, second) = log.rsplit_once(" runs socket=").unwrap();
    let first = second.lines().find(|line| line.contains(" seq=")).unwrap();
    assert!(first.contains("started seq=") && !first.contains(" seq=1 "), "{log}");
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
    assert_verified(&home, &unit, false);
}

/// What systemd itself thinks of a unit, where it is installed.
fn assert_verified(home: &Home, unit: &str, user: bool) {
    // Found wherever it is; the configurations of these tests lie in nobody's home.
    let path = home.write("crosstie.service", unit);
    let mut verify = std::process::Command::new("systemd-analyze");
    verify.arg("verify").args(user.then_some("--user")).arg("--man=no").arg(&path);
    verify.env("SYSTEMD_LOG_LEVEL", "warning").env("XDG_RUNTIME_DIR", home.path());
    let Ok(said) = verify.output() else {
        return eprintln!("systemd-analyze is not installed here: the unit was not shown to it");
    };
    let told = String::from_utf8_lossy(&said.stderr).into_owned();
    let about: Vec<&str> = told.lines().filter(|line| line.contains("crosstie.service")).collect();
    assert!(about.is_empty(), "{about:?}\n{unit}");
}

fn value<'u>(unit: &'u str, key: &str) -> Vec<&'u str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn a_users_unit_asks_for_nothing_that_a_users_manager_cannot_do() {
    let (home, _worlds) = ready();
    let unit = home.ask(&["service", "--user"]).ends_with(0).stdout;
    // Each of these needs capabilities or a namespace, and then the service does not start at all.
    for line in unit.lines().filter(|line| !line.starts_with('#')) {
        let key = line.split('=').next().unwrap();
        for needs_more in ["Protect", "Private", "Capability", "Ambient", "ReadWrite", "RemoveIPC", "StateDirectory"] {
            assert!(!key.starts_with(needs_more), "{line}");
        }
    }
    for line in ["NoNewPrivileges=yes", "RestrictNamespaces=yes", "MemoryDenyWriteExecute=yes"] {
        assert!(unit.lines().any(|it| it == line), "{line}: {unit}");
    }
    assert_verified(&home, &unit, true);
}

#[test]
fn a_system_unit_may_write_where_its_log_lies_and_its_own_state_and_nowhere_of_the_callers() {
    let (home, worlds) = ready();
    let here = home.path().display().to_string();
    write(&home, &office(&worlds).replace("\n[timing]", "\n[log]\ndir = \"log\"\n\n[timing]"));
    let unit = home.ask(&["service"]).ends_with(0).stdout;
    assert_eq!(value(&unit, "ReadWritePaths"), [format!("{here}/log"), format!("{here}/state")]);
    assert!(value(&unit, "StateDirectory").is_empty() && unit.contains("install -d -m 700 -o crosstie"), "{unit}");
    // Who must be able to read the configuration is said, with its name.
    assert!(unit.contains("chown crosstie:crosstie") && unit.contains(&format!("#   {here}/crosstie.toml")), "{unit}");

    // Without `state_dir` it is the caller's for the caller, and a place that the manager makes for an account of its own.
    let text = office(&worlds).replace("state_dir = \"state\"\n", "");
    write(&home, &text.replace("\n[timing]", "\n[log]\ndir = \"/var/log/crosstie\"\n\n[timing]"));
    let unit = home.ask(&["service"]).ends_with(0).stdout;
    assert_eq!(value(&unit, "StateDirectory"), ["crosstie"]);
    assert_eq!(value(&unit, "LogsDirectory"), ["crosstie"]);
    assert_eq!(value(&unit, "Environment"), ["XDG_STATE_HOME=/var/lib"], "where the program looks for it");
    let written = unit.lines().filter(|line| !line.starts_with('#'));
    assert!(value(&unit, "ReadWritePaths").is_empty() && written.clone().count() > 20, "{unit}");
    assert!(written.clone().all(|line| !line.contains(".local/state")), "{unit}");
    // What was kept by whoever set it up goes along.
    assert!(unit.contains(&format!("cp -a {here}/.local/state/crosstie/. /var/lib/crosstie/ ")), "{unit}");
    assert!(unit.contains("/var/lib/crosstie/secrets.key"), "{unit}");
    assert_verified(&home, &unit, false);

    // One unit for several workspaces.
    let own = |dir: &str| text.replacen("\n[crm]", &format!("\nstate_dir = \"{dir}\"\n[crm]"), 1);
    home.write("acme.toml", &own("/var/lib/acme"));
    home.write("hall.toml", &own("/srv/hall"));
    let unit = home.ask(&["service", "--config", "acme.toml", "--config", "hall.toml"]).ends_with(0).stdout;
    let start = format!("--config {here}/acme.toml --config {here}/hall.toml run");
    assert!(value(&unit, "ExecStart")[0].ends_with(&start), "{unit}");
    assert_eq!((value(&unit, "StateDirectory"), value(&unit, "ReadWritePaths")), (vec!["acme"], vec!["/srv/hall"]));
    assert_verified(&home, &unit, false);
}
