//! How a value lies in the store: one byte of schema version, what it says, and a CRC-32 over both (little endian).
//! What it says is JSON, or, of what there is most of, the short form of [`packed`].
//!
//! The engine below keeps no checksum over what it hands back, so each value carries its own. A value that fails its
//! check is never used: it is moved to the quarantine and its record is read again from where it came.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::packed;
use crate::seam::{Batch, KvError};

/// The newest schema version that this program writes and reads.
pub const VERSION: u8 = LATER;
/// Of values in JSON.
const JSON: u8 = 1;
/// Of values in their short form.
const SHORT: u8 = 2;
/// Of those that tell what programs of the version before could not read.
const LATER: u8 = 3;

/// Bytes around a value: one of version, four of checksum.
const FRAME: usize = 5;

/// What a sound value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held<'a> {
    /// JSON.
    Json(&'a [u8]),
    /// The short form of [`packed`].
    Short(&'a [u8]),
}

/// Why a value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Too short to be a record at all.
    #[error("only {0} bytes long, too short for a record")]
    Short(usize),
    /// The checksum does not fit the bytes.
    #[error("its checksum is {found:08x}, but its bytes give {computed:08x}")]
    Checksum {
        /// What is stored.
        found: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// Sound, but written by a newer program.
    #[error("written in schema version {0}, newer than the {VERSION} this program knows")]
    Newer(u8),
    /// Sound, but not what was asked for.
    #[error("its contents do not fit: {0}")]
    Shape(String),
    /// The value could not be written as JSON.
    #[error("cannot be written as JSON: {0}")]
    Unwritable(String),
}

impl From<Broken> for KvError {
    fn from(broken: Broken) -> Self {
        KvError::Failed(format!("a record is {broken}"))
    }
}

/// Frames a value for storing.
///
/// # Errors
/// [`Broken::Unwritable`] for what JSON cannot hold (a map whose keys are not text).
pub fn seal<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Broken> {
    let json = serde_json::to_string(value).map_err(|error| Broken::Unwritable(error.to_string()))?;
    Ok(reseal(&json))
}

/// Frames JSON.
pub(super) fn reseal(json: &str) -> Vec<u8> {
    framed(JSON, json.as_bytes())
}

/// Frames the short form of a record.
pub fn seal_short(short: &[u8]) -> Vec<u8> {
    framed(if packed::is_later(short) { LATER } else { SHORT }, short)
}

fn framed(version: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len() + FRAME);
    bytes.push(version);
    bytes.extend_from_slice(value);
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Checks a stored value and gives what it says.
///
/// # Errors
/// [`Broken`] when the bytes are damaged or from a newer program.
pub fn check(bytes: &[u8]) -> Result<Held<'_>, Broken> {
    let Some((framed, crc)) = bytes.split_last_chunk::<4>().filter(|_| bytes.len() >= FRAME) else {
        return Err(Broken::Short(bytes.len()));
    };
    let (found, computed) = (u32::from_le_bytes(*crc), crc32fast::hash(framed));
    if found != computed {
        return Err(Broken::Checksum { found, computed });
    }
    match framed.split_first() {
        Some((&(SHORT | LATER), short)) => Ok(Held::Short(short)),
        Some((version, _)) if *version > VERSION => Err(Broken::Newer(*version)),
        Some((_, json)) => Ok(Held::Json(json)),
        None => Err(Broken::Short(bytes.len())),
    }
}

/// Checks a stored value and gives it as JSON, whatever its form.
///
/// # Errors
/// [`Broken`] when the bytes are damaged, from a newer program, or a short form that is none.
pub fn json(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Broken> {
    match check(bytes)? {
        Held::Json(json) => Ok(Cow::Borrowed(json)),
        Held::Short(short) => {
            let json = packed::json(short).ok_or_else(|| Broken::Shape("no known short form".to_owned()))?;
            Ok(Cow::Owned(json.into_bytes()))
        }
    }
}

/// Checks a stored value and reads it.
///
/// # Errors
/// [`Broken`] when the bytes are damaged, from a newer program, or hold something else.
pub fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Broken> {
    serde_json::from_slice(&json(bytes)?).map_err(|error| Broken::Shape(error.to_string()))
}

/// Adds the write of one record to a batch.
///
/// # Errors
/// [`Broken::Unwritable`]; the batch is then unchanged.
pub fn put<T: Serialize + ?Sized>(
    batch: &mut Batch,
    tree: &'static str,
    key: impl Into<Vec<u8>>,
    value: &T,
) -> Result<(), Broken> {
    let bytes = seal(value)?;
    batch.put(tree, key, bytes);
    Ok(())
}

/// A key as people can read it: text where it is text, `0x…` otherwise.
pub fn show_key(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) => text.replace('\0', "/").escape_debug().to_string(),
        Err(_) => format!("0x{}", hex(key)),
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads lower- or upper-case hexadecimal.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_again() {
        let value = vec![("Straße".to_owned(), 7), (String::new(), -1)];
        assert_eq!(open::<Vec<(String, i32)>>(&seal(&value).unwrap()), Ok(value));
    }

    #[test]
    fn no_single_flipped_bit_and_no_cut_goes_unnoticed() {
        let sound = seal("one value").unwrap();
        for at in 0..sound.len() * 8 {
            let mut bytes = sound.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            assert!(open::<String>(&bytes).is_err(), "bit {at}");
        }
        for length in 0..sound.len() {
            assert!(open::<String>(&sound[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn a_sound_record_of_a_newer_program_is_called_newer_not_damaged() {
        let mut bytes = vec![VERSION + 1, b'1'];
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        assert_eq!(check(&bytes), Err(Broken::Newer(VERSION + 1)));
    }

    #[test]
    fn what_json_cannot_hold_is_refused_before_it_is_stored() {
        let mut batch = Batch::new();
        let odd = std::collections::BTreeMap::from([(vec![1u8], 1)]);
        assert!(matches!(put(&mut batch, "meta", "k", &odd), Err(Broken::Unwritable(_))));
        assert!(batch.is_empty());
    }
}
