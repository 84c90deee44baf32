//! What links a page that is hidden from the integration, which nobody at our end can tell from what links nothing.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::model::Side;
use crate::standin::StandIn;

use super::past::{Spot, Touch};
use super::verdict::Court;

impl Court<'_> {
    /// Whether a member was put in that stands for a page hidden from the integration, and was still so when the API wrote the
    /// whole of what it saw.
    pub(super) fn written_unseen(&self, spot: &Spot, edit: &Touch, later: &[Touch], member: &str) -> bool {
        let touch = |touch: &Touch| (touch.seq, self.plain(spot, &touch.after, touch.at).members());
        let mut later = later.iter().filter(|touch| touch.person.is_none()).map(touch);
        let Some((written, _)) = later.find(|(_, after)| !after.contains(member)) else { return false };
        let pages = edit.after.as_array().into_iter().flatten().filter_map(Json::as_str);
        spot.side == Side::Notion
            && pages
                .filter(|page| self.stands_for(spot, page, member, edit.at))
                .any(|page| self.hidden_since(page, edit, written))
    }

    /// Whether a member that the API wrote over stood for a page that was hidden from the integration since somebody put it in.
    pub(super) fn never_seen(&self, spot: &Spot, member: &str, written: &Touch) -> bool {
        let has = |value: &Json, page: &str| value.as_array().into_iter().flatten().any(|it| it == page);
        let pages = written.before.as_array().into_iter().flatten().filter_map(Json::as_str);
        let mut pages = pages.filter(|page| self.stands_for(spot, page, member, written.at));
        let put_in = |page: &str| {
            let mut earlier = self.past.at(spot).iter().rev().filter(|touch| touch.seq < written.seq);
            earlier.find(|touch| has(&touch.after, page) && !has(&touch.before, page))
        };
        let unseen = |page: &str| {
            put_in(page).is_some_and(|touch| touch.person.is_some() && self.hidden_since(page, touch, written.seq))
        };
        spot.side == Side::Notion && pages.any(unseen)
    }

    /// Whether nobody at our end can have seen a page between an edit and an entry of Notion's log: it was hidden all the
    /// time, or since before the next process looked, if none ran at the edit.
    fn hidden_since(&self, page: &str, edit: &Touch, written: u64) -> bool {
        let down = self.case.downs.iter().find(|(died, started)| (*died..=*started).contains(&edit.at));
        let looked = down.and_then(|(_, started)| {
            self.case.notion.log().iter().rev().find(|entry| entry.at <= *started).map(|entry| entry.seq)
        });
        self.past.hidden_throughout(page, looked.unwrap_or(edit.seq), written)
    }

    /// Whether a page was a member of a relation by that name.
    fn stands_for(&self, spot: &Spot, page: &str, member: &str, at: Timestamp) -> bool {
        let related = self.terms.related(spot.pair, spot.field);
        related.is_some_and(|related| self.terms.link(related, page, at) == member)
    }
}
