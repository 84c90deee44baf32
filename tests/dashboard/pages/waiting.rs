//! What stands still, and why: records that were set aside, and every row of the queue.

use crate::fixture::{Rig, at, full, holds_all};

#[test]
fn the_quarantine_explains_the_error_and_tries_again() {
    let mut world = full();
    world.holds.retain(|hold| hold.why == "refused");
    world.holds[0].why = "quarantined".into();
    world.holds[0].detail = "set aside after 5 tries: Access denied".into();
    let id = world.holds[0].id.clone();
    let mut rig = Rig::new((80, 24), world);
    rig.keys("7");
    rig.shows(&["Access denied", "give it the right", "t tries"]);
    rig.keys("t");
    assert_eq!(rig.told(), [crosstie::control::Command::Retry { id }]);
    // What the side's own table says of it is believed, and nothing is guessed beside it.
    rig.world.holds[0].means = "the entity is gone for good\u{7}".into();
    rig.refresh();
    rig.shows(&["Access denied", "It means: the entity is gone for good"]);
    assert!(!rig.screen().contains("give it the right") && !rig.screen().contains('\u{7}'));
}

#[test]
fn the_queue_is_hastened_after_a_question_and_what_was_sent_is_not() {
    use crosstie::control::QueueState;
    let mut rig = Rig::new((80, 24), full());
    rig.keys("5 t");
    assert!(rig.model.popups.is_empty());
    rig.shows(&["it was sent already, and is neither hastened"]);
    rig.world.queue[0].state = QueueState::Quiet;
    rig.refresh();
    rig.keys("t y");
    assert!(matches!(&rig.told()[..], [crosstie::control::Command::Hasten { .. }]));
}

#[test]
fn every_row_of_the_queue_says_what_it_really_waits_for() {
    use crosstie::control::{QueueState, Wait};
    let cases = [
        (Wait::Quiet, Some(at(15)), "~ quiet", "nobody has typed there"),
        (Wait::Retry, Some(at(300)), "~ again", "goes on at 12:05:00"),
        (Wait::Side, Some(at(60)), "~ trouble", "its side was in trouble"),
        (Wait::Paused, None, "= paused", "when somebody resumes it"),
        (Wait::Guard, None, "! guard", "a guard has stopped its pair"),
        (Wait::Approval, None, "! approve", "nobody has approved"),
        (Wait::SetAside, None, "x aside", "not by itself; tried 3 times"),
        (Wait::HeldBack, None, "= held", "somebody held it back"),
    ];
    for (waits, due, word, sentence) in cases {
        let mut world = full();
        let row = &mut world.queue[0];
        (row.state, row.waits, row.due, row.attempts) = (QueueState::Quiet, waits, due, 3);
        row.said = "Access denied\u{1b}[2J".into();
        let mut rig = Rig::new((120, 40), world);
        rig.keys("5");
        let screen = rig.screen();
        holds_all(&screen, &[word, sentence, "tried 3 times", "Access denied"]);
        assert!(due.is_some() || !screen.contains("goes on at"), "{screen}");
        assert!(waits == Wait::Quiet || !screen.contains("typed"), "{screen}");
        assert!(!screen.contains('\u{1b}'));
    }
}
