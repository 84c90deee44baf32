//! Values longer than 4 KiB lie in chunks: what sled 0.34 writes in one piece goes into a file of its own from some
//! 128 KiB on, which our `fdatasync` does not reach and which has leaked before. That piece is not a value but a whole
//! leaf: up to some twenty neighbours.
//!
//! A stored value is a 0 and the value, or a 1 and the number of its chunks. Chunks have their own tree and are written
//! and removed in the transaction of their value.

use sled::IVec;

/// The longest value, and the longest chunk.
const LONGEST: usize = 4 * 1024 - 1;
const WHOLE: u8 = 0;
const CHUNKED: u8 = 1;

/// What to store under the key itself, and the chunks beside it.
pub(super) fn split(value: &[u8]) -> (Vec<u8>, Vec<&[u8]>) {
    if value.len() <= LONGEST {
        let mut head = Vec::with_capacity(value.len() + 1);
        head.push(WHOLE);
        head.extend_from_slice(value);
        return (head, Vec::new());
    }
    let chunks: Vec<&[u8]> = value.chunks(LONGEST).collect();
    let mut head = vec![CHUNKED];
    head.extend_from_slice(&(chunks.len() as u64).to_le_bytes());
    (head, chunks)
}

/// How many chunks a stored value has.
pub(super) fn count(stored: &[u8]) -> usize {
    match stored.split_first() {
        Some((&CHUNKED, count)) => {
            count.try_into().map_or(0, |count| usize::try_from(u64::from_le_bytes(count)).unwrap_or(0))
        }
        _ => 0,
    }
}

/// Where a chunk lies. Lengths keep keys of different rows apart whatever bytes they hold.
pub(super) fn key(tree: &str, key: &[u8], at: usize) -> Vec<u8> {
    let mut place = Vec::with_capacity(tree.len() + key.len() + 17);
    place.extend_from_slice(tree.as_bytes());
    place.push(0);
    place.extend_from_slice(&(key.len() as u64).to_be_bytes());
    place.extend_from_slice(key);
    place.extend_from_slice(&(at as u64).to_be_bytes());
    place
}

/// The value again. A missing chunk ends it early: the value's own checksum then fails, and it is quarantined like any
/// other damage instead of stopping the program.
pub(super) fn join(
    stored: &[u8],
    tree: &str,
    row: &[u8],
    chunk: impl Fn(Vec<u8>) -> sled::Result<Option<IVec>>,
) -> sled::Result<Vec<u8>> {
    let Some((&CHUNKED, _)) = stored.split_first() else {
        return Ok(stored.get(1..).unwrap_or_default().to_vec());
    };
    let mut value = Vec::new();
    for at in 0..count(stored) {
        match chunk(key(tree, row, at))? {
            Some(part) => value.extend_from_slice(&part),
            None => break,
        }
    }
    Ok(value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn joined(value: &[u8], lose: Option<usize>) -> Vec<u8> {
        let (head, chunks) = split(value);
        assert_eq!(count(&head), chunks.len());
        let place = |at| key("ties", b"k", at);
        let find = |wanted: Vec<u8>| (0..chunks.len()).find(|at| place(*at) == wanted && Some(*at) != lose);
        join(&head, "ties", b"k", |wanted| Ok(find(wanted).map(|at| IVec::from(chunks[at])))).unwrap()
    }

    #[test]
    fn values_of_every_length_come_back_whole() {
        for length in [0, 1, LONGEST - 1, LONGEST, LONGEST + 1, 2 * LONGEST, 2 * LONGEST + 1, 50 * LONGEST] {
            let value: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            assert_eq!(joined(&value, None), value, "{length}");
        }
    }

    #[test]
    fn a_lost_chunk_gives_a_value_that_fails_its_own_check() {
        let sealed = crate::store::record::seal(&"x".repeat(3 * LONGEST)).unwrap();
        for lose in 0..4 {
            assert!(crate::store::record::check(&joined(&sealed, Some(lose))).is_err(), "{lose}");
        }
    }

    #[test]
    fn chunks_of_different_rows_never_share_a_place() {
        assert_ne!(key("ties", b"a\0", 0), key("ties", b"a", 0));
        assert_ne!(key("ties", &[b'a', 0, 0, 0, 0, 0, 0, 0, 0], 0), key("ties", b"a", 0));
        assert_ne!(key("ties", b"a", 1), key("ties", b"a", 0));
    }
}
