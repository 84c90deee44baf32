//! Notices of a daemon, or of a dashboard that runs the sync itself: what the configuration says, put together.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Time;
use tokio::task::JoinHandle;

use crate::config::{Config, NoticeSettings};
use crate::notices::{self, Hook, Memory, Settings, Slack, Topic, Watcher};
use crate::remote::transport::{HttpOptions, HttpTransport};

use super::failure::Failure;
use super::wiring::{self, Started};

/// How long Slack may take for one message.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// Running notices, and word of how they do on its way to the engine.
pub struct Running {
    notices: notices::Running,
    told: JoinHandle<()>,
}

impl Running {
    /// Ends them.
    pub async fn end(self) {
        self.notices.end().await;
        self.told.abort();
    }
}

/// What the configuration names, before anything runs: so that a secret that is missing is told at once.
///
/// # Errors
/// [`Failure`]: a secret that cannot be read, an address that is none.
pub fn prepare(config: &Config) -> Result<Option<Settings>, Failure> {
    let Some(settings) = &config.notices else { return Ok(None) };
    let slack = match &settings.slack {
        None => None,
        Some(secret) => {
            let address = wiring::reveal(config, secret, "[notices] slack")?;
            let options = HttpOptions { timeout: PATIENCE, ..HttpOptions::default() };
            let transport = HttpTransport::new(address.expose(), options)
                .map_err(|error| Failure::configuration(format!("[notices] slack: {error}")))?;
            Some(Slack { transport: Arc::new(transport) })
        }
    };
    let command = settings.command.split_first().map(|(program, args)| Hook {
        program: program.into(),
        args: args.to_vec(),
        timeout: settings.command_timeout,
    });
    let memory = wiring::state_dir(config)?.join("notices.json");
    Ok(Some(Settings { watcher: watcher(settings, Memory::load(&memory)), memory, slack, command }))
}

fn watcher(settings: &NoticeSettings, memory: Memory) -> Watcher {
    let topics: BTreeSet<Topic> = Topic::ALL.into_iter().filter(|topic| settings.on.contains(topic.as_str())).collect();
    let quiet = SignedDuration::try_from(settings.quiet).unwrap_or(SignedDuration::MAX);
    let daily = settings.daily.and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
    Watcher::new(topics, quiet, daily, memory)
}

/// Starts them.
pub fn start(settings: Settings, started: &Started) -> Running {
    let notices = notices::spawn(settings, started.running.desk.clone());
    let (hints, mut sinks) = (started.running.desk.hints(), notices.sinks.clone());
    let told = tokio::spawn(async move {
        loop {
            let now = sinks.borrow_and_update().clone();
            if hints.sinks(now).await.is_err() || sinks.changed().await.is_err() {
                return;
            }
        }
    });
    Running { notices, told }
}
