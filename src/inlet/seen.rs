//! What came before: the names of the last events.

use std::collections::{BTreeSet, VecDeque};

/// Events that are remembered.
const MOST: usize = 10_000;

/// The names of the last events; the oldest is forgotten first. What is forgotten is heard again, which costs a look.
#[derive(Debug, Default)]
pub(super) struct Seen {
    known: BTreeSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    pub fn has(&self, id: &str) -> bool {
        self.known.contains(id)
    }

    pub fn note(&mut self, id: String) {
        if !self.known.insert(id.clone()) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_thousand_are_known_and_no_more_are_kept() {
        let mut seen = Seen::default();
        for number in 0..MOST + 5 {
            seen.note(number.to_string());
            seen.note(number.to_string());
        }
        assert!(!seen.has("4") && seen.has("5") && seen.has(&(MOST + 4).to_string()));
        assert_eq!((seen.known.len(), seen.order.len()), (MOST, MOST));
    }
}
