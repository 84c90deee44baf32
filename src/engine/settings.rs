//! What the engine is told when it starts.

use std::sync::Arc;

use crate::config::Timing;
use crate::control::{Mode, Sides};
use crate::mapping::PairSpec;
use crate::remote::System;
use crate::seam::WallClock;
use crate::store::Store;

/// What the engine is told when it starts.
#[derive(Clone)]
pub struct Settings {
    /// Demo or live, for the screen.
    pub mode: Mode,
    /// What the workspace is called, for the screen; empty where nobody named it.
    pub workspace: String,
    /// The pairs.
    pub pairs: Vec<PairSpec>,
    /// When to look, and how long to wait.
    pub timing: Timing,
    /// How the store was opened, for the screen.
    pub store_note: String,
    /// Only look: observe and plan, and write nothing to either side.
    pub look_only: bool,
    /// The store may have forgotten something: both sides are compared in full before anything else is believed.
    pub resync: bool,
}

/// What the engine works with.
#[derive(Clone)]
pub struct World {
    /// Both systems.
    pub systems: Sides<Arc<dyn System>>,
    /// What it remembers.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn WallClock>,
}
