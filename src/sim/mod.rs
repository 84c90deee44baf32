//! The seeded simulation and its judge.
//!
//! `run` lets one seed's people, faults and deaths loose on the real engine, the real clients and both stand-ins, in
//! virtual time; `profile` says what a seed decides, `site` is the place (worlds, ways, clocks, disk, process),
//! `mischief` what happens in the worlds themselves, `webhooks` bring word of it, `operator` sits at the desk, `many` runs seeds in parallel, `trace` tells what happened. `audit` says for every edit
//! of a person what became of it; `pace` measures how fast work gets done within a budget. `plant` lists the bugs that can be planted to try the auditor.
//!
//! Tests, the demo and the command line may use this room; nothing that an operator relies on may. The auditor must never ask
//! the engine what is true: it reads the worlds' own logs, and takes of the engine only the claims that the first rule
//! of the design names, each checked.

pub mod audit;
pub mod chance;
mod many;
mod mischief;
mod operator;
pub mod pace;
mod pairs;
mod plant;
mod profile;
mod run;
mod shrink;
mod site;
mod summary;
mod trace;
mod verdict;
mod webhooks;

pub use many::{Many, each, many, threads};
pub use pairs::{brisk, pairs};
pub use plant::Plant;
pub use profile::LeftOut;
pub use run::{Run, run};
pub use shrink::{Shrunk, about, shrink};
pub use summary::{Summary, Told};
pub use verdict::{Failing, Figures, Verdict, Violation};
