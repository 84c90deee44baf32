//! The application's tokens, over real sockets against the pretend portal and its authorization server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod installing;
mod moving;
mod renewing;
mod support;
