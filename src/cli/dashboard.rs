//! The dashboard: attached to a running daemon, with an engine of its own, or on the demo.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::{self, Config};
use crate::control::Desk;
use crate::control::socket::{ConnectError, SocketDesk, connect, serve_inside};
use crate::seam::WallClock;
use crate::tui::theme::{Name, Surroundings, Theme};
use crate::tui::{self, Again, Exit, Keymap};

use super::demo::{Demo, Options};
use super::failure::Failure;
use super::scratch::Scratch;
use super::world::SystemClock;
use super::{live, notices, wiring};

/// How the dashboard is to be, as the command line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::Args)]
pub struct Look {
    /// Open the dashboard so that nothing leaves it which changes either system.
    #[arg(long)]
    read_only: bool,
    /// The dashboard's colours: ansi, vivid, deuteranopia, tritanopia, mono; otherwise the configured ones.
    #[arg(long, value_name = "NAME", value_parser = theme)]
    theme: Option<Name>,
    /// Break a moment after the start, to see that the terminal is given back all the same.
    #[arg(long, hide = true)]
    panic: bool,
}

impl Look {
    /// What either says: before the command, or after it.
    pub fn or(self, other: Self) -> Self {
        Self {
            read_only: self.read_only || other.read_only,
            theme: self.theme.or(other.theme),
            panic: self.panic || other.panic,
        }
    }
}

fn theme(name: &str) -> Result<Name, String> {
    let names = Name::ALL.map(Name::as_str).join(", ");
    Name::parse(name).ok_or_else(|| format!("there is no such theme; use one of {names}"))
}

/// Edits a minute and side that a person can follow.
const LEISURELY: u32 = 40;
/// Couples at one address: something to link from the first minute on.
const COUPLES: usize = 2;
/// What a dashboard says that looks at both sides by itself and may change neither.
const LOOKING: &str =
    "no daemon runs: this looks at both sides on a copy of the store, and nothing is written anywhere";

/// The dashboard on the built-in demo.
///
/// # Errors
/// [`Failure`] when the demo cannot start or there is no terminal.
pub async fn demo(options: &Options, look: Look) -> Result<ExitCode, Failure> {
    let keymap = Keymap::preset("default").map_err(|error| Failure::running(error.to_string()))?;
    let demo = Demo::start(options, LEISURELY, COUPLES).await?;
    let note = "a demo: pretend people on both sides; begin your own with `crosstie init`";
    let exit = show(demo.running.desk.clone(), keymap, note, look).await;
    demo.stop().await;
    let hint = |failure: Failure| Failure::running(format!("{failure}; `crosstie demo --headless` needs none"));
    Ok(exit_code(exit.map_err(hint)?))
}

/// The dashboard on a configured workspace.
///
/// # Errors
/// [`Failure`]: the configuration, the store, the daemon or the terminal.
pub async fn configured(config: &Config, look: Look) -> Result<ExitCode, Failure> {
    let look = Look { theme: look.theme.or_else(|| config.theme.as_deref().and_then(Name::parse)), ..look };
    let keymap = keymap(config)?;
    let socket = wiring::socket(config)?;
    let (started, notices) = match engine(config, &socket, look.read_only).await? {
        Engine::There(desk) => {
            let (inside, pid) = (desk.daemon().inside, desk.daemon().pid);
            let note = match inside {
                true => {
                    format!("attached to the sync inside another dashboard (process {pid}), which ends with that one")
                }
                false => "attached to the running daemon".to_owned(),
            };
            let exit = show_with(Arc::new(desk), keymap, &note, look, Way::Attached(again(socket, inside))).await?;
            return Ok(exit_code(exit));
        }
        Engine::Aside(started, scratch) => {
            let exit = show(started.running.desk.clone(), keymap, LOOKING, look).await;
            let ended = started.end(&wiring::operator()).await;
            drop(scratch);
            ended?;
            return Ok(exit_code(exit?));
        }
        Engine::Here(started, notices) => (started, notices),
    };
    let closing = CancellationToken::new();
    let desk = started.running.desk.clone();
    let mut note = "the sync runs inside this dashboard and ends with it".to_owned();
    // Another window, or a command, finds this engine as it would find a daemon.
    let served = match serve_inside(&socket, desk.clone(), closing.clone()).await {
        Ok(served) => Some(served),
        Err(error) => {
            note = format!("{note}; no other dashboard can attach to it: {error}");
            None
        }
    };
    // Nobody else runs the sync, so nobody else would tell anybody.
    let notices = notices.map(|settings| notices::start(settings, &started));
    let exit = show_with(desk, keymap, &note, look, Way::Syncs).await;
    let ended = live::drained(*started, &wiring::operator(), impatience(), super::warn).await;
    closing.cancel();
    if let Some(served) = served {
        // Each connection ends within its own time.
        let _ = served.await;
    }
    if let Some(notices) = notices {
        notices.end().await;
    }
    ended?;
    Ok(exit_code(exit?))
}

/// How long an operator who has left waits before they are told what for.
const TELLING: Duration = Duration::from_secs(1);

/// Once an operator who has left, and was told what is waited for, does not want to wait.
async fn impatience() {
    let patient = async {
        tokio::time::sleep(TELLING).await;
        let most = live::DRAINING.as_secs();
        super::warn(&format!("finishing what is on its way, for {most} s at most; ctrl-c waits for nothing"));
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = patient => {}
    }
}

/// Where the engine of a configuration runs.
enum Engine {
    /// In another process, which serves it.
    There(SocketDesk),
    /// In this one, and whom it tells what waits.
    Here(Box<wiring::Started>, Option<crate::notices::Settings>),
    /// In this one, where it may only look, on a copy of the store: whoever may only look leaves no trace there either.
    Aside(Box<wiring::Started>, Scratch),
}

/// The engine of whoever runs it; else one of our own.
async fn engine(config: &Config, socket: &Path, look_only: bool) -> Result<Engine, Failure> {
    if let Some(desk) = reach(socket).await? {
        return Ok(Engine::There(desk));
    }
    if look_only {
        let scratch = Scratch::make("look")?;
        let started = wiring::start_on_a_copy(config, scratch.path()).await?;
        return Ok(Engine::Aside(Box::new(started), scratch));
    }
    let notices = notices::prepare(config)?;
    let failure = match wiring::start(config, false, super::warn).await {
        Ok(started) => return Ok(Engine::Here(Box::new(started), notices)),
        Err(failure) => failure,
    };
    // Somebody who began at the same moment has the store, and is there by now.
    if failure.is_in_use()
        && let Some(desk) = reach(socket).await?
    {
        return Ok(Engine::There(desk));
    }
    Err(failure)
}

/// Finds the engine again, in whatever process it is by now.
fn again(socket: PathBuf, inside: bool) -> Again {
    Arc::new(move || {
        let socket = socket.clone();
        Box::pin(async move {
            let nobody = if inside {
                "the dashboard that the sync was in has ended: leave and start again, or start `crosstie run`"
            } else {
                ""
            };
            match reach(&socket).await {
                Ok(Some(desk)) => Ok(Arc::new(desk) as Arc<dyn Desk>),
                Ok(None) => Err(nobody.to_owned()),
                Err(failure) => Err(failure.to_string()),
            }
        })
    })
}

pub(super) async fn reach(socket: &Path) -> Result<Option<SocketDesk>, Failure> {
    match connect(socket).await {
        Ok(desk) => Ok(Some(desk)),
        Err(ConnectError::NotThere(_) | ConnectError::Refused(_)) => Ok(None),
        Err(error) => Err(Failure::running(error.to_string())),
    }
}

/// The Desk of a daemon, if one runs.
///
/// # Errors
/// [`Failure`] when there is one that cannot be talked to.
pub async fn attach(socket: &Path) -> Result<Option<Arc<dyn Desk>>, Failure> {
    Ok(reach(socket).await?.map(|desk| Arc::new(desk) as Arc<dyn Desk>))
}

/// The configured keymap.
///
/// # Errors
/// [`Failure`] with every problem of the file.
pub fn keymap(config: &Config) -> Result<Keymap, Failure> {
    match &config.keymap {
        config::Keymap::Preset(name) => Keymap::preset(name).map_err(|error| Failure::configuration(error.to_string())),
        config::Keymap::File(path) => keymap_file(path).map_err(|failure| {
            Failure::configuration(format!("keymap: {failure}; mend the file, or `keymap` in the configuration"))
        }),
    }
}

/// A keymap file of the operator's own.
///
/// # Errors
/// [`Failure`] with every problem of the file.
pub fn keymap_file(path: &Path) -> Result<Keymap, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::configuration(format!("{} cannot be read: {error}", path.display())))?;
    Keymap::load(&text, &path.display().to_string()).map_err(|error| Failure::configuration(error.to_string()))
}

/// Where the engine is, for whoever leaves or loses it.
enum Way {
    /// Here, on a demo or to look only: nobody needs it longer.
    Aside,
    /// Here, and it is the sync.
    Syncs,
    /// In another process, where it can be found again.
    Attached(Again),
}

async fn show(desk: Arc<dyn Desk>, keymap: Keymap, note: &str, look: Look) -> Result<Exit, Failure> {
    show_with(desk, keymap, note, look, Way::Aside).await
}

async fn show_with(desk: Arc<dyn Desk>, keymap: Keymap, note: &str, look: Look, way: Way) -> Result<Exit, Failure> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(env);
    let (no_color, term, colorterm) = (env("NO_COLOR"), env("TERM"), env("COLORTERM"));
    let surroundings = Surroundings {
        no_color: no_color.as_deref(),
        locale: locale.as_deref(),
        term: term.as_deref(),
        colorterm: colorterm.as_deref(),
    };
    let options = tui::Options {
        keymap: Arc::new(keymap),
        who: wiring::operator(),
        theme: Theme::detect(look.theme, surroundings),
        read_only: look.read_only,
        note: note.to_owned(),
        syncs: matches!(way, Way::Syncs),
        again: if let Way::Attached(again) = way { Some(again) } else { None },
        tz: jiff::tz::TimeZone::system(),
        now: Arc::new(|| SystemClock.now()),
    };
    if look.panic {
        tokio::spawn(break_down());
    }
    tui::run(desk, options).await.map_err(|error| Failure::running(error.to_string()))
}

/// What a mistake of ours does, done on purpose.
#[allow(clippy::panic, reason = "it is what is asked for")]
async fn break_down() {
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    panic!("as was asked for");
}

fn exit_code(exit: Exit) -> ExitCode {
    match exit {
        Exit::Quit => ExitCode::SUCCESS,
        // What a shell expects of a process that a signal ended; a vanished terminal is a hang-up.
        Exit::Signal("SIGINT") => ExitCode::from(130),
        Exit::Signal("SIGTERM") => ExitCode::from(143),
        Exit::Signal("SIGQUIT") => ExitCode::from(131),
        Exit::Signal(_) | Exit::TerminalGone => ExitCode::from(129),
    }
}
