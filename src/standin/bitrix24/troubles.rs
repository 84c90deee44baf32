//! Refusals that a test orders, of requests that are in order.

use super::BitrixStandIn;
use super::answer::ApiError;

/// What a portal may say to anybody at any time: status, code and documented text.
const TROUBLES: [(u16, &str, &str); 6] = [
    (403, "ACCESS_DENIED", "REST API is available only on commercial plans"),
    (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."),
    (500, "ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response"),
    (500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload."),
    (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
];

impl BitrixStandIn {
    /// The next requests are not done, and answered with that error: `ACCESS_DENIED`, `OPERATION_TIME_LIMIT`,
    /// `ERROR_UNEXPECTED_ANSWER`, `INTERNAL_SERVER_ERROR`, `OVERLOAD_LIMIT` or `QUERY_LIMIT_EXCEEDED`. A batch counts as one.
    /// False for another code; then nothing was ordered.
    pub fn refuse_next(&mut self, times: usize, code: &str) -> bool {
        let Some((status, code, text)) = TROUBLES.into_iter().find(|(_, known, _)| *known == code) else {
            return false;
        };
        self.troubles.extend(std::iter::repeat_n(ApiError::new(status, code, text), times));
        true
    }
}
