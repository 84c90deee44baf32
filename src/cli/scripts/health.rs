//! `health`: what the inlet tells a monitor, without an inlet.

use std::process::ExitCode;

use serde_json::Value as Json;

use crate::config::Config;
use crate::control::{List, Query};
use crate::inlet;

use super::super::asked::Asked;
use super::super::failure::{Failure, code};
use super::super::{inlet as cli_inlet, wiring};
use super::tell_one;

/// The arguments of `health`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As one JSON object: the members of `/api/admin/sync/health`, with `shape` and `daemon`.
    #[arg(long)]
    pub(super) json: bool,
}

/// Runs `health`; the exit code tells whether both systems answered lately.
///
/// # Errors
/// [`Failure`]: the engine or its store.
pub async fn run(config: &Config, args: Args) -> Result<ExitCode, Failure> {
    let asked = Asked::looked(config).await?;
    let (_, orphans) = asked.rows(Query::all(List::Orphans), Some(inlet::LISTED), super::orphan_rows).await?;
    let (snapshot, is_new) = asked.newest().await;
    let engine = if is_new { inlet::Engine::Tells } else { inlet::Engine::Silent };
    let missing = inlet::missing(&snapshot, engine, wiring::clock().now(), cli_inlet::lately(config));
    let told: Json = inlet::told(&snapshot, &missing, &orphans);
    tell_one(&asked, args.json, &told);
    asked.end().await?;
    Ok(ExitCode::from(if missing.is_empty() { code::OK } else { code::UNREACHABLE }))
}
