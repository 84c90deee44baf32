//! The task that carries a listing's requests out and sends back what it saw.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::model::{Entity, PairName, Side};
use crate::remote::{Lane, Listing, Since, System};

use super::messages::{ListingKind, Msg, Word, broke};

/// One listing, page after page.
pub(super) struct ListingJob {
    pub system: Arc<dyn System>,
    pub entity: Entity,
    pub pair: PairName,
    pub side: Side,
    pub kind: ListingKind,
    pub since: Since,
    pub counts: bool,
}

impl ListingJob {
    /// Asks for every page and sends each back.
    pub(super) async fn run(self, mail: mpsc::Sender<Msg>, clock: Arc<dyn crate::seam::WallClock>) {
        let lane = match self.kind {
            ListingKind::Increment => Lane::Increment,
            ListingKind::Sweep => Lane::Sweep,
        };
        let page = |began, page| Msg::Page { pair: self.pair.clone(), side: self.side, kind: self.kind, began, page };
        let word = Word::new(mail, page(clock.now(), Err(broke())));
        let mut next: Option<String> = None;
        loop {
            let began = clock.now();
            let listing =
                Listing { entity: &self.entity, since: self.since, next: next.take(), lane, counts: self.counts };
            let changes = self.system.list(listing).await;
            next = changes.as_ref().ok().and_then(|changes| changes.next.clone());
            if next.is_none() {
                return word.say(page(began, changes)).await;
            }
            if !word.tell(page(began, changes)).await {
                return;
            }
        }
    }
}
