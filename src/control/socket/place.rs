//! The socket's place: who may reach it, and whether somebody sits there already.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// Why there is no socket to connect to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A daemon answers there.
    #[error("another crosstie answers on {}: connect to it, stop it, or give this one another socket", .0.display())]
    InUse(PathBuf),
    /// The directory would let others in.
    #[error("{} must belong to you and be closed to others (`chmod 700`), because the socket in it can change your data", .0.display())]
    Open(PathBuf),
    /// Something else lies there.
    #[error("{} is not a socket; remove it, or give another path", .0.display())]
    NotASocket(PathBuf),
    /// The system refused.
    #[error("cannot listen on {}: {error}", .path.display())]
    Failed {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Makes the socket, with its directory if need be.
pub(super) async fn bind(path: &Path) -> Result<UnixListener, ServeError> {
    let failed = |error| ServeError::Failed { path: path.to_owned(), error };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        // An existing directory is not changed: it may be everybody's, like /tmp.
        let meta = fs::metadata(dir).map_err(failed)?;
        if meta.mode() & 0o077 != 0 || meta.uid() != own_uid() {
            return Err(ServeError::Open(dir.to_owned()));
        }
    }
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(meta) if !meta.file_type().is_socket() => return Err(ServeError::NotASocket(path.to_owned())),
        Ok(_) => match UnixStream::connect(path).await {
            Ok(_) => return Err(ServeError::InUse(path.to_owned())),
            // Left behind by a process that was killed.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        },
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}

/// The user this process acts for.
pub(super) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether a user may connect.
pub(super) fn admits(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn only_the_daemons_own_user_and_root_are_admitted() {
        assert!(admits(1000, 1000));
        assert!(admits(0, 1000));
        assert!(!admits(1001, 1000));
        assert!(!admits(1000, 0));
    }
}
