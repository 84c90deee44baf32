//! Lists in the orders that can be asked for: whole, in windows, and around a record.

use crosstie::control::{HoldRow, List, Near, Order, Query, Rows, Window};
use crosstie::standin::bitrix24::Entity;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_hold};

fn holds(window: &Window) -> &[HoldRow] {
    match &window.rows {
        Rows::Holds(rows) => rows,
        other => panic!("{other:?}"),
    }
}

fn by(order: Order) -> Query {
    Query { limit: 100, order, ..Query::all(List::Holds) }
}

/// Five deals and a contact that both sides changed, the deals against the order of their ids and of their names.
async fn quarrels() -> Bench {
    let bench = Bench::settled(Plan { office: (3, 5, 5, 0), ..Plan::default() }).await;
    let deals = bench.ids(Entity::Deal);
    for (at, deal) in [2, 0, 4, 1, 3].into_iter().map(|at| (at, &deals[at])) {
        let page = bench.page_of("deals", deal).await.unwrap();
        bench.edit_deal(deal, "OPPORTUNITY", "100");
        bench.edit_notion(&page, "Amount", 200 + at);
        let held = async || bench.hold(&deal_hold(deal, "OPPORTUNITY")).await.is_some();
        bench.until("the amount is held", 120, held).await;
    }
    let contact = bench.ids(Entity::Contact)[0].clone();
    let page = bench.page_of("contacts", &contact).await.unwrap();
    bench.edit_crm(Entity::Contact, &contact, &[("PHONE", json!("+49 30 111"))]);
    bench.edit_notion(&page, "Phone", json!("+49 30 222"));
    let both = async || bench.query(by(Order::Own)).await.total == 6;
    bench.until("the phone is held", 120, both).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn holds_come_in_every_order_whole_in_windows_and_around_a_record() {
    let bench = quarrels().await;
    let pairs: Vec<String> = bench.specs.iter().map(|spec| spec.name.to_string()).collect();
    let place = |row: &HoldRow| pairs.iter().position(|name| *name == row.id.pair.to_string()).unwrap();
    let mut seen = Vec::new();
    for order in [Order::Own, Order::Oldest, Order::Newest, Order::Pair, Order::Record] {
        let whole = bench.query(by(order)).await;
        let rows = holds(&whole).to_vec();
        assert_eq!((whole.order, whole.total, rows.len()), (order, 6, 6));
        let sorted = match order {
            Order::Own | Order::Oldest => rows.is_sorted_by_key(|row| row.since),
            Order::Newest => rows.iter().rev().is_sorted_by_key(|row| row.since),
            Order::Pair => rows.is_sorted_by_key(|row| (place(row), row.since)),
            Order::Record => rows.is_sorted_by_key(|row| (place(row), row.title.to_lowercase())),
        };
        let told: Vec<_> = rows.iter().map(|row| (row.id.pair.to_string(), &row.title, row.since)).collect();
        assert!(sorted, "{order:?}: {told:?}");
        for limit in [1, 2, 4] {
            let mut pieces = Vec::new();
            for offset in (0..6).step_by(limit) {
                let query = Query { offset: offset as u64, limit: limit as u64, ..by(order) };
                pieces.extend(holds(&bench.query(query).await).to_vec());
            }
            assert_eq!(pieces, rows, "{order:?} in windows of {limit}");
        }
        for (at, row) in rows.iter().enumerate() {
            let near = Some(Near::Hold(row.id.clone()));
            let window = bench.query(Query { limit: 2, near, ..by(order) }).await;
            let from = usize::try_from(window.offset).unwrap();
            assert_eq!(holds(&window), &rows[from..(from + 2).min(6)], "{order:?} around {at}");
            assert!(holds(&window).contains(row), "{order:?} around {at}");
        }
        let ids: Vec<_> = rows.into_iter().map(|row| row.id).collect();
        assert!(!seen.contains(&ids) || order == Order::Oldest, "{order:?} is an order of its own: {ids:?}");
        seen.push(ids);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_know_an_order_comes_in_its_own_and_says_so() {
    let bench = quarrels().await;
    for list in [List::Orphans, List::Queue, List::Owners, List::Journal] {
        let window = bench.query(Query { limit: 10, order: Order::Record, ..Query::all(list.clone()) }).await;
        assert_eq!(window.order, Order::Own, "{list:?}");
    }
    let window = bench.query(Query { limit: 10, order: Order::Newest, ..Query::all(List::Orphans) }).await;
    assert_eq!(window.order, Order::Newest);
}
