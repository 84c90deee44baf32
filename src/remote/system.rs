//! What the engine knows of a remote system.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::control::{Breaker, Headroom};
use crate::model::{Block, BodyLimits, BodyPart, Entity, FieldName, Person, Placed, Record, RecordId, Schema, Value};

/// The purpose of a request, which decides its place in the queue for permits: first before last. Each lane has a
/// reserved share, so that none starves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Probes of unknown writes, and what an operator asked for.
    Probe,
    /// Pre-reads and writes.
    Write,
    /// Re-reads of the hot set.
    Hot,
    /// Increments.
    Increment,
    /// Complete listings.
    Sweep,
}

impl Lane {
    /// The lane of what an operation asks on top of its one request. In the write lane everything is reserved for
    /// somebody, so that goes with the probes.
    pub fn beside(self) -> Self {
        if self == Lane::Write { Lane::Probe } else { self }
    }
}

/// What a system can do; the engine asks this instead of the system's name.
#[derive(Debug, Clone, PartialEq)]
pub struct Capabilities {
    /// The name as people write it: `Notion`, `Bitrix24`.
    pub name: &'static str,
    /// The precision of `edited_at`: how much later than the stamp the edit can have been.
    pub precision: SignedDuration,
    /// How long a person may type before a record is whole: whether text arrives half-typed (Notion) or saved (a form).
    pub saves_while_typing: bool,
    /// How many records one `get` reads in one request.
    pub get_batch: usize,
    /// Whether a deleted record is missing. Where deleted records stay readable in a trash, a missing one only says that
    /// access was lost.
    pub deleted_vanish: bool,
    /// What one append to a record's body takes; `None` where records have no bodies.
    pub body: Option<BodyLimits>,
}

/// What stopped a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteErrorKind {
    /// The token is refused: nothing works until a person mends it.
    Unauthorized,
    /// Not for us: a capability or right is missing.
    Forbidden,
    /// No such thing, or no access to it: the two look the same.
    NotFound,
    /// The request itself was refused: a value, a field, a limit. Lies in the record.
    Invalid,
    /// Too fast, in spite of pacing; a read was retried already.
    Throttled,
    /// Somebody else saved at the same moment, or what we knew of the place was old. A write was surely not executed, and
    /// may succeed after a fresh read.
    Overtaken,
    /// The remote is down, or cannot be reached; retried already where that is safe.
    Unavailable,
    /// The answer was not what the system's documentation promises.
    Malformed,
}

/// Why a request did not give what it should. The message tells what happened in the system's own words, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RemoteError {
    /// The class.
    pub kind: RemoteErrorKind,
    /// The system's own code, or empty.
    pub code: String,
    /// One sentence for people.
    pub message: String,
}

/// Why a write is not known to be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Surely not executed.
    #[error("{0}")]
    NotDone(RemoteError),
    /// It may have been executed, now or within the next minute. To be probed, never repeated.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// Executed, as the system says, but its record could not be read back: to be looked for under this id.
    #[error("saved as {id}, but not readable yet: {why}")]
    Saved {
        /// The record that was made or changed.
        id: RecordId,
        /// Why it is not here.
        why: String,
    },
}

/// One record asked for by id.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetched {
    /// There, trashed or moved: see its presence.
    Record(Record),
    /// No such record for us.
    Missing,
    /// It may be there, and is not for us to see: access was lost, which says nothing about the record.
    Forbidden,
}

/// Where an increment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Everything: a sweep.
    Ever,
    /// Edited at or after this moment by the system's clock (the engine has subtracted its overlap already).
    At(Timestamp),
}

/// One page of a listing. The engine asks with the same `since` and the given `next` until that is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// Records, oldest edit first in an increment; a record can come twice.
    pub records: Vec<Record>,
    /// Where to go on; `None` at the end. Opaque, and worthless after an error.
    pub next: Option<String>,
    /// The system's own time when it answered, where it told.
    pub server_now: Option<Timestamp>,
    /// How many records the whole listing has, where it told.
    pub total: Option<u64>,
}

/// A complete listing's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<'a> {
    /// What to list.
    pub entity: &'a Entity,
    /// From when.
    pub since: Since,
    /// Where to go on, from the page before.
    pub next: Option<String>,
    /// For whom.
    pub lane: Lane,
    /// Whether the first page may take a little longer to tell how many there are.
    pub counts: bool,
}

/// Who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Our own user id, as the author of our writes.
    pub user: String,
    /// A name for people: the bot's or user's name and the workspace or portal.
    pub name: String,
}

/// What could be one side of a pair, for whoever sets one up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What a configuration calls it: the entity's name, or the data source's id.
    pub name: String,
    /// What people call it; can be empty.
    pub title: String,
    /// What it lies in, where that tells it from others: the database of several data sources. Can be empty.
    pub place: String,
    /// Why it cannot be one as things are: a right or scope that is missing, in the system's words.
    pub refused: Option<String>,
}

/// How a connection does, for the snapshot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pulse {
    /// What can leave now.
    pub headroom: Headroom,
    /// Requests sent since start.
    pub requests: u64,
    /// Of those, refused for their pace.
    pub throttled: u64,
    /// When it last answered well, by our clock.
    pub last_answer: Option<Timestamp>,
    /// What is wrong now, if anything: the last error since the last good answer.
    pub trouble: Option<RemoteError>,
    /// Whether requests go.
    pub breaker: Breaker,
}

/// A remote system. Reads retry inside; writes are sent once and classified.
#[async_trait]
pub trait System: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// How the connection does right now. Cheap; asked several times a second.
    fn pulse(&self) -> Pulse;

    /// Waits until so many requests of this lane could leave now, and keeps their permits for the next requests of that
    /// lane. A write takes its permits *before* its pre-read, so that the window between the two stays short. Permits
    /// are fungible within a lane: everything sent in [`Lane::Write`] reserves first. There each `get` of one record, each
    /// `find`, `create`, `update` and `trash` uses up one permit, and gives it back itself where it sends nothing.
    async fn reserve(&self, lane: Lane, requests: u32);

    /// Gives back permits that were reserved and not used.
    fn release(&self, lane: Lane, requests: u32);

    /// From now on no request waits for a permit: what could not leave at once fails, a write as surely not done. For the
    /// end of the program, which waits for answers that are out and for nothing else.
    fn stop_waiting(&self);

    /// Who we are there; also the cheapest test of the token.
    ///
    /// # Errors
    /// [`RemoteError`]: the token is refused, or the system cannot be reached.
    async fn identity(&self) -> Result<Identity, RemoteError>;

    /// Everything that a pair could be made of, as far as the system tells; in the order in which people should see it.
    ///
    /// # Errors
    /// [`RemoteError`]: the token is refused, or the system cannot be reached. What is refused alone is in its [`Offer`].
    async fn offers(&self) -> Result<Vec<Offer>, RemoteError>;

    /// The fields of an entity, fresh from the system. The implementation keeps it for its own encoding.
    ///
    /// # Errors
    /// [`RemoteError`]: not found, no access, or not reachable.
    async fn schema(&self, entity: &Entity) -> Result<Schema, RemoteError>;

    /// The people it knows.
    ///
    /// # Errors
    /// [`RemoteError`]: a missing capability is [`RemoteErrorKind::Forbidden`].
    async fn people(&self) -> Result<Vec<Person>, RemoteError>;

    /// One page of records edited since a moment, or of all, within the entity's filter.
    ///
    /// # Errors
    /// [`RemoteError`]: the whole listing is then incomplete and is begun anew.
    async fn list(&self, listing: Listing<'_>) -> Result<Changes, RemoteError>;

    /// For each condition of a pair's filter, by the name of what it is about: a filter that holds it and its contrary, which
    /// nothing can pass where the condition is honoured. Conditions without a contrary are left out. Pure.
    fn contradictions(&self, _filter: &serde_json::Value) -> Vec<(String, serde_json::Value)> {
        Vec::new()
    }

    /// What one of its errors means, by its own code; empty where its table does not tell. Pure.
    fn explain(&self, _code: &str) -> &'static str {
        ""
    }

    /// Records by id, in the order asked for; one that is there and does not pass the entity's filter is
    /// [`crate::model::Presence::Outside`].
    ///
    /// # Errors
    /// [`RemoteError`] when nothing can be said of any of them.
    async fn get(&self, entity: &Entity, ids: &[RecordId], lane: Lane)
    -> Result<Vec<(RecordId, Fetched)>, RemoteError>;

    /// Every live record that carries this marker, oldest first, whether or not the entity's filter lets it pass.
    ///
    /// # Errors
    /// [`RemoteError`].
    async fn probe(&self, entity: &Entity, marker: &str) -> Result<Vec<Record>, RemoteError>;

    /// Every live record within the entity's filter whose field holds exactly this value (native dialect), oldest first,
    /// 100 at most.
    ///
    /// # Errors
    /// [`RemoteError`].
    async fn find(
        &self,
        entity: &Entity,
        field: &FieldName,
        value: &Value,
        lane: Lane,
    ) -> Result<Vec<Record>, RemoteError>;

    /// Creates a record that carries `marker`, once, and gives it back as the system returned it (or read back where the
    /// method returns only an id).
    ///
    /// # Errors
    /// [`WriteError`].
    async fn create(
        &self,
        entity: &Entity,
        marker: &str,
        fields: &BTreeMap<FieldName, Value>,
    ) -> Result<Record, WriteError>;

    /// Changes fields of a record that was just read (`before`, with its baggage), once. Gives back the record as
    /// returned, or `None` where the method returns none. Whole-array properties carry elements of `before` that
    /// `fields` keeps in their order. `marker`, if given, is (re)written too.
    ///
    /// # Errors
    /// [`WriteError`].
    async fn update(
        &self,
        entity: &Entity,
        before: &Record,
        fields: &BTreeMap<FieldName, Value>,
        marker: Option<&str>,
    ) -> Result<Option<Record>, WriteError>;

    /// Puts a record into the system's trash or recycle bin, once.
    ///
    /// # Errors
    /// [`WriteError`].
    async fn trash(&self, entity: &Entity, id: &RecordId) -> Result<(), WriteError>;

    /// A body in the form in which this system can hold it. Pure; a body in that form stays as it is.
    fn body_form(&self, body: &[Block]) -> Vec<Block> {
        body.to_vec()
    }

    /// What a record's body says, as far as it could be the beginning of `wanted`: blocks inside others are read only where
    /// `wanted` has some. In [`Lane::Write`] one permit is used up, whatever else has to be asked.
    ///
    /// # Errors
    /// [`RemoteError`]; [`RemoteErrorKind::Invalid`] where records have no bodies.
    async fn read_body(&self, _id: &RecordId, _wanted: &[Block], lane: Lane) -> Result<Vec<Placed>, RemoteError> {
        if lane == Lane::Write {
            self.release(lane, 1);
        }
        Err(bodyless())
    }

    /// Adds blocks to a record's body, once. In [`Lane::Write`], with one permit.
    ///
    /// # Errors
    /// [`WriteError`].
    async fn append_body(&self, _id: &RecordId, _part: &BodyPart) -> Result<(), WriteError> {
        self.release(Lane::Write, 1);
        Err(WriteError::NotDone(bodyless()))
    }

    /// Where a person opens a record in a browser, where that is known.
    fn link(&self, _entity: &Entity, _id: &RecordId) -> Option<String> {
        None
    }

    /// Adds the sync-owned marker property to an entity that lacks it. Does nothing where the system needs none.
    ///
    /// # Errors
    /// [`RemoteError`].
    async fn add_marker(&self, entity: &Entity) -> Result<(), RemoteError>;
}

fn bodyless() -> RemoteError {
    let message = "its records have no bodies, so a template has no place there".to_owned();
    RemoteError { kind: RemoteErrorKind::Invalid, code: String::new(), message }
}
