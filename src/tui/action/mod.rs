//! Everything an operator can do, in one registry: footer, help, which-key box, keymap files and documentation all read
//! it, so none of them can say something else. Ids are public: people write them in their keymap files.
//!
//! Nothing here does anything; `update` does.

mod further;
mod make;
mod registry;
mod why;

use std::fmt;

pub use registry::REGISTRY;

use super::model::Model;

/// Where a key means something. The innermost scope that knows a key wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Scope {
    Global,
    List,
    Overview,
    Conflicts,
    Orphans,
    Relations,
    Queue,
    Journal,
    Quarantine,
    Pairs,
    Health,
    Confirm,
    Edit,
    Search,
    Help,
}

impl Scope {
    /// Every scope, in the order of the help.
    pub const ALL: [Scope; 15] = [
        Scope::Global,
        Scope::List,
        Scope::Overview,
        Scope::Conflicts,
        Scope::Orphans,
        Scope::Relations,
        Scope::Queue,
        Scope::Journal,
        Scope::Quarantine,
        Scope::Pairs,
        Scope::Health,
        Scope::Confirm,
        Scope::Edit,
        Scope::Search,
        Scope::Help,
    ];

    /// The scopes that are asked together for one key, innermost first.
    pub const STACKS: [&'static [Scope]; 13] = [
        &[Scope::Overview, Scope::List, Scope::Global],
        &[Scope::Conflicts, Scope::List, Scope::Global],
        &[Scope::Orphans, Scope::List, Scope::Global],
        &[Scope::Relations, Scope::List, Scope::Global],
        &[Scope::Queue, Scope::List, Scope::Global],
        &[Scope::Journal, Scope::List, Scope::Global],
        &[Scope::Quarantine, Scope::List, Scope::Global],
        &[Scope::Pairs, Scope::Overview, Scope::List, Scope::Global],
        &[Scope::Health, Scope::List, Scope::Global],
        &[Scope::Confirm],
        &[Scope::Edit],
        &[Scope::Search],
        &[Scope::Help],
    ];

    /// The table's name in a keymap file.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Global => "global",
            Scope::List => "list",
            Scope::Overview => "overview",
            Scope::Conflicts => "conflicts",
            Scope::Orphans => "orphans",
            Scope::Relations => "relations",
            Scope::Queue => "queue",
            Scope::Journal => "journal",
            Scope::Quarantine => "quarantine",
            Scope::Pairs => "pairs",
            Scope::Health => "health",
            Scope::Confirm => "confirm",
            Scope::Edit => "edit",
            Scope::Search => "search",
            Scope::Help => "help",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// Whether it is the scope of a popup, not of a page.
    pub fn is_of_popups(self) -> bool {
        matches!(self, Scope::Confirm | Scope::Edit | Scope::Search | Scope::Help)
    }

    /// Whether plain letters are text here.
    pub fn takes_text(self) -> bool {
        matches!(self, Scope::Edit | Scope::Search)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an action can do to the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Looks, moves, or asks the engine to look again.
    Free,
    /// Picks something in this dashboard alone; can be taken back, and nothing leaves.
    Local,
    /// Makes the engine try again what it was about to do anyway.
    Acts,
    /// Leads to a popup that says what will happen, whose default is to do nothing.
    Asks,
    /// The same, for something that we cannot take back.
    Final,
}

/// One action.
#[derive(Debug)]
pub struct Spec {
    /// Which.
    pub action: Action,
    /// Its public name: `conflicts.force_crm`.
    pub id: &'static str,
    /// Two or three words, for the footer.
    pub title: &'static str,
    /// One sentence, for the help.
    pub doc: &'static str,
    /// Where it can be bound.
    pub scope: Scope,
    /// What it can do.
    pub risk: Risk,
    /// Whether the footer offers it, before keys that everybody guesses.
    pub footer: bool,
    /// Why it cannot be done now, for a person; `None` if it can.
    pub why_disabled: fn(&Model) -> Option<String>,
}

impl Action {
    /// Its entry in the registry.
    pub fn spec(self) -> &'static Spec {
        // The registry's test proves that every action has one entry and that it stands at its own number.
        REGISTRY[self as usize]
    }

    /// The action of that id.
    pub fn parse(id: &str) -> Option<Self> {
        REGISTRY.iter().find(|spec| spec.id == id).map(|spec| spec.action)
    }
}

/// What can be done. The order is the registry's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Action {
    Quit,
    Help,
    Palette,
    Back,
    Freeze,
    ReadOnly,
    Refresh,
    Redraw,
    Suspend,
    Theme,
    Messages,
    PageOverview,
    PageConflicts,
    PageOrphans,
    PageRelations,
    PageQueue,
    PageJournal,
    PageQuarantine,
    PagePairs,
    PageHealth,
    PageNext,
    PagePrevious,
    Down,
    Up,
    HalfDown,
    HalfUp,
    ScreenDown,
    ScreenUp,
    Top,
    Bottom,
    Filter,
    Open,
    DetailDown,
    DetailUp,
    NextMatch,
    PreviousMatch,
    Order,
    Mark,
    Range,
    MarkAll,
    Unmark,
    Copy,
    Approve,
    Override,
    Span,
    ForceCrm,
    ForceNotion,
    KeepBase,
    Keep,
    Edit,
    EditNotions,
    Skip,
    SkipBack,
    RuleCrm,
    RuleNotion,
    RuleBase,
    RuleKeep,
    RecordCrm,
    RecordNotion,
    RecordKeep,
    Unpick,
    UnpickRow,
    Repick,
    Commit,
    Retry,
    OrphanLink,
    OrphanCreate,
    OrphanIgnore,
    OrphanShowIgnored,
    OrphanUnignore,
    Unlink,
    LinkMore,
    LinkNew,
    ChangeRole,
    ToLinks,
    ToOwners,
    Hasten,
    Park,
    QueueConflicts,
    JournalUndo,
    JournalUndoBoth,
    JournalSpan,
    JournalBack,
    JournalRecord,
    QuarantineRetry,
    Pause,
    Resume,
    ConfirmCancel,
    ConfirmYes,
    ConfirmSwitch,
    ConfirmPress,
    ConfirmDown,
    ConfirmUp,
    ConfirmScreenDown,
    ConfirmScreenUp,
    ConfirmTop,
    ConfirmBottom,
    EditUse,
    EditCancel,
    EditCrm,
    EditNotion,
    EditBase,
    EditInsertCrm,
    EditInsertNotion,
    EditOption,
    SearchAccept,
    SearchCancel,
    SearchDown,
    SearchUp,
    SearchClear,
    SearchSource,
    HelpClose,
    HelpDown,
    HelpUp,
    HelpScreenDown,
    HelpScreenUp,
    HelpTop,
    HelpBottom,
    HelpSearch,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entry_stands_at_the_number_of_its_action() {
        for (place, spec) in REGISTRY.iter().enumerate() {
            assert_eq!(spec.action as usize, place, "{}", spec.id);
        }
        assert_eq!(REGISTRY.len(), Action::HelpSearch as usize + 1);
    }

    #[test]
    fn ids_are_unique_and_named_after_their_scope() {
        let ids: BTreeSet<_> = REGISTRY.iter().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), REGISTRY.len());
        for spec in REGISTRY.iter() {
            let head = spec.id.split('.').next().unwrap();
            assert!(spec.scope == Scope::Global || head == spec.scope.as_str(), "{}", spec.id);
            assert!(spec.doc.ends_with('.') && spec.title.chars().count() <= 18, "{}", spec.id);
        }
    }
}
