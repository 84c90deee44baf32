//! Values longer than 32 KiB lie in chunks: sled 0.34 puts values from some 128 KiB on into files of their own, which
//! our `fdatasync` does not reach and which have leaked before.
//!
//! A stored value is a 0 and the value, or a 1 and the number of its chunks. Chunks have their own tree and are written
//! and removed in the transaction of their value.

use sled::IVec;

/// The longest value, and the longest chunk.
const LONGEST: usize = 32 * 1024 - 1;
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
