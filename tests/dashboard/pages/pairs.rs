//! Pairs: how they correspond, and whether both sides hold the same.

use crosstie::control::{PairState, Sides};

use super::screens;
use crate::fixture::{Rig, full, holds_all};

#[test]
fn the_pairs_page_shows_mapping_and_rules_and_pauses_after_a_question() {
    let mut rig = Rig::new((100, 30), full());
    rig.keys("8");
    rig.shows(&["matched by: E-mail, then Name", "OPPORTUNITY", "Budget  (number, hold)", "x stops its writes"]);
    rig.keys("g g x");
    assert!(rig.told().is_empty());
    rig.shows(&["Nothing of contacts will be written"]);
    rig.keys("y");
    assert_eq!(rig.told(), [crosstie::control::Command::Pause { pair: "contacts".into() }]);
    rig.world.snapshot.pairs[0].paused = Some("by anna since 12:00".into());
    rig.refresh();
    rig.shows(&["= paused by anna"]);
    rig.keys("c y");
    assert_eq!(rig.told()[1], crosstie::control::Command::Resume { pair: "contacts".into() });
}

#[test]
fn a_mapping_is_asked_for_again_when_its_pair_or_schema_moves_and_its_counts_now_and_then() {
    use crosstie::control::List;
    use crosstie::tui::model::Effect;
    let mut rig = Rig::new((120, 40), full());
    rig.model.pair = Some("contacts".into());
    let asked = |rig: &Rig| {
        let mappings = rig.effects.iter().filter(
            |effect| matches!(effect, Effect::Query { query, .. } if matches!(query.list, List::Mapping { .. })),
        );
        mappings.count()
    };
    rig.keys("8");
    rig.refresh();
    assert_eq!(asked(&rig), 1, "what has not moved is not asked for again");
    rig.world.snapshot.pairs[0].shape = 7;
    rig.refresh();
    assert_eq!(asked(&rig), 2, "its schema moved");
    rig.world.snapshot.pairs[0].state = PairState::Stopped { why: "gone".into() };
    rig.refresh();
    assert_eq!(asked(&rig), 3, "its state moved");
    rig.ms += 6_000;
    rig.refresh();
    assert_eq!(asked(&rig), 4, "its guards count on");
}

#[test]
fn the_health_page_compares_both_sides() {
    for screen in screens("9 g g") {
        holds_all(&screen, &["130", "125", "+ 5 apart, by its rules", "3 wait for you as orphans", "connections"]);
    }
}

#[test]
fn health_warns_of_what_lacks_a_counterpart_that_the_pair_would_have_created_and_of_nothing_else() {
    let health = |crm: bool, notion: bool| {
        let mut world = full();
        world.snapshot.pairs.truncate(1);
        (world.snapshot.pairs[0].creates, world.snapshot.pairs[0].ties) = (Sides { crm, notion }, 120);
        let mut rig = Rig::new((120, 40), world);
        rig.keys("9");
        rig.screen()
    };
    // 130 and 125 records, 120 ties, 1 and 2 orphans.
    holds_all(&health(false, false), &["+ 5 apart, by its rules"]);
    holds_all(&health(true, false), &["! 9 have no counterpart yet"]);
    holds_all(&health(false, true), &["! 3 have no counterpart yet"]);
    holds_all(&health(true, true), &["! 12 have no counterpart yet"]);
}
