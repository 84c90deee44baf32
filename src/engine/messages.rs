//! What reaches the control task: observations, answers of writes, questions of operators.

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use crate::control::{Command, Delivery, DeskError, Hint, Query, Reply, Sink, Window};
use crate::model::{BodyPart, FieldName, PairName, Person, Placed, Record, RecordId, RecordRef, Side, Value};
use crate::remote::{Changes, Fetched, RemoteError, RemoteErrorKind, WriteError};

use super::canary::{Known, Schemas};
use super::core::OpKey;

/// Which listing a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingKind {
    /// What changed since the cursor.
    Increment,
    /// Everything.
    Sweep,
}

/// What the control task tells a writer that asked.
#[derive(Debug)]
pub enum Order {
    /// The intent is durable: send this.
    Send {
        /// The intent.
        intent: u64,
        /// Native values.
        fields: std::collections::BTreeMap<FieldName, Value>,
        /// The marker to write, if any.
        marker: Option<String>,
    },
    /// The intent is durable: add this to the record's body.
    Append {
        /// The intent.
        intent: u64,
        /// The blocks.
        part: BodyPart,
    },
    /// There is nothing to write any more.
    Drop,
}

/// One message to the control task. I/O tasks only carry; every decision is made by its receiver.
pub enum Msg {
    /// A page of a listing.
    Page {
        /// The pair.
        pair: PairName,
        /// The side.
        side: Side,
        /// Which listing.
        kind: ListingKind,
        /// When this page's request began.
        began: Timestamp,
        /// The page, or why there is none: the listing has then ended.
        page: Result<Changes, RemoteError>,
    },
    /// Records read by id.
    Fetched {
        /// The pair.
        pair: PairName,
        /// The side.
        side: Side,
        /// What was asked for.
        asked: Vec<RecordId>,
        /// When the request began.
        began: Timestamp,
        /// The records.
        records: Result<Vec<(RecordId, Fetched)>, RemoteError>,
    },
    /// A writer has its permits and its pre-read, and asks what to send.
    PreRead {
        /// The operation.
        op: OpKey,
        /// When the pre-read began: where the window opens.
        began: Timestamp,
        /// For an update or trash the record itself; for a create what the other side holds under its keys.
        found: Result<Vec<(RecordId, Fetched)>, RemoteError>,
        /// The answer.
        order: oneshot::Sender<Order>,
    },
    /// A writer has its permits and has read what a record's body says, and asks how it goes on.
    Body {
        /// The operation.
        op: OpKey,
        /// When the reading began: where the window opens.
        began: Timestamp,
        /// What is there.
        there: Result<Vec<Placed>, RemoteError>,
        /// The answer.
        order: oneshot::Sender<Order>,
    },
    /// A body was read again after an append whose outcome nobody knows.
    BodyProbed {
        /// The intent.
        intent: u64,
        /// When the reading began.
        began: Timestamp,
        /// What is there.
        there: Result<Vec<Placed>, RemoteError>,
    },
    /// A writer ended without sending.
    Ended {
        /// The operation.
        op: OpKey,
    },
    /// A write was answered, or not.
    Written {
        /// The operation.
        op: OpKey,
        /// The intent.
        intent: u64,
        /// What came back.
        outcome: Result<Option<Record>, WriteError>,
    },
    /// A probe of an unknown write was answered.
    Probed {
        /// The intent.
        intent: u64,
        /// When the probe began.
        began: Timestamp,
        /// Records with its marker, or the record itself.
        found: Result<Vec<(RecordId, Fetched)>, RemoteError>,
    },
    /// The canary of a pair: its schemas, and a known record of each side.
    Schemas {
        /// The pair.
        pair: PairName,
        /// When they were asked for.
        began: Timestamp,
        /// CRM and Notion.
        schemas: Schemas,
        /// Records that are known to be there, read again.
        known: Known,
    },
    /// The people of a side.
    People {
        /// The side.
        side: Side,
        /// All of them.
        people: Result<Vec<Person>, RemoteError>,
    },
    /// Word of a change.
    Hint(Hint),
    /// Word of a change that goes into the journal, whatever becomes of it.
    Delivery(Delivery),
    /// How the places do that notices go to.
    Sinks(Vec<Sink>),
    /// An operator looks.
    Query {
        /// What for.
        query: Query,
        /// The answer.
        answer: oneshot::Sender<Result<Window, DeskError>>,
    },
    /// An operator acts.
    Command {
        /// Who.
        who: String,
        /// What.
        command: Command,
        /// The answer.
        answer: oneshot::Sender<Reply>,
    },
    /// Somebody begins to look at the snapshots.
    Look,
    /// An auditor asks for everything the engine claims; only the demo and the simulation do.
    Claims {
        /// The first line of the journal that is wanted.
        lines: u64,
        /// The answer.
        answer: oneshot::Sender<super::Claims>,
    },
    /// Somebody wants to see what is planned, with values.
    Steps {
        /// The answer.
        answer: oneshot::Sender<Vec<crate::control::Step>>,
    },
    /// Somebody wants to know what is still to be carried out of what there is leave for.
    Permitted {
        /// The answer.
        answer: oneshot::Sender<Vec<Permitted>>,
    },
}

/// An operation, by pair, side and the record that names it.
pub type Permitted = (PairName, Side, RecordId);

/// The word that a task owes the control task. One that ends without it, because it broke or was dropped, is told as
/// failed all the same: nothing waits for it for ever.
pub struct Word {
    mail: mpsc::Sender<Msg>,
    otherwise: Option<Msg>,
}

impl Word {
    /// A task begins, and owes a word.
    pub fn new(mail: mpsc::Sender<Msg>, otherwise: Msg) -> Self {
        Self { mail, otherwise: Some(otherwise) }
    }

    /// What is told from now on if no other word comes.
    pub fn otherwise(&mut self, msg: Msg) {
        self.otherwise = Some(msg);
    }

    /// Says something on the way; `false` if nobody listens any more.
    pub async fn tell(&self, msg: Msg) -> bool {
        self.mail.send(msg).await.is_ok()
    }

    /// Says the word that is owed.
    pub async fn say(mut self, msg: Msg) {
        // Whoever does not listen any more needs no other word either.
        let _ = self.mail.send(msg).await;
        self.otherwise = None;
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        let Some(msg) = self.otherwise.take() else { return };
        if let Err(mpsc::error::TrySendError::Full(msg)) = self.mail.try_send(msg)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let mail = self.mail.clone();
            runtime.spawn(async move { drop(mail.send(msg).await) });
        }
    }
}

/// What a task that broke is told to have met.
pub fn broke() -> RemoteError {
    RemoteError { kind: RemoteErrorKind::Unavailable, code: String::new(), message: BROKE.to_owned() }
}

/// The same as a sentence.
pub const BROKE: &str = "a task of crosstie ended without an answer, which is a mistake in it; please report it";

impl OpKey {
    /// The record to be written, or for a create its source.
    pub fn subject(&self, ends: Option<&crate::control::Sides<RecordRef>>) -> Option<RecordRef> {
        use super::core::Target;
        match &self.target {
            Target::Create(source) => {
                Some(RecordRef { pair: self.pair.clone(), side: self.side.other(), id: source.clone() })
            }
            Target::Update(_) | Target::Trash(_) | Target::Body(_) => ends.map(|ends| ends.get(self.side).clone()),
        }
    }
}
