//! Bugs that can be planted, to see whether they are found: what the auditor is worth.

use crate::engine::Flaw;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plant {
    /// A mistake inside the engine.
    Engine(Flaw),
    /// A mistake at its edges.
    Edge(Edge),
}

/// Mistakes at the edges: clients, pace, timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// Increments ask for what was edited after the cursor, and not a moment before.
    StrictCursor,
    /// `Retry-After` is obeyed for five seconds at most.
    RetryAfterCapped,
    /// Requests are sent as if twice as many were allowed.
    TwiceTheBudget,
    /// A long relation is cut, and nobody says so.
    TruncatedRelation,
    /// Creates carry no marker.
    UnmarkedCreate,
}

/// One bug: itself, its name, the first seed that finds it in six hours, and what it does.
type Row = (Plant, &'static str, u64, &'static str);

const fn engine(flaw: Flaw, name: &'static str, seed: u64, what: &'static str) -> Row {
    (Plant::Engine(flaw), name, seed, what)
}

const fn edge(edge: Edge, name: &'static str, seed: u64, what: &'static str) -> Row {
    (Plant::Edge(edge), name, seed, what)
}

/// Every bug.
const ROWS: [Row; 28] = [
    edge(Edge::StrictCursor, "strict-cursor", 2, "increments do not reach back behind the cursor"),
    engine(Flaw::ResendOnTimeOut, "resend-on-time-out", 19, "a create without an answer is sent again at once"),
    engine(Flaw::BaseFromReadBack, "base-from-read-back", 1, "what is read after a write becomes the base"),
    engine(Flaw::RefusedAsBase, "refused-as-base", 48, "a value that the side did not take becomes the base"),
    engine(Flaw::NoPreRead, "no-pre-read", 0, "the reading before a write is not looked at"),
    engine(Flaw::AuthorIsEcho, "author-is-echo", 0, "a record last edited by our account counts as an echo"),
    engine(Flaw::UnknownAsEmpty, "unknown-as-empty", 1, "a field that could not be read counts as empty"),
    engine(Flaw::MissingAsGone, "missing-as-gone", 8, "one 404 is enough for a deletion"),
    engine(Flaw::CursorBeforeStore, "cursor-before-store", 2, "the cursor moves before what was seen is stored"),
    engine(Flaw::TwoInFlight, "two-in-flight", 2, "a record is written while another write of it is out"),
    engine(Flaw::NewestOnFirstContact, "newest-on-first-contact", 0, "on first contact whoever edited last wins"),
    edge(Edge::TruncatedRelation, "truncated-relation", 1, "a relation that was cut counts as whole"),
    engine(Flaw::GuestsDropped, "guests-dropped", 9, "elements without a counterpart are left out of writes"),
    engine(Flaw::RebaselineAll, "rebaseline-all", 0, "reading a schema takes what both sides show as agreed"),
    engine(Flaw::NoMatchBeforeCreate, "no-match-before-create", 0, "a counterpart is created without asking for one"),
    engine(Flaw::CopyTrusted, "copy-trusted", 11, "a copy's marker moves the tie to the copy"),
    engine(Flaw::TombstoneDropped, "tombstone-dropped", 0, "nothing remembers that a tie has ended"),
    engine(Flaw::GuardIgnored, "guard-ignored", 7, "mass changes happen without a question"),
    engine(Flaw::OverrideReused, "override-reused", 374, "what was allowed once is allowed for ever"),
    edge(Edge::RetryAfterCapped, "retry-after-capped", 0, "`Retry-After` is obeyed for five seconds at most"),
    engine(Flaw::UndoPushedThrough, "undo-pushed-through", 4, "an undo overwrites what came after the write"),
    engine(
        Flaw::UnknownUpdateAtOnce,
        "unknown-update-at-once",
        5,
        "an update without an answer is planned again at once",
    ),
    engine(Flaw::SentForgotten, "sent-forgotten", 2, "after a start nobody asks what became of writes"),
    engine(Flaw::SendBeforeDurable, "send-before-durable", 0, "a request leaves before its intent is durable"),
    engine(Flaw::HeldWritten, "held-written", 0, "a held field is written all the same"),
    engine(
        Flaw::RelatedForgotten,
        "related-forgotten",
        157,
        "what mentions a record is not planned anew when that is tied or untied",
    ),
    edge(Edge::TwiceTheBudget, "twice-the-budget", 80, "twice as many requests are sent as are allowed"),
    edge(Edge::UnmarkedCreate, "unmarked-create", 95, "creates carry no marker"),
];

impl Plant {
    /// Every bug.
    pub fn all() -> impl Iterator<Item = Plant> {
        ROWS.iter().map(|row| row.0)
    }

    /// The bug of that name.
    pub fn named(name: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.0 == self)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.1)
    }

    /// The first seed that finds it in six hours.
    pub fn seed(self) -> u64 {
        self.row().map_or(0, |row| row.2)
    }

    /// What it does.
    pub fn what(self) -> &'static str {
        self.row().map_or("", |row| row.3)
    }

    /// The mistake to be made inside the engine.
    pub(super) fn flaw(self) -> Option<Flaw> {
        if let Plant::Engine(flaw) = self { Some(flaw) } else { None }
    }

    /// Whether it is this mistake at the edges.
    pub(super) fn is(self, edge: Edge) -> bool {
        self == Plant::Edge(edge)
    }
}
