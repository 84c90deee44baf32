//! `status --watch`: one line for everything that changes. Nothing is redrawn, drawn in boxes or animated, so that it can be
//! read aloud, logged and searched.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::config::Config;
use crate::control::Snapshot;
use crate::model::Side;

use super::failure::{Failure, code};
use super::scripts::{SHAPE, line as as_line};
use super::table::plain;
use super::{say, status, unheard, warn, wiring};

/// Prints how the sync does, then every change, until a signal or the daemon ends it.
///
/// # Errors
/// [`Failure`] when no daemon runs: an engine that is started to be watched alone would be a second one.
pub async fn run(config: &Config, json: bool) -> Result<ExitCode, Failure> {
    let socket = wiring::socket(config)?;
    let Some(desk) = super::dashboard::attach(&socket).await? else {
        return Err(Failure::running(
            "no daemon runs, so there is nothing to watch; start one with `crosstie run`, or ask once with `crosstie status`"
                .to_owned(),
        ));
    };
    let mut snapshots = desk.snapshots();
    let mut told = BTreeMap::new();
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        if snapshot.version > 0 {
            told = tell(&snapshot, told, json);
        }
        // A daemon that is watched tells of itself every second.
        if unheard() {
            return Ok(ExitCode::from(code::OK));
        }
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::from(code::OK)),
            changed = snapshots.changed() => if changed.is_err() {
                warn("crosstie: the daemon has ended; nothing more can be said");
                return Ok(ExitCode::from(code::OK));
            },
        }
    }
}

/// Says what is not as it was told before; returns what was told.
fn tell(snapshot: &Snapshot, before: BTreeMap<String, String>, json: bool) -> BTreeMap<String, String> {
    let now = lines(snapshot);
    let at = snapshot.at.strftime("%Y-%m-%dT%H:%M:%SZ");
    for (what, line) in now.iter().filter(|(what, line)| before.get(*what) != Some(line)) {
        if json {
            say(&as_line(&serde_json::json!({ "shape": SHAPE, "at": at.to_string(), "what": what, "line": line })));
        } else {
            say(&format!("{at} {line}"));
        }
    }
    now
}

/// Every figure that a person would want to hear of, as a sentence of one line, by what it is about. What changes with every
/// request is not among them.
pub(super) fn lines(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    let mut say = |what: String, line: String| {
        // Text of strangers stays on its line.
        lines.insert(what, plain(&line));
    };
    for side in Side::BOTH {
        let connection = snapshot.sides.get(side);
        let (name, link) = (&connection.name, status::link(&connection.link));
        say(format!("1 link {side}"), format!("{name} is {}.", link.trim_end_matches('.')));
        let depth = snapshot.queue.get(side);
        let unknown = if depth.unknown > 0 { format!(", {} of unknown outcome", depth.unknown) } else { String::new() };
        say(
            format!("3 queue {side}"),
            format!("{} for {name}{unknown}.", one_or(depth.total(), "operation waits", "operations wait")),
        );
        if let Some(until) = connection.headroom.gated_until() {
            let until = until.strftime("%H:%M:%SZ");
            say(format!("2 gate {side}"), format!("{name} wants no requests before {until}."));
        }
    }
    for pair in &snapshot.pairs {
        let paused = pair.paused.as_ref().map(|paused| format!("; paused {paused}")).unwrap_or_default();
        let state = status::state(&pair.state);
        say(format!("4 pair {}", pair.name), format!("Pair {}: {state}, {} tied{paused}.", pair.name, pair.ties));
        say(
            format!("5 drift {}", pair.name),
            format!("Pair {}: the last sweep found {} missed.", pair.name, pair.drift),
        );
    }
    for sink in &snapshot.sinks {
        let how = if sink.trouble.is_empty() { "go out" } else { sink.trouble.as_str() };
        say(
            format!("9 sink {}", sink.name),
            format!("Notices by {}: {}{}.", sink.name, how.trim_end_matches('.'), sink.not_taken()),
        );
    }
    let counts = [
        ("6 conflicts", ["conflict waits", "conflicts wait"], snapshot.conflicts),
        ("7 holds", ["other hold waits", "other holds wait"], snapshot.other_holds()),
        ("7 quarantined", ["record is set aside", "records are set aside"], snapshot.quarantined),
        ("8 orphans", ["orphan waits", "orphans wait"], snapshot.orphans),
        (
            "9 overwritten",
            ["field was possibly overwritten", "fields were possibly overwritten"],
            snapshot.possibly_overwritten,
        ),
    ];
    for (what, [one, several], count) in counts {
        say(what.to_owned(), format!("{}.", one_or(count, one, several)));
    }
    lines
}

/// A number of things and what is so of them.
fn one_or(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::control::{Link, Sides};

    #[test]
    fn only_what_changed_has_a_new_line_and_every_line_is_one() {
        let mut snapshot = Snapshot { conflicts: 3, ..Snapshot::default() };
        let before = lines(&snapshot);
        assert_eq!(before.get("6 conflicts").unwrap(), "3 conflicts wait.");
        snapshot.conflicts = 4;
        snapshot.sides.notion.requests = 1_000;
        snapshot.sides = Sides {
            crm: crate::control::Connection {
                link: Link::Down { why: "token\nrefused\u{1b}[2J\u{9b}31m\u{202e}".into() },
                ..Default::default()
            },
            ..snapshot.sides
        };
        let now = lines(&snapshot);
        let changed: Vec<&String> =
            now.iter().filter(|(what, line)| before.get(*what) != Some(line)).map(|(what, _)| what).collect();
        assert_eq!(changed, ["1 link CRM", "6 conflicts"], "requests alone are no news");
        snapshot.conflicts = 1;
        snapshot.sides.notion.link = Link::Troubled { why: "HTTP 503, try again later.".into() };
        let now = lines(&snapshot);
        assert_eq!(now.get("6 conflicts").unwrap(), "1 conflict waits.");
        assert!(now.get("1 link Notion").unwrap().ends_with("again later."), "{now:?}");
        assert!(!now.values().any(|line| line.ends_with("..")), "{now:?}");
        assert!(now.values().all(|line| !line.chars().any(super::super::table::steers)), "{now:?}");
    }
}
