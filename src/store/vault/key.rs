//! Keys: where they come from, how one is made, and how a passphrase becomes one.

use std::fmt;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::files::{private_bytes, replace};
use super::format::{Origin, SALT};
use super::random;
use crate::model::Revealed;
use crate::seam::SecretsError;

pub(super) type Key = Zeroizing<[u8; 32]>;

/// What opens the secrets.
#[derive(Clone)]
pub enum KeySource {
    /// A key file of our own, mode 0600: made with the first secret, replaced by a rotation.
    File(PathBuf),
    /// A key file that somebody else keeps, such as a credential of the service manager: read, and never made or replaced.
    Handed(PathBuf),
    /// A passphrase, through Argon2id.
    Passphrase(Revealed),
}

/// No passphrase is shown.
impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeySource::File(path) => f.debug_tuple("File").field(path).finish(),
            KeySource::Handed(path) => f.debug_tuple("Handed").field(path).finish(),
            KeySource::Passphrase(_) => f.write_str("Passphrase"),
        }
    }
}

/// What a new passphrase costs: 64 MiB and three passes.
const MEMORY: u32 = 64 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// More than that is no cost of ours: a file that says so is refused before it takes the machine's memory.
const MOST_MEMORY: u32 = 1 << 20;
const MOST_PASSES: u32 = 64;

/// How a new key is to be derived.
pub(super) fn fresh_origin() -> Result<Origin, SecretsError> {
    let mut salt = [0; SALT];
    random(&mut salt)?;
    Ok(Origin::Passphrase { salt, memory: MEMORY, passes: PASSES, lanes: LANES })
}

/// The key of a passphrase; `None` for an [`Origin`] that is none of ours.
pub(super) fn derived(passphrase: &Revealed, origin: Origin) -> Option<Key> {
    let Origin::Passphrase { salt, memory, passes, lanes } = origin else { return None };
    if memory > MOST_MEMORY || passes > MOST_PASSES {
        return None;
    }
    let costs = Params::new(memory, passes, lanes, Some(32)).ok()?;
    let mut key = Key::default();
    let cost = Argon2::new(Algorithm::Argon2id, Version::V0x13, costs);
    cost.hash_password_into(passphrase.expose().as_bytes(), &salt, &mut *key).ok()?;
    Some(key)
}

/// Tells keys apart, and tells nothing of them.
pub(super) fn mark(key: &Key) -> [u8; 8] {
    let mut told = [0; 8];
    let digest = Sha256::new().chain_update(b"crosstie: which key").chain_update(key.as_slice()).finalize();
    told.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    told
}

/// The key of a file, where there is one. `handed` says that others than its owner guard it.
pub(super) fn read(path: &Path, handed: bool) -> Result<Option<Key>, SecretsError> {
    let Some(text) = private_bytes(path, handed)? else { return Ok(None) };
    parsed(&text).map(Some).ok_or_else(|| SecretsError::BadKey(path.to_owned()))
}

/// 64 hexadecimal digits, with white space around them or not.
fn parsed(text: &[u8]) -> Option<Key> {
    let digits = text.trim_ascii();
    let mut key = Key::default();
    let good = digits.len() == 64
        && key.iter_mut().zip(digits.chunks_exact(2)).all(|(byte, pair)| {
            let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let read = match pair {
                [high, low] => value(high).zip(value(low)).map(|(high, low)| high << 4 | low),
                _ => None,
            };
            read.map(|read| *byte = read).is_some()
        });
    good.then_some(key)
}

fn written(key: &Key) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text.push('\n');
    text
}

/// A new key, in a file.
pub(super) fn make(path: &Path) -> Result<Key, SecretsError> {
    let mut key = Key::default();
    random(&mut *key)?;
    replace(path, written(&key).as_bytes())?;
    Ok(key)
}

/// Where a rotation puts the key that is to follow.
pub(super) fn next(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_is_read_as_it_was_written(bytes: [u8; 32]) {
            let key = Key::new(bytes);
            prop_assert_eq!(parsed(written(&key).as_bytes()), Some(key));
        }

        #[test]
        fn anything_else_is_no_key(text in "\\PC{0,70}") {
            let hexadecimal = text.trim().len() == 64 && text.trim().bytes().all(|it| it.is_ascii_hexdigit());
            prop_assert_eq!(parsed(text.as_bytes()).is_some(), hexadecimal);
        }
    }

    #[test]
    fn a_file_that_asks_for_more_than_we_ever_spend_is_refused() {
        let asked = |memory, passes| Origin::Passphrase { salt: [1; SALT], memory, passes, lanes: 1 };
        let word = Revealed::new("word");
        assert!(derived(&word, asked(64, 1)).is_some());
        assert!(derived(&word, asked(u32::MAX, 1)).is_none() && derived(&word, asked(64, u32::MAX)).is_none());
        assert!(derived(&word, Origin::File).is_none());
    }
}
