//! What comes in by HTTP: calls of systems that tell of changes, and questions of monitors.
//!
//! `listen` takes connections and gives none of them longer than it needs (`patient` for those who do not read, `sources` for those
//! who are too many); `door` is where a system calls: it proves the
//! call by that system's [`crate::remote::webhook::Webhook`], answers at once, and puts what it heard into its share of a bounded queue (`queue`);
//! `away` answers in the place of
//! an engine that does not run; `proof` is how a door comes by what its calls are proven with, `kept` the secret that a system sent; `seen` knows what came before, `refusals` keeps the journal from being flooded; `health` and `metrics` answer monitors
//! from the newest snapshot. The wiring starts it, with the doors it names.
//!
//! A call never decides anything: it makes the engine look, and a lost one costs nothing, for polling finds what it told. In
//! here no secret may ever be logged or answered, nothing may wait for the engine before it answers, and no text from
//! outside may get further than its parser's alphabet.

mod away;
mod door;
mod health;
mod kept;
mod listen;
mod metrics;
mod patient;
mod proof;
mod queue;
mod refusals;
mod seen;
mod sources;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

pub use away::away;
pub use door::{Door, DoorSecret};
pub use health::{Engine, LISTED, missing, told};
pub use kept::{Drawer, Kept};
pub use listen::{OpenError, Served, serve};
pub use proof::Proof;

use crate::control::{Deliveries, Desk};
use crate::model::Revealed;
use crate::seam::WallClock;

/// How the inlet is set up.
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether that may be an address that other machines reach.
    pub allow_public: bool,
    /// What a monitor has to show for `/api/admin/…`; without one nobody is let in there.
    pub admin_token: Option<Revealed>,
    /// Where systems call.
    pub doors: Vec<Door>,
    /// How old a connection's last answer may be while it counts as answering.
    pub lately: SignedDuration,
    /// How much and how long.
    pub limits: Limits,
}

/// How much and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body, in bytes.
    pub body: usize,
    /// How long a caller may take for its headers, and again for its body.
    pub patience: Duration,
    /// Deliveries that wait for the engine at most.
    pub queue: usize,
    /// Connections at one time.
    pub connections: usize,
    /// Connections of one address at one time; not of a proxy on this machine, which speaks for everybody.
    pub per_source: usize,
    /// Calls of one address that may be refused within a minute, before nothing of it is looked at for the rest of that.
    pub refused: u32,
    /// Calls at one door at one time.
    pub per_door: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            patience: Duration::from_secs(10),
            queue: 1024,
            connections: 256,
            per_source: 32,
            refused: 60,
            per_door: 64,
        }
    }
}

/// Whom the inlet asks and tells.
#[derive(Clone)]
pub struct Office {
    /// For snapshots and lists.
    pub desk: Arc<dyn Desk>,
    /// For what comes in.
    pub deliveries: Arc<dyn Deliveries>,
    /// What time it is.
    pub clock: Arc<dyn WallClock>,
}
