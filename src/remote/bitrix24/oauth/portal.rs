//! Carries requests to the portal in the application's name.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::{Refused, Session, Tokens};
use crate::seam::{Failure, Request, Response, Transport};

/// Opens a way to a base address.
pub trait Connect: Send + Sync {
    /// A transport whose targets are appended to `base`.
    ///
    /// # Errors
    /// One sentence, when the address cannot be used.
    fn to(&self, base: &str) -> Result<Arc<dyn Transport>, String>;
}

/// A portal's REST, spoken to as an application. Requests have a JSON object for a body, or none.
pub struct PortalTransport {
    session: Session,
    /// The way to the base address that was used last.
    way: Mutex<Option<(String, Arc<dyn Transport>)>>,
}

impl PortalTransport {
    /// The portal of a session.
    pub fn new(session: Session) -> Self {
        Self { session, way: Mutex::new(None) }
    }

    fn way(&self, base: &str) -> Result<Arc<dyn Transport>, String> {
        let mut way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, transport)) = way.as_ref().filter(|(known, _)| known == base) {
            return Ok(Arc::clone(transport));
        }
        let transport = self.session.server().connect().to(base)?;
        *way = Some((base.to_owned(), Arc::clone(&transport)));
        Ok(transport)
    }
}

impl fmt::Debug for PortalTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PortalTransport")
    }
}

#[async_trait]
impl Transport for PortalTransport {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let tokens = match self.session.tokens().await {
            Ok(tokens) => tokens,
            Err(refused) => return without_tokens(refused),
        };
        let Some(base) = self.session.server().hosts().rest(&tokens.endpoint) else {
            let why = "the kept tokens are for another portal than `[crm] oauth` names";
            return without_tokens(Refused::Authorise(why.into()));
        };
        let way = self.way(&base).map_err(Failure::NotSent)?;
        let response = way.send(signed(request, &tokens)?).await?;
        match response.status {
            301 | 302 | 307 | 308 => self.follow(response).await,
            // The code counts: sources disagree on the status, and some methods answer errors with 200.
            status if status >= 400 || says_error(&response) => self.renew(&tokens, response).await,
            _ => Ok(response),
        }
    }
}

impl PortalTransport {
    /// A portal that was renamed answers with its new address, and has executed nothing.
    async fn follow(&self, response: Response) -> Result<Response, Failure> {
        match response.get_header("location").map(str::to_owned) {
            Some(to) if self.session.moved(&to).await => {
                Err(Failure::NotTaken("the portal has another name now, which was remembered".into()))
            }
            _ => Ok(response),
        }
    }

    async fn renew(&self, tokens: &Arc<Tokens>, response: Response) -> Result<Response, Failure> {
        let said: Json = serde_json::from_slice(&response.body).unwrap_or_default();
        let code = said["error"].as_str().unwrap_or_default().to_lowercase();
        let mended = match code.as_str() {
            "expired_token" => self.session.renewed(tokens).await,
            "invalid_token" => self.session.replaced(tokens).await,
            _ => return Ok(response),
        };
        match mended {
            Ok(mended) if mended.access == tokens.access => Ok(response),
            Ok(_) => Err(Failure::NotTaken("the access token had expired, and there is a new one".into())),
            Err(refused) => without_tokens(refused),
        }
    }
}

/// Whether a body begins as an error does; no other is read here.
fn says_error(response: &Response) -> bool {
    response.body.trim_ascii_start().starts_with(b"{\"error\"")
}

/// What is said to a request that there are no tokens for.
fn without_tokens(refused: Refused) -> Result<Response, Failure> {
    match refused {
        Refused::Later(_) => Err(Failure::NotSent(refused.to_string())),
        // The server's no is the answer to every request that needs a token.
        Refused::Authorise(_) | Refused::Never(_) => {
            Ok(Response::json(401, &json!({"error": "invalid_grant", "error_description": refused.to_string()})))
        }
    }
}

/// The request with the token in its body.
fn signed(request: Request, tokens: &Tokens) -> Result<Request, Failure> {
    let auth = Json::from(tokens.access.expose()).to_string();
    let rest = match request.body.trim_ascii() {
        b"" => None,
        body => Some(body.strip_prefix(b"{").ok_or_else(|| Failure::NotSent("the body is no JSON object".into()))?),
    };
    let rest = rest.unwrap_or(b"}");
    let comma: &[u8] = if rest.trim_ascii_start().starts_with(b"}") { b"" } else { b"," };
    let body = Bytes::from([b"{\"auth\":".as_slice(), auth.as_bytes(), comma, rest].concat());
    let request = match request.get_header("content-type") {
        Some(_) => request,
        None => request.header("content-type", "application/json"),
    };
    Ok(Request { body, ..request })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::seam::Method;

    #[test]
    fn the_token_goes_into_the_body_and_nowhere_else() {
        let said = json!({"access_token": "a\"1", "refresh_token": "r", "client_endpoint": "https://x/rest/"});
        let tokens = Tokens::granted(&said, Timestamp::UNIX_EPOCH).unwrap();
        for (body, wanted) in [
            (Some(json!({})), json!({"auth": "a\"1"})),
            (Some(json!({"id": 7, "fields": {}})), json!({"auth": "a\"1", "id": 7, "fields": {}})),
            (None, json!({"auth": "a\"1"})),
        ] {
            let plain = Request::new(Method::Post, "/profile");
            let request = body.map_or(plain.clone(), |body| plain.json(&body));
            let signed = signed(request, &tokens).unwrap();
            assert_eq!(serde_json::from_slice::<Json>(&signed.body).unwrap(), wanted);
            assert_eq!((signed.target.as_str(), signed.headers.len()), ("/profile", 1));
        }
        let list = Request { body: "[1]".into(), ..Request::new(Method::Post, "/x") };
        assert!(matches!(signed(list, &tokens), Err(Failure::NotSent(_))));
    }
}
