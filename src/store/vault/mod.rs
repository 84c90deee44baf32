//! Secrets at rest: one small file beside the store, sealed with XChaCha20-Poly1305.
//!
//! `secrets.bin` holds all names, secrets and the times at which they were set; every change writes it anew, under a fresh
//! nonce, beside itself, and renames it into place when it is on the disk. What opens it ([`KeySource`]) is `secrets.key`
//! beside it, a key file elsewhere, a key that a service manager hands over, or a passphrase, so that a copy of the state
//! folder need not hold both. Files are their owner's alone, and one that others can read is refused. Keys and opened
//! secrets are wiped from memory. `format` says what the bytes mean.
//!
//! A rotation never has secrets without a key to them: the new key is durable beside the old one (`secrets.key.next`)
//! before anything is sealed with it, and takes its place afterwards. Whoever opens the secrets meanwhile, or after a
//! death in between, takes the one of the two that fits.

mod files;
mod format;
mod key;

use std::any::Any;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chacha20poly1305::aead::rand_core::RngCore;
use chacha20poly1305::aead::{Aead, OsRng, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use jiff::Timestamp;
use zeroize::Zeroizing;

use self::files::{failed, private_bytes, replace};
use self::format::{All, Entry, NONCE, Origin, Parts, Unread};
use self::key::Key;
pub use self::key::KeySource;
use crate::model::Revealed;
use crate::seam::{Secrets, SecretsError, WallClock};

/// How often a file and its key are looked at, until they fit: somebody may be rotating.
const LOOKS: usize = 4;

/// The secrets of one state folder.
pub struct Vault {
    home: PathBuf,
    file: PathBuf,
    key: KeySource,
    clock: Option<Arc<dyn WallClock>>,
}

/// No secret is in it, and none is shown.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("file", &self.file).finish_non_exhaustive()
    }
}

/// A secret by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// When it was set, if that is known.
    pub set: Option<Timestamp>,
}

/// A key, and where it comes from.
type Opener = (Key, Origin);

impl Vault {
    /// The secrets in `home`, with the key there too unless `key` says where. Nothing is read or made yet.
    pub fn new(home: &Path, key: Option<PathBuf>) -> Self {
        let key = key.unwrap_or_else(|| home.join("secrets.key"));
        Self::opened_by(home, KeySource::File(key))
    }

    /// The secrets in `home`, opened by whatever opens them.
    pub fn opened_by(home: &Path, key: KeySource) -> Self {
        Self { home: home.to_owned(), file: home.join("secrets.bin"), key, clock: None }
    }

    /// The same, which remembers when a secret was set.
    pub fn with_clock(self, clock: Arc<dyn WallClock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Whether there are secrets that a passphrase opens.
    ///
    /// # Errors
    /// [`SecretsError`]: the file cannot be read.
    pub fn wants_passphrase(&self) -> Result<bool, SecretsError> {
        let Some(bytes) = private_bytes(&self.file, false)? else { return Ok(false) };
        Ok(self.parts(&bytes)?.origin != Origin::File)
    }

    /// The names of all secrets in order, with when they were set.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn listed(&self) -> Result<Vec<Listed>, SecretsError> {
        let (all, _) = self.open()?;
        Ok(all.into_iter().map(|(name, entry)| Listed { name, set: entry.set }).collect())
    }

    /// Seals everything anew: under a new key in the old one's place, or, if `to` says so, under another one, from then on
    /// needed. A death at any point leaves secrets that the old or the new key opens.
    ///
    /// # Errors
    /// [`SecretsError`]; then the old key opens them, or [`Vault::get`](Secrets::get) finds the new one beside it.
    pub fn rotate(&self, to: Option<&KeySource>) -> Result<(), SecretsError> {
        let _alone = self.locked("secrets.lock")?;
        let (all, opener) = self.open()?;
        match to.unwrap_or(&self.key) {
            KeySource::File(path) if to.is_none() => {
                let next = key::next(path);
                // A rotation that died before its end is ended first, or forgotten.
                if let Some(left) = key::read(&next, false)? {
                    match &opener {
                        Some((key, _)) if key::mark(key) == key::mark(&left) => files::moved(&next, path)?,
                        _ => fs::remove_file(&next).map_err(|error| failed(&next, error))?,
                    }
                }
                let fresh = key::make(&next)?;
                self.seal(&all, &(fresh, Origin::File))?;
                files::moved(&next, path)
            }
            KeySource::File(path) => {
                let key = match key::read(path, false)? {
                    Some(key) if opener.as_ref().is_some_and(|(now, _)| key::mark(now) == key::mark(&key)) => {
                        return Err(SecretsError::SameKey(path.clone()));
                    }
                    Some(key) => key,
                    None => key::make(path)?,
                };
                self.seal(&all, &(key, Origin::File))
            }
            KeySource::Handed(path) if to.is_none() => Err(SecretsError::KeptElsewhere(path.clone())),
            other => {
                let opener = self.first_key(other)?;
                self.seal(&all, &opener)
            }
        }
    }

    fn parts<'a>(&self, bytes: &'a [u8]) -> Result<Parts<'a>, SecretsError> {
        Parts::read(bytes).map_err(|unread| match unread {
            Unread::Damaged => self.damaged(),
            Unread::Newer(version) => SecretsError::Newer { path: self.file.clone(), version },
        })
    }

    fn damaged(&self) -> SecretsError {
        SecretsError::Damaged(self.file.clone())
    }

    /// All secrets, and what opened them; nothing where there is no file.
    fn open(&self) -> Result<(All, Option<Opener>), SecretsError> {
        let mut looks = 1;
        loop {
            match self.open_once() {
                Err(SecretsError::WrongKey { .. } | SecretsError::KeyMissing { .. }) if looks < LOOKS => looks += 1,
                done => return done,
            }
        }
    }

    fn open_once(&self) -> Result<(All, Option<Opener>), SecretsError> {
        let Some(bytes) = private_bytes(&self.file, false)? else { return Ok((All::new(), None)) };
        let parts = self.parts(&bytes)?;
        let key = self.fitting(&parts)?;
        let cipher = XChaCha20Poly1305::new((&*key).into());
        let sealed = Payload { msg: parts.sealed, aad: parts.bound };
        let text = Zeroizing::new(cipher.decrypt(XNonce::from_slice(parts.nonce), sealed).map_err(|_| self.damaged())?);
        let all = parts.unpacked(&text).ok_or_else(|| self.damaged())?;
        Ok((all, Some((key, parts.origin))))
    }

    /// The key that sealed a file.
    fn fitting(&self, parts: &Parts<'_>) -> Result<Key, SecretsError> {
        let secrets = self.file.clone();
        let fits = |key: &Key| key::mark(key) == parts.mark;
        match (&self.key, parts.origin) {
            (KeySource::File(path) | KeySource::Handed(path), Origin::File) => {
                let handed = matches!(self.key, KeySource::Handed(_));
                let own = key::read(path, handed)?;
                if let Some(key) = own.as_ref().filter(|key| fits(key)) {
                    return Ok(key.clone());
                }
                // Of several workspaces in one process, one that was not sealed with the key that is handed over has its own
                // beside it.
                let next = if handed { self.home.join("secrets.key") } else { key::next(path) };
                let next = key::read(&next, false)?;
                match next.filter(fits) {
                    Some(key) => Ok(key),
                    None if own.is_none() => Err(SecretsError::KeyMissing { key: path.clone(), secrets }),
                    None => Err(SecretsError::WrongKey { key: path.clone(), secrets }),
                }
            }
            (KeySource::Passphrase(word), origin @ Origin::Passphrase { .. }) => {
                key::derived(word, origin).filter(fits).ok_or(SecretsError::WrongPassphrase(secrets))
            }
            (KeySource::Passphrase(_), Origin::File) => Err(SecretsError::KeyWanted(secrets)),
            (_, Origin::Passphrase { .. }) => Err(SecretsError::PassphraseWanted(secrets)),
        }
    }

    /// The key of the first secret.
    fn first_key(&self, source: &KeySource) -> Result<Opener, SecretsError> {
        match source {
            KeySource::File(path) => match key::read(path, false)? {
                Some(key) => Ok((key, Origin::File)),
                None => Ok((key::make(path)?, Origin::File)),
            },
            KeySource::Handed(path) => match key::read(path, true)? {
                Some(key) => Ok((key, Origin::File)),
                None => Err(SecretsError::KeyMissing { key: path.clone(), secrets: self.file.clone() }),
            },
            KeySource::Passphrase(word) => {
                let origin = key::fresh_origin()?;
                let key = key::derived(word, origin);
                let key = key.ok_or_else(|| SecretsError::Unsealed("the passphrase is too long".into()))?;
                Ok((key, origin))
            }
        }
    }

    /// Writes all secrets anew.
    fn seal(&self, all: &All, (key, origin): &Opener) -> Result<(), SecretsError> {
        let mut nonce = [0; NONCE];
        random(&mut nonce)?;
        let head = format::head(key::mark(key), &nonce, *origin);
        let text = format::packed(all).ok_or_else(|| SecretsError::Unsealed("a secret is longer than 4 GiB".into()))?;
        let cipher = XChaCha20Poly1305::new((&**key).into());
        let sealed = cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: &text, aad: &head })
            .map_err(|_| SecretsError::Unsealed("they are too long".into()))?;
        replace(&self.file, &format::file(head, &sealed))
    }

    /// A lock file in the folder, taken.
    fn locked(&self, name: &str) -> Result<File, SecretsError> {
        let (path, file) = self.lock_file(name)?;
        file.lock().map_err(|error| failed(&path, error))?;
        Ok(file)
    }

    /// A lock file in the folder. It stays there: removing it would let two processes lock two files of one name.
    fn lock_file(&self, name: &str) -> Result<(PathBuf, File), SecretsError> {
        super::files::private_dir(&self.home).map_err(|error| failed(&self.home, error))?;
        let path = self.home.join(name);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|error| failed(&path, error))?;
        Ok((path, file))
    }
}

impl Secrets for Vault {
    fn get(&self, name: &str) -> Result<Option<Revealed>, SecretsError> {
        Ok(self.open()?.0.remove(name).map(|entry| entry.secret))
    }

    fn put(&self, name: &str, secret: &Revealed) -> Result<(), SecretsError> {
        let _alone = self.locked("secrets.lock")?;
        let (mut all, opener) = self.open()?;
        let opener = opener.map_or_else(|| self.first_key(&self.key), Ok)?;
        let set = self.clock.as_ref().map(|clock| clock.now());
        all.insert(name.to_owned(), Entry { secret: secret.clone(), set });
        self.seal(&all, &opener)
    }

    fn forget(&self, name: &str) -> Result<bool, SecretsError> {
        let _alone = self.locked("secrets.lock")?;
        let (mut all, opener) = self.open()?;
        let (Some(_), Some(opener)) = (all.remove(name), opener) else { return Ok(false) };
        self.seal(&all, &opener)?;
        Ok(true)
    }

    fn names(&self) -> Result<Vec<String>, SecretsError> {
        Ok(self.open()?.0.into_keys().collect())
    }

    fn claim(&self) -> Result<Option<Box<dyn Any + Send>>, SecretsError> {
        let (path, file) = self.lock_file("secrets.claim")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(&path, error)),
        }
    }
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
