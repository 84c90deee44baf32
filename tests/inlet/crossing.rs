//! The whole program between both stand-ins, which it would ask only every ten minutes: what crosses, crosses because
//! somebody called.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crosstie::model::Revealed;
use crosstie::seam::Secrets;
use crosstie::store::Vault;
use serde_json::{Value as Json, json};

use crate::office::{ADMIN, APPLICATION, NOTION, PORTAL, TOKEN, ask, event, signature};
use crate::support::configuration::{QUICK, data_source, office, write};
use crate::support::program::{Home, Running, until};
use crate::support::worlds::{Worlds, pages, records};

pub const LONG: Duration = Duration::from_secs(60);
pub const INLET: &str = r#"
[inlet]
listen = "127.0.0.1:0"
admin_token = { env = "CROSSTIE_ADMIN_TOKEN" }
crm_token = { env = "CROSSTIE_CRM_TOKEN" }
"#;

pub struct Place {
    pub home: Home,
    pub worlds: Worlds,
    pub runtime: tokio::runtime::Runtime,
    /// What was logged before this start.
    before: usize,
}

impl Place {
    /// The stand-ins furnished, and a daemon's configuration with polls far apart.
    pub fn new() -> Self {
        Self::with(|_, _, text| text)
    }

    /// The same with another configuration.
    pub fn with(adapt: impl FnOnce(&mut Home, &Worlds, String) -> String) -> Self {
        Self::beside(&[], adapt)
    }

    /// The same, where the pretend Notion is started with more.
    pub fn beside(more: &[&str], adapt: impl FnOnce(&mut Home, &Worlds, String) -> String) -> Self {
        let mut home = Home::new();
        let worlds = Worlds::open(&mut home, &[&["--empty"], more].concat(), &["--empty"]);
        home.env.insert("CROSSTIE_LOG".into(), "trace".into());
        home.env.insert("CROSSTIE_ADMIN_TOKEN".into(), ADMIN.into());
        home.env.insert("CROSSTIE_CRM_TOKEN".into(), APPLICATION.into());
        home.secrets.extend([TOKEN, APPLICATION, ADMIN].map(str::to_owned));
        let seldom =
            QUICK.replace("poll = \"1s\"", "poll = \"10m\"").replace("sweep_every = \"3s\"", "sweep_every = \"1h\"");
        assert_eq!(seldom.matches("10m").count(), 2);
        let text = format!("{}{INLET}", office(&worlds).replace(QUICK, &seldom));
        let text = adapt(&mut home, &worlds, text);
        write(&home, &text);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { home, worlds, runtime, before: 0 }
    }

    pub fn start(&mut self) -> (Running, SocketAddr) {
        self.before = self.log().len();
        let daemon = self.home.start("daemon", &["run", "--yes"]);
        let address = until(LONG, || {
            let log = self.log();
            let (_, rest) = log.get(self.before..)?.split_once("the inlet listens")?;
            let (_, rest) = rest.split_once("address=")?;
            rest.split_whitespace().next()?.trim().parse().ok()
        });
        (daemon, address.unwrap_or_else(|| panic!("no inlet:\n{}", self.info())))
    }

    pub fn log(&self) -> String {
        self.home.logged("daemon")
    }

    pub fn info(&self) -> String {
        self.log()
            .lines()
            .filter(|line| !line.contains("TRACE") && !line.contains("DEBUG"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn call(&self, address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
        self.runtime.block_on(ask(address, "POST", path, headers, body)).status
    }

    fn signed(&self, address: SocketAddr, body: &str) -> u16 {
        self.call(address, NOTION, &[("X-Notion-Signature", &signature(TOKEN, body))], body)
    }

    fn edited(&self, address: SocketAddr, deal: &str) -> u16 {
        let form = format!("event=ONCRMDEALUPDATE&data[FIELDS][ID]={deal}&auth[application_token]={APPLICATION}");
        self.call(address, PORTAL, &[], &form)
    }

    #[track_caller]
    pub fn see(&self, what: &str, look: impl Fn() -> bool) {
        assert!(until(LONG, || look().then_some(())).is_some(), "not seen: {what}\n{}", self.info());
    }

    pub fn page_of(&self, source: &str, deal: &str) -> Option<(String, Json)> {
        pages(&self.worlds.notion_world(), source).into_iter().find(|(_, values)| values["CRM ID"] == deal)
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Every file below a folder, as bytes.
pub fn everything(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
}

#[test]
fn a_call_makes_an_edit_cross_before_the_next_poll_and_no_secret_is_written_anywhere() {
    let mut place = Place::new();
    let projects = data_source(&place.worlds, "Projects");
    let deal = place.worlds.create_record("deal", &json!({"TITLE": "Raincoat", "OPPORTUNITY": "100"}));
    let (mut daemon, address) = place.start();
    place.see("the deal's page", || place.page_of(&projects, &deal).is_some());
    let (page, _) = place.page_of(&projects, &deal).unwrap();
    let ready = || place.runtime.block_on(ask(address, "GET", "/readyz", &[], ""));
    place.see("it is ready", || ready().status == 200);

    // Bitrix24 calls.
    place.worlds.edit_record("deal", &deal, &json!({"OPPORTUNITY": "250"}));
    assert_eq!(place.edited(address, &deal), 200);
    place.see("the amount in Notion", || place.page_of(&projects, &deal).is_some_and(|(_, it)| it["Amount"] == "250"));
    // A deal that nobody here knew of.
    let second = place.worlds.create_record("deal", &json!({"TITLE": "Umbrella"}));
    assert_eq!(place.edited(address, &second), 200);
    place.see("the second deal's page", || place.page_of(&projects, &second).is_some());

    // Notion calls: first the handshake, whose token only a terminal is shown.
    assert_eq!(place.call(address, NOTION, &[], &format!(r#"{{"verification_token":"{TOKEN}"}}"#)), 200);
    place.see("word of the token", || place.info().contains("`crosstie inlet token`"));
    let shown = place.home.ask(&["inlet", "token"]).ends_with(1);
    assert!(shown.stdout.is_empty() && shown.stderr.contains("terminal"), "{}", shown.stderr);
    let amount = || records(&place.worlds.crm_world(), "deal")[&deal]["OPPORTUNITY"].as_str().unwrap().to_owned();
    place.worlds.edit_page(&page, &json!({"Amount": "375"}));
    let told = event("e1", "page.properties_updated", &page).replace(crate::office::SOURCE, &projects);
    for _ in 0..2 {
        assert_eq!(place.signed(address, &told), 200);
    }
    place.see("the amount in the CRM", || amount().parse::<f64>().unwrap() == 375.0);
    assert_eq!(place.signed(address, &event("e2", "page.created", crate::office::PAGE)), 200);
    assert_eq!(place.call(address, NOTION, &[("X-Notion-Signature", &signature("x", "{}"))], "{}"), 401);
    for outcome in [
        "ONCRMDEALUPDATE: accepted",
        "ONCRMDEALUPDATE: unlinked: no record known",
        "page.properties_updated: accepted",
        "page.properties_updated: a duplicate",
        "page.created: not ours",
        "a call: refused: bad signature",
    ] {
        place.see(outcome, || place.info().contains(outcome));
    }
    let bearer = format!("Bearer {ADMIN}");
    let health =
        place.runtime.block_on(ask(address, "GET", "/api/admin/sync/health", &[("Authorization", &bearer)], ""));
    let health: Json = serde_json::from_str(&health.body).unwrap();
    assert_eq!(
        (&health["sides"]["crm"]["records"], &health["sides"]["notion"]["records"]),
        (&json!(2), &json!(2)),
        "{health}"
    );

    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", place.info());
    // A new start: the token is remembered, and what is in the store now is exported. A token that an earlier version left
    // open is sealed, and the log says so.
    std::fs::create_dir(place.home.path().join("state/inlet")).unwrap();
    place.home.write("state/inlet/notion-verification-token", &format!("{TOKEN}\nproven\n"));
    std::fs::remove_dir_all(place.home.path().join("state/exports")).unwrap();
    let (mut daemon, address) = place.start();
    place.see("word of the open token", || place.info().contains("lay open") && place.info().contains("was removed"));
    assert_eq!(place.signed(address, &event("e3", "page.created", crate::office::PAGE)), 200);
    let exports = place.home.path().join("state/exports");
    place.see("an export", || std::fs::read_dir(&exports).is_ok_and(|mut dir| dir.next().is_some()));
    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", place.info());

    let mut files = Vec::new();
    everything(place.home.path(), &mut files);
    assert!(files.iter().any(|(name, _)| name.contains("exports")) && files.len() > 5, "{files:?}");
    for (name, bytes) in &files {
        let shows = |secret: &String| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!place.home.secrets.iter().any(shows), "{name} shows a secret");
    }
}

#[test]
fn a_daemon_whose_address_is_taken_or_not_there_yet_is_tried_again_and_one_that_nobody_allowed_needs_a_person() {
    let place = Place::new();
    let text = std::fs::read_to_string(place.home.path().join("crosstie.toml")).unwrap();
    let run = |listen: &str, code: i32| {
        write(&place.home, &text.replace("\"127.0.0.1:0\"", listen));
        place.home.ask(&["run", "--yes"]).ends_with(code).stderr
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = run(&format!("\"{address}\""), 1);
    assert!(
        said.contains(&format!("[inlet] listen = \"{address}\"")) && said.contains("end what listens there"),
        "{said}"
    );
    // An address for documentation: no machine has it.
    let said = run("\"192.0.2.7:8787\"\nallow_public = true", 1);
    assert!(said.contains("192.0.2.7:8787") && said.contains("or not yet: bring up what gives it"), "{said}");
    let said = run("\"0.0.0.0:0\"", 2);
    assert!(said.contains("allow_public = true"), "{said}");
    run("\"127.0.0.1\"", 2);
}

#[test]
fn the_pretend_workspace_calls_by_itself_and_an_edit_crosses_before_the_next_poll() {
    let port = free_port();
    let hook = format!("http://127.0.0.1:{port}{NOTION}");
    let mut place = Place::beside(&["--webhook", &hook], |_, _, text| {
        text.replace("listen = \"127.0.0.1:0\"", &format!("listen = \"127.0.0.1:{port}\""))
    });
    let projects = data_source(&place.worlds, "Projects");
    let deal = place.worlds.create_record("deal", &json!({"TITLE": "Raincoat", "OPPORTUNITY": "100"}));
    let (mut daemon, _) = place.start();
    place.see("the deal's page", || place.page_of(&projects, &deal).is_some());
    let (page, _) = place.page_of(&projects, &deal).unwrap();
    // The first call is repeated until somebody listens; it brings the token, which an operator pastes over there.
    let vault = Vault::new(&place.home.path().join("state"), None);
    let kept = || -> Option<Revealed> { vault.get("notion webhook").unwrap() };
    place.see("the verification token", || kept().is_some());
    let kept = kept().unwrap();
    let words = kept.expose().split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let token = words.into_iter().find(|word| word.starts_with("secret_")).unwrap().to_owned();
    place.home.secrets.push(token.clone());
    let verified = |token: &str| place.worlds.notion_door("verify", &json!({ "token": token }))["verified"].clone();
    assert_eq!(verified("secret_wrong"), json!(false));
    assert_eq!(verified(&token), json!(true));
    let amount = || records(&place.worlds.crm_world(), "deal")[&deal]["OPPORTUNITY"].as_str().unwrap().to_owned();
    place.worlds.edit_page(&page, &json!({ "Amount": "375" }));
    place.see("the amount in the CRM", || amount().parse::<f64>().unwrap() == 375.0);
    assert!(place.info().contains("page.properties_updated: accepted"), "{}", place.info());
    // A page that somebody makes is looked for at once, too.
    place.worlds.create_page(&projects, &json!({ "Name": "Umbrella" }));
    place.see("word of the new page", || place.info().contains("heard: page.created: "));
    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", place.info());
    place.home.assert_silent("the log", &place.log());
}
