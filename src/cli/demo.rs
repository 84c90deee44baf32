//! The built-in demo: both stand-ins on real loopback sockets, a pretend office whose people edit both sides, and the
//! real engine between them, with its state in a real store that is thrown away afterwards.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{CrmPlan, EXAMPLE_TEMPLATE};
use crate::control::{Command, Desk, Mode, Sides};
use crate::engine::{self, Early, Running, Settings, World};
use crate::mapping::{PairSpec, Template};
use crate::remote::System;
use crate::sim::{brisk, pairs};
use crate::standin::StandIn;
use crate::standin::bitrix24::BitrixStandIn;
use crate::standin::notion::NotionStandIn;
use crate::standin::office::{self, Office};
use crate::standin::serve::{bind, serve};
use crate::store::Store;

use super::failure::Failure;
use super::wiring;

/// How often people look whether they want to do something.
const BREATH: Duration = Duration::from_millis(50);

/// Both worlds, their people, and the engine between them.
pub struct Demo {
    /// The engine.
    pub running: Running,
    /// The pairs it keeps in step.
    pub pairs: Vec<PairSpec>,
    /// The pretend portal.
    pub crm: Arc<Mutex<BitrixStandIn>>,
    /// The pretend workspace.
    pub notion: Arc<Mutex<NotionStandIn>>,
    /// When people began.
    pub began: Timestamp,
    store: Store,
    home: PathBuf,
    at_work: CancellationToken,
    open: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// How a demo is set up.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Decides what people do.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Edits a minute on each side; by default 40 for the dashboard, which a person can follow, and 120 without it.
    #[arg(long, value_name = "EDITS")]
    pub rate: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 7, rate: None }
    }
}

/// The arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    look: super::dashboard::Look,
    /// Without the dashboard: people edit, go home, the sync drains, and every edit is accounted for.
    #[arg(long)]
    headless: bool,
    /// How long people edit, with --headless: `60s`, `2m`.
    #[arg(long = "for", value_name = "DURATION", default_value = "60s", value_parser = duration, requires = "headless")]
    lasting: Duration,
    /// As one JSON object, with --headless.
    #[arg(long, requires = "headless")]
    json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text).map_err(|error| format!("{error}; write it like 60s or 2m"))
}

/// Runs `demo`.
///
/// # Errors
/// [`Failure`] when the demo cannot start or its engine stops.
pub async fn command(args: &Args, look: super::dashboard::Look) -> Result<ExitCode, Failure> {
    if args.headless {
        return super::headless::command(&args.options, args.lasting, args.json).await;
    }
    super::dashboard::demo(&args.options, args.look.or(look)).await
}

impl Demo {
    /// Opens the office and starts the engine; people make `rate` edits a minute and side unless the options say otherwise, and
    /// `couples` share an address, so that somebody has to tell who is who.
    ///
    /// # Errors
    /// [`Failure`] when no socket or store can be opened.
    pub async fn start(options: &Options, rate: u32, couples: usize) -> Result<Self, Failure> {
        let clock = wiring::clock();
        let office = office::Options {
            crm_per_minute: options.rate.unwrap_or(rate),
            notion_per_minute: options.rate.unwrap_or(rate),
            couples,
            ..office::Options::default()
        };
        let mut office = Office::new(options.seed, office).map_err(|error| Failure::running(error.to_string()))?;
        let (crm, notion) = (office.crm(), office.notion());
        let open = CancellationToken::new();
        let mut tasks = Vec::new();
        let crm_base = listen(crm.clone(), &open, &mut tasks).await?;
        let notion_base = listen(notion.clone(), &open, &mut tasks).await?;
        let webhook = format!("{crm_base}{}", crm.lock().map_err(poisoned)?.webhook_path());
        let token = notion.lock().map_err(poisoned)?.token().to_owned();
        let systems: Sides<Arc<dyn System>> = Sides {
            crm: wiring::bitrix24(&webhook, wiring::crm_pace(CrmPlan::Enterprise))?,
            notion: wiring::notion(&notion_base, &token, 600)?,
        };

        let home = std::env::temp_dir().join(format!("crosstie-demo-{}", std::process::id()));
        let opened = wiring::open_store::<Early>(&home)?;
        let mut pairs = pairs(office.facts());
        for deals in pairs.iter_mut().filter(|pair| pair.crm == "deal") {
            deals.template = Some(Template::parse("deal.md", EXAMPLE_TEMPLATE));
        }
        let settings = Settings {
            mode: Mode::Demo,
            pairs: pairs.clone(),
            timing: brisk(),
            workspace: String::new(),
            store_note: opened.note,
            look_only: false,
            resync: opened.resync,
        };
        let world = World { systems, store: opened.store.clone(), clock: clock.clone() };
        let began = clock.now();
        let running = engine::start_with(settings, world, opened.read, None)
            .await
            .map_err(|error| Failure::store(error.to_string()))?;
        let at_work = CancellationToken::new();
        let home_time = at_work.clone();
        tasks.push(tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    () = home_time.cancelled() => break office.stop(),
                    () = tokio::time::sleep(BREATH) => drop(office.act(clock.now())),
                }
            }
        }));
        Ok(Self { running, pairs, crm, notion, began, store: opened.store, home, at_work, open, tasks })
    }

    /// Everybody goes home; the engine goes on.
    pub fn people_stop(&self) {
        self.at_work.cancel();
    }

    /// Ends the engine in good order, closes both worlds and throws the store away.
    pub async fn stop(self) {
        self.at_work.cancel();
        let _ = self.running.desk.command("demo", Command::Shutdown).await;
        let _ = self.running.task.await;
        self.open.cancel();
        for task in self.tasks {
            task.abort();
        }
        let _ = self.store.close().await;
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

fn poisoned<T>(_: T) -> Failure {
    Failure::running("a pretend world failed; this is a bug in crosstie, please report it".to_owned())
}

async fn listen<S: StandIn>(
    world: Arc<Mutex<S>>,
    open: &CancellationToken,
    tasks: &mut Vec<JoinHandle<()>>,
) -> Result<String, Failure> {
    let refused = |error: std::io::Error| Failure::running(format!("the demo needs a loopback socket: {error}"));
    let listener: TcpListener = bind("127.0.0.1:0").await.map_err(refused)?;
    let base = format!("http://{}", listener.local_addr().map_err(refused)?);
    let closed = open.clone().cancelled_owned();
    tasks.push(tokio::spawn(async move {
        // A socket that fails shows as a connection that is down.
        let _ = serve(world, listener, wiring::clock(), closed).await;
    }));
    Ok(base)
}
