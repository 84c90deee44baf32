//! Several workspaces in one process: one that fails in any way is told of by name, and the others do not notice.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::support::configuration::{data_source, office};
use crate::support::program::{Home, until};
use crate::support::worlds::{Worlds, pages};

const SOON: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(60);

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Two stand-ins, and the configuration between them, in a file of its own with a state folder and an inlet of its own.
struct Office {
    worlds: Worlds,
    name: &'static str,
    port: u16,
    text: String,
}

impl Office {
    fn open(home: &mut Home, name: &'static str) -> Self {
        let secrets = std::mem::take(&mut home.secrets);
        let worlds = Worlds::open(home, &["--empty"], &["--empty"]);
        home.secrets.extend(secrets);
        let port = free_port();
        let mut text = office(&worlds).replace("state_dir = \"state\"", &format!("state_dir = \"{name}\""));
        for (variable, key) in [("CROSSTIE_BITRIX24_WEBHOOK", "webhook"), ("CROSSTIE_NOTION_TOKEN", "token")] {
            let own = format!("{}_{variable}", name.to_uppercase());
            let secret = home.env.remove(variable).unwrap();
            home.env.insert(own.clone(), secret);
            text =
                text.replace(&format!("{key} = {{ env = \"{variable}\" }}"), &format!("{key} = {{ env = \"{own}\" }}"));
        }
        let text = text.replace("\n[timing]", &format!("\n[inlet]\nlisten = \"127.0.0.1:{port}\"\n\n[timing]"));
        let office = Self { worlds, name, port, text };
        office.write(home);
        office
    }

    fn file(&self) -> String {
        format!("{}.toml", self.name)
    }

    fn write(&self, home: &Home) {
        home.write(&self.file(), &self.text);
    }

    /// What the inlet answers, if anybody listens.
    fn asks(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    #[track_caller]
    fn ready(&self, home: &Home, wanted: u16) -> String {
        let answer = until(LONG, || self.asks("/readyz").filter(|(status, _)| *status == wanted));
        answer.unwrap_or_else(|| panic!("{}: {:?}\n{}", self.name, self.asks("/readyz"), home.logged("daemon"))).1
    }

    /// A deal is made in the CRM; how long until its page is there.
    #[track_caller]
    fn crosses(&self, home: &Home, title: &str) -> Duration {
        let began = Instant::now();
        self.worlds.create_record("deal", &json!({ "TITLE": title, "OPPORTUNITY": 10 }));
        let projects = data_source(&self.worlds, "Projects");
        let there = until(LONG, || {
            pages(&self.worlds.notion_world(), &projects).values().any(|it| it["Name"] == title).then_some(())
        });
        assert!(there.is_some(), "{title} did not cross: {}", home.logged("daemon"));
        began.elapsed()
    }

    fn pace(&self, home: &Home, what: &str) -> Duration {
        let mut all: Vec<Duration> = (0..5).map(|at| self.crosses(home, &format!("{what} {at}"))).collect();
        all.sort();
        all[2]
    }
}

#[test]
fn a_dead_portal_of_one_workspace_slows_no_edit_of_the_other_and_each_is_told_of_by_its_name() {
    let mut home = Home::new();
    let acme = Office::open(&mut home, "acme");
    let mut hall = Office::open(&mut home, "hall");
    hall.text.insert_str(0, "name = \"town hall\"\n");
    hall.write(&home);
    let place = home.path().join("notify.sock");
    let manager = UnixDatagram::bind(&place).unwrap();
    manager.set_nonblocking(true).unwrap();
    home.env.insert("NOTIFY_SOCKET".into(), place.display().to_string());
    let mut told = String::new();
    let mut status = |wanted: &dyn Fn(&str) -> bool| {
        let found = until(LONG, || {
            let mut bytes = [0; 4096];
            while let Ok(length) = manager.recv(&mut bytes) {
                told = String::from_utf8_lossy(&bytes[..length]).into_owned();
            }
            wanted(&told).then_some(())
        });
        assert!(found.is_some(), "{told}");
    };

    let mut daemon = home.start("daemon", &["run", "--yes", "--config", "acme.toml", "--config", "hall.toml"]);
    status(&|told| told.contains("acme: in step") && told.contains("town hall: in step"));
    acme.ready(&home, 200);
    hall.ready(&home, 200);
    let calm = acme.pace(&home, "calm");
    hall.crosses(&home, "Town");
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));

    // Now nobody is there where the portal was.
    let dead = format!("http://127.0.0.1:{}/rest/1/dead/", free_port());
    home.env.insert("HALL_CROSSTIE_BITRIX24_WEBHOOK".into(), dead);
    let mut daemon = home.start("daemon", &["run", "--yes", "--config", "acme.toml", "--config", "hall.toml"]);
    let missing = hall.ready(&home, 503);
    assert!(missing.contains("crm"), "{missing}");
    acme.ready(&home, 200);
    let beside = acme.pace(&home, "beside");
    assert!(beside < calm * 2 + Duration::from_secs(3), "{calm:?} alone, {beside:?} beside a dead portal");
    status(&|told| told.contains("acme: in step") && told.contains("town hall: Bitrix24 does not answer"));
    let asked = |file: &str| -> Json {
        let said = home.ask(&["--config", file, "status", "--json"]);
        said.json()
    };
    let (acme_now, hall_now) = (asked("acme.toml"), asked("hall.toml"));
    assert_eq!((&acme_now["workspace"], &acme_now["sides"]["crm"]["link"]["state"]), (&json!("acme"), &json!("up")));
    assert_eq!(hall_now["workspace"], "town hall");
    assert_ne!(hall_now["sides"]["crm"]["link"]["state"], "up", "{hall_now}");

    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "both end: {}", home.logged("daemon"));
    let log = home.logged("daemon");
    let of = |name: &str| log.lines().filter(|line| line.contains(&format!("workspace{{name={name}}}"))).count();
    assert!(of("acme") > 5 && of("town hall") > 5, "every line says whose it is:\n{log}");
    home.assert_silent("the log", &log);
    for office in [&acme, &hall] {
        assert!(!home.path().join(office.name).join("desk.sock").exists(), "{}'s socket is taken away", office.name);
    }
}

#[test]
fn a_workspace_whose_store_is_locked_says_so_and_runs_by_itself_once_it_is_free() {
    let mut home = Home::new();
    let (acme, hall) = (Office::open(&mut home, "acme"), Office::open(&mut home, "hall"));
    // Without an inlet: it is the store that the two are to quarrel about.
    home.write("other.toml", &acme.text.replace(&format!("127.0.0.1:{}", acme.port), "127.0.0.1:0"));
    let mut other = home.start("other", &["run", "--yes", "--config", "other.toml"]);
    let socket = home.path().join("acme/desk.sock");
    assert!(until(SOON, || socket.exists().then_some(())).is_some(), "{}", home.logged("other"));

    let mut daemon = home.start("daemon", &["run", "--yes", "--config", "acme.toml", "--config", "hall.toml"]);
    let missing = acme.ready(&home, 503);
    assert!(missing.contains("engine") && missing.contains("its store is in use"), "{missing}");
    assert_eq!(acme.asks("/healthz").unwrap().0, 200, "the process lives");
    hall.ready(&home, 200);
    hall.crosses(&home, "Town");
    let log = home.logged("daemon");
    assert!(log.contains(&format!("process {}", other.pid())) && log.contains("it is tried again in"), "{log}");
    assert!(daemon.is_running() && other.is_running());

    other.terminate();
    assert_eq!(other.ended_within(SOON), Some(0), "{}", home.logged("other"));
    acme.ready(&home, 200);
    acme.crosses(&home, "Bridge");
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
}

#[test]
fn a_workspace_whose_inlets_address_comes_late_runs_by_itself_once_it_is_there() {
    let mut home = Home::new();
    let (acme, hall) = (Office::open(&mut home, "acme"), Office::open(&mut home, "hall"));
    let taken = TcpListener::bind(("127.0.0.1", acme.port)).unwrap();
    let mut daemon = home.start("daemon", &["run", "--yes", "--config", "acme.toml", "--config", "hall.toml"]);
    hall.ready(&home, 200);
    let told = until(SOON, || home.logged("daemon").contains("it is tried again in").then_some(()));
    assert!(told.is_some(), "{}", home.logged("daemon"));
    drop(taken);
    acme.ready(&home, 200);
    acme.crosses(&home, "Bridge");
    daemon.terminate();
    assert_eq!(daemon.ended_within(SOON), Some(0), "{}", home.logged("daemon"));
}

#[test]
fn a_process_of_which_no_workspace_runs_ends_and_says_why() {
    let mut home = Home::new();
    let (acme, hall) = (Office::open(&mut home, "acme"), Office::open(&mut home, "hall"));
    for office in [&acme, &hall] {
        // A file where the folder should be: no store can be there.
        home.write(office.name, "not a folder");
    }
    let said = home.ask(&["run", "--config", "acme.toml", "--config", "hall.toml"]).ends_with(4);
    assert!(said.stderr.contains("workspace{name=acme}") && said.stderr.contains("workspace{name=hall}"), "{said:?}");
}

#[test]
fn workspaces_that_share_a_place_are_refused_with_both_lines() {
    let mut home = Home::new();
    let acme = Office::open(&mut home, "acme");
    let line = |text: &str, key: &str| text.lines().position(|line| line.starts_with(key)).unwrap() + 1;
    home.write("hall.toml", &format!("# one more line\n{}", acme.text));
    let said = home.ask(&["run", "--config", "acme.toml", "--config", "hall.toml"]).ends_with(2).stderr;
    for key in ["state_dir", "listen"] {
        let at = line(&acme.text, key);
        assert!(said.contains(&format!("acme.toml:{at} and hall.toml:{}", at + 1)), "{key}: {said}");
    }
    home.write("hall.toml", &format!("name = \"acme\"\n{}", acme.text.replace("\"acme\"", "\"hall\"")));
    let said = home.ask(&["run", "--config", "acme.toml", "--config", "hall.toml"]).ends_with(2).stderr;
    assert!(said.contains("acme.toml (without `name`) and hall.toml:1") && said.contains("called `acme`"), "{said}");
    // No other command knows which one is meant.
    let said = home.ask(&["status", "--config", "acme.toml", "--config", "hall.toml"]).ends_with(2).stderr;
    assert!(said.contains("only `run` and `service` take several"), "{said}");
}
