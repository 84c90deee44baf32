//! The loop that joins the terminal, the Desk and the model.
//!
//! Its order when several things are ready: why to end, the terminal's own news, input, answers, snapshots, time,
//! drawing. Nothing here decides anything; and nothing is drawn while a frame is on its way.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::again::{Again, Seeker};
use super::keymap::Keymap;
use super::model::{Dirty, Effect, Model, Msg, Tone};
use super::terminal::arrivals::arrivals;
use super::terminal::input::{Arrival, Input, Stage};
use super::terminal::session::Session;
use super::terminal::watch::{Cause, Job, Jobs, Watch};
use super::terminal::writer::{Screen, Writer};
use super::theme::Theme;
use super::update::{is_hurried, update};
use crate::control::{Desk, Snapshot};

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(16);

/// The least time between two frames that show nothing but new figures.
const FIGURES: Duration = Duration::from_millis(250);

/// How often the time is looked at while something on screen depends on it, and while nothing does.
const TICKS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// How long commands that were just given may take to be taken when the operator leaves.
const PARTING: Duration = Duration::from_secs(3);

/// How long a frame that is out may take when the dashboard ends.
const FLUSHING: Duration = Duration::from_secs(1);

/// What is said when the engine has gone: for good, or while it is looked for.
const GONE: &str = "the engine is gone; this is the last it said";
const LOST: &str = "the engine does not answer; it is looked for, and this is the last it said";

/// The largest screen that is used.
const LARGEST: (u16, u16) = (600, 300);

/// What the dashboard has to know.
pub struct Options {
    /// What keys mean.
    pub keymap: Arc<Keymap>,
    /// The operator: login or uid.
    pub who: String,
    /// How things look; see [`Theme::detect`].
    pub theme: Theme,
    /// Nothing that changes either system may leave, from the start and for good.
    pub read_only: bool,
    /// A line for the overview: `demo: two stand-ins with pretend people`.
    pub note: String,
    /// How the engine is found again when the connection to it is lost; `None` where it would be gone for good.
    pub again: Option<Again>,
    /// The engine is in this process and is the sync: who leaves ends it.
    pub syncs: bool,
    /// Where clock times are shown in.
    pub tz: TimeZone,
    /// The time by the wall.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Why the dashboard ended. What becomes of the engine is the caller's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The operator left.
    Quit,
    /// A signal came.
    Signal(&'static str),
    /// The terminal has gone: nobody looks any more.
    TerminalGone,
}

/// Why the dashboard could not run.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// Standard input or output is no terminal.
    #[error("the dashboard needs a terminal on standard input and output; use `crosstie status` in scripts")]
    NoTerminal,
    /// The terminal could not be prepared.
    #[error("the terminal could not be prepared: {0}")]
    Terminal(#[source] io::Error),
    /// A part of the dashboard failed; the terminal was given back.
    #[error("a part of the dashboard failed: {0}")]
    Broken(String),
}

/// Shows the dashboard until the operator leaves, a signal comes or the terminal goes. The terminal is given back on
/// every way out.
///
/// # Errors
/// [`TuiError`] if there is no terminal or it cannot be prepared.
pub async fn run(desk: Arc<dyn Desk>, options: Options) -> Result<Exit, TuiError> {
    if !rustix::termios::isatty(rustix::stdio::stdin()) || !rustix::termios::isatty(rustix::stdio::stdout()) {
        return Err(TuiError::NoTerminal);
    }
    // Before the first byte: a signal between two of these lines must not find the terminal half prepared.
    let watch = Watch::new().map_err(TuiError::Terminal)?;
    // The theme knows about NO_COLOR. crossterm's own way breaks bold and reverse.
    crossterm::style::force_color_output(true);
    let size = match crossterm::terminal::size().map_err(TuiError::Terminal)? {
        // Some pseudo-terminals have no size until somebody sets one.
        (0, _) | (_, 0) => (80, 24),
        size => size,
    };
    let writer = Writer::stdout().map_err(TuiError::Terminal)?;
    let session = Session::enter().map_err(TuiError::Terminal)?;
    let stop = watch.ended();
    let exit = match arrivals() {
        Ok(arrivals) => drive(desk, &options, size, arrivals, writer, stop).await,
        Err(error) => Err(TuiError::Terminal(error)),
    };
    let broken = !Session::is_active();
    drop(session);
    if broken { Err(TuiError::Broken("it panicked; the message is above".to_owned())) } else { exit }
}

/// The loop, over any terminal.
///
/// # Errors
/// [`TuiError::Broken`] if a part of it panicked.
pub async fn drive<S, W>(
    desk: Arc<dyn Desk>,
    options: &Options,
    size: (u16, u16),
    mut input: S,
    writer: Writer,
    stop: W,
) -> Result<Exit, TuiError>
where
    S: Stream<Item = io::Result<Arrival>> + Unpin,
    W: Future<Output = Cause>,
{
    let mut dash = Loop::new(Arc::clone(&desk), options, size, writer).map_err(TuiError::Terminal)?;
    let exit = dash.turn(desk.snapshots(), &mut input, stop).await;
    if dash.writer.busy && exit.as_ref().is_ok_and(|exit| *exit != Exit::TerminalGone) {
        // Nothing may be written after the terminal was given back.
        let _ = tokio::time::timeout(FLUSHING, dash.writer.written()).await;
    }
    exit
}

/// What the shell wants next, where there is one.
async fn next_job(jobs: &mut Option<Jobs>) -> Job {
    match jobs {
        Some(jobs) => jobs.next().await,
        None => std::future::pending().await,
    }
}

struct Loop<'o> {
    desk: Arc<dyn Desk>,
    options: &'o Options,
    model: Model,
    screen: Screen,
    writer: Writer,
    queries: JoinSet<Msg>,
    commands: JoinSet<Msg>,
    seeker: Seeker,
    started: Instant,
    ticked: Instant,
    drawn: Option<Instant>,
    /// The popup on top of the frame that is out.
    sent: Option<u64>,
    quit: bool,
    /// The operator, or their shell, wants the terminal back for a while.
    suspend: bool,
}

impl<'o> Loop<'o> {
    fn new(desk: Arc<dyn Desk>, options: &'o Options, size: (u16, u16), writer: Writer) -> io::Result<Self> {
        let keymap = Arc::clone(&options.keymap);
        let started = Instant::now();
        let mut model = Model::new(keymap, options.theme.clone(), &options.who, &options.note, options.tz.clone());
        model.returns = options.again.is_some();
        (model.read_only, model.locked) = (options.read_only, options.read_only);
        model.syncs = options.syncs;
        Ok(Self {
            desk,
            options,
            model,
            screen: Screen::new(size)?,
            writer,
            queries: JoinSet::new(),
            commands: JoinSet::new(),
            seeker: Seeker::new(options.again.clone()),
            started,
            ticked: started,
            drawn: None,
            sent: None,
            quit: false,
            suspend: false,
        })
    }

    async fn turn<S, W>(
        &mut self,
        mut snapshots: watch::Receiver<Arc<Snapshot>>,
        input: &mut S,
        stop: W,
    ) -> Result<Exit, TuiError>
    where
        S: Stream<Item = io::Result<Arrival>> + Unpin,
        W: Future<Output = Cause>,
    {
        let mut listening = true;
        let mut stage = Stage::default();
        let mut held_until = None;
        // A terminal that lives in a test's memory has no shell.
        let mut jobs = if Session::is_active() { Some(Jobs::new().map_err(TuiError::Terminal)?) } else { None };
        tokio::pin!(stop);
        let first = Arc::clone(&snapshots.borrow_and_update());
        let size = self.screen.size();
        self.take(Msg::Resize(size.0, size.1));
        self.take(Msg::Snapshot(first));
        loop {
            if self.quit {
                self.part().await;
                return Ok(Exit::Quit);
            }
            if self.suspend && !self.writer.busy {
                self.give_way();
            }
            let tick = self.next_tick();
            let draw = self.next_frame();
            tokio::select! {
                biased;
                cause = &mut stop => return Ok(match cause {
                    Cause::Signal(name) => Exit::Signal(name),
                    Cause::TerminalGone => Exit::TerminalGone,
                }),
                written = self.writer.written(), if self.writer.busy => {
                    if written.is_err() {
                        return Ok(Exit::TerminalGone);
                    }
                    let popup = self.sent.take();
                    self.take(Msg::Drawn { popup });
                }
                job = next_job(&mut jobs) => match job {
                    Job::Stop => self.suspend = true,
                    Job::GoOn => self.come_back(Session::resume()),
                },
                arrival = input.next() => match arrival {
                    Some(Ok(arrival)) => {
                        self.input(stage.push(arrival));
                        held_until = stage.holds().map(|hold| Instant::now() + hold);
                    }
                    Some(Err(_)) | None => return Ok(Exit::TerminalGone),
                },
                () = sleep_until(held_until.unwrap_or(tick)), if held_until.is_some() => {
                    held_until = None;
                    self.input(stage.expire());
                }
                Some(answer) = self.commands.join_next(), if !self.commands.is_empty() => self.answer(answer)?,
                Some(answer) = self.queries.join_next(), if !self.queries.is_empty() => self.answer(answer)?,
                changed = snapshots.changed(), if listening => match changed {
                    Ok(()) => {
                        let snapshot: Arc<Snapshot> = Arc::clone(&snapshots.borrow_and_update());
                        self.take(Msg::Snapshot(snapshot));
                    }
                    Err(_) => {
                        listening = false;
                        let looks = self.seeker.lost();
                        self.take(Msg::Gone(if looks { LOST } else { GONE }.to_owned()));
                    }
                },
                Some(found) = self.seeker.found(), if self.seeker.looks() => match found {
                    Ok(Ok(desk)) => {
                        snapshots = desk.snapshots();
                        (self.desk, listening) = (desk, true);
                        let first = Arc::clone(&snapshots.borrow_and_update());
                        self.take(Msg::Back);
                        self.take(Msg::Snapshot(first));
                    }
                    Ok(Err(why)) => {
                        self.seeker.look();
                        if !why.is_empty() {
                            self.take(Msg::Gone(why));
                        }
                    }
                    Err(error) => return Err(TuiError::Broken(error.to_string())),
                },
                () = sleep_until(tick) => self.tick(),
                () = sleep_until(draw.unwrap_or(tick)), if draw.is_some() => {
                    if self.draw().is_err() {
                        return Ok(Exit::TerminalGone);
                    }
                }
            }
        }
    }

    /// Takes in what came in one go; of its questions those leave that the last of it still wants answered.
    fn input(&mut self, inputs: Vec<Input>) {
        let mut effects = Vec::new();
        for input in inputs {
            self.tick();
            effects.extend(update(
                &mut self.model,
                match input {
                    Input::Key(key) => Msg::Key(key),
                    Input::Paste(text) => Msg::Paste(text),
                    Input::Resize(width, height) => Msg::Resize(width.min(LARGEST.0), height.min(LARGEST.1)),
                },
            ));
        }
        let waiting = &self.model.waiting;
        effects.retain(|effect| !matches!(effect, Effect::Query { tag, .. } if !waiting.contains_key(tag)));
        self.perform(effects);
    }

    fn tick(&mut self) {
        self.ticked = Instant::now();
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = (self.options.now)();
        let effects = update(&mut self.model, Msg::Tick { now, ms });
        self.perform(effects);
    }

    fn take(&mut self, msg: Msg) {
        self.tick();
        let msg = match msg {
            Msg::Resize(width, height) => Msg::Resize(width.min(LARGEST.0), height.min(LARGEST.1)),
            msg => msg,
        };
        let effects = update(&mut self.model, msg);
        self.perform(effects);
    }

    fn answer(&mut self, answer: Result<Msg, JoinError>) -> Result<(), TuiError> {
        match answer {
            Ok(msg) => {
                self.take(msg);
                Ok(())
            }
            Err(error) => Err(TuiError::Broken(error.to_string())),
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let desk = Arc::clone(&self.desk);
            match effect {
                Effect::Query { tag, query } => {
                    self.queries.spawn(async move {
                        let asked = Instant::now();
                        let result = desk.query(query).await;
                        let took = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
                        Msg::Answer { tag, result, took }
                    });
                }
                Effect::Command { tag, command } => {
                    let who = self.options.who.clone();
                    self.commands.spawn(async move { Msg::Reply { tag, result: desk.command(&who, command).await } });
                }
                Effect::Quit => self.quit = true,
                Effect::Suspend => self.suspend = true,
                // Both only fill a buffer in memory; a frame that cannot be sent ends the loop.
                Effect::Redraw => {
                    let _ = self.screen.repaint();
                    self.model.touch(Dirty::Now);
                }
                Effect::Copy(text) => {
                    let _ = self.screen.copy(&text);
                    self.model.touch(Dirty::Now);
                }
            }
        }
    }

    /// Stops until the shell lets us go on.
    fn give_way(&mut self) {
        self.suspend = false;
        match Session::suspend() {
            Ok(size) => self.come_back(Ok(size)),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                self.model.toast(Tone::Warn, "no shell would bring the dashboard back here: it was not stopped");
            }
            Err(error) => self.come_back(Err(error)),
        }
    }

    /// Draws everything anew on a terminal that somebody else had. One that cannot be had again shows when it is written to.
    fn come_back(&mut self, size: io::Result<(u16, u16)>) {
        let size = size.unwrap_or_else(|_| self.screen.size());
        let _ = self.screen.repaint();
        self.take(Msg::Resize(size.0, size.1));
        self.model.touch(Dirty::Now);
    }

    fn next_tick(&self) -> Instant {
        self.ticked + if is_hurried(&self.model) { TICKS.0 } else { TICKS.1 }
    }

    /// When the next frame is due, if one is.
    fn next_frame(&self) -> Option<Instant> {
        let pause = match self.model.dirty {
            _ if self.writer.busy => return None,
            Dirty::No => return None,
            Dirty::Figures => FIGURES,
            Dirty::Now => FRAME,
        };
        Some(self.drawn.map_or(self.started, |drawn| drawn + pause))
    }

    fn draw(&mut self) -> io::Result<()> {
        self.model.dirty = Dirty::No;
        self.drawn = Some(Instant::now());
        let popup = self.model.popups.last().map(|popup| popup.serial);
        match self.screen.frame(&self.model)? {
            Some(frame) => {
                self.writer.send(frame)?;
                self.sent = popup;
            }
            None => self.take(Msg::Drawn { popup }),
        }
        Ok(())
    }

    /// Commands that were given are taken before the operator leaves, unless nobody takes them.
    async fn part(&mut self) {
        let all = async { while self.commands.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(PARTING, all).await;
    }
}
