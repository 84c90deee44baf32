//! A folder for what nobody is to keep.

use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::AbortHandle;

use super::failure::Failure;

/// What ends a command, and the code that a shell gives it then.
const ENDS: [(SignalKind, i32); 3] =
    [(SignalKind::hangup(), 129), (SignalKind::interrupt(), 130), (SignalKind::terminate(), 143)];

/// How often it is tried to remove a folder that somebody is still writing into.
const TRIES: u32 = 5;

/// A folder that is gone when this is. Whoever fills it makes it, private to its owner.
pub struct Scratch {
    path: PathBuf,
    guards: Vec<AbortHandle>,
}

impl Scratch {
    /// A name that nobody can guess, in the system's place for temporary files.
    ///
    /// # Errors
    /// [`Failure`] when the system gives no chance.
    pub fn make(what: &str) -> Result<Self, Failure> {
        let word = crate::store::vault::word().map_err(|error| Failure::running(error.to_string()))?;
        Ok(Self { path: std::env::temp_dir().join(format!("crosstie-{what}-{word}")), guards: Vec::new() })
    }

    /// The same for a command that hears no signals itself: one that ends it takes the folder away first.
    ///
    /// # Errors
    /// [`Failure`] when the system gives no chance, or does not let signals be heard.
    pub fn guarded(what: &str) -> Result<Self, Failure> {
        let mut scratch = Self::make(what)?;
        for (kind, code) in ENDS {
            let hear = signal(kind);
            let mut signal = hear.map_err(|error| Failure::running(format!("signals cannot be heard: {error}")))?;
            let path = scratch.path.clone();
            let guard = tokio::spawn(async move {
                if signal.recv().await.is_some() {
                    remove(&path);
                    std::process::exit(code);
                }
            });
            scratch.guards.push(guard.abort_handle());
        }
        Ok(scratch)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.guards.iter().for_each(AbortHandle::abort);
        remove(&self.path);
    }
}

/// If it stays there is nobody to tell; it is private, and whatever clears temporary folders takes it.
fn remove(path: &Path) {
    for _ in 0..TRIES {
        match std::fs::remove_dir_all(path) {
            Ok(()) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(_) => {}
        }
    }
}
