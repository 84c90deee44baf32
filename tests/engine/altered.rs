//! Writes whose answer does not show what became of them: the next reading tells, even after a crash.

use crosstie::mapping::FieldSpec;
use crosstie::model::{Happening, Side, Value, Why};
use crosstie::seam::{Method, Request, Response};
use crosstie::standin::StandIn;
use crosstie::standin::bitrix24::{Entity, UserFieldType};
use serde_json::{Value as Json, json};

use crate::harness::{Bench, Plan, deal_hold};
use crate::wire::{Call, Fate};

const FIELD: &str = "UF_CRM_TAGS";

/// The method that empties a list of options answers with nothing but `true`.
fn empties(call: &Call) -> bool {
    call.side == Side::Crm && call.path == "/crm.deal.update"
}

/// Deals and their pages have a list of services, and the first deal has one.
async fn with_services() -> (Bench, String, String) {
    let plan = Plan {
        pairs: |specs| {
            let deals = specs.iter_mut().find(|spec| spec.name.as_str() == "deals").unwrap();
            let like = deals.fields.iter().find(|field| field.key.as_str() == "COMMENTS").unwrap().clone();
            deals.fields.push(FieldSpec { key: FIELD.into(), crm: FIELD.into(), notion: "Services".into(), ..like });
        },
        ..Plan::prompt()
    };
    let mut bench = Bench::new(plan);
    let options = ["Design", "Development", "Support"];
    {
        let mut crm = bench.wires.crm.lock().unwrap();
        crm.add_user_field(Entity::Deal, FIELD, UserFieldType::EnumerationMultiple, &options);
        let mut notion = bench.wires.notion.lock().unwrap();
        let named: Vec<Json> = options.iter().map(|name| json!({"name": name})).collect();
        let request = Request::new(Method::Patch, format!("/v1/data_sources/{}", bench.source("deals")))
            .header("authorization", format!("Bearer {}", notion.token()))
            .header("notion-version", "2026-03-11")
            .json(&json!({"properties": {"Services": {"multi_select": {"options": named}}}}));
        assert_eq!(notion.handle(&request, bench.now()).status, 200);
    }
    bench.start().await;
    bench.until("everything is tied and written", 600, async || bench.is_quiet().await).await;
    let (deal, page) = bench.deal().await;
    bench.edit_notion(&page, "Services", json!(["Design"]));
    bench.until("it has crossed", 300, async || !bench.deal_field(&deal, FIELD).is_null()).await;
    bench.pass(600).await;
    bench.forget_calls();
    (bench, deal, page)
}

/// Somebody has taken the service off the page. The CRM says that it took that, if `taken` truly so, and cannot be read
/// afterwards.
async fn assumed(taken: bool) -> (Bench, String, String) {
    let (bench, deal, page) = with_services().await;
    let mut sent = false;
    bench.faults(move |call| {
        if empties(call) {
            sent = true;
            return if taken { Fate::Pass } else { Fate::Instead(Response::json(200, &json!({"result": true}))) };
        }
        if sent && call.side == Side::Crm { Fate::NotSent } else { Fate::Pass }
    });
    bench.edit_notion(&page, "Services", json!([]));
    let written = async || bench.journal(Happening::Wrote).await.iter().any(|event| event.after == Some(Value::Empty));
    bench.until("it is written", 120, written).await;
    (bench, deal, page)
}

/// What the CRM kept is held as refused, and is nobody's edit back.
async fn is_refused(bench: &Bench, deal: &str, page: &str) {
    let id = deal_hold(deal, FIELD);
    bench.until("it is held", 300, async || bench.hold(&id).await.is_some()).await;
    bench.settle().await;
    bench.pass(2 * 3600).await;
    assert!(matches!(bench.hold(&id).await.unwrap().why, Why::Refused { side: Side::Crm, .. }));
    assert_eq!(bench.cell(page, "Services"), Json::Null, "the refusal was taken for an edit of the CRM");
    assert_eq!(bench.journal(Happening::Refused).await.len(), 1);
    assert_eq!(bench.writes().iter().filter(|call| empties(call)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_only_the_next_reading_shows_is_a_refusal() {
    let (bench, deal, page) = assumed(false).await;
    bench.no_faults();
    is_refused(&bench, &deal, &page).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_the_next_reading_does_not_turn_a_refusal_into_an_edit() {
    let (mut bench, deal, page) = assumed(false).await;
    bench.crash().await;
    bench.no_faults();
    bench.start().await;
    is_refused(&bench, &deal, &page).await;
}

#[tokio::test(start_paused = true)]
async fn a_listing_after_a_crash_that_still_shows_the_old_value_is_not_believed() {
    let (mut bench, deal, page) = assumed(true).await;
    bench.crash().await;
    // The index lags: what lists deals shows them as they were; a list by id comes from the table itself.
    let old = bench.deal_field(&deal, FIELD);
    assert!(old.is_null());
    let (crm, clock) = (bench.wires.crm.clone(), bench.wires.clock.clone());
    let mut lagging = None;
    bench.faults(move |call| {
        if call.side != Side::Crm || !call.is_listing() || call.body["entityTypeId"] != json!(2) {
            return Fate::Pass;
        }
        let answer = lagging.get_or_insert_with(|| {
            let now = crosstie::seam::WallClock::now(&*clock);
            let mut crm = crm.lock().unwrap();
            let target = format!("{}{}", crm.webhook_path(), call.path.trim_start_matches('/'));
            let all = json!({"entityTypeId": 2, "select": call.body["select"], "start": -1, "useOriginalUfNames": "Y"});
            let answer = crm.handle(&Request::new(Method::Post, target).json(&all), now);
            let mut body: Json = serde_json::from_slice(&answer.body).unwrap();
            for item in body["result"]["items"].as_array_mut().unwrap() {
                if item["id"].to_string().trim_matches('"') == deal {
                    item[FIELD] = json!([1]);
                }
            }
            Response::json(200, &body)
        });
        Fate::Instead(answer.clone())
    });
    bench.start().await;
    bench.pass(60).await;
    bench.no_faults();
    bench.settle().await;
    assert_eq!(bench.cell(&page, "Services"), Json::Null, "an old listing was taken for an edit");
    assert!(bench.claims().await.holds.is_empty());
    assert!(bench.journal(Happening::Refused).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_side_took_of_a_set_is_agreed_on_although_it_refuses_the_rest() {
    let (bench, deal, page) = with_services().await;
    let (crm, clock) = (bench.wires.crm.clone(), bench.wires.clock.clone());
    // Options have numbers in the order in which they were made, two apart.
    let design = bench.deal_field(&deal, FIELD)[0].to_string().trim_matches('"').parse::<u64>().unwrap();
    let support = (design + 4).to_string();
    bench.faults(move |call| {
        if call.side != Side::Crm || call.path != "/crm.item.update" || !call.body["fields"][FIELD].is_array() {
            return Fate::Pass;
        }
        let mut body = Json::clone(&call.body);
        body["fields"][FIELD].as_array_mut().unwrap().retain(|option| *option != json!(support));
        let now = crosstie::seam::WallClock::now(&*clock);
        let mut crm = crm.lock().unwrap();
        let target = format!("{}{}", crm.webhook_path(), call.path.trim_start_matches('/'));
        Fate::Instead(crm.handle(&Request::new(Method::Post, target).json(&body), now))
    });
    bench.edit_notion(&page, "Services", json!(["Design", "Development", "Support"]));
    let id = deal_hold(&deal, FIELD);
    bench.until("the rest is refused", 600, async || bench.hold(&id).await.is_some()).await;
    let taken = || bench.deal_field(&deal, FIELD).as_array().map_or(0, Vec::len);
    assert_eq!(taken(), 2, "Design and Development");
    bench.edit_notion(&page, "Services", json!(["Design", "Support"]));
    bench.until("what was taken out is taken out", 600, async || taken() == 1).await;
    bench.settle().await;
    let services = bench.cell(&page, "Services");
    let named = |name: &str| services.to_string().contains(name);
    assert!(named("Design") && named("Support") && !named("Development"), "{services}");
    assert!(matches!(bench.hold(&id).await.unwrap().why, Why::Refused { side: Side::Crm, .. }));
}
