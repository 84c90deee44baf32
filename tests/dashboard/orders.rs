//! Lists in another order: the engine's, over its windows, and called so only where it is so.

use crosstie::control::{List, Order, Query, Window};
use crosstie::tui::model::{Effect, Msg};
use crosstie::tui::update::update;

use crate::fixture::{Rig, full};

fn asked(rig: &Rig, list: &List) -> Query {
    let of_list = |effect: &Effect| match effect {
        Effect::Query { query, .. } if query.list == *list => Some(query.clone()),
        _ => None,
    };
    rig.effects.iter().rev().find_map(of_list).expect("nothing was asked")
}

#[test]
fn a_key_asks_for_the_next_order_and_at_last_for_the_lists_own() {
    use Order as O;
    for (page, list, orders) in [
        ("2", List::Holds, &[O::Oldest, O::Newest, O::Pair, O::Record, O::Own][..]),
        ("3", List::Orphans, &[O::Newest, O::Pair, O::Own][..]),
        ("5", List::Queue, &[O::Oldest, O::Newest, O::Pair, O::Own][..]),
        ("7", List::Quarantined, &[O::Oldest, O::Newest, O::Pair, O::Record, O::Own][..]),
    ] {
        let mut rig = Rig::new((120, 40), full());
        rig.keys(page);
        assert_eq!(asked(&rig, &list).order, O::Own);
        for order in orders {
            rig.keys("O");
            assert_eq!(asked(&rig, &list).order, *order, "page {page}");
        }
    }
    for page in ["1", "4", "6", "8", "9"] {
        let mut rig = Rig::new((120, 40), full());
        rig.keys(page);
        let before = rig.effects.len();
        rig.send(Msg::Key(crosstie::tui::keymap::Key::char('O')));
        assert_eq!(rig.effects.len(), before, "page {page} has one order");
        assert!(rig.screen().contains("other order: "), "and says why:\n{}", rig.screen());
    }
}

#[test]
fn the_cursor_stays_on_its_record_whatever_the_order() {
    let mut rig = Rig::new((120, 40), full());
    rig.keys("2 j j j");
    let here = rig.model.holds.on.clone();
    rig.world.holds.reverse();
    rig.keys("O");
    assert!(here.is_some() && rig.model.holds.on == here);
    assert!(asked(&rig, &List::Holds).near.is_some(), "the engine is told which record that is");
}

#[test]
fn the_heading_names_the_order_that_came_and_not_the_one_that_was_wanted() {
    let mut rig = Rig::new((120, 40), full());
    rig.keys("2 O");
    assert!(!rig.screen().contains("oldest first"), "this engine knows no other order:\n{}", rig.screen());
    // One that does.
    rig.model.holds.stale = true;
    rig.ms += 1_000;
    let effects = update(&mut rig.model, Msg::Tick { now: crate::fixture::at(0), ms: rig.ms });
    let Some(Effect::Query { tag, query }) = effects.into_iter().find(|it| matches!(it, Effect::Query { .. })) else {
        panic!("the list is asked for again")
    };
    let window = Window { order: query.order, ..rig.world.answer(&query) };
    update(&mut rig.model, Msg::Answer { tag, result: Ok(window), took: 0 });
    assert!(rig.screen().contains("oldest first"), "{}", rig.screen());
}
