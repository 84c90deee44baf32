//! Makes a failing run smaller: whatever can be left out without the failure going away is left out.

use std::time::Duration;

use super::profile::Profile;
use super::run::{Run, run};
use super::verdict::{Failing, Verdict};

/// The smallest failing run that was found, and what came of it.
pub struct Shrunk {
    /// The run.
    pub run: Run,
    /// What came of it, with its trace.
    pub verdict: Verdict,
}

/// How often a smaller run is tried.
const TRIES: u32 = 80;

/// Makes a failing run smaller. `None` if it does not fail.
///
/// # Errors
/// The sentence of a run that could not be set up.
pub fn shrink(what: &Run) -> Result<Option<Shrunk>, String> {
    let mut smallest = Run { trace: false, ..what.clone() };
    let Some(kind) = run(&smallest)?.violations.first().map(|violation| violation.kind) else { return Ok(None) };
    let mut tries = 0;
    // First in time: people go home earlier.
    let mut until = smallest.until.unwrap_or(smallest.lasting);
    let mut step = until / 2;
    while step > Duration::from_secs(60) {
        let shorter = Run { until: Some(until - step), ..smallest.clone() };
        tries += 1;
        if fails(&shorter, kind)? {
            until -= step;
            smallest = shorter;
        }
        step /= 2;
    }
    // Then in what goes wrong.
    for name in Profile::draw(what.seed, what.lasting, &what.left_out).names() {
        if tries >= TRIES {
            break;
        }
        let mut without = smallest.clone();
        without.left_out.insert(name);
        tries += 1;
        if fails(&without, kind)? {
            smallest = without;
        }
    }
    smallest.trace = true;
    let verdict = run(&smallest)?;
    Ok(Some(Shrunk { run: smallest, verdict }))
}

fn fails(what: &Run, kind: Failing) -> Result<bool, String> {
    Ok(run(what)?.violations.iter().any(|violation| violation.kind == kind))
}

/// The lines of a trace that mention what a violation is about: ids of pages, and of records like `deals/12`.
pub fn about<'a>(trace: &'a [String], text: &str) -> Vec<&'a String> {
    let words = || text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '/'));
    let mut ids: Vec<String> = words().filter(|word| word.len() == 36).map(str::to_owned).collect();
    for (_, id) in words().filter_map(|word| word.split_once('/')) {
        if id.len() == 36 {
            ids.push(id.to_owned());
        } else {
            ids.extend([format!("\"object\":\"{id}\""), format!("\"crm\":\"{id}\"")]);
        }
    }
    trace.iter().filter(|line| ids.iter().any(|id| line.contains(id.as_str()))).collect()
}
