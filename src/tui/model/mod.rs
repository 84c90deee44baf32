//! Everything the dashboard knows: the latest snapshot, a window of each list, the cursor, marks, popups and messages.
//!
//! Plain data, changed by `update` alone and drawn by `view`. Text of strangers enters through `edge` and nowhere else.
//! No clock, no terminal, no runtime.

mod awaited;
pub mod differ;
pub mod edge;
pub mod line;
pub mod listing;
mod messages;
mod spoken;
pub mod staged;
pub mod text;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};

use crate::control::{
    JournalRow, Looked, MappingView, OrphanRow, OwnerRow, PairState, PairStatus, QueueRow, RecordView, RelationRow,
    Snapshot,
};
use crate::model::{HoldId, PairName, TieId};

use super::action::Scope;
use super::keymap::{Facts, Key, Keymap};
use super::theme::Theme;
pub use awaited::{Awaited, Topic};
pub use edge::HoldItem;
pub use line::Line;
pub use listing::{Listing, Motion, Row};
pub use messages::{Effect, Msg, Typed, Waiting};
pub use spoken::{Spoken, Toast, Tone};
pub use staged::{Choice, Pick, Staged};

pub use super::popup::{Popup, PopupBody};

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Page {
    Overview,
    Conflicts,
    Orphans,
    Relations,
    Queue,
    Journal,
    Quarantine,
    Pairs,
    Health,
}

impl Page {
    /// All, in the order of their numbers.
    pub const ALL: [Page; 9] = [
        Page::Overview,
        Page::Conflicts,
        Page::Orphans,
        Page::Relations,
        Page::Queue,
        Page::Journal,
        Page::Quarantine,
        Page::Pairs,
        Page::Health,
    ];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Page::Overview => "Overview",
            Page::Conflicts => "Conflicts",
            Page::Orphans => "Orphans",
            Page::Relations => "Relations",
            Page::Queue => "Queue",
            Page::Journal => "Journal",
            Page::Quarantine => "Quarantine",
            Page::Pairs => "Pairs",
            Page::Health => "Health",
        }
    }

    /// The scopes of its keys, innermost first.
    pub fn scopes(self) -> &'static [Scope] {
        Scope::STACKS[self as usize]
    }
}

/// How far back the journal's page goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Span {
    #[default]
    All,
    Quarter,
    Hour,
    Day,
    Week,
    Month,
}

impl Span {
    /// The next one, round and round.
    pub fn next(self) -> Self {
        match self {
            Span::All => Span::Quarter,
            Span::Quarter => Span::Hour,
            Span::Hour => Span::Day,
            Span::Day => Span::Week,
            Span::Week => Span::Month,
            Span::Month => Span::All,
        }
    }

    /// Its name, and how many minutes it is; `None` for everything.
    pub fn of(self) -> Option<(&'static str, i64)> {
        match self {
            Span::All => None,
            Span::Quarter => Some(("last 15 minutes", 15)),
            Span::Hour => Some(("last hour", 60)),
            Span::Day => Some(("last 24 hours", 24 * 60)),
            Span::Week => Some(("last 7 days", 7 * 24 * 60)),
            Span::Month => Some(("last 30 days", 30 * 24 * 60)),
        }
    }
}

/// A record that is looked at closely.
#[derive(Debug, Clone, PartialEq)]
pub struct Closeup {
    /// Which.
    pub tie: TieId,
    /// Its fields on both sides; `None` before the answer, and where it is no tie any more.
    pub view: Option<RecordView>,
    /// What the journal says of it, newest first.
    pub story: Vec<JournalRow>,
    /// How far the journal was looked through for it, if not to its beginning.
    pub looked: Option<Looked>,
    /// It may have changed since it was asked for.
    pub stale: bool,
    /// When it was asked for, in milliseconds since the start.
    pub asked: u64,
}

/// The mapping of a pair that is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Which pair.
    pub pair: PairName,
    /// What it maps; `None` before the answer.
    pub view: Option<MappingView>,
    /// The pair as it was when that was asked for.
    pub of: (PairState, u64),
    /// When, in milliseconds since the start, and how new the snapshot was.
    pub asked: (u64, u64),
}

/// A display that stands still.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// Since when.
    pub since: Timestamp,
    /// The newest snapshot that came meanwhile.
    pub newest: Option<Arc<Snapshot>>,
}

/// Which way to the next row that waits for a pick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Course {
    Next,
    Previous,
}

/// Why a frame is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Dirty {
    /// It is not.
    #[default]
    No,
    /// Figures changed: four times a second is enough.
    Figures,
    /// The operator did something, or something they wait for came.
    Now,
}

/// Everything the dashboard knows.
#[derive(Debug, Clone)]
pub struct Model {
    /// What keys mean.
    pub keymap: Arc<Keymap>,
    /// How things look.
    pub theme: Theme,
    /// The operator.
    pub who: String,
    /// A line about what is running, for the overview.
    pub note: String,
    /// Where clock times are shown in.
    pub tz: TimeZone,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The time by the wall.
    pub now: Timestamp,
    /// Milliseconds since the start.
    pub ms: u64,
    /// The latest snapshot, sanitised; `None` before the first.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Why there will be no more snapshots.
    pub gone: Option<String>,
    /// An engine that has gone is looked for.
    pub returns: bool,
    /// The page.
    pub page: Page,
    /// The holds.
    pub holds: Listing<HoldItem>,
    /// What was picked and not committed.
    pub staged: Staged,
    /// The cursor is on its way to the next row that waits for a pick.
    pub advancing: Option<Course>,
    /// Holds whose values moved when a decision about them arrived.
    pub moved: Vec<HoldId>,
    /// The orphans.
    pub orphans: Listing<OrphanRow>,
    /// Those that were ignored are shown too.
    pub show_ignored: bool,
    /// Records that others can be linked to.
    pub owners: Listing<OwnerRow>,
    /// What is linked to one of them.
    pub relations: Listing<RelationRow>,
    /// To which.
    pub relations_of: Option<TieId>,
    /// The keys of the Relations page go to the links and not to the owners.
    pub on_links: bool,
    /// The queue.
    pub queue: Listing<QueueRow>,
    /// The journal.
    pub journal: Listing<JournalRow>,
    /// Records that were set aside.
    pub quarantine: Listing<HoldItem>,
    /// How far back the journal's page goes.
    pub span: Span,
    /// Only lines of the journal before this one are shown.
    pub before: Option<u64>,
    /// How far the journal was looked through for what is shown, if not all of it is there anyway.
    pub looked: Option<Looked>,
    /// The record that is looked at closely.
    pub closeup: Option<Closeup>,
    /// The record that the cursor rests on before it is looked at closely, and since when, in milliseconds since the start.
    pub rests: Option<(TieId, u64)>,
    /// The mapping of the pair that is looked at.
    pub mapping: Option<Mapping>,
    /// The overview's graphs show a day where there is no room for both.
    pub day: bool,
    /// The pair that was chosen on the overview, if one was.
    pub pair: Option<PairName>,
    /// The detail has the page.
    pub expanded: bool,
    /// The first line of the detail that is shown.
    pub detail_top: u16,
    /// The page's filter is being typed.
    pub typing: bool,
    /// Keys of a sequence that has not ended.
    pub prefix: Vec<Key>,
    /// What waits for the rows that it is about.
    pub ahead: VecDeque<Typed>,
    /// Popups, the innermost last.
    pub popups: Vec<Popup>,
    /// Messages, the newest last.
    pub toasts: Vec<Toast>,
    /// What was said so far, the newest last.
    pub spoken: VecDeque<Spoken>,
    /// Effects that are out, by number.
    pub waiting: BTreeMap<u64, Waiting>,
    /// Commits of which something is not written yet.
    pub expected: Vec<Awaited>,
    /// Nothing that changes either system leaves this dashboard.
    pub read_only: bool,
    /// It was started so and cannot be changed.
    pub locked: bool,
    /// The sync runs in this process: who leaves ends it.
    pub syncs: bool,
    /// The display stands still; what came meanwhile waits here.
    pub frozen: Option<Frozen>,
    /// Texts that were edited and not used.
    pub drafts: BTreeMap<HoldId, String>,
    /// Why a frame is due.
    pub dirty: Dirty,
    pub(super) next: u64,
    /// What of the screen depends on the time alone, as it was last looked at.
    pub(super) face: Vec<String>,
}

impl Model {
    /// A dashboard that has seen nothing yet.
    pub fn new(keymap: Arc<Keymap>, theme: Theme, who: &str, note: &str, tz: TimeZone) -> Self {
        Self {
            keymap,
            theme,
            who: text::sanitise(who),
            note: text::sanitise(note),
            tz,
            size: (80, 24),
            now: Timestamp::UNIX_EPOCH,
            ms: 0,
            snapshot: None,
            gone: None,
            returns: false,
            page: Page::Overview,
            holds: Listing::default(),
            staged: Staged::default(),
            advancing: None,
            moved: Vec::new(),
            orphans: Listing::default(),
            owners: Listing::default(),
            show_ignored: false,
            relations: Listing::default(),
            relations_of: None,
            on_links: false,
            queue: Listing::default(),
            journal: Listing::default(),
            quarantine: Listing::default(),
            span: Span::All,
            before: None,
            looked: None,
            closeup: None,
            rests: None,
            mapping: None,
            day: false,
            pair: None,
            expanded: false,
            detail_top: 0,
            typing: false,
            prefix: Vec::new(),
            ahead: VecDeque::new(),
            popups: Vec::new(),
            toasts: Vec::new(),
            spoken: VecDeque::new(),
            waiting: BTreeMap::new(),
            expected: Vec::new(),
            read_only: false,
            locked: false,
            syncs: false,
            frozen: None,
            drafts: BTreeMap::new(),
            dirty: Dirty::Now,
            next: 1,
            face: Vec::new(),
        }
    }

    /// The innermost popup.
    pub fn top(&self) -> Option<&PopupBody> {
        self.popups.last().map(|popup| &popup.body)
    }

    /// The scopes that a key is looked up in now, innermost first.
    pub fn scopes(&self) -> &'static [Scope] {
        match self.top() {
            Some(body) => body.scopes(),
            None if self.typing => &[Scope::Search],
            None => self.page.scopes(),
        }
    }

    /// What a condition of the keymap can ask for.
    pub fn facts(&self) -> Facts {
        let (marked, filtered) = match self.page {
            Page::Conflicts => (!self.holds.marks.is_empty(), !self.holds.filter.is_empty()),
            Page::Orphans => (!self.orphans.marks.is_empty(), !self.orphans.filter.is_empty()),
            Page::Relations if self.on_links => (false, !self.relations.filter.is_empty()),
            Page::Relations => (false, !self.owners.filter.is_empty()),
            Page::Queue => (false, !self.queue.filter.is_empty()),
            Page::Journal => (!self.journal.marks.is_empty(), !self.journal.filter.is_empty()),
            Page::Quarantine => (false, !self.quarantine.filter.is_empty()),
            Page::Overview | Page::Pairs | Page::Health => (false, false),
        };
        Facts {
            staged: !self.staged.is_empty(),
            marked,
            filtered,
            expanded: self.expanded,
            read_only: self.read_only,
            frozen: self.frozen.is_some(),
        }
    }

    /// The pair under the overview's cursor: at first the one that waits for the operator.
    pub fn pair(&self) -> Option<&PairStatus> {
        let pairs = &self.snapshot.as_ref()?.pairs;
        let waits = |pair: &&PairStatus| matches!(pair.state, PairState::Review { .. } | PairState::Guarded { .. });
        let chosen = pairs.iter().find(|pair| Some(&pair.name) == self.pair.as_ref());
        chosen.or_else(|| pairs.iter().find(waits)).or_else(|| pairs.first())
    }

    /// The pair that a decision about pairs of one state is meant for: the one under the cursor, or else the first.
    pub fn pair_in(&self, fits: fn(&PairState) -> bool) -> Option<&PairStatus> {
        let here = self.pair().filter(|pair| fits(&pair.state));
        here.or_else(|| self.snapshot.as_ref()?.pairs.iter().find(|pair| fits(&pair.state)))
    }

    /// Effects whose answer is still out.
    pub fn in_flight(&self) -> usize {
        self.waiting.len()
    }

    /// Makes a frame due.
    pub fn touch(&mut self, why: Dirty) {
        self.dirty = self.dirty.max(why);
    }

    pub(super) fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Shows a message for a while.
    pub fn toast(&mut self, tone: Tone, text: impl AsRef<str>) {
        // A plain one tells what a key did: the next key's takes its place.
        self.toast_about(if tone == Tone::Plain { Topic::Key } else { Topic::Other }, tone, text);
    }

    /// The same, in the place of older ones of its kind.
    pub fn toast_about(&mut self, topic: Topic, tone: Tone, text: impl AsRef<str>) {
        let until = self.ms + if tone == Tone::Plain { 5_000 } else { 8_000 };
        let text = text::one_line(text.as_ref(), " ").into_owned();
        self.speak(tone, &text);
        self.toasts.retain(|toast| toast.text != text && (topic == Topic::Other || toast.topic != topic));
        self.toasts.push(Toast { text, tone, topic, until });
        self.touch(Dirty::Now);
    }

    /// Remembers that something was said.
    pub(super) fn speak(&mut self, tone: Tone, text: &str) {
        spoken::remember(&mut self.spoken, self.now, tone, text);
    }
}
