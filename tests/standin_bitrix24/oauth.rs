//! Tokens: who gets them, what they open, how long.

use crosstie::seam::{Method, Request};
use crosstie::standin::bitrix24::{Config, Granted};
use serde_json::{Value, json};

use crate::support::Portal;

fn exchange(portal: &mut Portal, with: &[(&str, &str)]) -> (u16, Value) {
    let (id, secret) = portal.it.app_credentials();
    let mut form = format!("client_id={id}&client_secret={secret}");
    for (key, value) in with {
        form.push_str(&format!("&{key}={value}"));
    }
    let request =
        Request::new(Method::Post, "/oauth/token/").header("content-type", "application/x-www-form-urlencoded");
    portal.send(&Request { body: form.into(), ..request })
}

fn refresh(portal: &mut Portal, token: &str) -> (u16, Value) {
    exchange(portal, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

/// Status and code of `profile`, called as the application.
fn opens(portal: &mut Portal, token: &str) -> (u16, Option<String>) {
    let (status, body) = portal.send(&Request::new(Method::Post, "/rest/profile").json(&json!({"auth": token})));
    (status, body["error"].as_str().map(str::to_owned))
}

fn installed(portal: &mut Portal) -> Granted {
    portal.it.install_app(portal.now)
}

#[test]
fn an_access_token_opens_every_method_for_an_hour_in_the_name_of_its_user() {
    let mut portal = Portal::new();
    let granted = installed(&mut portal);
    assert_eq!((granted.expires_in, granted.expires), (3600, portal.now.as_second() + 3600));
    for target in ["/rest/profile", "/rest/profile.json", "/rest//profile?auth="] {
        let body = json!({"auth": granted.access_token});
        let (status, answer) = portal.send(&Request::new(Method::Post, target).json(&body));
        assert_eq!((status, &answer["result"]["ID"]), (200, &json!("1")), "{target}: {answer}");
    }
    let deal = json!({"auth": granted.access_token, "entityTypeId": 2, "fields": {"title": "By the application"}});
    let (_, made) = portal.send(&Request::new(Method::Post, "/rest/crm.item.add.json").json(&deal));
    assert_eq!(made["result"]["item"]["createdBy"], 1);
    portal.wait(3598);
    assert_eq!(opens(&mut portal, &granted.access_token).0, 200);
    portal.wait(2);
    assert_eq!(opens(&mut portal, &granted.access_token), (401, Some("expired_token".into())));
    assert_eq!(opens(&mut portal, "made up"), (401, Some("invalid_token".into())));
    assert_eq!(opens(&mut portal, ""), (401, Some("NO_AUTH_FOUND".into())));
}

#[test]
fn a_refresh_token_is_good_once_and_gives_the_next_pair() {
    let mut portal = Portal::new();
    let first = installed(&mut portal);
    portal.it.expire_access_tokens(portal.now);
    assert_eq!(opens(&mut portal, &first.access_token), (401, Some("expired_token".into())));
    let (status, second) = refresh(&mut portal, &first.refresh_token);
    assert_eq!(status, 200, "{second}");
    assert_eq!(
        (&second["status"], &second["user_id"], &second["scope"]),
        (&json!("L"), &json!(1), &json!("crm,task,user"))
    );
    assert_ne!(second["refresh_token"], json!(first.refresh_token));
    assert_eq!(opens(&mut portal, second["access_token"].as_str().unwrap()).0, 200);
    let (status, again) = refresh(&mut portal, &first.refresh_token);
    assert_eq!((status, again["error"].as_str()), (400, Some("invalid_grant")));
    assert_eq!(refresh(&mut portal, second["refresh_token"].as_str().unwrap()).0, 200);
    portal.wait(180 * 24 * 3600);
    let third = installed(&mut portal);
    portal.wait(180 * 24 * 3600);
    assert_eq!(refresh(&mut portal, &third.refresh_token).1["error"], "invalid_grant");
}

#[test]
fn a_code_is_good_once_and_for_thirty_seconds() {
    let mut portal = Portal::new();
    let redeem =
        |portal: &mut Portal, code: &str| exchange(portal, &[("grant_type", "authorization_code"), ("code", code)]).0;
    let code = portal.it.authorize_app(portal.now);
    assert_eq!((redeem(&mut portal, &code), redeem(&mut portal, &code)), (200, 400));
    let late = portal.it.authorize_app(portal.now);
    portal.wait(30);
    assert_eq!(redeem(&mut portal, &late), 400);
}

#[test]
fn a_stranger_gets_nothing_and_the_tokens_are_never_printed() {
    let mut portal = Portal::new();
    let granted = installed(&mut portal);
    let asked = format!(
        "/oauth/token/?grant_type=refresh_token&client_id=x&client_secret=y&refresh_token={}",
        granted.refresh_token
    );
    let (status, body) = portal.send(&Request::new(Method::Get, asked));
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_client")));
    assert_eq!(refresh(&mut portal, &granted.refresh_token).0, 200, "the stranger used nothing up");
    let printed = format!("{granted:?} {:?}", portal.it);
    assert!(!printed.contains(&granted.access_token) && !printed.contains(&granted.refresh_token), "{printed}");
    assert!(!printed.contains(portal.it.app_credentials().1));
    let of = |seed| installed(&mut Portal::with(Config { seed, ..Config::default() }));
    assert_eq!(of(3), of(3));
    assert_ne!(of(3).access_token, of(4).access_token);
}
