//! How a portal may misbehave, and refusals that a test orders of requests that are in order.

use jiff::Timestamp;

use super::BitrixStandIn;
use super::answer::ApiError;
use super::limits::OperatingTime;
use crate::seam::Response;
use crate::standin::fault::{Fault, Order};

/// Everything that can be switched on.
pub const FAULTS: &[Fault] = &[
    Fault { name: "index-lag", value: "FROM..TO", what: "lists show objects as they were so many seconds ago" },
    Fault {
        name: "refuse",
        value: "CODE[*TIMES]",
        what: "the next requests are not done, and answered with that error",
    },
    Fault {
        name: "lose-answers",
        value: "TIMES",
        what: "the next requests are done, and answered by a page that is no JSON, as after a time-out",
    },
    Fault { name: "token-life", value: "SECONDS", what: "access tokens that are given from now on live so long" },
    Fault {
        name: "no-queues",
        value: "",
        what: "the plan has no offline events: whoever names a connector is refused",
    },
    Fault { name: "no-scope", value: "SCOPE", what: "the webhook lacks that scope: `crm`, `task` or `user`" },
    Fault { name: "not-installed", value: "", what: "the installation was never finished: no online event is sent" },
    Fault { name: "events-lost", value: "N", what: "every Nth online event is lost" },
    Fault { name: "events-doubled", value: "", what: "online events come twice" },
    Fault { name: "events-late", value: "SECONDS", what: "online events come so much later" },
    Fault { name: "operating-limit", value: "SECONDS", what: "a method may use so much time in ten minutes" },
    Fault { name: "call-cost", value: "MILLISECONDS", what: "each call uses so much of that time" },
    Fault { name: "phone-form", value: "", what: "phone numbers are kept without anything but digits and a plus" },
    Fault { name: "required", value: "STAGE:FIELD", what: "no deal enters that stage without that field" },
    Fault {
        name: "item-update-clears",
        value: "",
        what: "`crm.item.update` empties what it is known to leave as it is",
    },
    Fault {
        name: "item-update-keeps",
        value: "",
        what: "`crm.item.update` leaves all as it is that it is told to empty",
    },
    Fault {
        name: "utm-empties-items",
        value: "",
        what: "`utm*` named in `select` of `crm.item.list` with `useOriginalUfNames` empties every item",
    },
    Fault {
        name: "filter-ignores",
        value: "FIELD",
        what: "lists pass over conditions on that field (`CATEGORY_ID`) in silence",
    },
    Fault { name: "link-methods-touch-deal", value: "", what: "linking contacts sets the deal's modification time" },
    Fault { name: "restore-keeps-id", value: "", what: "what comes out of the recycle bin has its old id" },
];

/// What a portal may say to anybody at any time: status, code and documented text.
const TROUBLES: [(u16, &str, &str); 6] = [
    (403, "ACCESS_DENIED", "REST API is available only on commercial plans"),
    (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."),
    (500, "ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response"),
    (500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload."),
    (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
];

/// The scopes that a webhook has.
pub(super) const SCOPES: [&str; 3] = ["crm", "task", "user"];

/// The scope that a method belongs to; some belong to none.
pub(super) fn scope_of(method: &str) -> Option<&'static str> {
    let family = method.split('.').next().unwrap_or_default();
    [("crm", "crm"), ("tasks", "task"), ("user", "user")].into_iter().find(|(own, _)| *own == family).map(|(_, of)| of)
}

/// How one request will be answered, although nothing is wrong with it.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// It is not done.
    Refused(ApiError),
    /// It is done, and nobody learns of it.
    Lost,
}

/// What stands between the portal and its callers when that gives up.
pub(super) fn gave_up() -> Response {
    let page = Response { status: 504, headers: Vec::new(), body: "<html><h1>504 Gateway Time-out</h1></html>".into() };
    page.header("content-type", "text/html")
}

impl BitrixStandIn {
    /// The next requests are not done, and answered with that error: `ACCESS_DENIED`, `OPERATION_TIME_LIMIT`,
    /// `ERROR_UNEXPECTED_ANSWER`, `INTERNAL_SERVER_ERROR`, `OVERLOAD_LIMIT` or `QUERY_LIMIT_EXCEEDED`. A batch counts as one.
    /// False for another code; then nothing was ordered.
    pub fn refuse_next(&mut self, times: usize, code: &str) -> bool {
        let Some((status, code, text)) = TROUBLES.into_iter().find(|(_, known, _)| *known == code) else {
            return false;
        };
        let refused = Trouble::Refused(ApiError::new(status, code, text));
        self.troubles.extend(std::iter::repeat_n(refused, times));
        true
    }

    /// The next requests are done, and answered by a page that is no JSON.
    pub fn lose_next_answers(&mut self, times: usize) {
        self.troubles.extend(std::iter::repeat_n(Trouble::Lost, times));
    }

    /// Switches a fault of [`FAULTS`] on, or off again.
    ///
    /// # Errors
    /// What is wrong with the order, in words; then nothing was switched.
    pub(super) fn switched(&mut self, order: &str) -> Result<(), String> {
        let order = Order::read(order);
        match order.name {
            "index-lag" => self.set_index_lag(order.seconds()?),
            "refuse" => {
                let (code, times, _) = order.refusal()?;
                if !self.refuse_next(times, code) {
                    let known = TROUBLES.map(|(_, code, _)| code).join(", ");
                    return Err(format!("`{code}` is no error that can be ordered; there are {known}"));
                }
            }
            "lose-answers" => self.lose_next_answers(order.times()?),
            "token-life" => self.app.live_for(order.number()?),
            "no-queues" => self.queues.denied = order.is_on()?,
            "no-scope" => {
                self.no_scope = match order.text()? {
                    "off" => None,
                    scope if SCOPES.contains(&scope) => Some(scope.to_owned()),
                    other => return Err(format!("`{other}` is no scope; there are {}", SCOPES.join(", "))),
                };
            }
            "not-installed" => self.app.installed = !order.is_on()?,
            "events-lost" => self.calls.lost = order.number()?,
            "events-doubled" => self.calls.doubled = order.is_on()?,
            "events-late" => self.calls.late_s = order.number()?,
            "operating-limit" => self.operating = OperatingTime::new(order.number()?),
            "call-cost" => self.config.call_cost_ms = order.number()?,
            "phone-form" => self.set_phone_form(order.is_on()?),
            "required" => {
                let (stage, field) =
                    order.text()?.rsplit_once(':').ok_or("`required` takes a stage and a field: `WON:COMMENTS`")?;
                self.require_in_stage(stage, field).map_err(|refused| refused.to_string())?;
            }
            "item-update-clears" => self.config.item_update_keeps_cleared = !order.is_on()?,
            "item-update-keeps" => self.config.item_update_keeps_all = order.is_on()?,
            "utm-empties-items" => self.config.utm_empties_items = order.is_on()?,
            "filter-ignores" => {
                self.world.unfiltered = Some(order.text()?).filter(|field| *field != "off").map(str::to_owned);
            }
            "link-methods-touch-deal" => self.config.link_methods_touch_deal = order.is_on()?,
            "restore-keeps-id" => self.config.restore_keeps_id = order.is_on()?,
            _ => return Err(order.unknown(FAULTS)),
        }
        Ok(())
    }

    /// Online events that are due now, oldest first, each once: whoever serves the portal carries them out.
    pub fn outgoing(&mut self, now: Timestamp) -> Vec<super::Outgoing> {
        let now = self.tick(now);
        self.calls.due(now)
    }
}
