//! Online events: the portal calls whoever bound a handler, as an application or by an outgoing webhook. A form with an id and
//! no values, at most once, proven by a token that stays the same. What our own calls change is told too.
//!
//! The stand-in only says whom to call with what: who serves it carries the calls out, and does not repeat one.

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};

use super::BitrixStandIn;
use super::answer::{Answer, ApiError};
use super::input::Input;
use super::oauth::Granted;
use super::offline::{News, events};

/// One call that the portal makes.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Whom it calls.
    pub url: String,
    /// The form that it sends there.
    pub body: String,
}

/// The token stays out.
impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("url", &self.url).finish_non_exhaustive()
    }
}

struct Handler {
    id: u64,
    event: String,
    url: String,
    /// The token of an outgoing webhook; the application's own for `None`.
    token: Option<String>,
}

/// Who is called, and what waits to be told.
#[derive(Default)]
pub(super) struct Calls {
    handlers: Vec<Handler>,
    waiting: Vec<(Timestamp, Outgoing)>,
    last: u64,
    counted: u32,
    /// Every so manieth is lost; 0 for none.
    pub lost: u32,
    pub doubled: bool,
    pub late_s: u32,
}

/// What every call tells of the portal.
pub(super) struct Teller<'a> {
    pub domain: &'a str,
    pub server: &'a str,
    pub member: &'a str,
    pub application_token: &'a str,
    pub installed: bool,
}

impl Calls {
    pub fn wants_news(&self) -> bool {
        !self.handlers.is_empty()
    }

    /// The application has bound nothing any more; outgoing webhooks stay.
    pub fn forget_app(&mut self) {
        self.handlers.retain(|handler| handler.token.is_some());
    }

    fn add(&mut self, event: String, url: String, token: Option<String>) {
        self.last += 1;
        self.handlers.push(Handler { id: self.last, event, url, token });
    }

    /// Makes calls of what the world tells.
    pub fn take(&mut self, news: &[News], teller: &Teller<'_>) {
        for News { at, event, data, .. } in news {
            for handler in self.handlers.iter().filter(|handler| handler.event == *event) {
                // An application that was not installed to its end is told nothing.
                if handler.token.is_none() && !teller.installed {
                    continue;
                }
                self.counted += 1;
                if self.lost > 0 && self.counted.is_multiple_of(self.lost) {
                    continue;
                }
                let due = at.checked_add(SignedDuration::from_secs(self.late_s.into())).unwrap_or(*at);
                let call = Outgoing { url: handler.url.clone(), body: form(handler, *at, data, teller) };
                self.waiting.extend(std::iter::repeat_n((due, call), if self.doubled { 2 } else { 1 }));
            }
        }
    }

    pub fn due(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|(due, _)| *due <= now);
        self.waiting = waiting;
        let due: Vec<(Timestamp, Outgoing)> = due;
        due.into_iter().map(|(_, call)| call).collect()
    }

    /// `event.bind` and `event.unbind` of online events.
    fn call(&mut self, method: &str, params: &Input) -> Result<Answer, ApiError> {
        let text = |key: &str| params.get(key).and_then(Input::text).unwrap_or_default();
        let (event, handler) = (text("event").to_uppercase(), text("handler"));
        let is_it = |it: &Handler| it.token.is_none() && it.event == event && it.url == handler;
        if method == "event.unbind" {
            let before = self.handlers.len();
            self.handlers.retain(|it| !is_it(it));
            return Ok(Answer::of(json!({"count": before - self.handlers.len()})));
        }
        if !events().contains(&event) {
            return Err(ApiError::bad("ERROR_EVENT_NOT_FOUND", "Event not found"));
        }
        if self.handlers.iter().any(is_it) {
            return Err(ApiError::bad("ERROR_CORE", "Unable to set event handler: Handler already binded"));
        }
        if !(handler.starts_with("http://") || handler.starts_with("https://")) {
            return Ok(Answer::of(json!(false)));
        }
        self.add(event, handler, None);
        Ok(Answer::of(json!(true)))
    }

    fn rows(&self) -> impl Iterator<Item = Json> {
        let of_app = self.handlers.iter().filter(|handler| handler.token.is_none());
        of_app.map(|it| json!({"event": it.event, "handler": it.url, "auth_type": "0", "offline": 0}))
    }
}

fn form(handler: &Handler, at: Timestamp, data: &Json, teller: &Teller<'_>) -> String {
    let mut pairs =
        vec![("event".to_owned(), handler.event.clone()), ("event_handler_id".to_owned(), handler.id.to_string())];
    flatten("data", data, &mut pairs);
    pairs.push(("ts".to_owned(), at.as_second().to_string()));
    let token = handler.token.as_deref().unwrap_or(teller.application_token);
    let auth = [
        ("domain", teller.domain.to_owned()),
        ("client_endpoint", format!("https://{}/rest/", teller.domain)),
        ("server_endpoint", format!("https://{}/rest/", teller.server)),
        ("member_id", teller.member.to_owned()),
        ("application_token", token.to_owned()),
    ];
    pairs.extend(auth.map(|(key, value)| (format!("auth[{key}]"), value)));
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    pairs.join("&")
}

/// All values are texts.
fn flatten(key: &str, value: &Json, into: &mut Vec<(String, String)>) {
    match value {
        Json::Object(map) => map.iter().for_each(|(inner, value)| flatten(&format!("{key}[{inner}]"), value, into)),
        Json::String(text) => into.push((key.to_owned(), text.clone())),
        other => into.push((key.to_owned(), other.to_string())),
    }
}

impl BitrixStandIn {
    /// Somebody sets an outgoing webhook up at the screen: those events are told to that address. Returns the application
    /// token that its calls carry. Moves to another pipeline are told to applications alone.
    pub fn add_outgoing_webhook(&mut self, url: &str, of: &[&str]) -> String {
        let token = self.app.fresh_word(32);
        for event in of.iter().map(|event| event.to_uppercase()).filter(|event| event != "ONCRMDEALMOVETOCATEGORY") {
            self.calls.add(event, url.to_owned(), Some(token.clone()));
        }
        self.want_news();
        token
    }

    /// An administrator installs the application, and the portal calls its install handler with the tokens.
    pub fn install_app_at(&mut self, now: Timestamp, url: &str) -> Granted {
        let now = self.tick(now);
        let granted = self.install_app(now);
        let teller = self.app.teller();
        let handler = Handler { id: 0, event: "ONAPPINSTALL".to_owned(), url: url.to_owned(), token: None };
        let data = json!({"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "en"});
        let mut body = form(&handler, now, &data, &teller);
        let expires = (granted.expires.to_string(), granted.expires_in.to_string(), granted.user_id.to_string());
        for (key, value) in [
            ("access_token", granted.access_token.as_str()),
            ("refresh_token", &granted.refresh_token),
            ("expires", &expires.0),
            ("expires_in", &expires.1),
            ("user_id", &expires.2),
            ("scope", granted.scope),
            ("status", granted.status),
        ] {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            body.push_str(&format!("&auth%5B{key}%5D={value}"));
        }
        self.calls.waiting.push((now, Outgoing { url: url.to_owned(), body }));
        granted
    }

    /// News are gathered while anybody wants them.
    pub(super) fn want_news(&mut self) {
        self.world.news_wanted = self.queues.wants_news() || self.calls.wants_news();
    }

    /// Events as an application binds and lists them, online ones among them; `None` for any other method.
    pub(super) fn bound_online(&mut self, method: &str, params: &Input) -> Option<Result<Answer, ApiError>> {
        let offline = params.get("event_type").and_then(Input::text).is_some_and(|text| text == "offline");
        match method {
            "event.bind" | "event.unbind" if !offline => Some(self.calls.call(method, params)),
            "event.get" => {
                let rows = self.queues.rows().chain(self.calls.rows());
                Some(Ok(Answer::of(rows.collect())))
            }
            _ => None,
        }
    }
}
