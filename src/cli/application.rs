//! The CRM's application: its tokens among the sealed secrets, and the way to its portal.

use std::sync::Arc;

use crate::config::{Config, CrmAccess, CrmApplication};
use crate::remote::bitrix24::oauth::{Application, AuthorizationServer, Connect, Hosts, Session};
use crate::remote::transport::{HttpOptions, HttpTransport};
use crate::seam::Transport;

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

/// The hosts of an application.
pub fn hosts(config: &Config, application: &CrmApplication) -> Hosts {
    Hosts::new(&application.portal, &application.hosts, &application.server, config.crm.base_url.as_deref())
}

/// A session of an application.
///
/// # Errors
/// [`Failure`] for a client secret that cannot be read.
pub fn session(config: &Config, application: &CrmApplication) -> Result<Session, Failure> {
    let client_secret = wiring::reveal(config, &application.client_secret, "[crm] oauth client_secret")?;
    let known = Application { client_id: application.client_id.clone(), client_secret };
    let server = AuthorizationServer::new(known, hosts(config, application), Arc::new(Sockets));
    Ok(Session::new(server, Arc::new(wiring::secrets(config)?), wiring::clock()))
}
