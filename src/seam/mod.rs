//! The edges of the program, as traits and nothing else.
//!
//! Everything that a test must be able to own lies behind one of these: the network ([`Transport`]), the disk
//! ([`Kv`], [`Secrets`]), the wall clock ([`WallClock`]) and chance ([`Rng`]). Durations are measured with tokio's clock,
//! which a test can pause. Nothing in here may do any work: implementations live with those who know how
//! (`remote`, `store`, `cli`, `standin`).

pub mod http;
pub mod kv;
pub mod secrets;
pub mod time;

pub use http::{Failure, Method, Request, Response, Transport};
pub use kv::{Batch, Kv, KvError};
pub use secrets::{Secrets, SecretsError};
pub use time::{Rng, WallClock};
