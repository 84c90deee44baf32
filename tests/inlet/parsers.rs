//! Whatever comes in is read without breaking, and what was meant is read as it was meant.

use std::collections::BTreeMap;

use crosstie::control::{Place, Told};
use crosstie::model::Revealed;
use crosstie::remote::bitrix24::PortalWebhook;
use crosstie::remote::bitrix24::form::Form;
use crosstie::remote::notion::NotionWebhook;
use crosstie::remote::webhook::{Heard, Webhook};
use crosstie::seam::{Method, Request};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::office::{APPLICATION, TOKEN, signature};

fn call(body: &[u8]) -> Request {
    let mut call = Request::new(Method::Post, "/");
    call.body = body.to_vec().into();
    call
}

fn signed(body: &str) -> Heard {
    let call = call(body.as_bytes()).header("x-notion-signature", signature(TOKEN, body));
    NotionWebhook::default().hear(&call, Some(&Revealed::new(TOKEN)))
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_form_is_read_as_it_was_filled_in(fields in prop::collection::btree_map(".{0,20}", ".{0,20}", 0..20)) {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let read = Form::read(body.join("&").as_bytes());
        let read: BTreeMap<String, String> = read.fields().map(|(name, value)| (name.into(), value.into())).collect();
        prop_assert_eq!(read, fields);
    }

    #[test]
    fn no_bytes_break_a_parser(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Form::read(&body);
        let secret = Revealed::new(APPLICATION);
        let _ = PortalWebhook.hear(&call(&body), Some(&secret));
        let believed = matches!(NotionWebhook::default().hear(&call(&body), Some(&secret)), Heard::Event { .. });
        prop_assert!(!believed);
    }

    #[test]
    fn no_event_of_another_shape_breaks_the_reading(
        kind in prop_oneof![Just(json!("page.created")), Just(json!("page.properties_updated")), any_json()],
        (entity, data, authors, attempt) in (any_json(), any_json(), any_json(), any_json()),
    ) {
        let body = json!({"id": "x", "type": kind, "entity": entity, "data": data, "authors": authors, "attempt_number": attempt});
        match signed(&body.to_string()) {
            Heard::Event { name, attempt, .. } => {
                prop_assert!(name.len() <= 64 && name.bytes().all(|it| it.is_ascii_graphic()));
                prop_assert!(attempt >= 1);
            }
            Heard::Unreadable(_) => {}
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn an_event_of_a_page_is_read_as_it_was_sent(
        (id, page, source) in ("[a-z0-9-]{1,40}", any::<u128>(), any::<u128>()),
        (attempt, millis) in (1u32..9, 0i64..4_000_000_000_000),
        fields in prop::collection::vec(".{1,6}", 0..4),
    ) {
        let dashed = |id: u128| {
            let hex = format!("{id:032x}");
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
        };
        let at = jiff::Timestamp::from_millisecond(millis).unwrap();
        let properties: Vec<String> = fields.iter().map(|field| encoded(field).replace('+', "%20")).collect();
        let body = json!({
            "id": id, "type": "page.properties_updated", "timestamp": at.to_string(), "attempt_number": attempt,
            "authors": [{"id": "p", "type": "person"}], "entity": {"id": dashed(page), "type": "page"},
            "data": {"parent": {"id": "x", "data_source_id": dashed(source)}, "updated_properties": properties},
        });
        let Heard::Event { id: heard, attempt: again, told: Told::Change(change), .. } = signed(&body.to_string()) else {
            panic!("not heard")
        };
        prop_assert_eq!((heard, again), (Some(id), attempt));
        prop_assert_eq!(change.record.as_str(), dashed(page));
        prop_assert_eq!(change.place, Place::Now(Some(dashed(source))));
        prop_assert_eq!((change.at, change.by_us, change.field_ids), (Some(at), Some(false), Some(fields)));
    }
}
