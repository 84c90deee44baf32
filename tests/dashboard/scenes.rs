//! Everything an operator can see, and the keys that lead there.

use crosstie::control::{Breaker, HoldRow, Link, PairState, Reply, Snapshot};
use crosstie::model::Kind;
use crosstie::tui::model::Msg;
use crosstie::tui::theme::Theme;

use crate::fixture::{Rig, World, at, full, hold, set_aside};

/// The sizes at which everything is looked at.
const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];

/// The sizes that are too small for anything: each by a line, a column, or both.
const TOO_SMALL: [(u16, u16); 3] = [(59, 15), (60, 15), (59, 16)];

/// Something to look at.
pub struct Scene {
    /// What it is called: the beginning of its files' names.
    pub name: &'static str,
    /// Where it is looked at.
    pub sizes: &'static [(u16, u16)],
    /// What is special about the world.
    world: fn(&mut World),
    /// The keys that are typed.
    keys: &'static str,
    /// What happens then.
    then: fn(&mut Rig),
    /// Whether the message at the foot is a part of it. Messages go by themselves.
    told: bool,
}

impl Scene {
    const fn of(name: &'static str, keys: &'static str) -> Self {
        Self { name, sizes: &SIZES, world: |_| {}, keys, then: |_| {}, told: false }
    }

    /// A dashboard that shows it.
    pub fn rig(&self, size: (u16, u16), theme: Theme) -> Rig {
        let mut world = full();
        (self.world)(&mut world);
        let mut rig = Rig::themed(size, world, theme);
        rig.keys(self.keys);
        (self.then)(&mut rig);
        if !self.told {
            rig.model.toasts.clear();
        }
        rig
    }
}

/// All of them: the pages, what lies over them, and what they look like when something is wrong.
pub fn scenes() -> Vec<Scene> {
    let mut all = pages();
    all.extend(boxes());
    all.extend(states());
    all
}

fn pages() -> Vec<Scene> {
    vec![
        Scene::of("overview", "1"),
        Scene::of("conflicts", "2 c o space"),
        Scene { world: differ, ..Scene::of("differences", "2") },
        Scene::of("closeup", "2 enter"),
        Scene::of("orphans", "3"),
        Scene::of("ignored", "3 I G"),
        Scene::of("relations", "4"),
        Scene::of("links", "4 right down"),
        Scene::of("queue", "5"),
        Scene::of("journal", "6"),
        Scene::of("marked", "6 j space j v j j"),
        Scene { world: aside, ..Scene::of("quarantine", "7 j") },
        Scene::of("pairs", "8"),
        Scene::of("health", "9"),
    ]
}

fn boxes() -> Vec<Scene> {
    vec![
        Scene::of("commit", "2 c o w"),
        Scene { world: refuses, ..Scene::of("refusals", "2 c c c w") },
        Scene::of("approval", "1 a 1"),
        Scene::of("undo", "6 u"),
        Scene {
            world: merges,
            then: |rig| rig.send(Msg::Paste(" and\nthereabouts".into())),
            ..Scene::of("editor", "2 e")
        },
        Scene { world: offers, ..Scene::of("editor-options", "2 e") },
        Scene::of("picker", "3 l"),
        Scene::of("picker-owner", "4 +"),
        Scene::of("picker-search", "4 l T a k"),
        Scene::of("roles", "4 l enter"),
        Scene::of("which-key", "2 f"),
        Scene::of("palette", "2 :"),
        Scene::of("palette-search", "2 : t a k e"),
        Scene::of("help", "2 ?"),
        Scene::of("help-search", "2 ? / m a r k"),
        Scene { world: refused, ..Scene::of("notice", "2 c w y") },
    ]
}

fn states() -> Vec<Scene> {
    vec![
        Scene { told: true, ..Scene::of("toast", "2 G f c") },
        Scene { told: true, ..Scene::of("toast-good", "2 c w y") },
        Scene::of("filter", "2 / n a m"),
        Scene::of("filtered", "2 / n a m e enter"),
        Scene::of("read-only", "2 L"),
        Scene { then: |rig| (rig.model.read_only, rig.model.locked) = (true, true), ..Scene::of("locked", "1") },
        Scene { then: stands_still, ..Scene::of("frozen", "2 p") },
        Scene { world: |world| world.snapshot.at = at(-200), ..Scene::of("old", "2") },
        Scene { then: gone, ..Scene::of("not-live", "1") },
        Scene { then: gone, ..Scene::of("not-live-conflicts", "2") },
        Scene { then: lost, ..Scene::of("looked-for", "1") },
        Scene { world: trouble, ..Scene::of("trouble", "1") },
        Scene { world: trouble, ..Scene::of("trouble-health", "9") },
        Scene { world: empty, ..Scene::of("nothing", "1") },
        Scene { world: empty, ..Scene::of("nothing-held", "2") },
        Scene { world: |world| world.snapshot = Snapshot::default(), ..Scene::of("first-look", "1") },
        Scene { sizes: &TOO_SMALL, ..Scene::of("too-small", "2") },
    ]
}

/// Words that differ, on either side and on both.
fn differ(world: &mut World) {
    let row = &mut world.holds[0];
    if let Some(base) = &mut row.base {
        base.text = "wants 100 EUR soon".into();
    }
    row.crm.text = "wants 900 EUR soon".into();
    row.notion.text = "wants 100 EUR never".into();
}

/// Two more records that were set aside, each for a reason of another kind.
fn aside(world: &mut World) {
    world.holds.push(set_aside("79", "the value is longer than 2000 characters"));
    world.holds.push(HoldRow { means: "the entity is gone for good".into(), ..set_aside("80", "Not found") });
    (world.snapshot.holds, world.snapshot.quarantined) = (4, 3);
}

/// Some of what was picked cannot be written, and the rest waits.
fn refuses(world: &mut World) {
    let id = world.holds[1].id.clone();
    world.refuses.insert(id, "the field goes one way only; Notion cannot be written".into());
    world.waits = "until deals is resumed, paused by berta".into();
}

/// Values of several lines.
fn merges(world: &mut World) {
    world.holds[0] = hold("1", "NAME", "Ada Lovelace", "Ada King\nCountess of Lovelace");
}

/// A field that takes one of a few options.
fn offers(world: &mut World) {
    let row = &mut world.holds[0];
    row.kind = Some(Kind::Select);
    row.options = ["New", "In progress", "Won", "Lost"].map(Into::into).to_vec();
}

/// What is told next is refused, and why.
fn refused(world: &mut World) {
    let why = "The token cannot write.\nShare the page with the integration, or give its token the right to update.";
    world.says = Some(Reply::Refused { why: why.into() });
}

/// News come while the display stands still.
fn stands_still(rig: &mut Rig) {
    rig.world.snapshot.conflicts = 7;
    rig.world.holds.truncate(7);
    rig.refresh();
}

fn gone(rig: &mut Rig) {
    rig.send(Msg::Gone("the engine is gone; this is the last it said".into()));
}

/// It is looked for.
fn lost(rig: &mut Rig) {
    rig.model.returns = true;
    rig.send(Msg::Gone("the engine does not answer; it is looked for, and this is the last it said".into()));
}

/// Everything that can be wrong at once.
fn trouble(world: &mut World) {
    let snapshot = &mut world.snapshot;
    snapshot.sides.notion.link = Link::Down { why: "the token was refused: make a new one".into() };
    snapshot.sides.notion.breaker = Breaker::Open { until: at(60) };
    snapshot.sides.notion.last_answer = Some(at(-720));
    snapshot.sides.crm.link = Link::Troubled { why: "502 Bad Gateway".into() };
    snapshot.pairs[0].state = PairState::Stopped { why: "Status is no select any more".into() };
    snapshot.pairs[1].paused = Some("by anna since 11:48".into());
    (snapshot.pairs[2].drift, snapshot.possibly_overwritten) = (3, 2);
}

/// Nothing has ever happened.
fn empty(world: &mut World) {
    world.snapshot = Snapshot { version: 1, at: at(0), ..Snapshot::default() };
    world.holds.clear();
}
