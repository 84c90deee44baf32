//! The dashboard: attached to a running daemon, with an engine of its own, or on the demo.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::config::{self, Config};
use crate::control::Desk;
use crate::control::socket::{ConnectError, connect};
use crate::seam::WallClock;
use crate::tui::theme::{Name, Surroundings, Theme};
use crate::tui::{self, Exit, Keymap};

use super::demo::{Demo, Options};
use super::failure::Failure;
use super::scratch::Scratch;
use super::world::SystemClock;
use super::{notices, wiring};

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
/// What a dashboard says that looks at both sides by itself and may change neither.
const LOOKING: &str =
    "no daemon runs: this looks at both sides on a copy of the store, and nothing is written anywhere";

/// The dashboard on the built-in demo.
///
/// # Errors
/// [`Failure`] when the demo cannot start or there is no terminal.
pub async fn demo(options: &Options, look: Look) -> Result<ExitCode, Failure> {
    let keymap = Keymap::preset("default").map_err(|error| Failure::running(error.to_string()))?;
    let demo = Demo::start(options, LEISURELY).await?;
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
    if let Some(desk) = attach(&socket).await? {
        return Ok(exit_code(show(desk, keymap, "attached to the running daemon", look).await?));
    }
    if look.read_only {
        // Whoever may only look leaves no trace in the store either, and tells nobody.
        let scratch = Scratch::make("look")?;
        let started = wiring::start_on_a_copy(config, scratch.path()).await?;
        let exit = show(started.running.desk.clone(), keymap, LOOKING, look).await;
        started.end(&wiring::operator()).await?;
        return Ok(exit_code(exit?));
    }
    // Nobody else runs the sync, so nobody else would tell anybody.
    let notices = notices::prepare(config)?;
    let started = wiring::start(config, false).await?;
    let notices = notices.map(|settings| notices::start(settings, &started));
    let exit =
        show(started.running.desk.clone(), keymap, "the sync runs inside this dashboard and ends with it", look).await;
    let ended = started.end(&wiring::operator()).await;
    if let Some(notices) = notices {
        notices.end().await;
    }
    ended?;
    Ok(exit_code(exit?))
}

/// The Desk of a daemon, if one runs.
///
/// # Errors
/// [`Failure`] when there is one that cannot be talked to.
pub async fn attach(socket: &Path) -> Result<Option<Arc<dyn Desk>>, Failure> {
    match connect(socket).await {
        Ok(desk) => Ok(Some(Arc::new(desk))),
        Err(ConnectError::NotThere(_) | ConnectError::Refused(_)) => Ok(None),
        Err(error) => Err(Failure::running(error.to_string())),
    }
}

/// The configured keymap.
///
/// # Errors
/// [`Failure`] with every problem of the file.
pub fn keymap(config: &Config) -> Result<Keymap, Failure> {
    match &config.keymap {
        config::Keymap::Preset(name) => Keymap::preset(name).map_err(|error| Failure::configuration(error.to_string())),
        config::Keymap::File(path) => keymap_file(path),
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

async fn show(desk: Arc<dyn Desk>, keymap: Keymap, note: &str, look: Look) -> Result<Exit, Failure> {
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
