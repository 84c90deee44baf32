//! The host's clock, when it was set: told in the journal with what it means and what somebody does about it.
//!
//! Nothing that is remembered goes by a jump. While a process runs it goes by `SteadyClock`; between two processes what was
//! set back is moved (`memory::setback`), and what was set forward ages nothing (`memory::idle`).

use jiff::{SignedDuration, Timestamp};

use crate::model::{Event, Happening, Value};

use super::core::Core;
use super::memory::Txn;

/// What tells how a host keeps its time.
const LOOK: &str = "`timedatectl` tells how this host keeps its time";

impl Core {
    /// After a start: the clock was set back, or nothing has run for long.
    pub(super) fn tell_of_the_start(
        &self,
        txn: &mut Txn,
        now: Timestamp,
        ahead: Option<Timestamp>,
        away: Option<(Timestamp, SignedDuration)>,
    ) {
        if let Some(latest) = ahead {
            let note = "the clock was set back while nothing ran: what is remembered is moved back with it";
            let event = self.system_event(Happening::System, note);
            let (before, after) = (Some(Value::DateTime(latest)), Some(Value::DateTime(now)));
            txn.events.push(Event { before, after, ..event });
        }
        if let Some((latest, lasted)) = away {
            let note = format!(
                "by this host's clock nothing ran for {}: nothing is forgotten for that time. If it was not so long, the \
                 clock was set forward: set it right and start again; {LOOK}",
                told(lasted)
            );
            let event = self.system_event(Happening::System, note);
            txn.events.push(Event { before: Some(Value::DateTime(latest)), ..event });
        }
    }

    /// While it runs: somebody set the clock, or the machine slept.
    pub(super) fn tell_of_jumps(&mut self, txn: &mut Txn, now: Timestamp) {
        let Some(by) = self.steady.jump() else { return };
        let (way, slept) = if by > SignedDuration::ZERO { ("forward", ", or it slept") } else { ("back", "") };
        let note = format!(
            "this host's clock was set {way} by {}{slept}: nothing waits longer or shorter for it, and nothing is forgotten. \
             Moments are told by the time from before, which comes nearer to the clock's slowly. If the clock is right now, \
             start crosstie again; if it is not, set it right; {LOOK}",
            told(by.abs())
        );
        let event = self.system_event(Happening::System, note);
        txn.events.push(Event { before: Some(Value::DateTime(now)), ..event });
    }
}

/// `3 d 4 h`, `4 h 10 min`, `10 min`.
fn told(long: SignedDuration) -> String {
    let minutes = long.as_mins();
    let (days, hours, minutes) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}
