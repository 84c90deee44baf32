//! The snapshot as Prometheus reads it. Pure.

use std::fmt::Write;

use crate::control::{Breaker, Link, PairState, Snapshot};
use crate::model::Side;

/// One family: its name, its type, what it says, and its samples with their labels.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    samples: Vec<(String, String)>,
}

/// Every figure, in Prometheus' text format. `doors` is how many calls ended how at each door.
pub(super) fn text(snapshot: &Snapshot, doors: &[(String, Vec<(&'static str, u64)>)]) -> String {
    let mut out = String::new();
    for family in families(snapshot, doors).into_iter().filter(|family| !family.samples.is_empty()) {
        let Family { name, kind, help, samples } = family;
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
    out
}

fn families(snapshot: &Snapshot, doors: &[(String, Vec<(&'static str, u64)>)]) -> Vec<Family> {
    let family = |name, kind, help, samples| Family { name, kind, help, samples };
    let one =
        |name, kind, help, value: u64| Family { name, kind, help, samples: vec![(String::new(), value.to_string())] };
    let sides = |value: &dyn Fn(Side) -> Option<u64>| -> Vec<(String, String)> {
        let sample = |side: Side| Some((labels(&[("side", side.as_str())]), value(side)?.to_string()));
        Side::BOTH.into_iter().filter_map(sample).collect()
    };
    let depth = Side::BOTH.into_iter().flat_map(|side| {
        let queue = snapshot.queue.get(side);
        let states = [("planned", queue.planned), ("in_flight", queue.in_flight), ("unknown", queue.unknown)];
        states.map(|(state, value)| (labels(&[("side", side.as_str()), ("state", state)]), value.to_string()))
    });
    let pairs = |value: &dyn Fn(&crate::control::PairStatus) -> u64| -> Vec<(String, String)> {
        snapshot.pairs.iter().map(|pair| (labels(&[("pair", pair.name.as_str())]), value(pair).to_string())).collect()
    };
    let left = |side: Side| snapshot.sides.get(side).headroom.left_of();
    let windows = [("0.5", snapshot.windows.p50), ("0.95", snapshot.windows.p95)];
    let windows = windows.map(|(quantile, millis)| (labels(&[("quantile", quantile)]), seconds(millis)));
    let windows = if snapshot.windows.count == 0 { Vec::new() } else { windows.to_vec() };
    let calls = doors.iter().flat_map(|(door, outcomes)| {
        outcomes
            .iter()
            .map(move |(outcome, count)| (labels(&[("door", door), ("outcome", outcome)]), count.to_string()))
    });
    vec![
        family("crosstie_queue_depth", "gauge", "Operations not acknowledged yet.", depth.collect()),
        family(
            "crosstie_headroom_requests",
            "gauge",
            "Requests that can leave now without waiting.",
            sides(&|side| Some(left(side)?.0.into())),
        ),
        family(
            "crosstie_headroom_limit",
            "gauge",
            "The most that headroom can be.",
            sides(&|side| Some(left(side)?.1.into())),
        ),
        family(
            "crosstie_connection_up",
            "gauge",
            "Whether the system answers well.",
            sides(&|side| Some(u64::from(snapshot.sides.get(side).link == Link::Up))),
        ),
        family(
            "crosstie_breaker_open",
            "gauge",
            "Whether a side is tried by one request at a time alone, after failures in a row.",
            sides(&|side| Some(u64::from(snapshot.sides.get(side).breaker != Breaker::Closed))),
        ),
        family(
            "crosstie_requests_total",
            "counter",
            "Requests sent since the start.",
            sides(&|side| Some(snapshot.sides.get(side).requests)),
        ),
        family(
            "crosstie_requests_throttled_total",
            "counter",
            "Requests refused for their pace.",
            sides(&|side| Some(snapshot.sides.get(side).throttled)),
        ),
        family(
            "crosstie_records",
            "gauge",
            "Records that are there.",
            sides(&|side| Some(snapshot.sides.get(side).records)),
        ),
        family(
            "crosstie_fields_seen_total",
            "counter",
            "Fields seen changed since the start.",
            sides(&|side| Some(*snapshot.seen.get(side))),
        ),
        family(
            "crosstie_fields_written_total",
            "counter",
            "Fields written since the start.",
            sides(&|side| Some(*snapshot.written.get(side))),
        ),
        one("crosstie_conflicts", "gauge", "Fields that both sides changed and nobody decided.", snapshot.conflicts),
        one("crosstie_holds", "gauge", "All other holds.", snapshot.holds),
        one("crosstie_orphans", "gauge", "Untied records that wait for a person.", snapshot.orphans),
        one("crosstie_ties", "gauge", "Records that are tied.", snapshot.ties),
        one("crosstie_relations", "gauge", "Edges between records that both sides agree on.", snapshot.relations),
        one("crosstie_hot_records", "gauge", "Records that are read again soon.", snapshot.hot),
        one(
            "crosstie_possibly_overwritten_total",
            "counter",
            "Fields that somebody may have edited inside a write's window.",
            snapshot.possibly_overwritten,
        ),
        family(
            "crosstie_pair_running",
            "gauge",
            "Whether the pair is in step or getting there.",
            pairs(&|pair| u64::from(pair.state == PairState::Running)),
        ),
        family(
            "crosstie_drift",
            "gauge",
            "Changes that the last sweep found and the increments had missed.",
            pairs(&|pair| pair.drift),
        ),
        family("crosstie_write_window_seconds", "gauge", "From a write's pre-read to its acknowledgement.", windows),
        one("crosstie_write_windows_total", "counter", "Write windows measured.", snapshot.windows.count),
        family("crosstie_deliveries_total", "counter", "Calls of systems, by what became of them.", calls.collect()),
    ]
}

fn labels(labels: &[(&str, &str)]) -> String {
    let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let each: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    format!("{{{}}}", each.join(","))
}

/// Milliseconds as seconds, exactly.
fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_seconds_are_written_as_prometheus_reads_them() {
        assert_eq!(labels(&[("pair", "a\"b\\c\nd")]), r#"{pair="a\"b\\c\nd"}"#);
        assert_eq!((seconds(0), seconds(1_234), seconds(60_007)), ("0.000".into(), "1.234".into(), "60.007".into()));
    }
}
