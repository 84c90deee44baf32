//! The inlet of a daemon, and the command that shows the token it was sent.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, InletSettings, Secret};
use crate::control::Deliveries;
use crate::inlet::{self, Door, DoorSecret, Drawer, Limits, Office, OpenError, Proof, Served, Settings};
use crate::model::{Revealed, Side};
use crate::remote::System;
use crate::remote::bitrix24::oauth::Installer;
use crate::remote::bitrix24::{Bitrix24, Bound, PortalWebhook};
use crate::remote::notion::NotionWebhook;
use crate::remote::webhook::{Installs, Webhook};
use crate::seam::{Request, SecretsError};

use super::failure::Failure;
use super::wiring::{self, Started};
use super::{application, say, unsealed, warn};

/// Where the portal calls.
const PORTAL: &str = "/api/webhooks/bitrix24";

/// How soon a queue is tried again that only a person can open.
const QUEUE_AGAIN: Duration = Duration::from_secs(300);

/// What proves the calls of the CRM's application lies among the secrets under this name.
const APPLICATION: &str = "bitrix24 application";

/// `inlet`
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub enum Action {
    /// Print the token that Notion sent to verify its webhook, to a terminal only: paste it there and press Verify.
    Token,
    /// Forget that token, so that the next one Notion sends is taken.
    Forget,
}

/// Shows or forgets the token.
///
/// # Errors
/// [`Failure`] when there is none, or no terminal to show it on.
pub fn command(config: &Config, action: Action) -> Result<ExitCode, Failure> {
    let (drawer, told) = drawer(config)?;
    if let Some(told) = told {
        warn(&told);
    }
    let failed = |error: SecretsError| Failure::running(error.to_string());
    match action {
        Action::Token => {
            if !std::io::stdout().is_terminal() {
                return Err(Failure::running("the token is a secret and is printed to a terminal only".to_owned()));
            }
            let kept = drawer.load().map_err(failed)?;
            let kept = kept.ok_or_else(|| {
                Failure::running(
                    "no token has come yet: while `crosstie run` runs, create the webhook subscription in Notion's developer portal"
                        .to_owned(),
                )
            })?;
            say(kept.secret.expose());
            if kept.proven {
                warn("it works already: signed calls have come");
            }
        }
        Action::Forget => match drawer.forget().map_err(failed)? {
            true => warn("forgotten; the next token that Notion sends is taken"),
            false => warn("there was none"),
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the token that verifies Notion's webhook is kept; with what is to be told of one that lay open until now.
fn drawer(config: &Config) -> Result<(Drawer, Option<String>), Failure> {
    let drawer = Drawer::new(Arc::new(wiring::secrets(config)?), "notion webhook");
    let told = unsealed::seal(&wiring::state_dir(config)?, &drawer)?;
    Ok((drawer, told))
}

/// Where what an installation brought is kept.
fn brought(config: &Config) -> Result<Drawer, Failure> {
    Ok(Drawer::new(Arc::new(wiring::secrets(config)?), APPLICATION))
}

/// A running inlet, and what goes on beside it.
pub struct Running {
    served: Served,
    /// Who we are on the other side, asked until it is known; the CRM's queue, followed.
    beside: JoinSet<()>,
}

impl Running {
    /// Waits for its end, after it was told to close.
    pub async fn end(mut self) {
        self.beside.shutdown().await;
        let _ = self.served.task.await;
    }
}

/// Opens the inlet, if one is configured.
///
/// # Errors
/// [`Failure`]: a secret that cannot be read, an address that cannot be listened on.
pub async fn open(config: &Config, started: &Started, closing: CancellationToken) -> Result<Option<Running>, Failure> {
    let Some(settings) = &config.inlet else { return Ok(None) };
    let notion = Arc::new(NotionWebhook::default());
    let deliveries: Arc<dyn Deliveries> = Arc::new(started.running.desk.hints());
    let (drawer, told) = drawer(config)?;
    if let Some(told) = told {
        tracing::warn!("{told}");
    }
    let installed = Arc::new(Notify::new());
    let settled = set_up(config, settings, notion.clone(), drawer, installed.clone())?;
    let office = Office { desk: started.running.desk.clone(), deliveries: deliveries.clone(), clock: wiring::clock() };
    let listen = |error| format!("[inlet] listen = \"{}\": {error}", settings.listen);
    let served = inlet::serve(settled, office, closing).await.map_err(|error| match error {
        OpenError::Secrets(error) => Failure::running(error.to_string()),
        // Trying again may help: at boot an address may come later than we do.
        error @ OpenError::Socket { .. } => Failure::running(listen(error)),
        error @ OpenError::Public(_) => Failure::configuration(listen(error)),
    })?;
    tracing::info!(address = %served.address, "the inlet listens: /api/webhooks/notion, /api/webhooks/bitrix24, /healthz, /readyz, /metrics");
    let mut beside = JoinSet::new();
    beside.spawn(introduce(started.systems.notion.clone(), notion));
    if let Some(handler) = handler(config) {
        let (portal, every, proof) = (started.portal.clone(), config.timing.canary_every, served.proof(PORTAL));
        beside.spawn(keep_bound(portal, handler, entities(config), every, installed, proof));
    }
    if settings.offline_events {
        let (portal, every) = (started.portal.clone(), config.timing.crm_poll);
        beside.spawn(async move {
            let mut told = String::new();
            // What refuses us may be mended while we run: a right that is given, a token that is renewed.
            while let Err(why) = portal.follow_queue(&*deliveries, every).await {
                let why = why.to_string();
                if why != told {
                    tracing::warn!(
                        "the CRM's offline events are not read for now, and polling goes on without them: {why}; they take an application with an administrator's account, not a webhook"
                    );
                    told = why;
                }
                tokio::time::sleep(QUEUE_AGAIN).await;
            }
        });
    }
    Ok(Some(Running { served, beside }))
}

/// How old a connection's last answer may be while it counts as answering.
pub fn lately(config: &Config) -> SignedDuration {
    let slowest = config.timing.notion_poll.max(config.timing.crm_poll);
    SignedDuration::try_from(slowest * 3 + Duration::from_secs(60)).unwrap_or(SignedDuration::MAX)
}

fn set_up(
    config: &Config,
    settings: &InletSettings,
    notion: Arc<NotionWebhook>,
    drawer: Drawer,
    installed: Arc<Notify>,
) -> Result<Settings, Failure> {
    let reveal = |secret: &Option<Secret>, what: &str| -> Result<Option<Revealed>, Failure> {
        let secret = secret.as_ref().map(|secret| wiring::reveal(config, secret, what)).transpose()?;
        Ok(secret.map(|secret| Revealed::new(secret.expose())))
    };
    let crm_token = reveal(&settings.crm_token, "[inlet] crm_token")?;
    let installs = match application::configured(config) {
        Some(known) => {
            let installer = Installer::new(application::session(config, known)?, wiring::clock());
            Some(Arc::new(Told { installer, installed }) as Arc<dyn Installs>)
        }
        None => None,
    };
    Ok(Settings {
        listen: settings.listen,
        allow_public: settings.allow_public,
        admin_token: reveal(&settings.admin_token, "[inlet] admin_token")?,
        doors: vec![
            Door {
                path: "/api/webhooks/notion".to_owned(),
                side: Side::Notion,
                webhook: notion,
                secret: DoorSecret::Learned(drawer),
                installs: None,
            },
            Door {
                path: PORTAL.to_owned(),
                side: Side::Crm,
                webhook: Arc::new(PortalWebhook),
                secret: match (crm_token, &installs) {
                    (Some(token), _) => DoorSecret::Given(token),
                    (None, Some(_)) => DoorSecret::Learned(brought(config)?),
                    (None, None) => DoorSecret::Missing,
                },
                installs,
            },
        ],
        lately: lately(config),
        limits: Limits::default(),
    })
}

/// Asks who we are over there until that is known: then our own writes, told back to us, are nobody's news.
async fn introduce(system: Arc<dyn System>, webhook: Arc<NotionWebhook>) {
    loop {
        if let Ok(us) = system.identity().await {
            return webhook.know_us(&us.user);
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

/// An installer that tells when an application was let in.
struct Told {
    installer: Installer,
    installed: Arc<Notify>,
}

#[async_trait]
impl Installs for Told {
    async fn install(&self, call: &Request) -> Result<Revealed, String> {
        self.installer.install(call).await
    }

    fn installed(&self) {
        self.installed.notify_one();
    }
}

/// The address that an application's portal is told to call, where one is configured.
pub fn handler(config: &Config) -> Option<String> {
    application::configured(config)?;
    Some(format!("{}{PORTAL}", config.inlet.as_ref()?.public_url.as_ref()?))
}

/// The kinds of records that are kept in step.
pub fn entities(config: &Config) -> BTreeSet<String> {
    config.pairs.iter().map(|pair| pair.crm.clone()).collect()
}

/// Looks that the portal calls us: at the start, when the application is installed, and as often as the canary. What was lost is
/// bound again; what cannot be is said once.
async fn keep_bound(
    portal: Arc<Bitrix24>,
    handler: String,
    entities: BTreeSet<String>,
    every: Duration,
    installed: Arc<Notify>,
    proof: Option<Proof>,
) {
    let mut told = String::new();
    loop {
        let (say, again) = match portal.bind(&handler, &entities).await {
            Ok(found) => {
                let believed = proof.as_ref().is_some_and(Proof::is_there);
                if !found.missing.is_empty() {
                    let what =
                        if believed { "calls us from now on" } else { "is told to call us, and is not believed yet" };
                    tracing::info!(events = found.missing.len(), "the portal {what}: {}", found.missing.join(", "));
                }
                let why = unheard(&found).or_else(|| (!believed).then(|| unbelieved(&handler)));
                (why.unwrap_or_default(), every)
            }
            Err(why) => (format!("the portal cannot be told to call us: {why}"), every.min(QUEUE_AGAIN)),
        };
        if !say.is_empty() && say != told {
            tracing::warn!("{say}; polling goes on without its calls");
        }
        told = say;
        tokio::select! {
            biased;
            () = installed.notified() => {}
            () = tokio::time::sleep(again) => {}
        }
    }
}

/// What to do about the portal's calls where nothing proves them, if nothing does.
///
/// # Errors
/// [`Failure`]: the sealed secrets cannot be read.
pub fn unproven(config: &Config) -> Result<Option<String>, Failure> {
    let Some(handler) = handler(config) else { return Ok(None) };
    if config.inlet.as_ref().is_some_and(|inlet| inlet.crm_token.is_some()) {
        return Ok(None);
    }
    let kept = brought(config)?.load().map_err(|error| Failure::running(error.to_string()))?;
    Ok(kept.is_none().then(|| unbelieved(&handler)))
}

fn unbelieved(handler: &str) -> String {
    format!(
        "nothing proves the portal's calls, so that each is refused: only an installation brings what does. While `crosstie \
         run` runs, install the application once more in the portal, with {handler} as the address for its installation; \
         or set `crm_token` under [inlet]"
    )
}

/// Why something is not told although it was asked for.
pub fn unheard(found: &Bound) -> Option<String> {
    if found.unfinished {
        return Some("the application was not installed to its end, so that its portal tells it nothing; open it once in the portal".to_owned());
    }
    let refused = found.refused.join(", ");
    (!refused.is_empty())
        .then(|| format!("the application's scopes do not reach {refused}; add them and install it again"))
}
