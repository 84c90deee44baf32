//! A pretend portal on real sockets, an application of it, and somebody who watches every request.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use crosstie::config::Revealed;
use crosstie::remote::bitrix24::oauth::{
    Application, AuthorizationServer, Connect, Hosts, PortalTransport, SECRET_NAME, Session, Tokens,
};
use crosstie::remote::bitrix24::{Bitrix24, WebhookDialect};
use crosstie::remote::connection::{Connection, Patience};
use crosstie::remote::pace::{Pace, Settings};
use crosstie::remote::transport::{HttpOptions, HttpTransport};
use crosstie::seam::{Failure, Request, Response, Rng, Secrets, SecretsError, Transport, WallClock};
use crosstie::standin::bitrix24::{BitrixStandIn, Config};
use crosstie::standin::serve::{bind, serve};
use crosstie::store::Vault;
use jiff::Timestamp;
use serde_json::Value as Json;

/// A wall clock that stands until it is set forward.
pub struct Clock(AtomicI64);

impl Clock {
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl WallClock for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub struct Dice(u64);

impl Rng for Dice {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 16
    }
}

/// Real sockets, with every request written down before it leaves.
#[derive(Clone)]
pub struct Watched {
    home: PathBuf,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Requests to the portal fail before they leave.
    pub portal_down: Arc<Mutex<bool>>,
}

/// One request that left.
#[derive(Debug, Clone)]
pub struct Seen {
    pub base: String,
    pub target: String,
    /// The token in its body.
    pub auth: Option<String>,
    /// The access token that the vault held at that moment.
    pub kept: Option<String>,
}

impl Connect for Watched {
    fn to(&self, base: &str) -> Result<Arc<dyn Transport>, String> {
        let inner = HttpTransport::new(base, HttpOptions::default()).map_err(|error| error.to_string())?;
        Ok(Arc::new(Way { inner, base: base.to_owned(), watched: self.clone() }))
    }
}

struct Way {
    inner: HttpTransport,
    base: String,
    watched: Watched,
}

#[async_trait]
impl Transport for Way {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        let kept = Vault::new(&self.watched.home, None).get(SECRET_NAME).unwrap();
        self.watched.seen.lock().unwrap().push(Seen {
            base: self.base.clone(),
            target: request.target.clone(),
            auth: body["auth"].as_str().map(str::to_owned),
            kept: kept.and_then(|kept| Some(Tokens::read(&kept)?.access.expose().to_owned())),
        });
        if *self.watched.portal_down.lock().unwrap() && !request.target.starts_with("/oauth/") {
            return Err(Failure::NotSent("the process died here".into()));
        }
        self.inner.send(request).await
    }
}

/// A vault whose disk can be full, after so many writes, and can hang.
pub struct Disk {
    pub vault: Vault,
    pub full: AtomicBool,
    pub room_for: AtomicU32,
    /// Nothing hangs, the next write will, one does.
    pub hangs: AtomicU32,
}

impl Secrets for Disk {
    fn get(&self, name: &str) -> Result<Option<Revealed>, SecretsError> {
        self.vault.get(name)
    }
    fn put(&self, name: &str, secret: &Revealed) -> Result<(), SecretsError> {
        let _ = self.hangs.compare_exchange(1, 2, Ordering::SeqCst, Ordering::SeqCst);
        while self.hangs.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
        let is_full = || self.full.load(Ordering::SeqCst);
        let has_room = || self.room_for.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if is_full() && has_room().is_err() {
            let error = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return Err(SecretsError::Failed { path: "secrets.bin".into(), error });
        }
        self.vault.put(name, secret)
    }
    fn forget(&self, name: &str) -> Result<bool, SecretsError> {
        self.vault.forget(name)
    }
    fn names(&self) -> Result<Vec<String>, SecretsError> {
        self.vault.names()
    }
    fn claim(&self) -> Result<Option<Box<dyn std::any::Any + Send>>, SecretsError> {
        self.vault.claim()
    }
}

/// One portal, served under as many addresses as a test wants.
pub struct World {
    pub portal: Arc<Mutex<BitrixStandIn>>,
    pub clock: Arc<Clock>,
    pub home: tempfile::TempDir,
    pub origin: String,
    pub watched: Watched,
    pub disk: Arc<Disk>,
}

impl World {
    pub async fn new() -> Self {
        let portal = Arc::new(Mutex::new(BitrixStandIn::new(Config::default())));
        // Ahead of everything that was made before the first request.
        let clock = Arc::new(Clock(AtomicI64::new(1_772_359_200)));
        let home = tempfile::tempdir().unwrap();
        let watched = Watched { home: home.path().to_owned(), seen: Arc::default(), portal_down: Arc::default() };
        let disk = Arc::new(Disk {
            vault: Vault::new(home.path(), None),
            full: AtomicBool::new(false),
            room_for: AtomicU32::new(0),
            hangs: AtomicU32::new(0),
        });
        let mut world = Self { portal, clock, home, origin: String::new(), watched, disk };
        world.origin = world.another_address().await;
        world
    }

    /// The portal answers under one more address, which is told.
    pub async fn another_address(&self) -> String {
        let listener = bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (portal, clock) = (Arc::clone(&self.portal), Arc::clone(&self.clock));
        tokio::spawn(serve(portal, listener, clock, std::future::pending()));
        origin
    }

    pub fn portal(&self) -> MutexGuard<'_, BitrixStandIn> {
        self.portal.lock().unwrap()
    }

    pub fn hosts(&self) -> Hosts {
        Hosts::new("crosstie.bitrix24.com", &[], "oauth.bitrix.info", Some(&self.origin))
    }

    /// A process that starts: it knows what the vault holds and nothing else.
    pub fn session(&self) -> Session {
        let (id, secret) = {
            let portal = self.portal();
            let (id, secret) = portal.app_credentials();
            (id.to_owned(), secret.to_owned())
        };
        let application = Application { client_id: id, client_secret: Revealed::new(secret) };
        let server = AuthorizationServer::new(application, self.hosts(), Arc::new(self.watched.clone()));
        Session::new(server, Arc::<Disk>::clone(&self.disk), Arc::<Clock>::clone(&self.clock))
    }

    pub fn client(&self, session: &Session) -> Bitrix24 {
        self.over(Arc::new(PortalTransport::new(session.clone())))
    }

    pub fn over(&self, transport: Arc<dyn Transport>) -> Bitrix24 {
        let pace = Pace::new(Settings::bucket(250, 500), Box::new(Dice(1)));
        let patience = Patience { backoff: std::time::Duration::from_millis(5), ..Patience::default() };
        let clock = Arc::<Clock>::clone(&self.clock);
        Bitrix24::new(Connection::with_patience(transport, pace, clock, Arc::new(WebhookDialect), patience))
    }

    /// A person lets the application in, and a process exchanges the code.
    pub async fn let_in(&self) -> Session {
        let code = {
            let now = self.clock.now();
            self.portal().authorize_app(now)
        };
        let session = self.session();
        session.authorise(Revealed::new(code), None).await.unwrap();
        session
    }

    /// The tokens have been in use for a while, and then every access token ends at once.
    pub fn tokens_end(&self) {
        self.clock.forward(120);
        let now = self.clock.now();
        self.portal().expire_access_tokens(now);
    }

    pub fn kept(&self) -> Tokens {
        Tokens::read(&self.disk.vault.get(SECRET_NAME).unwrap().unwrap()).unwrap()
    }

    pub fn refreshes(&self) -> u64 {
        self.portal().counters().refreshed
    }

    /// Requests since this was asked last.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.watched.seen.lock().unwrap())
    }
}

/// Fails if any of the secrets stands in a file under `dir`.
pub fn no_file_tells(dir: &Path, secrets: &[String]) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_file_tells(&path, secrets);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|some| some == secret.as_bytes());
                assert!(!found, "{} tells a secret", path.display());
            }
        }
    }
}
