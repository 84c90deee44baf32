//! A secret that came in while the program ran, in a file of its own beside the store: the store is exported, and one
//! process alone may open it; this is neither, so that `crosstie inlet token` can read it while a daemon runs.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::model::Revealed;
use crate::seam::{Kept, Vault};

/// The second line of a secret that has stood its test.
const PROVEN: &str = "proven";

/// A file for one secret, readable by its owner alone.
#[derive(Debug, Clone)]
pub struct FileVault {
    path: PathBuf,
}

impl FileVault {
    /// The token that verifies Notion's webhook.
    pub fn of_notion(state: &Path) -> Self {
        Self { path: state.join("inlet").join("notion-verification-token") }
    }

    /// Takes the secret away; whether there was one.
    ///
    /// # Errors
    /// What the disk said.
    pub fn forget(&self) -> io::Result<bool> {
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Vault for FileVault {
    fn load(&self) -> io::Result<Option<Kept>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut lines = text.lines();
        let secret = lines.next().map(str::trim).filter(|secret| !secret.is_empty());
        let proven = lines.next().is_some_and(|line| line.trim() == PROVEN);
        Ok(secret.map(|secret| Kept { secret: Revealed::new(secret), proven }))
    }

    fn keep(&self, kept: &Kept) -> io::Result<()> {
        let Some(dir) = self.path.parent() else { return Err(io::Error::from(io::ErrorKind::NotFound)) };
        let secret = kept.secret.expose();
        if secret.contains(['\n', '\r']) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a secret of more than one line"));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        // Whole or not at all.
        let draft = self.path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let text = Zeroizing::new(format!("{secret}\n{}\n", if kept.proven { PROVEN } else { "" }));
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        File::open(dir)?.sync_all()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_lies_in_a_file_for_its_owner_alone_and_comes_back_with_its_proof() {
        let state = tempfile::tempdir().unwrap();
        let vault = FileVault::of_notion(state.path());
        assert_eq!(vault.load().unwrap(), None);
        for proven in [false, true] {
            let kept = Kept { secret: Revealed::new("secret_madeup"), proven };
            vault.keep(&kept).unwrap();
            assert_eq!(vault.load().unwrap(), Some(kept));
            assert_eq!(fs::metadata(&vault.path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(vault.forget().unwrap() && !vault.forget().unwrap());
        assert_eq!(vault.load().unwrap(), None);
        let torn = Kept { secret: Revealed::new("two\nlines"), proven: false };
        assert!(vault.keep(&torn).is_err());
    }
}
