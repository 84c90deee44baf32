//! The daemon's side: listening, and letting in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::control::Desk;

use super::wire::Hello;
use super::{CLIENTS, ServeError, connection, place};

/// After a failed accept (out of file handles, mostly).
const PAUSE: Duration = Duration::from_millis(200);

/// Listens on a Unix socket at `path` and serves the Desk to whoever connects, until `shutdown`. The socket is there
/// when this returns. The task ends when the last connection has its answers, and the socket's file is removed then.
///
/// # Errors
/// [`ServeError`] when somebody else listens there, or the place is not safe or not usable.
pub async fn serve(
    path: &Path,
    desk: Arc<dyn Desk>,
    shutdown: CancellationToken,
) -> Result<JoinHandle<()>, ServeError> {
    listen(path, desk, shutdown, false).await
}

/// The same for an engine inside a dashboard, which ends with it: whoever connects is told so.
///
/// # Errors
/// As [`serve`].
pub async fn serve_inside(
    path: &Path,
    desk: Arc<dyn Desk>,
    shutdown: CancellationToken,
) -> Result<JoinHandle<()>, ServeError> {
    listen(path, desk, shutdown, true).await
}

async fn listen(
    path: &Path,
    desk: Arc<dyn Desk>,
    shutdown: CancellationToken,
    inside: bool,
) -> Result<JoinHandle<()>, ServeError> {
    let listener = place::bind(path).await?;
    let path = path.to_owned();
    Ok(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        let mut turned_away = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(_) = connections.join_next() => {}
                Some(_) = turned_away.join_next() => {}
                (stream, uid) = accept(&listener) => {
                    let hello = Hello { inside, ..Hello::ours(Some(desk.snapshots().borrow().mode)) };
                    if connections.len() < CLIENTS {
                        connections.spawn(connection::run(stream, uid, hello, Arc::clone(&desk), shutdown.clone()));
                    } else if turned_away.len() < CLIENTS {
                        turned_away.spawn(connection::turn_away(stream, hello));
                    }
                }
            }
        }
        // Nobody new, from now on; then those who are here get what is under way.
        drop(listener);
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(%error, path = %path.display(), "the socket's file could not be removed");
        }
        while connections.join_next().await.is_some() {}
    }))
}

/// The next connection of somebody who may connect, and their user id.
async fn accept(listener: &UnixListener) -> (UnixStream, u32) {
    loop {
        let admitted = listener.accept().await.and_then(|(stream, _)| Ok((stream.peer_cred()?.uid(), stream)));
        match admitted {
            Ok((uid, stream)) if place::admits(uid, place::own_uid()) => return (stream, uid),
            Ok((uid, _)) => tracing::warn!(uid, "a connection of another user was refused"),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
