//! Notion's webhooks. Facts, after its documentation and its own client:
//! - the first call brings the verification token, and may or may not be signed with it; older ones ask with a challenge;
//! - every other call is signed: HMAC-SHA256 of the raw body with that token, and nothing else, so a call can be played
//!   again, and only the event's id tells;
//! - events carry no values, come merged, in any order, up to eight times, or never; a changed title comes as changed
//!   content.

use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};
use sha2::Sha256;

use crate::control::{Change, Place, Told, event_name};
use crate::model::{RecordId, Revealed};
use crate::remote::webhook::{Heard, Webhook};
use crate::seam::Request;

/// The longest challenge that is answered.
const LONGEST_CHALLENGE: usize = 1024;
/// The longest name of an event that is remembered.
const LONGEST_ID: usize = 128;
/// The id of every title.
const TITLE: &str = "title";

/// Calls of a Notion workspace.
#[derive(Debug, Default)]
pub struct NotionWebhook {
    /// Our bot.
    us: Mutex<Option<String>>,
}

impl Webhook for NotionWebhook {
    fn hear(&self, call: &Request, secret: Option<&Revealed>) -> Heard {
        let body: Option<Json> = serde_json::from_slice(&call.body).ok();
        if let Some(asked) = body.as_ref().and_then(unsigned) {
            return asked;
        }
        let Some(secret) = secret else {
            return Heard::Refused("no verification token has come yet");
        };
        let Some(signature) = call.get_header("x-notion-signature") else {
            return Heard::Refused("it is not signed");
        };
        if !is_signed(&call.body, signature, secret) {
            return Heard::Refused("bad signature");
        }
        body.as_ref().map_or(Heard::Unreadable("no JSON"), |body| self.event(body))
    }

    fn know_us(&self, user: &str) {
        *self.us.lock().unwrap_or_else(PoisonError::into_inner) = Some(plain_id(user));
    }
}

/// What is believed without a signature: it gives nothing away and changes nothing by itself.
fn unsigned(body: &Json) -> Option<Heard> {
    if body.get("type").is_none()
        && let Some(token) = body["verification_token"].as_str().map(str::trim).filter(|token| !token.is_empty())
    {
        return Some(Heard::Secret(Revealed::new(token)));
    }
    let challenge = body["challenge"].as_str().filter(|text| text.len() <= LONGEST_CHALLENGE)?;
    (body["type"] == "webhook_challenge").then(|| Heard::Challenge(json!({ "challenge": challenge })))
}

fn is_signed(body: &[u8], signature: &str, secret: &Revealed) -> bool {
    let Some(digits) = signature.trim().strip_prefix("sha256=") else { return false };
    let Some(told) = unhex(digits) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
    mac.update(body);
    // Takes the same time wherever the first difference is.
    mac.verify_slice(&told).is_ok()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?)).collect()
}

impl NotionWebhook {
    fn event(&self, body: &Json) -> Heard {
        let Some(kind) = body["type"].as_str() else { return Heard::Unreadable("an event without a type") };
        let id = body["id"].as_str().filter(|id| !id.is_empty() && id.len() <= LONGEST_ID).map(str::to_owned);
        let attempt = body["attempt_number"].as_u64().and_then(|it| u32::try_from(it).ok()).unwrap_or(1).max(1);
        let told = match kind.split_once('.') {
            Some(("page", what)) => self.page(body, what),
            // Rows came or went; what else happens to a data source is the canary's to see.
            Some(("data_source" | "database", "content_updated")) => {
                body["entity"]["id"].as_str().and_then(page_id).map_or(Told::Nothing, |it| Told::Rows { entity: it.0 })
            }
            _ => Told::Nothing,
        };
        Heard::Event { id, attempt, name: event_name(kind), told }
    }

    fn page(&self, body: &Json, what: &str) -> Told {
        let Some(record) = body["entity"]["id"].as_str().and_then(page_id) else { return Told::Nothing };
        if matches!(what, "locked" | "unlocked") {
            return Told::Nothing;
        }
        let data = &body["data"];
        let source = data["parent"]["data_source_id"].as_str().and_then(page_id);
        // Where somebody's value can have been changed, and not only the page as a whole.
        let field_ids = match what {
            "properties_updated" => {
                data["updated_properties"].as_array().map(|all| all.iter().filter_map(field_id).collect())
            }
            "content_updated" => Some(vec![TITLE.to_owned()]),
            _ => None,
        };
        let at = || body["timestamp"].as_str()?.parse::<Timestamp>().ok();
        let edits = matches!(what, "properties_updated" | "content_updated");
        Told::Change(Change {
            record,
            place: Place::Now(source.map(|source| source.0)),
            at: edits.then(at).flatten(),
            by_us: self.by_us(&body["authors"]),
            field_ids,
        })
    }

    /// Whether its authors are our bot alone, or surely somebody else too.
    fn by_us(&self, authors: &Json) -> Option<bool> {
        let authors = authors.as_array().filter(|all| !all.is_empty())?;
        let us = self.us.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_us = |author: &Json| {
            let id = plain_id(author["id"].as_str()?);
            match (&us, author["type"].as_str()) {
                (Some(us), _) => Some(*us == id),
                // A person is not our bot, whoever that is.
                (None, Some("person")) => Some(false),
                (None, _) => None,
            }
        };
        let each: Vec<Option<bool>> = authors.iter().map(is_us).collect();
        if each.contains(&Some(false)) {
            return Some(false);
        }
        each.iter().all(|it| *it == Some(true)).then_some(true)
    }
}

/// A property's id as schemas have it. Events may encode it.
fn field_id(told: &Json) -> Option<String> {
    let told = told.as_str().or_else(|| told["id"].as_str())?;
    Some(percent_decode_str(told).decode_utf8_lossy().into_owned())
}

fn plain_id(id: &str) -> String {
    id.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect()
}

/// An id as records have it: dashed, lower case. Nothing else is let in.
fn page_id(told: &str) -> Option<RecordId> {
    let plain = plain_id(told);
    if plain.len() != 32 || !plain.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let parts = [&plain[..8], &plain[8..12], &plain[12..16], &plain[16..20], &plain[20..]];
    Some(RecordId(parts.join("-")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::seam::Method;

    const TOKEN: &str = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
    const BODY: &str = r#"{"id":"e1","type":"page.created"}"#;
    /// By another program: `openssl dgst -sha256 -hmac` with that token and body.
    const SIGNATURE: &str = "sha256=0c99c95f9fbac491194c4ca934fa58a75f7902bf4ba7ca019b4b788547cdee60";

    fn call(body: &str, signature: Option<&str>) -> Request {
        let mut call = Request::new(Method::Post, "/");
        call.body = body.to_owned().into();
        match signature {
            Some(signature) => call.header("x-notion-signature", signature),
            None => call,
        }
    }

    #[test]
    fn a_signature_counts_for_exactly_the_bytes_it_was_made_for() {
        let (door, token) = (NotionWebhook::default(), Revealed::new(TOKEN));
        let heard = |body: &str, signature: Option<&str>| door.hear(&call(body, signature), Some(&token));
        assert!(matches!(heard(BODY, Some(SIGNATURE)), Heard::Event { .. }));
        assert!(matches!(heard(BODY, Some(&SIGNATURE.to_uppercase().replace("SHA", "sha"))), Heard::Event { .. }));
        // The same JSON, other bytes.
        assert!(matches!(heard(&BODY.replace(':', ": "), Some(SIGNATURE)), Heard::Refused(_)));
        for wrong in
            ["", "sha256=", "sha256=zz", "sha1=00", &SIGNATURE[..SIGNATURE.len() - 1], &SIGNATURE.replace('=', "")]
        {
            assert!(matches!(heard(BODY, Some(wrong)), Heard::Refused(_)), "{wrong}");
        }
        assert!(matches!(heard(BODY, None), Heard::Refused(_)));
        assert!(matches!(door.hear(&call(BODY, Some(SIGNATURE)), None), Heard::Refused(_)));
    }

    #[test]
    fn a_page_that_only_we_touched_is_told_apart_from_one_that_somebody_else_did() {
        let door = NotionWebhook::default();
        let (bot, person) = (json!({"id": "B0", "type": "bot"}), json!({"id": "p", "type": "person"}));
        assert_eq!(door.by_us(&json!([bot])), None, "nobody has said yet who we are");
        assert_eq!(door.by_us(&json!([bot, person])), Some(false));
        door.know_us("b-0");
        assert_eq!(door.by_us(&json!([bot])), Some(true));
        assert_eq!(door.by_us(&json!([bot, person])), Some(false));
        assert_eq!(door.by_us(&json!([])), None);
    }
}
