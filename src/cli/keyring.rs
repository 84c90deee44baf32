//! What opens the sealed secrets of this host: a passphrase, a key file, or a credential of the service manager.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::model::Revealed;
use crate::store::{KeySource, Vault};

use super::failure::Failure;
use super::{prompt, wiring};

/// A file with the key.
pub const KEY_FILE: &str = "CROSSTIE_KEY_FILE";
/// A file with the passphrase.
pub const PASSPHRASE_FILE: &str = "CROSSTIE_PASSPHRASE_FILE";
/// The passphrase itself.
pub const PASSPHRASE: &str = "CROSSTIE_PASSPHRASE";
/// Where the service manager puts what it hands over.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
const KEY_CREDENTIAL: &str = "crosstie.key";
const PASSPHRASE_CREDENTIAL: &str = "crosstie.passphrase";

/// A passphrase that was typed: asked for once in a process.
static TYPED: Mutex<Option<Revealed>> = Mutex::new(None);

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// What opens the secrets of a state folder, from most to least explicit: a passphrase, a named key file, what the
/// service manager hands over, the key file beside them.
///
/// # Errors
/// [`Failure`] for a passphrase that cannot be read.
pub fn source(home: &Path) -> Result<KeySource, Failure> {
    if let Some(path) = variable(PASSPHRASE_FILE) {
        return passphrase_of(Path::new(&path)).map(KeySource::Passphrase);
    }
    if let Some(word) = variable(PASSPHRASE) {
        let word = word.into_string().map(Zeroizing::new);
        let word = word.map_err(|_| Failure::configuration(format!("{PASSPHRASE} is no text in UTF-8")))?;
        return Ok(KeySource::Passphrase(Revealed::new(word.as_str())));
    }
    if let Some(path) = variable(KEY_FILE) {
        return Ok(KeySource::File(PathBuf::from(path)));
    }
    if let Some(dir) = variable(CREDENTIALS).map(PathBuf::from) {
        let (key, word) = (dir.join(KEY_CREDENTIAL), dir.join(PASSPHRASE_CREDENTIAL));
        if key.is_file() {
            return Ok(KeySource::Handed(key));
        }
        if word.is_file() {
            return passphrase_of(&word).map(KeySource::Passphrase);
        }
    }
    Ok(KeySource::File(home.join("secrets.key")))
}

/// A passphrase in a file: its first line.
///
/// # Errors
/// [`Failure`] when it cannot be read, or is empty.
pub fn passphrase_of(path: &Path) -> Result<Revealed, Failure> {
    let text = private_text(path).map(Zeroizing::new).map_err(|error| {
        Failure::configuration(format!("the passphrase's file {} cannot be read: {error}", path.display()))
    })?;
    match text.lines().next().unwrap_or_default() {
        "" => Err(Failure::configuration(format!("the passphrase's file {} is empty; fill it", path.display()))),
        word => Ok(Revealed::new(word)),
    }
}

/// The text of a secret's file, which its owner alone may read, as it is with a key file. What a service manager hands over may
/// be read by a group of one.
///
/// # Errors
/// What the system says, or that others may read it.
pub fn private_text(path: &Path) -> std::io::Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let meta = std::fs::metadata(path)?;
    let mode = meta.permissions().mode() & 0o777;
    let handed = variable(CREDENTIALS).is_some_and(|dir| path.starts_with(dir));
    let others = if handed { 0o007 } else { 0o077 };
    if meta.is_file() && mode & others != 0 {
        return Err(std::io::Error::other(format!(
            "others may read it (mode {mode:04o}); `chmod 600 {}`, and have the secret issued anew if others use this machine",
            path.display()
        )));
    }
    std::fs::read_to_string(path)
}

/// The sealed secrets of a state folder. A passphrase that they want and nobody gave is asked for at a terminal.
///
/// # Errors
/// [`Failure`] for a passphrase that cannot be had, or secrets that cannot be read.
pub fn vault(home: &Path) -> Result<Vault, Failure> {
    let source = source(home)?;
    let is_given = !matches!(source, KeySource::File(_));
    let vault = Vault::opened_by(home, source);
    if is_given || !prompt::can_ask() || !vault.wants_passphrase().unwrap_or_default() {
        return Ok(vault.with_clock(wiring::clock()));
    }
    let mut typed = TYPED.lock().unwrap_or_else(PoisonError::into_inner);
    let word = match &*typed {
        Some(word) => word.clone(),
        None => typed.insert(prompt::hidden("Passphrase of the sealed secrets: ")?).clone(),
    };
    Ok(Vault::opened_by(home, KeySource::Passphrase(word)).with_clock(wiring::clock()))
}
