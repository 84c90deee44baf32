//! What lies over a page: the question before every decision, the editor, the picker, help and notices. Here are their
//! data; each file draws one. `update/popups.rs` works them.
//!
//! Nothing that changes either system leaves the dashboard except through a [`Confirm`] that was on screen, armed, and
//! answered with yes.

pub mod confirm;
pub mod edit;
pub mod help;
pub mod palette;
pub mod picker;
pub mod roles;
pub mod told;
pub mod which;

use std::collections::BTreeMap;

use tui_textarea::TextArea;

use crate::control::{Candidate, Command, Fate, LinkRole, OrphanRow, OwnerRow, PairState};
use crate::model::{HoldId, Kind, PairName, TieId};

use super::action::{Action, Scope};
use super::model::{HoldItem, Line, Listing, Pick};
use super::theme::Role;
pub use told::{Told, ours, said};

/// How long a question must have been on screen before it takes an answer, in milliseconds: what was typed before it
/// came must not answer it.
pub const ARMING_MS: u64 = 300;

/// A popup.
#[derive(Debug, Clone)]
pub struct Popup {
    /// Its number.
    pub serial: u64,
    /// When it was first on screen, in milliseconds since the start.
    pub drawn: Option<u64>,
    /// What it is.
    pub body: PopupBody,
}

impl Popup {
    /// Whether it was on screen long enough to be meant by a key typed now, and shows all that it has to show.
    pub fn armed(&self, ms: u64) -> bool {
        let asks = matches!(&self.body, PopupBody::Confirm(Confirm { foresight: Some(it), .. }) if it.left > 0);
        !asks && self.drawn.is_some_and(|drawn| ms >= drawn + ARMING_MS)
    }
}

/// What a popup is.
#[derive(Debug, Clone)]
pub enum PopupBody {
    /// A question before something happens.
    Confirm(Confirm),
    /// An editor for a merged value.
    Edit(Box<Edit>),
    /// A choice of a record.
    Picker(Box<Picker>),
    /// A choice of a role.
    Roles(Box<Roles>),
    /// Every action.
    Palette(Palette),
    /// The keys.
    Help(Help),
    /// Something to read.
    Notice(Text),
}

impl PopupBody {
    /// The scopes of its keys.
    pub fn scopes(&self) -> &'static [Scope] {
        match self {
            PopupBody::Confirm(_) => &[Scope::Confirm],
            PopupBody::Edit(_) => &[Scope::Edit],
            PopupBody::Picker(_) | PopupBody::Roles(_) | PopupBody::Palette(_) => &[Scope::Search],
            PopupBody::Help(help) if help.typing => &[Scope::Search],
            PopupBody::Help(_) | PopupBody::Notice(_) => &[Scope::Help],
        }
    }
}

/// A question before something happens.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The question.
    pub title: String,
    /// What will happen, line by line.
    pub lines: Vec<Told>,
    /// What the button says that does it.
    pub yes: String,
    /// What is told to the Desk on yes, in this order.
    pub commands: Vec<Command>,
    /// The yes button is chosen; at first it is not.
    pub on_yes: bool,
    /// The first line that is shown.
    pub top: u16,
    /// The state of a pair that the question is about: if it changes, the question is withdrawn.
    pub about: Option<(PairName, PairState)>,
    /// What must be typed before yes counts: a number, for what is much or cannot be taken back.
    pub demand: Option<Demand>,
    /// Yes also leaves the dashboard.
    pub quits: bool,
    /// Each command is told only when the one before was done.
    pub in_turn: bool,
    /// A dry run: what the engine says of the picks. Before it has said all of it there is nothing to answer.
    pub foresight: Option<Box<Foresight>>,
}

/// What the engine says would become of picks.
#[derive(Debug, Clone, Default)]
pub struct Foresight {
    /// The picks.
    pub picks: Vec<Pick>,
    /// How many answers are still out.
    pub left: usize,
    /// What came so far.
    pub fates: BTreeMap<HoldId, Fate>,
    /// Why it could not be asked.
    pub failed: Option<String>,
}

impl Confirm {
    /// A question whose default is no.
    pub fn new(title: impl Into<String>, lines: Vec<Told>, yes: &str, commands: Vec<Command>) -> Self {
        Self {
            title: title.into(),
            lines,
            yes: yes.to_owned(),
            commands,
            on_yes: false,
            top: 0,
            about: None,
            demand: None,
            quits: false,
            in_turn: false,
            foresight: None,
        }
    }

    /// The same, and each command waits until the one before was done.
    pub fn in_turn(self) -> Self {
        Self { in_turn: true, ..self }
    }

    /// The same, and `count` must be typed before yes counts.
    pub fn demanding(self, count: usize) -> Self {
        Self { demand: Some(Demand { wanted: count.to_string(), typed: Line::default() }), ..self }
    }
}

/// A number to be typed.
#[derive(Debug, Clone)]
pub struct Demand {
    /// Which.
    pub wanted: String,
    /// What was typed so far.
    pub typed: Line,
}

impl Demand {
    /// Whether it was typed.
    pub fn is_met(&self) -> bool {
        self.typed.text() == self.wanted
    }
}

/// An editor for a merged value.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The row it was opened on, as it was on screen.
    pub item: HoldItem,
    /// The record's title and the field's label.
    pub title: String,
    /// How the text will be read.
    pub kind: Option<Kind>,
    /// Options of the field.
    pub options: Vec<String>,
    /// The texts it can be replaced by.
    pub base: Option<String>,
    /// The CRM's.
    pub crm: String,
    /// Notion's.
    pub notion: String,
    /// The text.
    pub area: TextArea<'static>,
}

impl Edit {
    /// The text as it will be written.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Replaces the text.
    pub fn replace(&mut self, text: &str) {
        self.area = TextArea::new(text.split('\n').map(str::to_owned).collect());
        self.area.move_cursor(tui_textarea::CursorMove::Bottom);
        self.area.move_cursor(tui_textarea::CursorMove::End);
    }
}

/// What is being chosen.
#[derive(Debug, Clone)]
pub enum Seeks {
    /// The counterpart of an orphan.
    Counterpart(Box<OrphanRow>),
    /// The owner of a new edge.
    Owner,
    /// What a new edge leads to.
    Target {
        /// The owner.
        owner: TieId,
        /// Its title.
        title: String,
    },
}

/// A choice of a record.
#[derive(Debug, Clone)]
pub struct Picker {
    /// What is being chosen.
    pub seeks: Seeks,
    /// Records to choose from, unless owners are.
    pub records: Listing<Candidate>,
    /// Owners to choose from.
    pub owners: Listing<OwnerRow>,
    /// The pairs that can be searched, for the target of an edge.
    pub sources: Vec<PairName>,
    /// The one that is searched.
    pub source: usize,
    /// The operator took the first row before its search was answered: it is taken when it comes.
    pub taking: bool,
}

impl Picker {
    /// What was typed.
    pub fn search(&mut self) -> &mut Line {
        match self.seeks {
            Seeks::Owner => &mut self.owners.filter,
            _ => &mut self.records.filter,
        }
    }

    /// Whether what is on screen is not yet what was searched for.
    pub fn is_searching(&self) -> bool {
        match self.seeks {
            Seeks::Owner => self.owners.current().is_none() && self.owners.asked.is_some(),
            // Before the roles are known nothing can be asked yet.
            Seeks::Target { .. } if self.sources.is_empty() => true,
            _ => self.records.current().is_none() && self.records.asked.is_some(),
        }
    }
}

/// A change of an edge that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The owner.
    pub owner: TieId,
    /// Its title.
    pub owner_title: String,
    /// The other end.
    pub target: TieId,
    /// Its title.
    pub target_title: String,
    /// The role that it has and is to have no more.
    pub from: Option<LinkRole>,
    /// It is to be unlinked.
    pub gone: bool,
}

/// A choice of a role.
#[derive(Debug, Clone)]
pub struct Roles {
    /// What it is for.
    pub wish: Wish,
    /// All that can be chosen.
    pub rows: Vec<LinkRole>,
    /// The place of the cursor among those that are shown.
    pub at: usize,
    /// What was typed.
    pub line: Line,
}

impl Roles {
    /// Those whose label contains what was typed.
    pub fn shown(&self) -> impl Iterator<Item = &LinkRole> {
        let text = self.line.text().trim().to_lowercase();
        self.rows.iter().filter(move |role| role.label.to_lowercase().contains(&text))
    }

    /// The one under the cursor.
    pub fn current(&self) -> Option<&LinkRole> {
        self.shown().nth(self.at)
    }

    /// Moves the cursor.
    pub fn go(&mut self, by: i64) {
        let last = self.shown().count().saturating_sub(1);
        self.at = self.at.saturating_add_signed(isize::try_from(by).unwrap_or(0)).min(last);
    }
}

/// A choice of an action.
#[derive(Debug, Clone)]
pub struct Palette {
    /// What was typed.
    pub line: Line,
    /// What fits it, best first.
    pub rows: Vec<Action>,
    /// The row under the cursor.
    pub at: usize,
}

/// What every key does, and a search in it.
#[derive(Debug, Clone)]
pub struct Help {
    /// The heading.
    pub title: String,
    /// All of it.
    pub parts: Vec<HelpPart>,
    /// What is searched for; nothing is everything.
    pub search: Line,
    /// Whether it is being typed.
    pub typing: bool,
    /// The first line that is shown.
    pub top: u16,
}

/// The actions of one scope, or the signs of the page.
#[derive(Debug, Clone)]
pub struct HelpPart {
    /// Where they count.
    pub heading: &'static str,
    /// One for each.
    pub lines: Vec<HelpLine>,
    /// They explain signs, and no actions.
    pub signs: bool,
}

/// One action, or one sign.
#[derive(Debug, Clone)]
pub struct HelpLine {
    /// How it is shown.
    pub role: Role,
    /// Its keys, and what it does.
    pub text: String,
    /// What a search looks at, in lower case: its name, its id, its keys, what it does.
    pub words: String,
}

impl Help {
    /// The parts with the lines that a search finds: those with every one of its words.
    fn found(&self) -> impl Iterator<Item = (&HelpPart, Vec<&HelpLine>)> {
        let text = self.search.text().to_lowercase();
        self.parts.iter().filter_map(move |part| {
            let fits = |line: &&HelpLine| text.split_whitespace().all(|word| line.words.contains(word));
            let lines: Vec<&HelpLine> = part.lines.iter().filter(fits).collect();
            (!lines.is_empty()).then_some((part, lines))
        })
    }

    /// How many actions a search finds.
    pub fn count(&self) -> usize {
        self.found().filter(|(part, _)| !part.signs).map(|(_, lines)| lines.len()).sum()
    }

    /// What is shown.
    pub fn lines(&self) -> Vec<(Role, String)> {
        let mut shown = Vec::new();
        for (part, lines) in self.found() {
            shown.push((Role::Accent, part.heading.to_owned()));
            shown.extend(lines.into_iter().map(|line| (line.role, line.text.clone())));
            shown.push((Role::Text, String::new()));
        }
        if shown.is_empty() {
            shown.extend([(Role::Text, "No action is called so, has such a key or does such a thing.".to_owned())]);
        } else if self.search.is_empty() {
            let text = "ctrl-c always leaves. `crosstie keys` prints this list with the actions' names.";
            shown.push((Role::Dim, text.to_owned()));
        } else {
            shown.pop();
        }
        shown
    }
}

/// Something to read.
#[derive(Debug, Clone)]
pub struct Text {
    /// The heading.
    pub title: String,
    /// The lines.
    pub lines: Vec<Told>,
    /// The first line that is shown.
    pub top: u16,
}
