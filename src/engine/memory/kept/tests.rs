//! What is kept in short form comes back as it was, and is counted.

use std::collections::BTreeMap;

use super::*;
use crate::model::{Base, FieldName, FieldState, Value};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn seen(text: &str, second: i64) -> Observation {
    Observation {
        fields: BTreeMap::from([(FieldName::from("TITLE"), FieldState::Known(Value::text(text)))]),
        presence: Presence::Present,
        created_at: None,
        edited_at: None,
        edited_by: None,
        marker: None,
        seen_at: at(second),
        settled_since: at(0),
        returned_at: None,
        unread: BTreeMap::new(),
        changed_between: BTreeMap::new(),
    }
}

fn put<T: Packed>(kept: &mut Kept<T>, id: &str, record: T) -> bool {
    let short = pack(&record);
    kept.insert(id.into(), record, &short)
}

#[test]
fn a_record_is_the_same_made_or_folded_and_however_it_is_asked_for() {
    let mut kept = Kept::default();
    assert!(put(&mut kept, "1", seen("one", 1)) && !put(&mut kept, "1", seen("two", 2)));
    for _ in 0..2 {
        assert_eq!(kept.get("1"), Some(&seen("two", 2)));
        assert_eq!(*kept.read(&"1".into()).unwrap(), seen("two", 2));
        assert_eq!(kept.values().map(Read::own).collect::<Vec<_>>(), [seen("two", 2)]);
        assert_eq!(kept.presences().map(|(id, ..)| id.as_str()).collect::<Vec<_>>(), ["1"]);
        kept.forget_made();
    }
    assert!(kept.made.get_mut().unwrap().is_empty(), "what many are read for is not kept");
    kept.saw_again(&"1".into(), at(3));
    assert_eq!(kept.get("1"), Some(&seen("two", 3)), "from its short form");
    kept.saw_again(&"1".into(), at(4));
    assert_eq!(kept.get("1"), Some(&seen("two", 4)), "as it was made");
    kept.change_all(|seen| seen.presence = Presence::Missing);
    assert_eq!(kept.present().count(), 0);
    assert_eq!(kept.remove(&"1".into()), Some(Observation { presence: Presence::Missing, ..seen("two", 4) }));
    assert_eq!((kept.len(), kept.get("1")), (0, None));
}

#[test]
fn what_was_made_is_forgotten_where_it_is_much_and_all_of_it_is_still_there() {
    let mut kept = Kept::default();
    let ids: Vec<String> = (0..=MADE).map(|n| n.to_string()).collect();
    for id in &ids {
        put(&mut kept, id, seen(id, 1));
    }
    let made = |kept: &Kept<Observation>| kept.rows.values().filter(|row| row.made.get().is_some()).count();
    assert_eq!(made(&kept), MADE + 1);
    kept.fold();
    assert_eq!((made(&kept), kept.tables.len()), (0, 1));
    assert!(ids.iter().all(|id| kept.get(id.as_str()) == Some(&seen(id, 1))));
}

#[test]
fn whoever_asks_hears_what_came_changed_and_went_since() {
    let mut kept = Kept::default();
    put(&mut kept, "1", seen("one", 1));
    assert_eq!(kept.news(), None, "nobody had asked");
    put(&mut kept, "2", seen("two", 1));
    put(&mut kept, "1", seen("uno", 2));
    kept.saw_again(&"2".into(), at(3));
    kept.remove(&"2".into());
    assert_eq!(kept.news(), Some(vec!["2".into(), "1".into(), "2".into()]));
    (0..=MADE).for_each(|n| {
        let _ = put(&mut kept, &n.to_string(), seen("much", 1));
    });
    assert_eq!(kept.news(), None, "more than is worth a list");
    let next: Vec<&str> = kept.ids_from(Some(&"2046".into())).take(2).map(RecordId::as_str).collect();
    assert_eq!(next, ["2046", "2047"]);
}

#[test]
fn relations_are_counted_as_ties_come_change_and_go() {
    let tie = |links: &[&str]| {
        let crm = Value::links(links.iter().map(ToString::to_string));
        let (mapping, pages, late) = (String::new(), BTreeMap::new(), BTreeMap::new());
        let base = Base { notion: crm.clone(), crm, at: at(1), mapping, pages, late };
        let base = BTreeMap::from([("CONTACTS".into(), base)]);
        Tie { pair: "deals".into(), crm: "1".into(), notion: "page".into(), base, since: at(0) }
    };
    let mut kept = Kept::default();
    put(&mut kept, "1", tie(&["a", "b"]));
    put(&mut kept, "2", tie(&["a"]));
    assert_eq!(kept.links(), 3);
    put(&mut kept, "1", tie(&[]));
    assert_eq!((kept.links(), kept.page_of("1")), (1, Some("page".into())));
    let mut loading = Loading::default();
    assert!(loading.row("2".into(), &pack(&tie(&["a", "b"]))));
    assert!(!loading.row("3".into(), &pack(&seen("of another kind", 1))));
    let loaded = loading.done();
    assert_eq!((loaded.links(), loaded.len(), loaded.get("2")), (2, 1, Some(&tie(&["a", "b"]))));
    kept.remove(&"2".into());
    assert_eq!(kept.links(), 0);
}
