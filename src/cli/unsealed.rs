//! The token of Notion's webhook as an earlier version left it: in a plain file beside the store. It is read once, sealed
//! with the other secrets, and taken away.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use crate::inlet::{Drawer, Kept};
use crate::model::Revealed;

use super::failure::Failure;

/// Seals what lies open in a state folder, if something does; then there is a line to tell.
///
/// # Errors
/// [`Failure`]: the file cannot be read or removed, or nothing can be sealed. Then the file is there still.
pub fn seal(state: &Path, drawer: &Drawer) -> Result<Option<String>, Failure> {
    let dir = state.join("inlet");
    let path = dir.join("notion-verification-token");
    let failed = |error: io::Error| Failure::running(format!("{}: {error}", path.display()));
    let text = match fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut lines = text.lines();
    let secret = lines.next().map(str::trim).filter(|secret| !secret.is_empty());
    let proven = lines.next().is_some_and(|line| line.trim() == "proven");
    let sealed = drawer.load().map_err(|error| Failure::running(error.to_string()))?;
    let became = match (secret, sealed) {
        (Some(secret), None) => {
            let kept = Kept { secret: Revealed::new(secret), proven };
            drawer.keep(&kept).map_err(|error| Failure::running(error.to_string()))?;
            "is sealed with the other secrets now"
        }
        (Some(secret), Some(kept)) if kept.secret.is(secret) => "was sealed already",
        (Some(_), Some(_)) => {
            "is another one than the sealed token, which stays; should Notion's calls be refused, run `crosstie inlet \
             forget` and let Notion send its token again"
        }
        (None, _) => "was none",
    };
    fs::remove_file(&path).map_err(failed)?;
    // What was left of a write that did not end.
    let _ = fs::remove_file(path.with_extension("new"));
    File::open(&dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
    // Nothing else was ever kept there; if somebody did, it stays.
    let _ = fs::remove_dir(&dir);
    Ok(Some(format!("the webhook's token that lay open in {} {became}; the file was removed", path.display())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;

    use crate::store::Vault;

    use super::*;

    fn drawer(state: &Path) -> Drawer {
        Drawer::new(Arc::new(Vault::new(state, None)), "token")
    }

    fn left_open(state: &Path, text: &str) {
        fs::create_dir_all(state.join("inlet")).unwrap();
        fs::write(state.join("inlet/notion-verification-token"), text).unwrap();
        fs::write(state.join("inlet/notion-verification-token.new"), text).unwrap();
    }

    #[test]
    fn a_token_that_lay_open_is_sealed_with_its_proof_and_its_file_is_gone() {
        for (text, proven) in [("secret_madeUp\nproven\n", true), ("secret_madeUp\n\n", false)] {
            let state = tempfile::tempdir().unwrap();
            left_open(state.path(), text);
            let told = seal(state.path(), &drawer(state.path())).unwrap().unwrap();
            assert!(
                told.contains("is sealed") && told.contains("removed") && !told.contains("secret_madeUp"),
                "{told}"
            );
            let kept = drawer(state.path()).load().unwrap();
            assert_eq!(kept, Some(Kept { secret: Revealed::new("secret_madeUp"), proven }));
            assert!(!state.path().join("inlet").exists());
            assert_eq!(seal(state.path(), &drawer(state.path())).unwrap(), None, "it is told once");
        }
    }

    #[test]
    fn what_is_sealed_already_stays_and_what_cannot_be_sealed_stays_open() {
        let state = tempfile::tempdir().unwrap();
        let kept = Kept { secret: Revealed::new("secret_sealed"), proven: true };
        drawer(state.path()).keep(&kept).unwrap();
        left_open(state.path(), "secret_madeUp\n\n");
        let told = seal(state.path(), &drawer(state.path())).unwrap().unwrap();
        assert!(told.contains("another one") && told.contains("inlet forget"), "{told}");
        assert_eq!(drawer(state.path()).load().unwrap(), Some(kept));

        left_open(state.path(), "secret_madeUp\n\n");
        fs::remove_file(state.path().join("secrets.key")).unwrap();
        assert!(seal(state.path(), &drawer(state.path())).is_err());
        assert!(state.path().join("inlet/notion-verification-token").exists());
    }
}
