//! Taking back that two records are the same thing: the tie ends, nothing is written or deleted, and neither is matched again by
//! itself. Both wait on the Orphans page for a person, who links, creates or ignores.

use crate::control::Reply;
use crate::model::{Event, Happening, RecordRef, Side, TieId, Verdict};

use super::core::Core;
use super::memory::Txn;

impl Core {
    /// The tie that a line of the journal tells of, if it can end now; else why not.
    pub(super) fn parting_of(&self, event: &Event) -> Result<TieId, String> {
        let ended = || "the two records are not tied any more".to_owned();
        let (Some(name), Some(crm), Some(notion)) = (&event.pair, &event.crm, &event.notion) else {
            return Err(ended());
        };
        let tie = self.memory.pair(name).and_then(|pair| pair.ties.get(crm)).filter(|tie| tie.notion == *notion);
        let tie = tie.ok_or_else(ended)?;
        for side in Side::BOTH {
            let at = RecordRef { pair: name.clone(), side, id: tie.on(side).clone() };
            if self.has_open_intent(&at) {
                return Err(format!("a write of this record in {side} is on its way; wait for it"));
            }
        }
        Ok(tie.id())
    }

    /// Ends a tie because an operator says that it never was one.
    pub(super) fn part(&mut self, txn: &mut Txn, who: &str, id: &TieId, seq: u64) -> Reply {
        let Some(tie) = self.memory.pair(&id.pair).and_then(|pair| pair.ties.get(&id.crm)).cloned() else {
            return Reply::Refused { why: "the two records are not tied any more".to_owned() };
        };
        let mut event = self.tie_event(Happening::Untied, id, format!("not the same thing: line {seq} is taken back"));
        event.who = who.to_owned();
        txn.events.push(event);
        self.drop_ops(id);
        self.waiting.retain(|(waiting, ..), _| waiting != id);
        self.note_moved(id, Vec::new());
        self.note_staying(id);
        self.memory.remove_tie(txn, id);
        self.decide(txn, who, None, Verdict::Apart { pair: tie.pair, crm: tie.crm, notion: tie.notion });
        Reply::Done { note: "untied: nothing was written, and both wait on the Orphans page".to_owned() }
    }
}
