//! Secrets that come in while the program runs, and where they are kept.

use std::io;

use crate::model::Revealed;

/// A secret that somebody sent us, and whether it has stood its test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The secret.
    pub secret: Revealed,
    /// Something that was signed with it has come: whoever sends another one now is not simply believed.
    pub proven: bool,
}

/// A place for one secret, durable and readable by us alone. It is no part of what is exported.
pub trait Vault: Send + Sync {
    /// What is kept there, if anything is.
    ///
    /// # Errors
    /// What the disk said, without the secret.
    fn load(&self) -> io::Result<Option<Kept>>;

    /// Keeps a secret in place of what was there; durable when this answers.
    ///
    /// # Errors
    /// What the disk said, without the secret.
    fn keep(&self, kept: &Kept) -> io::Result<()>;
}
