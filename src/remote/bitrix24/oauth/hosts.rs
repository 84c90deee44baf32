//! Which hosts may be sent credentials. Pure.

use reqwest::Url;

use crate::remote::transport;

/// The authorization servers that Bitrix24 runs.
const SERVERS: [&str; 2] = ["oauth.bitrix24.tech", "oauth.bitrix.info"];

/// The hosts of one application. All others are never sent a token or a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    portal: String,
    more: Vec<String>,
    server: String,
    pretend: Option<String>,
}

impl Hosts {
    /// The hosts of a portal (`example.bitrix24.com`, with a port if it has one of its own). `more` are others that it may
    /// move to; `server` is the authorization server's host. `pretend` is a base address that stands in for portal and
    /// server alike, for stand-ins and proxies.
    pub fn new(portal: &str, more: &[String], server: &str, pretend: Option<&str>) -> Self {
        let plain = |text: &str| text.trim_end_matches('/').to_lowercase();
        Self {
            portal: plain(portal),
            more: more.iter().map(|host| plain(host)).collect(),
            server: plain(server),
            pretend: pretend.map(plain),
        }
    }

    /// The portal's address, without a path.
    pub fn portal(&self) -> String {
        self.pretend.clone().unwrap_or_else(|| format!("https://{}", self.portal))
    }

    /// The authorization server's address: the one that a grant named, if it is one of Bitrix24's own, else the configured
    /// one.
    pub fn server(&self, named: Option<&str>) -> String {
        let own = named.and_then(authority).filter(|named| SERVERS.contains(&named.as_str()));
        let host = own.unwrap_or_else(|| self.server.clone());
        self.pretend.clone().unwrap_or_else(|| format!("https://{host}"))
    }

    /// The address of the portal's REST, if tokens may be sent to the one that a grant or a redirection named.
    pub fn rest(&self, named: &str) -> Option<String> {
        if let Some(pretend) = &self.pretend {
            // The stand-in says what a real portal would; only another address on this host is meant.
            let moved = Url::parse(named).ok().filter(|url| is_loopback(url) && is_loopback_text(pretend));
            let base = moved.map_or_else(|| pretend.clone(), |url| url.origin().ascii_serialization());
            return Some(format!("{base}/rest"));
        }
        let host = authority(named)?;
        self.allows(&host).then(|| format!("https://{host}/rest"))
    }

    fn allows(&self, host: &str) -> bool {
        host == self.portal || self.more.iter().any(|more| more == host) || is_sibling(&self.portal, host)
    }
}

/// `a.bitrix24.com` and `b.bitrix24.com`: one cloud, another name.
fn is_sibling(portal: &str, host: &str) -> bool {
    match (portal.split_once('.'), host.split_once('.')) {
        (Some((_, zone)), Some((name, other))) => {
            let own = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !name.is_empty();
            own && zone == other && zone.starts_with("bitrix24.") && !other.contains(':')
        }
        _ => false,
    }
}

/// Host and port of an https address without user information.
fn authority(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let host = url.host_str()?.to_lowercase();
    Some(url.port().map_or(host.clone(), |port| format!("{host}:{port}")))
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(transport::is_loopback)
}

fn is_loopback_text(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| is_loopback(&url))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn hosts(pretend: Option<&str>) -> Hosts {
        Hosts::new("Works.bitrix24.com", &["crm.example.com:8443".into()], "oauth.bitrix.info", pretend)
    }

    #[test]
    fn tokens_go_to_the_portal_its_cloud_and_what_is_configured() {
        let hosts = hosts(None);
        for (named, wanted) in [
            ("https://works.bitrix24.com/rest/", Some("https://works.bitrix24.com/rest")),
            ("https://new-name.bitrix24.com/rest/profile", Some("https://new-name.bitrix24.com/rest")),
            ("https://crm.example.com:8443/rest/", Some("https://crm.example.com:8443/rest")),
            ("http://works.bitrix24.com/rest/", None),
            ("https://works.bitrix24.com:444/rest/", None),
            ("https://works.bitrix24.com@evil.example/rest/", None),
            ("https://me@works.bitrix24.com/rest/", None),
            ("https://a.b.bitrix24.com/rest/", None),
            ("https://works.bitrix24.com.evil.example/rest/", None),
            ("https://works.bitrix24.de/rest/", None),
            ("https://bitrix24.com/rest/", None),
            ("https://crm.example.com/rest/", None),
            ("https://127.0.0.1/rest/", None),
            ("/rest/", None),
        ] {
            assert_eq!(hosts.rest(named).as_deref(), wanted, "{named}");
        }
        // A portal on a host of one's own has no siblings.
        let own = Hosts::new("crm.example.com", &[], "oauth.bitrix.info", None);
        assert_eq!(own.rest("https://other.example.com/rest/"), None);
    }

    #[test]
    fn only_bitrix24s_own_servers_are_believed() {
        let hosts = hosts(None);
        assert_eq!(hosts.server(Some("https://oauth.bitrix24.tech/rest/")), "https://oauth.bitrix24.tech");
        assert_eq!(hosts.server(Some("https://oauth.evil.example/rest/")), "https://oauth.bitrix.info");
        assert_eq!(hosts.server(None), "https://oauth.bitrix.info");
    }

    #[test]
    fn a_stand_in_takes_the_place_of_portal_and_server_and_may_move_on_this_host_alone() {
        let hosts = hosts(Some("http://127.0.0.1:7001/"));
        assert_eq!(hosts.server(Some("https://oauth.bitrix24.tech/rest/")), "http://127.0.0.1:7001");
        assert_eq!(hosts.rest("https://works.bitrix24.com/rest/").unwrap(), "http://127.0.0.1:7001/rest");
        assert_eq!(hosts.rest("http://127.0.0.1:7002/rest/x").unwrap(), "http://127.0.0.1:7002/rest");
        assert_eq!(hosts.rest("http://10.0.0.1:7002/rest/x").unwrap(), "http://127.0.0.1:7001/rest");
    }
}
