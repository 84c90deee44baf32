//! Secrets at rest: one small file beside the store, sealed with XChaCha20-Poly1305.
//!
//! `secrets.bin` holds all names and secrets; every change writes it anew, under a fresh nonce, beside itself, and renames it
//! into place when it is on the disk. The key is in `secrets.key`, or wherever the operator says, so that a copy of the
//! state folder without it tells nothing; it is made with the first secret. Both files are their owner's alone, and a file
//! that others can read is refused. Keys and opened secrets are wiped from memory.
//!
//! The file: `CTSECRET`, one byte of format, eight bytes that tell keys apart, the nonce, the sealed text, and a checksum
//! of all that, so that a damaged file and a wrong key are told apart.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::rand_core::RngCore;
use chacha20poly1305::aead::{Aead, OsRng, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::files;
use crate::model::Revealed;
use crate::seam::{Secrets, SecretsError};

const MAGIC: &[u8; 8] = b"CTSECRET";
const FORMAT: u8 = 1;
/// Magic, format, and the mark of the key.
const HEAD: usize = 8 + 1 + 8;
const NONCE: usize = 24;
const CHECK: usize = 4;

type Key = Zeroizing<[u8; 32]>;
type All = BTreeMap<String, Revealed>;

/// The secrets of one state folder.
pub struct Vault {
    home: PathBuf,
    file: PathBuf,
    key: PathBuf,
}

/// No secret is in it, and none is shown.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Vault {
    /// The secrets in `home`, with the key there too unless `key` says where. Nothing is read or made yet.
    pub fn new(home: &Path, key: Option<PathBuf>) -> Self {
        let key = key.unwrap_or_else(|| home.join("secrets.key"));
        Self { home: home.to_owned(), file: home.join("secrets.bin"), key }
    }

    /// All secrets; none where there is no file.
    fn open(&self) -> Result<All, SecretsError> {
        let Some(bytes) = private_bytes(&self.file)? else { return Ok(All::new()) };
        let damaged = || SecretsError::Damaged(self.file.clone());
        if bytes.len() < HEAD + NONCE + CHECK || !bytes.starts_with(MAGIC) {
            return Err(damaged());
        }
        let (body, check) = bytes.split_at(bytes.len() - CHECK);
        if crc32fast::hash(body).to_le_bytes() != check {
            return Err(damaged());
        }
        let (head, rest) = body.split_at(HEAD);
        let (nonce, sealed) = rest.split_at(NONCE);
        match head.get(8) {
            Some(&FORMAT) => {}
            Some(&version) => return Err(SecretsError::Newer { path: self.file.clone(), version }),
            None => return Err(damaged()),
        }
        let key = self
            .key()?
            .ok_or_else(|| SecretsError::KeyMissing { key: self.key.clone(), secrets: self.file.clone() })?;
        if head.get(9..) != Some(mark(&key).as_slice()) {
            return Err(SecretsError::WrongKey { key: self.key.clone(), secrets: self.file.clone() });
        }
        let cipher = XChaCha20Poly1305::new((&*key).into());
        let text = cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: head });
        let text = Zeroizing::new(text.map_err(|_| damaged())?);
        unpacked(&text).ok_or_else(damaged)
    }

    /// Writes all secrets anew.
    fn seal(&self, all: &All) -> Result<(), SecretsError> {
        let key = match self.key()? {
            Some(key) => key,
            None => self.make_key()?,
        };
        let mut head = MAGIC.to_vec();
        head.push(FORMAT);
        head.extend(mark(&key));
        let mut nonce = [0; NONCE];
        random(&mut nonce)?;
        let text = packed(all).ok_or_else(|| SecretsError::Unsealed("a secret is longer than 4 GiB".into()))?;
        let cipher = XChaCha20Poly1305::new((&*key).into());
        let sealed = cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: &text, aad: &head })
            .map_err(|_| SecretsError::Unsealed("they are too long".into()))?;
        let mut bytes = head;
        bytes.extend(nonce);
        bytes.extend(sealed);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        replace(&self.file, &bytes)
    }

    /// The key, where there is one.
    fn key(&self) -> Result<Option<Key>, SecretsError> {
        let Some(text) = private_bytes(&self.key)? else { return Ok(None) };
        let digits = text.trim_ascii();
        let mut key = Key::default();
        let good = digits.len() == 64
            && key.iter_mut().zip(digits.chunks_exact(2)).all(|(byte, pair)| {
                let read = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
                read.map(|read| *byte = read).is_some()
            });
        if good { Ok(Some(key)) } else { Err(SecretsError::BadKey(self.key.clone())) }
    }

    fn make_key(&self) -> Result<Key, SecretsError> {
        let mut key = Key::default();
        random(&mut *key)?;
        let mut text = Zeroizing::new(String::with_capacity(65));
        for byte in key.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        text.push('\n');
        replace(&self.key, text.as_bytes())?;
        Ok(key)
    }

    /// A lock file in the folder, taken. It stays there: removing it would let two processes lock two files of one name.
    fn locked(&self, name: &str) -> Result<File, SecretsError> {
        files::private_dir(&self.home).map_err(|error| failed(&self.home, error))?;
        let path = self.home.join(name);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|error| failed(&path, error))?;
        file.lock().map_err(|error| failed(&path, error))?;
        Ok(file)
    }
}

impl Secrets for Vault {
    fn get(&self, name: &str) -> Result<Option<Revealed>, SecretsError> {
        Ok(self.open()?.remove(name))
    }

    fn put(&self, name: &str, secret: &Revealed) -> Result<(), SecretsError> {
        let _alone = self.locked("secrets.lock")?;
        let mut all = self.open()?;
        all.insert(name.to_owned(), secret.clone());
        self.seal(&all)
    }

    fn forget(&self, name: &str) -> Result<bool, SecretsError> {
        let _alone = self.locked("secrets.lock")?;
        let mut all = self.open()?;
        if all.remove(name).is_none() {
            return Ok(false);
        }
        self.seal(&all)?;
        Ok(true)
    }

    fn names(&self) -> Result<Vec<String>, SecretsError> {
        Ok(self.open()?.into_keys().collect())
    }

    fn claim(&self) -> Result<Box<dyn Any + Send>, SecretsError> {
        Ok(Box::new(self.locked("secrets.claim")?))
    }
}

fn failed(path: &Path, error: io::Error) -> SecretsError {
    SecretsError::Failed { path: path.to_owned(), error }
}

fn random(bytes: &mut [u8]) -> Result<(), SecretsError> {
    OsRng.try_fill_bytes(bytes).map_err(|error| SecretsError::Unsealed(format!("the system gives no chance: {error}")))
}

/// A word that nobody can guess.
///
/// # Errors
/// [`SecretsError::Unsealed`]: the system gives no chance.
pub fn word() -> Result<String, SecretsError> {
    let mut bytes = [0; 16];
    random(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Tells keys apart, and tells nothing of them.
fn mark(key: &Key) -> [u8; 8] {
    let mut told = [0; 8];
    let digest = Sha256::new().chain_update(b"crosstie: which key").chain_update(key.as_slice()).finalize();
    told.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    told
}

/// The bytes of a file that its owner alone may read; none where there is no file.
fn private_bytes(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, SecretsError> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, error)),
    };
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretsError::TooOpen { path: path.to_owned(), mode });
    }
    fs::read(path).map(|bytes| Some(Zeroizing::new(bytes))).map_err(|error| failed(path, error))
}

/// Puts a private file in place of another, all of it or nothing, and durably.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), SecretsError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    let write = || {
        let mut file = files::private_file(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        files::sync_dir(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    };
    write().map_err(|error| failed(path, error))
}

/// Names and secrets, each after its length.
fn packed(all: &All) -> Option<Zeroizing<Vec<u8>>> {
    let room = all.iter().map(|(name, secret)| 8 + name.len() + secret.expose().len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    for text in all.iter().flat_map(|(name, secret)| [name.as_str(), secret.expose()]) {
        out.extend(u32::try_from(text.len()).ok()?.to_le_bytes());
        out.extend(text.as_bytes());
    }
    Some(out)
}

fn unpacked(mut bytes: &[u8]) -> Option<All> {
    let mut all = All::new();
    while !bytes.is_empty() {
        let mut next = || {
            let left = bytes;
            let (length, rest) = left.split_first_chunk::<4>()?;
            let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            bytes = rest;
            std::str::from_utf8(text).ok()
        };
        let name = next()?.to_owned();
        all.insert(name, Revealed::new(next()?));
    }
    Some(all)
}
