//! The Desk over a Unix socket, for those who watch and decide while a daemon runs: [`serve`] on its side, [`connect`]
//! on theirs. A connection that breaks never stops the sync.
//!
//! The protocol is JSON, one object a line, 8 MiB at most. Both ends begin with a [`wire::Hello`]; then the client sends
//! requests with numbers of its choice and gets each answered under its number, in any order, and the daemon pushes
//! snapshots as they come: only the newest, so whoever reads slowly misses some and delays nobody. A line that cannot
//! be understood is answered with an error and nothing else is lost.
//!
//! A client that takes nothing for a while is let go, and may connect again; so many clients may be here at one time, and one more is told so.
//!
//! Only the daemon's own user and root may connect. In here nothing may ever make the engine or another client wait for
//! a client, and nothing is decided.

mod client;
mod connection;
mod place;
mod server;
pub mod wire;

pub use client::{ConnectError, SocketDesk, connect};
pub use place::ServeError;
pub use server::{serve, serve_inside};

use std::time::Duration;

/// The version of the protocol. Both ends must speak the same.
pub const VERSION: u32 = 4;

/// The longest line, in bytes.
pub const LONGEST_LINE: usize = 8 << 20;

/// How long either end waits for the other to begin, and the daemon for the last answers when it ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a client may take nothing of a line that is on its way to it. It sits on the same machine: what is slow behind it, an
/// SSH line perhaps, is its own affair.
const STALLED: Duration = Duration::from_secs(10);

/// Clients at one time.
pub const CLIENTS: usize = 32;
