//! What scripts ask and tell: one file a noun. Each command asks the running daemon over its socket, or opens the store if
//! none runs; then both sides are looked at first, and what is decided is written as soon as a daemon runs.
//!
//! With `--json` each prints one object on one line. Its shape is part of the interface: members are added, never
//! renamed or removed, and `shape` counts up if that is ever broken.
//!
//! - A list: `{"shape":1,"daemon":true,"total":2,"rows":[…]}`. `total` counts the whole list, `rows` may be fewer.
//! - An answer: `{"shape":1,"daemon":true,"done":true,"note":"…","moved":[]}`. Where `done` is false nothing was done, the exit
//!   code is 8, and `moved` names what has changed since it was shown.
//!
//! Ids are texts: a hold `pair/crm id/field`, a record `pair/side/id`, a tie `pair/crm id`, a line of the journal its number.
//! Times are UTC as in RFC 3339. Values are as people read them.

mod conflicts;
mod guard;
mod health;
mod ids;
mod journal;
mod orphans;
mod pairs;
mod queue;
mod relations;

pub use conflicts::{holds, row as hold_row};
pub use orphans::{row as orphan_row, rows as orphan_rows};
pub use pairs::state as pair_state;

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::process::ExitCode;

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::control::{Command, Reply};

use super::asked::Asked;
use super::failure::{Failure, code};
use super::say;
use super::table::{Table, flat, plain, steers};

/// The version of every shape.
pub const SHAPE: u32 = 1;

/// The commands for scripts.
#[derive(Debug, clap::Subcommand)]
pub enum Script {
    /// Fields that both sides changed: list, show, decide.
    Conflicts(conflicts::Args),
    /// Untied records that wait for a person: list, link, create a counterpart, ignore.
    Orphans(orphans::Args),
    /// Which record is linked to which: list, link, unlink.
    Relations(relations::Args),
    /// Writes that are planned or on their way.
    Queue(queue::QueueArgs),
    /// Records that were set aside after too many errors: list, retry.
    Quarantine(queue::QuarantineArgs),
    /// The pairs: list, pause, resume.
    Pairs(pairs::Args),
    /// What a guard has stopped: list, let it happen once.
    Guard(guard::GuardArgs),
    /// Take one of our writes back, by its line in the journal.
    Undo(guard::UndoArgs),
    /// The history, newest first, or the whole story of one edit.
    Journal(journal::Args),
    /// Counts of both sides, where they differ, and which records wait: what the inlet tells a monitor.
    Health(health::Args),
}

/// Runs one.
///
/// # Errors
/// [`Failure`]: the configuration, the store, the daemon, or what was asked for is not there.
pub async fn run(config: &Config, script: Script) -> Result<ExitCode, Failure> {
    match script {
        Script::Conflicts(args) => conflicts::run(config, args).await,
        Script::Orphans(args) => orphans::run(config, args).await,
        Script::Relations(args) => relations::run(config, args).await,
        Script::Queue(args) => queue::queue(config, args).await,
        Script::Quarantine(args) => queue::quarantine(config, args).await,
        Script::Pairs(args) => pairs::run(config, args).await,
        Script::Guard(args) => guard::run(config, args).await,
        Script::Undo(args) => guard::undo(config, args).await,
        Script::Journal(args) => journal::run(config, args).await,
        Script::Health(args) => health::run(config, args).await,
    }
}

/// Says that a command failed, to whoever reads one object. Whom it would have asked is not known any more.
pub fn failed(failure: &Failure) {
    let note = failure.to_string();
    say(&line(&json!({ "shape": SHAPE, "daemon": null, "done": false, "note": note, "moved": [] })));
}

impl Script {
    /// Whether its answer is one JSON object.
    pub fn as_json(&self) -> bool {
        match self {
            Script::Conflicts(args) => args.json,
            Script::Orphans(args) => args.json,
            Script::Relations(args) => args.json,
            Script::Queue(args) => args.json,
            Script::Quarantine(args) => args.json,
            Script::Pairs(args) => args.json,
            Script::Guard(args) => args.json,
            Script::Undo(args) => args.json,
            Script::Journal(args) => args.json,
            Script::Health(args) => args.json,
        }
    }
}

/// One line of JSON, with what could steer a terminal escaped.
pub fn line(value: &Json) -> String {
    let mut safe = String::new();
    for it in value.to_string().chars() {
        if steers(it) {
            let mut units = [0; 2];
            for unit in it.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(it);
        }
    }
    safe
}

/// Columns of titles and values, which can be of any length: a person gets their beginning. Reasons and errors, which are
/// judged by, are told whole.
const TEXTS: [&str; 8] =
    ["title", "label", "crm_value", "crm_edited_by", "notion_value", "notion_edited_by", "owner_title", "target_title"];

/// Prints a list, as JSON or as a table.
fn tell(asked: &Asked, as_json: bool, total: u64, rows: &[Json], columns: &[&str]) {
    if as_json {
        return say(&line(&json!({ "shape": SHAPE, "daemon": asked.daemon, "total": total, "rows": rows })));
    }
    // Whoever is no person, such as `grep`, gets the whole of every text.
    let person = std::io::stdout().is_terminal();
    let mut table = Table::of_texts(columns, |column| person && TEXTS.contains(&column));
    for row in rows {
        table.row(columns.iter().map(|column| cell(&row[*column])));
    }
    say(&table.to_string());
    let shown = rows.len();
    if total == 0 {
        // A heading alone could be the beginning of an answer.
        super::warn("none");
    }
    if u64::try_from(shown).is_ok_and(|shown| shown < total) {
        super::warn(&format!("{shown} of {total}"));
    }
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => moment(text).unwrap_or_else(|| text.clone()),
        Json::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Json::Array(parts) => parts.iter().map(cell).collect::<Vec<_>>().join(", "),
        Json::Object(members) => {
            let told = members.iter().map(|(name, value)| (name, cell(value))).filter(|(_, value)| !value.is_empty());
            told.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// A moment to the second: a person who reads a table needs no more, and `--json` has the whole of it.
fn moment(text: &str) -> Option<String> {
    let (to_the_second, _) = text.strip_suffix('Z')?.split_once('.')?;
    text.parse::<jiff::Timestamp>().ok().map(|_| format!("{to_the_second}Z"))
}

/// A member a line; what has members of its own, a line for each of them, and a list of such a line for each.
fn members(before: &str, row: &Json, told: &mut Vec<(String, String)>) {
    for (name, value) in row.as_object().into_iter().flatten() {
        let name = if before.is_empty() { name.clone() } else { format!("{before} {name}") };
        match value {
            Json::Object(_) => members(&name, value, told),
            Json::Array(parts) if parts.iter().any(Json::is_object) => {
                told.extend(parts.iter().map(|part| (name.clone(), cell(part))));
            }
            value => told.push((name, cell(value))),
        }
    }
}

/// Prints one row, a member a line.
fn tell_one(asked: &Asked, as_json: bool, row: &Json) {
    if as_json {
        let mut whole = json!({ "shape": SHAPE, "daemon": asked.daemon });
        if let (Some(whole), Some(row)) = (whole.as_object_mut(), row.as_object()) {
            whole.extend(row.clone());
        }
        return say(&line(&whole));
    }
    let mut told = Vec::new();
    members("", row, &mut told);
    told.retain(|(_, value)| !value.is_empty());
    let wide = told.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in told {
        let _ = writeln!(text, "{name:<wide$}  {}", flat(&value));
    }
    say(&text);
}

/// Gives a command, ends what was begun for it, and prints the answer.
async fn carry_out(asked: Asked, as_json: bool, command: Command) -> Result<ExitCode, Failure> {
    let reply = asked.command(command).await?;
    let daemon = asked.daemon;
    asked.end().await?;
    let (done, mut note, moved) = match reply {
        Reply::Done { note } => (true, note, Vec::new()),
        Reply::Changed { ids, note } => (false, note, ids.iter().map(ToString::to_string).collect()),
        Reply::Refused { why } => (false, why, Vec::new()),
    };
    if done && !daemon {
        note.push_str("; no daemon runs: it is kept, and carried out when one does");
    }
    if as_json {
        say(&line(&json!({ "shape": SHAPE, "daemon": daemon, "done": done, "note": note, "moved": moved })));
    } else if done {
        say(&plain(&note));
    } else {
        super::warn(&plain(&note));
    }
    Ok(ExitCode::from(if done { code::OK } else { code::REFUSED }))
}

/// Asks somebody at the terminal; whoever is none has to say beforehand what they saw.
fn confirmed(question: &str, instead: &str) -> Result<(), Failure> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(Failure::configuration(format!("a decision is bound to what was seen: give {instead}")));
    }
    super::warn(&format!("{question} [y/N]"));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::refused("nothing was done".to_owned()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_reads_has_no_json_and_no_split_second() {
        let row = json!({
            "at": "2026-03-02T09:00:00.123456789Z", "note": "3.5Z", "ready": true, "who": "",
            "sides": {"crm": {"link": "up", "queue": {"planned": 1}}},
            "pairs": [{"name": "deals", "last": null, "at": "2026-03-02T09:00:00Z"}, {"name": "tasks"}],
        });
        let mut told = Vec::new();
        members("", &row, &mut told);
        let told: Vec<String> = told.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let want = [
            "at: 2026-03-02T09:00:00Z",
            "note: 3.5Z",
            "pairs: at 2026-03-02T09:00:00Z, name deals",
            "pairs: name tasks",
            "ready: yes",
            "sides crm link: up",
            "sides crm queue planned: 1",
            "who: ",
        ];
        assert_eq!(told.len(), want.len(), "{told:#?}");
        assert!(want.iter().all(|line| told.iter().any(|told| told == line)), "{told:#?}");
    }

    #[test]
    fn a_line_of_json_steers_no_terminal_and_says_the_same() {
        let value = json!({ "a": "x\u{1b}[2J\u{9b}31m\u{202e}y\u{7f}\u{2028}" });
        let told = line(&value);
        assert!(!told.chars().any(steers), "{told:?}");
        assert_eq!(serde_json::from_str::<Json>(&told).unwrap(), value);
    }
}
