//! Puts one stand-in on a real socket of this machine, for the demo, for foreign SDKs and for HTTP tests.
//!
//! Only loopback addresses are served: a stand-in has a back door without a token, and must never be reachable from
//! another machine.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request as HttpRequest, Response as HttpResponse, StatusCode};
use tokio::net::TcpListener;

use super::StandIn;
use crate::seam::{Method, Request, WallClock};

/// The largest request body that is read, in bytes; a larger one is answered 413.
pub const BODY_LIMIT: usize = 4 * 1024 * 1024;

#[derive(Clone)]
struct Served {
    standin: Arc<Mutex<dyn StandIn>>,
    clock: Arc<dyn WallClock>,
}

/// Listens on a loopback address such as `127.0.0.1:0`, `localhost:8080` or `[::1]:8080`.
///
/// # Errors
/// `InvalidInput` for an address of another machine or of all interfaces; otherwise what the system says
/// (a port that is taken, a name that is not known).
pub async fn bind(addr: &str) -> io::Result<TcpListener> {
    let known: Vec<SocketAddr> = tokio::net::lookup_host(addr).await?.collect();
    if let Some(far) = known.iter().find(|a| !a.ip().is_loopback()) {
        return Err(refusal(*far));
    }
    TcpListener::bind(known.as_slice()).await
}

/// Serves a stand-in until `shutdown` resolves: any path, any method.
///
/// # Errors
/// `InvalidInput` for a listener that is not on a loopback address; otherwise what the socket says.
pub async fn serve(
    standin: Arc<Mutex<dyn StandIn>>,
    listener: TcpListener,
    clock: Arc<dyn WallClock>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let addr = listener.local_addr()?;
    if !addr.ip().is_loopback() {
        return Err(refusal(addr));
    }
    let app = Router::new().fallback(answer).with_state(Served { standin, clock });
    axum::serve(listener, app).with_graceful_shutdown(shutdown).await
}

fn refusal(addr: SocketAddr) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!(
            "a stand-in is served on this machine only, because its back door needs no token: \
             {addr} is not a loopback address; use 127.0.0.1 or [::1]"
        ),
    )
}

async fn answer(State(served): State<Served>, request: HttpRequest<Body>) -> HttpResponse<Body> {
    let (head, body) = request.into_parts();
    let Some(method) = Method::parse(head.method.as_str()) else {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "this method is not served");
    };
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 4 MiB, or was cut off");
    };
    // `http` keeps header names in lower case already, which is what the seam asks for.
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let target = head.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let request = Request { method, target, headers, body };
    let response = {
        // A stand-in that panicked once may still answer: it is a toy, and the next test should see why it fails.
        let mut standin = served.standin.lock().unwrap_or_else(PoisonError::into_inner);
        standin.handle(&request, served.clock.now())
    };
    let mut built = HttpResponse::builder().status(response.status);
    for (name, value) in &response.headers {
        built = built.header(name, value);
    }
    built
        .body(Body::from(response.body))
        .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "the stand-in made an impossible response"))
}

fn plain(status: StatusCode, text: &'static str) -> HttpResponse<Body> {
    let mut response = HttpResponse::new(Body::from(text));
    *response.status_mut() = status;
    response
}
