//! An inlet on a real socket, with an engine that only writes down what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crosstie::control::{
    Command, Deliveries, Delivery, Desk, DeskError, Link, Query, Reply, Rows, Snapshot, Told, Window,
};
use crosstie::inlet::{self, Door, DoorSecret, Drawer, Kept, Limits, Office, Served, Settings};
use crosstie::model::{Revealed, Side};
use crosstie::remote::bitrix24::PortalWebhook;
use crosstie::remote::notion::NotionWebhook;
use crosstie::remote::webhook::Installs;
use crosstie::seam::{Secrets, WallClock};
use crosstie::store::Vault;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub const NOTION: &str = "/api/webhooks/notion";
pub const PORTAL: &str = "/api/webhooks/bitrix24";
pub const TOKEN: &str = "secret_madeUpByTheTest0123456789";
pub const APPLICATION: &str = "applicationTokenMadeUpByTheTest";
pub const ADMIN: &str = "adminTokenMadeUpByTheTest";
pub const NOW: &str = "2026-11-29T10:00:00Z";
pub const PAGE: &str = "11111111-2222-4333-8444-555555555555";
pub const SOURCE: &str = "99999999-2222-4333-8444-555555555555";

struct Noon;

impl WallClock for Noon {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }
}

/// Writes down what it is told, as long as it is let.
pub struct Engine {
    told: Mutex<Vec<Delivery>>,
    may: Semaphore,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

#[async_trait]
impl Deliveries for Engine {
    async fn deliver(&self, delivery: Delivery) -> Result<(), DeskError> {
        let Ok(leave) = self.may.acquire().await else { return Err(DeskError::Gone("closed".into())) };
        leave.forget();
        self.told.lock().unwrap().push(delivery);
        Ok(())
    }
}

#[async_trait]
impl Desk for Engine {
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }
    async fn query(&self, query: Query) -> Result<Window, DeskError> {
        Ok(Window::of(0, query.offset, Rows::Orphans(Vec::new())))
    }
    async fn command(&self, _who: &str, _command: Command) -> Result<Reply, DeskError> {
        Err(DeskError::Gone("nobody commands here".into()))
    }
}

pub struct Bench {
    pub address: SocketAddr,
    pub drawer: Drawer,
    /// Where the drawer stands.
    pub home: tempfile::TempDir,
    pub snapshots: Option<watch::Sender<Arc<Snapshot>>>,
    engine: Arc<Engine>,
    closing: CancellationToken,
    _served: Served,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

/// How an answer looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Bench {
    pub async fn open() -> Self {
        Self::with(Limits::default(), None, usize::MAX >> 4).await
    }

    /// One whose workspace has sent its token already.
    pub async fn verified() -> Self {
        let bench = Self::open().await;
        let sent = format!(r#"{{"verification_token":"{TOKEN}"}}"#);
        assert_eq!(bench.post(NOTION, &[], &sent).await.status, 200);
        assert_eq!(bench.told(1).await[0].told, Told::Secret);
        bench
    }

    /// With limits of its own, what its drawer holds, and an engine that takes so many deliveries.
    pub async fn with(limits: Limits, kept: Option<Kept>, takes: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let secrets = Arc::new(Vault::new(home.path(), None));
        if let Some(kept) = kept {
            Drawer::new(secrets.clone(), "token").keep(&kept).unwrap();
        }
        Self::over(home, secrets, None, limits, takes).await
    }

    /// With secrets of its own; where somebody takes installations, those prove the portal's calls.
    pub async fn over(
        home: tempfile::TempDir,
        secrets: Arc<dyn Secrets>,
        installs: Option<Arc<dyn Installs>>,
        limits: Limits,
        takes: usize,
    ) -> Self {
        let (publish, snapshots) = watch::channel(Arc::new(well()));
        let engine = Arc::new(Engine { told: Mutex::default(), may: Semaphore::new(takes), snapshots });
        let drawer = Drawer::new(secrets.clone(), "token");
        let application = match &installs {
            Some(_) => DoorSecret::Learned(Drawer::new(secrets, "application")),
            None => DoorSecret::Given(Revealed::new(APPLICATION)),
        };
        let settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            allow_public: false,
            admin_token: Some(Revealed::new(ADMIN)),
            doors: vec![
                Door {
                    path: NOTION.into(),
                    side: Side::Notion,
                    webhook: Arc::new(NotionWebhook::default()),
                    secret: DoorSecret::Learned(drawer.clone()),
                    installs: None,
                },
                Door {
                    path: PORTAL.into(),
                    side: Side::Crm,
                    webhook: Arc::new(PortalWebhook),
                    secret: application,
                    installs,
                },
            ],
            lately: SignedDuration::from_secs(90),
            limits,
        };
        let office = Office { desk: engine.clone(), deliveries: engine.clone(), clock: Arc::new(Noon) };
        let closing = CancellationToken::new();
        let served = inlet::serve(settings, office, closing.clone()).await.unwrap();
        Self { address: served.address, drawer, home, snapshots: Some(publish), engine, closing, _served: served }
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers, "").await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.ask("POST", path, headers, body).await
    }

    /// A signed call.
    pub async fn signed(&self, body: &str) -> Answer {
        self.post(NOTION, &[("X-Notion-Signature", &signature(TOKEN, body))], body).await
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        ask(self.address, method, path, headers, body).await
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// For another inlet with the same engine.
    pub fn office(&self) -> Office {
        Office { desk: self.engine.clone(), deliveries: self.engine.clone(), clock: Arc::new(Noon) }
    }

    /// The engine takes so many more.
    pub fn let_in(&self, more: usize) {
        self.engine.may.add_permits(more);
    }

    /// What the engine was told, once it is so much.
    pub async fn told(&self, count: usize) -> Vec<Delivery> {
        for _ in 0..2_000 {
            let told = self.engine.told.lock().unwrap().clone();
            if told.len() >= count {
                assert_eq!(told.len(), count, "{told:#?}");
                return told;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("told only {:#?}", self.engine.told.lock().unwrap());
    }
}

pub async fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    // A server that refuses a long body does not read it to its end.
    let _ = stream.write_all(request.as_bytes()).await;
    answer(&mut stream).await.expect("an answer")
}

/// Reads an answer up to the end of the connection; none if there is none.
pub async fn answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    // What came before a reset counts.
    while let Ok(read) = stream.read(&mut chunk).await {
        if read == 0 {
            break;
        }
        text.extend_from_slice(&chunk[..read]);
    }
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

pub fn signature(token: &str, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// An event about a page.
pub fn event(id: &str, kind: &str, page: &str) -> String {
    serde_json::json!({
        "id": id, "timestamp": "2026-11-29T09:59:58.123Z", "type": kind, "attempt_number": 1,
        "authors": [{"id": "22222222-2222-4333-8444-555555555555", "type": "person"}],
        "entity": {"id": page, "type": "page"},
        "data": {
            "parent": {"id": "33333333-2222-4333-8444-555555555555", "type": "database", "data_source_id": SOURCE},
            "updated_properties": ["title", "%3FB%3AW"],
        },
    })
    .to_string()
}

/// Both sides answered just now.
pub fn well() -> Snapshot {
    let mut snapshot = Snapshot { at: NOW.parse().unwrap(), ..Snapshot::default() };
    for (side, name) in [(Side::Crm, "Bitrix24"), (Side::Notion, "Notion")] {
        let connection = snapshot.sides.get_mut(side);
        connection.name = name.into();
        connection.link = Link::Up;
        connection.last_answer = Some("2026-11-29T09:59:50Z".parse().unwrap());
    }
    snapshot
}
