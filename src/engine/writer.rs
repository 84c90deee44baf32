//! A writer: a task of one planned operation. It takes its permits, reads the record once more, asks the control task
//! what to send, sends it, and tells what became of it. It decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::model::{Block, Entity, FieldName, RecordId, Value};
use crate::remote::{Fetched, Lane, RemoteError, RemoteErrorKind, System, WriteError};
use crate::seam::WallClock;

use super::core::{OpKey, Target};
use super::flaw::Flaw;
use super::messages::{BROKE, Msg, Order, Word};

pub(super) enum Ask {
    Record(RecordId),
    Body { record: RecordId, wanted: Vec<Block> },
    Counterpart { marker: String, keys: Vec<(FieldName, Value)> },
}

/// Permits that a writer has reserved. However it ends, those that are left are given back.
struct Permits<'a> {
    system: &'a dyn System,
    left: u32,
}

impl<'a> Permits<'a> {
    async fn reserve(system: &'a dyn System, requests: u32) -> Self {
        system.reserve(Lane::Write, requests).await;
        Self { system, left: requests }
    }

    /// One is the system's now: the next operation uses it up, or gives it back itself.
    fn hand_over(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Gives back all but so many.
    fn keep(&mut self, most: u32) {
        let spare = self.left.saturating_sub(most);
        self.left -= spare;
        if spare > 0 {
            self.system.release(Lane::Write, spare);
        }
    }
}

impl Drop for Permits<'_> {
    fn drop(&mut self) {
        self.keep(0);
    }
}

pub(super) struct Writer {
    pub(super) system: Arc<dyn System>,
    pub(super) entity: Entity,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) mail: mpsc::Sender<Msg>,
    pub(super) op: OpKey,
    pub(super) ask: Ask,
    pub(super) flaw: Option<Flaw>,
}

impl Writer {
    pub(super) async fn run(self) {
        if let Ask::Body { record, wanted } = &self.ask {
            return self.run_body(record, wanted).await;
        }
        let mut word = Word::new(self.mail.clone(), Msg::Ended { op: self.op.clone() });
        // Probes have permits of their own; everything else takes its permits now, so that the window stays short.
        let reads = match &self.ask {
            Ask::Record(_) | Ask::Body { .. } => 1,
            Ask::Counterpart { keys, .. } => u32::try_from(keys.len()).unwrap_or(0),
        };
        let mut permits = Permits::reserve(&*self.system, reads + 1).await;
        let began = self.clock.now();
        let found = self.look(&mut permits).await;
        permits.keep(1);
        let before = found.as_ref().ok().and_then(|found| match found.as_slice() {
            [(_, Fetched::Record(record))] => Some(record.clone()),
            _ => None,
        });
        let (order, reply) = oneshot::channel();
        let asked = Msg::PreRead { op: self.op.clone(), began, found, order };
        if !word.tell(asked).await {
            return;
        }
        let outcome = match reply.await {
            Ok(Order::Send { intent, fields, marker }) => {
                let outcome = Err(WriteError::Unknown(BROKE.to_owned()));
                word.otherwise(Msg::Written { op: self.op.clone(), intent, outcome });
                let outcome = self.write(&mut permits, before, &fields, marker.as_deref()).await;
                Msg::Written { op: self.op, intent, outcome }
            }
            Ok(Order::Drop | Order::Append { .. }) | Err(_) => {
                permits.keep(0);
                Msg::Ended { op: self.op }
            }
        };
        word.say(outcome).await;
    }

    /// The same for a record's body: what is there is read, and compared, before anything is added.
    async fn run_body(&self, record: &RecordId, wanted: &[Block]) {
        let mut word = Word::new(self.mail.clone(), Msg::Ended { op: self.op.clone() });
        let mut permits = Permits::reserve(&*self.system, 2).await;
        let began = self.clock.now();
        permits.hand_over();
        let there = self.system.read_body(record, wanted, Lane::Write).await;
        let (order, reply) = oneshot::channel();
        if !word.tell(Msg::Body { op: self.op.clone(), began, there, order }).await {
            return;
        }
        let Ok(Order::Append { intent, part }) = reply.await else { return };
        let broke = Err(WriteError::Unknown(BROKE.to_owned()));
        word.otherwise(Msg::Written { op: self.op.clone(), intent, outcome: broke });
        permits.hand_over();
        let outcome = self.system.append_body(record, &part).await.map(|()| None);
        word.say(Msg::Written { op: self.op.clone(), intent, outcome }).await;
    }

    /// The pre-read of an update; for a create everything that could be its counterpart already.
    async fn look(&self, permits: &mut Permits<'_>) -> Result<Vec<(RecordId, Fetched)>, RemoteError> {
        match &self.ask {
            Ask::Record(id) | Ask::Body { record: id, .. } => {
                permits.hand_over();
                self.system.get(&self.entity, std::slice::from_ref(id), Lane::Write).await
            }
            Ask::Counterpart { .. } if self.flaw == Some(Flaw::NoMatchBeforeCreate) => Ok(Vec::new()),
            Ask::Counterpart { marker, keys } => {
                let mut found = self.system.probe(&self.entity, marker).await?;
                for (field, value) in keys {
                    permits.hand_over();
                    found.extend(self.system.find(&self.entity, field, value, Lane::Write).await?);
                }
                Ok(found.into_iter().map(|record| (record.id.clone(), Fetched::Record(record))).collect())
            }
        }
    }

    async fn write(
        &self,
        permits: &mut Permits<'_>,
        before: Option<crate::model::Record>,
        fields: &BTreeMap<FieldName, Value>,
        marker: Option<&str>,
    ) -> Result<Option<crate::model::Record>, WriteError> {
        match (&self.op.target, before) {
            (Target::Create(_), _) => {
                permits.hand_over();
                let marker = marker.unwrap_or_default();
                let made = self.system.create(&self.entity, marker, fields).await;
                let made = match made {
                    Err(WriteError::Unknown(_)) if self.flaw == Some(Flaw::ResendOnTimeOut) => {
                        self.system.create(&self.entity, marker, fields).await
                    }
                    made => made,
                };
                made.map(Some)
            }
            (Target::Update(_), Some(before)) => {
                permits.hand_over();
                self.system.update(&self.entity, &before, fields, marker).await
            }
            (Target::Trash(_), Some(before)) => {
                permits.hand_over();
                self.system.trash(&self.entity, &before.id).await.map(|()| None)
            }
            // The control task orders no update of a record that its pre-read did not show.
            (Target::Update(_) | Target::Trash(_) | Target::Body(_), _) => Err(WriteError::NotDone(RemoteError {
                kind: RemoteErrorKind::NotFound,
                code: String::new(),
                message: "the record was not there at the pre-read".to_owned(),
            })),
        }
    }
}
