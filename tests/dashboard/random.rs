//! Whatever is typed, in whatever order, on however small a screen, and whatever the engine answers, however late.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use crosstie::control::{Command, DeskError, List, PairState, Reply, Resolution, Rows, Window};
use crosstie::model::HoldId;
use crosstie::tui::keymap::{Code, Key, key::parse_sequence};
use crosstie::tui::model::{Effect, Listing, Model, Msg, PopupBody, Row, Waiting};
use crosstie::tui::popup::Popup;
use crosstie::tui::update::update;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::fixture::{Rig, World, at, full};

/// How the engine answers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Says {
    /// As it should.
    Well,
    /// Of a command: what it is about has moved, or this one of it.
    Moved(bool),
    /// Of a command: no.
    No,
    /// Of a query: with another list.
    Wrongly,
    /// Not at all.
    Nothing,
}

#[derive(Debug, Clone)]
enum Step {
    Key(Key),
    /// Keys that lead somewhere, one after the other.
    Keys(&'static str),
    Paste(String),
    Size(u16, u16),
    Wait(u64),
    Draw,
    /// One of the answers that are out comes, not always the oldest.
    Answer(usize, Says),
    /// Draws, waits, types the count that is demanded, or nearly, and says yes.
    Yes(bool),
    News,
    /// Rows come in another order.
    Shuffle(usize),
    /// A value moves, somebody else decides, or a record goes.
    Meddle(usize, u8),
    Gone,
}

/// Ways to whatever asks, and to what may not.
const WAYS: [&str; 28] = [
    "2 * m c w",
    "2 c w",
    "2 c c c w",
    "2 k k o o c w",
    "2 o o c w",
    "2 space space c w",
    "2 a n w",
    "2 G t",
    "2 * t",
    "2 U t",
    "2 x",
    "2 S",
    "2 / 7",
    "3 l enter",
    "3 +",
    "3 i",
    "3 * i",
    "4 x",
    "4 l enter",
    "4 + enter",
    "5 t",
    "5 b",
    "6 u",
    "7 t",
    "8 x",
    "1 a",
    "1 G o",
    "2 e ! ctrl-o",
];

fn steps() -> impl Strategy<Value = Step> {
    let keys = prop::sample::select(
        "fcnkyeaxltioqjkG1234567890/ rzUJ?wvubsSN*:pLm=+"
            .chars()
            .map(Key::char)
            .chain([
                Key::plain(Code::Enter),
                Key::plain(Code::Esc),
                Key::plain(Code::Tab),
                Key::plain(Code::Down),
                Key::plain(Code::Backspace),
                Key { ctrl: true, ..Key::char('o') },
                Key { ctrl: true, ..Key::char('r') },
            ])
            .collect::<Vec<_>>(),
    );
    let says = prop_oneof![
        8 => Just(Says::Well),
        4 => any::<bool>().prop_map(Says::Moved),
        1 => Just(Says::No),
        1 => Just(Says::Wrongly),
        1 => Just(Says::Nothing),
    ];
    prop_oneof![
        9 => keys.prop_map(Step::Key),
        8 => prop::sample::select(WAYS.to_vec()).prop_map(Step::Keys),
        1 => "[a-z\n\u{1b}]{0,5}".prop_map(Step::Paste),
        1 => (0_u16..4, 0_u16..4).prop_map(|(w, h)| Step::Size(w, h)),
        2 => prop::sample::select(vec![(80, 24), (60, 16), (100, 30), (200, 60)]).prop_map(|(w, h)| Step::Size(w, h)),
        3 => (0_u64..600).prop_map(Step::Wait),
        5 => Just(Step::Draw),
        16 => (0_usize..6, says).prop_map(|(which, says)| Step::Answer(which, says)),
        8 => prop::bool::weighted(0.8).prop_map(Step::Yes),
        2 => Just(Step::News),
        2 => (0_usize..40).prop_map(Step::Shuffle),
        3 => (0_usize..40, 0_u8..6).prop_map(|(which, how)| Step::Meddle(which, how)),
        1 => Just(Step::Gone),
    ]
}

fn world() -> World {
    let mut world = full();
    for n in 4..30 {
        let mut row = world.orphans[n % 3].clone();
        (row.record.id, row.title) = (format!("page-{n}").into(), format!("Orphan {n}"));
        world.orphans.push(row);
        let mut row = world.relations[n % 2].clone();
        (row.owner.crm, row.owner_title) = (format!("{n}0").into(), format!("Project {n}"));
        world.relations.push(row);
        let mut row = world.queue[0].clone();
        row.state = if n % 2 == 0 { crosstie::control::QueueState::Ready } else { row.state };
        (row.record, row.title) = (format!("page-{n}").into(), format!("Deal {n}"));
        world.queue.push(row);
    }
    for row in &mut world.holds[20..30] {
        (row.why, row.decidable) = ("refused".into(), false);
    }
    for row in &mut world.holds[30..33] {
        (row.why, row.decidable) = ("deleted".into(), false);
    }
    world
}

/// What was reached, so that a test that reaches nothing cannot pass for one that proves something.
#[derive(Default)]
struct Reached {
    told: AtomicUsize,
    demanded: AtomicUsize,
    several: AtomicUsize,
    sent_again: AtomicUsize,
    without_question: AtomicUsize,
    notices: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

struct Run<'r> {
    rig: Rig,
    /// Effects that are out, each with the answer as it was when it was asked.
    out: Vec<(Effect, Option<Window>)>,
    /// Everything that was ever confirmed.
    confirmed: Vec<Resolution>,
    tags: BTreeSet<u64>,
    reached: &'r Reached,
}

/// The records under the cursors.
#[derive(Debug, Clone, PartialEq)]
struct Cursors {
    holds: Option<String>,
    orphans: Option<String>,
    relations: Option<String>,
    queue: Option<String>,
    quarantine: Option<String>,
}

fn on<R: Row>(list: &Listing<R>) -> Option<String> {
    list.on.as_ref().map(|id| format!("{id:?}"))
}

fn cursors(model: &Model) -> Cursors {
    Cursors {
        holds: on(&model.holds),
        orphans: on(&model.orphans),
        relations: on(&model.relations),
        queue: on(&model.queue),
        quarantine: on(&model.quarantine),
    }
}

/// Whether rows have this record among them.
fn has<R: Row>(rows: &[R], id: &str) -> bool {
    rows.iter().any(|row| format!("{:?}", row.id()) == id)
}

fn ids_of(rows: &Rows) -> Vec<String> {
    match rows {
        Rows::Holds(rows) => rows.iter().map(|row| format!("{:?}", row.id)).collect(),
        Rows::Orphans(rows) => rows.iter().map(|row| format!("{:?}", row.id())).collect(),
        Rows::Relations(rows) => rows.iter().map(|row| format!("{:?}", row.id())).collect(),
        Rows::Queue(rows) => rows.iter().map(|row| format!("{:?}", row.id())).collect(),
        _ => Vec::new(),
    }
}

fn sound<R: Row>(list: &Listing<R>, name: &str) -> Result<(), TestCaseError> {
    if let Some(current) = list.current() {
        prop_assert_eq!(list.on.as_ref(), Some(&current.id()), "{}", name);
    }
    prop_assert!(list.at == 0 || list.at < list.total.unwrap_or(0), "{}: {} of {:?}", name, list.at, list.total);
    let here = on(list).is_none_or(|id| list.row(list.at).is_none() || has(&list.rows, &id));
    prop_assert!(here, "{}: the cursor is on {:?}", name, list.on);
    Ok(())
}

/// Whether a dry run waits for what the engine says.
fn is_asking(body: &PopupBody) -> bool {
    matches!(body, PopupBody::Confirm(confirm) if confirm.foresight.as_ref().is_some_and(|it| it.left > 0))
}

impl Run<'_> {
    /// Sends one message and looks at everything that came of it.
    fn send(&mut self, msg: Msg) -> Result<(), TestCaseError> {
        let ms = self.rig.ms;
        let mut effects = update(&mut self.rig.model, Msg::Tick { now: at(0), ms });
        for effect in &effects {
            prop_assert!(matches!(effect, Effect::Query { .. }), "time alone does nothing: {:?}", effect);
        }
        let model = &self.rig.model;
        let (popup, page) = (model.popups.last().cloned(), model.page);
        let before = cursors(model);
        let staged: Vec<HoldId> = model.staged.picks().map(|pick| pick.item.row.id.clone()).collect();
        let (is_key, is_reply) = (matches!(msg, Msg::Key(_)), matches!(msg, Msg::Reply { .. }));
        // What the operator waits for may lead them on: a pick for a whole record, the next row that was not here yet.
        let leads = model.advancing.is_some()
            || matches!(&msg, Msg::Answer { tag, .. } if matches!(
                model.waiting.get(tag),
                Some(Waiting::Record { .. } | Waiting::Typed { .. } | Waiting::Picker(_))
            ));
        let came = match &msg {
            Msg::Answer { result: Ok(window), .. } => Some(ids_of(&window.rows)),
            Msg::Answer { .. } => Some(Vec::new()),
            _ => None,
        };
        let failed = matches!(&msg, Msg::Answer { result: Err(_), .. });
        let moved =
            if let Msg::Reply { result: Ok(Reply::Changed { ids, .. }), .. } = &msg { ids.clone() } else { Vec::new() };
        let unread = popup.as_ref().filter(|top| matches!(top.body, PopupBody::Notice(_)) && !top.armed(ms));
        let unread = unread.map(|top| top.serial);
        let left = is_key && matches!(&msg, Msg::Key(key) if *key == Key::HARD_EXIT);
        effects.extend(update(&mut self.rig.model, msg));
        self.look_at_commands(&effects, popup.as_ref(), is_key, is_reply, &moved)?;
        let model = &self.rig.model;
        if let Some(serial) = unread.filter(|_| is_key && !left) {
            count(&self.reached.notices);
            prop_assert!(
                model.popups.iter().any(|popup| popup.serial == serial),
                "closed before it can have been read"
            );
        }
        if !is_key && !leads && !is_reply {
            let after = cursors(model);
            for (was, is) in [
                (&before.holds, &after.holds),
                (&before.orphans, &after.orphans),
                (&before.relations, &after.relations),
                (&before.queue, &after.queue),
                (&before.quarantine, &after.quarantine),
            ] {
                let Some(id) = was else { continue };
                // Rows alone may say that it is gone.
                let stays = came.as_ref().is_none_or(|ids| failed || ids.contains(id));
                prop_assert!(!stays || is.as_ref() == Some(id), "news moved the cursor from {} to {:?}", id, is);
            }
            prop_assert_eq!(page, model.page);
        }
        for pick in model.staged.picks().filter(|pick| !staged.contains(&pick.item.row.id)) {
            prop_assert!(pick.item.row.decidable, "{:?} cannot be decided", pick.item.row.id);
        }
        sound(&model.holds, "conflicts")?;
        sound(&model.orphans, "orphans")?;
        sound(&model.relations, "relations")?;
        sound(&model.queue, "queue")?;
        sound(&model.quarantine, "quarantine")?;
        sound(&model.journal, "journal")?;
        for effect in effects {
            match &effect {
                Effect::Query { tag, query } => {
                    prop_assert!(self.tags.insert(*tag), "a number was used twice");
                    let now = self.rig.world.answer(query);
                    self.out.push((effect, Some(now)));
                }
                Effect::Command { tag, .. } => {
                    prop_assert!(self.tags.insert(*tag), "a number was used twice");
                    self.out.push((effect, None));
                }
                Effect::Quit | Effect::Redraw | Effect::Copy(_) | Effect::Suspend => {}
            }
        }
        prop_assert_eq!(self.out.len(), self.rig.model.waiting.len(), "everything that is out is waited for");
        Ok(())
    }

    /// Whatever would change either system was asked about, on screen and long enough, and answered with the count typed.
    fn look_at_commands(
        &mut self,
        effects: &[Effect],
        popup: Option<&Popup>,
        is_key: bool,
        is_reply: bool,
        moved: &[HoldId],
    ) -> Result<(), TestCaseError> {
        let commands = effects.iter().filter_map(|effect| match effect {
            Effect::Command { command, .. } if *command != Command::Refresh => Some(command.clone()),
            _ => None,
        });
        let commands: Vec<Command> = commands.collect();
        if commands.is_empty() {
            return Ok(());
        }
        let model = &self.rig.model;
        prop_assert!(!model.read_only, "read-only: {:?}", commands);
        // What was confirmed goes on whatever became of the screen since.
        prop_assert!(is_reply || model.size.0 >= 60 && model.size.1 >= 16, "nothing could be seen: {:?}", commands);
        count(&self.reached.told);
        if is_reply {
            // The rest of what was confirmed, because some of it has moved.
            prop_assert!(!moved.is_empty() && commands.len() == 1, "{:?}", commands);
            let Command::Resolve { items } = &commands[0] else { panic!("{commands:?} without a question") };
            for item in items {
                prop_assert!(self.confirmed.contains(item) && !moved.contains(item.id()), "{:?}", item);
            }
            count(&self.reached.sent_again);
            return Ok(());
        }
        prop_assert!(is_key, "only a key answers: {:?}", commands);
        let of_deleted = |id: &HoldId| {
            let row = self.rig.model.holds.rows.iter().find(|item| item.row.id == *id);
            row.is_some_and(|item| item.row.why == "deleted")
        };
        let confirm = match popup.map(|popup| &popup.body) {
            Some(PopupBody::Confirm(confirm)) => confirm,
            _ => {
                // What was about to be written anyway may be tried again at once, but not by the dozen.
                let retries = commands.iter().all(|it| matches!(it, Command::Retry { id } if !of_deleted(id)));
                // The quarantine asks about one at a time.
                prop_assert!(retries || commands.len() == 1 && model.page == crosstie::tui::model::Page::Quarantine);
                prop_assert!(commands.len() <= 20, "much wants its count typed: {:?}", commands);
                prop_assert!(
                    commands.iter().all(|it| matches!(it, Command::Retry { .. })),
                    "{:?} without a question",
                    commands
                );
                count(&self.reached.without_question);
                return Ok(());
            }
        };
        let popup = popup.unwrap();
        prop_assert!(popup.drawn.is_some_and(|drawn| self.rig.ms >= drawn + 300), "it was on screen");
        prop_assert!(confirm.foresight.as_ref().is_none_or(|it| it.left == 0), "the engine had said everything");
        prop_assert!(commands == confirm.commands, "it does what it said, and all of it");
        prop_assert!(confirm.demand.as_ref().is_none_or(|demand| demand.is_met()), "the count was typed");
        let much: usize =
            commands.iter().map(|it| if let Command::Resolve { items } = it { items.len() } else { 1 }).sum();
        let last = commands.iter().any(|it| match it {
            Command::CreateCounterpart { .. } | Command::Approve { .. } | Command::Override { .. } => true,
            Command::Retry { id } => of_deleted(id),
            _ => false,
        });
        prop_assert!(confirm.demand.is_some() || much <= 20 && !last, "it wants its count typed: {:?}", commands);
        for command in &commands {
            let bound = match command {
                Command::Link { shown, .. } | Command::Relate { shown, .. } => shown.is_some(),
                Command::CreateCounterpart { shown, .. } | Command::IgnoreOrphan { shown, .. } => shown.is_some(),
                Command::Resolve { items } => {
                    self.confirmed.extend(items.iter().cloned());
                    true
                }
                _ => true,
            };
            prop_assert!(bound, "bound to what was shown: {:?}", command);
        }
        if confirm.demand.is_some() {
            count(&self.reached.demanded);
        }
        if much > 1 {
            count(&self.reached.several);
        }
        Ok(())
    }

    fn draw(&mut self) -> Result<(), TestCaseError> {
        self.rig.buffer();
        let popup = self.rig.model.popups.last().map(|popup| popup.serial);
        self.send(Msg::Drawn { popup })
    }

    fn answer(&mut self, which: usize, says: Says) -> Result<(), TestCaseError> {
        if self.out.is_empty() {
            return Ok(());
        }
        // What can be said of commands alone is said of one, if one is out.
        let told = self.out.iter().position(|(effect, _)| matches!(effect, Effect::Command { .. }));
        let told = told.filter(|_| matches!(says, Says::Moved(_) | Says::No));
        let (effect, asked) = self.out.remove(told.unwrap_or(which % self.out.len()));
        let gone = || DeskError::Gone("the socket was closed".into());
        match effect {
            Effect::Query { tag, query } => {
                let result = match says {
                    Says::Nothing => Err(gone()),
                    Says::Wrongly => {
                        let other = if query.list == List::Queue { List::Journal } else { List::Queue };
                        Ok(self.rig.world.answer(&crosstie::control::Query { list: other, ..query }))
                    }
                    // As it is now, or as it was when it was asked.
                    Says::Well => Ok(self.rig.world.answer(&query)),
                    _ => Ok(asked.unwrap_or_else(|| self.rig.world.answer(&query))),
                };
                self.send(Msg::Answer { tag, result })
            }
            Effect::Command { tag, command } => {
                let ids: Vec<HoldId> = match &command {
                    Command::Resolve { items } => items.iter().map(|item| item.id().clone()).collect(),
                    _ => Vec::new(),
                };
                let note = || "changed since you looked".to_owned();
                let result = match says {
                    Says::Moved(false) => Ok(Reply::Changed { ids, note: note() }),
                    Says::Moved(true) => Ok(Reply::Changed { ids: ids.into_iter().take(1).collect(), note: note() }),
                    Says::No => Ok(Reply::Refused { why: "it cannot be written\nfor a reason".into() }),
                    Says::Nothing => Err(gone()),
                    _ => Ok(self.rig.world.tell("anna", command)),
                };
                self.send(Msg::Reply { tag, result })
            }
            _ => Ok(()),
        }
    }

    fn meddle(&mut self, which: usize, how: u8) -> Result<(), TestCaseError> {
        let world = &mut self.rig.world;
        let place = which % world.holds.len().max(1);
        if let Some(row) = world.holds.get_mut(place) {
            match how {
                0 | 1 => (row.crm.text, row.crm.digest) = (format!("moved {which}"), format!("moved {which}")),
                2 => row.decided = Some("forced by berta".into()),
                3 => row.title.push_str(" again"),
                4 => drop(world.holds.remove(place)),
                _ => {
                    let state = &mut world.snapshot.pairs[1].state;
                    if let PairState::Review { sure, .. } = state {
                        *sure += 1;
                    }
                }
            }
        }
        if !world.orphans.is_empty() && how >= 4 {
            let place = which % world.orphans.len();
            world.orphans.remove(place);
        }
        self.news()
    }

    fn news(&mut self) -> Result<(), TestCaseError> {
        self.rig.world.snapshot.version += 1;
        let snapshot = std::sync::Arc::new(self.rig.world.snapshot.clone());
        self.send(Msg::Snapshot(snapshot))
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Key(key) => self.send(Msg::Key(key)),
            Step::Keys(keys) => {
                // Mostly from a page with nothing over it: elsewhere they are other keys.
                for _ in 0..if self.rig.ms % 4 == 3 { 0 } else { 3 } {
                    if self.rig.model.popups.is_empty() && !self.rig.model.typing {
                        break;
                    }
                    self.draw()?;
                    self.rig.ms += 301;
                    self.send(Msg::Key(Key::plain(Code::Esc)))?;
                }
                for key in parse_sequence(keys).unwrap() {
                    self.send(Msg::Key(key))?;
                    // Now and then the answer is here before the next key.
                    if !self.out.is_empty() && !self.rig.ms.is_multiple_of(3) {
                        self.answer(0, Says::Well)?;
                    }
                }
                Ok(())
            }
            Step::Paste(text) => self.send(Msg::Paste(text)),
            Step::Size(width, height) => self.send(Msg::Resize(width, height)),
            Step::Wait(ms) => {
                self.rig.ms += ms;
                let ms = self.rig.ms;
                self.send(Msg::Tick { now: at(0), ms })
            }
            Step::Draw => self.draw(),
            Step::Answer(which, says) => self.answer(which, says),
            Step::Yes(exactly) => {
                // Half of the time the engine says what it is asked for first.
                while self.rig.ms.is_multiple_of(2)
                    && self.rig.model.top().is_some_and(is_asking)
                    && !self.out.is_empty()
                {
                    self.answer(0, Says::Well)?;
                }
                self.draw()?;
                self.rig.ms += 400;
                let wanted = match self.rig.model.top() {
                    Some(PopupBody::Confirm(confirm)) => confirm.demand.as_ref().map(|demand| demand.wanted.clone()),
                    _ => None,
                };
                let wanted = wanted.map(|wanted| if exactly { wanted } else { format!("{wanted}0") });
                for digit in wanted.unwrap_or_default().chars() {
                    self.send(Msg::Key(Key::char(digit)))?;
                }
                self.send(Msg::Key(Key::char('y')))
            }
            Step::News => self.news(),
            Step::Shuffle(by) => {
                let world = &mut self.rig.world;
                let len = world.holds.len().max(1);
                world.holds.rotate_left(by % len);
                let len = world.orphans.len().max(1);
                world.orphans.rotate_left(by % len);
                let len = world.relations.len().max(1);
                world.relations.rotate_left(by % len);
                let len = world.queue.len().max(1);
                world.queue.rotate_left(by % len);
                self.news()
            }
            Step::Meddle(which, how) => self.meddle(which, how),
            Step::Gone => self.send(Msg::Gone("the engine\nhas stopped".into())),
        }
    }
}

#[test]
fn nothing_is_decided_without_a_question_that_was_on_screen_and_armed() {
    let reached = Reached::default();
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let ran = runner.run(&prop::collection::vec(steps(), 1..120), |steps| {
        let rig = Rig::new((80, 24), world());
        let mut run = Run { rig, out: Vec::new(), confirmed: Vec::new(), tags: BTreeSet::new(), reached: &reached };
        for step in steps {
            run.step(step)?;
        }
        run.rig.buffer();
        // Whatever is still out comes at last, and nothing stays waited for.
        while !run.out.is_empty() {
            run.answer(0, Says::Well)?;
            run.rig.ms += 1_000;
            prop_assert!(run.tags.len() < 100_000, "it asks for ever");
        }
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
    let got = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let met = [&reached.told, &reached.demanded, &reached.several, &reached.sent_again, &reached.without_question];
    let met = met.map(got);
    assert!(met.iter().all(|met| *met >= 3), "too little was met to prove anything: {met:?}");
    assert!(got(&reached.notices) >= 3, "keys met {} notices that were just opened", got(&reached.notices));
}

/// How many such evenings: as many as a few seconds hold.
const CASES: u32 = 200;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_size_breaks_any_page(width in 0_u16..260, height in 0_u16..80, page in "[1-9]", extra in "(enter|f|e|\\?|l|c w|:|v)?") {
        let mut rig = Rig::new((80, 24), full());
        rig.keys(&page);
        if !extra.is_empty() {
            rig.keys(&extra);
        }
        rig.send(Msg::Resize(width, height));
        prop_assert_eq!(rig.buffer().area.width, width);
    }
}
