//! Somebody who works in the CRM and has no account in Notion is kept as a text beside the people.

use crosstie::mapping::FieldSpec;
use crosstie::model::{Happening, Side, Why};
use serde_json::{Value as Json, json};

use crate::harness::{ANNA, BORIS, Bench, Plan, deal_hold};

const TEXT: &str = "Responsible (e-mail)";
const OLGA: &str = "olga@crm.example";

/// Deals whose responsible person may be somebody whom Notion does not know; with the text for that, or without.
async fn ready(fallback: bool) -> (Bench, String, String, String) {
    let mut bench = Bench::new(Plan { office: (2, 1, 1, 0), ..Plan::default() });
    let olga = bench.wires.crm.lock().unwrap().add_person("Olga Sokolova", OLGA).to_string();
    bench.reshape("deals", &json!({ TEXT: { "rich_text": {} } }));
    if fallback {
        let deals = bench.specs.iter_mut().find(|spec| spec.name.as_str() == "deals").unwrap();
        let at = deals.fields.iter().position(|field| field.crm.as_str() == "ASSIGNED_BY_ID").unwrap();
        deals.fields[at] = FieldSpec { fallback: Some(TEXT.into()), ..deals.fields[at].clone() };
        let text = deals.fields[at].of_unmatched().unwrap();
        deals.fields.insert(at + 1, text);
    }
    bench.start().await;
    bench.until("everything is tied and written", 600, async || bench.is_quiet().await).await;
    bench.pass(300).await;
    let (deal, page) = bench.deal().await;
    bench.forget_calls();
    (bench, olga, deal, page)
}

/// The id of somebody in the CRM.
fn in_crm(bench: &Bench, name: &str) -> String {
    bench.wires.crm.lock().unwrap().people().iter().find(|it| it.name == name).unwrap().id.to_string()
}

fn in_notion(bench: &Bench, name: &str) -> String {
    bench.wires.notion.lock().unwrap().people().iter().find(|(_, it)| it == name).unwrap().0.clone()
}

#[tokio::test(start_paused = true)]
async fn whom_nobody_corresponds_to_is_named_in_the_text_and_whoever_follows_takes_the_place_of_both() {
    let (bench, olga, deal, page) = ready(true).await;
    let shows = |who: Json, text: Json| {
        assert_eq!((bench.cell(&page, "Responsible"), bench.cell(&page, TEXT)), (who, text));
    };
    let [anna, boris] = [ANNA, BORIS].map(|name| (in_crm(&bench, name), in_notion(&bench, name)));
    bench.edit_deal(&deal, "ASSIGNED_BY_ID", json!([anna.0]));
    bench.settle().await;
    shows(json!([anna.1]), Json::Null);
    // Somebody without an account there: the text says who, and nobody is left among the people.
    bench.edit_deal(&deal, "ASSIGNED_BY_ID", json!([olga]));
    bench.settle().await;
    shows(Json::Null, json!(OLGA));
    bench.pass(3700).await;
    assert_eq!(bench.deal_field(&deal, "ASSIGNED_BY_ID"), json!([olga]), "nobody in Notion is nobody's choice");
    // The text is written by us alone: what somebody types there is settled against, and kept in the journal.
    bench.edit_notion(&page, TEXT, "somebody@else.example");
    bench.settle().await;
    shows(Json::Null, json!(OLGA));
    assert_eq!(bench.deal_field(&deal, "ASSIGNED_BY_ID"), json!([olga]));
    let told = bench.journal(Happening::Seen).await;
    let typed =
        |value: &Option<crosstie::model::Value>| value.as_ref().is_some_and(|it| it.show().contains("else.example"));
    assert!(told.iter().any(|event| event.side == Some(Side::Notion) && typed(&event.after)), "{told:?}");
    // Somebody is chosen in Notion: the CRM has them, and the text is empty again.
    bench.edit_notion(&page, "Responsible", json!([boris.1]));
    bench.settle().await;
    assert_eq!(bench.deal_field(&deal, "ASSIGNED_BY_ID"), json!([boris.0]));
    shows(json!([boris.1]), Json::Null);
    // She gets an account: from then on she is one of the people.
    bench.edit_deal(&deal, "ASSIGNED_BY_ID", json!([olga]));
    bench.settle().await;
    shows(Json::Null, json!(OLGA));
    let account = bench.wires.notion.lock().unwrap().add_person("Olga Sokolova", OLGA);
    bench
        .until("she is among the people", 2 * 3700, async || bench.cell(&page, "Responsible") == json!([account]))
        .await;
    bench.settle().await;
    shows(json!([account]), Json::Null);
    assert!(bench.claims().await.holds.is_empty(), "{:?}", bench.claims().await.holds);
}

#[tokio::test(start_paused = true)]
async fn without_the_text_it_is_held_and_says_whom_to_invite() {
    let (bench, olga, deal, page) = ready(false).await;
    let before = bench.cell(&page, "Responsible");
    bench.edit_deal(&deal, "ASSIGNED_BY_ID", json!([olga]));
    let id = deal_hold(&deal, "ASSIGNED_BY_ID");
    bench.until("it is held", 300, async || bench.hold(&id).await.is_some()).await;
    let why = bench.hold(&id).await.unwrap().why;
    assert!(matches!(&why, Why::Unmappable { reason, .. } if reason.contains(OLGA)), "{why:?}");
    assert_eq!(bench.cell(&page, "Responsible"), before);
}
