//! `crosstie simulate`: the engine against everything that can go wrong, in virtual time.

use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use super::failure::Failure;
use crate::sim::{Many, Run, Verdict, many, run};

/// The arguments of `simulate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which seeds: `0..2000`.
    #[arg(long, value_name = "A..B", default_value = "0..100", value_parser = seeds)]
    seeds: Range<u64>,
    /// How long the chaos of each seed lasts, in the world's hours.
    #[arg(long, default_value_t = 6.0, value_name = "H")]
    hours: f64,
    /// One seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Tell everything that happened.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Leave these out.
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parts = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parts.filter(|range: &Range<u64>| !range.is_empty()).ok_or_else(|| "write seeds like 0..2000".to_owned())
}

/// Runs `simulate`.
///
/// # Errors
/// [`Failure`] when a run cannot be set up.
pub fn command(args: &Args) -> Result<ExitCode, Failure> {
    let lasting = Duration::from_secs_f64(args.hours * 3600.0);
    if let Some(seed) = args.seed {
        let what =
            Run { seed, lasting, plant: None, left_out: args.without.iter().cloned().collect(), trace: args.trace };
        let verdict = run(&what).map_err(Failure::running)?;
        for line in verdict.trace.iter().flatten() {
            super::say(line);
        }
        super::say(&serde_json::to_string_pretty(&verdict).unwrap_or_default());
        return Ok(ExitCode::from(u8::from(!verdict.is_good())));
    }
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let what = Many { seeds: args.seeds.clone(), lasting, plant: None, threads, first_failure: false };
    let told = |verdict: &Verdict| {
        for violation in &verdict.violations {
            super::warn(&format!("seed {}: {:?} {}", verdict.seed, violation.kind, violation.text));
        }
    };
    let verdicts = many(&what, &told).map_err(Failure::running)?;
    let bad = verdicts.iter().filter(|verdict| !verdict.is_good()).count();
    super::say(&format!("{} seeds, {bad} bad", verdicts.len()));
    Ok(ExitCode::from(u8::from(bad > 0)))
}
