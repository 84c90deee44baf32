//! A server-only local application, which a portal knows by client id and secret and lets in with tokens that rotate.
//!
//! [`server`] speaks to the authorization server, [`session`] keeps the tokens: one refresh at a time, whoever asked, and
//! the new pair durable before a request uses it. [`PortalTransport`] puts the token into requests, renews it when the
//! portal says that it has expired, and follows a portal that was renamed; it repeats nothing, but tells the connection
//! above that it may. [`Installer`] takes what the portal sends when somebody installs the application. [`Hosts`] says who may be sent what. Tokens and the client secret stand in bodies of requests alone,
//! never in an address.
//!
//! Facts: a code lives 30 seconds, an access token an hour, a refresh token 180 days, and each is good for one exchange.

mod hosts;
mod install;
mod portal;
pub mod server;
pub mod session;
mod tokens;

pub use hosts::Hosts;
pub(super) use install::EVENT;
pub use install::Installer;
pub use portal::{Connect, PortalTransport};
pub use server::{AuthorizationServer, Grant, Refused, pasted};
pub use session::{SECRET_NAME, Session, settled};
pub use tokens::Tokens;

use crate::model::Revealed;

/// What the portal knows the application by.
#[derive(Debug, Clone)]
pub struct Application {
    /// `local.…`
    pub client_id: String,
    /// Its password.
    pub client_secret: Revealed,
}

/// Where a person lets the application in, in a browser. `state` comes back with the code.
pub fn authorize_address(hosts: &Hosts, client_id: &str, state: &str) -> String {
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    format!("{}/oauth/authorize/?client_id={}&state={}", hosts.portal(), encoded(client_id), encoded(state))
}
