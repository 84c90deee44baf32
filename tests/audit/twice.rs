//! Duplicates and loops.

use crosstie::model::{Happening, RecordId, Side};
use crosstie::sim::audit::TroubleKind;
use crosstie::standin::bitrix24::Entity;
use jiff::SignedDuration;
use serde_json::json;

use super::support::*;

#[test]
fn a_first_counterpart_is_no_duplicate() {
    let mut bench = Bench::new();
    let deal = bench.deal(1_000, &[("TITLE", json!("Shop"))]);
    bench.api_page(2_000, 1, "Shop", &deal, None);
    assert_eq!(bench.report().duplicates, 0);
}

#[test]
fn a_second_counterpart_of_one_source_is_a_duplicate() {
    let mut bench = Bench::new();
    let deal = bench.deal(1_000, &[("TITLE", json!("Shop"))]);
    let first = bench.api_page(2_000, 1, "Shop", &deal, None);
    bench.api_page(3_000, 1, "Shop", &deal, None);
    let report = bench.report();
    assert_eq!(report.duplicates, 1);
    let told = report.troubles.iter().find(|trouble| trouble.kind == TroubleKind::Duplicate).unwrap();
    assert!(told.side == Side::Notion && told.text.contains(&first), "{}", told.text);
}

#[test]
fn a_counterpart_made_anew_after_the_first_went_away_is_no_duplicate() {
    let mut bench = Bench::new();
    let deal = bench.deal(1_000, &[("TITLE", json!("Shop"))]);
    let first = bench.api_page(2_000, 1, "Shop", &deal, None);
    bench.notion.person_trash(at(2_500), BORIS, &first).unwrap();
    bench.api_page(3_000, 1, "Shop", &deal, None);
    assert_eq!(bench.report().duplicates, 0);
}

#[test]
fn a_trashed_duplicate_was_one_all_the_same() {
    let mut bench = Bench::new();
    let deal = bench.deal(1_000, &[("TITLE", json!("Shop"))]);
    bench.api_page(2_000, 1, "Shop", &deal, None);
    let second = bench.api_page(3_000, 1, "Shop", &deal, None);
    bench.notion.person_trash(at(4_000), BORIS, &second).unwrap();
    assert_eq!(bench.report().duplicates, 1);
}

#[test]
fn a_page_that_a_person_duplicated_is_nobodys_counterpart() {
    let mut bench = Bench::new();
    let deal = bench.deal(1_000, &[("TITLE", json!("Shop"))]);
    let first = bench.api_page(2_000, 1, "Shop", &deal, None);
    bench.notion.person_duplicate(at(2_500), BORIS, &first).unwrap();
    assert_eq!(bench.report().duplicates, 0);
    bench.notion.person_trash(at(2_600), BORIS, &first).unwrap();
    bench.api_page(3_000, 1, "Shop", &deal, None);
    assert_eq!(bench.report().duplicates, 0, "only the copy was there");
}

#[test]
fn an_address_saved_between_the_look_and_the_creation_could_not_be_seen() {
    let duplicates = |saved: i64| {
        let mut bench = Bench::new();
        let page = bench.contact_page(500, &[("Email", json!("mia@kestrel.example"))]);
        bench.contact(saved, &[("NAME", json!("Mia")), ("EMAIL", json!("mia@kestrel.example"))]);
        let made = bench.api_contact(2_000, "mia@kestrel.example", &page);
        let event = bench.journal(2_050, Happening::Created, Side::Crm, &made, "");
        (event.pair, event.field) = (Some("contacts".into()), None);
        event.window = Some((at(1_900), at(2_050)));
        bench.report().duplicates
    };
    assert_eq!(duplicates(1_950), 0, "inside the window");
    assert_eq!(duplicates(1_850), 1, "it was there to be found");
}

#[test]
fn a_record_with_an_address_that_somebody_had_is_a_duplicate() {
    let mut bench = Bench::new();
    let page = bench.contact_page(1_000, &[("Name", json!("Mia")), ("Email", json!("mia@kestrel.example"))]);
    bench.api_contact(2_000, "mia@kestrel.example", &page);
    assert_eq!(bench.report().duplicates, 0);

    let mut bench = Bench::new();
    bench.contact(500, &[("NAME", json!("Mia")), ("EMAIL", json!("MIA@kestrel.example"))]);
    let page = bench.contact_page(1_000, &[("Name", json!("Mia")), ("Email", json!("mia@kestrel.example"))]);
    bench.api_contact(2_000, "mia@kestrel.example", &page);
    assert_eq!(bench.report().duplicates, 1);
}

#[test]
fn a_contact_made_after_the_page_got_its_counterpart_is_a_duplicate() {
    let mut bench = Bench::new();
    let page = bench.contact_page(1_000, &[("Name", json!("Mia"))]);
    let first = bench.api_contact(2_000, "mia@kestrel.example", "");
    bench.api_notion(2_500, &page, "CRM ID", json!({ "rich_text": [{ "text": { "content": first } }] }));
    // Another address and no markers: only the page tells that it had a counterpart.
    let second = bench.api_contact(3_000, "mia.costa@kestrel.example", "");
    bench.api_notion(3_500, &page, "CRM ID", json!({ "rich_text": [{ "text": { "content": second } }] }));
    assert_eq!(bench.report().duplicates, 1);
}

#[test]
fn two_live_records_made_for_the_same_are_duplicates_and_one_that_is_linked_anew_is_none() {
    let mut bench = Bench::new();
    let (one, other) = (bench.deal(500, &[]), bench.deal(600, &[]));
    bench.api_page(2_000, 1, "One", &one, None);
    let second = bench.api_page(3_000, 1, "Other", &other, None);
    assert_eq!(bench.report().duplicates, 0);
    bench.api_notion(4_000, &second, "CRM ID", json!({ "rich_text": [{ "text": { "content": one } }] }));
    assert_eq!(bench.report().duplicates, 0, "its marker changed with a link");
    bench.api_page(5_000, 1, "One", &one, None);
    assert_eq!(bench.report().duplicates, 1);
}

#[test]
fn a_value_that_comes_back_for_the_third_time_is_a_loop() {
    let (mut bench, _, page) = Bench::tied_deal();
    for (ms, title) in [(1_000, "A"), (2_000, "B"), (3_000, "A"), (4_000, "B")] {
        bench.api_title(ms, &page, title);
    }
    assert_eq!(bench.report().loops, 0, "twice may be a repair");
    bench.api_title(5_000, &page, "A");
    let report = bench.report();
    assert_eq!((report.loops, report.troubles.len()), (1, 1));
    assert_eq!((report.troubles[0].kind, report.troubles[0].seqs.len()), (TroubleKind::Loop, 3));
}

#[test]
fn values_that_people_set_again_are_no_loop() {
    for on_own_side in [true, false] {
        let (mut bench, deal, page) = Bench::tied_deal();
        for (ms, title) in [(1_000, "A"), (2_000, "B"), (3_000, "A"), (4_000, "B")] {
            bench.api_title(ms, &page, title);
        }
        if on_own_side {
            bench.notion_edit(4_500, &page, "Name", "C");
        } else {
            bench.crm_edit(4_500, &deal, "TITLE", "C");
        }
        bench.api_title(5_000, &page, "A");
        assert_eq!(bench.report().loops, 0);
    }
}

#[test]
fn what_came_back_is_made_again_only_after_it_was_forgotten_by_the_engines_own_clock() {
    let mut bench = Bench::new();
    let contact = bench.contact(-9_000, &[("NAME", json!("Mia"))]);
    let page = bench.contact_page(-8_000, &[("Name", json!("Mia"))]);
    for (ms, what) in [(-5_000, Happening::Tied), (3_000, Happening::Untied)] {
        let event = bench.journal(ms, what, Side::Crm, &contact, "FULL_NAME");
        (event.pair, event.notion) = (Some("contacts".into()), Some(RecordId::from(page.as_str())));
    }
    bench.crm.person_delete(at(1_000), ANNA, Entity::Contact, &contact).unwrap();
    bench.notion.person_trash(at(2_000), BORIS, &page).unwrap();
    bench.notion.person_restore(at(62_000), BORIS, &page).unwrap();
    bench.api_contact(63_000, "mia@example.com", &page);
    let resurrected =
        |bench: &Bench| bench.report().troubles.iter().any(|trouble| trouble.kind == TroubleKind::Resurrection);
    let seconds = SignedDuration::from_secs;
    assert!(resurrected(&bench));
    bench.remember_gone = seconds(60);
    assert!(!resurrected(&bench), "it was forgotten");
    bench.remember_gone = seconds(100);
    assert!(resurrected(&bench));
    bench.leaps = vec![(at(30_000), seconds(39))];
    assert!(resurrected(&bench));
    bench.leaps = vec![(at(1_500), seconds(40)), (at(62_500), seconds(40))];
    assert!(resurrected(&bench), "the clock was set while it was there");
    bench.leaps = vec![(at(30_000), seconds(40))];
    assert!(!resurrected(&bench), "to the engine it was away for so long");
}
