//! What an operator's program asks is what the daemon is asked, word for word.

use crosstie::control::socket::connect;
use crosstie::control::{Desk, List, Near, Order, Query, Resolution};
use crosstie::model::{HoldId, PairName, RecordRef, Shown, Side, TieId};

use super::Daemon;

fn tie() -> TieId {
    TieId { pair: PairName::from("deals"), crm: "7".into() }
}

/// One of each: what comes after a list.
fn next(list: Option<&List>) -> Option<List> {
    let of = RecordRef { pair: PairName::from("deals"), side: Side::Notion, id: "p1".into() };
    let hold = HoldId { pair: PairName::from("deals"), crm: Some("7".into()), field: Some("COMMENTS".into()) };
    Some(match list {
        None => List::Holds,
        Some(List::Holds) => List::Quarantined,
        Some(List::Quarantined) => List::Orphans,
        Some(List::Orphans) => List::Relations,
        Some(List::Relations) => List::Owners,
        Some(List::Owners) => List::Edges { owner: tie() },
        Some(List::Edges { .. }) => List::Candidates { of },
        Some(List::Candidates { .. }) => List::Tied { pair: PairName::from("deals") },
        Some(List::Tied { .. }) => List::Record { tie: tie() },
        Some(List::Record { .. }) => List::Mapping { pair: PairName::from("deals") },
        Some(List::Mapping { .. }) => List::Typed { hold, text: "3,5\n".to_owned() },
        Some(List::Typed { .. }) => {
            let shown = Shown { crm: "a".into(), notion: "b".into() };
            List::Preview { items: vec![Resolution::Keep { id: hold, shown }] }
        }
        Some(List::Preview { .. }) => List::Queue,
        Some(List::Queue) => List::Journal,
        Some(List::Journal) => return None,
    })
}

#[tokio::test]
async fn every_list_is_asked_for_as_it_was_meant_with_and_without_all_that_narrows_it() {
    let daemon = Daemon::start().await;
    let desk = connect(&daemon.path).await.unwrap();
    let mut list = next(None);
    let mut asked = Vec::new();
    while let Some(this) = list {
        list = next(Some(&this));
        let plain = Query { limit: 1, ..Query::all(this) };
        let near = Near::Hold(HoldId::tie(&tie()));
        let narrow = Query {
            filter: "a \"b\"".to_owned(),
            offset: 3,
            near: Some(near),
            order: Order::Record,
            tie: Some(TieId { crm: "8".into(), ..tie() }),
            since: Some(jiff::Timestamp::UNIX_EPOCH),
            from: Some(4),
            to: Some(9),
            ..plain.clone()
        };
        asked.extend([plain, narrow]);
    }
    for query in &asked {
        desk.query(query.clone()).await.unwrap_or_else(|error| panic!("{query:?}: {error}"));
    }
    assert_eq!(*daemon.fake.queries.lock().unwrap(), asked);
}
