//! Names that the pretend Notion gives to things: deterministic, and in the shapes that were recorded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What JavaScript's `encodeURIComponent` leaves alone; Notion returns property ids encoded that way.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The colours of options.
const COLORS: [&str; 10] = ["default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red"];

/// A stream of ids: the same seed and the same calls give the same ids.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    seed: u64,
    drawn: u64,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next 64 bits: splitmix64 over a counter.
    pub(super) fn bits(&mut self) -> u64 {
        self.drawn += 1;
        let mut z = self.seed.wrapping_add(self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A version 4 UUID, dashed, in lower case.
    pub(super) fn uuid(&mut self) -> String {
        let high = (self.bits() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let low = (self.bits() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        dashed(&format!("{high:016x}{low:016x}"))
    }

    /// A property id: four printable characters, percent-encoded as Notion returns them (`Y%7Dh_`, `%3FB%3AW`).
    pub(super) fn property(&mut self) -> String {
        let mut bits = self.bits();
        let mut raw = String::new();
        for _ in 0..4 {
            // ':' to '~', the range seen in recordings.
            raw.push(char::from(b':' + u8::try_from(bits % 69).unwrap_or(0)));
            bits >>= 16;
        }
        utf8_percent_encode(&raw, COMPONENT).to_string()
    }

    pub(super) fn color(&mut self) -> &'static str {
        let at = usize::try_from(self.bits() % 10).unwrap_or(0);
        COLORS.get(at).copied().unwrap_or("default")
    }

    /// A token in the shape that Notion has given out since September 2024.
    pub(super) fn token(&mut self) -> String {
        let body: String = (0..3).map(|_| format!("{:016x}", self.bits())).collect();
        format!("ntn_{}", body.get(..46).unwrap_or(&body))
    }
}

fn dashed(hex: &str) -> String {
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The dashed lower-case form of an id, if it is a UUID with or without dashes. Version and variant bits are checked:
/// `12345678-1234-1234-1234-123456789abc` was recorded as refused, the all-zero id as accepted (and not found).
pub(super) fn uuid(text: &str) -> Option<String> {
    let hex: String = text.chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
    let whole = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if !whole || (text.contains('-') && text.to_ascii_lowercase() != dashed(&hex)) {
        return None;
    }
    let at = |i: usize| hex.as_bytes().get(i).copied().unwrap_or_default();
    let nil = hex.bytes().all(|b| b == b'0');
    let sound = (b'1'..=b'8').contains(&at(12)) && matches!(at(16), b'8' | b'9' | b'a' | b'b');
    (nil || sound).then(|| dashed(&hex))
}

/// Percent-decoded text; a property id compares equal to another when both decode to the same.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Whether two property ids mean the same property, encoded or not.
pub(super) fn same_property(a: &str, b: &str) -> bool {
    a == b || percent_decode_str(a).eq(percent_decode_str(b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_valid_and_the_same_for_the_same_seed() {
        let (mut a, mut b) = (Ids::new(7), Ids::new(7));
        for _ in 0..50 {
            let id = a.uuid();
            assert_eq!(id, b.uuid());
            assert_eq!(uuid(&id).as_deref(), Some(id.as_str()));
        }
        assert_ne!(Ids::new(8).uuid(), Ids::new(7).uuid());
    }

    #[test]
    fn some_property_ids_need_encoding() {
        let mut ids = Ids::new(1);
        let some: Vec<String> = (0..40).map(|_| ids.property()).collect();
        assert!(some.iter().any(|id| id.contains('%')));
        assert!(some.iter().any(|id| !id.contains('%')));
        assert!(same_property("v_%5D%3C", "v_]<"));
    }

    #[test]
    fn an_id_that_is_no_uuid_is_told_from_one_that_is() {
        assert_eq!(uuid("12345678-1234-1234-1234-123456789abc"), None);
        assert!(uuid("00000000-0000-0000-0000-000000000000").is_some());
        assert_eq!(uuid("38C9ce7b60a481d49242eaae0703ba50").unwrap(), "38c9ce7b-60a4-81d4-9242-eaae0703ba50");
        assert_eq!(uuid("38c9-ce7b60a481d49242eaae0703ba50"), None);
    }
}
