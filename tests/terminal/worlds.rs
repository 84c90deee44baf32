//! Both stand-ins as programs of their own, reached by what people do in them: their back doors.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::screen::{PATIENCE, environment, home};

/// Somebody who works on both sides.
const ANNA: &str = "Anna Weber";

/// A process that ends with the test.
pub struct Running(Child);

impl Running {
    fn start(home: &Path, args: &[&str], out: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstie"));
        command.args(args).current_dir(home).env_clear().envs(environment(home));
        let child = command.stdin(Stdio::null()).stdout(out).stderr(Stdio::null()).spawn();
        Self(child.expect("the program starts"))
    }

    /// What it says.
    pub fn out(&mut self) -> std::process::ChildStdout {
        self.0.stdout.take().expect("a pipe")
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }

    /// Whether it has not ended.
    pub fn lives(&mut self) -> bool {
        self.0.try_wait().expect("it can be waited for").is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One pretend system.
pub struct StandIn {
    _process: Running,
    /// What it said of itself.
    pub hello: Json,
}

impl StandIn {
    fn start(home: &Path, system: &str) -> Self {
        let mut process = Running::start(home, &["standin", system, "--empty"], Stdio::piped());
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        Self { _process: process, hello: serde_json::from_str(&line).expect("a line of JSON") }
    }

    /// Asks the back door.
    pub fn door(&self, method: &str, door: &str, body: &Json) -> Json {
        let host = self.hello["base_url"].as_str().expect("an address").trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("the stand-in listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let body = body.to_string();
        let head = format!("{method} /_admin/{door} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        write!(stream, "{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            .expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{method} {door}: {answer}");
        serde_json::from_str(body).expect("JSON")
    }
}

/// Both sides, a configuration between them, and a daemon.
pub struct Workspace {
    pub home: TempDir,
    pub notion: StandIn,
    pub crm: StandIn,
}

impl Workspace {
    /// Two systems with tables and people but no records, and a configuration in the working folder.
    pub fn new() -> Self {
        let home = home();
        let (notion, crm) = (StandIn::start(home.path(), "notion"), StandIn::start(home.path(), "bitrix24"));
        let hello = |standin: &StandIn, key: &str| standin.hello[key].as_str().expect("text").to_owned();
        private(&home.path().join("webhook"), &hello(&crm, "webhook"));
        private(&home.path().join("token"), &hello(&notion, "token"));
        let source = |title: &str| notion.hello["data_sources"][title].as_str().expect("an id").to_owned();
        let config = include_str!("crosstie.toml")
            .replace("NOTION_URL", &hello(&notion, "base_url"))
            .replace("CONTACTS", &source("Contacts"))
            .replace("PROJECTS", &source("Projects"));
        std::fs::write(home.path().join("crosstie.toml"), config).expect("a file");
        Self { home, notion, crm }
    }

    /// Starts the daemon; its dashboards find it once its socket is there.
    pub fn daemon(&self) -> Running {
        let daemon = Running::start(self.home.path(), &["run", "--yes"], Stdio::null());
        let socket = self.home.path().join("state/desk.sock");
        wait("the daemon's socket", || socket.exists().then_some(()));
        daemon
    }

    /// What a command says until it ends.
    pub fn says(&self, args: &[&str]) -> String {
        let mut text = String::new();
        let mut command = Running::start(self.home.path(), args, Stdio::piped());
        command.out().read_to_string(&mut text).expect("text");
        text
    }

    /// Somebody watches the daemon without a screen.
    pub fn watch(&self) -> Running {
        Running::start(self.home.path(), &["status", "--watch"], Stdio::piped())
    }

    /// A person makes a record in the CRM; returns its id.
    pub fn crm_create(&self, entity: &str, set: Json) -> String {
        let made = self.crm.door("POST", "create", &json!({"entity": entity, "set": set, "as": ANNA}));
        made["id"].as_str().expect("an id").to_owned()
    }

    /// A person edits a record in the CRM.
    pub fn crm_edit(&self, entity: &str, id: &str, set: Json) {
        self.crm.door("POST", "edit", &json!({"entity": entity, "id": id, "set": set, "as": ANNA}));
    }

    /// What the CRM holds.
    pub fn crm_value(&self, entity: &str, id: &str, field: &str) -> Json {
        self.crm.door("GET", "world", &Json::Null)["items"][entity][id][field].clone()
    }

    /// A person makes a page; returns its id.
    pub fn page_create(&self, source: &str, set: Json) -> String {
        let source = &self.notion.hello["data_sources"][source];
        let made = self.notion.door("POST", "create", &json!({"data_source": source, "set": set, "as": ANNA}));
        made["page"].as_str().expect("an id").to_owned()
    }

    /// A person edits a page.
    pub fn page_edit(&self, page: &str, set: Json) {
        self.notion.door("POST", "edit", &json!({"page": page, "set": set, "as": ANNA}));
    }

    fn pages(&self) -> Vec<Json> {
        self.notion.door("GET", "world", &Json::Null)["pages"].as_array().expect("pages").clone()
    }

    /// What a page holds.
    pub fn page_value(&self, page: &str, property: &str) -> Json {
        let pages = self.pages();
        pages.iter().find(|it| it["id"] == page).expect("the page")["values"][property].clone()
    }

    /// The page that the sync made for, or tied to, a CRM record of that name.
    pub fn page_of(&self, name: &str) -> String {
        wait(&format!("a page {name:?} with a marker"), || {
            let pages = self.pages();
            let page = pages.iter().find(|page| page["values"]["Name"] == name && !page["values"]["CRM ID"].is_null());
            page.and_then(|page| page["id"].as_str()).map(str::to_owned)
        })
    }
}

/// A file for its owner alone, as those with secrets have to be.
pub fn private(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    std::io::Write::write_all(&mut file.expect("a file"), text.as_bytes()).expect("a file");
}

/// Asks until there is an answer.
pub fn wait<T>(wanted: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited for {wanted}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until something holds a value, and says what it holds if it never does.
pub fn wait_equal(wanted: &Json, mut is: impl FnMut() -> Json) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = is();
        if now == *wanted {
            return;
        }
        assert!(Instant::now() < deadline, "waited for {wanted}, it is {now}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
