//! HTTP as the engine sees it: one request in, one response or a *classified* failure out.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

/// The methods that the systems we talk to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Read.
    Get,
    /// Create, or a query with a body.
    Post,
    /// Change a part.
    Patch,
    /// Replace.
    Put,
    /// Remove.
    Delete,
}

impl Method {
    /// The method as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }

    /// The method of that wire name, if it is one of ours.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PATCH" => Method::Patch,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            _ => return None,
        })
    }
}

/// One request. `target` is path and query (`/v1/users/me?page_size=100`); the transport knows the base URL,
/// so that a secret in a base URL (a Bitrix24 webhook) never enters a request, a log line or an error.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, beginning with `/`.
    pub target: String,
    /// Headers in sending order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, empty where there is none.
    pub body: Bytes,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// The same request with a JSON body and its content type.
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.headers.push(("content-type".into(), "application/json".into()));
        self.body = Bytes::from(body.to_string());
        self
    }

    /// The same request with one more header (name in lower case).
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The first header of that lower-case name.
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// Headers can hold a token, and bodies hold people's data: neither is printed.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method.as_str(), self.target, self.body.len())
    }
}

/// One response, whatever its status.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
}

impl Response {
    /// A JSON response.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    /// A JSON response whose text is there already.
    pub fn json_text(status: u16, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json; charset=utf-8".into())],
            body: Bytes::from(body),
        }
    }

    /// The same response with one more header (name in lower case).
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The first header of that lower-case name.
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What can be said about a request that got no response. The difference decides whether a write may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Surely not executed: no connection, no name, no TLS. The text never holds a URL.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have been executed: a time-out, or a reset after bytes had left. The text never holds a URL.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// It arrived and was surely not executed, and what kept it from that is mended: sent again, it may be. The text never
    /// holds a URL.
    #[error("not executed: {0}")]
    NotTaken(String),
}

/// One way to carry requests to one base URL.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Carries one request out and its response back.
    ///
    /// # Errors
    /// A [`Failure`] that tells whether the request may have been executed.
    async fn send(&self, request: Request) -> Result<Response, Failure>;
}
