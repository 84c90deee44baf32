//! What the pretend Notion says when it does not do what it was asked.

use serde_json::{Value as Json, json};

use crate::seam::Response;

/// A refusal in Notion's own form: a status, a code and a message for a person.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// Notion's error code, for example `validation_error`.
    pub code: &'static str,
    /// What a person reads.
    pub message: String,
    /// The body's `additional_data`, where there is any.
    pub additional: Option<Json>,
    /// Whole seconds for the `Retry-After` header, where there is one.
    pub retry_after: Option<i64>,
}

impl Refused {
    /// A refusal without additional data.
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), additional: None, retry_after: None }
    }

    /// 400 `validation_error`.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "validation_error", message)
    }

    /// 400 for a part of the body, in the wording that was recorded: `… should be X, instead was Y.`
    pub(super) fn body(path: &str, should: &str, was: &str) -> Self {
        Self::invalid(format!("body failed validation: {path} should be {should}, instead was `{was}`."))
    }

    /// 400 for an array or text over its limit, in the recorded wording.
    pub(super) fn too_long(path: &str, limit: usize, was: usize) -> Self {
        Self::body(&format!("{path}.length"), &format!("≤ `{limit}`"), &was.to_string())
    }

    /// 400 for a path or method that does not exist.
    pub(super) fn url() -> Self {
        Self::new(400, "invalid_request_url", "Invalid request URL.")
    }

    /// 404 in the recorded wording. What is not shared answers exactly like what does not exist.
    pub(super) fn not_found(what: &str, id: &str, bot: &str) -> Self {
        let hint = if what == "user" {
            "Make sure your integration has capabilities to read user information. With those capabilities, only \
             members and guests in the integration's workspace are visible."
                .to_owned()
        } else {
            "Make sure the relevant pages and databases are shared with your integration \"crosstie\".".to_owned()
        };
        Self {
            additional: Some(json!({ "integration_id": bot })),
            ..Self::new(404, "object_not_found", format!("Could not find {what} with ID: {id}. {hint}"))
        }
    }

    pub(super) fn response(&self, request_id: &str) -> Response {
        let mut body = json!({
            "object": "error",
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "request_id": request_id,
        });
        if let Some(more) = &self.additional {
            body["additional_data"] = more.clone();
        }
        let response = Response::json(self.status, &body);
        match self.retry_after {
            Some(seconds) => response.header("retry-after", seconds.to_string()),
            None => response,
        }
    }
}
