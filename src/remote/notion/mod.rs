//! Notion, at version 2026-03-11 and with data sources.
//!
//! `wire` is what Notion sends, read permissively (new types and fields arrive without a new version); `decode` and
//! `page` turn it into `model` values in Notion's native dialect, `encode` turns values into property bodies, `schema`
//! holds the properties of one data source, `support` is the table of all types that these ask, `errors` that of all errors, `filter`, `narrow` and `listing`
//! write query bodies, `blocks` knows page bodies, `dialect` says what an answer means, and `webhook` what a call means that Notion
//! makes by itself. All of these are pure. `client` (with `read`, `write` and `offers`) is the [`System`](crate::remote::System) on top.
//!
//! Only the wiring in `cli` and tests name this room. Nothing in here may decide what should be written, retry on its
//! own, or turn something that was not read whole into a value: what Notion cuts, hides or invents is `Unknown`.

pub mod blocks;
pub mod client;
pub mod decode;
pub mod dialect;
pub mod encode;
pub mod errors;
pub mod filter;
pub mod listing;
pub mod narrow;
pub mod number;
mod offers;
pub mod page;
mod read;
pub mod rollup;
pub mod schema;
pub mod support;
pub mod text;
pub mod token;
mod webhook;
pub mod wire;
mod write;

pub use client::Notion;
pub use token::Token;
pub use webhook::NotionWebhook;

use crate::remote::{RemoteError, RemoteErrorKind};

/// The version of the API that this room speaks.
pub const VERSION: &str = "2026-03-11";

/// The most elements one write may carry in a list of people, relations, options or text pieces (Notion's request
/// limits). A property can hold more than that.
pub const WRITE_LIMIT: usize = 100;

/// The longest URL, in UTF-16 units.
pub const URL_LIMIT: usize = 2_000;

/// The longest e-mail address or phone number, in UTF-16 units.
pub const ADDRESS_LIMIT: usize = 200;

/// The longest name of an option, in UTF-16 units.
pub const OPTION_LIMIT: usize = 100;

/// Notion's own code in the error that tells to begin a listing anew.
pub const STALE_CURSOR: &str = "stale_cursor";

/// A value that we do not even send, because Notion would refuse or change it.
pub(crate) fn invalid(message: impl Into<String>) -> RemoteError {
    RemoteError { kind: RemoteErrorKind::Invalid, code: String::new(), message: message.into() }
}

/// An answer that does not say what Notion's documentation promises.
pub(crate) fn malformed(message: impl Into<String>) -> RemoteError {
    RemoteError { kind: RemoteErrorKind::Malformed, code: String::new(), message: message.into() }
}

/// Whether two Notion ids are one: they come with and without dashes, in either case.
pub fn same_id(left: &str, right: &str) -> bool {
    let bare = |id: &str| id.chars().filter(|c| *c != '-').flat_map(char::to_lowercase).collect::<String>();
    bare(left) == bare(right)
}

#[cfg(test)]
mod tests {
    use super::same_id;

    #[test]
    fn ids_are_one_with_and_without_dashes() {
        assert!(same_id("38c9ce7b-60a4-8138-82f3-ec78a7761f3f", "38C9CE7B60A4813882F3EC78A7761F3F"));
        assert!(!same_id("38c9ce7b-60a4-8138-82f3-ec78a7761f3f", "38c9ce7b-60a4-8138-82f3-ec78a7761f30"));
    }
}
