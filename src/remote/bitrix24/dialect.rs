//! What Bitrix24's answers mean. Pure. Codes after the official error pages; the code counts, not the status, for
//! sources disagree on statuses, and some methods answer errors with HTTP 200.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::errors;
use crate::remote::connection::{Answer, Dialect, Operating, error, retry_after};
use crate::remote::errors::{Class, advised};
use crate::remote::{RemoteError, RemoteErrorKind};
use crate::seam::{Request, Response};

/// Bitrix24 over an incoming webhook, or as an application: their answers are the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookDialect;

impl Dialect for WebhookDialect {
    fn classify(&self, response: &Response) -> Answer {
        classified(response, &Envelope::read(&response.body))
    }

    fn judge(&self, request: &Request, response: &Response) -> Answer {
        self.judged(request, response, &Envelope::read(&response.body))
    }

    fn method_of(&self, request: &Request) -> Option<String> {
        let method = called(request)?;
        // A batch has no time of its own: it waits for the method that it calls, and ours call one each.
        if method != BATCH {
            return Some(method);
        }
        let asked: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        inner_methods(&asked).into_iter().map(|(_, method)| method).next().or(Some(method))
    }

    fn spent_inside(&self, request: &Request, response: &Response) -> Vec<String> {
        if called(request).as_deref() != Some(BATCH) {
            return Vec::new();
        }
        let asked: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        let body: Json = serde_json::from_slice(&response.body).unwrap_or_default();
        let refused = &body["result"]["result_error"];
        let spent = |key: &String| refused[key.as_str()]["error"].as_str() == Some("OPERATION_TIME_LIMIT");
        let spent: BTreeSet<String> =
            inner_methods(&asked).into_iter().filter(|(key, _)| spent(key)).map(|(_, method)| method).collect();
        spent.into_iter().collect()
    }

    fn operating(&self, request: &Request, response: &Response) -> Vec<Operating> {
        self.metered(request, response, &Envelope::read(&response.body))
    }

    fn both(&self, request: &Request, response: &Response) -> (Answer, Vec<Operating>) {
        let body = Envelope::read(&response.body);
        (self.judged(request, response, &body), self.metered(request, response, &body))
    }
}

impl WebhookDialect {
    fn judged(&self, request: &Request, response: &Response, body: &Envelope) -> Answer {
        match classified(response, body) {
            // `OPERATION_TIME_LIMIT` is about the method that was called, and the answer does not name it.
            Answer::Throttled { retry_after, method: Some(_) } => {
                Answer::Throttled { retry_after, method: self.method_of(request) }
            }
            answer => answer,
        }
    }

    fn metered(&self, request: &Request, response: &Response, body: &Envelope) -> Vec<Operating> {
        let Some(method) = called(request) else { return Vec::new() };
        if method == BATCH {
            let body: Json = serde_json::from_slice(&response.body).unwrap_or_default();
            return inside_a_batch(request, &body);
        }
        let used = body.time.operating.as_f64().filter(|used| used.is_finite() && *used >= 0.0);
        let Some(used) = used else { return Vec::new() };
        let reset_at = body.time.operating_reset_at.as_i64().and_then(|at| Timestamp::from_second(at).ok());
        vec![Operating { method, used: Duration::from_secs_f64(used.min(1e6)), reset_at }]
    }
}

const BATCH: &str = "batch";

/// The method that a request calls.
fn called(request: &Request) -> Option<String> {
    let method = request.path().rsplit('/').next()?;
    Some(method.strip_suffix(".json").unwrap_or(method).to_owned())
}

/// What a batch calls: its keys with their methods.
fn inner_methods(asked: &Json) -> Vec<(String, String)> {
    let commands = asked["cmd"].as_object().into_iter().flatten();
    let method =
        |(key, command): (&String, &Json)| Some((key.clone(), command.as_str()?.split('?').next()?.to_owned()));
    commands.filter_map(method).collect()
}

fn classified(response: &Response, body: &Envelope) -> Answer {
    match &body.error {
        Some(code) => coded(response, &text_of(code), &described(&body.error_description)),
        _ if (200..300).contains(&response.status) => match body.result {
            Some(Passed) => Answer::Good,
            // Said with 200 and not understood: a write may well be done.
            None => Answer::Transient(error(RemoteErrorKind::Malformed, "", "an answer without result and error")),
        },
        _ => uncoded(response),
    }
}

/// What every answer has around its result. The result is passed over: whoever asked reads it, once.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Envelope {
    error: Option<Json>,
    error_description: Json,
    #[serde(deserialize_with = "passed")]
    result: Option<Passed>,
    time: Times,
}

/// The part of `time` that counts.
#[derive(Default)]
struct Times {
    operating: Json,
    operating_reset_at: Json,
}

impl Envelope {
    /// The envelope of a body, empty if that is no JSON.
    fn read(body: &[u8]) -> Self {
        // A list would be read as a record without names.
        let text = std::str::from_utf8(body).ok().filter(|text| text.trim_start().starts_with('{'));
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// There is something, be it null.
struct Passed;

fn passed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Passed>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| Some(Passed))
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimesVisitor)
    }
}

/// Whatever is no map tells no times, and is no reason not to read the rest.
struct TimesVisitor;

impl<'de> Visitor<'de> for TimesVisitor {
    type Value = Times;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("times")
    }
    fn visit_unit<E>(self) -> Result<Times, E> {
        Ok(Times::default())
    }
    fn visit_bool<E>(self, _: bool) -> Result<Times, E> {
        Ok(Times::default())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Times, E> {
        Ok(Times::default())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Times, E> {
        Ok(Times::default())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Times, E> {
        Ok(Times::default())
    }
    fn visit_str<E>(self, _: &str) -> Result<Times, E> {
        Ok(Times::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Times, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Times::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Times, A::Error> {
        let mut times = Times::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "operating" => times.operating = map.next_value()?,
                "operating_reset_at" => times.operating_reset_at = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(times)
    }
}

/// Every call of a batch uses the time of its own method.
fn inside_a_batch(request: &Request, body: &Json) -> Vec<Operating> {
    let asked: Json = serde_json::from_slice(&request.body).unwrap_or_default();
    let times = body["result"]["result_time"].as_object();
    let of = |(key, time): (&String, &Json)| {
        let method = asked["cmd"][key].as_str()?.split('?').next()?.to_owned();
        let used = time["operating"].as_f64().filter(|used| used.is_finite() && *used >= 0.0)?;
        let reset_at = time["operating_reset_at"].as_i64().and_then(|at| Timestamp::from_second(at).ok());
        Some(Operating { method, used: Duration::from_secs_f64(used.min(1e6)), reset_at })
    };
    times.into_iter().flatten().filter_map(of).collect()
}

fn text_of(code: &Json) -> String {
    match code {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn described(text: &Json) -> String {
    let text = text.as_str().unwrap_or_default().replace("<br>", " ");
    if text.trim().is_empty() { "no description".to_owned() } else { text.trim().to_owned() }
}

fn coded(response: &Response, code: &str, text: &str) -> Answer {
    use RemoteErrorKind as Kind;
    let low = text.to_lowercase();
    let row = match code {
        _ if low.contains("commercial plan") && code.eq_ignore_ascii_case("ACCESS_DENIED") => {
            errors::of("ACCESS_DENIED, plan")
        }
        // Old CRM methods leave the code empty, or a number in text: then the words must do.
        "" | "0" | "100" | "ERROR_CORE" if response.status < 500 && low.contains("not found") => {
            errors::of("NOT_FOUND")
        }
        "" | "0" | "100" | "ERROR_CORE" if response.status < 500 && low.contains("access denied") => {
            errors::of("ACCESS_DENIED")
        }
        "ERROR_CORE" if response.status >= 500 => errors::of("INTERNAL_SERVER_ERROR"),
        code => errors::of(code),
    };
    let say = |kind: Kind| -> RemoteError {
        let named = if code.is_empty() { text.to_owned() } else { format!("{text} ({code})") };
        error(kind, code, advised(&format!("Bitrix24: {named}"), row))
    };
    match row.map(|row| row.class) {
        Some(Class::TooFast) => Answer::Throttled { retry_after: retry_after(response), method: None },
        Some(Class::MethodSpent) => {
            Answer::Throttled { retry_after: retry_after(response), method: Some(String::new()) }
        }
        // Sending again makes it longer.
        Some(Class::Blocked) => Answer::Blocked { pause: PAUSE, error: say(Kind::Unavailable) },
        Some(Class::Transient | Class::Done) => Answer::Transient(say(Kind::Unavailable)),
        Some(Class::Failed(kind)) => Answer::Failed(say(kind)),
        None => match response.status {
            401 => Answer::Failed(say(Kind::Unauthorized)),
            403 => Answer::Failed(say(Kind::Forbidden)),
            // Whatever it calls it: it was not executed, and it is too fast.
            429 => Answer::Throttled { retry_after: retry_after(response), method: None },
            status if status >= 500 => Answer::Transient(say(Kind::Unavailable)),
            _ => Answer::Failed(say(Kind::Invalid)),
        },
    }
}

/// How long nothing is sent to a portal that has shut us out.
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// HTML pages of overload and portals that moved.
fn uncoded(response: &Response) -> Answer {
    let status = response.status;
    let say = |kind, text: &str| error(kind, status.to_string(), format!("Bitrix24 answered HTTP {status}: {text}"));
    match status {
        300..=399 => Answer::Failed(say(
            RemoteErrorKind::Unauthorized,
            "the portal has moved to another address; put the new one into the configuration",
        )),
        429 => Answer::Throttled { retry_after: retry_after(response), method: None },
        401 => Answer::Failed(say(RemoteErrorKind::Unauthorized, "the webhook or the application is refused")),
        403 | 404 => Answer::Failed(say(
            RemoteErrorKind::Forbidden,
            "check the address and the rights of the webhook or application",
        )),
        408 | 500.. => Answer::Transient(say(RemoteErrorKind::Unavailable, "no JSON")),
        _ => Answer::Failed(say(RemoteErrorKind::Malformed, "no JSON")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::seam::Method;

    fn kind(status: u16, code: &str, text: &str) -> String {
        let response = Response::json(status, &json!({"error": code, "error_description": text}));
        match WebhookDialect.classify(&response) {
            Answer::Good => "good".into(),
            Answer::Throttled { method, .. } => format!("throttled {}", method.is_some()),
            Answer::Failed(error) => format!("{:?}", error.kind),
            Answer::Blocked { error, .. } => format!("blocked {:?}", error.kind),
            Answer::Transient(error) => format!("transient {:?}", error.kind),
        }
    }

    #[test]
    fn codes_decide_whatever_the_status_is() {
        for (status, code, text, wanted) in [
            (503, "QUERY_LIMIT_EXCEEDED", "Too many requests", "throttled false"),
            (429, "A_LIMIT_NOBODY_TOLD_US_OF", "Slow down", "throttled false"),
            (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", "throttled true"),
            (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload.", "blocked Unavailable"),
            (401, "expired_token", "The access token provided has expired.", "Unauthorized"),
            (403, "INVALID_CREDENTIALS", "Invalid request credentials", "Unauthorized"),
            (401, "insufficient_scope", "", "Forbidden"),
            (400, "ACCESS_DENIED", "You do not have permission to view this item", "Forbidden"),
            (403, "ACCESS_DENIED", "REST API is available only on commercial plans.", "Unauthorized"),
            (404, "ERROR_METHOD_NOT_FOUND", "Method not found!", "Forbidden"),
            (400, "NOT_FOUND", "Element not found", "NotFound"),
            (400, "", "Not found", "NotFound"),
            (200, "", "Access denied", "Forbidden"),
            (400, "INVALID_ARG_VALUE", "Invalid filter: field 'X' is not allowed in filter", "Invalid"),
            (400, "ERROR_CORE", "The field Work e-mail contains an invalid address", "Invalid"),
            (500, "ERROR_CORE", "SQL", "transient Unavailable"),
            (500, "INTERNAL_SERVER_ERROR", "Internal server error", "transient Unavailable"),
        ] {
            assert_eq!(kind(status, code, text), wanted, "{status} {code}");
        }
    }

    #[test]
    fn an_answer_nobody_understands_leaves_a_write_unknown() {
        for (status, body) in [(502, "<html>Bad Gateway"), (200, "<html>"), (200, "{}")] {
            let response = Response { status, headers: Vec::new(), body: body.into() };
            assert!(matches!(WebhookDialect.classify(&response), Answer::Transient(_)), "{status} {body}");
        }
        let moved = Response { status: 302, headers: Vec::new(), body: "".into() };
        assert!(matches!(WebhookDialect.classify(&moved), Answer::Failed(_)));
    }

    #[test]
    fn the_method_that_ran_out_of_time_is_named_and_metered() {
        let request = Request::new(Method::Post, "/crm.item.list.json");
        let refused = Response::json(429, &json!({"error": "OPERATION_TIME_LIMIT"}));
        let Answer::Throttled { method, .. } = WebhookDialect.judge(&request, &refused) else { panic!("throttled") };
        assert_eq!(method.as_deref(), Some("crm.item.list"));
        let time = json!({"operating": 12.5, "operating_reset_at": 1_767_225_600});
        let told = WebhookDialect.operating(&request, &Response::json(200, &json!({"result": [], "time": time})));
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].method.as_str(), told[0].used), ("crm.item.list", Duration::from_millis(12_500)));
        assert_eq!(told[0].reset_at.unwrap().as_second(), 1_767_225_600);
    }
}
