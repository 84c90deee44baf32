//! Putting the parts together: the one place that knows which system stands behind which side.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::JoinHandle;

use crate::config::{Config, CrmAccess, CrmPlan, NotionPlan, Revealed, Secret};
use crate::control::{Command, Desk, Leave, Mode, Sides};
use crate::engine::{self, Early, Running, Settings, World};
use crate::remote::bitrix24::Bitrix24;
use crate::remote::bitrix24::oauth::{self, PortalTransport, Session};
use crate::remote::connection::Connection;
use crate::remote::notion::{Notion, Token};
use crate::remote::pace::{self, Pace};
use crate::remote::transport::{HttpOptions, HttpTransport};
use crate::remote::{System, bitrix24};
use crate::seam::{Secrets, Transport, WallClock};
use crate::store::check::Intake;
use crate::store::{self, LockError, OpenError, Segments, Store, Vault, segments};

use super::failure::Failure;
use super::world::{Chance, SystemClock};
use super::{application, keyring};

/// Notion's own address.
pub const NOTION: &str = "https://api.notion.com";

/// The clock of the program.
pub fn clock() -> Arc<dyn WallClock> {
    Arc::new(SystemClock)
}

/// A seed from the time of the start: jitter must differ between hosts, and nothing depends on it otherwise.
fn jitter(salt: u64) -> Box<Chance> {
    let nanos = SystemClock.now().as_nanosecond();
    Box::new(Chance::seeded(u64::try_from(nanos & i128::from(u64::MAX)).unwrap_or(salt) ^ salt))
}

/// A connection to Notion.
///
/// # Errors
/// [`Failure`] for a base URL that is none.
pub fn notion(base: &str, token: &str, per_minute: u32) -> Result<Arc<dyn System>, Failure> {
    let transport = transport(base, "[notion] base_url")?;
    let pace = Pace::new(pace::Settings::per_minute(per_minute), jitter(1));
    Ok(Arc::new(Notion::new(transport, pace, clock(), Token::new(token))))
}

/// A connection to Bitrix24 by its inbound webhook's URL.
///
/// # Errors
/// [`Failure`] for a URL that is none.
pub fn bitrix24(webhook: &str, settings: pace::Settings) -> Result<Arc<Bitrix24>, Failure> {
    let way = bitrix24::WebhookTransport::new(webhook, Arc::new(application::Sockets));
    let way = way.map_err(|error| Failure::configuration(format!("[crm] webhook: {error}")))?;
    let portal = portal(Arc::new(way), settings);
    Ok(Arc::new(portal.opened_at(webhook)))
}

/// A connection to Bitrix24 as an application.
pub fn by_application(session: Session, settings: pace::Settings) -> Bitrix24 {
    portal(Arc::new(PortalTransport::new(session)), settings)
}

fn portal(transport: Arc<dyn Transport>, settings: pace::Settings) -> Bitrix24 {
    let pace = Pace::new(settings, jitter(2));
    let dialect = Arc::new(bitrix24::WebhookDialect);
    Bitrix24::new(Connection::new(transport, pace, clock(), dialect))
}

/// A configured secret.
///
/// # Errors
/// [`Failure`] that names the place in the configuration and what is missing.
pub fn reveal(config: &Config, secret: &Secret, what: &str) -> Result<Revealed, Failure> {
    let sealed = |name: &str| {
        let vault = secrets(config).map_err(|error| error.to_string())?;
        vault.get(name).map_err(|error| error.to_string())
    };
    secret
        .resolve(|name| std::env::var(name).ok(), keyring::private_text, sealed)
        .map_err(|error| Failure::configuration(format!("{what}: {error}")))
}

fn transport(base: &str, what: &str) -> Result<Arc<HttpTransport>, Failure> {
    let transport = HttpTransport::new(base, HttpOptions::default());
    Ok(Arc::new(transport.map_err(|error| Failure::configuration(format!("{what}: {error}")))?))
}

/// What Bitrix24 grants by tariff.
pub fn crm_pace(plan: CrmPlan) -> pace::Settings {
    match plan {
        CrmPlan::Standard => pace::Settings::bucket(50, 200),
        CrmPlan::Enterprise => pace::Settings::bucket(250, 500),
    }
}

/// Both systems, and the CRM once more as what it is.
pub struct Connected {
    /// As the engine knows them.
    pub systems: Sides<Arc<dyn System>>,
    /// For what no other CRM has.
    pub portal: Arc<Bitrix24>,
}

/// Both systems, as configured.
///
/// # Errors
/// [`Failure`] for a secret that cannot be read or a URL that is none.
pub fn connect(config: &Config) -> Result<Connected, Failure> {
    let portal = crm(config)?;
    Ok(Connected { systems: Sides { crm: portal.clone(), notion: workspace(config)? }, portal })
}

fn crm(config: &Config) -> Result<Arc<Bitrix24>, Failure> {
    let pace = crm_pace(config.crm.plan);
    Ok(match &config.crm.access {
        CrmAccess::Webhook(webhook) => {
            let webhook = reveal(config, webhook, "[crm] webhook")?;
            bitrix24(&rebased(webhook.expose(), config.crm.base_url.as_deref()), pace)?
        }
        CrmAccess::Application(known) => {
            let portal = by_application(application::session(config, known)?, pace);
            let follows_queue = config.inlet.as_ref().is_some_and(|inlet| inlet.offline_events);
            Arc::new(if follows_queue { portal.with_queue() } else { portal })
        }
    })
}

fn workspace(config: &Config) -> Result<Arc<dyn System>, Failure> {
    let token = reveal(config, &config.notion.token, "[notion] token")?;
    let base = config.notion.base_url.as_deref().unwrap_or(NOTION);
    notion(base, token.expose(), NotionPlan::per_minute(config.notion.plan))
}

/// The webhook's path on another host, where the configuration names one.
pub fn rebased(webhook: &str, base: Option<&str>) -> String {
    let Some(base) = base else { return webhook.to_owned() };
    let after_scheme = webhook.split_once("://").map_or(webhook, |(_, rest)| rest);
    let path = after_scheme.split_once('/').map_or("", |(_, path)| path);
    format!("{}/{path}", base.trim_end_matches('/'))
}

/// An open store, and what is to be told about how it was opened.
pub struct OpenStore<T> {
    /// The store.
    pub store: Store,
    /// For the operator; empty if there is nothing to tell.
    pub note: String,
    /// Whether a full comparison of both sides is owed.
    pub resync: bool,
    /// What was read of it while it was checked.
    pub read: T,
}

/// Opens the store, and gives what is in it to whoever wants to read it anyway.
///
/// # Errors
/// [`Failure`] when another process has it, or it cannot be opened.
pub fn open_store<T: Intake>(home: &Path) -> Result<OpenStore<T>, Failure> {
    let (opened, read) = store::open_into(home, SystemClock.now()).map_err(not_opened)?;
    let resync = opened.resync.is_some();
    let filed = Segments::open(&home.join(segments::FOLDER)).map_err(|error| Failure::store(error.to_string()))?;
    let store = Store::start_with(Box::new(opened.kv), filed).map_err(|error| Failure::store(error.to_string()))?;
    Ok(OpenStore { store, note: opened.note, resync, read })
}

fn not_opened(error: OpenError) -> Failure {
    match error {
        OpenError::Lock(LockError::Held { .. }) => Failure::in_use(error.to_string()),
        error => Failure::store(error.to_string()),
    }
}

/// How long, and how often, a process that has the store and is no daemon is waited for: a command that only looks has it
/// for seconds, and a daemon that came in that time would not come again.
const TURN: (Duration, Duration) = (Duration::from_secs(60), Duration::from_millis(200));

/// Does what needs the store, in its turn; tells once what it waits for. A daemon keeps the store, and is not waited for.
async fn in_turn<T>(
    config: &Config,
    told: fn(&str),
    mut attempt: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let until = tokio::time::Instant::now() + TURN.0;
    let mut waits = false;
    loop {
        let failure = match attempt().await {
            Err(failure) if failure.is_in_use() && tokio::time::Instant::now() < until => failure,
            other => return other,
        };
        if super::dashboard::reach(&socket(config)?).await?.is_some() {
            return Err(failure);
        }
        if !std::mem::replace(&mut waits, true) {
            told(&format!("{failure}; it is waited for, up to {} s", TURN.0.as_secs()));
        }
        tokio::time::sleep(TURN.1).await;
    }
}

/// The sealed secrets of a configuration.
///
/// # Errors
/// [`Failure`] when there is no place for state, or a passphrase cannot be had.
pub fn secrets(config: &Config) -> Result<Vault, Failure> {
    keyring::vault(&state_dir(config)?)
}

/// Where a configuration's state lives: its `state_dir`, or the XDG state directory.
///
/// # Errors
/// [`Failure`] when there is no home directory.
pub fn state_dir(config: &Config) -> Result<PathBuf, Failure> {
    config.state_dir.clone().map_or_else(default_state_dir, Ok)
}

/// Where state lies unless a configuration says otherwise.
///
/// # Errors
/// [`Failure`] when there is no home directory.
pub fn default_state_dir() -> Result<PathBuf, Failure> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy().map_err(|_| {
        Failure::configuration("there is no home directory; set `state_dir` in the configuration".into())
    })?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("crosstie"))
}

/// How old the newest export may get.
const EXPORT_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How long the first one waits for a side that cannot be looked at.
const EXPORT_FIRST: Duration = Duration::from_secs(60);
/// How often that is looked at.
const EXPORT_LOOK: Duration = Duration::from_secs(3600);

/// Exports the store whenever the newest export is a day old: sled has no salvage tool, so this is what a broken store is
/// restored from.
///
/// It takes seconds of a processor where much is remembered, so the first one waits for the first look at both sides.
async fn keep_exports(store: Store, dir: PathBuf, desk: Arc<dyn Desk>) {
    let mut snapshots = desk.follow();
    if snapshots.borrow().ties > 0 {
        let looked = snapshots.wait_for(|snapshot| snapshot.pairs.iter().all(|pair| pair.last_cycle.is_some()));
        // An engine that has ended makes no difference to what is exported.
        let _ = tokio::time::timeout(EXPORT_FIRST, looked).await;
    }
    drop(snapshots);
    drop(desk);
    loop {
        // A folder that cannot be read takes none, and says why.
        if store::export::is_due(&dir, SystemClock.now(), EXPORT_EVERY).unwrap_or(true) {
            match store.export(&dir, SystemClock.now()).await {
                Ok(path) => tracing::info!(path = %path.display(), "the store was exported"),
                Err(error) => tracing::warn!("the store could not be exported: {error}"),
            }
        }
        tokio::time::sleep(EXPORT_LOOK).await;
    }
}

/// How long a renewal that is under way is waited for at the end.
const SETTLING: Duration = Duration::from_secs(10);

/// A running engine, the store below it, and the exports of that store.
pub struct Started {
    /// The engine.
    pub running: Running,
    /// Both systems.
    pub systems: Sides<Arc<dyn System>>,
    /// The CRM by its own name, for what no other system has.
    pub portal: Arc<Bitrix24>,
    store: Store,
    exports: Option<JoinHandle<()>>,
}

impl Started {
    /// Waits for the engine to end and closes the store. An engine that was not told to end by a command is told now.
    ///
    /// # Errors
    /// [`Failure`] when it ended because its store failed, or by a bug.
    pub async fn end(self, who: &str) -> Result<(), Failure> {
        // One that has ended already cannot hear it.
        let _ = self.running.desk.command(who, Command::Shutdown).await;
        let ended = self.running.task.await;
        if let Some(exports) = self.exports {
            exports.abort();
        }
        // A store that cannot be closed in order is checked when it is opened next.
        let _ = self.store.close().await;
        // A renewal of an application's tokens that nobody waits for any more is not given up: what it spends is good once.
        let _ = tokio::time::timeout(SETTLING, oauth::settled()).await;
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::store(error.to_string())),
            Err(_) => {
                Err(Failure::running("the engine failed; this is a bug in crosstie, please report it".to_owned()))
            }
        }
    }
}

/// Starts the engine of a configuration; one that only looks writes nothing to either side. What it waits for is `told`.
///
/// # Errors
/// [`Failure`]: secrets, the store, or what it remembers.
pub async fn start(config: &Config, look_only: bool, told: fn(&str)) -> Result<Started, Failure> {
    let home = state_dir(config)?;
    in_turn(config, told, async || start_on(config, &home, look_only, None).await).await
}

/// As [`start`], and nothing is written but what there is leave for.
///
/// # Errors
/// As [`start`].
pub async fn start_within(config: &Config, leave: Leave) -> Result<Started, Failure> {
    let home = state_dir(config)?;
    in_turn(config, super::warn, async || start_on(config, &home, false, Some(leave.clone())).await).await
}

/// Starts an engine that only looks, on a copy of the store: whatever it ties or decides is forgotten with the copy.
///
/// # Errors
/// As [`start`].
pub async fn start_on_a_copy(config: &Config, copy: &Path) -> Result<Started, Failure> {
    let home = state_dir(config)?;
    in_turn(config, super::warn, async || store::copy(&home, copy).map_err(not_opened)).await?;
    start_on(config, copy, true, None).await
}

async fn start_on(config: &Config, home: &Path, look_only: bool, leave: Option<Leave>) -> Result<Started, Failure> {
    let opened = open_store::<Early>(home)?;
    let Connected { systems, portal } = connect(config)?;
    if !opened.note.is_empty() {
        tracing::warn!("the store: {}", opened.note);
    }
    let settings = Settings {
        mode: Mode::Live,
        workspace: config.own_name().to_owned(),
        pairs: config.pairs.clone(),
        timing: config.timing.clone(),
        store_note: opened.note,
        look_only,
        resync: opened.resync,
    };
    let world = World { systems: systems.clone(), store: opened.store.clone(), clock: clock() };
    let running = engine::start_with(settings, world, opened.read, leave).await;
    let running = running.map_err(|error| Failure::store(error.to_string()))?;
    // Whoever only looks changes nothing that is worth an export.
    let desk: Arc<dyn Desk> = running.desk.clone();
    let exports = (!look_only).then(|| tokio::spawn(keep_exports(opened.store.clone(), home.join("exports"), desk)));
    Ok(Started { running, systems, portal, store: opened.store, exports })
}

/// Where the configuration lies, if there is one.
///
/// # Errors
/// [`Failure`] when there is no working folder.
pub fn config_path(explicit: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    use etcetera::BaseStrategy;
    let cwd = std::env::current_dir()
        .map_err(|error| Failure::configuration(format!("there is no working folder: {error}")))?;
    let home = etcetera::choose_base_strategy().map(|base| base.config_dir()).unwrap_or_else(|_| cwd.clone());
    Ok(crate::config::locate(explicit, &cwd, &home))
}

/// The configuration, if there is one.
///
/// # Errors
/// [`Failure`] with every problem of the file.
pub fn find_config(explicit: Option<&Path>) -> Result<Option<Config>, Failure> {
    let Some(path) = config_path(explicit)? else { return Ok(None) };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let mend = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "`crosstie init` makes one, and `crosstie example > crosstie.toml` begins one"
            }
            std::io::ErrorKind::IsADirectory => "a file is wanted: name the one inside it by `--config`",
            _ => "give us the right to read it, or name another one by `--config`",
        };
        Failure::configuration(format!("{} cannot be read: {error}; {mend}", path.display()))
    })?;
    Config::parse_with(&text, &path, &beginning).map(Some).map_err(|errors| Failure::configuration(errors.to_string()))
}

/// As much of a file as the configuration needs of it.
fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let most = u64::try_from(crate::config::FILE_ENOUGH).unwrap_or(u64::MAX);
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The configuration, which must be there.
///
/// # Errors
/// [`Failure`] that says where it was looked for and how to begin.
pub fn need_config(explicit: Option<&Path>) -> Result<Config, Failure> {
    find_config(explicit)?.ok_or_else(|| {
        Failure::configuration(
            "there is no configuration: neither ./crosstie.toml nor crosstie/crosstie.toml in the XDG configuration \
             folder; begin with `crosstie init` (or `crosstie example > crosstie.toml`), or try `crosstie demo`"
                .to_owned(),
        )
    })
}

/// The most bytes that the path of a socket may have; the system has no room for more.
const SOCKET_PATH: usize = 107;

/// Where a daemon of this configuration listens for dashboards.
///
/// # Errors
/// [`Failure`] when there is no place for state, or its name is too long.
pub fn socket(config: &Config) -> Result<PathBuf, Failure> {
    let socket = state_dir(config)?.join("desk.sock");
    let long = std::path::absolute(&socket).unwrap_or_else(|_| socket.clone()).as_os_str().len();
    if long > SOCKET_PATH {
        return Err(Failure::configuration(format!(
            "{}: the path of a socket may have {SOCKET_PATH} bytes, and this has {long}; name a folder nearer to the root as \
             `state_dir`",
            socket.display()
        )));
    }
    Ok(socket)
}

/// Who sits at the keyboard, for the journal.
pub fn operator() -> String {
    crate::control::operator::here()
}
