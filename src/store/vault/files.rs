//! Files that are their owner's alone, read and replaced whole.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::files;
use crate::seam::SecretsError;

pub(super) fn failed(path: &Path, error: io::Error) -> SecretsError {
    SecretsError::Failed { path: path.to_owned(), error }
}

/// The bytes of a file that its owner alone may read; none where there is no file. A service manager that hands a file over
/// lets it be read by a group of one.
pub(super) fn private_bytes(path: &Path, handed: bool) -> Result<Option<Zeroizing<Vec<u8>>>, SecretsError> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, error)),
    };
    let mode = meta.permissions().mode() & 0o777;
    let others = if handed { 0o007 } else { 0o077 };
    if mode & others != 0 {
        return Err(SecretsError::TooOpen { path: path.to_owned(), mode });
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        // Another process has just put it elsewhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, error)),
    }
}

/// Puts a private file in place of another, all of it or nothing, and durably.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SecretsError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    let write = || {
        let mut file = files::private_file(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| failed(path, error))?;
    moved(&fresh, path)
}

/// Gives a file the name of another, durably.
pub(super) fn moved(from: &Path, to: &Path) -> Result<(), SecretsError> {
    let folder = to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::rename(from, to).and_then(|()| files::sync_dir(folder)).map_err(|error| failed(to, error))
}
