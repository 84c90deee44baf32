//! What the program says when a mistake of ours breaks a part of it: where, what, and how it came there; never a secret, whoever
//! put one into the message.
//!
//! It goes to standard error, which a service manager keeps, and to the log where that has files of its own.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::secret::hidden;

/// Whether the log has files of its own.
static LOGGED: AtomicBool = AtomicBool::new(false);

/// From here on it is told so.
pub fn guard() {
    std::panic::set_hook(Box::new(|panic| {
        let told = told(panic);
        super::warn(&told);
        if LOGGED.load(Ordering::SeqCst) {
            tracing::error!("{told}");
        }
    }));
}

/// The log has files, so it is told there too.
pub fn log() {
    LOGGED.store(true, Ordering::SeqCst);
}

fn told(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("without a name");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let what = panic.payload_as_str().unwrap_or("(no text)");
    let trace = Backtrace::capture();
    let way = match trace.status() {
        BacktraceStatus::Captured => format!("\n{trace}"),
        _ => "; with RUST_BACKTRACE=1 it tells how it came there".to_owned(),
    };
    hidden(&format!(
        "crosstie broke at {place}, thread {name}: {what}{way}\nThis is a bug in crosstie; please report it."
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::cli::{log, wiring};
    use crate::config::{LogForm, LogSettings};
    use crate::model::Revealed;
    use crate::remote::pace::Settings;
    use crate::seam::Secrets;
    use crate::store::Vault;

    /// Set for the process that breaks: its folder.
    const BREAKS: &str = "CROSSTIE_TEST_BREAKS";
    const TOKEN: &str = "ntn_503918madeuptoken";
    const HOOK: &str = "q9w8e7madeuphook";
    const SEALED: &str = "made up and sealed, refresh_5f1c9e2a7b3d";

    /// It runs in a process of its own, for a hook and a log are a process's.
    #[test]
    fn somebody_breaks() {
        let Some(dir) = std::env::var_os(BREAKS) else { return };
        let dir = Path::new(&dir);
        guard();
        log::begin(&LogSettings { form: LogForm::Text, dir: Some(dir.join("log")), keep: 3 }).unwrap();
        let vault = Vault::new(dir, None);
        vault.put("kept", &Revealed::new(SEALED)).unwrap();
        // They are in play as in a daemon: whoever revealed them has let them go, and the connections have them.
        let notion = wiring::notion("http://127.0.0.1:9", Revealed::new(TOKEN).expose(), 180).unwrap();
        let crm = wiring::bitrix24(&format!("http://127.0.0.1:9/rest/1/{HOOK}/"), Settings::bucket(50, 200)).unwrap();
        let kept = vault.get("kept").unwrap().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // The worst that a mistake can do: everything it knows in its message.
            let text = format!("first {TOKEN} second /rest/1/{HOOK}/crm.item.list third {} fourth", kept.expose());
            assert!(tokio::spawn(async move { panic!("{text}") }).await.is_err());
            assert!(tokio::task::spawn_blocking(|| panic!("{}", HOOK)).await.is_err());
            assert!(tokio::spawn(async { "x".parse::<u8>().map_err(|_| TOKEN).unwrap() }).await.is_err());
        });
        drop((notion, crm));
    }

    #[test]
    fn a_panic_is_told_on_standard_error_and_in_the_log_with_its_place_and_its_way_and_without_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "cli::panics::tests::somebody_breaks", "--nocapture"]);
        let out = child.env(BREAKS, dir.path()).env("RUST_BACKTRACE", "1").output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let files = std::fs::read_dir(dir.path().join("log")).unwrap().map(|entry| entry.unwrap().path());
        let logged: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
        for (place, text) in [("standard error", &said), ("the log", &logged)] {
            assert_eq!(text.matches("crosstie broke at src/cli/panics.rs").count(), 3, "{place}: {text}");
            for told in ["first … second …/crm.item.list third … fourth", "somebody_breaks", "report it"] {
                assert!(text.contains(told), "{place} lacks {told}: {text}");
            }
            for secret in [TOKEN, HOOK, SEALED, "refresh_5f1c9e2a7b3d"] {
                assert!(!text.contains(secret), "{place} shows a secret: {}", text.replace(secret, "█"));
            }
        }
    }
}
