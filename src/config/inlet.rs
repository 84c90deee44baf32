//! What comes in by HTTP, and where.

use std::net::SocketAddr;

use super::connections::is_on_this_host;
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
    /// Where others reach it, without a path: `https://your.host`. With it an application tells its portal whom to call.
    pub public_url: Option<String>,
    /// Whether the CRM's queue of offline events is read, which takes an application there.
    pub offline_events: bool,
}

/// The section, with the line on which it says where to listen.
pub(super) fn read(reader: &mut Reader<'_>, top: &mut Section<'_>) -> Option<(InletSettings, usize)> {
    let mut section = reader.table(top, "inlet", "[inlet]")?;
    let allow_public = reader.flag(&mut section, "allow_public").unwrap_or_default();
    let mut line = reader.line(&section.span());
    let said = reader.text(&mut section, "listen");
    if let Some((_, span)) = &said {
        line = reader.line(span);
    }
    let listen = match said {
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
    let public_url = public_url(reader, &mut section);
    let offline_events = reader.flag(&mut section, "offline_events").unwrap_or_default();
    reader.done(section);
    Some((InletSettings { listen, allow_public, admin_token, crm_token, public_url, offline_events }, line))
}

fn public_url(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<String> {
    let (url, span) = reader.text(section, "public_url")?;
    let url = url.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://").filter(|_| is_on_this_host(url)));
    if host.is_none_or(|host| host.is_empty() || host.contains(['/', '@', '?', '#'])) {
        let mend = "write scheme and host, where a proxy with HTTPS is: `public_url = \"https://your.host\"`";
        reader.refuse(span, "`public_url` is no address that a portal could call", mend);
        return None;
    }
    Some(url.to_owned())
}
