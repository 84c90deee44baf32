//! The authorization server: codes and refresh tokens in, tokens out. Secrets go in the body of a POST, never in an address.

use std::sync::Arc;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value as Json, json};

use super::{Application, Connect, Hosts, Tokens};
use crate::model::Revealed;
use crate::seam::{Failure, Method, Request, Response};

/// What is given for tokens.
#[derive(Debug, Clone, Copy)]
pub enum Grant<'a> {
    /// A code that a person's browser was given, 30 seconds ago at most.
    Code(&'a Revealed),
    /// A refresh token.
    Refresh(&'a Revealed),
}

/// Why there are no tokens. No text holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A person has to let the application in again.
    #[error("{0}; run `crosstie authorize bitrix24` to let crosstie in again")]
    Authorise(String),
    /// The configuration is wrong, or the portal is not paid for.
    #[error("{0}")]
    Never(String),
    /// The server cannot be reached or is in trouble; later it may answer. What was given is as good as it was, unless an
    /// answer was lost.
    #[error("the authorization server cannot be asked for tokens: {0}")]
    Later(String),
}

/// An authorization server.
pub struct AuthorizationServer {
    application: Application,
    hosts: Hosts,
    connect: Arc<dyn Connect>,
}

impl AuthorizationServer {
    /// The server of an application.
    pub fn new(application: Application, hosts: Hosts, connect: Arc<dyn Connect>) -> Self {
        Self { application, hosts, connect }
    }

    /// The hosts it may speak of.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Opens a way to a portal that [`Hosts::rest`] allowed.
    pub(super) fn connect(&self) -> &Arc<dyn Connect> {
        &self.connect
    }

    /// Exchanges a grant for tokens, once. `named` is the server's address as an earlier grant told it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn tokens(&self, grant: Grant<'_>, named: Option<&str>, now: Timestamp) -> Result<Tokens, Refused> {
        let server = self.connect.to(&self.hosts.server(named)).map_err(Refused::Never)?;
        let (kind, key, given) = match grant {
            Grant::Code(code) => ("authorization_code", "code", code),
            Grant::Refresh(token) => ("refresh_token", "refresh_token", token),
        };
        let form = form(&[
            ("grant_type", kind),
            ("client_id", &self.application.client_id),
            ("client_secret", self.application.client_secret.expose()),
            (key, given.expose()),
        ]);
        let request = Request::new(Method::Post, "/oauth/token/")
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = server.send(Request { body: form.into(), ..request }).await;
        let response = answer.map_err(|failure| match failure {
            Failure::NotSent(text) | Failure::NotTaken(text) => Refused::Later(text),
            Failure::Unknown(text) => Refused::Later(format!("{text}; what it gave may be lost")),
        })?;
        let tokens = granted(&response, now)?;
        match self.hosts.rest(&tokens.endpoint) {
            Some(_) => Ok(tokens),
            None => Err(Refused::Never(
                "the tokens are for a portal on another host than `[crm] oauth` names; correct `portal`, or add the host to \
                 `hosts`"
                    .into(),
            )),
        }
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    pairs.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

fn granted(response: &Response, now: Timestamp) -> Result<Tokens, Refused> {
    let status = response.status;
    let said: Json = serde_json::from_slice(&response.body).unwrap_or_default();
    let Some(code) = said["error"].as_str() else {
        return match status {
            200..=299 => Tokens::granted(&said, now)
                .ok_or_else(|| Refused::Later("it answered without tokens, which may be lost".into())),
            _ => Err(Refused::Later(format!("it answered HTTP {status}"))),
        };
    };
    // A description could repeat what was sent; the code says enough.
    let code = code.to_lowercase();
    Err(match code.as_str() {
        "invalid_grant" | "bad_verification_code" | "not_installed" => Refused::Authorise(format!(
            "Bitrix24 no longer lets crosstie in ({code}): the code or token has expired, was used already, or was revoked"
        )),
        "invalid_client" | "wrong_client" => Refused::Never(format!(
            "Bitrix24 does not know the application ({code}); correct `client_id` and `client_secret` in `[crm] oauth`"
        )),
        "payment_required" => Refused::Never("the portal's subscription does not pay for applications".into()),
        _ if status == 429 || status >= 500 => Refused::Later(format!("it answered HTTP {status} ({code})")),
        _ => Refused::Never(format!("the authorization server refuses the application ({code})")),
    })
}

/// What a person pasted: a code alone, the address that the browser was sent to, or the body of an installation's call.
#[derive(Debug)]
pub enum Pasted {
    /// A code, with the state and the server's address where they stood beside it.
    Code {
        /// The code.
        code: Revealed,
        /// What was asked to come back with it.
        state: Option<String>,
        /// The authorization server's address.
        server: Option<String>,
    },
    /// Tokens that the portal sent on installation.
    Tokens(Tokens),
}

/// Reads what a person pasted.
///
/// # Errors
/// One sentence that says what was expected, without what was pasted.
pub fn pasted(text: &str, now: Timestamp) -> Result<Pasted, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("nothing was pasted; paste the code, or the whole address the browser was sent to".into());
    }
    if text.contains("auth%5B") || text.contains("auth[") {
        let mut said = Map::new();
        for (key, value) in pairs(text) {
            if let Some(name) = key.strip_prefix("auth[").and_then(|rest| rest.strip_suffix(']')) {
                said.insert(name.to_owned(), json!(value));
            }
        }
        let tokens = Tokens::installed(&Json::Object(said), now);
        return tokens.map(Pasted::Tokens).ok_or_else(|| {
            "the installation's call holds no pair of tokens; install the application again, or use the code".into()
        });
    }
    if !text.contains(['?', '=', '&']) {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let code = || Pasted::Code { code: Revealed::new(text.to_owned()), state: None, server: None };
        return plain.then(code).ok_or_else(|| "this is no code: it has blanks in it".into());
    }
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let (mut code, mut state, mut server) = (None, None, None);
    for (key, value) in pairs(query) {
        match key.as_str() {
            "code" if !value.is_empty() => code = Some(Revealed::new(value)),
            "state" => state = Some(value),
            "server_domain" => server = Some(format!("https://{value}/")),
            _ => {}
        }
    }
    match code {
        Some(code) => Ok(Pasted::Code { code, state, server }),
        None => Err("the address has no `code`; open the printed address again and paste where it leads".into()),
    }
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query.split('&').filter_map(move |pair| {
        let (key, value) = pair.split_once('=')?;
        Some((decoded(key), decoded(value)))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_code_an_address_and_an_installation_can_be_pasted() {
        let now = Timestamp::UNIX_EPOCH;
        let Pasted::Code { code, state, server } = pasted(" abc123\n", now).unwrap() else { panic!("a code") };
        assert_eq!((code.expose(), state, server), ("abc123", None, None));
        let address =
            "https://app.example/cb?code=abc&domain=x.bitrix24.com&state=s%201&server_domain=oauth.bitrix24.tech#t";
        let Pasted::Code { code, state, server } = pasted(address, now).unwrap() else { panic!("a code") };
        assert_eq!((code.expose(), state.as_deref()), ("abc", Some("s 1")));
        assert_eq!(server.as_deref(), Some("https://oauth.bitrix24.tech/"));
        let call = "event=ONAPPINSTALL&auth%5Baccess_token%5D=a&auth%5Brefresh_token%5D=r&auth%5Bexpires_in%5D=3600\
                    &auth[client_endpoint]=https%3A%2F%2Fx.bitrix24.com%2Frest%2F";
        let Pasted::Tokens(tokens) = pasted(call, now).unwrap() else { panic!("tokens") };
        assert_eq!((tokens.access.expose(), tokens.refresh.expose()), ("a", "r"));
        assert_eq!(tokens.endpoint, "https://x.bitrix24.com/rest/");
    }

    #[test]
    fn what_is_nothing_of_the_kind_is_refused_without_being_repeated() {
        for text in ["", "  ", "two s3cr3t words", "https://app.example/?s3cr3t=1", "auth[access_token]=s3cr3t"] {
            let why = pasted(text, Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(!why.contains("s3cr3t"), "{why}");
        }
    }

    #[test]
    fn every_code_of_the_server_says_what_to_do_next() {
        let judged = |status, code: &str| {
            granted(
                &Response::json(status, &json!({"error": code, "error_description": "s3cr3t"})),
                Timestamp::UNIX_EPOCH,
            )
            .unwrap_err()
        };
        for code in ["invalid_grant", "INVALID_GRANT", "NOT_INSTALLED"] {
            let why = judged(400, code);
            assert!(matches!(why, Refused::Authorise(_)) && why.to_string().contains("crosstie authorize"), "{why}");
        }
        assert!(matches!(judged(401, "invalid_client"), Refused::Never(_)));
        assert!(matches!(judged(400, "PAYMENT_REQUIRED"), Refused::Never(_)));
        assert!(matches!(judged(500, "server_error"), Refused::Later(_)));
        assert!(!judged(400, "whatever").to_string().contains("s3cr3t"));
        let page = Response { status: 502, headers: Vec::new(), body: "<html>".into() };
        assert!(matches!(granted(&page, Timestamp::UNIX_EPOCH), Err(Refused::Later(_))));
    }

    /// Seconds, and those that no clock counts.
    fn moments() -> impl proptest::strategy::Strategy<Value = i64> {
        proptest::prop_oneof![
            proptest::num::i64::ANY,
            i64::MIN..i64::MIN + 9,
            i64::MAX - 9..i64::MAX,
            1_767_690_000_i64..1_767_700_000,
        ]
    }

    proptest::proptest! {
        #[test]
        fn no_text_that_is_pasted_breaks_the_reading_and_none_is_repeated(
            text in "(auth\\[(access_token|refresh_token|client_endpoint|expires|expires_in)\\]=(-?[0-9]{1,20}|[a-z]{1,8}|https%3A%2F%2Fx%2Frest%2F)&){0,6}|https://x/\\?(code|state|server_domain|x)=\\PC{0,12}&\\PC{0,12}|\\PC{0,60}",
        ) {
            if let Err(why) = pasted(&text, "2026-01-06T09:00:00Z".parse().unwrap()) {
                proptest::prop_assert!(text.trim().len() < 12 || !why.contains(text.trim()), "{why}");
            }
        }

        #[test]
        fn no_answer_of_the_server_breaks_the_reading(
            (status, error, token) in (100_u16..600, "invalid_grant|payment_required|\\PC{0,20}", "[a-z]{0,4}"),
            (left, ends) in (moments(), moments()), kind in 0..4_u8,
        ) {
            let mut said = json!({
                "access_token": token, "refresh_token": token, "client_endpoint": "https://x/rest/",
                "expires_in": left, "expires": ends,
            });
            match kind {
                0 => said["error"] = json!(error),
                1 => drop(said.as_object_mut().unwrap().remove("expires_in")),
                2 => said["expires"] = json!(ends.to_string()),
                _ => said = json!([error, left]),
            }
            let now: Timestamp = "2026-01-06T09:00:00Z".parse().unwrap();
            let _ = Tokens::installed(&said, now);
            if let Ok(tokens) = granted(&Response::json(status, &said), now) {
                proptest::prop_assert!(!tokens.access.expose().is_empty() && tokens.is_young(now) != tokens.has_expired(now));
            }
        }
    }
}
