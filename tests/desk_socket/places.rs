//! Where the socket may be, and who is there already.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use crosstie::control::Desk;
use crosstie::control::socket::{ConnectError, ServeError, connect, serve};

use super::{Daemon, ask, fake};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A directory closed to others, whatever the umask.
fn closed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    dir
}

#[tokio::test]
async fn the_socket_and_its_directory_are_closed_to_others() {
    let daemon = Daemon::start().await;
    assert_eq!(mode(&daemon.path), 0o600);
    assert_eq!(mode(daemon.path.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_directory_that_is_open_to_others_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (fake, shutdown) = fake();
    let refused = serve(&dir.path().join("s"), fake, shutdown).await;
    assert!(matches!(refused, Err(ServeError::Open(_))), "{refused:?}");
    assert_eq!(mode(dir.path()), 0o755);
}

#[tokio::test]
async fn a_socket_left_behind_is_replaced() {
    let dir = closed();
    let path = dir.path().join("s");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert!(matches!(connect(&path).await, Err(ConnectError::Refused(_))));
    let (fake, shutdown) = fake();
    let _task = serve(&path, fake, shutdown).await.unwrap();
    assert!(connect(&path).await.unwrap().query(ask("a", 1)).await.is_ok());
}

#[tokio::test]
async fn a_daemon_that_answers_keeps_its_socket() {
    let daemon = Daemon::start().await;
    let (other, shutdown) = fake();
    let refused = serve(&daemon.path, Arc::clone(&other) as Arc<dyn Desk>, shutdown).await;
    assert!(matches!(refused, Err(ServeError::InUse(_))), "{refused:?}");
    connect(&daemon.path).await.unwrap().query(ask("a", 1)).await.unwrap();
    assert_eq!(other.queries.lock().unwrap().len(), 0);
    assert_eq!(daemon.fake.queries.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_not_removed() {
    let dir = closed();
    let path = dir.path().join("s");
    fs::write(&path, "precious").unwrap();
    let (fake, shutdown) = fake();
    let refused = serve(&path, fake, shutdown).await;
    assert!(matches!(refused, Err(ServeError::NotASocket(_))), "{refused:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}
