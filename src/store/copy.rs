//! A copy of a store, for whoever wants to try something on it and leave the store itself as it is.

use std::io;
use std::path::{Path, PathBuf};

use super::lock::{Lock, LockError};
use super::{OpenError, files};

/// What of a home makes up its store.
const PARTS: [&str; 2] = ["sled", "sled.tally"];

/// Copies the store of `home` to `to`, which is made, readable by its owner alone. Where there is none, nothing is copied,
/// and in `home` nothing is made: not one byte of it changes.
///
/// # Errors
/// [`OpenError`] when another process has the store, or files cannot be read or written.
pub fn copy(home: &Path, to: &Path) -> Result<(), OpenError> {
    let failed = |path: &Path| {
        let path: PathBuf = path.to_owned();
        move |error: io::Error| OpenError::Files { path, error }
    };
    files::private_dir(to).map_err(failed(to))?;
    let lock = home.join("lock");
    // Whoever has the store open has made this file.
    let _lock = match lock.exists() {
        true => match Lock::take(&lock) {
            Ok(lock) => Some(lock),
            // A disk that cannot be written to can still be read; then nobody else writes there either.
            Err(LockError::Failed { error, .. }) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => None,
            Err(error) => return Err(error.into()),
        },
        false => None,
    };
    for part in PARTS {
        let (from, target) = (home.join(part), to.join(part));
        if from.is_dir() {
            files::copy_dir(&from, &target).map_err(failed(&from))?;
        } else if from.is_file() {
            files::copy_file(&from, &target).map_err(failed(&from))?;
        }
    }
    Ok(())
}
