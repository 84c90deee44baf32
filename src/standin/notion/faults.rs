//! Switches that make the pretend Notion as unreliable as the real one may be.

use std::ops::Range;

use serde_json::{Value as Json, json};

use super::NotionStandIn;
use super::ids::Ids;
use super::refusal::Refused;
use crate::seam::Response;
use crate::standin::fault::{Fault, Order};

/// Everything that can be switched on.
pub const FAULTS: &[Fault] = &[
    Fault { name: "index-lag", value: "FROM..TO", what: "queries show pages as they were so many seconds ago" },
    Fault {
        name: "short-pages",
        value: "",
        what: "a query may give fewer rows than there are, even none, and has more",
    },
    Fault { name: "result-cap", value: "ROWS", what: "a query ends as incomplete after so many rows" },
    Fault {
        name: "refuse",
        value: "CODE[*TIMES[/SECONDS]]",
        what: "the next requests are not done, and answered with that error and that `Retry-After`",
    },
    Fault { name: "lose-answers", value: "TIMES", what: "the next requests are done, and answered 503" },
    Fault {
        name: "unshare",
        value: "ID",
        what: "the integration cannot see that page or data source (its id or title)",
    },
    Fault { name: "events-lost", value: "N", what: "every Nth webhook event is lost" },
    Fault { name: "events-doubled", value: "", what: "webhook events come twice" },
    Fault { name: "events-late", value: "SECONDS", what: "webhook events come so much later" },
    Fault { name: "exact-edit-filter", value: "", what: "times of edits are compared as kept, not by the minute" },
    Fault { name: "far-side-counts", value: "", what: "the far page of a relation counts as edited too" },
];

/// What Notion may answer to a request that is in order: status, code and the wording that was recorded or documented.
const TROUBLES: [(u16, &str, &str); 8] = [
    (403, "restricted_resource", "API token does not have access to this resource."),
    (409, "conflict_error", "Conflict occurred while saving. Please try again."),
    (429, "rate_limited", "You have been rate limited. Please try again in a few minutes."),
    (500, "internal_server_error", "Unexpected error occurred."),
    (502, "bad_gateway", "Bad gateway."),
    (503, "service_unavailable", "Notion is unavailable, please try again later."),
    (504, "gateway_timeout", "The request timed out."),
    (529, "service_overload", "Notion is overloaded, please try again later."),
];

/// How one request will be answered, although nothing is wrong with it.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// It is not done.
    Refused(Refused),
    /// It is done, and answered 503 with the id of what was saved.
    Saved,
}

impl NotionStandIn {
    /// Switches a fault of [`FAULTS`] on, or off again.
    ///
    /// # Errors
    /// What is wrong with the order, in words; then nothing was switched.
    pub(super) fn switched(&mut self, order: &str) -> Result<(), String> {
        let order = Order::read(order);
        match order.name {
            "index-lag" => self.set_index_lag(order.seconds()?),
            "short-pages" => self.set_short_pages(order.is_on()?),
            "result-cap" => self.set_result_cap(usize::try_from(order.number()?).unwrap_or(usize::MAX)),
            "refuse" => {
                let (code, times, wait) = order.refusal()?;
                self.refuse_next(times, code, wait).map_err(|refused| refused.message)?;
            }
            "lose-answers" => self.lose_next_answers(order.times()?),
            "unshare" => {
                let named = order.text()?;
                let sources = self.data_sources();
                let id = sources.iter().find(|(_, title)| title.as_str() == named).map_or(named, |(id, _)| id);
                self.unshare(id);
            }
            "events-lost" => self.webhooks.lost = order.number()?,
            "events-doubled" => self.webhooks.doubled = order.is_on()?,
            "events-late" => self.webhooks.late_s = order.number()?,
            "exact-edit-filter" => self.config.exact_edit_filter = order.is_on()?,
            "far-side-counts" => self.world.far_side_counts = order.is_on()?,
            _ => return Err(order.unknown(FAULTS)),
        }
        Ok(())
    }

    /// From now on queries (not pages by id) show each page as it was some seconds ago: old values and edit times, new
    /// pages missing, moved and trashed ones still there. The amount is drawn per page and second from the range, so
    /// that two queries may disagree; an empty range ends it. Pages changed before the first call are shown as they are.
    pub fn set_index_lag(&mut self, seconds: Range<u32>) {
        self.world.lag.set(seconds);
    }

    /// From now on a query may give fewer rows than asked for and than there are, even none, with `has_more: true`.
    pub fn set_short_pages(&mut self, on: bool) {
        self.short_pages = on;
    }

    /// Sets how many rows a query gives before it ends as incomplete; Notion's is 10,000.
    pub fn set_result_cap(&mut self, rows: usize) {
        self.config.result_cap = rows;
    }

    /// The next requests with a valid token are not done, and answered with one of Notion's own errors: 403
    /// `restricted_resource`, 409 `conflict_error`, 429 `rate_limited`, 500 `internal_server_error`, 502 `bad_gateway`,
    /// 503 `service_unavailable`, 504 `gateway_timeout`, 529 `service_overload`. `retry_after` is in whole seconds. What
    /// was ordered before comes first.
    ///
    /// # Errors
    /// For another code; then nothing was ordered.
    pub fn refuse_next(&mut self, times: usize, code: &str, retry_after: Option<i64>) -> Result<(), Refused> {
        let Some((status, code, message)) = TROUBLES.into_iter().find(|(_, known, _)| *known == code) else {
            let known = TROUBLES.map(|(_, code, _)| code).join(", ");
            return Err(Refused::invalid(format!("{code:?} cannot be ordered; there are {known}.")));
        };
        let additional = retry_after.map(|wait| {
            let reason = if status == 429 { "public_api_request_rate_limit" } else { "service_overload" };
            json!({ "rate_limit_reason": reason, "retry_after": wait.to_string() })
        });
        let refused = Refused { additional, retry_after, ..Refused::new(status, code, message) };
        self.troubles.extend(std::iter::repeat_n(Trouble::Refused(refused), times));
        Ok(())
    }

    /// The next requests with a valid token are done, and answered 503 as [`render_committed_503`] does.
    pub fn lose_next_answers(&mut self, times: usize) {
        self.troubles.extend(std::iter::repeat_n(Trouble::Saved, times));
    }

    /// Whether the integration can see a page, data source or database, by itself and by where it lies.
    pub fn is_shared(&self, id: &str) -> bool {
        self.world.shared(&super::ids::uuid(id).unwrap_or_else(|| id.to_owned()))
    }
}

/// How many rows a query gives that could give `rows` and has more.
pub(super) fn shortened(on: bool, chance: &mut Ids, rows: usize) -> usize {
    if !on {
        return rows;
    }
    let bits = chance.bits();
    if bits.is_multiple_of(4) {
        return 0;
    }
    let span = u64::try_from(rows).unwrap_or(1).max(1);
    usize::try_from(1 + (bits >> 8) % span).unwrap_or(rows).min(rows)
}

/// The answer 503 that Notion may give to a write which it did commit: it names the resource, and says that the change
/// was saved. Made from the answer that the write got in truth; one that was refused stays as it is.
pub fn render_committed_503(answer: &Response) -> Response {
    let saved: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(id) = saved["id"].as_str().filter(|_| answer.status == 200) else { return answer.clone() };
    let request_id = saved["request_id"].clone();
    let body = json!({
        "object": "error",
        "status": 503,
        "code": "service_unavailable",
        "message": "Notion is unavailable, please try again later. The change was saved, but the response could not be \
                    produced in time.",
        "additional_data": {
            "from": "public_api",
            "elapsed_ms": 60_000,
            "deadline_ms": 60_000,
            "retry_guidance": ["Do not retry this request.", "Retrieve the committed resource instead."],
            "committed_resource_id": id,
        },
        "request_id": request_id,
    });
    let mut response = Response::json(503, &body);
    response.headers.extend(answer.headers.iter().filter(|(name, _)| name != "content-type").cloned());
    response
}
