//! `simulate pace`: the same work at three paces, beside the limit.

use std::fmt::Write;
use std::process::ExitCode;

use crate::cli::failure::Failure;
use crate::cli::say;
use crate::cli::table::Table;
use crate::sim::pace::{Comparison, Options, Policy, Work, compare};

/// How to compare.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Decides every latency, the server's phase and the jitter.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

/// Compares and prints.
///
/// # Errors
/// [`Failure`] when virtual time cannot run.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let options = Options { seed: args.seed, ..Options::default() };
    let comparison = compare(&options).map_err(|error| Failure::running(format!("no timer to run on: {error}")))?;
    if args.json {
        let json = serde_json::to_string(&comparison)
            .map_err(|error| Failure::running(format!("the comparison cannot be written as JSON: {error}")))?;
        say(&json);
    } else {
        say(&text(&comparison));
    }
    Ok(ExitCode::SUCCESS)
}

/// The comparison as a table for people, with what it rests on.
pub fn text(comparison: &Comparison) -> String {
    let mut table =
        Table::new(&["work", "budget", "policy", "finished after", "of the limit", "429s", "requests", "most in 60 s"]);
    for row in &comparison.rows {
        table.row([
            format!("{} {}", comparison.operations, work(row.work)),
            format!("{}/min", row.budget),
            policy(row.policy).to_owned(),
            format!("{:.1} s", row.finish_ms as f64 / 1_000.0),
            format!("{:.1} %", row.ratio * 100.0),
            row.throttled.to_string(),
            row.requests.to_string(),
            row.peak.to_string(),
        ]);
    }
    let mut text = table.to_string();
    let ((write_from, write_to), (read_from, read_to)) = (comparison.write_ms, comparison.read_ms);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\nVirtual time, seed {}. At most {} requests out at once; a write takes {write_from} to {write_to} ms, a read \
         {read_from} to {read_to} ms.\nThe server's 60 s window began {:.1} s after the start, which no caller knew.\n\
         Limit: {}.\n",
        comparison.seed,
        comparison.in_flight,
        comparison.phase_ms as f64 / 1_000.0,
        comparison.limit,
    );
    text
}

fn policy(policy: Policy) -> &'static str {
    match policy {
        Policy::Limit => "limit",
        Policy::Ours => "crosstie",
        Policy::FixedQueue => "queue, 3 a second",
        Policy::Sequential => "one by one, back-off",
    }
}

fn work(work: Work) -> &'static str {
    match work {
        Work::Creates => "creates",
        Work::Updates => "updates (read, write)",
    }
}
