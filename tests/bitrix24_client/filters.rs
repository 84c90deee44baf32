//! The pair's own filter in lists and reads by id.

use crosstie::model::{Entity, Presence, RecordId};
use crosstie::remote::{Fetched, Lane, RemoteErrorKind, Since, System};
use crosstie::standin::bitrix24::Entity as Of;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::support::{Office, entity, number};

fn within(name: &str, fields: &[&str], filter: Json) -> Entity {
    Entity { filter: Some(filter), ..entity(name, fields) }
}

async fn presences(office: &Office, entity: &Entity, ids: &[&String]) -> Vec<Presence> {
    let ids: Vec<RecordId> = ids.iter().map(|id| RecordId((*id).clone())).collect();
    let fetched = office.client.get(entity, &ids, Lane::Hot).await.unwrap();
    let presence = |(_, fetched)| match fetched {
        Fetched::Record(record) => record.presence,
        _ => Presence::Missing,
    };
    fetched.into_iter().map(presence).collect()
}

#[tokio::test(start_paused = true)]
async fn a_list_shows_what_passes_the_pairs_filter_and_a_read_by_id_tells_what_does_not() {
    let office = Office::new();
    let since = office.now() - SignedDuration::from_secs(60);
    let make = |title: &str, amount: &str| {
        office.person_makes(Of::Deal, &[("TITLE", json!(title)), ("OPPORTUNITY", json!(amount))])
    };
    let (small, large, other) = (make("Small", "10"), make("Large", "5000"), make("Other", "20"));
    let deals = within("deal", &["TITLE", "OPPORTUNITY"], json!({"<OPPORTUNITY": 100, "CATEGORY_ID": 0}));
    for since in [Since::Ever, Since::At(since)] {
        let (records, _) = office.list_all(&deals, since).await;
        assert_eq!(records.iter().map(|it| &it.id.0).collect::<Vec<_>>(), [&small, &other]);
    }
    let all = [&small, &large, &other];
    use Presence::{Outside, Present};
    assert_eq!(presences(&office, &deals, &all).await, [Present, Outside, Present]);
    assert_eq!(presences(&office, &deals, &[&large]).await, [Outside]);
    assert_eq!(presences(&office, &entity("deal", &["TITLE"]), &all).await, [Present, Present, Present]);
    // A condition on the very field that the filter is about: both hold.
    for (amount, wanted) in [("20", vec![&other]), ("5000", Vec::new())] {
        let found = office.client.find(&deals, &"OPPORTUNITY".into(), &number(amount), Lane::Probe).await.unwrap();
        assert_eq!(found.iter().map(|it| &it.id.0).collect::<Vec<_>>(), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_have_filters_of_their_own_names() {
    let office = Office::new();
    let now = office.now();
    let make = |title: &str, priority: &str| {
        let set = [("TITLE", json!(title)), ("PRIORITY", json!(priority))];
        office.portal().person_create_task(now, "Anna Weber", &set).unwrap()
    };
    let (urgent, plain) = (make("Urgent", "2"), make("Plain", "1"));
    let tasks = within("task", &["TITLE"], json!({"PRIORITY": 2}));
    let (records, _) = office.list_all(&tasks, Since::Ever).await;
    assert_eq!(records.iter().map(|it| &it.id.0).collect::<Vec<_>>(), [&urgent]);
    assert_eq!(presences(&office, &tasks, &[&urgent, &plain]).await, [Presence::Present, Presence::Outside]);
}

#[tokio::test(start_paused = true)]
async fn a_filter_with_a_name_that_the_portal_does_not_know_is_told_with_the_schema() {
    let office = Office::new();
    let refused = office.client.schema(&within("deal", &["TITLE"], json!({"PIPELINE": 0}))).await.unwrap_err();
    assert_eq!(refused.kind, RemoteErrorKind::Invalid);
    assert!(refused.message.contains("`crm_filter`") && refused.message.contains("PIPELINE"), "{refused}");
    let refused = office.client.schema(&within("task", &["TITLE"], json!({"@PRIORITY": [1]}))).await.unwrap_err();
    assert!(refused.message.contains("not filtered by `@`"), "{refused}");
}
