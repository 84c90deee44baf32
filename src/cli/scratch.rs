//! A folder for what nobody is to keep.

use std::path::{Path, PathBuf};

use super::failure::Failure;

/// A folder that is gone when this is. Whoever fills it makes it, private to its owner.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A name that nobody can guess, in the system's place for temporary files.
    ///
    /// # Errors
    /// [`Failure`] when the system gives no chance.
    pub fn make(what: &str) -> Result<Self, Failure> {
        let word = crate::store::vault::word().map_err(|error| Failure::running(error.to_string()))?;
        Ok(Self(std::env::temp_dir().join(format!("crosstie-{what}-{word}"))))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // There is nobody to tell; it is private, and whatever clears temporary folders takes it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
