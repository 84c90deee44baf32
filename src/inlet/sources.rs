//! Who calls, by their address: how many connections each has, and how much of what they sent was refused.
//!
//! A proxy on this machine speaks for everybody, so its address says nothing: whatever comes by it is bounded door by door.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;
use tokio::time::Instant;

use super::Limits;
use super::listen::plain;

/// What is refused is counted over so long, and so long nothing more is taken from where it was too much.
const APART: Duration = Duration::from_secs(60);
/// Addresses that are remembered; beyond that, those without a connection are forgotten.
const KNOWN: usize = 4_096;

#[derive(Debug)]
struct Source {
    connections: usize,
    refused: u32,
    since: Instant,
}

/// Everybody who calls.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    known: Arc<Mutex<BTreeMap<IpAddr, Source>>>,
    limits: Limits,
}

/// A connection's place among those of its source; given back when the last of its clones is dropped.
#[derive(Debug, Clone)]
pub(super) struct Peer(Option<Arc<Inside>>);

#[derive(Debug)]
struct Inside {
    sources: Sources,
    source: IpAddr,
}

/// Whose address it is: nobody's for our own proxy's; of a network where one subscriber has many.
fn source(ip: IpAddr) -> Option<IpAddr> {
    match ip.to_canonical() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => None,
        IpAddr::V6(Ipv6Addr::LOCALHOST) => None,
        IpAddr::V6(ip) => Some(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)))),
        ip => Some(ip),
    }
}

impl Sources {
    pub fn new(limits: Limits) -> Self {
        Self { known: Arc::default(), limits }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Source>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection, unless there are too many from there.
    pub fn enter(&self, ip: IpAddr) -> Option<Peer> {
        let Some(source) = source(ip) else { return Some(Peer(None)) };
        let mut known = self.locked();
        if known.len() >= KNOWN {
            known.retain(|_, source| source.connections > 0);
        }
        let now = Instant::now();
        let it = known.entry(source).or_insert(Source { connections: 0, refused: 0, since: now });
        if it.connections >= self.limits.per_source {
            return None;
        }
        it.connections += 1;
        drop(known);
        Some(Peer(Some(Arc::new(Inside { sources: self.clone(), source }))))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(it) = self.sources.locked().get_mut(&self.source) {
            it.connections = it.connections.saturating_sub(1);
        }
    }
}

impl Peer {
    /// How long nothing is taken from there any more, if so.
    fn shut(&self) -> Option<Duration> {
        let inside = self.0.as_ref()?;
        let mut known = inside.sources.locked();
        let it = known.get_mut(&inside.source)?;
        let past = it.since.elapsed();
        if past >= APART {
            (it.refused, it.since) = (0, Instant::now());
        }
        (it.refused >= inside.sources.limits.refused).then(|| APART.saturating_sub(past))
    }

    fn refused(&self) {
        let Some(inside) = &self.0 else { return };
        if let Some(it) = inside.sources.locked().get_mut(&inside.source) {
            it.refused = it.refused.saturating_add(1);
        }
    }
}

/// One call: nothing of it is read if its source has sent too much that was refused.
pub(super) async fn guard(State(peer): State<Peer>, call: Request, next: Next) -> Response<Body> {
    if let Some(left) = peer.shut() {
        let mut answer = plain(StatusCode::TOO_MANY_REQUESTS, "too much from there was refused; try again later\n");
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(left.as_secs() + 1));
        return answer;
    }
    let answer = next.run(call).await;
    if answer.status().is_client_error() {
        peer.refused();
    }
    answer
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_on_this_machine_is_nobody_and_a_subscriber_of_many_addresses_is_one() {
        let of = |text: &str| source(text.parse().unwrap());
        for proxy in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(proxy), None);
        }
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
