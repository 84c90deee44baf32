//! `run` with several configurations: one workspace each, in one process, and none of them in another's way.
//!
//! Each has threads of its own, so that nothing in it can keep another's from running, and every line that is logged there
//! carries its name. One that ends by itself, or does not begin, is begun again after a while, longer each time; what only a
//! person can mend is said and left. The process goes on while one of them runs.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::control::Desk;

use super::apart::{self, Workspace};
use super::daemon::Signals;
use super::failure::Failure;
use super::live::{self, DRAINING, PARTING};
use super::manager::{self, Manager, Watched};

/// The first and the longest pause before a workspace that failed is begun again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));
/// One that ran so long had mended itself: its next failure is a first one.
const CALM: Duration = Duration::from_secs(600);
/// Threads of a workspace: one of them may wait for its disk.
const THREADS: usize = 2;

/// What a workspace says of itself.
enum News {
    /// It begins.
    Starts,
    /// It runs.
    Runs(Arc<dyn Desk>),
    /// How it does, in a line.
    Does(String),
    /// It does not run; `true` if it is tried again.
    Down(Failure, bool),
    /// It has ended, for good.
    Ended(Result<(), Failure>),
}

/// What is known of a workspace.
#[derive(Default)]
struct Known {
    name: String,
    /// How it does, once it was begun, or was not.
    does: Option<String>,
    /// Why it does not run.
    down: Option<Failure>,
    ended: bool,
}

/// What is asked of a workspace from outside.
#[derive(Clone)]
struct Orders {
    /// Who ends it, once somebody does.
    stop: watch::Receiver<Option<&'static str>>,
    /// Nothing is waited for any more.
    hurry: CancellationToken,
}

impl Orders {
    async fn stopped(&mut self) -> &'static str {
        match self.stop.wait_for(Option::is_some).await {
            Ok(who) => who.unwrap_or("the program"),
            Err(_) => "the program",
        }
    }
}

/// Runs all of them until a signal ends them, or none is left that runs.
///
/// # Errors
/// [`Failure`]: configurations that are wrong or in each other's way; the first failure if none runs any more.
pub async fn run(paths: &[PathBuf], yes: bool) -> Result<ExitCode, Failure> {
    let mut workspaces = apart::read(paths)?;
    let [first, others @ ..] = workspaces.as_slice() else { return Ok(ExitCode::SUCCESS) };
    super::log::begin(&first.config.log)?;
    for other in others.iter().filter(|other| other.config.log != first.config.log) {
        let (mine, other) = (first.path.display(), other.path.display());
        tracing::info!("a process has one log: [log] of {mine} counts, and that of {other} does not");
    }
    let mut signals = Signals::new()?;
    let (stop, stopped) = watch::channel(None);
    let orders = Orders { stop: stopped, hurry: CancellationToken::new() };
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut known = Vec::new();
    for (at, Workspace { config, .. }) in workspaces.drain(..).enumerate() {
        let mut config = config;
        config.timing.review &= !yes;
        known.push(Known { name: config.name.clone(), ..Known::default() });
        begin(config, orders.clone(), at, tell.clone())?;
    }
    drop(tell);

    let watched = Watched::default();
    let mut manager = Manager::default();
    let who = loop {
        tokio::select! {
            biased;
            who = signals.end() => break who,
            Some((at, news)) = told.recv() => {
                hear(&mut known, &watched, at, news);
                manager.say(&known.iter().filter_map(line).collect::<Vec<_>>().join("; "));
                if known.iter().all(|it| it.does.is_some()) {
                    manager.ready_for(&watched);
                }
                if known.iter().all(|it| it.ended || it.down.is_some()) {
                    break "the last workspace";
                }
            }
        }
    };
    let alone = who == "the last workspace";
    manager.stopping();
    stop.send_replace(Some(who));
    let all = async {
        let mut failed = None;
        while let Some((_, news)) = told.recv().await {
            if let News::Ended(Err(failure)) = news {
                failed.get_or_insert(failure);
            }
        }
        failed
    };
    let failed = tokio::select! {
        biased;
        failed = all => failed,
        () = signals.hurry() => {
            orders.hurry.cancel();
            Some(live::at_once())
        }
        () = tokio::time::sleep(DRAINING + PARTING) => None,
    };
    // What was down already when somebody ended the others is no failure of the end.
    let down = known.into_iter().find_map(|it| it.down).filter(|_| alone);
    match down.or(failed) {
        Some(failure) => Err(failure),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn hear(known: &mut [Known], watched: &Watched, at: usize, news: News) {
    let Some(it) = known.get_mut(at) else { return };
    match news {
        News::Starts => it.down = None,
        News::Runs(desk) => {
            (it.down, it.does) = (None, Some("runs".to_owned()));
            watched.add(at, desk);
        }
        News::Does(line) => it.does = Some(line),
        News::Down(failure, again) => {
            it.does = Some(if again { "does not run, and is tried again" } else { "does not run" }.to_owned());
            it.down = Some(failure);
            watched.remove(at);
        }
        News::Ended(result) => {
            it.ended = true;
            it.does = Some(if result.is_ok() { "ended" } else { "does not run" }.to_owned());
            it.down = it.down.take().or(result.err());
            watched.remove(at);
        }
    }
}

fn line(it: &Known) -> Option<String> {
    it.does.as_ref().map(|does| format!("{}: {does}", it.name))
}

/// Starts a workspace on threads of its own.
fn begin(config: Config, orders: Orders, at: usize, tell: mpsc::UnboundedSender<(usize, News)>) -> Result<(), Failure> {
    // Shown whatever the log's level is.
    let span = tracing::error_span!("workspace", name = %config.name);
    let threads = |error: std::io::Error| Failure::running(format!("no threads to run on: {error}"));
    let inside = span.clone();
    let mut builder = Builder::new_multi_thread();
    // Whatever runs on these threads belongs to this workspace, so they never leave its span.
    builder.worker_threads(THREADS).enable_all().on_thread_start(move || std::mem::forget(inside.clone().entered()));
    let runtime = builder.build().map_err(threads)?;
    let all = move || {
        let _inside = span.entered();
        let say = tell.clone();
        let kept = runtime.spawn(keep(config, orders, move |news| drop(say.send((at, news)))));
        let ended = runtime.block_on(kept).unwrap_or_else(|_| {
            Err(Failure::running("the workspace failed; this is a bug in crosstie, please report it".to_owned()))
        });
        if let Err(failure) = &ended {
            tracing::error!("{failure}");
        }
        runtime.shutdown_timeout(Duration::from_millis(500));
        // Whoever does not listen any more has ended.
        let _ = tell.send((at, News::Ended(ended)));
    };
    std::thread::Builder::new().name(format!("workspace-{at}")).spawn(all).map_err(threads)?;
    Ok(())
}

/// Keeps a workspace running until it is to end.
async fn keep(config: Config, mut orders: Orders, tell: impl Fn(News)) -> Result<(), Failure> {
    let mut failures = 0;
    loop {
        tell(News::Starts);
        let (begun, stopped) = live::begun(&config, orders.stopped()).await;
        let failure = match begun {
            None => return Ok(()),
            Some(Ok(mut live)) => {
                tell(News::Runs(live.desk.clone()));
                let since = Instant::now();
                let mut said = String::new();
                let show = |snapshot: &crate::control::Snapshot| {
                    let line = manager::sentence(snapshot);
                    if line != said {
                        said.clone_from(&line);
                        tell(News::Does(line));
                    }
                };
                let who = match stopped {
                    Some(who) => Some(who),
                    None => tokio::select! {
                        biased;
                        who = orders.stopped() => Some(who),
                        () = live.follow(show) => None,
                    },
                };
                let ended = live.end(who.unwrap_or("the engine"), orders.hurry.cancelled()).await;
                match ended {
                    Err(failure) if who.is_none() => {
                        if since.elapsed() > CALM {
                            failures = 0;
                        }
                        failure
                    }
                    // To the end that somebody wanted, a signal or an operator.
                    ended => return ended,
                }
            }
            Some(Err(failure)) if stopped.is_some() => return Err(failure),
            Some(Err(failure)) => failure,
        };
        let pause = AGAIN.0.saturating_mul(1 << failures.min(5)).min(AGAIN.1);
        failures += 1;
        let again = !failure.needs_a_person();
        match again {
            true => tracing::error!("does not run: {failure}; it is tried again in {} s", pause.as_secs()),
            false => tracing::error!("does not run: {failure}; when that is mended, start crosstie again"),
        }
        let closing = CancellationToken::new();
        // Whoever asks meanwhile is told why.
        let away = match &config.inlet {
            Some(settings) => crate::inlet::away(settings.listen, failure.in_short(), closing.clone()).await.map(Some),
            None => Ok(None),
        };
        if let Err(error) = &away {
            tracing::warn!("nobody can be told so over HTTP: {error}");
        }
        tell(News::Down(failure, again));
        let stopped = tokio::select! {
            biased;
            _ = orders.stopped() => true,
            () = tokio::time::sleep(pause), if again => false,
        };
        closing.cancel();
        if let Ok(Some(away)) = away {
            let _ = away.task.await;
        }
        if stopped {
            return Ok(());
        }
    }
}
