//! The portal's online events, of an outgoing webhook or an application. Facts, after its documentation: a form with an id
//! and no values; at most once, in any order, without a name of its own, so that two edits within a second look the same;
//! believed by its application token alone.

use super::Family;
use super::form::Form;
use super::oauth::EVENT;
use crate::control::{Change, Place, Told, event_name};
use crate::model::{RecordId, Revealed};
use crate::remote::webhook::{Heard, Webhook};
use crate::seam::Request;

/// Calls of a portal.
#[derive(Debug, Clone, Copy, Default)]
pub struct PortalWebhook;

impl Webhook for PortalWebhook {
    fn hear(&self, call: &Request, secret: Option<&Revealed>) -> Heard {
        let form = Form::read(&call.body);
        if form.get("event").is_some_and(|event| event.eq_ignore_ascii_case(EVENT)) {
            return Heard::Installation;
        }
        let Some(secret) = secret else {
            return Heard::Refused(
                "nothing proves it: no application token is configured, and no installation has brought one; install the \
                 application once more in the portal, or set `[inlet] crm_token`",
            );
        };
        let Some(token) = form.get("auth[application_token]") else {
            return Heard::Refused("no application token");
        };
        if !secret.is(token) {
            return Heard::Refused("wrong application token");
        }
        let Some(event) = form.get("event") else { return Heard::Unreadable("an event without a name") };
        // A task tells of itself before and after; what there is not is called "undefined".
        let places = ["data[FIELDS][ID]", "data[FIELDS_AFTER][ID]", "data[FIELDS_BEFORE][ID]"];
        let id = places.into_iter().filter_map(|place| form.get(place)).find(|id| *id != "undefined");
        let kind = form.get("data[FIELDS][ENTITY_TYPE_ID]");
        // Two edits within a second cannot be told from one call played twice, and a second look costs one read.
        Heard::Event { id: None, attempt: 1, name: event_name(event), told: told(event, id, kind) }
    }
}

/// What an event tells, online or from the queue: its name, the record's id, and the number of its type where it has one.
pub(super) fn told(event: &str, id: Option<&str>, kind: Option<&str>) -> Told {
    let number = |text: &str| !text.is_empty() && text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(id) = id.filter(|id| number(id)) else { return Told::Nothing };
    let Some(entity) = entity(&event.to_ascii_uppercase(), kind.filter(|kind| number(kind))) else {
        return Told::Nothing;
    };
    // `ts` tells in whole seconds when it was queued, which is neither when it was changed nor exact; and whoever is
    // named there may be the account that we write with, used by a person.
    Told::Change(Change {
        record: RecordId::from(id),
        place: Place::Within(entity),
        at: None,
        by_us: None,
        field_ids: None,
    })
}

/// The kind of record that an event is about, if it is about one.
fn entity(event: &str, kind: Option<&str>) -> Option<String> {
    if matches!(event, "ONTASKADD" | "ONTASKUPDATE" | "ONTASKDELETE") {
        return Some("task".to_owned());
    }
    let rest = event.strip_prefix("ONCRM")?;
    let what = |rest: &str| matches!(rest, "ADD" | "UPDATE" | "DELETE" | "MOVETOCATEGORY");
    if let Some(rest) = rest.strip_prefix("DYNAMICITEM") {
        let (rest, named) = rest.split_once('_').map_or((rest, None), |(rest, named)| (rest, Some(named)));
        let kind = kind.or(named.filter(|it| it.bytes().all(|byte| byte.is_ascii_digit())))?;
        let family =
            [Family::Deal, Family::Contact, Family::Company].into_iter().find(|it| it.type_id().to_string() == kind);
        return what(rest).then(|| family.map_or_else(|| format!("item of type {kind}"), |it| it.name().to_owned()));
    }
    let names = ["deal", "contact", "company", "lead"];
    let is_it = |name: &&str| rest.strip_prefix(&*name.to_ascii_uppercase()).is_some_and(what);
    names.into_iter().find(is_it).map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn named(event: &str, kind: Option<&str>) -> Option<String> {
        match told(event, Some("12"), kind) {
            Told::Change(Change { place: Place::Within(entity), .. }) => Some(entity),
            _ => None,
        }
    }

    #[test]
    fn events_of_records_are_told_from_all_others() {
        for (event, kind, entity) in [
            ("ONCRMDEALUPDATE", None, Some("deal")),
            ("oncrmdealadd", None, Some("deal")),
            ("ONCRMDEALMOVETOCATEGORY", None, Some("deal")),
            ("ONCRMCONTACTDELETE", None, Some("contact")),
            ("ONCRMCOMPANYADD", None, Some("company")),
            ("ONCRMLEADUPDATE", None, Some("lead")),
            ("ONCRMDYNAMICITEMUPDATE", Some("1036"), Some("item of type 1036")),
            ("ONCRMDYNAMICITEMADD_1036", None, Some("item of type 1036")),
            ("ONCRMDYNAMICITEMUPDATE", Some("2"), Some("deal")),
            ("ONCRMDYNAMICITEMUPDATE", None, None),
            ("ONCRMDEALUSERFIELDUPDATE", None, None),
            ("ONCRMCURRENCYUPDATE", None, None),
            ("ONTASKUPDATE", None, Some("task")),
            ("ONTASKCOMMENTADD", None, None),
            ("ONAPPUNINSTALL", None, None),
            ("", None, None),
        ] {
            assert_eq!(named(event, kind).as_deref(), entity, "{event}");
        }
        for id in [None, Some(""), Some("undefined"), Some("-1"), Some("12\u{1b}[2J"), Some("99999999999999999999")] {
            assert_eq!(told("ONCRMDEALUPDATE", id, None), Told::Nothing, "{id:?}");
        }
    }
}
