//! Chance: one seed, and a stream of its own for every purpose.

use crate::seam::Rng;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Dice(fastrand::Rng);

impl Dice {
    /// The stream of one purpose under a seed. Streams do not disturb each other: what one purpose draws, or that it
    /// draws nothing at all, changes nothing for the others. That is what lets a failing run be made smaller.
    pub fn of(seed: u64, purpose: &str) -> Self {
        // FNV-1a over the name, then mixed with the seed.
        let name = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut mixed = name ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^= mixed >> 31;
        Self(fastrand::Rng::with_seed(mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ seed))
    }

    /// A number in `from..to`; `from` where that is empty.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        if to > from { self.0.u64(from..to) } else { from }
    }

    /// Whether something of this likelihood happens.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.between(0, times.max(1)) == 0
    }

    /// Whether something happens that does so in this many of ten thousand cases.
    pub fn in_ten_thousand(&mut self, cases: u32) -> bool {
        self.between(0, 10_000) < u64::from(cases)
    }

    /// One of these; `None` of none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.between(0, of.len() as u64)).unwrap_or(0))
    }

    /// Up to 24 letters, to tell values apart.
    pub fn word(&mut self) -> String {
        let length = self.between(4, 9);
        (0..length).map(|_| self.0.lowercase()).collect()
    }
}

impl Rng for Dice {
    fn next_u64(&mut self) -> u64 {
        self.0.u64(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_seed_differ_and_each_repeats() {
        let draw = |seed, purpose| Dice::of(seed, purpose).next_u64();
        assert_eq!(draw(7, "people"), draw(7, "people"));
        assert_ne!(draw(7, "people"), draw(7, "faults"));
        assert_ne!(draw(7, "people"), draw(8, "people"));
    }
}
