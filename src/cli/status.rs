//! `status`: one snapshot, of the running daemon or of an engine started for it, which looks and writes to neither side.

use std::process::ExitCode;

use crate::config::Config;
use crate::control::{Breaker, Headroom, Link, PairState, Snapshot};
use crate::model::Side;

use super::asked::Asked;
use super::failure::{Failure, code};
use super::say;
use super::scripts::{SHAPE, line};
use super::table::{Table, plain, so_many};

/// Prints how the sync does.
///
/// # Errors
/// [`Failure`]: the configuration, the store or the daemon.
pub async fn run(config: &Config, json: bool, plain: bool) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    let (snapshot, daemon, source) = (asked.snapshot().await, asked.daemon, asked.source.clone());
    asked.end().await?;
    if json {
        let mut value = serde_json::to_value(&*snapshot)
            .map_err(|error| Failure::running(format!("the status cannot be written as JSON: {error}")))?;
        value["shape"] = SHAPE.into();
        value["daemon"] = daemon.into();
        value["waiting"] = waits(&snapshot).into();
        // The newest lines of the journal are told by `journal`, in the shape that is promised there.
        if let Some(members) = value.as_object_mut() {
            members.remove("latest");
        }
        say(&line(&value));
    } else if plain {
        say(&super::watch::lines(&snapshot).into_values().collect::<Vec<_>>().join("\n"));
    } else {
        say(&text(&snapshot, daemon, &source));
    }
    Ok(ExitCode::from(match (silent(&snapshot) || !daemon && unheard(&snapshot), waits(&snapshot)) {
        (true, _) => code::UNREACHABLE,
        (false, true) => code::WAITING,
        (false, false) => code::OK,
    }))
}

/// Whether a side does not answer: it is down, or troubled so that nothing leaves for it or a pair stands.
pub(super) fn silent(snapshot: &Snapshot) -> bool {
    let stands = snapshot.pairs.iter().any(|pair| matches!(pair.state, PairState::Stopped { .. }));
    Side::BOTH.into_iter().map(|side| snapshot.sides.get(side)).any(|connection| match connection.link {
        Link::Down { .. } => true,
        Link::Troubled { .. } => stands || connection.breaker != Breaker::Closed,
        Link::Starting | Link::Up => false,
    })
}

/// Whether an engine of our own has waited in vain for a side's first answer.
fn unheard(snapshot: &Snapshot) -> bool {
    let listing = snapshot.pairs.iter().any(|pair| pair.state == PairState::Listing);
    listing && Side::BOTH.into_iter().any(|side| snapshot.sides.get(side).link == Link::Starting)
}

/// Whether something waits for a person.
fn waits(snapshot: &Snapshot) -> bool {
    let stands = |state: &PairState| {
        matches!(state, PairState::Review { .. } | PairState::Guarded { .. } | PairState::Stopped { .. })
    };
    snapshot.conflicts + snapshot.holds + snapshot.orphans > 0
        || snapshot.pairs.iter().any(|pair| stands(&pair.state) || pair.paused.is_some())
}

fn text(snapshot: &Snapshot, daemon: bool, source: &str) -> String {
    let mut sides = Table::new(&["", "link", "requests", "throttled", "headroom", "records", "queue"]);
    for side in Side::BOTH {
        let connection = snapshot.sides.get(side);
        sides.row([
            connection.name.clone(),
            match connection.link {
                Link::Starting if !daemon && unheard(snapshot) => "NO ANSWER yet".to_owned(),
                ref known => link(known),
            },
            connection.requests.to_string(),
            connection.throttled.to_string(),
            headroom(&connection.headroom),
            connection.records.to_string(),
            snapshot.queue.get(side).total().to_string(),
        ]);
    }
    let mut pairs = Table::new(&["pair", "state", "ties", "drift", "last sweep"]);
    for pair in &snapshot.pairs {
        pairs.row([
            pair.name.to_string(),
            state(&pair.state),
            pair.ties.to_string(),
            pair.drift.to_string(),
            pair.last_sweep.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ]);
    }
    format!(
        "crosstie, by {source}\n\n{sides}\n{pairs}\n{}, {}, {}, {}, {}\n{}{}",
        so_many(snapshot.conflicts, "conflict"),
        so_many(snapshot.other_holds(), "other hold"),
        so_many(snapshot.quarantined, "quarantined record"),
        so_many(snapshot.orphans, "orphan"),
        so_many(snapshot.relations, "relation"),
        notices(snapshot),
        plain(&snapshot.store_note)
    )
}

/// Where notices go, a line each.
fn notices(snapshot: &Snapshot) -> String {
    let told = |sink: &crate::control::Sink| {
        let how = match sink.trouble.as_str() {
            "" => format!("{} went out", sink.sent),
            why => format!("{}{}", if sink.off { "OFF: " } else { "" }, plain(why)),
        };
        format!("notices by {}: {how}{}\n", sink.name, sink.not_taken())
    };
    snapshot.sinks.iter().map(told).collect()
}

pub(super) fn link(link: &Link) -> String {
    match link {
        Link::Starting => "starting".to_owned(),
        Link::Up => "up".to_owned(),
        Link::Troubled { why } => format!("troubled: {why}"),
        Link::Down { why } => format!("DOWN: {why}"),
    }
}

pub(super) fn headroom(headroom: &Headroom) -> String {
    headroom.left_of().map_or_else(|| "unknown".to_owned(), |(left, of)| format!("{left}/{of}"))
}

pub(super) fn state(state: &PairState) -> String {
    match state {
        PairState::Listing => "listing".to_owned(),
        PairState::Review { .. } => format!("waits for your approval: {}", state.counts().unwrap_or_default()),
        PairState::Running => "running".to_owned(),
        PairState::Guarded { what, .. } => format!("guarded: {what}"),
        PairState::Stopped { why } => format!("STOPPED: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_side_for_which_nothing_leaves_any_more_does_not_answer() {
        let troubled = || Link::Troubled { why: "connection refused".into() };
        let open = Breaker::Open { until: Timestamp::UNIX_EPOCH };
        for (link, breaker, expected) in [
            (Link::Up, Breaker::Closed, false),
            (troubled(), Breaker::Closed, false),
            (troubled(), open, true),
            (troubled(), Breaker::HalfOpen, true),
            (Link::Down { why: "the token was refused".into() }, Breaker::Closed, true),
        ] {
            let mut snapshot = Snapshot::default();
            let side = snapshot.sides.get_mut(Side::Notion);
            (side.link, side.breaker) = (link.clone(), breaker);
            assert_eq!(silent(&snapshot), expected, "{link:?} {breaker:?}");
        }
    }
}
