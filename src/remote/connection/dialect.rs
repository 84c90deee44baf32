//! What a response means. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::remote::{RemoteError, RemoteErrorKind};
use crate::seam::{Request, Response};

/// What a response says about its request.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Done.
    Good,
    /// Too fast; surely not executed.
    Throttled {
        /// How long to wait at least, where it told.
        retry_after: Option<Duration>,
        /// The one method that is meant; `None` for the whole connection.
        method: Option<String>,
    },
    /// Shut out by hand: surely not executed, and nothing else is sent for so long.
    Blocked {
        /// How long nothing is sent.
        pause: Duration,
        /// What it says.
        error: RemoteError,
    },
    /// A definite no: surely not executed, and asking again would not help.
    Failed(RemoteError),
    /// Trouble on their side: a read may be repeated, a write may have been executed.
    Transient(RemoteError),
}

/// Operating time of one method, as an answer told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Operating {
    /// The method.
    pub method: String,
    /// Execution time used.
    pub used: Duration,
    /// When the oldest part of it is forgotten; `None` when nothing was accounted.
    pub reset_at: Option<Timestamp>,
}

/// One system's manner of answering. Pure: no state, no clock.
pub trait Dialect: Send + Sync {
    /// What this response means.
    fn classify(&self, response: &Response) -> Answer;

    /// The same where the request must be known too (which method a throttle is about).
    fn judge(&self, _request: &Request, response: &Response) -> Answer {
        self.classify(response)
    }

    /// The method, where methods are metered one by one.
    fn method_of(&self, _request: &Request) -> Option<String> {
        None
    }

    /// What the answer told of operating time.
    fn operating(&self, _request: &Request, _response: &Response) -> Vec<Operating> {
        Vec::new()
    }

    /// Methods that were refused inside an answer that is good, because their time is used up.
    fn spent_inside(&self, _request: &Request, _response: &Response) -> Vec<String> {
        Vec::new()
    }

    /// [`Dialect::judge`] and [`Dialect::operating`], for a dialect that can tell both after one look.
    fn both(&self, request: &Request, response: &Response) -> (Answer, Vec<Operating>) {
        (self.judge(request, response), self.operating(request, response))
    }
}

/// An error in one call.
pub fn error(kind: RemoteErrorKind, code: impl Into<String>, message: impl Into<String>) -> RemoteError {
    RemoteError { kind, code: code.into(), message: message.into() }
}

/// The body as JSON of that shape.
///
/// # Errors
/// [`RemoteErrorKind::Malformed`], telling the place but not the content: bodies hold people's data.
pub fn json<T: DeserializeOwned>(response: &Response) -> Result<T, RemoteError> {
    serde_json::from_slice(&response.body).map_err(|problem| {
        let what = match problem.classify() {
            serde_json::error::Category::Data => "JSON of another shape than documented",
            serde_json::error::Category::Eof => "JSON that breaks off",
            _ => "no JSON",
        };
        let (status, line, column) = (response.status, problem.line(), problem.column());
        error(
            RemoteErrorKind::Malformed,
            "",
            format!("the answer (HTTP {status}) is {what}, at line {line} column {column}"),
        )
    })
}

/// Nobody waits longer, whatever a proxy says: a clock counts no further than it can.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// The `Retry-After` header: whole seconds, or a date counted from the answer's own `Date`.
pub fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.get_header("retry-after")?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Duration::try_from(http_date(text)?.duration_since(server_time(response)?)).ok()?,
    };
    Some(wait.min(LONGEST))
}

/// The `Date` header.
pub fn server_time(response: &Response) -> Option<Timestamp> {
    http_date(response.get_header("date")?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value, json as body};

    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let answer = Response::json(429, &body!({})).header("retry-after", "17");
        assert_eq!(retry_after(&answer), Some(Duration::from_secs(17)));
        let answer = Response::json(429, &body!({}))
            .header("date", "Fri, 20 Nov 2026 10:00:00 GMT")
            .header("retry-after", "Fri, 20 Nov 2026 10:01:30 GMT");
        assert_eq!(retry_after(&answer), Some(Duration::from_secs(90)));
        assert_eq!(server_time(&answer).unwrap().to_string(), "2026-11-20T10:00:00Z");
    }

    #[test]
    fn a_body_that_is_no_json_is_malformed_and_not_repeated_in_the_error() {
        let answer = Response { status: 200, headers: Vec::new(), body: "<html>Jane Doe".into() };
        let problem = json::<Value>(&answer).unwrap_err();
        assert_eq!(problem.kind, RemoteErrorKind::Malformed);
        assert!(!problem.message.contains("Jane"), "{problem}");
    }

    proptest::proptest! {
        #[test]
        fn no_header_breaks_the_wait_that_comes_of_it(
            wait in "[0-9]{1,21}|1844674407370955161[0-6]|9[0-9]{18}|-?[0-9.]{0,6}|[A-Z][a-z]{2}, [0-9]{1,3} (Nov|Feb|Xyz) [0-9]{1,6} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT|\\PC{0,30}",
            date in "Fri, 20 Nov (2026|0001|9999) 10:00:00 GMT|\\PC{0,30}",
        ) {
            let answer = Response::json(429, &body!({})).header("retry-after", wait).header("date", date);
            if let Some(wait) = retry_after(&answer) {
                proptest::prop_assert!(tokio::time::Instant::now().checked_add(wait).is_some(), "{wait:?}");
            }
        }
    }
}
