//! What depends on the time. Ages step and resets are clock times, so that an idle screen stays as it is.

use jiff::Timestamp;

use crate::control::Headroom;
use crate::model::Side;
use crate::tui::model::Model;

/// After so many seconds without a snapshot the figures are called old. The engine sends one with every cycle.
const STALE_S: i64 = 30;

/// How old something is: `fresh`, `3 m ago`.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    match steps(now, then) {
        None => "fresh".to_owned(),
        Some(steps) => format!("{steps} ago"),
    }
}

fn steps(now: Timestamp, then: Timestamp) -> Option<String> {
    let seconds = now.as_second().saturating_sub(then.as_second());
    match seconds {
        ..60 => None,
        60..3_600 => Some(format!("{} m", seconds / 60)),
        3_600..172_800 => Some(format!("{} h", seconds / 3_600)),
        _ => Some(format!("{} d", seconds / 86_400)),
    }
}

/// A clock time: `14:03:09`.
pub fn clock(model: &Model, at: Timestamp) -> String {
    at.to_zoned(model.tz.clone()).strftime("%H:%M:%S").to_string()
}

/// A clock time to the minute: `14:03`; of another day with that, `11-20 14:03`.
pub fn minute(model: &Model, at: Timestamp) -> String {
    let zoned = at.to_zoned(model.tz.clone());
    let today = zoned.date() == model.now.to_zoned(model.tz.clone()).date();
    zoned.strftime(if today { "%H:%M" } else { "%m-%d %H:%M" }).to_string()
}

/// A clock time today, or the day with it: `11-20 14:03`. Always at most 11 cells.
pub fn moment(model: &Model, at: Timestamp) -> String {
    let zoned = at.to_zoned(model.tz.clone());
    let today = model.now.to_zoned(model.tz.clone());
    let form = if zoned.date() == today.date() { "%H:%M:%S" } else { "%m-%d %H:%M" };
    zoned.strftime(form).to_string()
}

/// Why what is shown cannot be trusted to be so now.
pub fn stale(model: &Model) -> Option<String> {
    if let Some(why) = &model.gone {
        return Some(format!("NOT LIVE: {why}"));
    }
    let snapshot = model.snapshot.as_ref()?;
    let seconds = model.now.as_second() - snapshot.at.as_second();
    (seconds > STALE_S).then(|| match steps(model.now, snapshot.at) {
        None => format!("OLD: no news for {STALE_S} s"),
        Some(steps) => format!("OLD: no news for {steps}"),
    })
}

/// The same in a word or two, for a place with little room: `NOT LIVE`, `OLD 3 m`.
pub fn old(model: &Model) -> Option<String> {
    if model.gone.is_some() {
        return Some("NOT LIVE".to_owned());
    }
    stale(model)?;
    let since = model.snapshot.as_ref().and_then(|snapshot| steps(model.now, snapshot.at));
    Some(format!("OLD {}", since.unwrap_or_else(|| format!("{STALE_S} s"))))
}

/// Whether what is shown cannot be trusted to be so now.
pub fn is_stale(model: &Model) -> bool {
    stale(model).is_some()
}

/// Whether a side has been silent for longer than it should: for minutes, or for two of its looks where those are rarer.
pub fn is_silent(model: &Model, side: Side) -> bool {
    let Some(connection) = model.snapshot.as_ref().map(|snapshot| snapshot.sides.get(side)) else { return false };
    let expected = i64::try_from(connection.every).unwrap_or(i64::MAX / 4).saturating_mul(2).saturating_add(30);
    let last = connection.last_answer;
    last.is_some_and(|last| model.now.as_second() - last.as_second() >= expected.max(120))
}

/// The moment before which nothing leaves, if it has not passed.
pub fn gate(model: &Model, headroom: &Headroom) -> Option<Timestamp> {
    headroom.gated_until().filter(|until| *until > model.now)
}

/// Everything on screen that depends on the time alone.
pub fn face(model: &Model) -> Vec<String> {
    let mut face = vec![stale(model).unwrap_or_default()];
    if let Some(snapshot) = &model.snapshot {
        for side in Side::BOTH {
            let connection = snapshot.sides.get(side);
            face.push(connection.last_answer.map(|last| ago(model.now, last)).unwrap_or_default());
            face.push(format!("{} {}", is_silent(model, side), gate(model, &connection.headroom).is_some()));
        }
    }
    face
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn ages_step() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let cases =
            [(0, "fresh"), (59, "fresh"), (-5, "fresh"), (60, "1 m ago"), (3_599, "59 m ago"), (7_200, "2 h ago")];
        for (age, text) in cases {
            assert_eq!(ago(at(1_000_000 + age), at(1_000_000)), text);
        }
        assert_eq!(ago(at(1_000_000), at(0)), "11 d ago");
    }
}
