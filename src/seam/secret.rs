//! Secrets that come in while the program runs, and where they are kept.

use std::fmt;
use std::io;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret. Printing it prints nothing of it; its memory is wiped when it goes.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// A secret as it came.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself, for the one place that compares, sends or keeps it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether somebody else told the same; takes the same time wherever the first difference is.
    pub fn is(&self, told: &str) -> bool {
        self.0.as_bytes().ct_eq(told.as_bytes()).into()
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.expose())
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(hidden)")
    }
}

/// A secret that somebody sent us, and whether it has stood its test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The secret.
    pub secret: SecretText,
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
