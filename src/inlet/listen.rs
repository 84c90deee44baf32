//! The listener: connections in, none of them for longer than it needs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response as HttpResponse, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::door::{Open, called};
use super::health::{self, Monitor};
use super::patient::Patient;
use super::proof::Proof;
use super::queue::{Queue, Waiting};
use super::sources::{Sources, guard};
use super::{Limits, Office, Settings};
use crate::seam::SecretsError;

/// A running inlet.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    /// Ends some time after it was told to close.
    pub task: JoinHandle<()>,
    doors: Vec<Arc<Open>>,
}

impl Served {
    /// Whether the door there has anything to prove calls with, from now on; `None` where there is no door.
    pub fn proof(&self, path: &str) -> Option<Proof> {
        self.doors.iter().find(|door| door.path == path).cloned().map(Proof)
    }
}

/// Why the inlet does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It would listen where other machines reach it, and nobody allowed that.
    #[error(
        "{0} is reached by other machines; listen on 127.0.0.1 behind a proxy that speaks HTTPS, or set `allow_public`"
    )]
    Public(SocketAddr),
    /// The socket. It may open later: what has the address may end, and an address may come.
    #[error("{address}: {error}; {}", mend(.error))]
    Socket {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The secret of a door.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

/// What to do about a socket that does not open.
fn mend(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address, or not yet: bring up what gives it (a VPN, a network card), or choose \
             another"
        }
        _ => "choose another address, or end what listens there",
    }
}

/// Listens until `closing`.
///
/// # Errors
/// [`OpenError`].
pub async fn serve(settings: Settings, office: Office, closing: CancellationToken) -> Result<Served, OpenError> {
    let Settings { listen, allow_public, admin_token, doors, lately, limits } = settings;
    if !listen.ip().is_loopback() && !allow_public {
        return Err(OpenError::Public(listen));
    }
    let socket = |error| OpenError::Socket { address: listen, error };
    let listener = TcpListener::bind(listen).await.map_err(socket)?;
    let address = listener.local_addr().map_err(socket)?;
    let (queue, waiting) = mpsc::channel(limits.queue.max(1));
    let mut open = Vec::new();
    for door in doors {
        let queue = Queue::new(queue.clone(), limits.queue);
        open.push(Arc::new(Open::new(door, queue, limits)?));
    }
    drop(queue);
    let mut app = Router::new();
    for door in &open {
        app = app.merge(Router::new().route(&door.path, post(called)).with_state(Arc::clone(door)));
    }
    let deliveries = Arc::clone(&office.deliveries);
    let monitor = Arc::new(Monitor::new(office, admin_token, lately, open.clone()));
    let asked = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/api/admin/sync/health", get(health::sync))
        .with_state(monitor);
    let app = app.merge(asked);
    let work = work_off(waiting, deliveries);
    let task = tokio::spawn(async move {
        tokio::select! {
            biased;
            () = closing.cancelled() => {}
            // The engine has gone. Whoever asks how things are is still told so.
            () = async { tokio::join!(work, accept(&listener, app, limits, &closing)); } => {}
        }
    });
    Ok(Served { address, task, doors: open })
}

/// Serves nothing but this, until `closing`.
pub(super) async fn only(
    listen: SocketAddr,
    app: Router,
    limits: Limits,
    closing: CancellationToken,
) -> Result<Served, OpenError> {
    let socket = |error| OpenError::Socket { address: listen, error };
    let listener = TcpListener::bind(listen).await.map_err(socket)?;
    let address = listener.local_addr().map_err(socket)?;
    let task = tokio::spawn(async move {
        tokio::select! {
            biased;
            () = closing.cancelled() => {}
            () = accept(&listener, app, limits, &closing) => {}
        }
    });
    Ok(Served { address, task, doors: Vec::new() })
}

/// Hands on what was heard, in the order in which it came.
async fn work_off(mut waiting: mpsc::Receiver<Waiting>, deliveries: Arc<dyn crate::control::Deliveries>) {
    while let Some(Waiting { delivery, .. }) = waiting.recv().await {
        if deliveries.deliver(delivery).await.is_err() {
            return;
        }
    }
}

async fn accept(listener: &TcpListener, app: Router, limits: Limits, closing: &CancellationToken) {
    let room = Arc::new(Semaphore::new(limits.connections.max(1)));
    let sources = Sources::new(limits);
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, from)) => {
                // Whoever has all its places gets no answer either: that would be one more to wait for.
                let Some(peer) = sources.enter(from.ip()) else { continue };
                let app = app.clone().layer(from_fn_with_state(peer, guard));
                let closing = closing.clone();
                tokio::spawn(async move {
                    converse(stream, app, limits, &closing).await;
                    drop(place);
                });
            }
            Err(error) => {
                // No file descriptors left, or a connection that was gone before it came.
                tracing::warn!("a connection could not be taken: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, app: Router, limits: Limits, closing: &CancellationToken) {
    let mut http = http1::Builder::new();
    // Counts from the first byte that is waited for, so an idle connection is closed by it too.
    http.timer(TokioTimer::new()).header_read_timeout(limits.patience);
    let service = TowerToHyperService::new(app);
    let connection = http.serve_connection(TokioIo::new(Patient::new(stream, limits.patience)), service);
    tokio::select! {
        biased;
        () = closing.cancelled() => {}
        // A caller that broke off, or was too slow, is its own affair.
        ended = connection => drop(ended),
    }
}

/// An answer in plain text.
pub(super) fn plain(status: StatusCode, text: impl Into<Body>) -> HttpResponse<Body> {
    answer(status, "text/plain; charset=utf-8", text.into())
}

/// An answer in JSON.
pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> HttpResponse<Body> {
    answer(status, "application/json", Body::from(value.to_string()))
}

/// An answer of any type.
pub(super) fn answer(status: StatusCode, kind: &'static str, body: Body) -> HttpResponse<Body> {
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
