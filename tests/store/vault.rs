//! Secrets at rest: what is kept, who can read it, and what is said when it cannot be opened.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crosstie::model::Revealed;
use crosstie::seam::{Secrets, SecretsError};
use crosstie::store::{KeySource, Vault};

fn secret(text: &str) -> Revealed {
    Revealed::new(text.to_owned())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn vault(&self) -> Vault {
        Vault::new(self.0.path(), None)
    }

    fn with(name: &str, text: &str) -> Self {
        let home = Self::new();
        home.vault().put(name, &secret(text)).unwrap();
        home
    }

    fn refusal(&self) -> SecretsError {
        self.vault().get("a").unwrap_err()
    }
}

#[test]
fn what_is_put_is_there_after_a_restart_and_nothing_else_is_touched() {
    let home = Home::new();
    let vault = home.vault();
    assert_eq!((vault.get("tokens").unwrap(), vault.names().unwrap()), (None, Vec::new()));
    assert!(!home.at("secrets.key").exists(), "looking makes nothing");
    vault.put("tokens", &secret("first")).unwrap();
    vault.put("inlet", &secret("ü\0 second")).unwrap();
    vault.put("tokens", &secret("")).unwrap();
    let vault = home.vault();
    assert_eq!(vault.names().unwrap(), ["inlet", "tokens"]);
    assert_eq!(vault.get("tokens").unwrap(), Some(secret("")));
    assert_eq!(vault.get("inlet").unwrap(), Some(secret("ü\0 second")));
    assert_eq!(vault.get("other").unwrap(), None);
}

#[test]
fn what_is_forgotten_is_gone_and_the_last_one_leaves_a_vault_that_opens() {
    let home = Home::with("a", "first");
    home.vault().put("b", &secret("second")).unwrap();
    let before = fs::read(home.at("secrets.bin")).unwrap();
    assert!(!home.vault().forget("c").unwrap());
    assert_eq!(fs::read(home.at("secrets.bin")).unwrap(), before, "nothing was written for nothing");
    assert!(home.vault().forget("a").unwrap());
    assert_eq!((home.vault().get("a").unwrap(), home.vault().get("b").unwrap()), (None, Some(secret("second"))));
    assert!(home.vault().forget("b").unwrap() && !home.vault().forget("b").unwrap());
    assert_eq!(home.vault().names().unwrap(), Vec::<String>::new());
    home.vault().put("d", &secret("third")).unwrap();
    assert_eq!(home.vault().names().unwrap(), ["d"]);
}

#[test]
fn files_are_their_owners_alone_and_show_nothing() {
    let home = Home::with("a", "very-secret-words");
    for entry in fs::read_dir(home.0.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(4).any(|four| four == b"very"), "{}", path.display());
    }
    let shown = format!("{:?} {:?}", home.vault(), home.vault().get("a").unwrap());
    assert!(!shown.contains("very"), "{shown}");
    // The same secret twice looks different each time.
    let before = fs::read(home.at("secrets.bin")).unwrap();
    home.vault().put("a", &secret("very-secret-words")).unwrap();
    let after = fs::read(home.at("secrets.bin")).unwrap();
    assert_eq!(before.len(), after.len());
    assert_ne!(before[17..41], after[17..41], "a nonce is used once");
}

#[test]
fn the_key_can_lie_elsewhere() {
    let (home, keys) = (Home::new(), Home::new());
    let key = keys.at("crosstie.key");
    Vault::new(home.0.path(), Some(key.clone())).put("a", &secret("b")).unwrap();
    assert_eq!(mode(&key), 0o600);
    assert!(!home.at("secrets.key").exists());
    assert!(matches!(home.refusal(), SecretsError::KeyMissing { .. }));
    let vault = Vault::new(home.0.path(), Some(key));
    assert_eq!(vault.get("a").unwrap(), Some(secret("b")));
}

#[test]
fn a_missing_key_a_wrong_key_and_no_key_at_all_are_told_apart() {
    let home = Home::with("a", "b");
    let sealed = fs::read(home.at("secrets.bin")).unwrap();
    fs::remove_file(home.at("secrets.key")).unwrap();
    assert!(matches!(home.refusal(), SecretsError::KeyMissing { .. }));
    // A new key over secrets that it cannot open would lose them.
    assert!(matches!(home.vault().put("c", &secret("d")), Err(SecretsError::KeyMissing { .. })));
    assert_eq!(fs::read(home.at("secrets.bin")).unwrap(), sealed);
    fs::copy(Home::with("x", "y").at("secrets.key"), home.at("secrets.key")).unwrap();
    let refusal = home.refusal();
    assert!(matches!(refusal, SecretsError::WrongKey { .. }), "{refusal}");
    assert!(refusal.to_string().contains("Bring the right key back"), "{refusal}");
    fs::write(home.at("secrets.key"), "no key").unwrap();
    assert!(matches!(home.refusal(), SecretsError::BadKey(_)));
}

#[test]
fn every_damaged_byte_and_every_cut_is_noticed() {
    let home = Home::with("a", "b");
    let path = home.at("secrets.bin");
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(home.refusal(), SecretsError::Damaged(_)), "byte {at}");
        fs::write(&path, &whole[..at]).unwrap();
        assert!(matches!(home.refusal(), SecretsError::Damaged(_)), "{at} bytes");
    }
    // Somebody who mends the checksum as well is noticed by the seal.
    let mut bytes = whole.clone();
    let end = bytes.len() - 4;
    bytes[end - 1] ^= 1;
    let check = crc32fast::hash(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&check);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(home.refusal(), SecretsError::Damaged(_)));
    // A format of tomorrow is not called damaged.
    let mut bytes = whole.clone();
    bytes[8] = 9;
    let check = crc32fast::hash(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&check);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(home.refusal(), SecretsError::Newer { version: 9, .. }));
    fs::write(&path, &whole).unwrap();
    assert_eq!(home.vault().get("a").unwrap(), Some(secret("b")));
}

#[test]
fn what_others_can_read_is_refused_with_the_remedy() {
    for name in ["secrets.bin", "secrets.key"] {
        let home = Home::with("a", "b");
        fs::set_permissions(home.at(name), Permissions::from_mode(0o640)).unwrap();
        let refusal = home.refusal();
        assert!(matches!(refusal, SecretsError::TooOpen { mode: 0o640, .. }), "{refusal}");
        assert!(refusal.to_string().contains("chmod 600"), "{refusal}");
    }
}

#[test]
fn a_death_while_writing_leaves_what_was_there() {
    let home = Home::with("a", "b");
    // What a process that died before the rename leaves behind.
    fs::write(home.at("secrets.bin.new"), "half of it").unwrap();
    assert_eq!(home.vault().get("a").unwrap(), Some(secret("b")));
    home.vault().put("a", &secret("c")).unwrap();
    assert_eq!(home.vault().get("a").unwrap(), Some(secret("c")));
    assert!(!home.at("secrets.bin.new").exists());
}

#[test]
fn many_writers_lose_nothing_of_each_other() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let vault = home.vault();
            scope.spawn(move || vault.put(&format!("name {number}"), &secret("x")).unwrap());
        }
    });
    assert_eq!(home.vault().names().unwrap().len(), 8);
}

#[test]
fn a_key_that_is_handed_over_does_not_lock_out_a_workspace_with_a_key_of_its_own() {
    let (own, first) = (Home::new(), Home::new());
    own.vault().put("a", &secret("mine")).unwrap();
    first.vault().put("a", &secret("theirs")).unwrap();
    let handed = |home: &Home| Vault::opened_by(home.0.path(), KeySource::Handed(first.at("secrets.key")));
    assert_eq!(handed(&first).get("a").unwrap(), Some(secret("theirs")));
    assert_eq!(handed(&own).get("a").unwrap(), Some(secret("mine")));
    handed(&own).put("b", &secret("more")).unwrap();
    assert_eq!(own.vault().get("b").unwrap(), Some(secret("more")));
    fs::remove_file(own.at("secrets.key")).unwrap();
    assert!(matches!(handed(&own).get("a"), Err(SecretsError::WrongKey { .. })));
}
