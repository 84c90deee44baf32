//! Named secrets at rest: what the program was given while it ran (tokens that rotate, the token of a webhook), and what an
//! operator keeps here instead of in a variable or a file.

use std::any::Any;
use std::io;
use std::path::PathBuf;

use crate::model::Revealed;

/// Why a secret cannot be read or kept. No text holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Others could read it.
    #[error(
        "{} can be read by others (mode {mode:03o}), so what it protects is not secret. Run `chmod 600 {}`, and have new \
         secrets issued if others use this machine", .path.display(), .path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A rotation to the key that opens the secrets already.
    #[error(
        "the key in {} opens the secrets already, so nothing would change, and nothing was changed. Name another file, or \
         rotate without one: then a new key takes the place of this one", .0.display()
    )]
    SameKey(PathBuf),
    /// There are secrets, and nothing to open them with.
    #[error(
        "the key file {} is missing, and the secrets in {} cannot be opened without it. Bring it back, or remove the \
         secrets and seal new ones: `crosstie secret set NAME` for a token or webhook, `crosstie authorize` for an application", .key.display(), .secrets.display()
    )]
    KeyMissing {
        /// Where the key should be.
        key: PathBuf,
        /// What it opens.
        secrets: PathBuf,
    },
    /// The key file holds no key.
    #[error("the key file {} does not hold 64 hexadecimal digits. Bring the right one back", .0.display())]
    BadKey(PathBuf),
    /// Another key sealed them.
    #[error(
        "the secrets in {} were sealed with another key than that in {}. Bring the right key back, or remove the secrets \
         and seal new ones: `crosstie secret set NAME` for a token or webhook, `crosstie authorize` for an application", .secrets.display(), .key.display()
    )]
    WrongKey {
        /// The key that was tried.
        key: PathBuf,
        /// What it does not open.
        secrets: PathBuf,
    },
    /// They want a passphrase.
    #[error(
        "the secrets in {} are sealed under a passphrase. Give it in a file that CROSSTIE_PASSPHRASE_FILE names, or in \
         CROSSTIE_PASSPHRASE; at a terminal it is asked for", .0.display()
    )]
    PassphraseWanted(PathBuf),
    /// They want a key file, and a passphrase was given.
    #[error(
        "the secrets in {} are sealed under a key file, not a passphrase. Unset CROSSTIE_PASSPHRASE and \
         CROSSTIE_PASSPHRASE_FILE, or go over to it first: `crosstie secret rotate --to-passphrase`", .0.display()
    )]
    KeyWanted(PathBuf),
    /// Another passphrase sealed them.
    #[error("this is not the passphrase that the secrets in {} are sealed under. Give the right one", .0.display())]
    WrongPassphrase(PathBuf),
    /// The key is not ours to replace.
    #[error(
        "the key {} is handed over by the service manager, and is not ours to replace. Seal the secrets under another key \
         first, `crosstie secret rotate --to-key-file NEW`, and hand that one over", .0.display()
    )]
    KeptElsewhere(PathBuf),
    /// The bytes are not those that were written.
    #[error("the secrets in {} are damaged. Bring back a copy of the file, or remove it and seal new ones: \
         `crosstie secret set NAME` for a token or webhook, `crosstie authorize` for an application", .0.display())]
    Damaged(PathBuf),
    /// A newer program wrote them.
    #[error("the secrets in {} were written by a newer crosstie (format {version}). Use that version", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u8,
    },
    /// The file system refused.
    #[error("{}: {error}. Check rights and space, then try again", .path.display())]
    Failed {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// No chance to be had from the system, or a secret that is too long.
    #[error("the secrets cannot be sealed: {0}")]
    Unsealed(String),
}

/// Named secrets, durable and unreadable to others. Calls block.
pub trait Secrets: Send + Sync {
    /// The secret of that name.
    ///
    /// # Errors
    /// [`SecretsError`]; a name without a secret is none.
    fn get(&self, name: &str) -> Result<Option<Revealed>, SecretsError>;

    /// Keeps a secret under a name, in place of what was there. It is durable when this returns.
    ///
    /// # Errors
    /// [`SecretsError`]; then what was there is there still.
    fn put(&self, name: &str, secret: &Revealed) -> Result<(), SecretsError>;

    /// Takes the secret of that name away, durably; whether there was one.
    ///
    /// # Errors
    /// [`SecretsError`]; then it is there still.
    fn forget(&self, name: &str) -> Result<bool, SecretsError>;

    /// The names that have a secret, in order.
    ///
    /// # Errors
    /// [`SecretsError`].
    fn names(&self) -> Result<Vec<String>, SecretsError>;

    /// Keeps other processes from exchanging secrets for new ones until the claim is dropped; `None` while another one does.
    /// Reading and keeping need no claim.
    ///
    /// # Errors
    /// [`SecretsError`].
    fn claim(&self) -> Result<Option<Box<dyn Any + Send>>, SecretsError>;
}
