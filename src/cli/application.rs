//! The CRM's application: its tokens among the sealed secrets, and the way to its portal.

use std::sync::Arc;

use crate::config::{Config, CrmAccess, CrmApplication};
use crate::model::Revealed;
use crate::remote::bitrix24::oauth::{Application, AuthorizationServer, Connect, Hosts, Session};
use crate::remote::transport::{HttpOptions, HttpTransport};
use crate::seam::Transport;
use crate::store::Vault;

use super::failure::Failure;
use super::wiring;

/// Real sockets.
pub struct Sockets;

impl Connect for Sockets {
    fn to(&self, base: &str) -> Result<Arc<dyn Transport>, String> {
        let transport = HttpTransport::new(base, HttpOptions::default()).map_err(|error| error.to_string())?;
        Ok(Arc::new(transport))
    }
}

/// The application that a configuration names, if it names one.
pub fn configured(config: &Config) -> Option<&CrmApplication> {
    match &config.crm.access {
        CrmAccess::Application(application) => Some(application),
        CrmAccess::Webhook(_) => None,
    }
}

/// The hosts of an application; `base` is in place of all of them.
pub fn hosts(application: &CrmApplication, base: Option<&str>) -> Hosts {
    Hosts::new(&application.portal, &application.hosts, &application.server, base)
}

/// A session of an application.
///
/// # Errors
/// [`Failure`] for a client secret that cannot be read.
pub fn session(config: &Config, application: &CrmApplication) -> Result<Session, Failure> {
    let client_secret = wiring::reveal(config, &application.client_secret, "[crm] oauth client_secret")?;
    Ok(open(application, client_secret, config.crm.base_url.as_deref(), wiring::secrets(config)?))
}

/// A session of an application whose secret is at hand, and whose tokens are kept in `vault`.
pub fn open(application: &CrmApplication, client_secret: Revealed, base: Option<&str>, vault: Vault) -> Session {
    let known = Application { client_id: application.client_id.clone(), client_secret };
    let server = AuthorizationServer::new(known, hosts(application, base), Arc::new(Sockets));
    Session::new(server, Arc::new(vault), wiring::clock())
}
