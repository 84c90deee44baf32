//! Every type of Notion property that is written: what was written is read again.

use super::*;

#[tokio::test(start_paused = true)]
async fn notion_title_round_trips() {
    let held = plain("title").await;
    text_fits(&held).await;
    formatting_stays(&held, "title").await;
}

#[tokio::test(start_paused = true)]
async fn notion_rich_text_round_trips() {
    let held = plain("rich_text").await;
    text_fits(&held).await;
    formatting_stays(&held, "rich_text").await;
}

#[tokio::test(start_paused = true)]
async fn notion_number_round_trips() {
    let held = plain("number").await;
    let values = ["0", "-0.1", "1234.56", "999999999999999", "0.000001"].map(number);
    held.round_trips(&values, Value::Empty).await;
    assert_eq!(held.row.limits, [Limit::Double]);
    assert!(held.refuses(&number("9007199254740993")).await.contains("15"));
}

#[tokio::test(start_paused = true)]
async fn notion_select_round_trips() {
    let held = held("select", |_| json!({"options": [{"name": "New"}, {"name": "Won"}]})).await;
    held.round_trips(&[choice("Won"), choice("New")], Value::Empty).await;
    option_names_fit(&held, choice).await;
}

/// An option's name up to its limit, and what does not fit.
async fn option_names_fit(held: &Held, make: impl Fn(&str) -> Value) {
    let Some(Limit::OptionUnits(units)) = held.row.limits.last() else { panic!("{:?}", held.row.limits) };
    assert!(held.refuses(&make("a, b")).await.contains("commas"));
    assert!(held.refuses(&make(&"x".repeat(units + 1))).await.contains(&format!("takes {units}")));
    assert!(held.write(&make(&"x".repeat(*units))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn notion_multi_select_round_trips() {
    let held = held("multi_select", |_| json!({"options": [{"name": "Red"}, {"name": "Blue"}]})).await;
    held.round_trips(&[choices(&["Red"]), choices(&["Blue", "Red"])], Value::Empty).await;
    option_names_fit(&held, |name| choices(&[name])).await;
    elements_fit(&held, (0..101).map(|n| format!("o{n}")).collect(), Value::choices).await;
}

/// As many elements as one write can carry, and one more.
async fn elements_fit(held: &Held, ids: Vec<String>, make: impl Fn(Vec<String>) -> Value) {
    let Some(Limit::Elements(most)) = held.row.limits.first() else { panic!("{:?}", held.row.limits) };
    assert_eq!(ids.len(), most + 1);
    let why = held.refuses(&make(ids.clone())).await;
    assert!(why.contains(&format!("{} elements", most + 1)), "{why}");
    let fits = make(ids[1..].to_vec());
    assert_eq!(held.write(&fits).await.unwrap(), fits);
    assert_eq!(held.read().await, fits, "more than 25 are read whole");
}

#[tokio::test(start_paused = true)]
async fn notion_status_round_trips() {
    let held = plain("status").await;
    let schema = held.office.client.schema(&held.entity).await.unwrap();
    let default = schema.fields["P"].empty_is.clone().unwrap();
    assert_eq!(default, choice("Not started"));
    held.round_trips(&[choice("Done"), choice("In progress")], default).await;
    // Unlike a select's, a status that is not there is refused by Notion itself, and none is made.
    assert!(reason(held.write(&choice("Somewhere else")).await).contains("does not exist"));
    let after = held.office.client.schema(&held.entity).await.unwrap();
    assert_eq!(after.fields["P"].options, schema.fields["P"].options);
    assert!(held.refuses(&choice("a, b")).await.contains("commas"));
}

#[tokio::test(start_paused = true)]
async fn notion_date_round_trips() {
    let held = plain("date").await;
    let values = [day("2026-05-01"), at("2026-05-01T10:30:00Z"), day("0001-01-01")];
    held.round_trips(&values, Value::Empty).await;
    assert_eq!(held.write(&at("2026-05-01T10:30:59Z")).await.unwrap(), at("2026-05-01T10:30:00Z"), "seconds go");
    assert!(held.refuses(&at("-000005-01-01T00:00:00Z")).await.contains("year"));
    held.office.edit(&held.page, &[("P", json!("2026-05-01/2026-05-02"))]);
    let before = held.office.get(&held.entity, &held.page).await;
    assert!(why(&before, "P").contains("end date"));
    assert!(held.office.client.update(&held.entity, &before, &fields(&[("P", Value::Empty)]), None).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn notion_people_round_trips() {
    let held = plain("people").await;
    let ids = people(&held.office).await;
    held.round_trips(&[Value::people([ids[0].clone()]), Value::people(ids)], Value::Empty).await;
    let more = held.office.notion(|notion, _| {
        let add = |n| notion.add_person(&format!("Person {n}"), &format!("p{n}@example.com"));
        (0..101).map(add).collect::<Vec<_>>()
    });
    elements_fit(&held, more, Value::people).await;
}

#[tokio::test(start_paused = true)]
async fn notion_checkbox_round_trips() {
    plain("checkbox")
        .await
        .round_trips(&[Value::Flag(true), Value::Flag(false), Value::Flag(true)], Value::Flag(false))
        .await;
}

/// A short text up to its limit, and one unit more.
async fn address_fits(held: &Held, values: &[Value]) {
    let [Limit::Units(units)] = held.row.limits else { panic!("{:?}", held.row.limits) };
    let most = "x".repeat(*units);
    held.round_trips(&[values, &[text(&most)]].concat(), Value::Empty).await;
    assert!(held.refuses(&text(&format!("{most}x"))).await.contains(&format!("takes {units}")));
}

#[tokio::test(start_paused = true)]
async fn notion_url_round_trips() {
    address_fits(&plain("url").await, &[text("https://a.example/ä?b=c#d")]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_email_round_trips() {
    address_fits(&plain("email").await, &[text("Ada@Example.com")]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_phone_number_round_trips() {
    address_fits(&plain("phone_number").await, &[text("+49 (0)30 1234-5")]).await;
}

#[tokio::test(start_paused = true)]
async fn notion_relation_round_trips() {
    let held = held(
        "relation",
        |office| json!({"data_source_id": office.contacts.name, "type": "single_property", "single_property": {}}),
    )
    .await;
    let add = |n| held.office.add(&held.office.contacts, &[("Name", json!(format!("Contact {n}")))]);
    let pages: Vec<String> = (0..101).map(add).collect();
    held.round_trips(&[Value::links([pages[1].clone()]), Value::links(pages[..2].to_vec())], Value::Empty).await;
    elements_fit(&held, pages, Value::links).await;
}
