//! A new page gets its template as its body, whole and once, whatever happens on the way.

use crosstie::mapping::{PairSpec, Template};
use crosstie::model::{Happening, Side};
use crosstie::seam::{Method, Request, Response, WallClock};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::Entity;
use serde_json::{Value as Json, json};

use crate::harness::{BORIS, Bench, Plan};
use crate::wire::{Call, Fate};

/// The example's template, for deals.
#[allow(clippy::ptr_arg, reason = "a plan changes the list itself")]
fn shipped(pairs: &mut Vec<PairSpec>) {
    set(pairs, crosstie::config::EXAMPLE_TEMPLATE);
}

/// 250 paragraphs.
#[allow(clippy::ptr_arg, reason = "a plan changes the list itself")]
fn long(pairs: &mut Vec<PairSpec>) {
    let text: Vec<String> = (0..250).map(|at| format!("Line {at}")).collect();
    set(pairs, &text.join("\n\n"));
}

/// Items five deep, twice; and more of them side by side than a request may have.
#[allow(clippy::ptr_arg, reason = "a plan changes the list itself")]
fn deep(pairs: &mut Vec<PairSpec>) {
    let branch = "- a\n  - b\n    - c\n      - d\n        - e\n      - f\n";
    let wide: String = (0..120).map(|at| format!("  - under {at}\n")).collect();
    set(pairs, &format!("{branch}{branch}- wide\n{wide}"));
}

fn set(pairs: &mut [PairSpec], text: &str) {
    let deals = pairs.iter_mut().find(|pair| pair.name.as_str() == "deals").unwrap();
    deals.template = Some(Template::parse("deal.md", text));
}

async fn settled(pairs: fn(&mut Vec<PairSpec>)) -> Bench {
    Bench::settled(Plan { pairs, ..Plan::default() }).await
}

fn is_append(call: &Call) -> bool {
    call.side == Side::Notion && call.method == Method::Patch && call.path.ends_with("/children")
}

fn appends(bench: &Bench) -> usize {
    bench.calls().iter().filter(|call| is_append(call)).count()
}

fn new_deal(bench: &Bench) -> String {
    bench.add_crm(Entity::Deal, &[("TITLE", json!("New harbour"))])
}

/// The texts of a page or block, indented by depth, as the API shows them.
fn body(bench: &Bench, of: &str) -> Vec<String> {
    let (mut lines, mut cursor) = (Vec::new(), String::new());
    loop {
        let list = ask(bench, Method::Get, &format!("/v1/blocks/{of}/children?page_size=100{cursor}"));
        for block in list["results"].as_array().unwrap() {
            let kind = block["type"].as_str().unwrap();
            lines.push(block[kind]["rich_text"][0]["plain_text"].as_str().unwrap_or_default().to_owned());
            if block["has_children"] == true {
                lines.extend(body(bench, block["id"].as_str().unwrap()).into_iter().map(|line| format!(" {line}")));
            }
        }
        match list["next_cursor"].as_str() {
            Some(next) => cursor = format!("&start_cursor={next}"),
            None => return lines,
        }
    }
}

fn ask(bench: &Bench, method: Method, target: &str) -> Json {
    let mut notion = bench.wires.notion.lock().unwrap();
    let request = Request::new(method, target)
        .header("authorization", format!("Bearer {}", notion.token()))
        .header("notion-version", "2026-03-11");
    let response = notion.handle(&request, bench.wires.clock.now());
    assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    serde_json::from_slice(&response.body).unwrap()
}

fn lines() -> Vec<String> {
    (0..250).map(|at| format!("Line {at}")).collect()
}

async fn page_of(bench: &Bench, deal: &str) -> String {
    bench.until("it has its page", 1200, async || bench.page_of("deals", deal).await.is_some()).await;
    bench.page_of("deals", deal).await.unwrap()
}

/// Waits until the journal tells that a body of 250 blocks is whole.
async fn whole(bench: &Bench) {
    let is_told = async || told(bench, Happening::Wrote, "the 250 blocks of deal.md").await == 1;
    bench.until("all of it is there", 1200, is_told).await;
}

async fn told(bench: &Bench, what: Happening, part: &str) -> usize {
    bench.journal(what).await.iter().filter(|event| event.note.contains(part)).count()
}

#[tokio::test(start_paused = true)]
async fn a_new_page_gets_its_template_and_pages_that_were_there_get_none() {
    let bench = settled(shipped).await;
    let (_, old) = bench.deal().await;
    let deal = new_deal(&bench);
    let page = page_of(&bench, &deal).await;
    bench.settle().await;
    let there = body(&bench, &page);
    for section in ["Requirements", "Deadlines", "Contacts"] {
        assert!(there.iter().any(|line| line == section), "{there:?}");
    }
    assert_eq!((there.len(), appends(&bench)), (13, 1));
    assert_eq!(body(&bench, &old), Vec::<String>::new());
    assert_eq!(told(&bench, Happening::Wrote, "the 13 blocks of deal.md").await, 1);
    // Nothing of it is anybody's edit, and nothing more is sent.
    bench.forget_calls();
    bench.pass(900).await;
    assert!(bench.writes().is_empty(), "{:#?}", bench.writes());
    // A page that a person makes is that person's.
    let own = bench.add_page("deals", &[("Name", json!("By hand"))]);
    bench.until("it has its deal", 600, async || bench.record_of("deals", &own).await.is_some()).await;
    bench.settle().await;
    assert_eq!(body(&bench, &own), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn two_hundred_and_fifty_blocks_are_there_in_order_after_a_cut_behind_the_second_request() {
    for fate in [Fate::LostAnswer, Fate::LostRequest, Fate::NotSent] {
        let bench = settled(long).await;
        let (mut seen, cut) = (0, fate.clone());
        bench.faults(move |call| {
            seen += usize::from(is_append(call));
            if is_append(call) && seen == 2 { cut.clone() } else { Fate::Pass }
        });
        let deal = new_deal(&bench);
        let page = page_of(&bench, &deal).await;
        whole(&bench).await;
        bench.settle().await;
        assert_eq!(body(&bench, &page), lines(), "{fate:?}");
        let sent: Vec<_> = bench.calls().into_iter().filter(is_append).collect();
        assert_eq!(sent.len(), if matches!(fate, Fate::LostAnswer) { 3 } else { 4 }, "{fate:?}");
        if !matches!(fate, Fate::NotSent) {
            let waited = sent[2].at.duration_since(sent[1].at).as_secs();
            assert!(waited >= 65, "{fate:?}: it went on {waited} s after a request that could still arrive");
        }
        assert!(bench.claims().await.intents.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_between_any_two_requests_goes_on_where_it_was() {
    for appended in 1..=3 {
        for millis in [0, 15, 30, 50, 400] {
            let mut bench = settled(long).await;
            let deal = new_deal(&bench);
            while appends(&bench) < appended {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
            bench.crash().await;
            bench.pass(20).await;
            bench.start().await;
            let page = page_of(&bench, &deal).await;
            whole(&bench).await;
            bench.settle().await;
            assert_eq!(body(&bench, &page), lines(), "dead {millis} ms after append {appended}");
            assert_eq!(appends(&bench), 3, "dead {millis} ms after append {appended}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_creation_was_not_answered_gets_its_body_when_it_is_found() {
    let bench = settled(long).await;
    bench.once(|call| call.side == Side::Notion && call.is_create(), Fate::LostAnswer);
    let deal = new_deal(&bench);
    let page = page_of(&bench, &deal).await;
    whole(&bench).await;
    assert_eq!((body(&bench, &page), bench.creates().len(), appends(&bench)), (lines(), 1, 3));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_and_is_not_shown_yet_is_not_added_again() {
    let bench = settled(long).await;
    let nothing =
        Response::json(200, &json!({ "object": "list", "results": [], "has_more": false, "next_cursor": null }));
    let (mut added, mut hidden) = (false, false);
    bench.faults(move |call| {
        let reads = call.method == Method::Get && call.path.starts_with("/v1/blocks/");
        added |= is_append(call);
        if reads && added && !std::mem::replace(&mut hidden, true) {
            return Fate::Instead(nothing.clone());
        }
        Fate::Pass
    });
    let deal = new_deal(&bench);
    let page = page_of(&bench, &deal).await;
    whole(&bench).await;
    assert_eq!((body(&bench, &page), appends(&bench)), (lines(), 3));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_pace_or_an_outage_is_waited_out_and_compared_again() {
    for (status, code) in [(429, "rate_limited"), (500, "internal_server_error"), (503, "service_unavailable")] {
        let bench = settled(long).await;
        let answer = Response::json(status, &json!({ "object": "error", "code": code, "message": "no" }));
        let answer = answer.header("retry-after", "20");
        let mut refused = 0;
        bench.faults(move |call| {
            refused += usize::from(is_append(call));
            if is_append(call) && (2..4).contains(&refused) { Fate::Instead(answer.clone()) } else { Fate::Pass }
        });
        let deal = new_deal(&bench);
        let page = page_of(&bench, &deal).await;
        whole(&bench).await;
        bench.settle().await;
        assert_eq!(body(&bench, &page), lines(), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_person_has_written_is_left_alone_and_told() {
    // Before anything of the template was there, and when a part of it was.
    for written_after in [0, 1] {
        let bench = settled(long).await;
        let (notion, clock) = (bench.wires.notion.clone(), bench.wires.clock.clone());
        let mut seen = 0;
        bench.faults(move |call| {
            if call.method == Method::Get && call.path.starts_with("/v1/blocks/") {
                if seen == written_after {
                    let page = call.path.split('/').nth(3).unwrap();
                    let now = clock.now();
                    notion.lock().unwrap().person_write(now, BORIS, page, "mine").unwrap();
                }
                seen += 1;
            }
            Fate::Pass
        });
        let deal = new_deal(&bench);
        let page = page_of(&bench, &deal).await;
        bench
            .until("it is told", 300, async || told(&bench, Happening::Refused, "content of its own").await == 1)
            .await;
        bench.settle().await;
        let mut expected = lines();
        expected.truncate(100 * written_after);
        expected.push("mine".to_owned());
        assert_eq!(body(&bench, &page), expected);
        // Its fields are kept in step all the same.
        bench.edit_deal(&deal, "OPPORTUNITY", "4711");
        bench.until("the amount is there", 120, async || bench.cell(&page, "Amount") == "4711").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_block_that_a_person_has_removed_meanwhile_is_not_put_back() {
    let bench = settled(long).await;
    let (notion, clock) = (bench.wires.notion.clone(), bench.wires.clock.clone());
    let mut reads = 0;
    bench.faults(move |call| {
        if call.method == Method::Get && call.path.starts_with("/v1/blocks/") {
            reads += 1;
            if reads == 2 {
                let mut notion = notion.lock().unwrap();
                let (token, now) = (notion.token().to_owned(), clock.now());
                let mut ask = |method, target: &str| {
                    let request = Request::new(method, target)
                        .header("authorization", format!("Bearer {token}"))
                        .header("notion-version", "2026-03-11");
                    serde_json::from_slice::<Json>(&notion.handle(&request, now).body).unwrap()
                };
                let list = ask(Method::Get, &format!("{}?page_size=100", call.path));
                let last = list["results"][99]["id"].as_str().unwrap().to_owned();
                ask(Method::Delete, &format!("/v1/blocks/{last}"));
            }
        }
        Fate::Pass
    });
    let deal = new_deal(&bench);
    let page = page_of(&bench, &deal).await;
    bench.until("it is told", 300, async || told(&bench, Happening::Refused, "changed or removed").await == 1).await;
    bench.settle().await;
    assert_eq!(body(&bench, &page), lines()[..99]);
    assert_eq!(appends(&bench), 1);
}

#[tokio::test(start_paused = true)]
async fn deeper_and_wider_bodies_than_a_request_may_hold_are_whole_in_the_end() {
    let bench = settled(deep).await;
    let deal = new_deal(&bench);
    let page = page_of(&bench, &deal).await;
    bench.settle().await;
    let branch = ["a", " b", "  c", "   d", "    e", "   f"];
    let mut expected: Vec<String> = branch.iter().chain(&branch).map(|line| (*line).to_owned()).collect();
    expected.push("wide".to_owned());
    expected.extend((0..120).map(|at| format!(" under {at}")));
    assert_eq!(body(&bench, &page), expected);
    assert_eq!(told(&bench, Happening::Wrote, "the 133 blocks of deal.md").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_being_filled_is_written_by_nothing_else_meanwhile() {
    let bench = settled(long).await;
    let slow = Fate::SlowAnswer(std::time::Duration::from_secs(20));
    bench.faults(move |call| if is_append(call) { slow.clone() } else { Fate::Pass });
    let deal = new_deal(&bench);
    let page = page_of(&bench, &deal).await;
    while appends(&bench) == 0 {
        bench.pass(1).await;
    }
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench
        .until("both are done", 300, async || bench.cell(&page, "Amount") == "4711" && body(&bench, &page).len() == 250)
        .await;
    bench.settle().await;
    let writes: Vec<Call> = bench.writes().into_iter().filter(|call| call.side == Side::Notion).collect();
    for pair in writes.windows(2).filter(|pair| is_append(&pair[0])) {
        let apart = pair[1].at.duration_since(pair[0].at).as_secs();
        assert!(apart >= 20, "two writes of one page at once: {pair:#?}");
    }
    assert_eq!(body(&bench, &page), lines());
}

#[tokio::test(start_paused = true)]
async fn a_template_that_is_refused_is_tried_again_twice_and_left_out_then() {
    let bench = settled(shipped).await;
    let no = Response::json(400, &json!({ "object": "error", "code": "validation_error", "message": "no such block" }));
    bench.faults(move |call| if is_append(call) { Fate::Instead(no.clone()) } else { Fate::Pass });
    let deal = new_deal(&bench);
    let page = page_of(&bench, &deal).await;
    bench.edit_deal(&deal, "OPPORTUNITY", "4711");
    bench.until("the amount is there", 120, async || bench.cell(&page, "Amount") == "4711").await;
    bench.pass(2 * 3600).await;
    assert_eq!(appends(&bench), 3);
    assert_eq!(told(&bench, Happening::Refused, "no such block").await, 1);
    assert!(bench.claims().await.holds.is_empty());
}
