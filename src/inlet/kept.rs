//! The secret that a system sent to a door, and whether it has stood its test.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::model::Revealed;
use crate::seam::{Secrets, SecretsError};

/// The first line of a secret that has stood its test.
const PROVEN: &str = "proven\n";
/// The first line of one that has not yet.
const UNPROVEN: &str = "unproven\n";

/// A secret that somebody sent us, and whether it has stood its test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The secret.
    pub secret: Revealed,
    /// Something that was signed with it has come: whoever sends another one now is not simply believed.
    pub proven: bool,
}

/// Where one such secret is kept: a name among the sealed secrets, so that what vouches for it is sealed with it.
#[derive(Clone)]
pub struct Drawer {
    secrets: Arc<dyn Secrets>,
    name: &'static str,
}

impl Drawer {
    /// A drawer of that name.
    pub fn new(secrets: Arc<dyn Secrets>, name: &'static str) -> Self {
        Self { secrets, name }
    }

    /// What is kept there, if anything is.
    ///
    /// # Errors
    /// [`SecretsError`], without the secret.
    pub fn load(&self) -> Result<Option<Kept>, SecretsError> {
        let text = self.secrets.get(self.name)?;
        Ok(text.map(|text| {
            let text = text.expose();
            match text.strip_prefix(PROVEN) {
                Some(secret) => Kept { secret: Revealed::new(secret), proven: true },
                None => {
                    let secret = text.strip_prefix(UNPROVEN).unwrap_or(text);
                    Kept { secret: Revealed::new(secret), proven: false }
                }
            }
        }))
    }

    /// Keeps a secret in place of what was there; durable when this answers.
    ///
    /// # Errors
    /// [`SecretsError`], without the secret; then what was there is there still.
    pub fn keep(&self, kept: &Kept) -> Result<(), SecretsError> {
        let head = if kept.proven { PROVEN } else { UNPROVEN };
        let text = Zeroizing::new([head, kept.secret.expose()].concat());
        self.secrets.put(self.name, &Revealed::new(text.as_str()))
    }

    /// As [`Drawer::load`], on a thread where nobody waits for it.
    pub(super) async fn load_aside(&self) -> Result<Option<Kept>, SecretsError> {
        let drawer = self.clone();
        aside(move || drawer.load()).await
    }

    /// As [`Drawer::keep`], on a thread where nobody waits for it.
    pub(super) async fn keep_aside(&self, kept: &Kept) -> Result<(), SecretsError> {
        let (drawer, kept) = (self.clone(), kept.clone());
        aside(move || drawer.keep(&kept)).await
    }

    /// Takes the secret away; whether there was one.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn forget(&self) -> Result<bool, SecretsError> {
        self.secrets.forget(self.name)
    }
}

async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SecretsError> + Send + 'static,
) -> Result<T, SecretsError> {
    let ending = |_| Err(SecretsError::Unsealed("the program is ending".to_owned()));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(ending)
}
