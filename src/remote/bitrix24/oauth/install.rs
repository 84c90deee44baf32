//! The portal's own call when somebody installs the application there. It brings the only tokens that such an application is
//! ever given without a browser, and what the portal's later calls are proven with; nothing proves this one.

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

use super::super::form::Form;
use super::{Session, Tokens};
use crate::model::Revealed;
use crate::remote::webhook::Installs;
use crate::seam::{Request, WallClock};

/// The event's name.
pub(in crate::remote::bitrix24) const EVENT: &str = "ONAPPINSTALL";

/// Takes installations for a session.
pub struct Installer {
    session: Session,
    clock: Arc<dyn WallClock>,
}

impl Installer {
    /// One that keeps what comes in that session.
    pub fn new(session: Session, clock: Arc<dyn WallClock>) -> Self {
        Self { session, clock }
    }
}

#[async_trait]
impl Installs for Installer {
    async fn install(&self, call: &Request) -> Result<Revealed, String> {
        let form = Form::read(&call.body);
        let mut said = Map::new();
        for (key, value) in form.fields() {
            if let Some(name) = key.strip_prefix("auth[").and_then(|rest| rest.strip_suffix(']')) {
                said.insert(name.to_owned(), json!(value));
            }
        }
        let proof = form.get("auth[application_token]").map(Revealed::new);
        let proof = proof.ok_or("an installation came without an application token")?;
        let tokens = Tokens::installed(&Json::Object(said), self.clock.now());
        let tokens =
            tokens.ok_or("an installation came without a pair of tokens; `crosstie authorize bitrix24` gets one")?;
        let kept = self.session.installed(tokens).await;
        kept.map_err(|refused| format!("an installation's tokens were not taken: {refused}"))?;
        Ok(proof)
    }
}
