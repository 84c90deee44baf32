//! An index that runs behind its store: for some seconds, lists show some objects as they were before.
//!
//! Each object lags by its own amount, drawn anew every second from the world's seed, the object and the time; so a run
//! can be repeated, and yet two lists a second apart may disagree, even backwards, as two replicas of a real index do.
//! Only versions younger than the largest lag are kept.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

/// What an object is called in the index.
pub(super) trait Key: Ord {
    /// A number that tells objects apart.
    fn number(&self) -> u64;
}

impl Key for String {
    fn number(&self) -> u64 {
        // FNV-1a.
        self.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
    }
}

/// How the index sees an object.
#[derive(Debug, PartialEq)]
pub(super) enum Seen<'a, T> {
    /// As it is.
    Now,
    /// As it was.
    Then(&'a T),
    /// Not yet.
    Absent,
}

#[derive(Debug, Clone)]
struct Version<T> {
    /// When this ceased to be what the object is.
    until: Timestamp,
    /// `None` before the object came into being.
    held: Option<T>,
}

/// The index of one world. It has no lag until it is given one.
#[derive(Debug, Clone)]
pub(super) struct Lag<K, T> {
    seed: u64,
    millis: Range<u64>,
    past: BTreeMap<K, VecDeque<Version<T>>>,
}

impl<K: Key, T: Clone> Lag<K, T> {
    /// An index that shows everything at once.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, millis: 0..0, past: BTreeMap::new() }
    }

    /// From now on objects are shown late by so many seconds; an empty range ends that.
    pub(super) fn set(&mut self, seconds: Range<u32>) {
        self.millis = u64::from(seconds.start) * 1000..u64::from(seconds.end) * 1000;
        if self.millis.is_empty() {
            self.past.clear();
        }
    }

    /// Whether there is any lag.
    pub(super) fn on(&self) -> bool {
        !self.millis.is_empty()
    }

    /// Keeps what an object is before it changes at that moment; `None` before it is made.
    pub(super) fn remember(&mut self, key: K, at: Timestamp, held: Option<&T>) {
        if !self.on() {
            return;
        }
        let oldest = back(at, self.millis.end);
        self.past.retain(|_, versions| {
            while versions.front().is_some_and(|version| version.until <= oldest) {
                versions.pop_front();
            }
            !versions.is_empty()
        });
        let versions = self.past.entry(key).or_default();
        // Of several changes in one moment only the first has a before that lasted.
        if versions.back().is_none_or(|last| last.until < at) {
            versions.push_back(Version { until: at, held: held.cloned() });
        }
    }

    /// How a list sees the object now.
    pub(super) fn seen(&self, key: &K, now: Timestamp) -> Seen<'_, T> {
        match self.past.get(key) {
            Some(versions) if self.on() => {
                let then = self.view(key, now);
                match versions.iter().find(|version| version.until > then) {
                    None => Seen::Now,
                    Some(Version { held: Some(held), .. }) => Seen::Then(held),
                    Some(Version { held: None, .. }) => Seen::Absent,
                }
            }
            _ => Seen::Now,
        }
    }

    /// Everything that changed lately.
    pub(super) fn changed(&self) -> impl Iterator<Item = &K> {
        self.past.keys()
    }

    /// The moment up to which the index knows the object.
    fn view(&self, key: &K, now: Timestamp) -> Timestamp {
        let second = u64::try_from(now.as_second()).unwrap_or(0);
        let mut z = self.seed ^ key.number() ^ second.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        let width = self.millis.end.saturating_sub(self.millis.start).max(1);
        back(now, self.millis.start + z % width)
    }
}

fn back(at: Timestamp, millis: u64) -> Timestamp {
    let step = SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    at.checked_sub(step).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_object_is_seen_late_but_never_later_than_the_largest_lag() {
        let mut lag: Lag<String, u32> = Lag::new(7);
        lag.set(2..9);
        let key = "page".to_owned();
        lag.remember(key.clone(), at(100), None);
        lag.remember(key.clone(), at(200), Some(&1));
        assert_eq!(lag.seen(&key, at(201)), Seen::Then(&1));
        assert_eq!(lag.seen(&key, at(209)), Seen::Now);
        let seen: Vec<bool> = (203..208).map(|second| lag.seen(&key, at(second)) == Seen::Now).collect();
        assert!(seen.contains(&true) && seen.contains(&false), "{seen:?}");
    }

    #[test]
    fn only_young_versions_are_kept() {
        let mut lag: Lag<String, u32> = Lag::new(7);
        lag.set(0..5);
        for second in 0..100 {
            lag.remember(format!("page {}", second % 3), at(second), Some(&0));
        }
        assert!(lag.past.values().map(VecDeque::len).sum::<usize>() <= 6);
        lag.set(0..0);
        assert_eq!(lag.changed().count(), 0);
    }
}
