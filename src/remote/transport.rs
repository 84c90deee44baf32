//! Carries requests over real sockets.
//!
//! The base URL lives here and nowhere else: a Bitrix24 webhook's URL *is* its secret, so it must never reach `Debug`,
//! an error or a log line.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect;

use crate::model::Revealed;
use crate::seam::{Failure, Method, Request, Response, Transport};

/// How long to wait, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpOptions {
    /// From the call to the last byte of the answer. 65 s by default: both remotes give a request up after 60 s, so
    /// that whatever has not answered by then is not going to be executed much later.
    pub timeout: Duration,
    /// Until a connection stands, TLS included.
    pub connect_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(65), connect_timeout: Duration::from_secs(10) }
    }
}

/// A base URL that cannot be used. Never holds the URL itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadBase(String);

/// Makes ring the TLS library of this process. Calling it again does nothing.
pub fn install_tls() {
    // The one error there is says that a provider is installed already, which is what was asked for.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// One HTTP client with one base URL.
pub struct HttpTransport {
    client: reqwest::Client,
    base: Revealed,
    origin: String,
}

impl HttpTransport {
    /// A client for `base` (`https://api.notion.com`, `https://portal/rest/1/secret`); request targets are appended.
    ///
    /// # Errors
    /// [`BadBase`] for a URL that is not http(s) or has no host, or when TLS cannot be set up.
    pub fn new(base: &str, options: HttpOptions) -> Result<Self, BadBase> {
        install_tls();
        let url =
            reqwest::Url::parse(base.trim()).map_err(|error| BadBase(format!("the base URL is none: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadBase("the base URL must begin with https:// or http://".into()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BadBase("the base URL must end with its path".into()));
        }
        let host = url.host_str().ok_or_else(|| BadBase("the base URL has no host".into()))?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("crosstie/", env!("CARGO_PKG_VERSION")))
            // A renamed Bitrix24 portal answers 302; following it would turn a POST into a GET without a body.
            .redirect(redirect::Policy::none())
            .timeout(options.timeout)
            .connect_timeout(options.connect_timeout);
        if is_loopback(host) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| BadBase(format!("no HTTP client: {}", chain(&error))))?;
        let origin = url.origin().ascii_serialization();
        Ok(Self { client, base: Revealed::new(url.as_str().trim_end_matches('/')), origin })
    }

    fn failure(&self, error: reqwest::Error) -> Failure {
        let not_sent = error.is_connect() || error.is_builder();
        let text = chain(&error.without_url()).replace(self.base.expose(), "…");
        if not_sent { Failure::NotSent(text) } else { Failure::Unknown(text) }
    }
}

/// Only scheme and host are printed.
impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").field("origin", &self.origin).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut call = self.client.request(method, format!("{}{}", self.base.expose(), request.target));
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        if !request.body.is_empty() {
            call = call.body(request.body);
        }
        let answer = call.send().await.map_err(|error| self.failure(error))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        // From here on the request has been executed: a body that breaks off can only be `Unknown`.
        let body = answer.bytes().await.map_err(|error| match self.failure(error) {
            Failure::NotSent(text) | Failure::Unknown(text) | Failure::NotTaken(text) => Failure::Unknown(text),
        })?;
        Ok(Response { status, headers, body })
    }
}

/// Whether a host, as it stands in an address, is this very machine.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let line = inner.to_string();
        if !text.contains(&line) {
            text.push_str(": ");
            text.push_str(&line);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_refused_connection_is_surely_not_sent_and_names_no_secret() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let transport =
            HttpTransport::new(&format!("http://127.0.0.1:{port}/rest/1/s3cr3t/"), HttpOptions::default()).unwrap();
        let failure = transport.send(Request::new(Method::Get, "/profile")).await.unwrap_err();
        assert!(matches!(failure, Failure::NotSent(_)), "{failure:?}");
        assert!(!format!("{failure:?} {failure} {transport:?}").contains("s3cr3t"));
    }

    #[tokio::test]
    async fn a_connection_that_breaks_after_the_request_left_is_unknown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 1024];
            let _ = socket.read(&mut bytes).await;
        });
        let transport =
            HttpTransport::new(&format!("http://127.0.0.1:{port}/rest/1/s3cr3t"), HttpOptions::default()).unwrap();
        let failure = transport.send(Request::new(Method::Post, "/crm.item.add")).await.unwrap_err();
        assert!(matches!(failure, Failure::Unknown(_)), "{failure:?}");
        assert!(!format!("{failure:?}").contains("s3cr3t"));
    }

    #[tokio::test]
    async fn a_redirect_is_handed_back_and_never_followed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let read = socket.read(&mut bytes).await.unwrap();
            let answer = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&bytes[..read]).into_owned()
        });
        let transport = HttpTransport::new(&format!("http://127.0.0.1:{port}/base"), HttpOptions::default()).unwrap();
        let answer = transport.send(Request::new(Method::Get, "/x?y=1")).await.unwrap();
        assert_eq!(answer.status, 302);
        let seen = server.await.unwrap();
        assert!(seen.starts_with("GET /base/x?y=1 HTTP/1.1"), "{seen}");
        assert!(seen.to_lowercase().contains("user-agent: crosstie/"), "{seen}");
    }

    #[test]
    fn a_base_without_http_is_refused_without_being_repeated() {
        for base in ["ftp://host/s3cr3t", "s3cr3t", "https://host/s3cr3t?x=1"] {
            let error = HttpTransport::new(base, HttpOptions::default()).unwrap_err();
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
        }
    }
}
