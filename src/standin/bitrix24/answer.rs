//! What goes back: results, refusals, and PHP's way of writing JSON.

use serde_json::{Map, Value as Json, json};

/// A method's result before it is wrapped.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// The `result`.
    pub result: Json,
    /// The `total` of a list method.
    pub total: Option<u64>,
    /// The `next` offset of a list method with more to give.
    pub next: Option<u64>,
}

impl Answer {
    /// A result that is not a list.
    pub(super) fn of(result: Json) -> Self {
        Self { result, total: None, next: None }
    }
}

/// A refusal: HTTP status, code and text. The code may be empty (old CRM methods).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    /// The HTTP status, when it is not inside a batch.
    pub status: u16,
    /// `error`.
    pub code: &'static str,
    /// `error_description`.
    pub text: String,
}

impl ApiError {
    /// A refusal with that status.
    pub(super) fn new(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into() }
    }

    /// A 400.
    pub(super) fn bad(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(400, code, text)
    }

    /// What is said of every method that is not there, and of every malformed webhook address.
    pub(super) fn no_method() -> Self {
        Self::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    }

    /// A required parameter that is not there.
    pub(super) fn missing(parameter: &str) -> Self {
        Self::bad("100", format!("Could not find value for parameter {{{parameter}}}"))
    }

    /// The error envelope.
    pub(super) fn body(&self) -> Json {
        json!({"error": self.code, "error_description": self.text})
    }
}

/// A PHP array as JSON: empty is `[]`, keys 0 to n-1 in order make a list, everything else an object.
pub(super) fn php_array(entries: Vec<(String, Json)>) -> Json {
    if entries.iter().enumerate().all(|(index, (key, _))| *key == index.to_string()) {
        return Json::Array(entries.into_iter().map(|(_, value)| value).collect());
    }
    Json::Object(entries.into_iter().collect::<Map<_, _>>())
}
