//! What comes in by HTTP, and where.

use std::net::SocketAddr;

use super::read::{Reader, Section};
use super::secret::{self, Secret};

/// Where the inlet listens where nothing else is said.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8787);

/// What comes in by HTTP. Without this section nothing listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InletSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether that may be an address that other machines reach.
    pub allow_public: bool,
    /// What a monitor shows to see the state of the sync.
    pub admin_token: Option<Secret>,
    /// The application token that the CRM's calls carry.
    pub crm_token: Option<Secret>,
    /// Whether the CRM's queue of offline events is read, which takes an application there.
    pub offline_events: bool,
}

pub(super) fn read(reader: &mut Reader<'_>, top: &mut Section<'_>) -> Option<InletSettings> {
    let mut section = reader.table(top, "inlet", "[inlet]")?;
    let allow_public = reader.flag(&mut section, "allow_public").unwrap_or_default();
    let listen = match reader.text(&mut section, "listen") {
        None => LISTEN,
        Some((text, span)) => match text.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() || allow_public => address,
            Ok(address) => {
                reader.refuse(
                    span,
                    format!("`listen` is {address}, which other machines reach, and this port speaks plain HTTP"),
                    "listen on 127.0.0.1 behind a proxy that speaks HTTPS, or say `allow_public = true`",
                );
                LISTEN
            }
            Err(_) => {
                reader.refuse(span, "`listen` is no address with a port", format!("write `listen = \"{LISTEN}\"`"));
                LISTEN
            }
        },
    };
    let mut optional = |key: &'static str, example: &str| {
        // Asked for, so that a mistyped key is told all the keys there are.
        if section.has(key) { secret::read(reader, &mut section, key, example) } else { reader.none(&mut section, key) }
    };
    let admin_token = optional("admin_token", "admin_token = { env = \"CROSSTIE_ADMIN_TOKEN\" }");
    let crm_token = optional("crm_token", "crm_token = { env = \"CROSSTIE_CRM_TOKEN\" }");
    let offline_events = reader.flag(&mut section, "offline_events").unwrap_or_default();
    reader.done(section);
    Some(InletSettings { listen, allow_public, admin_token, crm_token, offline_events })
}
