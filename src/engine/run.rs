//! The control task: one message after the other, one commit for what they told, then everything that follows from it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::control::{Command, Leave, Reply, Sides, Snapshot, Window};
use crate::model::{Entity, Happening, Side};
use crate::seam::KvError;
use crate::store::Store;

use super::core::{Core, OpKey, signed};
use super::desk::EngineDesk;
use super::figures::Figures;
use super::flaw::Flaw;
use super::memory::{Early, Memory, Txn};
use super::messages::{Msg, Order, Permitted};
use super::seeking::{Asker, Seeking};
use super::settings::{Settings, World};
use super::translate::Directory;
use super::{Claims, history};

/// Messages that wait for the control task; senders wait when there are more.
const MAILBOX: usize = 1024;
/// Messages that one commit takes at most.
const STEP: usize = 128;
/// How many lines behind one that tells of no write are looked through for the write that it led to.
const LATER: u64 = 1000;
/// How often a snapshot is published at most while things change.
const PUBLISH: SignedDuration = SignedDuration::from_millis(200);
/// How often it is published while nothing changes: the series moves on.
const PUBLISH_IDLE: SignedDuration = SignedDuration::from_secs(1);

/// Why the engine ended by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The store refused; nothing was written outside after that.
    #[error(
        "the store failed, so the engine stopped before doing anything it could not remember: {0}. What was acknowledged is \
         kept; make room on its disk, or mount it writable again (`dmesg` tells why a system does not), and start again"
    )]
    Store(#[from] KvError),
}

/// A running engine.
pub struct Running {
    /// The door for operators.
    pub desk: Arc<EngineDesk>,
    /// Ends when the engine does.
    pub task: JoinHandle<Result<(), EngineError>>,
}

/// What is answered after the commit.
enum Answer {
    Order(oneshot::Sender<Order>, Order),
    Window(Asker, Window),
    Reply(oneshot::Sender<Reply>, Reply),
    Journal(Asker, Box<crate::control::Query>),
    Claims(u64, oneshot::Sender<Claims>),
    Steps(oneshot::Sender<Vec<crate::control::Step>>),
    Permitted(oneshot::Sender<Vec<Permitted>>),
    /// Carried out after the commit, because it reads the journal.
    Undo {
        to: oneshot::Sender<Reply>,
        who: String,
        event: u64,
        both: bool,
    },
}

/// Starts the engine: reads back what it remembers, doubts every write that was on its way, and begins to look.
///
/// # Errors
/// [`EngineError`] when the store cannot be read.
pub async fn start(settings: Settings, world: World) -> Result<Running, EngineError> {
    launch(settings, world, None, None, None).await
}

/// As [`start`], with what the store gave when it was opened, which is then not read again; and nothing is written but what there
/// is leave for, where there is one.
///
/// # Errors
/// As [`start`].
pub async fn start_with(
    settings: Settings,
    world: World,
    early: Early,
    leave: Option<Leave>,
) -> Result<Running, EngineError> {
    launch(settings, world, None, leave, Some(early)).await
}

/// As [`start`], with a mistake; for the simulation alone.
pub(crate) async fn start_flawed(settings: Settings, world: World, flaw: Option<Flaw>) -> Result<Running, EngineError> {
    launch(settings, world, flaw, None, None).await
}

async fn launch(
    settings: Settings,
    world: World,
    flaw: Option<Flaw>,
    leave: Option<Leave>,
    early: Option<Early>,
) -> Result<Running, EngineError> {
    let (mail, inbox) = mpsc::channel(MAILBOX);
    let entities: Vec<Sides<Entity>> = settings
        .pairs
        .iter()
        .map(|pair| Sides { crm: pair.entity(Side::Crm), notion: pair.entity(Side::Notion) })
        .collect();
    let mut memory = Memory::load(&world.store, &settings.pairs, &entities, early).await?;
    let steady = super::clock::SteadyClock::following(world.clock);
    let clock: Arc<dyn crate::seam::WallClock> = steady.clone();
    let now = clock.now();
    let mut txn = Txn::default();
    let ahead = memory.set_back(&mut txn, now);
    let away = memory.begin(now);
    let mut core = Core {
        flaw,
        leave,
        timing: settings.timing.clone(),
        systems: world.systems.clone(),
        clock,
        steady,
        directory: Directory::default(),
        figures: Figures::default(),
        mail: mail.clone(),
        planned: BTreeMap::new(),
        waiting: BTreeMap::new(),
        under_way: BTreeMap::new(),
        sending: BTreeSet::new(),
        probing: BTreeSet::new(),
        hot: BTreeMap::new(),
        reading: BTreeSet::new(),
        absent_since: BTreeMap::new(),
        suspects: BTreeSet::new(),
        ahead: Sides::default(),
        awaited: BTreeMap::new(),
        renamed_perhaps: BTreeMap::new(),
        unconfirmed: BTreeSet::new(),
        doubted: BTreeSet::new(),
        unreadable: BTreeSet::new(),
        guards: BTreeMap::new(),
        canaries: BTreeMap::new(),
        forbidden: Sides::default(),
        departed: Vec::new(),
        recent_writes: BTreeMap::new(),
        assumed: BTreeSet::new(),
        hints: super::hints::Hints::default(),
        refill: Some(super::refill::Refill::from(memory.last_event, now)),
        span: None,
        names: BTreeMap::new(),
        sifted: Vec::new(),
        sinks: Vec::new(),
        fights: BTreeMap::new(),
        one_by_one: BTreeSet::new(),
        bare_creates: BTreeSet::new(),
        listings: BTreeMap::new(),
        stopped: BTreeMap::new(),
        schema_due: settings.pairs.iter().map(|pair| (pair.name.clone(), Some(now))).collect(),
        paused_until: Sides::default(),
        put_off: BTreeMap::new(),
        hastened: BTreeSet::new(),
        failures: Sides::default(),
        unanswered: Sides::default(),
        trouble: Sides::default(),
        last_rows: VecDeque::new(),
        draining: false,
        tidy: super::retention::Tidy::from(now),
        lag: signed(settings.timing.hot_lag),
        version: 0,
        started: now,
        memory,
        settings,
    };
    core.begin(now);
    core.recall_failing(now);
    core.recall_assumed(now);
    core.recall_windows(&world.store).await?;
    core.memory.recall_edits(&world.store).await?;
    core.doubt_sent(&mut txn);
    core.wait_from_start(&mut txn);
    core.tell_of_the_start(&mut txn, now, ahead, away);
    txn.events.push(core.system_event(Happening::System, format!("crosstie {} started", env!("CARGO_PKG_VERSION"))));
    let first = Arc::new(core.snapshot(now, true));
    let (quiet, followed) = watch::channel(Arc::clone(&first));
    let (publish, snapshots) = watch::channel(first);
    let mut run = Run {
        core,
        store: world.store,
        inbox,
        publish,
        quiet,
        published: now,
        stale: true,
        seeking: Seeking::default(),
    };
    run.commit(txn).await?;
    let began = run.core.memory.last_event;
    let desk = Arc::new(EngineDesk { mail, snapshots, followed, began });
    Ok(Running { desk, task: tokio::spawn(run.go()) })
}

struct Run {
    core: Core,
    store: Store,
    inbox: mpsc::Receiver<Msg>,
    /// For those who look. The desk holds one of its receivers itself.
    publish: watch::Sender<Arc<Snapshot>>,
    /// The same for the program's own parts, which are no reason to publish anything.
    quiet: watch::Sender<Arc<Snapshot>>,
    published: Timestamp,
    stale: bool,
    /// Questions whose answers are made in steps.
    seeking: Seeking,
}

impl Run {
    async fn go(mut self) -> Result<(), EngineError> {
        loop {
            self.follow().await?;
            if self.core.draining && self.core.on_the_wire() == 0 {
                let mut txn = Txn::default();
                txn.events.push(self.core.system_event(Happening::System, "stopped in good order"));
                self.commit(txn).await?;
                return Ok(());
            }
            self.seeking.step(&mut self.core, &self.store, !self.inbox.is_empty()).await?;
            let now = self.core.clock.now();
            let mut wake = self.core.next_wake(now);
            if self.publish.receiver_count() > 1 || self.stale {
                let pace = if self.stale { PUBLISH } else { PUBLISH_IDLE };
                wake = wake.min(super::core::after(self.published, pace));
            }
            let pause = wake.duration_since(now).max(SignedDuration::from_millis(1));
            let pause = std::time::Duration::try_from(pause).unwrap_or(std::time::Duration::MAX);
            // Longer than any pause we need, and not so long that a timer overflows.
            let pause = pause.min(std::time::Duration::from_secs(3600));
            tokio::select! {
                biased;
                msg = self.inbox.recv() => match msg {
                    Some(msg) => self.step(msg).await?,
                    None => return Ok(()),
                },
                // Others have their turn, and then the next step is made.
                () = tokio::task::yield_now(), if !self.seeking.is_empty() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes a message and whatever else has come, in one commit; answers after it.
    async fn step(&mut self, first: Msg) -> Result<(), EngineError> {
        if self.core.errs(Flaw::CursorBeforeStore)
            && let Msg::Page { pair, side, page: Ok(page), .. } = &first
        {
            let mut txn = Txn::default();
            self.core.move_cursor_early(&mut txn, pair, *side, page);
            self.commit(txn).await?;
        }
        let mut txn = Txn::default();
        let mut answers = Vec::new();
        self.take(&mut txn, first, &mut answers);
        for _ in 1..STEP {
            let Ok(msg) = self.inbox.try_recv() else { break };
            self.take(&mut txn, msg, &mut answers);
        }
        if self.core.errs(Flaw::SendBeforeDurable) {
            // The request is out before the commit is.
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        }
        self.commit(txn).await?;
        for answer in answers {
            self.answer(answer).await?;
        }
        Ok(())
    }

    /// Everything that follows from what is known now.
    async fn follow(&mut self) -> Result<(), EngineError> {
        let now = self.core.clock.now();
        let mut txn = Txn::default();
        self.core.tell_of_jumps(&mut txn, now);
        let busy = !self.inbox.is_empty() || self.core.is_busy();
        self.core.trim_journal(&mut txn, &self.store, now, busy).await?;
        if !self.core.draining {
            self.core.lapse_overrides(&mut txn, now);
            self.core.match_all(&mut txn);
            self.core.compared(&mut txn);
            self.core.plan_ties(&mut txn);
        }
        self.commit(txn).await?;
        if !self.core.draining {
            self.core.start_schemas(now);
            self.core.call_listings(now);
            self.core.start_listings(now);
            self.core.start_reads(now);
            if !self.core.settings.look_only {
                self.core.start_probes(now);
                self.core.start_writers(now);
            }
        }
        self.core.refill(&self.store, now).await?;
        let pace = if self.stale { PUBLISH } else { PUBLISH_IDLE };
        if now.duration_since(self.published) >= pace {
            self.published = now;
            self.core.forget_old_writes(now);
            self.core.forget_names(now);
            self.core.forget_sifted(now);
            self.stale = false;
            let watched = self.publish.receiver_count() > 1;
            let snapshot = Arc::new(self.core.snapshot(now, watched));
            self.quiet.send_replace(Arc::clone(&snapshot));
            self.publish.send_replace(snapshot);
        }
        Ok(())
    }

    async fn commit(&mut self, txn: Txn) -> Result<(), EngineError> {
        let now = self.core.clock.now();
        let events = self.core.memory.commit(&self.store, txn, now).await?;
        self.core.remember_rows(events);
        Ok(())
    }

    fn take(&mut self, txn: &mut Txn, msg: Msg, answers: &mut Vec<Answer>) {
        self.stale = true;
        let core = &mut self.core;
        match msg {
            Msg::Page { pair, side, kind, began, page } => core.take_page(txn, (pair, side), kind, began, page),
            Msg::Fetched { pair, side, asked, began, records } => {
                core.take_fetched(txn, (pair, side), asked, began, records);
            }
            Msg::PreRead { op, began, found, order } => {
                let answer = Self::order(core, txn, op, began, found, order);
                match answer {
                    Answer::Order(to, order) if core.errs(Flaw::SendBeforeDurable) => drop(to.send(order)),
                    answer => answers.push(answer),
                }
            }
            Msg::Ended { op } => {
                core.under_way.remove(&op);
                core.touch_subject(&op);
            }
            Msg::Body { op, began, there, order } => {
                let append = match core.order_body(txn, &op, began, there) {
                    Some((intent, part)) => core.append_order(txn, intent, part),
                    None => {
                        core.planned.remove(&op);
                        Order::Drop
                    }
                };
                answers.push(Answer::Order(order, append));
            }
            Msg::BodyProbed { intent, began, there } => core.take_body_probed(txn, intent, began, there),
            Msg::Written { op, intent, outcome } => core.take_written(txn, &op, intent, outcome),
            Msg::Probed { intent, began, found } => core.take_probed(txn, intent, began, found),
            Msg::Schemas { pair, began, schemas, known } => core.take_schemas(txn, &pair, began, schemas, known),
            Msg::People { side, people } => core.take_people(txn, side, people),
            Msg::Hint(hint) => core.take_hint(txn, &hint),
            Msg::Delivery(delivery) => core.take_delivery(txn, delivery),
            Msg::Sinks(sinks) => core.take_sinks(txn, sinks),
            Msg::Query { query, answer } => {
                if history::is_search(&query) || !core.prepare(&query) {
                    self.seeking.push(query, answer);
                } else if query.list == crate::control::List::Journal {
                    answers.push(Answer::Journal(answer, Box::new(query)));
                } else {
                    let window = core.window(&query);
                    answers.push(Answer::Window(answer, window));
                }
            }
            Msg::Command { who, command: Command::Undo { event, both }, answer } => {
                answers.push(Answer::Undo { to: answer, who, event, both });
            }
            Msg::Command { who, command, answer } => {
                let reply = core.command(txn, &who, command);
                answers.push(Answer::Reply(answer, reply));
            }
            // Whoever begins to look gets a fresh snapshot next.
            Msg::Look => {}
            Msg::Steps { answer } => answers.push(Answer::Steps(answer)),
            Msg::Permitted { answer } => answers.push(Answer::Permitted(answer)),
            Msg::Claims { lines, answer } => answers.push(Answer::Claims(lines, answer)),
        }
    }

    fn order(
        core: &mut Core,
        txn: &mut Txn,
        op: OpKey,
        began: Timestamp,
        found: Result<Vec<(crate::model::RecordId, crate::remote::Fetched)>, crate::remote::RemoteError>,
        order: oneshot::Sender<Order>,
    ) -> Answer {
        match core.order(txn, &op, began, found) {
            Some(intent) => {
                let send = core.sending_order(&op, &intent);
                core.memory.put_intent(txn, intent);
                Answer::Order(order, send)
            }
            None => {
                // Planned anew when its writer has ended; until then it is not due again.
                core.planned.remove(&op);
                Answer::Order(order, Order::Drop)
            }
        }
    }

    async fn answer(&mut self, answer: Answer) -> Result<(), EngineError> {
        // Whoever asked may be gone; that is their affair.
        match answer {
            Answer::Order(to, order) => drop(to.send(order)),
            Answer::Window(to, window) => drop(to.send(Ok(window))),
            Answer::Reply(to, reply) => drop(to.send(reply)),
            Answer::Journal(to, query) => {
                let window = history::journal(&mut self.core, &self.store, &query).await?;
                drop(to.send(Ok(window)));
            }
            Answer::Undo { to, who, event, both } => {
                let lines = self.store.journal(event, event.saturating_add(LATER)).await?;
                let (line, later) = match lines.split_first() {
                    Some((line, later)) if line.seq == event => (Some(line.clone()), later),
                    _ => (None, &[][..]),
                };
                let mut txn = Txn::default();
                let reply = self.core.undo(&mut txn, &who, event, both, line, later);
                self.commit(txn).await?;
                drop(to.send(reply));
            }
            Answer::Steps(to) => drop(to.send(self.core.steps())),
            Answer::Permitted(to) => drop(to.send(self.core.permitted())),
            Answer::Claims(lines, to) => {
                let mut claims = self.core.claims();
                claims.journal = self.store.journal(lines, u64::MAX).await?;
                drop(to.send(claims));
            }
        }
        Ok(())
    }
}
