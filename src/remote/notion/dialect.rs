//! What an answer of Notion means. By the error's `code` where there is one: the status alone does not tell a full
//! budget from a blocked integration, or the API from the edge in front of it.

use std::time::Duration;

use serde_json::Value as Json;

use super::errors;
use super::wire::ErrorBody;
use crate::remote::connection::{self, Answer, Dialect};
use crate::remote::errors::{Class, advised};
use crate::remote::{RemoteError, RemoteErrorKind};
use crate::seam::Response;

/// The reason of a 429 that no waiting ends.
const BLOCKED: &str = "public_api_request_blocked";

/// Notion's manner of answering.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotionDialect;

impl Dialect for NotionDialect {
    fn classify(&self, response: &Response) -> Answer {
        if (200..300).contains(&response.status) {
            return Answer::Good;
        }
        match ErrorBody::read(&response.body) {
            Some(body) => by_code(response, &body),
            None => by_status(response),
        }
    }
}

/// Whether a refusal is about a property that is not (or no longer) as we know it. Its exact words are not documented.
pub fn is_about_schema(error: &RemoteError) -> bool {
    let words =
        ["not a property that exists", "ould not find property", "property with name or id", "is expected to be"];
    error.kind == RemoteErrorKind::Invalid
        && error.code == "validation_error"
        && words.iter().any(|words| error.message.contains(words))
}

fn by_code(response: &Response, body: &ErrorBody) -> Answer {
    let failed = |code: &str, kind| {
        let said = advised(&message(response, body), errors::of(code));
        Answer::Failed(connection::error(kind, code, said))
    };
    // Notion saved it and ran out of time to answer; the body says what was made.
    if response.status >= 500 && body.committed().is_some() {
        return Answer::Good;
    }
    let code = if is_blocked(body) { BLOCKED } else { body.code.as_str() };
    match errors::of(code).map(|row| row.class) {
        Some(Class::Failed(kind)) => failed(code, kind),
        Some(Class::TooFast | Class::MethodSpent | Class::Blocked) => throttled(response, Some(body)),
        Some(Class::Transient | Class::Done) => {
            Answer::Transient(connection::error(RemoteErrorKind::Unavailable, code, message(response, body)))
        }
        None => match response.status {
            401 => failed(code, RemoteErrorKind::Unauthorized),
            403 => failed(code, RemoteErrorKind::Forbidden),
            404 => failed(code, RemoteErrorKind::NotFound),
            _ => by_status_with(response, message(response, body), code),
        },
    }
}

fn by_status(response: &Response) -> Answer {
    let message = match response.status {
        403 => advised("blocked on the way to Notion, before its API (HTTP 403)", errors::of("no JSON")),
        status => format!("HTTP {status} without an API error"),
    };
    by_status_with(response, message, "")
}

fn by_status_with(response: &Response, message: String, code: &str) -> Answer {
    use RemoteErrorKind::{Invalid, Malformed, Unauthorized, Unavailable};
    let error = |kind| connection::error(kind, code, message.clone());
    match response.status {
        401 => Answer::Failed(error(Unauthorized)),
        403 => Answer::Failed(error(Unavailable)),
        429 | 529 => throttled(response, None),
        // An error of the API always has a body; without one, a 404 is not Notion saying that a page is gone.
        404 => Answer::Failed(error(Malformed)),
        408 | 500..=599 => Answer::Transient(error(Unavailable)),
        400..=499 => Answer::Failed(error(Invalid)),
        _ => Answer::Failed(error(Malformed)),
    }
}

/// Notion's words, the first line only: a refused body is answered with one line a possible shape.
fn message(response: &Response, body: &ErrorBody) -> String {
    let mut lines = body.message.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (None, _) => format!("{} (HTTP {})", body.code, response.status),
        (Some(first), Some(second)) if first.ends_with("Fix one:") => format!("{first} {second}"),
        (Some(first), _) => first.to_owned(),
    }
}

fn is_blocked(body: &ErrorBody) -> bool {
    body.additional_data.get("rate_limit_reason").and_then(Json::as_str) == Some(BLOCKED)
}

fn throttled(response: &Response, body: Option<&ErrorBody>) -> Answer {
    let told = body.and_then(|body| body.additional_data.get("retry_after")).and_then(|after| match after {
        Json::String(seconds) => seconds.trim().parse().ok(),
        other => other.as_u64(),
    });
    let retry_after = connection::retry_after(response)
        .max(told.map(|seconds| connection::LONGEST.min(Duration::from_secs(seconds))));
    Answer::Throttled { retry_after, method: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{NotionDialect, is_about_schema};
    use crate::remote::connection::{Answer, Dialect};
    use crate::remote::{RemoteError, RemoteErrorKind};
    use crate::seam::Response;

    fn answer(status: u16, code: &str, additional: Json) -> Response {
        let body = json!({"object": "error", "status": status, "code": code, "message": "Words.\nMore words.", "additional_data": additional});
        Response::json(status, &body)
    }

    fn failed(response: &Response) -> RemoteError {
        match NotionDialect.classify(response) {
            Answer::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_code_has_its_class() {
        for (status, code, kind) in [
            (400, "validation_error", RemoteErrorKind::Invalid),
            (400, "invalid_request_url", RemoteErrorKind::Invalid),
            (400, "missing_version", RemoteErrorKind::Invalid),
            (401, "unauthorized", RemoteErrorKind::Unauthorized),
            (403, "restricted_resource", RemoteErrorKind::Forbidden),
            (404, "object_not_found", RemoteErrorKind::NotFound),
            (413, "payload_too_large", RemoteErrorKind::Invalid),
        ] {
            let error = failed(&answer(status, code, json!({})));
            assert_eq!((error.kind, error.code.as_str()), (kind, code));
            let mend = crate::remote::notion::errors::of(code).map_or("", |row| row.mend);
            let said = if mend.is_empty() { "Words.".to_owned() } else { format!("Words; {mend}") };
            assert_eq!(error.message, said, "an operator reads what to do about it");
        }
        for (status, code) in [
            (500, "internal_server_error"),
            (502, "bad_gateway"),
            (503, "service_unavailable"),
            (504, "gateway_timeout"),
            (503, "new_trouble"),
        ] {
            assert!(matches!(NotionDialect.classify(&answer(status, code, json!({}))), Answer::Transient(_)), "{code}");
        }
        assert_eq!(NotionDialect.classify(&Response::json(202, &json!({}))), Answer::Good);
    }

    #[test]
    fn a_full_budget_says_how_long_to_wait_in_header_or_body() {
        let wait = |response: &Response| match NotionDialect.classify(response) {
            Answer::Throttled { retry_after, method: None } => retry_after.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(&answer(429, "rate_limited", json!({})).header("retry-after", "17")), Some(17));
        assert_eq!(wait(&answer(429, "rate_limited", json!({"retry_after": "30"}))), Some(30));
        let for_ever = wait(&answer(429, "rate_limited", json!({"retry_after": u64::MAX.to_string()})));
        assert_eq!(for_ever, Some(crate::remote::connection::LONGEST.as_secs()), "a moment that there is");
        assert_eq!(wait(&answer(529, "service_overload", json!({})).header("retry-after", "5")), Some(5));
        assert_eq!(wait(&answer(429, "rate_limited", json!({}))), None);
        assert_eq!(failed(&answer(409, "conflict_error", json!({}))).kind, RemoteErrorKind::Overtaken);
        let edge = Response { status: 429, headers: Vec::new(), body: "<html>".into() };
        assert_eq!(wait(&edge), None);
    }

    #[test]
    fn a_blocked_integration_is_not_asked_again() {
        let blocked = answer(429, "rate_limited", json!({"rate_limit_reason": "public_api_request_blocked"}));
        assert_eq!(failed(&blocked).kind, RemoteErrorKind::Forbidden);
    }

    #[test]
    fn a_saved_write_that_answers_503_is_good_and_any_other_503_is_not() {
        let saved = answer(503, "service_unavailable", json!({"committed_resource_id": "p"}));
        assert_eq!(NotionDialect.classify(&saved), Answer::Good);
        let other = answer(503, "service_unavailable", json!({"from": "x"}));
        assert!(matches!(NotionDialect.classify(&other), Answer::Transient(_)));
    }

    #[test]
    fn the_edge_is_not_the_api() {
        let html = |status| Response { status, headers: vec![("cf-ray".into(), "1".into())], body: "<html>".into() };
        assert_eq!(failed(&html(403)).kind, RemoteErrorKind::Unavailable);
        assert_eq!(failed(&html(404)).kind, RemoteErrorKind::Malformed, "a page is not gone because a proxy says 404");
        assert!(matches!(NotionDialect.classify(&html(502)), Answer::Transient(_)));
        assert!(matches!(NotionDialect.classify(&html(522)), Answer::Transient(_)));
    }

    #[test]
    fn a_refused_body_keeps_the_first_reason() {
        let body = json!({"code": "validation_error", "message": "body failed validation. Fix one:\nbody.filter.or should be defined.\nbody.x"});
        let error = failed(&Response::json(400, &body));
        assert_eq!(error.message, "body failed validation. Fix one: body.filter.or should be defined.");
        assert!(!is_about_schema(&error));
        let body = json!({"code": "validation_error", "message": "Stage is not a property that exists."});
        assert!(is_about_schema(&failed(&Response::json(400, &body))));
    }
}
