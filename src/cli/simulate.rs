//! `simulate`: measurements in virtual time.

mod pace;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::Failure;

/// What is simulated.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare our pace with a fixed queue, a sequential caller and the limit that nobody can beat.
    Pace(pace::Args),
}

/// Runs one simulation and prints what it found.
///
/// # Errors
/// [`Failure`] when it cannot run.
pub fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Pace(args) => pace::run(args),
    }
}
