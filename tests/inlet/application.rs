//! The whole program as an application of the portal: its queue, the portal's own calls, and where no token is ever seen.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;

use crosstie::model::Revealed;
use crosstie::seam::Secrets;
use crosstie::store::{self, KeySource, Segments, Vault, segments};
use serde_json::{Value as Json, json};

use crate::crossing::{INLET, LONG, Place, everything, free_port};
use crate::listener::Listener;
use crate::office::{NOTION, TOKEN, ask};
use crate::support::configuration::{as_application, data_source, write};
use crate::support::worlds::records;

/// An application that was let in; `inlet` is added to its section of the inlet.
fn let_in(poll: &str, inlet: &str) -> Place {
    let mut place = Place::with(|home, worlds, text| {
        let installed = worlds.crm_door("install", &json!({}));
        let said = |key: &str| installed[key].as_str().unwrap().to_owned();
        let text = as_application(home, worlds, &installed, &text);
        home.env.insert("CROSSTIE_CRM_TOKEN".into(), said("application_token"));
        home.secrets.extend(["access_token", "refresh_token"].map(said));
        let changed = text
            .replace("crm_poll = \"10m\"", &format!("crm_poll = \"{poll}\""))
            .replace(INLET, &format!("{INLET}{inlet}\n"));
        assert!(changed.contains(&format!("crm_poll = \"{poll}\"")), "{changed}");
        changed
    });
    // They end while the test runs, and are renewed.
    place.worlds.crm_door("fault", &json!({"fault": "token-life=15"}));
    let code = place.worlds.crm_door("authorize", &json!({}))["code"].as_str().unwrap().to_owned();
    place.home.secrets.push(code.clone());
    place.home.ask(&["authorize", "bitrix24", "--code", &code]).ends_with(0);
    let tokens = tokens(&place);
    place.home.secrets.extend(tokens);
    place
}

/// The tokens that are sealed now: every long word of what is kept.
fn tokens(place: &Place) -> Vec<String> {
    let state = place.home.path().join("state");
    let vault = match place.home.env.get("CROSSTIE_PASSPHRASE") {
        Some(word) => Vault::opened_by(&state, KeySource::Passphrase(Revealed::new(word.as_str()))),
        None => Vault::new(&state, None),
    };
    let mut found = Vec::new();
    for name in vault.names().unwrap() {
        let kept: Revealed = vault.get(&name).unwrap().unwrap();
        let words = kept.expose().split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        found.extend(words.filter(|word| word.len() >= 60).map(str::to_owned));
    }
    assert!(found.len() >= 2, "an access token and a refresh token");
    found
}

/// Everything that the daemon says to somebody who connects to its socket and asks for everything.
fn told_on_the_socket(place: &Place) -> String {
    let socket = UnixStream::connect(place.home.path().join("state/desk.sock")).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    let mut say = socket.try_clone().unwrap();
    let version = crosstie::control::socket::VERSION;
    writeln!(say, r#"{{"hello":"crosstie","version":{version},"pid":1}}"#).unwrap();
    let lists = ["holds", "orphans", "relations", "queue", "journal"];
    for (id, list) in lists.iter().enumerate() {
        writeln!(say, r#"{{"id":{id},"ask":{{"query":{{"list":"{list}","filter":"","offset":0,"limit":500}}}}}}"#)
            .unwrap();
    }
    let (mut told, mut answers) = (String::new(), 0);
    for line in BufReader::new(socket).lines() {
        let line = line.unwrap();
        let heard: Json = serde_json::from_str(&line).unwrap();
        answers += usize::from(heard.get("answer").is_some());
        told.push_str(&line);
        if answers == lists.len() {
            return told;
        }
    }
    panic!("only {answers} answers: {told}");
}

/// Takes away, in the application's name, that the portal calls somebody.
fn unbind(place: &Place, event: &str, handler: &str) {
    let portal: SocketAddr = place.worlds.crm.said("base_url").trim_start_matches("http://").parse().unwrap();
    let bound = tokens(place).into_iter().any(|token| {
        let body = format!("event={event}&handler={handler}&auth={token}");
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = place.runtime.block_on(ask(portal, "POST", "/rest/event.unbind", &form, &body));
        serde_json::from_str::<Json>(&answer.body).unwrap()["result"]["count"] == 1
    });
    assert!(bound, "{event} was not bound");
}

/// The journal's lines of today as the file that they will be.
fn file_today(place: &Place) {
    let state = place.home.path().join("state");
    let now = jiff::Timestamp::now();
    let kv = store::open(&state, now).unwrap().kv;
    let tomorrow = (now + jiff::SignedDuration::from_hours(48)).to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut days = Segments::open(&state.join(segments::FOLDER)).unwrap();
    days.write_day(&kv, 0, tomorrow).unwrap().unwrap();
}

fn accepted(place: &Place, event: &str) -> usize {
    place.info().matches(&format!("{event}: accepted")).count()
}

/// Seals everything under a passphrase, and the address of a Slack webhook with it.
fn seal_more(place: &mut Place, slack: &Listener) {
    place.home.secrets.extend(["madeupslacksecret".to_owned(), "correct horse battery".to_owned()]);
    // Not among the files that are searched.
    let mut word = tempfile::NamedTempFile::new().unwrap();
    writeln!(word, "correct horse battery").unwrap();
    let file = word.path().to_str().unwrap();
    place.home.ask(&["secret", "rotate", "--to-passphrase-file", file]).ends_with(0);
    place.home.env.insert("CROSSTIE_PASSPHRASE".into(), "correct horse battery".into());
    let url = word.path().with_extension("url");
    std::fs::write(&url, &slack.url).unwrap();
    place.home.ask_reading(&["secret", "set", "slack"], &url).ends_with(0);
    std::fs::remove_file(&url).unwrap();
    let text = std::fs::read_to_string(place.home.path().join("crosstie.toml")).unwrap();
    let notices = "[notices]\nslack = { secret = \"slack\" }\non = [\"conflict\"]\n\n[timing]";
    write(&place.home, &text.replacen("[timing]", notices, 1));
}

#[test]
fn an_application_follows_its_queue_and_its_own_writes_are_no_news_and_no_secret_is_seen_anywhere() {
    let mut place = let_in("1s", "offline_events = true");
    // All of it under a passphrase, and the address of a Slack that says no.
    let slack = Listener::open(&[(404, "", "no_service")]);
    seal_more(&mut place, &slack);
    let projects = data_source(&place.worlds, "Projects");
    let deal = place.worlds.create_record("deal", &json!({"TITLE": "Raincoat", "OPPORTUNITY": "100"}));
    let (mut daemon, address) = place.start();
    place.see("the deal's page", || place.page_of(&projects, &deal).is_some());
    let (page, _) = place.page_of(&projects, &deal).unwrap();
    let shows = |amount: &str| place.page_of(&projects, &deal).is_some_and(|(_, it)| it["Amount"] == amount);

    place.worlds.edit_record("deal", &deal, &json!({"OPPORTUNITY": "250"}));
    place.see("the amount in Notion", || shows("250"));
    place.see("word of it from the queue", || accepted(&place, "ONCRMDEALUPDATE") == 1);
    place.worlds.edit_page(&page, &json!({"Amount": "375"}));
    let told = crate::office::event("e1", "page.properties_updated", &page).replace(crate::office::SOURCE, &projects);
    let handshake = format!(r#"{{"verification_token":"{TOKEN}"}}"#);
    let call = |body: &str, headers: &[(&str, &str)]| {
        place.runtime.block_on(ask(address, "POST", NOTION, headers, body)).status
    };
    assert_eq!(call(&handshake, &[]), 200);
    assert_eq!(call(&told, &[("X-Notion-Signature", &crate::office::signature(TOKEN, &told))]), 200);
    let amount = || records(&place.worlds.crm_world(), "deal")[&deal]["OPPORTUNITY"].as_str().unwrap().to_owned();
    place.see("the amount in the CRM", || amount().parse::<f64>().unwrap() == 375.0);
    // What we write ourselves stays out of our queue: what is heard of next is what somebody does after it.
    place.worlds.create_record("deal", &json!({"TITLE": "Umbrella"}));
    place.see("word of another deal", || place.info().contains("ONCRMDEALADD: "));
    assert_eq!(accepted(&place, "ONCRMDEALUPDATE"), 1, "{}", place.info());
    // Its token has ended, and the next pair is used from now on.
    place.see("new tokens", || tokens(&place).iter().any(|token| !place.home.secrets.contains(token)));
    let mut renewed = tokens(&place);
    place.worlds.edit_record("deal", &deal, &json!({"OPPORTUNITY": "400"}));
    place.see("the amount in Notion", || shows("400"));
    place.see("word of it from the queue", || accepted(&place, "ONCRMDEALUPDATE") == 2);

    // Something to tell, and nobody who takes it: what is said about that names no address.
    place.see("a conflict that Slack was told of", || {
        place.worlds.edit_record("deal", &deal, &json!({"OPPORTUNITY": "411"}));
        place.worlds.edit_page(&page, &json!({"Amount": "422"}));
        let status = place.home.status();
        status["conflicts"].as_u64() > Some(0) && status["sinks"][0]["off"] == true
    });
    let status = place.home.status().to_string();
    assert!(status.contains("no_service"), "{status}");
    let on_the_socket = told_on_the_socket(&place);
    let asked = |path: &str| place.runtime.block_on(ask(address, "GET", path, &[], "")).body;
    let told = ["/metrics", "/healthz", "/readyz", "/api/admin/sync/health"].map(|path| (path.to_owned(), asked(path)));
    // It dies with all of that in its hands, and whoever asks it meanwhile is told why not.
    let dead = place.home.ask(&["export"]).ends_with(4);
    let exports = place.home.path().join("state/exports");
    place.see("an export", || std::fs::read_dir(&exports).is_ok_and(|mut dir| dir.next().is_some()));
    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", place.info());
    renewed.extend(tokens(&place));
    place.home.secrets.extend(renewed);
    // Everything that the commands of care write, and a day of the journal as it leaves the store.
    for args in
        [&["export", "--to", "elsewhere"][..], &["compact"], &["verify", "--json"], &["plan", "--out", "a.plan"]]
    {
        place.home.ask(args).ends_with(0);
    }
    file_today(&place);
    // What is there to be found is found: a search that finds nothing would prove nothing.
    assert!(on_the_socket.contains("Raincoat") && status.contains("deals"));
    let holds = |bytes: &[u8], what: &str| bytes.windows(what.len()).any(|part| part == what.as_bytes());
    let mut files = Vec::new();
    everything(place.home.path(), &mut files);
    files.push(("the socket".to_owned(), on_the_socket.into_bytes()));
    files.push(("status".to_owned(), status.into_bytes()));
    files.push(("a refusal".to_owned(), dead.stderr.into_bytes()));
    files.extend(told.into_iter().map(|(path, body)| (path, body.into_bytes())));
    assert!(files.iter().any(|(name, body)| name == "/metrics" && holds(body, "crosstie_")));
    assert!(files.iter().any(|(name, body)| name.contains("journal/") && holds(body, "375")));
    for needed in ["daemon.log", "exports", "elsewhere", "a.plan", "secrets.bin", "the socket"] {
        assert!(files.iter().any(|(name, _)| name.contains(needed)), "{needed} was not searched");
    }
    assert!(files.iter().any(|(name, bytes)| name.contains("daemon.log") && holds(bytes, "TRACE")));
    assert!(
        place.home.secrets.len() >= 12,
        "webhook, tokens, code, client secret, Slack, passphrase: {}",
        place.home.secrets.len()
    );
    for (name, bytes) in &files {
        for (number, secret) in place.home.secrets.iter().enumerate() {
            assert!(!holds(bytes, secret), "{name} shows secret number {number}");
        }
    }
}

#[test]
fn the_portal_is_told_to_call_and_an_edit_crosses_before_the_next_poll_and_what_was_lost_is_bound_again() {
    let port = free_port();
    let mut place = let_in("10m", &format!("public_url = \"http://127.0.0.1:{port}\""));
    let text = std::fs::read_to_string(place.home.path().join("crosstie.toml")).unwrap();
    let text = text.replace("listen = \"127.0.0.1:0\"", &format!("listen = \"127.0.0.1:{port}\""));
    write(&place.home, &text.replace("[timing]", "[timing]\ncanary_every = \"1s\""));
    let said = place.home.ask(&["check"]).ends_with(0);
    assert!(said.stdout.contains("0 of 7 are told to"), "{}", said.stdout);
    let projects = data_source(&place.worlds, "Projects");
    let deal = place.worlds.create_record("deal", &json!({"TITLE": "Raincoat", "OPPORTUNITY": "100"}));
    let (mut daemon, address) = place.start();
    let handler = format!("http://{address}/api/webhooks/bitrix24");
    place.see("the deal's page", || place.page_of(&projects, &deal).is_some());
    place.see("the events bound", || place.info().contains("the portal calls us from now on"));
    let shows = |amount: &str| place.page_of(&projects, &deal).is_some_and(|(_, it)| it["Amount"] == amount);
    place.worlds.edit_record("deal", &deal, &json!({"OPPORTUNITY": "250"}));
    place.see("the amount in Notion", || shows("250"));
    let second = place.worlds.create_record("deal", &json!({"TITLE": "Umbrella"}));
    place.see("the second deal's page", || place.page_of(&projects, &second).is_some());
    assert!(accepted(&place, "ONCRMDEALUPDATE") >= 1, "{}", place.info());
    // Somebody takes it away; the next look binds it again, and an edit crosses as before.
    unbind(&place, "ONCRMDEALUPDATE", &handler);
    place.see("the event bound again", || place.info().contains("from now on: ONCRMDEALUPDATE"));
    place.worlds.edit_record("deal", &deal, &json!({"OPPORTUNITY": "375"}));
    place.see("the amount in Notion", || shows("375"));
    let said = place.home.ask(&["check"]).ends_with(0);
    assert!(said.stdout.contains("all 7 are told to"), "{}", said.stdout);
    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", place.info());
}

#[test]
fn an_application_that_was_installed_while_we_listened_is_let_in_by_the_portals_own_call_and_by_no_other() {
    let mut place = Place::with(|home, worlds, text| {
        let known = worlds.crm_door("install", &json!({}));
        worlds.crm_door("revoke", &json!({}));
        as_application(home, worlds, &known, &text)
            .replace("crm_poll = \"10m\"", "crm_poll = \"1s\"")
            .replace("crm_token = { env = \"CROSSTIE_CRM_TOKEN\" }\n", "")
    });
    let projects = data_source(&place.worlds, "Projects");
    let deal = place.worlds.create_record("deal", &json!({"TITLE": "Raincoat"}));
    let (mut daemon, address) = place.start();
    let handler = format!("http://{address}/api/webhooks/bitrix24");
    let call = |place: &Place, body: &str| {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        place.runtime.block_on(ask(address, "POST", "/api/webhooks/bitrix24", &form, body)).status
    };
    // Anybody can say so: tokens that our own credentials do not renew are nobody's.
    let false_one = "event=ONAPPINSTALL&auth[application_token]=x&auth[access_token]=a&auth[refresh_token]=r\
                     &auth[expires_in]=3600&auth[client_endpoint]=https%3A%2F%2Fcrosstie.bitrix24.com%2Frest%2F";
    assert_eq!(call(&place, false_one), 401);
    let elsewhere = false_one.replace("crosstie.bitrix24.com", "other.example.com");
    assert_eq!(call(&place, &elsewhere), 401);
    assert!(Vault::new(&place.home.path().join("state"), None).get("bitrix24.tokens").unwrap().is_none());

    let installed = place.worlds.crm_door("install", &json!({"handler": handler}));
    let said = |key: &str| installed[key].as_str().unwrap().to_owned();
    let secrets = ["access_token", "refresh_token"].map(said);
    place.home.secrets.extend(secrets.clone());
    place.see("the application's tokens", || place.log().contains("its tokens are sealed"));
    place.see("the deal's page", || place.page_of(&projects, &deal).is_some());
    // What the call brought proves the portal's events from now on, and is no token in the clear.
    let event = |token: &str| format!("event=ONCRMDEALUPDATE&data[FIELDS][ID]={deal}&auth[application_token]={token}");
    assert_eq!(call(&place, &event(&said("application_token"))), 200);
    assert_eq!(call(&place, &event("x")), 401);
    // There are tokens now: an installation that is not proven changes nothing.
    assert_eq!(call(&place, false_one), 401);
    assert_eq!(call(&place, &event(&said("application_token"))), 200);
    let renewed = tokens(&place);
    assert!(!renewed.contains(&secrets[1]), "they were renewed, which proved them");
    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", place.info());
    place.home.secrets.extend(renewed);
    let mut files = Vec::new();
    everything(place.home.path(), &mut files);
    for (name, bytes) in files {
        for secret in &place.home.secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret lies open in {name}");
        }
    }
}

#[test]
fn an_application_that_was_let_in_by_code_says_that_nothing_proves_its_calls_until_it_is_installed_once_more() {
    let port = free_port();
    let mut place = let_in("10m", &format!("public_url = \"http://127.0.0.1:{port}\""));
    let text = std::fs::read_to_string(place.home.path().join("crosstie.toml")).unwrap();
    let text = text
        .replace("listen = \"127.0.0.1:0\"", &format!("listen = \"127.0.0.1:{port}\""))
        .replace("crm_token = { env = \"CROSSTIE_CRM_TOKEN\" }\n", "");
    write(&place.home, &text);
    let (mut daemon, address) = place.start();
    let handler = format!("http://{address}/api/webhooks/bitrix24");
    place.see("the events bound", || place.info().contains("is told to call us, and is not believed yet"));
    place.see("what to do", || place.info().contains("install the application once more in the portal"));
    assert!(!place.info().contains("calls us from now on"), "{}", place.info());
    let said = place.home.ask(&["check"]).ends_with(3);
    let what = ["nothing proves the portal's calls", "once more in the portal", &handler, "crm_token"];
    let flat = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(what.iter().all(|what| flat.contains(what)) && !flat.contains("are told to"), "{}", said.stdout);
    let call = |place: &Place, token: &str| {
        let event = format!("event=ONCRMDEALUPDATE&data[FIELDS][ID]=7&auth[application_token]={token}");
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        place.runtime.block_on(ask(address, "POST", "/api/webhooks/bitrix24", &form, &event)).status
    };
    let token = place.home.env["CROSSTIE_CRM_TOKEN"].clone();
    assert_eq!(call(&place, &token), 401);

    let installed = place.worlds.crm_door("install", &json!({"handler": handler}));
    let said = |key: &str| installed[key].as_str().unwrap().to_owned();
    place.see("the installation taken", || place.info().contains("the application was installed"));
    assert_eq!((call(&place, &token), call(&place, "x")), (200, 401));
    let said_now = place.home.ask(&["check"]).ends_with(0);
    assert!(said_now.stdout.contains("all 7 are told to"), "{}", said_now.stdout);
    // What proves them is remembered.
    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", place.info());
    let secrets = ["access_token", "refresh_token"].map(said);
    let (mut daemon, _) = place.start();
    assert_eq!(call(&place, &token), 200);
    daemon.terminate();
    assert_eq!(daemon.ended_within(LONG), Some(0), "{}", place.info());
    place.home.secrets.extend(secrets);
    place.home.assert_silent("the log", &place.log());
}
