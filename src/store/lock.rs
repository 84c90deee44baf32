//! One process at a time: a lock file beside the store, with the pid of who holds it.
//!
//! sled locks its own file too, but its message names neither the process nor what to do, and it gives the lock back
//! only some time after it was closed.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error(
        "{} is in use by another crosstie ({}). Two at once would overwrite each other's work: attach to that one, or stop it{} and start again",
        .path.display(),
        .pid.map_or_else(|| "its process id is not known yet".to_owned(), |pid| format!("process {pid}")),
        .pid.map_or_else(String::new, |pid| format!(" (`kill {pid}`)")),
    )]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, if that can be read.
        pid: Option<u32>,
    },
    /// The file could not be made or locked.
    #[error("cannot lock {}: {error}. Check that the directory exists, is yours and is on a file system with locks", .path.display())]
    Failed {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// The lock, held until it is dropped (or the process ends, however it ends).
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process, or another place in this one, has it.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let failed = |error| LockError::Failed { path: path.to_owned(), error };
        // Never truncated on opening: until the lock is ours the pid in it is somebody else's.
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(failed)?;
                return Err(LockError::Held { path: path.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file stays: removing it would let two processes lock two files of one name. A pid left behind by a
        // failure here is harmless, since only a held lock makes anyone read it.
        let _ = self.file.set_len(0);
    }
}
