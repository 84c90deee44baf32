//! The sender who knows everything beforehand. It has no clock: it fills a timetable.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::time::Duration;

use super::server::Trips;
use super::{Options, Run, SPAN, Work};

/// Fills the timetable: whenever one of the allowed requests is not out, the next one takes its place (a write whose
/// read was answered before the read of another record), and leaves so that it arrives as early as [`Timetable`] allows.
pub(super) fn run(options: &Options, trips: Trips, work: Work, budget: u32) -> Run {
    let mut table = Timetable { budget: budget as usize, arrivals: Vec::new() };
    let mut free: BinaryHeap<Reverse<Duration>> = (0..options.in_flight).map(|_| Reverse(Duration::ZERO)).collect();
    let mut to_begin = 0..options.operations;
    // Records that were read, by when the answer came.
    let mut read: BTreeSet<(Duration, u32)> = BTreeSet::new();
    let mut finish = Duration::ZERO;
    while let Some(Reverse(now)) = free.pop() {
        let answered = read.first().copied().filter(|(at, _)| *at <= now || to_begin.is_empty());
        let (at, reads, record) = if let Some((at, record)) = answered {
            read.remove(&(at, record));
            (now.max(at), false, record)
        } else if let Some(record) = to_begin.next() {
            (now, work == Work::Updates, record)
        } else {
            continue;
        };
        let trip = trips.of(reads, record, 0);
        let back = table.admit(at + trip.up) + trip.down;
        if reads {
            read.insert((back, record));
        }
        finish = finish.max(back);
        free.push(Reverse(back));
    }
    Run { finish, throttled: 0, arrivals: table.arrivals }
}

/// Arrivals, sorted, of which no 60 s hold more than the budget.
struct Timetable {
    budget: usize,
    arrivals: Vec<Duration>,
}

impl Timetable {
    /// Takes in one more arrival, at the first moment from `wanted` on at which it fits, and says when that is.
    fn admit(&mut self, wanted: Duration) -> Duration {
        let mut at = wanted;
        loop {
            let place = self.arrivals.partition_point(|other| *other <= at);
            self.arrivals.insert(place, at);
            // Only runs of budget + 1 that hold the new one can have become too short.
            let mut runs = place.saturating_sub(self.budget)..=place;
            let short = runs.find(|first| {
                self.arrivals.get(first + self.budget).is_some_and(|last| *last - self.arrivals[*first] < SPAN)
            });
            let Some(first) = short else { return at };
            // Behind the run's first by 60 s; where the new one is the first itself, behind the one after it.
            let next = if first == place { self.arrivals[place + 1] } else { self.arrivals[first] + SPAN };
            self.arrivals.remove(place);
            at = next.max(at);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_timetable_takes_the_first_moment_that_fits() {
        let second = Duration::from_secs;
        let mut table = Timetable { budget: 2, arrivals: Vec::new() };
        assert_eq!(table.admit(second(0)), second(0));
        assert_eq!(table.admit(second(10)), second(10));
        assert_eq!(table.admit(second(11)), second(60));
        assert_eq!(table.admit(second(61)), second(70));
        // Before what is booked already, and yet in a full minute.
        assert_eq!(table.admit(second(65)), second(120));
    }

    #[test]
    fn an_empty_minute_is_filled_in_one_burst() {
        let options = Options { operations: 12, in_flight: 6, write_ms: 500..=500, ..Options::default() };
        let run = run(&options, Trips::new(&options), Work::Creates, 6);
        assert!(
            run.finish >= Duration::from_millis(60_500) && run.finish < Duration::from_secs(61),
            "{:?}",
            run.finish
        );
    }
}
