//! Many seeds, on as many threads as there are cores.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Plant;
use super::run::{Run, run};
use super::verdict::Verdict;

/// Which seeds, and how.
#[derive(Debug, Clone)]
pub struct Many {
    /// The seeds.
    pub seeds: Range<u64>,
    /// How long the chaos of each lasts.
    pub lasting: Duration,
    /// A bug to plant in all of them.
    pub plant: Option<Plant>,
    /// Threads.
    pub threads: usize,
    /// End as soon as one fails.
    pub first_failure: bool,
}

/// A failure counts as found only if there is none without the planted bug.
fn blamed(mut verdict: Verdict, what: &Run) -> Result<Verdict, String> {
    if what.plant.is_some() && !verdict.is_good() && !run(&Run { plant: None, ..what.clone() })?.is_good() {
        verdict.violations.clear();
    }
    Ok(verdict)
}

/// Does something `count` times, on as many threads as there are cores, and gives what came of it in order.
///
/// # Errors
/// The first that came.
pub fn each<T: Send>(count: usize, one: impl Fn(usize) -> Result<T, String> + Sync) -> Result<Vec<T>, String> {
    let next = AtomicU64::new(0);
    let all: Mutex<Vec<(usize, Result<T, String>)>> = Mutex::default();
    let work = || {
        while let Ok(index) = usize::try_from(next.fetch_add(1, Ordering::Relaxed))
            && index < count
        {
            let came = one(index);
            all.lock().unwrap_or_else(PoisonError::into_inner).push((index, came));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(work);
        }
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, came)| came).collect()
}

/// As many as there are cores.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

/// Runs them all and gives the verdicts in the order of the seeds.
///
/// # Errors
/// The sentence of a run that could not be set up.
pub fn many(what: &Many, told: &(dyn Fn(&Verdict) + Sync)) -> Result<Vec<Verdict>, String> {
    let next = AtomicU64::new(what.seeds.start);
    let all: Mutex<Vec<Verdict>> = Mutex::default();
    let broken: Mutex<Option<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..what.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= what.seeds.end {
                        return;
                    }
                    let one = Run {
                        seed,
                        lasting: what.lasting,
                        until: None,
                        plant: what.plant,
                        left_out: Default::default(),
                        trace: false,
                    };
                    match run(&one).and_then(|verdict| blamed(verdict, &one)) {
                        Ok(verdict) => {
                            if what.first_failure && !verdict.is_good() {
                                next.store(what.seeds.end, Ordering::Relaxed);
                            }
                            told(&verdict);
                            all.lock().unwrap_or_else(PoisonError::into_inner).push(verdict);
                        }
                        Err(why) => {
                            next.store(what.seeds.end, Ordering::Relaxed);
                            *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                        }
                    }
                }
            });
        }
    });
    if let Some(why) = broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(why);
    }
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|verdict| verdict.seed);
    Ok(all)
}
