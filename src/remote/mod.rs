//! How we talk to each system.
//!
//! [`System`] is what the engine knows; one folder a system turns wire JSON into `model::Value` in that side's native
//! dialect and back. `transport` carries requests over real sockets, `pace` decides when one may leave, `connection` is
//! the one layer that retries, and `webhook` says what a system's own calls to us mean. No system's name may appear outside its own folder and the wiring in `cli`; nothing in
//! here decides what should be written.

pub mod bitrix24;
pub mod connection;
pub mod errors;
pub mod notion;
pub mod pace;
pub mod support;
pub mod system;
pub mod transport;
pub mod webhook;

pub use system::{
    Capabilities, Changes, Fetched, Identity, Lane, Listing, Offer, Pulse, RemoteError, RemoteErrorKind, Since, System,
    WriteError,
};
