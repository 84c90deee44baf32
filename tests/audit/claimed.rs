//! Outcomes that rest on a claim of the engine: each holds for the fitting value, field and time, and for no other.

use crosstie::model::{Happening, Hold, HoldId, Orphan, OrphanWhy, PairName, RecordId, RecordRef, Side, Value, Why};
use crosstie::sim::audit::{Outcome, TroubleKind};
use serde_json::json;

use super::support::*;

/// Notion's edit to "Big shop", over which the API wrote "Shop" again: lost, unless somebody says why.
fn overwritten() -> (Bench, String, String) {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.notion_edit(1_000, &page, "Name", "Big shop");
    bench.api_title(2_000, &page, "Shop");
    (bench, deal, page)
}

/// Both sides edited the title, to different values.
fn conflicting() -> (Bench, String, String) {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.notion_edit(1_000, &page, "Name", "Big shop");
    bench.api_crm(1_500, &deal, "TITLE", "Elsewhere");
    (bench, deal, page)
}

fn orphan(side: Side, id: &str, why: OrphanWhy) -> Orphan {
    let record = RecordRef { pair: PairName::from("deals"), side, id: RecordId::from(id) };
    Orphan { record, why, since: at(3_000) }
}

#[test]
fn settled_needs_the_value_that_lost() {
    for what in [Happening::Settled, Happening::Decided] {
        let (mut bench, deal, _) = overwritten();
        bench.journal(2_000, what, Side::Notion, &deal, "TITLE").before = Some(text("Big shop"));
        assert_eq!(bench.only(), Outcome::Settled, "{what:?}");
        bench.claims.journal[0].before = Some(text("Small shop"));
        assert_eq!(bench.only(), Outcome::Lost, "{what:?}");
    }
}

#[test]
fn settled_needs_the_field_the_side_the_tie_and_a_time_after_the_edit() {
    let (mut bench, deal, _) = overwritten();
    bench.journal(2_000, Happening::Settled, Side::Notion, &deal, "STAGE_ID").before = Some(text("Big shop"));
    bench.journal(2_000, Happening::Settled, Side::Crm, &deal, "TITLE").before = Some(text("Big shop"));
    bench.journal(2_000, Happening::Settled, Side::Notion, "999", "TITLE").before = Some(text("Big shop"));
    bench.journal(999, Happening::Settled, Side::Notion, &deal, "TITLE").before = Some(text("Big shop"));
    bench.journal(2_000, Happening::Seen, Side::Notion, &deal, "TITLE").before = Some(text("Big shop"));
    assert_eq!(bench.only(), Outcome::Lost);
    bench.journal(1_000, Happening::Settled, Side::Notion, &deal, "TITLE").before = Some(text("Big shop"));
    assert_eq!(bench.only(), Outcome::Settled);
}

#[test]
fn a_decision_for_a_value_does_not_excuse_its_loss() {
    let (mut bench, deal, _) = overwritten();
    bench.journal(2_000, Happening::Decided, Side::Notion, &deal, "TITLE").after = Some(text("Big shop"));
    assert_eq!(bench.only(), Outcome::Lost);
}

#[test]
fn a_conflict_is_held_only_with_the_value_it_is_about() {
    let why = |notion: &str| Why::Conflict { base: None, crm: text("Elsewhere"), notion: text(notion) };
    let (mut bench, deal, _) = conflicting();
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.hold(&deal, Some("TITLE"), why("Small shop"));
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.hold(&deal, Some("OPPORTUNITY"), why("Big shop"));
    bench.hold("999", Some("TITLE"), why("Big shop"));
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.hold(&deal, Some("TITLE"), why("Big shop"));
    assert_eq!(bench.only(), Outcome::Held);
}

#[test]
fn a_refused_value_is_held_while_the_hold_names_it() {
    let why = |sent: &str| Why::Refused { side: Side::Crm, sent: text(sent), reason: "too long".into() };
    let (mut bench, deal, _) = conflicting();
    bench.hold(&deal, Some("TITLE"), why("Small shop"));
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.hold(&deal, Some("TITLE"), why("Big shop"));
    assert_eq!(bench.only(), Outcome::Held);
}

#[test]
fn a_hold_without_a_value_keeps_only_what_is_still_there() {
    let (mut bench, deal, page) = conflicting();
    bench.hold(&deal, None, Why::DeletedAndEdited { gone: Side::Crm });
    assert_eq!(bench.only(), Outcome::Held);
    bench.api_title(3_000, &page, "Shop");
    assert_eq!(bench.only(), Outcome::Lost);
}

#[test]
fn a_held_pair_holds_all_of_it_and_nothing_of_another() {
    let (mut bench, _, _) = conflicting();
    let hold = |pair: &str| Hold {
        id: HoldId { pair: PairName::from(pair), crm: None, field: None },
        why: Why::MassChange { what: "30 titles".into(), plan: "abc".into(), count: 30 },
        since: at(2_000),
        edit: None,
    };
    bench.claims.holds.push(hold("contacts"));
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.claims.holds.push(hold("deals"));
    assert_eq!(bench.only(), Outcome::Held);
}

#[test]
fn an_orphan_is_held_unless_it_is_tied() {
    let (mut bench, _, page) = conflicting();
    bench.claims.orphans.push(orphan(Side::Notion, &page, OrphanWhy::CreationOff));
    assert_eq!(bench.only(), Outcome::Unsettled, "it is tied, so it is no orphan");
    bench.claims.ties.clear();
    assert_eq!(bench.only(), Outcome::Held);
    bench.claims.orphans[0].record.id = RecordId::from("another");
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn a_candidate_of_an_ambiguous_match_is_held() {
    let (mut bench, deal, page) = conflicting();
    bench.claims.ties.clear();
    let candidates = vec![RecordId::from(page.as_str()), RecordId::from("another")];
    bench.claims.orphans.push(orphan(Side::Crm, &deal, OrphanWhy::Ambiguous { candidates }));
    assert_eq!(bench.only(), Outcome::Held);
    bench.claims.orphans[0].why = OrphanWhy::Ambiguous { candidates: vec![RecordId::from("another")] };
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn a_quarantined_record_is_quarantined_until_it_is_released() {
    let (mut bench, deal, _) = conflicting();
    let why = Why::Quarantined { side: Side::Crm, reason: "400".into(), means: String::new(), attempts: 5 };
    bench.hold(&deal, None, why);
    assert_eq!(bench.only(), Outcome::Quarantined);
    bench.claims.holds.clear();
    bench.journal(4_000, Happening::Quarantined, Side::Crm, &deal, "TITLE").field = None;
    assert_eq!(bench.only(), Outcome::Quarantined);
    bench.journal(5_000, Happening::Released, Side::Crm, &deal, "TITLE").field = None;
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn quarantine_does_not_excuse_a_value_that_is_gone() {
    let (mut bench, deal, _) = overwritten();
    bench.hold(
        &deal,
        None,
        Why::Quarantined { side: Side::Crm, reason: "400".into(), means: String::new(), attempts: 5 },
    );
    assert_eq!(bench.only(), Outcome::Lost);
}

#[test]
fn possibly_overwritten_is_listed_with_its_value() {
    let (mut bench, deal, _) = overwritten();
    let what = Happening::PossiblyOverwritten;
    bench.journal(3_000, what, Side::Notion, &deal, "TITLE").before = Some(text("Small shop"));
    bench.journal(3_000, what, Side::Crm, &deal, "TITLE").before = Some(text("Big shop"));
    assert_eq!(bench.only(), Outcome::Lost);
    bench.journal(3_000, what, Side::Notion, &deal, "TITLE").before = Some(text("Big shop"));
    assert_eq!(bench.only(), Outcome::PossiblyOverwritten);
}

#[test]
fn exposed_is_an_edit_inside_the_window_of_the_write_that_took_it() {
    let cases = [
        ((900, 2_100), "TITLE", Side::Notion, Happening::Wrote, Outcome::Exposed),
        ((1_000, 2_000), "TITLE", Side::Notion, Happening::Wrote, Outcome::Exposed),
        ((1_001, 2_100), "TITLE", Side::Notion, Happening::Wrote, Outcome::Lost),
        ((900, 1_900), "TITLE", Side::Notion, Happening::Wrote, Outcome::Lost),
        ((900, 2_100), "STAGE_ID", Side::Notion, Happening::Wrote, Outcome::Lost),
        ((900, 2_100), "TITLE", Side::Crm, Happening::Wrote, Outcome::Lost),
        ((900, 2_100), "TITLE", Side::Notion, Happening::Refused, Outcome::Lost),
    ];
    for ((from, to), field, side, what, outcome) in cases {
        let (mut bench, deal, _) = overwritten();
        bench.journal(2_100, what, side, &deal, field).window = Some((at(from), at(to)));
        assert_eq!(bench.only(), outcome, "{from}..{to} {field} {side} {what:?}");
    }
}

#[test]
fn a_value_that_still_stands_was_not_exposed() {
    let (mut bench, deal, _) = conflicting();
    bench.journal(2_100, Happening::Wrote, Side::Notion, &deal, "TITLE").window = Some((at(900), at(2_100)));
    assert_eq!(bench.only(), Outcome::Unsettled);
}

#[test]
fn a_value_without_a_form_in_common_is_claimed_as_its_side_means_it() {
    let (mut bench, deal, _) = Bench::tied_deal();
    bench.crm_edit(1_000, &deal, "STAGE_ID", "EXECUTING");
    let why = |code: &str| Why::Unmappable {
        side: Side::Crm,
        value: Value::Choice(code.into()),
        reason: "no such status".into(),
    };
    bench.hold(&deal, Some("STAGE_ID"), why("PREPARATION"));
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.hold(&deal, Some("STAGE_ID"), why("EXECUTING"));
    assert_eq!(bench.only(), Outcome::Held);
}

#[test]
fn a_value_that_was_put_back_is_not_exposed_any_more() {
    let (mut bench, deal, page) = overwritten();
    bench.journal(2_100, Happening::Wrote, Side::Notion, &deal, "TITLE").window = Some((at(900), at(2_100)));
    assert_eq!(bench.only(), Outcome::Exposed);
    bench.api_title(3_000, &page, "Big shop");
    assert_eq!(bench.only(), Outcome::Unsettled, "it stands, so nothing excuses that it does not cross");
}

#[test]
fn claims_about_sets_are_compared_by_what_the_edit_added_and_removed() {
    let (mut bench, deal, page) = Bench::tied_deal();
    bench.notion_edit(-500, &page, "Responsible", json!([ANNA]));
    bench.notion_edit(1_000, &page, "Responsible", json!([BORIS]));
    let people = |email: &str| Value::people([email.to_owned()]);
    let why = |email: &str| Why::Conflict { base: None, crm: people("anna@example.com"), notion: people(email) };
    bench.hold(&deal, Some("ASSIGNED_BY_ID"), why("anna@example.com"));
    assert_eq!(bench.only(), Outcome::Unsettled);
    bench.hold(&deal, Some("ASSIGNED_BY_ID"), why("boris@example.com"));
    assert_eq!(bench.only(), Outcome::Held);

    let (mut bench, deal, page) = Bench::tied_deal();
    let contact = bench.contact(-7_000, &[("NAME", json!("Mia"))]);
    let mia = bench.contact_page(-6_000, &[("Name", json!("Mia"))]);
    bench.tie("contacts", &contact, &mia);
    bench.notion_edit(1_000, &page, "Contacts", json!([mia]));
    bench.api_notion(2_000, &page, "Contacts", json!({ "relation": [] }));
    let lost = Value::links([contact, "another".to_owned()]);
    bench.journal(2_000, Happening::Settled, Side::Notion, &deal, "CONTACT_IDS").before =
        Some(Value::links(["another".to_owned()]));
    assert_eq!(bench.only(), Outcome::Lost);
    bench.journal(2_000, Happening::Settled, Side::Notion, &deal, "CONTACT_IDS").before = Some(lost);
    assert_eq!(bench.only(), Outcome::Settled);
}

#[test]
fn a_record_that_is_set_aside_is_written_only_as_an_operator_ordered_since() {
    let written = |decided: &[(i64, &str)], note: &str, whole_pair: bool| {
        let (mut bench, deal, _) = Bench::tied_deal();
        let mut lines: Vec<(i64, Happening, &str, &str)> =
            vec![(1_000, Happening::Held, "", "set aside after 3 tries")];
        lines.extend(decided.iter().map(|(ms, field)| (*ms, Happening::Decided, *field, "Notion wins")));
        lines.push((3_000, Happening::Wrote, "TITLE", note));
        lines.sort_by_key(|(ms, ..)| *ms);
        for (ms, what, field, note) in lines {
            let event = bench.journal(ms, what, Side::Crm, &deal, field);
            event.note = note.to_owned();
            event.who = if what == Happening::Decided { "anna".to_owned() } else { String::new() };
            if what == Happening::Held {
                event.field = None;
                event.crm = event.crm.take().filter(|_| !whole_pair);
            }
        }
        bench.report().troubles.iter().any(|trouble| trouble.kind == TroubleKind::HeldWritten)
    };
    let order = "Notion forced by anna";
    assert!(!written(&[(2_000, "TITLE")], order, false));
    assert!(written(&[], order, false), "nobody ordered it");
    assert!(written(&[(500, "TITLE")], order, false), "ordered before it was set aside");
    assert!(written(&[(2_000, "OPPORTUNITY")], order, false), "another field was ordered");
    assert!(written(&[(2_000, "TITLE")], "Notion changed", false), "not what was ordered");
    assert!(written(&[(2_000, "TITLE")], order, true), "a guard holds the whole pair");
}
