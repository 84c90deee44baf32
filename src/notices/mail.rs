//! A sink's mailbox. Whoever puts something in never waits, and there is an end to what waits in it: where it is full the oldest
//! goes, for what is newest is what people need to hear of, and how many went is counted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Notice;

/// A notice that waits.
#[derive(Debug)]
pub(super) struct Letter {
    pub notice: Notice,
    /// When it was put in.
    pub since: Instant,
}

/// What is taken out at once.
#[derive(Debug)]
pub(super) struct Batch {
    /// The oldest that waited.
    pub letters: Vec<Letter>,
    /// How many went before these.
    pub left_out: u64,
}

/// What became of a notice that was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It waits.
    Waits,
    /// It waits, and the oldest has gone.
    OldestWent,
    /// Nobody takes anything out any more.
    Shut,
}

#[derive(Default)]
struct Inside {
    waiting: VecDeque<Letter>,
    left_out: u64,
    /// Nobody puts anything in any more.
    ended: bool,
    /// Nobody takes anything out any more.
    shut: bool,
}

struct Shared {
    inside: Mutex<Inside>,
    news: Notify,
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where notices are put in; with it goes the hope for more.
pub(super) struct Slot {
    room: usize,
    shared: Arc<Shared>,
}

/// Where they are taken out.
pub(super) struct Mail(Arc<Shared>);

/// A mailbox for so many.
pub(super) fn mailbox(room: usize) -> (Slot, Mail) {
    let shared = Arc::new(Shared { inside: Mutex::default(), news: Notify::new() });
    (Slot { room: room.max(1), shared: Arc::clone(&shared) }, Mail(shared))
}

impl Slot {
    /// Puts one in. Never waits.
    pub fn put(&self, notice: Notice) -> Put {
        let mut inside = self.shared.inside();
        if inside.shut {
            return Put::Shut;
        }
        let full = inside.waiting.len() >= self.room;
        if full {
            inside.waiting.pop_front();
            inside.left_out += 1;
        }
        inside.waiting.push_back(Letter { notice, since: Instant::now() });
        self.shared.news.notify_one();
        if full { Put::OldestWent } else { Put::Waits }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.inside().ended = true;
        self.shared.news.notify_one();
    }
}

impl Mail {
    /// Takes out what waits, so many at most; waits until there is something. `None` when nothing will come any more.
    pub async fn next(&mut self, most: usize) -> Option<Batch> {
        loop {
            if let Some(next) = self.at_once(most) {
                return next;
            }
            self.0.news.notified().await;
        }
    }

    fn at_once(&self, most: usize) -> Option<Option<Batch>> {
        let mut inside = self.0.inside();
        if inside.waiting.is_empty() {
            return inside.ended.then_some(None);
        }
        let count = inside.waiting.len().min(most.max(1));
        let letters = inside.waiting.drain(..count).collect();
        Some(Some(Batch { letters, left_out: std::mem::take(&mut inside.left_out) }))
    }

    /// Takes nothing out any more; how many waited.
    pub fn shut(self) -> usize {
        self.0.inside().waiting.len()
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        self.0.inside().shut = true;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::super::Topic;
    use super::*;

    fn notice(number: usize) -> Notice {
        Notice {
            topic: Topic::Hold,
            key: number.to_string(),
            at: jiff::Timestamp::UNIX_EPOCH,
            pair: None,
            record: None,
            text: String::new(),
            next: String::new(),
        }
    }

    #[tokio::test]
    async fn where_it_is_full_the_oldest_goes_and_is_counted_once() {
        let (slot, mut mail) = mailbox(3);
        let put: Vec<Put> = (0..5).map(|number| slot.put(notice(number))).collect();
        assert_eq!(put, [Put::Waits, Put::Waits, Put::Waits, Put::OldestWent, Put::OldestWent]);
        let keys = |batch: &Batch| batch.letters.iter().map(|it| it.notice.key.clone()).collect::<Vec<_>>();
        let first = mail.next(2).await.unwrap();
        assert_eq!((keys(&first), first.left_out), (vec!["2".to_owned(), "3".to_owned()], 2));
        drop(slot);
        let last = mail.next(2).await.unwrap();
        assert_eq!((keys(&last), last.left_out), (vec!["4".to_owned()], 0));
        assert!(mail.next(2).await.is_none(), "nothing more will come");
    }

    #[tokio::test]
    async fn what_comes_later_is_waited_for_and_nothing_is_put_where_nobody_takes_it_out() {
        let (slot, mut mail) = mailbox(3);
        let waits = tokio::spawn(async move { (mail.next(9).await.unwrap().letters.len(), mail) });
        tokio::task::yield_now().await;
        slot.put(notice(1));
        let (count, mail) = waits.await.unwrap();
        assert_eq!(count, 1);
        slot.put(notice(2));
        assert_eq!((mail.shut(), slot.put(notice(3))), (1, Put::Shut));
    }
}
