use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::model::{Base, Editor, FieldKey, FieldName, FieldState, Presence, RecordId, Side, Unread, Value};

fn word() -> impl Strategy<Value = String> {
    let id = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    prop_oneof![".{0,6}", "[a-z ]{60,200}", id, "[0-9A-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"]
}

fn moment() -> impl Strategy<Value = Timestamp> {
    let near = 1_700_000_000_000_000_000_i128..1_700_000_100_000_000_000;
    let any = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
    prop_oneof![near, any].prop_map(|nanos| Timestamp::from_nanosecond(nanos).unwrap())
}

fn set() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(word(), 0..4)
}

fn number() -> impl Strategy<Value = Decimal> {
    (any::<(u32, u32, u32, bool)>(), 0..=Decimal::MAX_SCALE, any::<bool>()).prop_map(
        |((low, mid, high, minus), scale, small)| {
            if small {
                Decimal::from_parts(low, 0, 0, minus, scale % 4)
            } else {
                Decimal::from_parts(low, mid, high, minus, scale)
            }
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Empty),
        word().prop_map(Value::Text),
        number().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
        moment().prop_map(|at| Value::Date(at.to_zoned(jiff::tz::TimeZone::UTC).date())),
        moment().prop_map(Value::DateTime),
        word().prop_map(Value::Choice),
        set().prop_map(Value::Choices),
        set().prop_map(Value::People),
        set().prop_map(Value::Links),
    ]
}

fn unread() -> impl Strategy<Value = Unread> {
    (0..5_u32, moment(), prop::option::of((value(), moment()))).prop_map(|(cycles, counted, last)| Unread {
        cycles,
        counted,
        last,
    })
}

fn names<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = BTreeMap<FieldName, T>> {
    prop::collection::btree_map("[a-f]".prop_map(FieldName::from), of, 0..6)
}

fn observation() -> impl Strategy<Value = Observation> {
    let state = prop_oneof![value().prop_map(FieldState::Known), word().prop_map(FieldState::Unknown)];
    let presence = prop::sample::select(vec![
        Presence::Present,
        Presence::Trashed,
        Presence::Missing,
        Presence::Moved,
        Presence::Outside,
    ]);
    let maybe = || prop::option::of(moment());
    let editor = prop::option::of(
        (word(), prop::option::of(word())).prop_map(|(id, name)| Editor { id: id.into(), name: name.map(Into::into) }),
    );
    let record = (presence, maybe(), maybe(), (prop::option::of(word()), editor), (moment(), moment()), maybe());
    let fields = (names(state), names(unread()), names((maybe(), moment())));
    (record, fields).prop_map(|(record, (fields, unread, changed_between))| {
        let (presence, created_at, edited_at, (marker, edited_by), (seen_at, settled_since), returned_at) = record;
        Observation {
            fields,
            presence,
            created_at,
            edited_at,
            edited_by,
            marker,
            seen_at,
            settled_since,
            returned_at,
            unread,
            changed_between,
        }
    })
}

fn tie() -> impl Strategy<Value = Tie> {
    let pages = prop::collection::btree_map(word(), word(), 0..3);
    let late = prop::collection::btree_map(prop::sample::select(vec![Side::Crm, Side::Notion]), set(), 0..3);
    let base = (value(), prop::option::of(value()), moment(), word(), pages, late).prop_map(
        |(crm, notion, at, mapping, pages, late)| {
            let notion = notion.unwrap_or_else(|| crm.clone());
            Base { crm, notion, at, mapping, pages, late }
        },
    );
    let bases = prop::collection::btree_map("[A-F]".prop_map(FieldKey::from), base, 0..6);
    (word(), word(), word(), bases, moment()).prop_map(|(pair, crm, notion, base, since)| Tie {
        pair: pair.into(),
        crm: RecordId(crm),
        notion: RecordId(notion),
        base,
        since,
    })
}

/// Equal numbers can be shown differently, so they are compared as they are shown.
fn shown<T: serde::Serialize>(of: &T) -> String {
    serde_json::to_string(of).unwrap()
}

proptest! {
    #[test]
    fn an_observation_comes_back_as_it_was(observation in observation()) {
        let short = pack(&observation);
        prop_assert_eq!(shown(&unpack::<Observation>(&short).unwrap()), shown(&observation));
        prop_assert_eq!(from_json(Observation::KIND, &json(&short).unwrap()).unwrap(), short.clone());
        prop_assert_eq!(exact_json(&short), json(&short));
        prop_assert_eq!(is_later(&short), observation.edited_by.is_some());
        prop_assert!(unpack::<Tie>(&short).is_none());
    }

    #[test]
    fn a_tie_comes_back_as_it_was(tie in tie()) {
        let short = pack(&tie);
        prop_assert_eq!(shown(&unpack::<Tie>(&short).unwrap()), shown(&tie));
        prop_assert_eq!(exact_json(&short), json(&short));
        prop_assert_eq!(from_json(Tie::KIND, &json(&short).unwrap()).unwrap(), short);
    }

    #[test]
    fn what_an_observation_tells_in_short_is_what_it_holds(observation in observation(), later in moment()) {
        let short = pack(&observation);
        let parts = parts(&short).unwrap();
        let names = Names::read(parts.table).unwrap();
        let told = ObservationBytes(parts.rest);
        prop_assert_eq!((told.presence(), told.seen_at()), (Some(observation.presence), Some(observation.seen_at)));
        let mut fields = Vec::new();
        let unknown = observation.fields.values().any(|state| state.known().is_none()) || !observation.unread.is_empty();
        match told.fields(names.len(), |at, field| fields.push((names.get(at).unwrap().to_owned(), field))) {
            None => prop_assert!(unknown),
            Some(marker) => {
                prop_assert!(!unknown);
                let marker = marker.map(|marker| marker.text().unwrap().as_str().unwrap().to_owned());
                prop_assert_eq!(&marker, &observation.marker);
                for (name, field) in fields {
                    let known = observation.known(&name.as_str().into());
                    prop_assert_eq!(field.known.map(|bytes| shown(&bytes.value().unwrap())), known.map(shown));
                    let moved = observation.changed_between.get(name.as_str()).filter(|(last, _)| last.is_some());
                    prop_assert_eq!(field.moved, moved.map(|(_, came)| came.as_nanosecond()));
                }
            }
        }
        let mut rest = parts.rest.to_vec();
        ObservationBytes::move_seen(&mut rest, later);
        let again = Observation::read(&names, &rest).unwrap();
        prop_assert_eq!(again, Observation { seen_at: later, ..observation });
    }

    #[test]
    fn what_a_tie_tells_in_short_is_what_it_holds(tie in tie()) {
        let short = pack(&tie);
        let parts = parts(&short).unwrap();
        let names = Names::read(parts.table).unwrap();
        let told = TieBytes(parts.rest);
        prop_assert_eq!((told.ends(), told.page()), (Some((tie.crm.clone(), tie.notion.clone())), Some(tie.notion.clone())));
        let mut bases = Vec::new();
        told.fields(tie.base.len(), |_, agreed| bases.push(agreed.base().unwrap())).unwrap();
        prop_assert_eq!(names.len(), 1 + 2 * tie.base.len());
        for (told, base) in bases.iter().zip(tie.base.values()) {
            let known = Base { mapping: String::new(), late: BTreeMap::new(), ..base.clone() };
            prop_assert_eq!(shown(told), shown(&known));
        }
        let links = tie.base.values().filter(|base| matches!(base.crm, Value::Links(_)));
        prop_assert_eq!(Tie::counts_for(parts.rest), links.map(|base| base.crm.count()).sum::<usize>());
    }

    #[test]
    fn a_relation_shows_the_same_only_where_every_record_is_there_by_the_page_it_stood_for(
        stood in prop::collection::btree_map("[12]", "[xyz]|0000000a-0000-4000-8000-0000000000[0-1]0", 0..3),
        shown in prop::option::of(prop::collection::btree_set("[12]", 0..3)),
        pages in prop::option::of(prop::collection::btree_set("[xyz]", 0..3)),
        apart in prop::bool::weighted(0.1),
        untied in prop::option::weighted(0.2, "[12]"),
    ) {
        let links = |records: BTreeSet<String>| if records.is_empty() { Value::Empty } else { Value::Links(records) };
        let agreed: BTreeSet<String> = stood.keys().cloned().collect();
        let stood_for: BTreeSet<String> = stood.values().cloned().collect();
        let (crm, notion) = (shown.unwrap_or_else(|| agreed.clone()), pages.unwrap_or_else(|| stood_for.clone()));
        let at = Timestamp::UNIX_EPOCH;
        let in_notion = if apart { Value::text("other") } else { links(agreed.clone()) };
        let base = Base {
            crm: links(agreed.clone()), notion: in_notion, at, mapping: String::new(), pages: stood.clone(), late: BTreeMap::new(),
        };
        let base = BTreeMap::from([(FieldKey::from("A"), base)]);
        let tie = Tie { pair: "p".into(), crm: "1".into(), notion: "x".into(), base, since: at };
        let short = pack(&tie);
        let bytes = |value: &Value| {
            let mut bytes = Vec::new();
            Writer::new(&mut bytes).value(value);
            bytes
        };
        let (in_crm, in_notion) = (bytes(&links(crm.clone())), bytes(&links(notion.clone())));
        let mut told = None;
        TieBytes(parts(&short).unwrap().rest).fields(1, |_, agreed| {
            let [crm, notion] = [&in_crm, &in_notion].map(|bytes| Reader::new(bytes).value_bytes().unwrap());
            told = agreed.shows_the_same(crm, notion, |crm, page| {
                let [crm, page] = [crm, page].map(|word| word.text().unwrap().as_str().unwrap().to_owned());
                assert_eq!(stood.get(&crm), Some(&page));
                Some(crm) != untied
            });
        });
        let one_each = stood_for.len() == stood.len();
        let tied = untied.is_none_or(|untied| !stood.contains_key(&untied));
        prop_assert_eq!(told, Some(!apart && crm == agreed && notion == stood_for && one_each && tied));
    }

    #[test]
    fn whatever_record_is_named_in_a_short_form_is_found_in_it(observation in observation(), tie in tie()) {
        let known = observation.fields.values().filter_map(FieldState::known);
        let last = observation.unread.values().filter_map(|unread| unread.last.as_ref()).map(|(value, _)| value);
        let elements = |value: &Value| value.elements().unwrap_or_default();
        let in_observation = known.chain(last).flat_map(elements);
        let of_base = |base: &Base| {
            let values = [&base.crm, &base.notion].into_iter().flat_map(elements);
            let pages = base.pages.iter().flat_map(|(crm, page)| [crm.clone(), page.clone()]);
            values.chain(pages).chain(base.late.values().flatten().cloned()).collect::<Vec<_>>()
        };
        let in_tie = tie.base.values().flat_map(of_base).chain([tie.crm.0.clone(), tie.notion.0.clone()]);
        for (short, words) in [(pack(&observation), in_observation.collect::<Vec<_>>()), (pack(&tie), in_tie.collect())] {
            let rest = parts(&short).unwrap().rest;
            for word in words {
                prop_assert!(Finder::new(&word).is_in(rest), "{word:?}");
            }
            prop_assert!(!Finder::new("nobody is called that").is_in(rest));
        }
    }

    #[test]
    fn values_have_one_short_form_each(one in value(), other in value()) {
        let bytes = |value: &Value| {
            let mut bytes = Vec::new();
            Writer::new(&mut bytes).value(value);
            bytes
        };
        prop_assert_eq!(bytes(&one) == bytes(&other), shown(&one) == shown(&other));
        let all = bytes(&one);
        let mut reader = Reader::new(&all);
        prop_assert_eq!(shown(&reader.value_bytes().unwrap().value().unwrap()), shown(&one));
        prop_assert!(reader.is_done());
    }

    #[test]
    fn bytes_that_are_none_are_refused_and_nothing_panics(
        observation in observation(),
        tie in tie(),
        at in any::<prop::sample::Index>(),
        by in 1_u8..,
    ) {
        for mut short in [pack(&observation), pack(&tie)] {
            let cut = at.index(short.len());
            prop_assert!(json(&short[..cut]).is_none(), "cut to {cut}");
            short[cut] ^= by;
            let _ = json(&short);
            if let Some(parts) = parts(&short) {
                let _ = (TieBytes(parts.rest).fields(3, |_, it| drop(it.base())), ObservationBytes(parts.rest).fields(3, |_, _| {}));
            }
        }
    }
}

#[test]
fn a_short_form_is_short() {
    let moment: Timestamp = "2026-02-01T09:00:00.123456789Z".parse().unwrap();
    let name = |n: usize| FieldName(format!("A field with the number {n}"));
    let observation = Observation {
        fields: (0..10).map(|n| (name(n), FieldState::Known(Value::text(format!("value {n}"))))).collect(),
        presence: Presence::Present,
        created_at: Some(moment),
        edited_at: Some(moment),
        edited_by: Some(Editor { id: "9b15c2f4-7e3c-4a6f-9a55-0b7f2f6f9a10".into(), name: None }),
        marker: Some("7d1b1d5c-7e3c-4a6f-9a55-0b7f2f6f9a10".into()),
        seen_at: moment,
        settled_since: moment,
        returned_at: None,
        unread: BTreeMap::new(),
        changed_between: (0..10).map(|n| (name(n), (None, moment))).collect(),
    };
    let short = pack(&observation);
    let rest = parts(&short).unwrap().rest.len();
    assert!(rest < 187, "{rest} bytes without the names");
    assert!(short.len() * 3 < shown(&observation).len(), "{} bytes of {}", short.len(), shown(&observation).len());
}
