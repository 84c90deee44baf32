//! `check`: configuration, tokens, access and schemas of both sides, in one table.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use crate::config::{Config, Secret};
use crate::control::Sides;
use crate::mapping::{PairMap, PairSpec};
use crate::model::{Account, Block, BlockKind, FieldKey, Schema, Side};
use crate::remote::bitrix24::Bound;
use crate::remote::notion::blocks::language_of;
use crate::remote::{RemoteError, RemoteErrorKind, System, bitrix24, notion};

use super::failure::{Failure, code};
use super::table::{Table, so_many};
use super::{honoured, host, inlet, say, warn, wiring};

/// After this somebody is told what is waited for.
const SLOW: Duration = Duration::from_secs(3);

/// What was found, line by line, and the code to exit with.
struct Findings {
    table: Table,
    worst: u8,
}

impl Findings {
    fn good(&mut self, what: &str, detail: impl Into<String>) {
        self.table.row(["ok".to_owned(), what.to_owned(), detail.into()]);
    }

    fn note(&mut self, what: &str, detail: impl Into<String>) {
        self.table.row(["note".to_owned(), what.to_owned(), detail.into()]);
    }

    fn bad(&mut self, what: &str, detail: impl Into<String>, code: u8) {
        self.table.row(["MEND".to_owned(), what.to_owned(), detail.into()]);
        self.worst = self.worst.max(code);
    }

    fn remote(&mut self, what: &str, error: &RemoteError) {
        let row = notion::errors::of(&error.code).or_else(|| bitrix24::errors::of(&error.code));
        let mend = match error.kind {
            // It says so itself.
            _ if row.is_some_and(|row| !row.mend.is_empty()) => "",
            RemoteErrorKind::Unauthorized => {
                "; give the right token or webhook, or let crosstie in again (`crosstie authorize`)"
            }
            RemoteErrorKind::Forbidden => "; give the connection this capability or right",
            RemoteErrorKind::NotFound => "; share it with the connection, or correct its id",
            RemoteErrorKind::Unavailable => "; check address and network",
            RemoteErrorKind::Throttled | RemoteErrorKind::Overtaken => "; try again later",
            RemoteErrorKind::Invalid | RemoteErrorKind::Malformed => "",
        };
        let code = match error.kind {
            RemoteErrorKind::Unauthorized | RemoteErrorKind::Unavailable | RemoteErrorKind::Throttled => {
                code::UNREACHABLE
            }
            _ => code::CHECK,
        };
        self.bad(what, format!("{}{mend}", error.to_string().trim_end_matches('.')), code);
    }
}

/// Checks everything that can be checked without writing a record.
///
/// # Errors
/// [`Failure`] for secrets that cannot be read; everything else is in the table.
pub async fn run(config: &Config, create_properties: bool) -> Result<ExitCode, Failure> {
    let mut found = Findings { table: Table::new(&["", "what", "found"]), worst: code::OK };
    found.good("configuration", so_many(u64::try_from(config.pairs.len()).unwrap_or(u64::MAX), "pair"));
    for (key, secret) in config.secrets() {
        if let Some(why) = in_the_clear(secret) {
            found.note("secrets", format!("{key} {why}; `crosstie secret set NAME` seals it on this host"));
        }
    }
    for (what, looked) in host::look(config).await {
        match looked {
            Ok(detail) => found.good(what, detail),
            Err(why) => found.bad(what, why, code::CHECK),
        }
    }
    let wiring::Connected { systems, portal } = wiring::connect(config)?;
    let mut reached = true;
    for side in Side::BOTH {
        let system = systems.get(side);
        let name = system.capabilities().name;
        match patiently(name, system.identity()).await {
            Ok(identity) => found.good(name, format!("we are {}", identity.name)),
            Err(error) => {
                found.remote(name, &error);
                reached = false;
                continue;
            }
        }
        match system.people().await {
            Ok(mut people) => {
                people.retain(|person| person.account == Account::Person || person.email.is_some());
                let known = people.iter().filter(|person| person.email.is_some()).count();
                found.good(
                    &format!("{name} people"),
                    format!("{} people, {known} with an e-mail address", people.len()),
                );
            }
            Err(error) => found.note(&format!("{name} people"), format!("{error}; people fields will be held")),
        }
    }
    if let (Some(handler), true) = (inlet::handler(config), reached) {
        match portal.bound(&handler, &inlet::entities(config)).await {
            Ok(bound) => check_bound(&handler, &bound, inlet::unproven(config)?, &mut found),
            Err(error) => found.note("events", format!("{error}; its calls cannot be bound, and polling goes on")),
        }
    }
    for pair in &config.pairs {
        if reached {
            check_pair(config, pair, &systems, create_properties, &mut found).await;
        } else {
            found.note(&pair.name.0, "not checked: it needs both sides");
        }
    }
    say(&found.table.to_string());
    let verdict = match found.worst {
        code::OK => "All good: `crosstie` opens the dashboard, `crosstie run` syncs without one.",
        code::UNREACHABLE => "A system cannot be reached or refuses us.",
        _ => "Mend the lines marked MEND, then check again.",
    };
    say(verdict);
    Ok(ExitCode::from(found.worst))
}

/// Says what is waited for where an answer takes long.
async fn patiently<T>(name: &str, answer: impl Future<Output = T>) -> T {
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        () = tokio::time::sleep(SLOW) => {}
    }
    warn(&format!("{name} has not answered yet; it is given some minutes, and asked again meanwhile"));
    answer.await
}

/// Where a secret stands that anybody can read who gets at the place.
fn in_the_clear(secret: &Secret) -> Option<String> {
    match secret {
        Secret::Sealed(_) => None,
        Secret::Env(name) => Some(format!(
            "stands in the clear wherever the variable {name} is set (a profile, a unit's EnvironmentFile)"
        )),
        Secret::File(path) => Some(format!("stands in the clear in {}", path.display())),
    }
}

/// Whether the portal calls us, and is believed.
fn check_bound(handler: &str, bound: &Bound, unproven: Option<String>, found: &mut Findings) {
    let (kept, all) = (bound.kept.len(), bound.kept.len() + bound.missing.len());
    if let Some(why) = inlet::unheard(bound).or(unproven) {
        found.bad("events", why, code::CHECK);
    } else if bound.missing.is_empty() {
        found.good("events", format!("all {all} are told to {handler}"));
    } else {
        found.note("events", format!("{kept} of {all} are told to {handler}; `crosstie run` binds the others"));
    }
}

async fn check_pair(
    config: &Config,
    pair: &PairSpec,
    systems: &Sides<std::sync::Arc<dyn System>>,
    create_properties: bool,
    found: &mut Findings,
) {
    let entity = pair.entity(Side::Notion);
    if create_properties {
        match systems.notion.add_marker(&entity).await {
            Ok(()) => found.good(&pair.name.0, format!("the marker property {} is there", pair.marker)),
            Err(error) => found.remote(&format!("{}: marker property {}", pair.name, pair.marker), &error),
        }
    }
    if let Some(template) = &pair.template {
        let blocks = Block::count(&template.blocks);
        found.good(&pair.name.0, format!("new pages get the {blocks} blocks of {}", template.name));
        for note in &template.notes {
            found.note(&pair.name.0, format!("{} {note}", template.name));
        }
        let mut strange = BTreeSet::new();
        strange_languages(&template.blocks, &mut strange);
        for language in strange {
            let what = format!("{}: Notion knows no language `{language}`, so that code is plain text", template.name);
            found.note(&pair.name.0, what);
        }
    }
    let mut schemas: Vec<Schema> = Vec::new();
    for side in Side::BOTH {
        match systems.get(side).schema(&pair.entity(side)).await {
            Ok(schema) => schemas.push(schema),
            Err(error) => found.remote(&format!("{}: {side} schema", placed(config, pair, None)), &error),
        }
    }
    let [crm, notion] = schemas.as_slice() else { return };
    for (side, key) in [(Side::Crm, "crm_filter"), (Side::Notion, "notion_filter")] {
        let what = format!("{}: {side} filters", pair.name);
        match honoured::look(&**systems.get(side), &pair.entity(side), key).await {
            Ok(looked) => {
                if looked.bad.is_empty() && looked.tried > 0 {
                    found.good(&what, format!("{} tried, and honoured", looked.tried));
                }
                looked.notes.into_iter().for_each(|note| found.note(&what, note));
                looked.bad.into_iter().for_each(|bad| found.bad(&what, bad, code::CHECK));
            }
            Err(error) => found.remote(&what, &error),
        }
    }
    match PairMap::compile(pair, crm, notion, &config.pairs) {
        Ok(map) => {
            let names = format!("{} ↔ {}", crm.title, notion.title);
            found.good(&pair.name.0, format!("{names}: {} fields fit", map.fields.len()));
            // One line a reason, with the fields it is about.
            let mut lossy: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for field in &map.fields {
                if let Some(why) = field.lossy() {
                    lossy.entry(why).or_default().push(field.spec.key.as_str());
                }
            }
            for (why, fields) in lossy {
                found.note(&pair.name.0, format!("lossy ({}): {why}", fields.join(", ")));
            }
            for field in &map.fields {
                let missing = field.missing_options();
                if !missing.is_empty() {
                    let (crm, notion) = (&field.spec.crm, &field.spec.notion);
                    let what = format!("{crm}: `{notion}` in Notion has no option {}", missing.join(", "));
                    let mend = "values with one are held until you add it, or set `create_options = true`";
                    found.note(&pair.name.0, format!("{what}; {mend}"));
                }
            }
        }
        Err(problems) => {
            for problem in problems {
                found.bad(&placed(config, pair, problem.field.as_ref()), problem.to_string(), code::CHECK);
            }
        }
    }
}

/// A pair with the line of the configuration on which it, or one of its fields, begins.
fn placed(config: &Config, pair: &PairSpec, field: Option<&FieldKey>) -> String {
    match config.line_of(&pair.name, field) {
        Some(line) => format!("{} (line {line})", pair.name),
        None => pair.name.to_string(),
    }
}

/// The languages of a template's code that Notion does not know.
fn strange_languages<'a>(blocks: &'a [Block], found: &mut BTreeSet<&'a str>) {
    for block in blocks {
        if let BlockKind::Code(language) = &block.kind
            && language_of(language).is_none()
        {
            found.insert(language);
        }
        strange_languages(&block.children, found);
    }
}
