//! Throughput, queue and windows over time, for the dashboard.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::control::{STEPS, Sample, Sides, WindowFigures};
use crate::model::Side;

/// Length of a step in seconds, and how many steps are kept: the last four minutes, quarter of an hour, and day.
const RINGS: [(u32, usize); 3] = [(1, 240), (STEPS.0, 90), (STEPS.1, 96)];
/// Windows that the percentiles are taken over.
const WINDOWS: usize = 1000;

/// The last samples of one length, oldest first, without gaps.
#[derive(Debug)]
struct Ring {
    step: i64,
    most: usize,
    /// The step that the newest sample stands for.
    at: i64,
    samples: VecDeque<Sample>,
}

impl Ring {
    /// The sample of this moment; steps in between repeat the queue and hold no throughput.
    fn sample(&mut self, now: Timestamp) -> &mut Sample {
        let at = now.as_second().div_euclid(self.step);
        let most = i64::try_from(self.most).unwrap_or(i64::MAX);
        let behind = if self.samples.is_empty() { 1 } else { (at - self.at).clamp(0, most) };
        for _ in 0..behind {
            let queue = self.samples.back().map(|sample| sample.queue).unwrap_or_default();
            self.samples.push_back(Sample { queue, ..Sample::default() });
            if self.samples.len() > self.most {
                self.samples.pop_front();
            }
        }
        self.at = self.at.max(at);
        let last = self.samples.len() - 1;
        &mut self.samples[last]
    }

    /// The sample of a moment that has passed, if the ring goes back so far.
    fn past(&mut self, then: Timestamp) -> Option<&mut Sample> {
        let ago = usize::try_from(self.at - then.as_second().div_euclid(self.step)).ok()?;
        if self.samples.is_empty() || ago >= self.most {
            return None;
        }
        while self.samples.len() <= ago {
            self.samples.push_front(Sample::default());
        }
        let last = self.samples.len() - 1;
        self.samples.get_mut(last - ago)
    }

    fn series(&mut self, now: Timestamp) -> Vec<Sample> {
        self.sample(now);
        self.samples.make_contiguous().to_vec()
    }
}

/// The last durations of one kind, and their percentiles as last computed.
#[derive(Debug, Default)]
struct Durations {
    kept: VecDeque<u64>,
    measured: u64,
    percentiles: WindowFigures,
}

impl Durations {
    fn add(&mut self, from: Timestamp, to: Timestamp) {
        let millis = to.duration_since(from).as_millis().max(0);
        self.kept.push_back(u64::try_from(millis).unwrap_or(u64::MAX));
        self.measured += 1;
        if self.kept.len() > WINDOWS {
            self.kept.pop_front();
        }
    }

    fn percentiles(&mut self) -> WindowFigures {
        if self.percentiles.count == self.measured {
            return self.percentiles;
        }
        let mut sorted: Vec<u64> = self.kept.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        let (p50, p95) = (at(50).unwrap_or(0), at(95).unwrap_or(0));
        self.percentiles = WindowFigures { count: self.measured, p50, p95 };
        self.percentiles
    }
}

/// How many operations were acknowledged lately, in steps of [`Pace::STEP`] seconds.
#[derive(Debug, Default)]
struct Pace(VecDeque<(i64, u64)>);

impl Pace {
    /// Seconds of a step, and steps that count.
    const STEP: (i64, i64) = (10, 30);

    fn add(&mut self, now: Timestamp) {
        let at = now.as_second().div_euclid(Self::STEP.0);
        match self.0.back_mut() {
            Some((last, count)) if *last == at => *count += 1,
            _ => self.0.push_back((at, 1)),
        }
        while self.0.len() > 1 && self.0.front().is_some_and(|(first, _)| at - first >= Self::STEP.1) {
            self.0.pop_front();
        }
    }

    /// When so many will have gone, if they have gone steadily for a while.
    fn gone(&self, left: u64, now: Timestamp) -> Option<Timestamp> {
        let at = now.as_second().div_euclid(Self::STEP.0);
        let counts = || self.0.iter().filter(|(then, _)| at - then < Self::STEP.1);
        let (first, done) = (counts().next()?.0, counts().map(|(_, count)| count).sum::<u64>());
        let took = now.as_second() - first * Self::STEP.0;
        // Systems give away a burst first, and most count by the minute.
        if left == 0 || took < 6 * Self::STEP.0 {
            return None;
        }
        let seconds = i128::from(took) * i128::from(left) / i128::from(done.max(1));
        now.checked_add(jiff::SignedDuration::from_secs(i64::try_from(seconds).ok()?)).ok()
    }
}

/// Counts for people to watch; nothing is decided by them.
#[derive(Debug)]
pub struct Figures {
    rings: [Ring; 3],
    pace: Sides<Pace>,
    windows: Durations,
    latency: Durations,
    /// Field changes seen since start.
    pub seen_total: Sides<u64>,
    /// Fields written since start.
    pub written_total: Sides<u64>,
}

impl Default for Figures {
    fn default() -> Self {
        let ring = |(step, most)| Ring { step: i64::from(step), most, at: 0, samples: VecDeque::new() };
        Self {
            rings: RINGS.map(ring),
            pace: Sides::default(),
            windows: Durations::default(),
            latency: Durations::default(),
            seen_total: Sides::default(),
            written_total: Sides::default(),
        }
    }
}

impl Figures {
    fn each(&mut self, now: Timestamp, change: impl Fn(&mut Sample)) {
        self.rings.iter_mut().for_each(|ring| change(ring.sample(now)));
    }

    /// Something happened before the start: it is in the graphs, and not in the totals.
    pub fn recall(&mut self, then: Timestamp, change: impl Fn(&mut Sample)) {
        self.rings.iter_mut().filter_map(|ring| ring.past(then)).for_each(change);
    }

    /// Field changes were seen.
    pub fn seen(&mut self, side: Side, now: Timestamp, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        *self.seen_total.get_mut(side) += u64::from(count);
        self.each(now, |sample| *sample.seen.get_mut(side) += count);
    }

    /// Fields were written and acknowledged.
    pub fn written(&mut self, side: Side, now: Timestamp, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        *self.written_total.get_mut(side) += u64::from(count);
        self.each(now, |sample| *sample.written.get_mut(side) += count);
    }

    /// An operation was acknowledged.
    pub fn done(&mut self, side: Side, now: Timestamp) {
        self.pace.get_mut(side).add(now);
    }

    /// When so many operations will have gone, at the pace of the last minutes.
    pub fn gone(&self, side: Side, left: u64, now: Timestamp) -> Option<Timestamp> {
        self.pace.get(side).gone(left, now)
    }

    /// How deep the queues are now.
    pub fn queue(&mut self, now: Timestamp, crm: u64, notion: u64) {
        let depth = |depth: u64| u32::try_from(depth).unwrap_or(u32::MAX);
        self.each(now, |sample| sample.queue = Sides { crm: depth(crm), notion: depth(notion) });
    }

    /// A write was acknowledged this long after its pre-read began.
    pub fn window(&mut self, opened: Timestamp, closed: Timestamp) {
        self.windows.add(opened, closed);
    }

    /// A change was acknowledged on the other side this long after it had been planned.
    pub fn arrived(&mut self, planned: Timestamp, acknowledged: Timestamp) {
        self.latency.add(planned, acknowledged);
    }

    /// The last four minutes second by second, the last quarter of an hour, the last day; see [`STEPS`].
    pub fn series(&mut self, now: Timestamp) -> [Vec<Sample>; 3] {
        let [seconds, quarter, day] = &mut self.rings;
        [seconds.series(now), quarter.series(now), day.series(now)]
    }

    /// The percentiles of the last windows.
    pub fn windows(&mut self) -> WindowFigures {
        self.windows.percentiles()
    }

    /// The percentiles of the last latencies.
    pub fn latency(&mut self) -> WindowFigures {
        self.latency.percentiles()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_has_one_sample_a_second_and_no_gaps() {
        let mut figures = Figures::default();
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        figures.written(Side::Crm, at(100), 2);
        figures.queue(at(100), 5, 0);
        figures.written(Side::Crm, at(103), 1);
        let [series, quarter, _] = figures.series(at(104));
        let written: Vec<u32> = series.iter().map(|sample| sample.written.crm).collect();
        assert_eq!(written, [2, 0, 0, 1, 0]);
        assert!(series.iter().all(|sample| sample.queue.crm == 5));
        assert_eq!(quarter.iter().map(|sample| sample.written.crm).collect::<Vec<_>>(), [3], "one step of ten seconds");
        let long = figures.series(at(1_000_000));
        assert_eq!(long.each_ref().map(Vec::len), RINGS.map(|(_, most)| most));
        assert!(long.iter().flatten().all(|sample| sample.queue.crm == 5 && sample.written.crm == 0));
    }

    #[test]
    fn a_queue_drains_at_the_pace_of_the_last_minutes_and_not_of_long_ago() {
        let mut figures = Figures::default();
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        (0..1_000).for_each(|second| figures.done(Side::Notion, at(second)));
        assert_eq!(figures.gone(Side::Notion, 600, at(1_000)).map(|at| at.as_second()), Some(1_600));
        assert_eq!(figures.gone(Side::Crm, 600, at(1_000)), None, "nothing was measured there");
        assert_eq!(figures.gone(Side::Notion, 600, at(2_000)), None, "that was long ago");
        assert_eq!(figures.gone(Side::Notion, 0, at(1_000)), None, "there is nothing to wait for");
        // Half as fast from here on: five minutes later only that counts.
        (1_000..1_300).step_by(2).for_each(|second| figures.done(Side::Notion, at(second)));
        assert_eq!(figures.gone(Side::Notion, 600, at(1_300)).map(|at| at.as_second()), Some(2_500));
    }

    #[test]
    fn what_was_before_the_start_is_filled_in_where_it_belongs_and_counted_in_no_total() {
        let mut figures = Figures::default();
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        figures.written(Side::Crm, at(100_000), 1);
        for (second, count) in [(99_000, 2), (50_000, 3), (1_000, 5)] {
            figures.recall(at(second), |sample| sample.written.crm += count);
        }
        figures.written(Side::Crm, at(100_020), 4);
        let [_, quarter, day] = figures.series(at(100_030));
        assert_eq!(quarter.iter().map(|sample| sample.written.crm).sum::<u32>(), 5, "a quarter of an hour, no more");
        assert_eq!(day.iter().map(|sample| sample.written.crm).filter(|n| *n > 0).collect::<Vec<_>>(), [3, 2, 5]);
        assert_eq!(day.len(), 57, "from the oldest on, without gaps");
        assert_eq!(figures.written_total.crm, 5);
    }

    #[test]
    fn percentiles_are_of_measured_windows() {
        let mut figures = Figures::default();
        let open = Timestamp::UNIX_EPOCH;
        for millis in 1..=100 {
            figures.window(open, open + jiff::SignedDuration::from_millis(millis));
        }
        assert_eq!(figures.windows(), WindowFigures { count: 100, p50: 50, p95: 95 });
    }
}
