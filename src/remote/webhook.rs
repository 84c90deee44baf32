//! What a system's own calls to us mean. Pure: whoever listens brings the call and the secret.

use async_trait::async_trait;

use crate::control::Told;
use crate::model::Revealed;
use crate::seam::Request;

/// One system's manner of calling.
pub trait Webhook: Send + Sync {
    /// What a call means. `secret` is what its calls are signed with, where that is known.
    fn hear(&self, call: &Request, secret: Option<&Revealed>) -> Heard;

    /// Tells who we are over there, so that our own writes are known when they are told of.
    fn know_us(&self, _user: &str) {}
}

/// Who takes what an installation over there brings.
#[async_trait]
pub trait Installs: Send + Sync {
    /// Proves an installation's call by asking back, keeps what it brought, and gives what later calls are proven with.
    ///
    /// # Errors
    /// One sentence, without secrets; then nothing was kept.
    async fn install(&self, call: &Request) -> Result<Revealed, String>;

    /// Tells that what it gave is kept, and that later calls are believed.
    fn installed(&self) {}
}

/// What a call means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It asks whether anybody is there, and wants exactly this JSON back.
    Challenge(serde_json::Value),
    /// It brings the secret that calls are signed with from now on.
    Secret(Revealed),
    /// It says that we were installed over there; what it brings is to be given to whoever [`Installs`].
    Installation,
    /// It is not proven to be from the system.
    Refused(&'static str),
    /// It is from the system, and cannot be understood.
    Unreadable(&'static str),
    /// It tells of something.
    Event {
        /// Its own name among all events, for telling a repetition; `None` where the system gives none.
        id: Option<String>,
        /// Which attempt this is, from 1.
        attempt: u32,
        /// What it is called, harmless to print.
        name: String,
        /// What it tells.
        told: Told,
    },
}
