//! Where the log of a daemon goes: standard error, which a service manager keeps, or files of its own, one a day.

use std::fs::DirBuilder;
use std::io::IsTerminal;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

use crate::config::{LogForm, LogSettings};

use super::failure::Failure;

/// Begins the log of this process.
///
/// # Errors
/// [`Failure`] when the folder takes no file.
pub fn begin(settings: &LogSettings) -> Result<(), Failure> {
    let mut filter = EnvFilter::try_from_env("CROSSTIE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // sled tells of its inner life even while a thread of it ends, when the log's own memory of that thread is gone already.
    if let Ok(quiet) = "sled=warn".parse() {
        filter = filter.add_directive(quiet);
    }
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    // A second subscriber in one process is a test's affair; the first goes on.
    let _ = match (&settings.dir, settings.form) {
        (None, LogForm::Text) => {
            let stderr = std::io::stderr();
            let colours = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            log.with_ansi(colours).with_writer(std::io::stderr).try_init()
        }
        (None, LogForm::Json) => log.json().flatten_event(true).with_writer(std::io::stderr).try_init(),
        (Some(dir), LogForm::Text) => log.with_ansi(false).with_writer(files(dir, settings.keep)?).try_init(),
        (Some(dir), LogForm::Json) => log.json().flatten_event(true).with_writer(files(dir, settings.keep)?).try_init(),
    };
    if settings.dir.is_some() {
        super::panics::log();
    }
    Ok(())
}

/// Files `crosstie.<day>.log`, of which so many are kept.
fn files(dir: &Path, keep: usize) -> Result<RollingFileAppender, Failure> {
    let failed = |why: String| {
        Failure::configuration(format!("the log cannot be written to {}: {why}; see `dir` under [log]", dir.display()))
    };
    // Tomorrow's file is made by the same process: nobody else may read anything that it makes.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| failed(error.to_string()))?;
    let rolling = RollingFileAppender::builder().rotation(Rotation::DAILY).max_log_files(keep);
    let rolling = rolling.filename_prefix("crosstie").filename_suffix("log").build(dir);
    rolling.map_err(|error| {
        let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        failed(why)
    })
}
