//! The host's clock is set forward, while a process runs and while none does: no storm, nothing lost, nothing forgotten, and
//! the journal tells what it means and what to do.

use crosstie::control::{Command, Resolution};
use crosstie::model::{Event, Happening, Value};
use crosstie::standin::bitrix24::Entity;
use crosstie::store::trees;
use jiff::SignedDuration;
use serde_json::json;

use crate::harness::{Bench, Plan, deal_hold};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// An office with a conflict that waits, one that was kept, and a tie that ended and has no survivor: the most forgettable
/// there is.
async fn lived() -> Bench {
    let mut plan = Plan { office: (4, 3, 3, 0), ..Plan::default() };
    // Days are lived through here: a look every ten minutes is enough.
    plan.timing.crm_poll = std::time::Duration::from_secs(600);
    plan.timing.notion_poll = plan.timing.crm_poll;
    plan.timing.sweep_every = std::time::Duration::from_secs(3_600);
    let bench = Bench::settled(plan).await;
    let deals = bench.ids(Entity::Deal);
    for deal in &deals[1..3] {
        let page = bench.page_of("deals", deal).await.unwrap();
        bench.edit_deal(deal, "COMMENTS", "by telephone");
        bench.edit_notion(&page, "Notes", "by letter");
    }
    let held = async || bench.claims().await.holds.len() == 2;
    bench.until("both are held", 1_800, held).await;
    let id = deal_hold(&deals[2], "COMMENTS");
    let shown = bench.shown(&id).await;
    bench.done(Command::Resolve { items: vec![Resolution::Keep { id, shown }] }).await;
    let contact = bench.ids(Entity::Contact)[3].clone();
    let page = bench.page_of("contacts", &contact).await.unwrap();
    bench.delete_crm(Entity::Contact, &contact);
    bench.trash_page(&page);
    let ended = async || bench.rows(trees::TOMBSTONES).len() == 1;
    bench.until("the tie has ended", 2 * 3_600, ended).await;
    bench.settle().await;
    bench.pass(600).await;
    bench
}

/// What must not be forgotten: rows by kind, and every line of the journal.
async fn kept(bench: &Bench) -> (usize, usize, usize, usize) {
    let claims = bench.claims().await;
    (claims.holds.len(), claims.decisions.len(), bench.rows(trees::TOMBSTONES).len(), claims.ties.len())
}

async fn told(bench: &Bench, what: &str) -> Vec<Event> {
    let mut lines = bench.journal(Happening::System).await;
    lines.retain(|line| line.note.contains(what));
    lines
}

/// An edit on either side crosses.
async fn edits_cross(bench: &Bench, number: u32) {
    let (deal, page) = bench.deal().await;
    bench.edit_deal(&deal, "OPPORTUNITY", format!("{number}"));
    bench.edit_notion(&page, "Notes", format!("note {number}"));
    let crossed = async || {
        bench.cell(&page, "Amount") == json!(number.to_string())
            && bench.deal_field(&deal, "COMMENTS") == json!(format!("note {number}"))
    };
    bench.until("both edits have crossed", 1_500, crossed).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forward_while_it_runs_brings_no_storm_and_forgets_nothing_and_is_told() {
    let bench = lived().await;
    let (before, lines) = (kept(&bench).await, bench.lines().await);
    bench.forget_calls();
    edits_cross(&bench, 4_711).await;
    bench.pass(600).await;
    let calm = bench.calls().len();
    for (number, (ahead, words)) in [(HOUR * 3, "3 h 0 min"), (DAY * 100, "100 d 0 h")].into_iter().enumerate() {
        *bench.ahead.lock().unwrap() += ahead;
        bench.forget_calls();
        edits_cross(&bench, 5_000 + u32::try_from(number).unwrap()).await;
        bench.pass(600).await;
        let calls = bench.calls().len();
        assert!(calls <= calm + calm / 2, "{calls} requests after it was set by {words}, {calm} before");
        assert_eq!(kept(&bench).await, before, "{words}");
        let line = told(&bench, &format!("set forward by {words}")).await;
        assert_eq!(line.len(), 1, "{line:#?}");
        assert!(line[0].note.contains("start crosstie again") && line[0].note.contains("timedatectl"), "{line:?}");
    }
    bench.pass(3 * 3_600).await;
    assert_eq!(told(&bench, "set forward").await.len(), 2, "each of them once");
    assert_eq!(kept(&bench).await, before);
    assert_eq!(bench.lines().await[..lines.len()], lines);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forward_while_nothing_runs_forgets_nothing_and_neither_does_putting_it_right() {
    let mut bench = lived().await;
    bench.file_days();
    let (before, lines) = (kept(&bench).await, bench.lines().await);
    // What an ordinary start asks for.
    bench.crash().await;
    bench.forget_calls();
    bench.start().await;
    bench.pass(2 * 3_600).await;
    let ordinary = bench.calls().len();
    assert!(told(&bench, "nothing ran for").await.is_empty(), "it was away for no time");

    // Longer than the journal and tombstones are kept.
    bench.shut_down().await;
    *bench.ahead.lock().unwrap() = DAY * 100;
    bench.forget_calls();
    bench.start().await;
    bench.pass(2 * 3_600).await;
    let calls = bench.calls().len();
    assert!(calls <= ordinary + ordinary / 2, "{calls} requests, {ordinary} after another start");
    let line = told(&bench, "nothing ran for 100 d 0 h").await;
    assert_eq!(line.len(), 1, "{line:#?}");
    assert!(matches!(line[0].before, Some(Value::DateTime(_))) && line[0].note.contains("set it right"), "{line:?}");
    assert_eq!(kept(&bench).await, before);
    assert_eq!(bench.lines().await[..lines.len()], lines, "the journal was cut");
    edits_cross(&bench, 4_711).await;

    // Put right again, and once more, with a life in between.
    for (number, hours) in [(0_u32, 1), (1, 30)] {
        bench.shut_down().await;
        *bench.ahead.lock().unwrap() = SignedDuration::ZERO;
        bench.pass(hours * 3_600).await;
        bench.start().await;
        edits_cross(&bench, 4_800 + number).await;
        bench.pass(3 * 3_600).await;
        assert_eq!(kept(&bench).await, before);
        assert_eq!(bench.lines().await[..lines.len()], lines);
    }
    assert_eq!(told(&bench, "set back").await.len(), 1);
    // Days go on being filed, although lines of a time that has not come lie among them.
    for day in 0..4 {
        edits_cross(&bench, 5_000 + day).await;
        bench.pass(24 * 3_600).await;
    }
    let filed = crosstie::store::segments::list(bench.filed()).unwrap();
    let first = bench.stored_lines()[0];
    let future = line[0].seq;
    assert!(!filed.is_empty() && first > future, "line {future} keeps {first} and all later ones in the store");
}
