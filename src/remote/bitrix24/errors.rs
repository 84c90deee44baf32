//! Every error of Bitrix24's REST, what we take it for, and what an operator does about it.

use crate::remote::RemoteErrorKind::{Forbidden, Invalid, NotFound, Unauthorized};
use crate::remote::errors::Class::{Blocked, Failed, MethodSpent, TooFast, Transient};
use crate::remote::errors::ErrorRow;

/// The row of a code, whatever its case, if it is one that we know.
pub fn of(code: &str) -> Option<&'static ErrorRow> {
    ERRORS.iter().find(|row| row.code.eq_ignore_ascii_case(code))
}

/// What asks for pace first, then by what has to be mended.
pub const ERRORS: &[ErrorRow] = &[
    ErrorRow { status: "503", code: "QUERY_LIMIT_EXCEEDED", means: "too fast", class: TooFast, mend: "" },
    ErrorRow {
        status: "429",
        code: "OPERATION_TIME_LIMIT",
        means: "a method has used up its time",
        class: MethodSpent,
        mend: "",
    },
    ErrorRow {
        status: "503",
        code: "OVERLOAD_LIMIT",
        means: "Bitrix24 has blocked the portal's REST by hand",
        class: Blocked,
        mend: "ask Bitrix24's support to lift the block; it does not end by itself",
    },
    ErrorRow {
        status: "401",
        code: "EXPIRED_TOKEN",
        means: "an application's token has ended; it is renewed by itself",
        class: Failed(Unauthorized),
        mend: "let crosstie in again: `crosstie authorize bitrix24`, or a new webhook",
    },
    ErrorRow {
        status: "401",
        code: "INVALID_TOKEN",
        means: "the token opens nothing",
        class: Failed(Unauthorized),
        mend: "let crosstie in again: `crosstie authorize bitrix24`, or a new webhook",
    },
    ErrorRow {
        status: "400",
        code: "INVALID_GRANT",
        means: "the authorization was taken back",
        class: Failed(Unauthorized),
        mend: "let crosstie in again: `crosstie authorize bitrix24`, or a new webhook",
    },
    ErrorRow {
        status: "401",
        code: "NO_AUTH_FOUND",
        means: "the webhook is not known",
        class: Failed(Unauthorized),
        mend: "let crosstie in again: `crosstie authorize bitrix24`, or a new webhook",
    },
    ErrorRow {
        status: "401",
        code: "APPLICATION_NOT_FOUND",
        means: "the application is not installed",
        class: Failed(Unauthorized),
        mend: "install the application in the portal again",
    },
    ErrorRow {
        status: "401",
        code: "NOT_INSTALLED",
        means: "the application is not installed to its end",
        class: Failed(Unauthorized),
        mend: "install the application in the portal again",
    },
    ErrorRow {
        status: "401",
        code: "AUTHORIZATION_ERROR",
        means: "the portal refuses the account",
        class: Failed(Unauthorized),
        mend: "let crosstie in again: `crosstie authorize bitrix24`, or a new webhook",
    },
    ErrorRow {
        status: "401",
        code: "ERROR_OAUTH",
        means: "the portal refuses the token",
        class: Failed(Unauthorized),
        mend: "let crosstie in again: `crosstie authorize bitrix24`, or a new webhook",
    },
    ErrorRow {
        status: "401",
        code: "INVALID_CREDENTIALS",
        means: "the account may not do this, or its password was changed",
        class: Failed(Unauthorized),
        mend: "let crosstie in again: `crosstie authorize bitrix24`, or a new webhook",
    },
    ErrorRow {
        status: "401",
        code: "METHOD_CONFIRM_WAITING",
        means: "an administrator has to confirm the method",
        class: Failed(Unauthorized),
        mend: "let an administrator confirm it in the portal",
    },
    ErrorRow {
        status: "403",
        code: "METHOD_CONFIRM_DENIED",
        means: "an administrator has denied the method",
        class: Failed(Forbidden),
        mend: "let an administrator allow it in the portal",
    },
    ErrorRow {
        status: "401",
        code: "PAYMENT_REQUIRED",
        means: "the portal's plan does not pay for REST",
        class: Failed(Unauthorized),
        mend: "renew the portal's plan",
    },
    ErrorRow {
        status: "403",
        code: "ACCESS_DENIED, plan",
        means: "REST is for commercial plans alone",
        class: Failed(Unauthorized),
        mend: "renew the portal's plan",
    },
    ErrorRow {
        status: "403",
        code: "WRONG_AUTH_TYPE",
        means: "a webhook may not do what an application may",
        class: Failed(Unauthorized),
        mend: "use an application instead of a webhook",
    },
    ErrorRow {
        status: "410",
        code: "PORTAL_DELETED",
        means: "the portal is gone",
        class: Failed(Unauthorized),
        mend: "configure another portal",
    },
    ErrorRow {
        status: "403",
        code: "INSUFFICIENT_SCOPE",
        means: "a scope is missing",
        class: Failed(Forbidden),
        mend: "tick the scopes `crm`, `user` and, for tasks, `task`",
    },
    ErrorRow {
        status: "403",
        code: "USER_ACCESS_ERROR",
        means: "the application is not for this account",
        class: Failed(Forbidden),
        mend: "give the webhook's or application's account the right to what it is about",
    },
    ErrorRow {
        status: "403",
        code: "ACCESS_DENIED",
        means: "the account may not see or change it",
        class: Failed(Forbidden),
        mend: "give the webhook's or application's account the right to what it is about",
    },
    ErrorRow {
        status: "403",
        code: "ALLOWED_ONLY_INTRANET_USER",
        means: "the account is an external one",
        class: Failed(Forbidden),
        mend: "use an account of the company",
    },
    ErrorRow {
        status: "404",
        code: "ERROR_METHOD_NOT_FOUND",
        means: "no such method, or a webhook's address that is wrong",
        class: Failed(Forbidden),
        mend: "check the webhook's address and its scopes",
    },
    ErrorRow {
        status: "400",
        code: "NOT_FOUND",
        means: "not there, or not for us: the two look the same",
        class: Failed(NotFound),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "ERROR_NOT_FOUND",
        means: "the same in older methods",
        class: Failed(NotFound),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "INVALID_ARG_VALUE",
        means: "a name or value that the portal does not take",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "ERROR_ARGUMENT",
        means: "a parameter is missing or wrong",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        means: "a value that the field does not take",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "CRM_FIELD_ERROR_REQUIRED",
        means: "a stage requires another field",
        class: Failed(Invalid),
        mend: "fill the required field in the CRM",
    },
    ErrorRow {
        status: "400",
        code: "INVALID_REQUEST",
        means: "https is required",
        class: Failed(Invalid),
        mend: "give the portal's address with https",
    },
    ErrorRow {
        status: "400",
        code: "ERROR_BATCH_LENGTH_EXCEEDED",
        means: "more than fifty commands in one request",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow {
        status: "400",
        code: "ERROR_CORE",
        means: "older methods say so to any value they do not take",
        class: Failed(Invalid),
        mend: "",
    },
    ErrorRow { status: "500", code: "INTERNAL_SERVER_ERROR", means: "their trouble", class: Transient, mend: "" },
    ErrorRow { status: "500", code: "ERROR_UNEXPECTED_ANSWER", means: "their trouble", class: Transient, mend: "" },
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::ERRORS;
    use crate::remote::bitrix24::WebhookDialect;
    use crate::remote::connection::{Answer, Dialect};
    use crate::remote::errors::Class;
    use crate::seam::Response;

    #[test]
    fn every_error_of_the_table_is_taken_for_what_the_table_says_and_tells_what_to_do() {
        for row in ERRORS {
            let (code, text) = match row.code.split_once(", ") {
                Some((code, _)) => (code, "REST API is available only on commercial plans"),
                None => (row.code, "Words."),
            };
            let status = row.status.parse().unwrap();
            for code in [code.to_owned(), code.to_lowercase()] {
                let said = json!({"error": code, "error_description": text});
                let (class, message) = match WebhookDialect.classify(&Response::json(status, &said)) {
                    Answer::Failed(error) => (Class::Failed(error.kind), error.message),
                    Answer::Blocked { error, .. } => (Class::Blocked, error.message),
                    Answer::Throttled { method: None, .. } => (Class::TooFast, String::new()),
                    Answer::Throttled { method: Some(_), .. } => (Class::MethodSpent, String::new()),
                    Answer::Transient(error) => (Class::Transient, error.message),
                    Answer::Good => (Class::Done, String::new()),
                };
                assert_eq!(class, row.class, "{code}");
                assert!(message.is_empty() || message.ends_with(row.mend), "{code}: {message}");
            }
        }
    }
}
