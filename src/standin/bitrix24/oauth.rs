//! One installed application: what the authorization server answers about its tokens, and which calls a token opens.
//!
//! The server is reached under `/oauth/token/`, by query or form, whatever host was asked; a real one has a host of its own.
//! Calls of the application come as `/rest/{method}` with the parameter `auth`, in the name of the integration user.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::BitrixStandIn;
use super::answer::ApiError;
use super::calls::Teller;
use super::input::Input;
use crate::seam::{Request, Response};

/// Seconds that a code, an access token and a refresh token live.
const CODE_S: i64 = 30;
const ACCESS_S: i64 = 3600;
const REFRESH_S: i64 = 180 * 24 * 3600;

/// The host under which the portal says that it can be called.
const PORTAL: &str = "crosstie.bitrix24.com";
/// The host of the authorization server, as the documentation for the world has it.
const SERVER: &str = "oauth.bitrix.info";

/// Tokens, as the authorization server hands them out.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// Opens calls for an hour.
    pub access_token: String,
    /// Gets the next pair, once, for 180 days.
    pub refresh_token: String,
    /// The Unix second at which the access token expires.
    pub expires: i64,
    /// Seconds until then.
    pub expires_in: i64,
    /// What the application may do, separated by commas.
    pub scope: &'static str,
    /// The authorization server's host, not the portal's.
    pub domain: &'static str,
    /// The address of the portal's REST.
    pub client_endpoint: String,
    /// The address of the authorization server's REST.
    pub server_endpoint: String,
    /// The portal's lasting key.
    pub member_id: String,
    /// `L`: a local application.
    pub status: &'static str,
    /// The user for whom the application acts.
    pub user_id: u64,
}

/// The tokens stay out.
impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Granted")
            .field("expires", &self.expires)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// The application's credentials and what is valid of what it was given.
pub(super) struct App {
    random: fastrand::Rng,
    id: String,
    secret: String,
    member: String,
    user: u64,
    code: Option<(String, Timestamp)>,
    /// Access tokens with the moments at which they expire.
    access: BTreeMap<String, Timestamp>,
    refresh: Option<(String, Timestamp)>,
    /// A host that the portal no longer has, and where it is instead.
    moved: Option<(String, String)>,
    /// What proves its events.
    application_token: String,
    /// Seconds that an access token lives.
    life_s: i64,
    /// Whether its installation was brought to its end.
    pub installed: bool,
}

impl App {
    pub fn new(seed: u64, user: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x000A_0717);
        let id = format!("local.{}.{}", word(&mut random, 14), word(&mut random, 8));
        let (secret, member) = (word(&mut random, 50), word(&mut random, 32));
        let application_token = word(&mut random, 32);
        let access = BTreeMap::new();
        Self {
            random,
            id,
            secret,
            member,
            user,
            code: None,
            access,
            refresh: None,
            moved: None,
            application_token,
            life_s: ACCESS_S,
            installed: true,
        }
    }

    /// A word that nobody has had yet.
    pub fn fresh_word(&mut self, letters: usize) -> String {
        word(&mut self.random, letters)
    }

    /// Access tokens that are given from now on live so many seconds.
    pub fn live_for(&mut self, seconds: u32) {
        self.life_s = seconds.into();
    }

    /// `app.info`.
    pub fn info(&self) -> Json {
        json!({
            "ID": 1, "CODE": self.id, "VERSION": 1, "STATUS": "L", "INSTALLED": self.installed, "PAYMENT_EXPIRED": "N",
            "DAYS": null, "LANGUAGE_ID": "en", "LICENSE": "en_ent250", "LICENSE_TYPE": "ent250", "LICENSE_FAMILY": "ent",
        })
    }

    /// What events tell of the portal.
    pub fn teller(&self) -> Teller<'_> {
        Teller {
            domain: PORTAL,
            server: SERVER,
            member: &self.member,
            application_token: &self.application_token,
            installed: self.installed,
        }
    }

    fn grant(&mut self, now: Timestamp) -> Granted {
        let (access_token, refresh_token) = (word(&mut self.random, 70), word(&mut self.random, 70));
        let expires = later(now, self.life_s);
        self.access.retain(|_, expires| *expires > now);
        self.access.insert(access_token.clone(), expires);
        self.refresh = Some((refresh_token.clone(), later(now, REFRESH_S)));
        Granted {
            access_token,
            refresh_token,
            expires: expires.as_second(),
            expires_in: self.life_s,
            scope: "crm,task,user",
            domain: SERVER,
            client_endpoint: format!("https://{PORTAL}/rest/"),
            server_endpoint: format!("https://{SERVER}/rest/"),
            member_id: self.member.clone(),
            status: "L",
            user_id: self.user,
        }
    }

    /// The authorization server's answer. A code and a refresh token are good for one use.
    pub fn token(&mut self, params: &Input, now: Timestamp) -> Result<Granted, ApiError> {
        let sent = |key: &str| params.get(key).and_then(Input::text).unwrap_or_default();
        if sent("client_id") != self.id || sent("client_secret") != self.secret {
            return Err(ApiError::bad("invalid_client", "The client credentials are invalid"));
        }
        let (held, given) = match sent("grant_type").as_str() {
            "authorization_code" => (&mut self.code, sent("code")),
            "refresh_token" => (&mut self.refresh, sent("refresh_token")),
            _ => return Err(ApiError::bad("invalid_request", "The grant type is not supported")),
        };
        let good = held.as_ref().is_some_and(|(known, until)| *known == given && *until > now);
        if !good {
            return Err(ApiError::bad("invalid_grant", "The grant is invalid, expired or was used before"));
        }
        *held = None;
        Ok(self.grant(now))
    }

    /// What a portal that was renamed answers under its old name.
    pub fn forwarded(&self, request: &Request) -> Option<Response> {
        let (old, new) = self.moved.as_ref()?;
        (request.get_header("host")? == old).then(|| {
            let page = Response { status: 302, headers: Vec::new(), body: "<html>Moved</html>".into() };
            page.header("content-type", "text/html").header("location", format!("{new}{}", request.target))
        })
    }

    /// Refuses a call whose `auth` opens nothing.
    pub fn admit(&self, params: &Input, now: Timestamp) -> Result<(), ApiError> {
        let token = params.get("auth").and_then(Input::text).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| ApiError::new(401, "NO_AUTH_FOUND", "Wrong authorization data"))?;
        match self.access.get(&token) {
            Some(expires) if *expires > now => Ok(()),
            Some(_) => Err(ApiError::new(401, "expired_token", "The access token provided has expired.")),
            None => Err(ApiError::new(401, "invalid_token", "Unable to get application by token")),
        }
    }
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(now.as_second() + seconds).unwrap_or(Timestamp::MAX)
}

fn word(random: &mut fastrand::Rng, letters: usize) -> String {
    std::iter::repeat_with(|| random.alphanumeric().to_ascii_lowercase()).take(letters).collect()
}

impl BitrixStandIn {
    /// The application's client id and client secret.
    pub fn app_credentials(&self) -> (&str, &str) {
        (&self.app.id, &self.app.secret)
    }

    /// What the application's own events carry.
    pub fn application_token(&self) -> &str {
        &self.app.application_token
    }

    /// An administrator installs the application: the tokens that its handler is sent.
    pub fn install_app(&mut self, now: Timestamp) -> Granted {
        let now = self.tick(now);
        // Installing again takes what the application had bound away.
        self.calls.forget_app();
        self.app.grant(now)
    }

    /// A person lets the application in, in a browser: the code that it may exchange within 30 seconds.
    pub fn authorize_app(&mut self, now: Timestamp) -> String {
        let now = self.tick(now);
        let code = word(&mut self.app.random, 70);
        self.app.code = Some((code.clone(), later(now, CODE_S)));
        code
    }

    /// An administrator takes the application away: no token, old or new, is good for anything.
    pub fn revoke_app(&mut self) {
        self.app.access.clear();
        self.app.refresh = None;
        self.app.code = None;
    }

    /// The portal is renamed: under `old` (a host with its port) it answers 302 to `new` (an address without a path).
    pub fn rename(&mut self, old: &str, new: &str) {
        self.app.moved = Some((old.to_owned(), new.to_owned()));
    }

    /// All access tokens have expired as of now.
    pub fn expire_access_tokens(&mut self, now: Timestamp) {
        let now = self.tick(now);
        self.app.access.values_mut().for_each(|expires| *expires = now);
    }
}
