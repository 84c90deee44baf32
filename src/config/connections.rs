//! How to reach the two systems.

use std::ops::Range;

use super::read::{Reader, Section};
use super::secret::{self, Secret};
use crate::mapping::near;

/// The CRMs that can be connected.
pub const SYSTEMS: [&str; 1] = ["bitrix24"];

/// The CRM's tariff, which decides its pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CrmPlan {
    /// Every tariff but the largest.
    #[default]
    Standard,
    /// The largest.
    Enterprise,
}

/// The Notion workspace's plan, which decides its pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotionPlan {
    /// Every plan but the following.
    #[default]
    Standard,
    /// Business and Enterprise.
    Business,
}

impl NotionPlan {
    /// Requests a minute that Notion grants a connection.
    pub fn per_minute(self) -> u32 {
        match self {
            NotionPlan::Standard => 180,
            NotionPlan::Business => 600,
        }
    }
}

/// How to reach the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmConnection {
    /// Which CRM: one of [`SYSTEMS`].
    pub system: String,
    /// What opens it.
    pub access: CrmAccess,
    /// Replaces scheme, host and port of whatever address is used: a stand-in, a proxy.
    pub base_url: Option<String>,
    /// The tariff.
    pub plan: CrmPlan,
}

/// What opens the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrmAccess {
    /// The inbound webhook's URL, which is its password too.
    Webhook(Secret),
    /// A local application, which `crosstie authorize` has let in.
    Application(CrmApplication),
}

/// A local application of the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmApplication {
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: Secret,
    /// The portal's host, with a port if it has one of its own.
    pub portal: String,
    /// Other hosts that the portal may move to.
    pub hosts: Vec<String>,
    /// The authorization server's host.
    pub server: String,
}

/// The authorization server, unless the configuration says otherwise.
pub const AUTHORIZATION_SERVER: &str = "oauth.bitrix.info";

/// How to reach Notion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotionConnection {
    /// The internal connection's token.
    pub token: Secret,
    /// In place of Notion's own address: a stand-in, a proxy.
    pub base_url: Option<String>,
    /// The plan.
    pub plan: NotionPlan,
}

pub(super) fn crm(reader: &mut Reader<'_>, top: &mut Section<'_>) -> Option<CrmConnection> {
    let mut section = connection(reader, top, "crm", "[crm]")?;
    let system = reader.required(&mut section, "system", "system = \"bitrix24\"");
    if let Some((name, span)) = &system
        && !SYSTEMS.contains(&name.as_str())
    {
        let hint = near::hint(name, SYSTEMS);
        let known = super::read::one_of(&SYSTEMS);
        reader.refuse(span.clone(), format!("there is no CRM `{name}` here{hint}"), format!("use {known}"));
    }
    let access = access(reader, &mut section);
    let base_url = base_url(reader, &mut section);
    let plans = [("standard", CrmPlan::Standard), ("enterprise", CrmPlan::Enterprise)];
    let plan = reader.choice(&mut section, "plan", &plans, CrmPlan::default());
    reader.done(section);
    Some(CrmConnection { system: system?.0, access: access?, base_url, plan })
}

fn access(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<CrmAccess> {
    let (by_application, by_webhook) = (section.has("oauth"), section.has("webhook"));
    let application = reader.table(section, "oauth", "`oauth`").and_then(|table| application(reader, table));
    let example = "webhook = { env = \"CROSSTIE_BITRIX24_WEBHOOK\" }";
    if by_application && !by_webhook {
        return application.map(CrmAccess::Application);
    }
    let webhook = secret::read(reader, section, "webhook", example);
    if by_application {
        let what = "`[crm]` has both `webhook` and `oauth`";
        reader.refuse(section.span(), what, "keep one of them: the webhook, or the application");
        return None;
    }
    webhook.map(CrmAccess::Webhook)
}

fn application(reader: &mut Reader<'_>, mut table: Section<'_>) -> Option<CrmApplication> {
    let client_id = reader.required(&mut table, "client_id", "client_id = \"local.…\"");
    let example = "client_secret = { env = \"CROSSTIE_BITRIX24_CLIENT_SECRET\" }";
    let client_secret = secret::read(reader, &mut table, "client_secret", example);
    let portal = reader.required(&mut table, "portal", "portal = \"example.bitrix24.com\"");
    let portal = portal.and_then(|(text, span)| host(reader, "portal", &text, span));
    let server = match reader.text(&mut table, "server") {
        Some((text, span)) => host(reader, "server", &text, span),
        None => Some(AUTHORIZATION_SERVER.to_owned()),
    };
    let hosts = reader.texts(&mut table, "hosts").unwrap_or_default();
    let hosts: Option<Vec<String>> = hosts.into_iter().map(|(text, span)| host(reader, "hosts", &text, span)).collect();
    reader.done(table);
    Some(CrmApplication {
        client_id: client_id?.0,
        client_secret: client_secret?,
        portal: portal?,
        hosts: hosts?,
        server: server?,
    })
}

/// A host alone, with a port or without, however it was copied.
pub fn plain_host(text: &str) -> Option<String> {
    let host = text.trim().strip_prefix("https://").unwrap_or(text.trim()).trim_end_matches('/').to_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    (!host.is_empty() && host.bytes().all(plain)).then_some(host)
}

fn host(reader: &mut Reader<'_>, key: &str, text: &str, span: Range<usize>) -> Option<String> {
    let host = plain_host(text);
    if host.is_none() {
        let what = format!("`{key}` is no host");
        let mend = "write the host alone: `portal = \"example.bitrix24.com\"`";
        match text.contains(['@', '/']) {
            // It may be a webhook's address, or carry a password.
            true => reader.refuse_secret(span, what, mend),
            false => reader.refuse(span, what, mend),
        }
    }
    host
}

pub(super) fn notion(reader: &mut Reader<'_>, top: &mut Section<'_>) -> Option<NotionConnection> {
    let mut section = connection(reader, top, "notion", "[notion]")?;
    let token = secret::read(reader, &mut section, "token", "token = { env = \"CROSSTIE_NOTION_TOKEN\" }");
    let base_url = base_url(reader, &mut section);
    let plans = [("standard", NotionPlan::Standard), ("business", NotionPlan::Business)];
    let plan = reader.choice(&mut section, "plan", &plans, NotionPlan::default());
    reader.done(section);
    Some(NotionConnection { token: token?, base_url, plan })
}

fn connection<'a>(
    reader: &mut Reader<'_>,
    top: &mut Section<'a>,
    key: &'static str,
    name: &'static str,
) -> Option<Section<'a>> {
    if !top.has(key) {
        reader.missing(top, key, name);
        return None;
    }
    reader.table(top, key, name)
}

fn base_url(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<String> {
    let (url, span) = reader.text(section, "base_url")?;
    check_url(reader, &url, span);
    Some(url.trim_end_matches('/').to_owned())
}

/// Whether an address leads to this very host, where only stand-ins are.
pub(super) fn is_on_this_host(url: &str) -> bool {
    let host = url.strip_prefix("http://").unwrap_or_default();
    let host = host.split(['/', ':']).next().unwrap_or_default();
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
}

fn check_url(reader: &mut Reader<'_>, url: &str, span: Range<usize>) {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
        reader.refuse(
            span,
            "`base_url` is no address",
            "write it with its scheme: `base_url = \"http://127.0.0.1:8080\"`",
        );
    } else if url.contains("/rest/") || host.is_some_and(|host| host.contains('@')) {
        reader.refuse_secret(
            span,
            "`base_url` carries a secret",
            "keep scheme, host and port; the webhook's own URL belongs into a variable or a file, under `webhook`",
        );
    }
}
