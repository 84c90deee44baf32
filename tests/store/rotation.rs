//! Keys that change, and the other things that open secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crosstie::model::Revealed;
use crosstie::seam::{Secrets, SecretsError, WallClock};
use crosstie::store::{KeySource, Vault};
use jiff::Timestamp;

fn secret(text: &str) -> Revealed {
    Revealed::new(text.to_owned())
}

fn by_word(home: &Path, word: &str) -> Vault {
    Vault::opened_by(home, KeySource::Passphrase(secret(word)))
}

/// What lies in a folder, by name.
type Files = Vec<(String, Vec<u8>)>;

fn files(home: &Path) -> Files {
    let mut found: Files = fs::read_dir(home)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect();
    found.sort();
    found
}

fn of<'a>(files: &'a Files, name: &str) -> &'a [u8] {
    &files.iter().find(|(found, _)| found == name).unwrap().1
}

fn lay(home: &Path, name: &str, bytes: &[u8]) {
    fs::write(home.join(name), bytes).unwrap();
    fs::set_permissions(home.join(name), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_rotation_changes_key_and_seal_and_keeps_every_secret() {
    let home = tempfile::tempdir().unwrap();
    let vault = Vault::new(home.path(), None);
    vault.put("a", &secret("first")).unwrap();
    vault.put("b", &secret("second")).unwrap();
    let before = files(home.path());
    vault.rotate(None).unwrap();
    let after = files(home.path());
    for name in ["secrets.key", "secrets.bin"] {
        assert_ne!(of(&before, name), of(&after, name), "{name}");
    }
    let names: Vec<&str> = after.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["secrets.bin", "secrets.key", "secrets.lock"], "nothing is left over");
    assert_eq!(vault.get("a").unwrap(), Some(secret("first")));
    assert_eq!(vault.get("b").unwrap(), Some(secret("second")));
    // A copy of the old key opens nothing any more.
    lay(home.path(), "secrets.key", of(&before, "secrets.key"));
    assert!(matches!(vault.get("a"), Err(SecretsError::WrongKey { .. })));
}

#[test]
fn a_death_at_any_step_of_a_rotation_leaves_secrets_that_open_and_can_be_rotated_again() {
    let home = tempfile::tempdir().unwrap();
    let vault = Vault::new(home.path(), None);
    vault.put("a", &secret("first")).unwrap();
    let before = files(home.path());
    vault.rotate(None).unwrap();
    let after = files(home.path());
    let (old_key, new_key) = (of(&before, "secrets.key"), of(&after, "secrets.key"));
    let (old, new) = (of(&before, "secrets.bin"), of(&after, "secrets.bin"));
    // Every step is one rename; what a step had not renamed yet lies beside it, whole or torn.
    let steps: [&[(&str, &[u8])]; 6] = [
        &[("secrets.key", old_key), ("secrets.bin", old), ("secrets.key.next.new", &new_key[..9])],
        &[("secrets.key", old_key), ("secrets.bin", old), ("secrets.key.next", new_key)],
        &[
            ("secrets.key", old_key),
            ("secrets.bin", old),
            ("secrets.key.next", new_key),
            ("secrets.bin.new", &new[..9]),
        ],
        &[("secrets.key", old_key), ("secrets.bin", new), ("secrets.key.next", new_key)],
        // The same, and the old key was lost with its disk.
        &[("secrets.bin", new), ("secrets.key.next", new_key)],
        &[("secrets.key", new_key), ("secrets.bin", new)],
    ];
    for (at, step) in steps.iter().enumerate() {
        for writes in [false, true] {
            let home = tempfile::tempdir().unwrap();
            step.iter().for_each(|(name, bytes)| lay(home.path(), name, bytes));
            let vault = Vault::new(home.path(), None);
            assert_eq!(vault.get("a").unwrap(), Some(secret("first")), "step {at}");
            if writes {
                vault.put("b", &secret("second")).unwrap();
                assert_eq!(vault.names().unwrap(), ["a", "b"], "step {at}");
            }
            vault.rotate(None).unwrap();
            assert_eq!(vault.get("a").unwrap(), Some(secret("first")), "step {at}");
            assert!(!home.path().join("secrets.key.next").exists(), "step {at}");
        }
    }
}

#[test]
fn whoever_reads_while_keys_change_reads_the_secret() {
    let home = tempfile::tempdir().unwrap();
    let vault = Vault::new(home.path(), None);
    vault.put("a", &secret("first")).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reads = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(Vault::new(home.path(), None).get("a").unwrap(), Some(secret("first")));
                reads += 1;
            }
            reads
        });
        for _ in 0..50 {
            vault.rotate(None).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(reads.join().unwrap() > 0);
    });
}

#[test]
fn a_passphrase_opens_what_it_sealed_and_no_other_does() {
    let home = tempfile::tempdir().unwrap();
    let vault = by_word(home.path(), "correct horse");
    vault.put("a", &secret("first")).unwrap();
    assert!(!home.path().join("secrets.key").exists());
    assert!(vault.wants_passphrase().unwrap());
    assert_eq!(by_word(home.path(), "correct horse").get("a").unwrap(), Some(secret("first")));
    assert!(matches!(by_word(home.path(), "battery staple").get("a"), Err(SecretsError::WrongPassphrase(_))));
    let refusal = Vault::new(home.path(), None).get("a").unwrap_err();
    assert!(matches!(refusal, SecretsError::PassphraseWanted(_)), "{refusal}");
    assert!(refusal.to_string().contains("CROSSTIE_PASSPHRASE_FILE"), "{refusal}");
    assert!(!format!("{vault:?} {:?}", KeySource::Passphrase(secret("correct horse"))).contains("horse"));
}

#[test]
fn secrets_go_over_to_another_key_and_back() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let vault = Vault::new(home.path(), None);
    vault.put("a", &secret("first")).unwrap();
    vault.rotate(Some(&KeySource::Passphrase(secret("word")))).unwrap();
    assert!(matches!(vault.get("a"), Err(SecretsError::PassphraseWanted(_))));
    let worded = by_word(home.path(), "word");
    assert_eq!(worded.get("a").unwrap(), Some(secret("first")));
    // Another passphrase.
    worded.rotate(Some(&KeySource::Passphrase(secret("other")))).unwrap();
    assert!(matches!(worded.get("a"), Err(SecretsError::WrongPassphrase(_))));

    let path = elsewhere.path().join("crosstie.key");
    by_word(home.path(), "other").rotate(Some(&KeySource::File(path.clone()))).unwrap();
    assert!(matches!(by_word(home.path(), "other").get("a"), Err(SecretsError::KeyWanted(_))));
    assert_eq!(Vault::new(home.path(), Some(path.clone())).get("a").unwrap(), Some(secret("first")));

    // Handed over by somebody else, who lets a group read it.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
    let handed = Vault::opened_by(home.path(), KeySource::Handed(path.clone()));
    assert_eq!(handed.get("a").unwrap(), Some(secret("first")));
    handed.put("b", &secret("second")).unwrap();
    assert!(matches!(handed.rotate(None), Err(SecretsError::KeptElsewhere(_))));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(matches!(handed.get("a"), Err(SecretsError::TooOpen { .. })));
}

#[test]
fn what_an_earlier_version_sealed_is_opened_and_sealed_anew_with_the_next_change() {
    let home = tempfile::tempdir().unwrap();
    // Written by format 1 under the key of 32 bytes 7.
    lay(home.path(), "secrets.key", "07".repeat(32).as_bytes());
    lay(home.path(), "secrets.bin", include_bytes!("secrets-format-1.bin"));
    let vault = Vault::new(home.path(), None);
    assert_eq!(vault.get("notion webhook").unwrap(), Some(secret("kept since then")));
    assert_eq!(vault.listed().unwrap()[0].set, None);
    vault.put("b", &secret("new")).unwrap();
    assert_eq!(vault.names().unwrap(), ["b", "notion webhook"]);
    assert_eq!(of(&files(home.path()), "secrets.bin")[8], 2);
}

struct Noon;

impl WallClock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-29T12:00:00Z".parse().unwrap()
    }
}

#[test]
fn when_a_secret_was_set_is_remembered_over_changes_of_others_and_rotations() {
    let home = tempfile::tempdir().unwrap();
    Vault::new(home.path(), None).with_clock(Arc::new(Noon)).put("a", &secret("first")).unwrap();
    let vault = Vault::new(home.path(), None);
    vault.put("b", &secret("second")).unwrap();
    vault.rotate(None).unwrap();
    let listed = vault.listed().unwrap();
    let told: Vec<_> = listed.iter().map(|it| (it.name.as_str(), it.set.map(|at| at.to_string()))).collect();
    assert_eq!(told, [("a", Some("2026-11-29T12:00:00Z".to_owned())), ("b", None)]);
}
