//! The journal: a span of time, and how far a search has looked.

use crosstie::control::Command;

use crate::fixture::{Rig, at, full, on};

#[test]
fn the_journal_is_cut_to_a_span_of_time() {
    let mut rig = Rig::new((80, 24), full());
    rig.keys("6 s");
    rig.shows(&["last 15 minutes"]);
    let since = rig.effects.iter().rev().find_map(|effect| match effect {
        crosstie::tui::model::Effect::Query { query, .. } => query.since,
        _ => None,
    });
    assert_eq!(since, Some(at(-900)));
    for span in ["last hour", "last 24 hours", "last 7 days", "last 30 days"] {
        rig.keys("s");
        rig.shows(&[span]);
    }
    rig.keys("s");
    assert!(!rig.screen().contains("last 30 days"));
}

#[test]
fn a_search_of_the_journal_says_how_far_it_looked_and_a_key_looks_further_back() {
    use crosstie::control::{List, Looked};
    use crosstie::tui::model::Effect;
    let mut world = full();
    let looked = |from_line, whole| Looked { from_line, from: at(-86_400), until: Some(at(-60)), whole };
    world.looked = Some(looked(80_001, false));
    let mut rig = Rig::new((120, 40), world);
    let before = |rig: &Rig| {
        rig.effects.iter().rev().find_map(|effect| match effect {
            Effect::Query { query, .. } if query.list == List::Journal => Some(query.before),
            _ => None,
        })
    };
    rig.keys("6 / D enter");
    rig.shows(&["looked back to 11-19 12:00; m further back"]);
    assert_eq!(before(&rig), Some(None));
    rig.world.looked = Some(looked(1, true));
    rig.keys("m");
    assert_eq!(before(&rig), Some(Some(80_001)));
    rig.shows(&["looked from 11:59 back to 11-19 12:00; m the newest again"]);
    rig.keys("m");
    assert_eq!(before(&rig), Some(None), "after the oldest come the newest again");
    // A record's story has its limits too.
    rig.world.looked = Some(looked(80_001, false));
    rig.keys("2 enter");
    rig.shows(&["older than 11-19 12:00 was not looked for here"]);
}

#[test]
fn a_write_is_undone_from_its_line_of_the_journal_with_a_preview() {
    let mut rig = on("6");
    rig.keys("u");
    let screen = rig.screen();
    assert!(screen.contains("Notion: new → old") && screen.contains("CRM: stays as it is"), "{screen}");
    rig.keys("y");
    assert_eq!(rig.told(), [Command::Undo { event: 1, both: false }]);
    rig.keys("j b");
    assert!(rig.screen().contains("CRM: ends with old too"), "{}", rig.screen());
    rig.keys("y");
    assert_eq!(rig.told()[1], Command::Undo { event: 2, both: true });
    rig.world.journal[2].undoable = false;
    rig.world.journal[2].not_undoable = "Notion shows another value by now".into();
    rig.refresh();
    rig.keys("j u");
    assert!(rig.model.popups.is_empty() && rig.screen().contains("another value by now"), "{}", rig.screen());
}

#[test]
fn lines_that_come_stand_above_the_one_under_the_cursor_which_is_what_a_key_is_about() {
    let mut rig = on("6");
    let mut newer = rig.world.journal[0].clone();
    (newer.event.seq, newer.undoable) = (900, false);
    rig.world.journal.insert(0, newer);
    rig.refresh();
    assert_eq!(
        (rig.model.journal.at, rig.model.journal.top),
        (1, 0),
        "the news is seen, and the cursor is where it was"
    );
    rig.keys("u y");
    assert_eq!(rig.told(), [Command::Undo { event: 1, both: false }]);
    // Once there is no room above it, it stays in sight.
    for seq in 901..1_000 {
        let mut newer = rig.world.journal[0].clone();
        newer.event.seq = seq;
        rig.world.journal.insert(0, newer);
        rig.refresh();
    }
    let journal = &rig.model.journal;
    assert!(journal.at == 100 && journal.top > 0 && journal.current().unwrap().event.seq == 1, "{}", journal.at);
}
