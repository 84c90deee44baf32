//! How often a dashboard asks the engine.

use crosstie::control::List;
use crosstie::tui::model::Effect;

use crate::fixture::{Rig, full};

#[test]
fn a_search_that_takes_long_and_is_left_open_is_asked_again_seldom_and_at_once_for_another_text() {
    for (took, expected) in [(0, 20..=20), (300, 3..=4)] {
        let mut rig = Rig::new((120, 40), full());
        rig.keys("6 / a enter");
        rig.took = took;
        let asked = |rig: &Rig| {
            let journal =
                |effect: &&Effect| matches!(effect, Effect::Query { query, .. } if query.list == List::Journal);
            rig.effects.iter().filter(journal).count()
        };
        rig.refresh();
        let before = asked(&rig);
        // A snapshot a second, and something new in each.
        (0..20).for_each(|_| rig.refresh());
        let times = asked(&rig) - before;
        assert!(expected.contains(&times), "{took} ms: {times}");
        rig.keys("/ m");
        assert!(asked(&rig) > before + times, "whoever types waits for nothing");
    }
}
