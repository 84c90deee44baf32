//! The dashboard: attached to a running daemon, with an engine of its own, or on the demo.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::config::{self, Config};
use crate::control::Desk;
use crate::control::socket::{ConnectError, connect};
use crate::seam::WallClock;
use crate::tui::theme::Theme;
use crate::tui::{self, Exit, Keymap};

use super::demo::{Demo, Options};
use super::failure::Failure;
use super::wiring;
use super::world::SystemClock;

/// Edits a minute and side that a person can follow.
const LEISURELY: u32 = 40;

/// The dashboard on the built-in demo.
///
/// # Errors
/// [`Failure`] when the demo cannot start or there is no terminal.
pub async fn demo(options: &Options) -> Result<ExitCode, Failure> {
    let keymap = Keymap::preset("default").map_err(|error| Failure::running(error.to_string()))?;
    let demo = Demo::start(options, LEISURELY).await?;
    let note = "a demo: pretend people on both sides; begin your own with `crosstie example`";
    let exit = show(demo.running.desk.clone(), keymap, note).await;
    demo.stop().await;
    let hint = |failure: Failure| Failure::running(format!("{failure}; `crosstie demo --headless` needs none"));
    Ok(exit_code(exit.map_err(hint)?))
}

/// The dashboard on a configured workspace.
///
/// # Errors
/// [`Failure`]: the configuration, the store, the daemon or the terminal.
pub async fn configured(config: &Config) -> Result<ExitCode, Failure> {
    let keymap = keymap(config)?;
    let socket = wiring::socket(config)?;
    if let Some(desk) = attach(&socket).await? {
        return Ok(exit_code(show(desk, keymap, "attached to the running daemon").await?));
    }
    let started = wiring::start(config, false).await?;
    let exit = show(started.running.desk.clone(), keymap, "the sync runs inside this dashboard and ends with it").await;
    started.end(&wiring::operator()).await?;
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

async fn show(desk: Arc<dyn Desk>, keymap: Keymap, note: &str) -> Result<Exit, Failure> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(env);
    let (mono, ascii) = Theme::detect(env("NO_COLOR").as_deref(), locale.as_deref(), env("TERM").as_deref());
    let options = tui::Options {
        keymap: Arc::new(keymap),
        who: wiring::operator(),
        mono,
        ascii,
        note: note.to_owned(),
        tz: jiff::tz::TimeZone::system(),
        now: Arc::new(|| SystemClock.now()),
    };
    tui::run(desk, options).await.map_err(|error| Failure::running(error.to_string()))
}

fn exit_code(exit: Exit) -> ExitCode {
    match exit {
        Exit::Quit => ExitCode::SUCCESS,
        // What a shell expects of a process that a signal ended; a vanished terminal is a hang-up.
        Exit::Signal("SIGINT") => ExitCode::from(130),
        Exit::Signal("SIGTERM") => ExitCode::from(143),
        Exit::Signal(_) | Exit::TerminalGone => ExitCode::from(129),
    }
}
