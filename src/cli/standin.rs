//! `standin`: one pretend system on a loopback address.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::AbortOnDropHandle;

use crate::standin::fault::Fault;
use crate::standin::office::{self, Office};
use crate::standin::serve::{bind, serve};
use crate::standin::{StandIn, bitrix24, notion};

use super::failure::Failure;
use super::{carrier, say, wiring};

/// The arguments of `standin`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    system: System,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Where to listen: a loopback address and a port; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: String,
    /// Decides ids, secrets and furniture; the same seed on both stand-ins gives worlds that know the same people.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Without records: tables and people only.
    #[arg(long)]
    empty: bool,
    /// Let it misbehave from the start: one of those listed below. Can be given several times.
    #[arg(long, value_name = "NAME[=VALUE]")]
    fault: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum NotionPlan {
    Standard,
    Business,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum CrmPlan {
    Standard,
    Enterprise,
}

#[derive(Debug, clap::Subcommand)]
enum System {
    /// A pretend Notion workspace.
    #[command(after_long_help = told(notion::FAULTS, notion::DOORS))]
    Notion {
        #[command(flatten)]
        common: Common,
        /// 180 requests a minute, or 600.
        #[arg(long, value_enum, default_value = "business")]
        plan: NotionPlan,
        /// Serve the objects found in a folder of recorded responses instead of the pretend office's.
        #[arg(long, value_name = "DIR", conflicts_with = "empty")]
        world: Option<PathBuf>,
        /// Call that address of what changes, as Notion's webhooks do: `http://127.0.0.1:8787/api/webhooks/notion`. The first
        /// call brings a token, which `POST /_admin/verify` takes.
        #[arg(long, value_name = "URL")]
        webhook: Option<String>,
    },
    /// A pretend Bitrix24 portal.
    #[command(after_long_help = told(bitrix24::FAULTS, bitrix24::DOORS))]
    Bitrix24 {
        #[command(flatten)]
        common: Common,
        /// A bucket of 50 that drains 2 a second, or of 250 that drains 5.
        #[arg(long, value_enum, default_value = "enterprise")]
        plan: CrmPlan,
    },
}

/// Serves until a signal comes.
///
/// # Errors
/// [`Failure`] for an address that cannot be used or a world that cannot be read.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.system {
        System::Notion { common, plan, world, webhook } => {
            let config = notion::Config {
                seed: common.seed,
                budget: if plan == NotionPlan::Standard { 180 } else { 600 },
                ..notion::Config::default()
            };
            let standin = match world {
                Some(dir) => Arc::new(Mutex::new(
                    notion::NotionStandIn::from_recorded(&dir, config)
                        .map_err(|error| Failure::configuration(error.to_string()))?,
                )),
                None => office(&common, office::Options { workspace: config, ..office::Options::default() })?.notion(),
            };
            switch_on(&standin, &common.fault)?;
            let (token, sources) = {
                let world = standin.lock().map_err(|_| broken())?;
                let sources: serde_json::Map<String, serde_json::Value> =
                    world.data_sources().into_iter().map(|(id, title)| (title, id.into())).collect();
                (world.token().to_owned(), sources)
            };
            if let Some(url) = webhook {
                if !(url.starts_with("http://") || url.starts_with("https://")) {
                    let why = "it is no address; write it whole: http://127.0.0.1:8787/api/webhooks/notion";
                    return Err(Failure::configuration(format!("--webhook {url}: {why}")));
                }
                standin.lock().map_err(|_| broken())?.subscribe(wiring::clock().now(), &url);
            }
            let _calls = AbortOnDropHandle::new(tokio::spawn(carrier::workspace(standin.clone())));
            open(standin, &common.listen, |base| json!({"base_url": base, "token": token, "data_sources": sources}))
                .await
        }
        System::Bitrix24 { common, plan } => {
            let config = match plan {
                CrmPlan::Standard => bitrix24::Config::standard(),
                CrmPlan::Enterprise => bitrix24::Config::default(),
            };
            let config = bitrix24::Config { seed: common.seed, ..config };
            let standin = office(&common, office::Options { bitrix: config, ..office::Options::default() })?.crm();
            switch_on(&standin, &common.fault)?;
            let path = standin.lock().map_err(|_| broken())?.webhook_path();
            let token = path.trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            let _calls = AbortOnDropHandle::new(tokio::spawn(carrier::portal(standin.clone())));
            open(
                standin,
                &common.listen,
                |base| json!({"base_url": base, "token": token, "webhook": format!("{base}{path}")}),
            )
            .await
        }
    }
}

fn office(common: &Common, options: office::Options) -> Result<Office, Failure> {
    let options = match common.empty {
        true => office::Options { contacts: 0, deals: 0, on_both: 0, only_notion: 0, ..options },
        false => options,
    };
    Office::new(common.seed, options).map_err(|error| Failure::running(error.to_string()))
}

/// What stands below the help: faults and the back door.
fn told(faults: &[Fault], doors: &[(&str, &str)]) -> String {
    let mut text =
        "Faults, for --fault, and while it runs by `POST /_admin/fault {\"fault\": \"NAME=VALUE\"}`; what lasts ends \
                    with `=off`:\n"
            .to_owned();
    for fault in faults {
        text.push_str(&format!("  {}\n          {}\n", fault.written(), fault.what));
    }
    text.push_str("\nThe back door, under /_admin/ (JSON, no token, this machine only):\n");
    for (door, what) in doors {
        text.push_str(&format!("  {door}\n          {what}\n"));
    }
    text
}

fn switch_on<S: StandIn>(standin: &Mutex<S>, faults: &[String]) -> Result<(), Failure> {
    let mut standin = standin.lock().map_err(|_| broken())?;
    faults.iter().try_for_each(|fault| {
        standin.switch(fault).map_err(|why| Failure::configuration(format!("--fault {fault}: {why}")))
    })
}

fn broken() -> Failure {
    Failure::running("the pretend world failed; this is a bug in crosstie, please report it".to_owned())
}

async fn open<S: StandIn>(
    standin: Arc<Mutex<S>>,
    address: &str,
    hello: impl FnOnce(&str) -> serde_json::Value,
) -> Result<ExitCode, Failure> {
    let refused = |error: std::io::Error| Failure::configuration(format!("--listen {address}: {error}"));
    let listener = bind(address).await.map_err(refused)?;
    let base = format!("http://{}", listener.local_addr().map_err(refused)?);
    let heard = |kind| signal(kind).map_err(|error| Failure::running(format!("signals cannot be heard: {error}")));
    let (mut term, mut int) = (heard(SignalKind::terminate())?, heard(SignalKind::interrupt())?);
    say(&hello(&base).to_string());
    let ended = async move {
        tokio::select! {
            biased;
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    };
    serve(standin, listener, wiring::clock(), ended)
        .await
        .map_err(|error| Failure::running(format!("the stand-in stopped: {error}")))?;
    Ok(ExitCode::SUCCESS)
}
