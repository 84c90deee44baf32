//! The bytes of `secrets.bin`, from their beginning:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `CTSECRET` |
//! | 1 | the format: 2 (1 is read too: it knows no times and no passphrases) |
//! | 8 | the mark of the key, which tells keys apart |
//! | 24 | the nonce |
//! | 1 | where the key comes from: 0 a file, 1 a passphrase; not in format 1 |
//! | 28 | for a passphrase: its salt (16), then memory in KiB, passes and lanes of Argon2id (4 each) |
//! | | names, secrets and times, each after its length, sealed; all that stands before is bound to them |
//! | 4 | a checksum of everything, so that a damaged file and a wrong key are told apart |
//!
//! Numbers are little-endian.

use std::collections::BTreeMap;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::model::Revealed;

const MAGIC: &[u8; 8] = b"CTSECRET";
const FORMAT: u8 = 2;
const FIRST_FORMAT: u8 = 1;
pub(super) const NONCE: usize = 24;
pub(super) const SALT: usize = 16;

/// A secret, and when it was set, where that is known.
#[derive(Clone)]
pub(super) struct Entry {
    pub secret: Revealed,
    pub set: Option<Timestamp>,
}

pub(super) type All = BTreeMap<String, Entry>;

/// Where the key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    File,
    /// Of a passphrase, by Argon2id.
    Passphrase {
        salt: [u8; SALT],
        /// In KiB.
        memory: u32,
        passes: u32,
        lanes: u32,
    },
}

/// A file, taken apart.
pub(super) struct Parts<'a> {
    pub mark: [u8; 8],
    pub nonce: &'a [u8],
    pub origin: Origin,
    /// Everything before the sealed text: what is bound to it. Without the nonce in the first format.
    pub bound: &'a [u8],
    pub sealed: &'a [u8],
    first: bool,
}

/// Why a file cannot be taken apart.
pub(super) enum Unread {
    Damaged,
    Newer(u8),
}

impl<'a> Parts<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unread> {
        let body = bytes.split_last_chunk::<4>().filter(|(body, check)| crc32fast::hash(body).to_le_bytes() == **check);
        let (body, _) = body.ok_or(Unread::Damaged)?;
        Self::parsed(body).ok_or(Unread::Damaged).and_then(|(format, parts)| match format {
            FORMAT | FIRST_FORMAT => parts.ok_or(Unread::Damaged),
            newer => Err(Unread::Newer(newer)),
        })
    }

    /// The format, and the parts if they are all there.
    fn parsed(body: &'a [u8]) -> Option<(u8, Option<Self>)> {
        let rest = body.strip_prefix(MAGIC)?;
        let (format, rest) = rest.split_first()?;
        let parts = || {
            let (mark, rest) = rest.split_first_chunk::<8>()?;
            let (nonce, rest) = rest.split_at_checked(NONCE)?;
            if *format == FIRST_FORMAT {
                let bound = body.get(..MAGIC.len() + 1 + mark.len())?;
                return Some(Self { mark: *mark, nonce, origin: Origin::File, bound, sealed: rest, first: true });
            }
            let (kind, rest) = rest.split_first()?;
            let (origin, sealed) = match kind {
                0 => (Origin::File, rest),
                1 => {
                    let (salt, rest) = rest.split_first_chunk::<SALT>()?;
                    let (memory, rest) = number(rest)?;
                    let (passes, rest) = number(rest)?;
                    let (lanes, rest) = number(rest)?;
                    (Origin::Passphrase { salt: *salt, memory, passes, lanes }, rest)
                }
                _ => return None,
            };
            let bound = body.get(..body.len() - sealed.len())?;
            Some(Self { mark: *mark, nonce, origin, bound, sealed, first: false })
        };
        Some((*format, parts()))
    }

    /// The secrets in the opened text.
    pub fn unpacked(&self, text: &[u8]) -> Option<All> {
        unpacked(text, !self.first)
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    bytes.split_first_chunk::<4>().map(|(number, rest)| (u32::from_le_bytes(*number), rest))
}

/// What stands before the sealed text.
pub(super) fn head(mark: [u8; 8], nonce: &[u8; NONCE], origin: Origin) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.push(FORMAT);
    head.extend(mark);
    head.extend(nonce);
    match origin {
        Origin::File => head.push(0),
        Origin::Passphrase { salt, memory, passes, lanes } => {
            head.push(1);
            head.extend(salt);
            head.extend([memory, passes, lanes].into_iter().flat_map(u32::to_le_bytes));
        }
    }
    head
}

/// The whole file.
pub(super) fn file(head: Vec<u8>, sealed: &[u8]) -> Vec<u8> {
    let mut bytes = head;
    bytes.extend(sealed);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Names, secrets and times, each after its length; `None` where one is too long.
pub(super) fn packed(all: &All) -> Option<Zeroizing<Vec<u8>>> {
    // Room for everything at once: a vector that grows leaves copies behind.
    let room = all.iter().map(|(name, entry)| 12 + name.len() + entry.secret.expose().len() + 40).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    for (name, entry) in all {
        let set = entry.set.map_or_else(String::new, |at| at.to_string());
        for text in [name.as_str(), entry.secret.expose(), &set] {
            out.extend(u32::try_from(text.len()).ok()?.to_le_bytes());
            out.extend(text.as_bytes());
        }
    }
    Some(out)
}

fn unpacked(mut bytes: &[u8], timed: bool) -> Option<All> {
    let mut all = All::new();
    while !bytes.is_empty() {
        let mut next = || {
            let (length, rest) = number(bytes)?;
            let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            bytes = rest;
            std::str::from_utf8(text).ok()
        };
        let (name, secret) = (next()?.to_owned(), Revealed::new(next()?));
        let set = if timed { next()?.parse().ok() } else { None };
        all.insert(name, Entry { secret, set });
    }
    Some(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origins() -> impl Strategy<Value = Origin> {
        let asked = (any::<[u8; SALT]>(), any::<u32>(), any::<u32>(), any::<u32>())
            .prop_map(|(salt, memory, passes, lanes)| Origin::Passphrase { salt, memory, passes, lanes });
        prop_oneof![Just(Origin::File), asked]
    }

    proptest! {
        #[test]
        fn a_file_is_read_as_it_was_written(
            mark: [u8; 8], nonce: [u8; NONCE], origin in origins(), sealed in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let bytes = file(head(mark, &nonce, origin), &sealed);
            let parts = Parts::read(&bytes).unwrap_or_else(|_| panic!("unread"));
            prop_assert_eq!((parts.mark, parts.nonce, parts.origin, parts.sealed), (mark, &nonce[..], origin, &sealed[..]));
            prop_assert_eq!(parts.bound, &head(mark, &nonce, origin)[..]);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..120), mended: bool) {
            let mut whole = MAGIC.to_vec();
            whole.extend(&bytes);
            let whole = if mended { file(whole, &[]) } else { whole };
            let _ = Parts::read(&whole);
            let _ = (unpacked(&bytes, true), unpacked(&bytes, false));
        }

        #[test]
        fn names_secrets_and_times_come_back(
            pairs in proptest::collection::btree_map("\\PC{0,12}", ("\\PC{0,40}", proptest::option::of(0..4_000_000_000_i64)), 0..6),
        ) {
            let all: All = pairs
                .iter()
                .map(|(name, (secret, set))| {
                    let set = set.map(|at| Timestamp::from_second(at).unwrap());
                    (name.clone(), Entry { secret: Revealed::new(secret.clone()), set })
                })
                .collect();
            let back = unpacked(&packed(&all).unwrap(), true).unwrap();
            prop_assert_eq!(back.len(), all.len());
            for (name, entry) in &all {
                prop_assert_eq!(back[name].secret.expose(), entry.secret.expose());
                prop_assert_eq!(back[name].set, entry.set);
            }
        }
    }
}
