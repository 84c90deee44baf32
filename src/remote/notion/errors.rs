//! Every error of Notion's API, what we take it for, and what an operator does about it.

use crate::remote::RemoteErrorKind::{Forbidden, Invalid, NotFound, Overtaken, Unauthorized, Unavailable};
use crate::remote::errors::Class::{Done, Failed, TooFast, Transient};
use crate::remote::errors::ErrorRow;

/// The row of a code, if it is one that we know.
pub fn of(code: &str) -> Option<&'static ErrorRow> {
    ERRORS.iter().find(|row| row.code == code)
}

/// In the order of their statuses.
pub const ERRORS: &[ErrorRow] = &[
    ErrorRow {
        status: "401",
        code: "unauthorized",
        means: "the token is refused",
        class: Failed(Unauthorized),
        mend: "give the connection's present token, by `crosstie secret set` where it is sealed, or where the configuration reads it from",
    },
    ErrorRow {
        status: "403",
        code: "restricted_resource",
        means: "the connection lacks a capability, or a Free workspace has reached its limit of blocks",
        class: Failed(Forbidden),
        mend: "give the connection the capabilities to read, update and insert content and to see e-mail addresses, or raise Notion's plan",
    },
    ErrorRow {
        status: "403",
        code: "no JSON",
        means: "a proxy or the edge in front of Notion turned us away",
        class: Failed(Unavailable),
        mend: "let this host reach api.notion.com",
    },
    ErrorRow {
        status: "404",
        code: "object_not_found",
        means: "not there, or not shared with the connection: the two look the same",
        class: Failed(NotFound),
        mend: "share the database with the connection",
    },
    ErrorRow {
        status: "400",
        code: "validation_error",
        means: "a value or a property is not as Notion wants it",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "invalid_request",
        means: "a request is not supported",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "invalid_request_url",
        means: "the address is wrong, mostly by a proxy",
        class: Failed(Invalid),
        mend: "check `base_url` and the proxy before it",
    },
    ErrorRow {
        status: "400",
        code: "invalid_json",
        means: "the body did not arrive whole",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "invalid_beta",
        means: "a preview that this workspace does not have",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "missing_version",
        means: "the header `Notion-Version` did not arrive",
        class: Failed(Invalid),
        mend: "let the proxy pass the header `Notion-Version` on",
    },
    ErrorRow {
        status: "409",
        code: "conflict_error",
        means: "somebody else saved at the same moment",
        class: Failed(Overtaken),
        mend: "",
    },
    ErrorRow {
        status: "429",
        code: "rate_limited",
        means: "too fast, or the workspace's own limit",
        class: TooFast,
        mend: "",
    },
    ErrorRow {
        status: "429",
        code: "public_api_request_blocked",
        means: "Notion has blocked the connection",
        class: Failed(Forbidden),
        mend: "ask Notion's support why, and put right what they say",
    },
    ErrorRow { status: "500", code: "internal_server_error", means: "their trouble", class: Transient, mend: "" },
    ErrorRow { status: "502", code: "bad_gateway", means: "their trouble", class: Transient, mend: "" },
    ErrorRow {
        status: "503",
        code: "service_unavailable",
        means: "down, or too slow: a write may have been saved",
        class: Transient,
        mend: "",
    },
    ErrorRow {
        status: "503",
        code: "service_unavailable, saved",
        means: "the answer names what was saved",
        class: Done,
        mend: "",
    },
    ErrorRow {
        status: "503",
        code: "database_connection_unavailable",
        means: "their trouble",
        class: Transient,
        mend: "",
    },
    ErrorRow {
        status: "504",
        code: "gateway_timeout",
        means: "too slow: a write may have been saved",
        class: Transient,
        mend: "",
    },
    ErrorRow { status: "529", code: "service_overload", means: "Notion has too much to do", class: TooFast, mend: "" },
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::ERRORS;
    use crate::remote::connection::{Answer, Dialect};
    use crate::remote::errors::Class;
    use crate::remote::notion::dialect::NotionDialect;
    use crate::seam::Response;

    #[test]
    fn every_error_of_the_table_is_taken_for_what_the_table_says_and_tells_what_to_do() {
        for row in ERRORS {
            let status = row.status.parse().unwrap();
            let (code, more) = match row.code {
                "public_api_request_blocked" => ("rate_limited", json!({"rate_limit_reason": row.code})),
                "service_unavailable, saved" => ("service_unavailable", json!({"committed_resource_id": "p"})),
                code => (code, Json::Null),
            };
            let said = json!({"object": "error", "code": code, "message": "Words.", "additional_data": more});
            let response = match code {
                "no JSON" => Response { status, headers: Vec::new(), body: "<html>".into() },
                _ => Response::json(status, &said),
            };
            let (class, message) = match NotionDialect.classify(&response) {
                Answer::Failed(error) => (Class::Failed(error.kind), error.message),
                Answer::Blocked { error, .. } => (Class::Blocked, error.message),
                Answer::Throttled { .. } => (Class::TooFast, String::new()),
                Answer::Transient(error) => (Class::Transient, error.message),
                Answer::Good => (Class::Done, String::new()),
            };
            assert_eq!(class, row.class, "{}", row.code);
            assert!(message.is_empty() || message.ends_with(row.mend), "{}: {message}", row.code);
        }
    }
}
