//! What is told, when, and what is not told again.

use std::collections::BTreeSet;

use crosstie::control::{HoldRow, Link, PairState, Snapshot};
use crosstie::notices::{Memory, Notice, Seen, Topic, Verdict, Watcher, escaped, verdict};
use crosstie::seam::Response;
use jiff::SignedDuration;
use jiff::civil::Time;
use proptest::prelude::*;

use crate::desk::{hold, snapshot};

fn watcher(memory: Memory) -> Watcher {
    let daily = Time::new(8, 0, 0, 0).ok();
    Watcher::new(BTreeSet::from(Topic::ALL), SignedDuration::from_hours(1), daily, memory)
}

fn look(watcher: &mut Watcher, snapshot: &Snapshot, holds: &[HoldRow]) -> Vec<Notice> {
    watcher.look(&Seen { snapshot, holds, partial: false })
}

fn topics(notices: &[Notice]) -> Vec<Topic> {
    notices.iter().map(|notice| notice.topic).collect()
}

#[test]
fn a_conflict_is_told_once_a_record_and_again_only_when_it_was_gone_for_the_quiet_period() {
    let mut watcher = watcher(Memory::default());
    let both = [hold("7", "Amount", "conflict", "Roof"), hold("7", "Name", "conflict", "Roof")];
    let told = look(&mut watcher, &snapshot("29T09:00:00"), &both);
    assert_eq!(topics(&told), [Topic::Conflict]);
    assert_eq!(told[0].text, "Amount of Roof (deals) is held: both sides changed it");
    assert_eq!((told[0].pair.as_deref(), told[0].record.as_deref()), (Some("deals"), Some("7")));
    assert!(!serde_json::to_string(&told).unwrap().contains("nobody may read"));
    assert!(look(&mut watcher, &snapshot("29T12:00:00"), &both).is_empty(), "it stands, and was told");
    assert!(look(&mut watcher, &snapshot("29T12:00:01"), &[]).is_empty());
    // Told at nine, gone at noon: the quiet period has long passed.
    assert_eq!(look(&mut watcher, &snapshot("29T12:00:02"), &both).len(), 1);
    assert!(look(&mut watcher, &snapshot("29T12:10:00"), &[]).is_empty());
    assert!(look(&mut watcher, &snapshot("29T12:20:00"), &both).is_empty(), "within the quiet period");
}

#[test]
fn what_was_told_is_not_told_again_after_a_restart() {
    let both = [hold("7", "Amount", "conflict", "Roof"), hold("8", "", "quarantined", "Barn")];
    let mut first = watcher(Memory::default());
    assert_eq!(topics(&look(&mut first, &snapshot("29T09:00:00"), &both)), [Topic::Conflict, Topic::Quarantine]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notices.json");
    first.memory().save(&path).unwrap();
    assert_eq!(Memory::load(&path), *first.memory());
    let mut second = watcher(Memory::load(&path));
    // At first a pair is listed, and what stands shows only then.
    let mut listing = snapshot("29T15:00:00");
    listing.pairs[0].state = PairState::Listing;
    assert!(look(&mut second, &listing, &[]).is_empty());
    assert!(look(&mut second, &snapshot("29T15:00:10"), &both).is_empty());
    std::fs::write(&path, "broken").unwrap();
    assert_eq!(Memory::load(&path), Memory::default());
}

#[test]
fn a_stopped_pair_a_connection_and_drift_are_told_and_a_short_trouble_is_not() {
    let mut watcher = watcher(Memory::default());
    let mut now = snapshot("29T09:00:00");
    now.pairs[0].state = PairState::Guarded { what: "40 deletions".into(), plan: "p1".into(), count: 40 };
    now.pairs[0].drift = 3;
    now.sides.notion.link = Link::Troubled { why: "time-out".into() };
    now.sides.crm.link = Link::Down { why: "the token is refused".into() };
    let told = look(&mut watcher, &now, &[]);
    assert_eq!(topics(&told), [Topic::Stopped, Topic::Connection, Topic::Drift]);
    assert!(told[0].text.contains("40 deletions") && told[1].text.contains("token"), "{told:?}");
    // Another plan is another question; a trouble that lasts is told.
    now.at = crate::desk::at("29T09:01:01");
    now.pairs[0].state = PairState::Guarded { what: "50 deletions".into(), plan: "p2".into(), count: 50 };
    assert_eq!(topics(&look(&mut watcher, &now, &[])), [Topic::Stopped, Topic::Connection]);
    assert!(look(&mut watcher, &now, &[]).is_empty());
}

#[test]
fn every_hold_that_waits_for_a_person_is_told_and_none_that_a_person_made() {
    let whys = ["refused", "unmappable", "unreadable", "deleted", "misfit", "fighting", "duplicates"];
    for why in whys {
        let told = look(&mut watcher(Memory::default()), &snapshot("29T09:00:00"), &[hold("7", "Amount", why, "Roof")]);
        assert_eq!(topics(&told), [Topic::Hold], "{why}");
        assert!(told[0].text.starts_with("Amount of Roof (deals) ") && !told[0].text.contains("nobody may read"));
    }
    for why in ["parked", "undone", "guard"] {
        let told = look(&mut watcher(Memory::default()), &snapshot("29T09:00:00"), &[hold("7", "Amount", why, "Roof")]);
        assert!(told.is_empty(), "{why}: {told:?}");
    }
    // Fields of a pair that no longer fit are no record's, and each is told.
    let mut both = ["Amount", "Stage"].map(|field| hold("7", field, "misfit", "deals"));
    both.iter_mut().for_each(|hold| hold.id.crm = None);
    assert_eq!(look(&mut watcher(Memory::default()), &snapshot("29T09:00:00"), &both).len(), 2);
}

#[test]
fn that_a_connection_needs_a_person_is_told_after_it_was_told_that_it_is_tried_again() {
    let mut watcher = watcher(Memory::default());
    let mut now = snapshot("29T09:00:00");
    now.sides.notion.link = Link::Troubled { why: "time-out".into() };
    look(&mut watcher, &now, &[]);
    now.at = crate::desk::at("29T09:01:01");
    let told = look(&mut watcher, &now, &[]);
    assert!(told[0].next.contains("tried again by itself"), "{told:?}");
    now.at = crate::desk::at("29T09:01:30");
    now.sides.notion.link = Link::Down { why: "the token is refused".into() };
    let told = look(&mut watcher, &now, &[]);
    assert_eq!(topics(&told), [Topic::Connection]);
    assert!(told[0].next.contains("needs a person") && told[0].text.contains("token"), "{told:?}");
    assert!(look(&mut watcher, &now, &[]).is_empty());
}

#[test]
fn a_hold_that_is_out_of_sight_behind_too_many_others_is_not_told_again() {
    let mut watcher = watcher(Memory::default());
    let look = |watcher: &mut Watcher, time: &str, holds: &[HoldRow], partial: bool| {
        watcher.look(&Seen { snapshot: &snapshot(time), holds, partial })
    };
    let old = [hold("7", "Amount", "conflict", "Roof")];
    assert_eq!(look(&mut watcher, "29T09:00:00", &old, false).len(), 1);
    assert_eq!(look(&mut watcher, "29T12:00:00", &[hold("8", "Amount", "conflict", "Barn")], true).len(), 1);
    assert!(look(&mut watcher, "29T15:00:00", &old, true).is_empty(), "it stood all the time");
    look(&mut watcher, "29T18:00:00", &[], false);
    assert_eq!(look(&mut watcher, "29T21:00:00", &old, false).len(), 1, "it was gone");
}

#[test]
fn many_at_once_are_one_and_what_is_not_asked_for_is_not_told() {
    let many: Vec<HoldRow> =
        (0..40).map(|at| hold(&at.to_string(), "Amount", "conflict", &format!("Deal {at}"))).collect();
    let told = look(&mut watcher(Memory::default()), &snapshot("29T09:00:00"), &many);
    assert_eq!(told.len(), 1);
    assert!(told[0].text.ends_with("and 37 more of deals"), "{}", told[0].text);
    let mut drift_only = Watcher::new(BTreeSet::from([Topic::Drift]), SignedDuration::ZERO, None, Memory::default());
    assert!(look(&mut drift_only, &snapshot("29T09:00:00"), &many).is_empty());
}

#[test]
fn the_summary_comes_once_a_day_at_its_time_and_only_if_something_waits() {
    let mut watcher = watcher(Memory::default());
    let waits = |time: &str| Snapshot { conflicts: 2, holds: 3, quarantined: 1, orphans: 4, ..snapshot(time) };
    assert!(look(&mut watcher, &waits("29T07:00:00"), &[]).is_empty());
    let told = look(&mut watcher, &waits("29T08:00:00"), &[]);
    assert_eq!(topics(&told), [Topic::Daily]);
    assert_eq!(told[0].text, "What waits for you: 2 conflicts, 2 other holds, 1 quarantined record, 4 orphans");
    assert!(look(&mut watcher, &waits("29T20:00:00"), &[]).is_empty());
    assert!(look(&mut watcher, &snapshot("30T08:30:00"), &[]).is_empty(), "nothing waits");
    assert!(look(&mut watcher, &waits("30T09:00:00"), &[]).is_empty(), "today's was looked at");
    // A first start in the afternoon makes up for nothing.
    assert!(look(&mut self::watcher(Memory::default()), &waits("29T15:00:00"), &[]).is_empty());
}

#[test]
fn what_slack_says_of_a_dead_webhook_is_taken_for_that_and_nothing_else_is() {
    let said =
        |status: u16, body: &str| verdict(&Response { status, headers: Vec::new(), body: body.to_owned().into() });
    let words = [
        "no_service",
        "no_team",
        "no_active_hooks",
        "channel_not_found",
        "channel_is_archived",
        "action_prohibited",
        "invalid_token",
    ];
    for (status, word) in words.iter().flat_map(|word| [400, 403, 404, 410].map(|status| (status, word))) {
        assert_eq!(said(status, word), Verdict::Dead((*word).to_owned()), "{status}");
    }
    for body in ["", "<html>nothing here</html>"] {
        assert_eq!(said(404, body), Verdict::Dead("HTTP 404".into()));
        assert_eq!(said(410, body), Verdict::Dead("HTTP 410".into()));
    }
    assert!(matches!(said(400, "invalid_payload"), Verdict::Never(_)));
    assert!(matches!(said(403, "<html>a proxy's no</html>"), Verdict::Never(_)));
    assert!(matches!(said(500, "rollup_error"), Verdict::Again(_)));
    assert!(matches!(said(429, "rate_limited"), Verdict::Wait(_)));
}

proptest! {
    #[test]
    fn nothing_from_outside_is_a_mark_for_slack(text in "\\PC{0,80}|[<>&*_~`@#!|a-z \\n\\t]{0,700}") {
        let shown = escaped(&text);
        let marks = ['<', '>', '\n', '\t', '\u{1b}'];
        prop_assert!(!shown.contains(marks));
        // Every ampersand begins one of the three that we write.
        let written = ["&amp;", "&lt;", "&gt;"];
        prop_assert!(shown.match_indices('&').all(|(at, _)| written.iter().any(|it| shown[at..].starts_with(it))));
        let back = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let unmarked: String = back.chars().filter(|it| *it != '\u{200b}').collect();
        let plain: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).filter(|it| *it != '\u{200b}').collect();
        prop_assert!(unmarked == plain || unmarked.ends_with('…'));
        prop_assert!(shown.chars().count() <= 500 * 6);
    }

    #[test]
    fn every_answer_means_something(status in 100..600_u16, body in "[a-z_ <]{0,20}", header in proptest::option::of("[0-9a-z]{0,4}")) {
        let mut answer = Response { status, headers: Vec::new(), body: body.into() };
        if let Some(header) = header {
            answer = answer.header("retry-after", header);
        }
        let _ = verdict(&answer);
    }
}

#[test]
fn a_summary_told_by_a_clock_that_was_ahead_silences_no_later_day() {
    let mut watcher = watcher(Memory::default());
    let held = [hold("7", "Amount", "conflict", "Roof")];
    let daily = |watcher: &mut Watcher, at: &str| {
        let mut snapshot = snapshot(at);
        snapshot.conflicts = 1;
        look(watcher, &snapshot, &held).iter().filter(|notice| notice.topic == Topic::Daily).count()
    };
    assert_eq!(daily(&mut watcher, "10T09:00:00"), 0, "what was due before the first look is not made up for");
    assert_eq!(daily(&mut watcher, "28T09:00:00"), 1);
    assert_eq!((daily(&mut watcher, "11T09:00:00"), daily(&mut watcher, "11T09:00:01")), (1, 0), "it was set right");
    assert_eq!(daily(&mut watcher, "12T09:00:00"), 1);
}

proptest! {
    #[test]
    fn no_bytes_in_the_place_of_what_was_told_break_a_start(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "\\{\"(told|summary)\":(\\{\"a\":\"\\PC{0,20}\"\\}|\"[0-9-]{0,12}\"|[0-9]{1,20})\\}".prop_map(String::into_bytes),
        ],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notices.json");
        std::fs::write(&path, bytes).unwrap();
        let mut watcher = watcher(Memory::load(&path));
        look(&mut watcher, &snapshot("29T09:00:00"), &[hold("7", "Amount", "conflict", "Roof")]);
    }

    #[test]
    fn no_answer_of_slack_breaks_what_comes_of_it(
        status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..60), after in "[0-9]{0,22}|\\PC{0,12}",
    ) {
        let answer = Response { body: body.into(), ..Response::json(status, &serde_json::json!({})) };
        let _ = verdict(&answer.header("retry-after", after));
    }
}
