//! What happens to the dashboard, what it wants done, and what it waits for.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Choice, Page};
use crate::control::{Command, DeskError, LinkRole, Query, Reply, Resolution, Snapshot, Window};
use crate::model::{FieldKey, HoldId, PairName, RecordRef, TieId};
use crate::tui::keymap::Key;
use crate::tui::popup::Wish;

/// What an operator gives the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A key.
    Key(Key),
    /// Pasted text.
    Text(String),
}

/// What happens to the dashboard.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// The terminal's size in cells.
    Resize(u16, u16),
    /// The time: by the wall, and in milliseconds since the start. Sent before every other message.
    Tick {
        /// By the wall.
        now: Timestamp,
        /// Since the start.
        ms: u64,
    },
    /// A frame went out, with this popup on top.
    Drawn {
        /// Its number.
        popup: Option<u64>,
    },
    /// The newest snapshot.
    Snapshot(Arc<Snapshot>),
    /// No snapshot will ever come again.
    Gone(String),
    /// The engine was found again after that.
    Back,
    /// What a query brought.
    Answer {
        /// The effect's number.
        tag: u64,
        /// The rows.
        result: Result<Window, DeskError>,
        /// How long it took, in milliseconds.
        took: u64,
    },
    /// What became of a command.
    Reply {
        /// The effect's number.
        tag: u64,
        /// The reply.
        result: Result<Reply, DeskError>,
    },
}

/// What the dashboard wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the Desk for rows; comes back as [`Msg::Answer`].
    Query {
        /// Its number.
        tag: u64,
        /// The query.
        query: Query,
    },
    /// Tell the Desk something; comes back as [`Msg::Reply`].
    Command {
        /// Its number.
        tag: u64,
        /// The command.
        command: Command,
    },
    /// End the dashboard.
    Quit,
    /// Give the terminal back to the shell and stop, until it lets us go on.
    Suspend,
    /// Paint everything again.
    Redraw,
    /// Put text into the operator's clipboard.
    Copy(String),
}

/// What an effect that is out was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// The rows of a page.
    List(Page),
    /// Records that others can be linked to.
    Owners,
    /// What is linked to one of them.
    Edges(TieId),
    /// The same, to ask about a change of it.
    Wish {
        /// The popup that was on top.
        serial: Option<u64>,
        /// What is wanted.
        wish: Box<Wish>,
        /// In which role.
        role: Box<LinkRole>,
    },
    /// The rows of a picker, by its popup's number.
    Picker(u64),
    /// All holds of one record, to ask about them together.
    Record {
        /// The record.
        tie: TieId,
        /// What was chosen.
        choice: Choice,
    },
    /// A record with all its fields.
    Closeup(TieId),
    /// What the journal says of it.
    Story(TieId),
    /// A pair's mapping.
    Mapping(PairName),
    /// Every row that a page's filter lets through, to mark them.
    Marks {
        /// The page.
        page: Page,
        /// The filter when it was asked.
        filter: String,
    },
    /// How a text in the editor is read, by its popup's number.
    Typed {
        /// The popup.
        serial: u64,
        /// The text.
        text: String,
    },
    /// Lines of the journal after that one, which no snapshot told.
    Missed(u64),
    /// What would become of picks, by the dry run's number.
    Preview(u64),
    /// A command.
    Command {
        /// The holds it is about.
        about: Vec<HoldId>,
        /// The decisions it makes.
        items: Vec<Resolution>,
        /// What is told when it is done, and only then.
        then: Vec<Command>,
        /// How much that was confirmed with it was done before.
        before: usize,
        /// The records it is about, where they are no holds.
        records: Vec<RecordRef>,
        /// The owner and the relation it is about.
        edge: Option<(TieId, FieldKey)>,
    },
}
