//! One operation's place in its lane.

use super::Connection;
use crate::remote::Lane;

/// The requests of one operation. In [`Lane::Write`] its caller has reserved one permit for it. The first request uses
/// that; whatever the operation has to ask besides goes by another lane, so that it never uses what was reserved for
/// somebody else; and an operation that ends before it sent anything gives its permit back, for nobody else knows.
#[derive(Debug)]
pub struct Turn<'a> {
    connection: &'a Connection,
    lane: Lane,
    taken: bool,
}

impl<'a> Turn<'a> {
    pub(super) fn new(connection: &'a Connection, lane: Lane) -> Self {
        Self { connection, lane, taken: false }
    }

    /// The lane of the next request.
    pub fn take(&mut self) -> Lane {
        if std::mem::replace(&mut self.taken, true) { self.beside() } else { self.lane }
    }

    /// The lane of requests that nobody reserved.
    pub fn beside(&self) -> Lane {
        self.lane.beside()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.taken && self.lane == Lane::Write {
            self.connection.release(Lane::Write, 1);
        }
    }
}
