//! The portal's calls: forms with an application token.

use crosstie::control::{Change, Place, Told};
use crosstie::model::Side;

use crate::office::{APPLICATION, Bench, PORTAL};

fn form(event: &str, id: &str, token: &str) -> String {
    format!(
        "event={event}&event_handler_id=7&data%5BFIELDS%5D%5BID%5D={id}&ts=1764410398&auth%5Bdomain%5D=portal.example\
         &auth[application_token]={token}"
    )
}

#[tokio::test]
async fn an_event_with_the_right_token_is_a_hint_and_any_other_is_refused() {
    let bench = Bench::open().await;
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    for wrong in ["", "x", &APPLICATION[1..], &format!("{APPLICATION}x"), &APPLICATION.to_lowercase()] {
        assert_eq!(bench.post(PORTAL, &kind, &form("ONCRMDEALUPDATE", "12", wrong)).await.status, 401, "{wrong}");
    }
    assert_eq!(bench.post(PORTAL, &kind, "event=ONCRMDEALUPDATE&data[FIELDS][ID]=12").await.status, 401);
    for (event, id) in [("ONCRMDEALUPDATE", "12"), ("ONCRMCONTACTADD", "3"), ("ONCRMDEALUSERFIELDADD", "4")] {
        assert_eq!(bench.post(PORTAL, &kind, &form(event, id, APPLICATION)).await.status, 200);
    }
    // Its events have no names: two edits within a second look like one call played twice, and each is looked at.
    assert_eq!(bench.post(PORTAL, &kind, &form("ONCRMDEALUPDATE", "12", APPLICATION)).await.status, 200);
    let told = bench.told(5).await;
    assert_eq!(told[0].told, Told::Refused { why: "no application token", count: 1 });
    let change = |entity: &str, id: &str| {
        Told::Change(Change {
            record: id.into(),
            place: Place::Within(entity.into()),
            at: None,
            by_us: None,
            field_ids: None,
        })
    };
    let heard: Vec<&Told> = told[1..].iter().map(|it| &it.told).collect();
    assert_eq!(heard, [&change("deal", "12"), &change("contact", "3"), &Told::Nothing, &change("deal", "12")]);
    assert!(told.iter().all(|it| it.side == Side::Crm));
}

#[tokio::test]
async fn no_call_can_put_another_token_in_the_place_of_the_configured_one() {
    let bench = Bench::open().await;
    assert_eq!(bench.post(PORTAL, &[], r#"{"verification_token":"secret_ofSomebodyElse"}"#).await.status, 401);
    assert_eq!(bench.post(PORTAL, &[], &form("ONCRMDEALUPDATE", "1", "secret_ofSomebodyElse")).await.status, 401);
    assert_eq!(bench.post(PORTAL, &[], &form("ONCRMDEALUPDATE", "1", APPLICATION)).await.status, 200);
}
