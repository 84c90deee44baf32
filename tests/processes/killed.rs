//! A daemon that is killed again and again loses nothing and makes nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::Duration;

use crosstie::control::socket::connect;
use crosstie::control::{Command, Desk, Reply};
use crosstie::model::{RecordId, TieId};
use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::agreement::{Office, Table};
use crate::remembered::{self, Acknowledged};
use crate::support::configuration::{data_source, office, write};
use crate::support::program::{Home, Running, until, until_at_once};
use crate::support::worlds::{PERSON, Worlds};

/// Of each office; fifty in all.
const KILLS: usize = 10;
const OFFICES: u64 = 5;
pub const RUN: [&str; 2] = ["run", "--yes"];

/// The last value that people gave to each field, by kind, side and object; nobody on the other side edits that field.
#[derive(Default)]
pub struct Edited {
    crm: BTreeMap<(&'static str, String, &'static str), String>,
    notion: BTreeMap<(&'static str, String, &'static str), String>,
    made: usize,
}

#[test]
fn fifty_kills_lose_no_edit_and_no_acknowledged_command_and_make_nothing_twice() {
    // Side by side, so that no portal's bucket is emptied by fifty starts: a daemon that only waits dies idle.
    std::thread::scope(|scope| {
        let offices: Vec<_> = (0..OFFICES).map(|office| scope.spawn(move || kill_again_and_again(office))).collect();
        let open: usize = offices.into_iter().map(|office| office.join().unwrap()).sum();
        println!("{open} writes were open when their daemon was killed");
        assert!(open > 0, "no kill came while a write was out");
    });
}

/// One office's share of the kills. Gives back how many writes were open when their daemon was killed.
fn kill_again_and_again(seed: u64) -> usize {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &[], &[]);
    // Quicker still than the others: every life is short, and is to see reads, writes and answers.
    let hasty = [("quiet_text = \"1s\"", "quiet_text = \"100ms\""), ("new_page = \"1s\"", "new_page = \"200ms\"")];
    let config = hasty.iter().fold(office(&worlds), |text, (from, to)| text.replace(from, to));
    write(&home, &config);
    let mut daemon = home.start("daemon", &RUN);
    await_agreement(&home, &worlds, &mut daemon, Timestamp::now(), Duration::from_secs(60), &Edited::default());

    let mut rng = Rng::with_seed(seed);
    let mut edited = Edited::default();
    let mut operator = Operator::new();
    let (people, pages) = everybody(&worlds);
    let mut open = 0;
    for kill in 0..KILLS {
        for _ in 0..=rng.usize(..3) {
            edited.in_crm(&worlds, &mut rng, &people);
            edited.in_notion(&worlds, &mut rng, &pages);
        }
        if kill % 3 == 0 {
            edited.make(&worlds, kill % 2 == 0);
        }
        // A third of the lives end with the answer to a command, a third some time after it.
        if kill % 3 > 0 {
            operator.links(&home, &mut rng, &people);
        }
        if kill % 3 < 2 {
            await_a_bad_moment(&worlds, &mut rng);
        }
        daemon.kill();
        // Nobody knows that it is down.
        if rng.bool() {
            edited.in_crm(&worlds, &mut rng, &people);
            edited.in_notion(&worlds, &mut rng, &pages);
        }
        let left = remembered::take(&home, &format!("life {kill}"));
        daemon = home.start("daemon", &RUN);
        open += left.check(&worlds, &operator.acknowledged);
    }
    let stopped = Timestamp::now();
    let status = await_agreement(&home, &worlds, &mut daemon, stopped, Duration::from_secs(60), &edited);
    assert_eq!(
        (&status["conflicts"], &status["holds"], &status["orphans"]),
        (&json!(0), &json!(0), &json!(0)),
        "nothing here was for a person to decide: {status}"
    );
    assert_eq!(edited.made, 4);
    assert!(operator.answered >= KILLS / 4, "only {} commands were answered", operator.answered);
    operator.assert_obeyed(&Office::look(&worlds));
    made_for_somebody(&worlds);
    print_doubts(&home);
    home.assert_silent("the daemon's log", &home.logged("daemon"));
    daemon.terminate();
    assert_eq!(daemon.ended_within(Duration::from_secs(20)), Some(0), "{}", home.logged("daemon"));
    open
}

#[test]
fn a_create_whose_answer_was_never_stored_is_not_made_twice() {
    let mut home = Home::new();
    let worlds = Worlds::open(&mut home, &["--empty"], &["--empty"]);
    write(&home, &office(&worlds));
    let mut daemon = home.start("daemon", &RUN);
    let mut edited = Edited::default();
    for attempt in 0..8 {
        let in_crm = attempt % 2 == 0;
        let (crm, notion) = (worlds.crm_log(0).len(), worlds.notion_log(0).len());
        edited.make(&worlds, in_crm);
        let landed = || {
            let log = if in_crm { worlds.notion_log(notion) } else { worlds.crm_log(crm) };
            log.iter().any(|entry| entry["actor"] == "api" && entry["kind"] == "created")
        };
        // As near to the answer as possible: the daemon has it, or is about to, and stores it within milliseconds.
        let came = until_at_once(Duration::from_secs(20), landed);
        assert!(came, "no counterpart was created: {}", tail(&home));
        daemon.kill();
        daemon = home.start("daemon", &RUN);
    }
    let stopped = Timestamp::now();
    await_agreement(&home, &worlds, &mut daemon, stopped, Duration::from_secs(30), &edited);
    made_for_somebody(&worlds);
    print_doubts(&home);
}

/// Every object that the sync ever made is still there, and is the one counterpart of something that a person made.
pub fn made_for_somebody(worlds: &Worlds) {
    let made = |log: &[Json], person: bool| -> BTreeSet<String> {
        let created = log.iter().filter(|entry| entry["kind"] == "created" && (entry["actor"] != "api") == person);
        created
            .map(|entry| format!("{} {}", entry["entity"].as_str().unwrap(), entry["object"].as_str().unwrap()))
            .collect()
    };
    let (crm, notion) = (worlds.crm_log(0), worlds.notion_log(0));
    let office = Office::look(worlds);
    let mut counterparts = 0;
    for (table, title) in [(&office.deals, "Projects"), (&office.contacts, "Contacts")] {
        let source = data_source(worlds, title);
        for id in table.records.keys() {
            let record = format!("{} {id}", table.entity);
            let page = format!("{source} {}", table.page_of(id).unwrap());
            let by_people = (made(&crm, true).contains(&record), made(&notion, true).contains(&page));
            assert!(by_people.0 || by_people.1, "nobody made {record}, nor its page");
            counterparts += usize::from(by_people != (true, true));
        }
    }
    assert_eq!(made(&crm, false).len() + made(&notion, false).len(), counterparts, "something was made twice");
}

/// The ids of all deals and contacts, and of all their pages.
pub fn everybody(worlds: &Worlds) -> ([Vec<String>; 2], [Vec<String>; 2]) {
    let office = Office::look(worlds);
    let ids = |of: fn(&Table) -> Vec<String>| [of(&office.deals), of(&office.contacts)];
    (ids(|table| table.records.keys().cloned().collect()), ids(|table| table.pages.keys().cloned().collect()))
}

/// Somebody at the dashboard who links contacts to deals.
pub struct Operator {
    runtime: tokio::runtime::Runtime,
    pub acknowledged: Acknowledged,
    pub answered: usize,
}

impl Operator {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, acknowledged: Acknowledged::new(), answered: 0 }
    }

    /// Links a contact to a deal, or takes the link away again, as soon as the daemon can.
    pub fn links(&mut self, home: &Home, rng: &mut Rng, [deals, contacts]: &[Vec<String>; 2]) {
        // Few, so that some are linked and unlinked again, and several links of one deal wait together.
        let (deal, contact) = (deals[rng.usize(..3)].clone(), contacts[rng.usize(..4)].clone());
        let linked = !self.acknowledged.get(&(deal.clone(), contact.clone())).copied().unwrap_or(false);
        let tie = |pair: &str, id: &str| TieId { pair: pair.into(), crm: RecordId::from(id) };
        let command = Command::Relate {
            owner: tie("deals", &deal),
            field: "CONTACT_IDS".into(),
            target: tie("contacts", &contact),
            linked,
            instead_of: None,
            shown: None,
        };
        let socket = home.path().join("state/desk.sock");
        let done = until(Duration::from_secs(3), || {
            let told = async { connect(&socket).await.ok()?.command("anna", command.clone()).await.ok() };
            // Refused while one side has not been read yet, or is just being written.
            matches!(self.runtime.block_on(told), Some(Reply::Done { .. })).then_some(())
        });
        if done.is_some() {
            self.answered += 1;
            self.acknowledged.insert((deal, contact), linked);
        }
    }

    pub fn assert_obeyed(&self, office: &Office) {
        for ((deal, contact), linked) in &self.acknowledged {
            let held = &office.deals.records[deal]["CONTACT_IDS"];
            let is_there = held.as_array().unwrap().iter().any(|id| id == contact);
            assert_eq!(is_there, *linked, "deal {deal} is linked to {held}, and contact {contact} is not as told");
        }
    }
}

impl Edited {
    /// Somebody saves a form in the CRM: an amount and a stage, or a telephone number.
    pub fn in_crm(&mut self, worlds: &Worlds, rng: &mut Rng, [deals, contacts]: &[Vec<String>; 2]) {
        if rng.usize(..3) > 0 {
            let id = &deals[rng.usize(..deals.len())];
            let (amount, stage) =
                (rng.u32(100..90_000).to_string(), ["NEW", "PREPARATION", "EXECUTING"][rng.usize(..3)]);
            worlds.edit_record("deal", id, &json!({ "OPPORTUNITY": amount, "STAGE_ID": stage }));
            self.crm.insert(("deal", id.clone(), "OPPORTUNITY"), amount);
            self.crm.insert(("deal", id.clone(), "STAGE_ID"), stage.to_owned());
        } else {
            let id = &contacts[rng.usize(..contacts.len())];
            let phone = format!("+49 30 {}", rng.u32(1_000_000..9_999_999));
            worlds.edit_record("contact", id, &json!({ "PHONE": phone }));
            self.crm.insert(("contact", id.clone(), "PHONE"), phone);
        }
    }

    /// Somebody edits cells in Notion: a note and a date, or a name.
    fn in_notion(&mut self, worlds: &Worlds, rng: &mut Rng, [projects, contacts]: &[Vec<String>; 2]) {
        if rng.usize(..3) > 0 {
            let id = &projects[rng.usize(..projects.len())];
            let note = format!("Note {}", rng.u32(..));
            let day = format!("2027-{:02}-{:02}", rng.u32(1..13), rng.u32(1..29));
            worlds.edit_page(id, &json!({ "Notes": note, "Deadline": day }));
            self.notion.insert(("deal", id.clone(), "Notes"), note);
            self.notion.insert(("deal", id.clone(), "Deadline"), day);
        } else {
            let id = &contacts[rng.usize(..contacts.len())];
            let name = format!("Ada Lovelace{}", rng.u32(..));
            worlds.edit_page(id, &json!({ "Name": name }));
            self.notion.insert(("contact", id.clone(), "Name"), name);
        }
    }

    /// Somebody begins a new deal or a new project.
    fn make(&mut self, worlds: &Worlds, in_crm: bool) {
        self.made += 1;
        let title = format!("Lighthouse {}", self.made);
        if in_crm {
            let id = worlds.create_record("deal", &json!({ "TITLE": title, "OPPORTUNITY": "4200" }));
            self.crm.insert(("deal", id, "TITLE"), title);
        } else {
            let projects = data_source(worlds, "Projects");
            let page = worlds.create_page(
                &projects,
                &json!({ "Name": title, "Status": "New", "Amount": 4200, "Responsible": [PERSON] }),
            );
            self.notion.insert(("deal", page, "Name"), title);
        }
    }

    /// What became of it that should not have.
    fn missing(&self, office: &Office) -> Vec<String> {
        let table = |entity| if entity == "deal" { &office.deals } else { &office.contacts };
        let mut missing = Vec::new();
        // Where it was edited it must still stand; that the other side holds the same is looked at for every field.
        for ((entity, id, field), value) in &self.crm {
            let held = &table(*entity).records[id][field];
            if held != value {
                missing
                    .push(format!("{entity} {id}, {field}: somebody wrote {value} into the CRM, which holds {held}"));
            }
        }
        for ((entity, id, field), value) in &self.notion {
            let held = &table(*entity).pages[id][field];
            if held != value {
                missing.push(format!("{entity} {id}, {field}: somebody wrote {value} into Notion, which holds {held}"));
            }
        }
        missing
    }
}

/// A moment to die: some time after the start, or right after a write of the sync has landed.
fn await_a_bad_moment(worlds: &Worlds, rng: &mut Rng) {
    if rng.usize(..3) == 0 {
        // No state to wait for: the point is that the moment is arbitrary.
        return sleep(Duration::from_millis(rng.u64(20..1_000)));
    }
    let (crm, notion, wanted) = (worlds.crm_log(0).len(), worlds.notion_log(0).len(), rng.usize(1..6));
    // As near to the answer as possible. A daemon that has nothing to write dies idle.
    until_at_once(Duration::from_millis(1_200), || {
        let logs = [worlds.crm_log(crm), worlds.notion_log(notion)];
        logs.iter().flatten().filter(|entry| entry["actor"] == "api").count() >= wanted
    });
}

/// Waits until both sides agree, and the daemon says that it is done and has compared everything since.
pub fn await_agreement(
    home: &Home,
    worlds: &Worlds,
    daemon: &mut Running,
    since: Timestamp,
    limit: Duration,
    edited: &Edited,
) -> Json {
    let (mut status, mut wrong) = (Json::Null, Vec::new());
    let agreed = until(limit, || {
        assert!(daemon.is_running(), "the daemon ended by itself: {}", home.logged("daemon"));
        let office = Office::look(worlds);
        wrong = [office.disagreements(), edited.missing(&office)].concat();
        if !wrong.is_empty() {
            return None;
        }
        status = home.status();
        (status["daemon"] == true && drained(&status, since)).then_some(())
    });
    assert!(agreed.is_some(), "not in step after {limit:?}:\n{}\nstatus: {status}\n{}", wrong.join("\n"), tail(home));
    status
}

/// Tells whether the kills came at bad moments: how many writes were doubted, and what was found.
fn print_doubts(home: &Home) {
    let log = home.logged("daemon");
    let count = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    let (starts, adopted, not_applied) = (count(" runs "), count(" adopted "), count(" notapplied "));
    println!("{starts} starts; of the writes in doubt {adopted} had been done and {not_applied} had not");
}

pub fn drained(status: &Json, since: Timestamp) -> bool {
    let queue = ["crm", "notion"].iter().flat_map(|side| status["queue"][side].as_object().unwrap().values());
    let swept = |pair: &Json| pair["last_sweep"].as_str().is_some_and(|at| at.parse::<Timestamp>().unwrap() > since);
    queue.map(|depth| depth.as_u64().unwrap()).sum::<u64>() == 0
        && status["pairs"].as_array().unwrap().iter().all(|pair| pair["state"]["state"] == "running" && swept(pair))
}

fn tail(home: &Home) -> String {
    let log = home.logged("daemon");
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
