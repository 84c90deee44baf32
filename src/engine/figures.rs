//! Throughput, queue and windows over time, for the dashboard.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::control::{Sample, Sides, WindowFigures};
use crate::model::Side;

/// Seconds of the series that are kept.
const SECONDS: usize = 240;
/// Windows that the percentiles are taken over.
const WINDOWS: usize = 1000;

/// Counts for people to watch; nothing is decided by them.
#[derive(Debug, Default)]
pub struct Figures {
    /// The second that the newest sample stands for.
    second: i64,
    series: VecDeque<Sample>,
    windows: VecDeque<u64>,
    measured: u64,
    /// The percentiles as last computed.
    percentiles: WindowFigures,
    /// Field changes seen since start.
    pub seen_total: Sides<u64>,
    /// Fields written since start.
    pub written_total: Sides<u64>,
}

impl Figures {
    /// Field changes were seen.
    pub fn seen(&mut self, side: Side, now: Timestamp, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        *self.seen_total.get_mut(side) += u64::from(count);
        *self.sample(now).seen.get_mut(side) += count;
    }

    /// Fields were written and acknowledged.
    pub fn written(&mut self, side: Side, now: Timestamp, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        *self.written_total.get_mut(side) += u64::from(count);
        *self.sample(now).written.get_mut(side) += count;
    }

    /// How deep the queues are now.
    pub fn queue(&mut self, now: Timestamp, crm: u64, notion: u64) {
        let depth = |depth: u64| u32::try_from(depth).unwrap_or(u32::MAX);
        self.sample(now).queue = Sides { crm: depth(crm), notion: depth(notion) };
    }

    /// A write was acknowledged this long after its pre-read began.
    pub fn window(&mut self, opened: Timestamp, closed: Timestamp) {
        let millis = closed.duration_since(opened).as_millis().max(0);
        self.windows.push_back(u64::try_from(millis).unwrap_or(u64::MAX));
        self.measured += 1;
        if self.windows.len() > WINDOWS {
            self.windows.pop_front();
        }
    }

    /// The series up to now, oldest first, without gaps.
    pub fn series(&mut self, now: Timestamp) -> Vec<Sample> {
        self.sample(now);
        self.series.make_contiguous().to_vec()
    }

    /// The percentiles of the last windows.
    pub fn windows(&mut self) -> WindowFigures {
        if self.percentiles.count == self.measured {
            return self.percentiles;
        }
        let mut sorted: Vec<u64> = self.windows.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        let (p50, p95) = (at(50).unwrap_or(0), at(95).unwrap_or(0));
        self.percentiles = WindowFigures { count: self.measured, p50, p95 };
        self.percentiles
    }

    /// The sample of this second; seconds in between repeat the queue and hold no throughput.
    fn sample(&mut self, now: Timestamp) -> &mut Sample {
        let second = now.as_second();
        let behind = if self.series.is_empty() { 1 } else { (second - self.second).clamp(0, SECONDS as i64) };
        for _ in 0..behind {
            let queue = self.series.back().map(|sample| sample.queue).unwrap_or_default();
            self.series.push_back(Sample { queue, ..Sample::default() });
            if self.series.len() > SECONDS {
                self.series.pop_front();
            }
        }
        self.second = self.second.max(second);
        let last = self.series.len() - 1;
        &mut self.series[last]
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
        let series = figures.series(at(104));
        let written: Vec<u32> = series.iter().map(|sample| sample.written.crm).collect();
        assert_eq!(written, [2, 0, 0, 1, 0]);
        assert!(series.iter().all(|sample| sample.queue.crm == 5));
        assert_eq!(figures.series(at(10_000)).len(), SECONDS);
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
