//! Mistakes that sync programs make, each behind a switch that only the simulation sets, to see whether it finds them.
//!
//! No configuration, command or environment reaches these switches: an engine is started with one only by
//! `start_flawed`, which the `sim` room calls and `tests/house` lets nobody else name.

use jiff::Timestamp;

use crate::model::{Base, FieldState, OrphanWhy, PairName, Record, RecordRef, Side, Tie, Why};
use crate::plan::{Fate, FieldCase, FieldPlan, FieldWrite, Matching, Seen};
use crate::remote::Changes;

use super::core::Core;
use super::memory::{Cursor, Read, Txn};

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// A create without an answer is sent again at once.
    ResendOnTimeOut,
    /// What is read after a write is taken for the base.
    BaseFromReadBack,
    /// A value that the side did not take is the base all the same.
    RefusedAsBase,
    /// The reading before a write is made and not looked at.
    NoPreRead,
    /// A record last edited by our own account is taken for an echo.
    AuthorIsEcho,
    /// A field that could not be read is taken for empty.
    UnknownAsEmpty,
    /// One answer that there is no such record is enough.
    MissingAsGone,
    /// The cursor moves before what was seen is stored.
    CursorBeforeStore,
    /// A record is written while another write of it is out.
    TwoInFlight,
    /// On first contact whoever edited last wins.
    NewestOnFirstContact,
    /// Elements without a counterpart are left out when a set is written.
    GuestsDropped,
    /// Every reading of a schema takes what both sides show as agreed.
    RebaselineAll,
    /// A counterpart is created without asking whether there is one.
    NoMatchBeforeCreate,
    /// The marker of a copy is believed.
    CopyTrusted,
    /// Nothing remembers that a tie has ended.
    TombstoneDropped,
    /// Mass changes are not asked about.
    GuardIgnored,
    /// What an operator allowed once is allowed for ever.
    OverrideReused,
    /// An undo is carried out whatever the field shows by now.
    UndoPushedThrough,
    /// An update without an answer is planned again at once.
    UnknownUpdateAtOnce,
    /// After a start, writes that were on their way are forgotten.
    SentForgotten,
    /// A request leaves before its intent is durable.
    SendBeforeDurable,
    /// A field that both sides changed is held, and written.
    HeldWritten,
    /// Nothing that mentions a record is planned anew when that is tied or untied.
    RelatedForgotten,
}

impl Core {
    /// [`Flaw::BaseFromReadBack`]: what the side shows after a write of ours is what was agreed.
    pub(super) fn base_from_read_back(&mut self, txn: &mut Txn, at: &RecordRef, record: &Record, began: Timestamp) {
        let Some(write) = self.recent_writes.get(at).filter(|write| write.at < began) else { return };
        let Some(pair) = self.memory.pair(&at.pair) else { return };
        let (Some(map), Some(mut tie)) = (&pair.map, pair.tie_of(at.side, &at.id).cloned()) else { return };
        for field in &map.fields {
            let name = field.name_on(at.side);
            let native = record.fields.get(name).and_then(FieldState::known);
            let common = native.and_then(|native| field.to_common(at.side, native, &self.translator()).ok());
            if let (true, Some(common), Some(base)) =
                (write.before.contains_key(name), common, tie.base.get_mut(&field.spec.key))
            {
                *(if at.side == Side::Crm { &mut base.crm } else { &mut base.notion }) = common;
                base.at = began;
            }
        }
        self.memory.put_tie(txn, tie);
    }

    /// [`Flaw::CursorBeforeStore`]: the cursor is where it will be once the page has been taken.
    pub(super) fn move_cursor_early(&mut self, txn: &mut Txn, name: &PairName, side: Side, page: &Changes) {
        let Some(pair) = self.memory.pair(name) else { return };
        let cursor = *pair.cursors.get(side);
        if let (None, Some(now)) = (&page.next, page.server_now) {
            self.memory.put_cursor(txn, name, side, Cursor { seen: cursor.seen.max(Some(now)), ..cursor });
        }
    }

    /// [`Flaw::RebaselineAll`]: whatever both sides show now is what they agreed on.
    pub(super) fn rebaseline_all(&mut self, txn: &mut Txn, name: &PairName) {
        let ties: Vec<Tie> =
            self.memory.pair(name).map(|pair| pair.ties.values().map(Read::own).collect()).unwrap_or_default();
        for mut tie in ties {
            let Some(pair) = self.memory.pair(name) else { return };
            let (Some(map), Some(crm)) = (&pair.map, pair.observation(Side::Crm, &tie.crm)) else { continue };
            let Some(notion) = pair.observation(Side::Notion, &tie.notion) else { continue };
            for field in &map.fields {
                let shown = |side, seen| match self.seen(field, side, seen, &self.translator()) {
                    Seen::Known(value) => Some(value),
                    _ => None,
                };
                if let (Some(crm), Some(notion)) = (shown(Side::Crm, crm), shown(Side::Notion, notion)) {
                    let base = Base {
                        crm,
                        notion,
                        at: self.clock.now(),
                        mapping: field.hash.clone(),
                        pages: Default::default(),
                        late: Default::default(),
                    };
                    tie.base.insert(field.spec.key.clone(), base);
                }
            }
            self.memory.put_tie(txn, tie);
        }
    }

    /// [`Flaw::RelatedForgotten`]: what was to be looked for by what it mentions is not.
    pub(super) fn forget_related(&mut self, name: &PairName) {
        self.memory.pairs.get_mut(name).into_iter().for_each(|pair| drop(pair.dirty.take_mentioned()));
    }

    /// [`Flaw::CopyTrusted`]: a page with the marker of a tied record takes its place.
    pub(super) fn trust_copies(&mut self, txn: &mut Txn, name: &PairName, matching: &Matching) {
        for (copy, fate) in &matching.notion {
            let Fate::Orphan(OrphanWhy::Copy { of }) = fate else { continue };
            let tie = self.memory.pair(name).and_then(|pair| pair.tie_of(Side::Notion, of)).map(Tie::id);
            if let Some(id) = tie {
                self.memory.remove_tie(txn, &id);
                self.tie(txn, name, &id.crm, copy, "its marker says so");
            }
        }
    }

    /// [`Flaw::NewestOnFirstContact`] and [`Flaw::HeldWritten`]: a conflict is written over without anybody being asked.
    pub(super) fn write_over(&self, tie: &Tie, case: &FieldCase<'_>, mut plan: FieldPlan) -> FieldPlan {
        let first = case.base.is_none();
        let errs = first && self.errs(Flaw::NewestOnFirstContact) || !first && self.errs(Flaw::HeldWritten);
        let (Some(Why::Conflict { crm, notion, .. }), true) = (&plan.hold, errs) else { return plan };
        let edited = |side: Side| {
            let seen = self.memory.pair(&tie.pair).and_then(|pair| pair.observation(side, tie.on(side)));
            seen.and_then(|seen| seen.edited_at)
        };
        let (side, value) = if edited(Side::Crm) >= edited(Side::Notion) {
            (Side::Notion, crm.clone())
        } else {
            (Side::Crm, notion.clone())
        };
        plan.writes.push(FieldWrite { side, agreed: value.clone(), value, cause: "it was edited last".to_owned() });
        if first {
            plan.hold = None;
        }
        plan
    }
}
