//! Small file work: private directories and files, and making directory entries last.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What somebody does about a file that cannot be used.
pub(super) fn mend(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => {
            "That disk is mounted read-only, which a system does by itself when the disk fails (`dmesg` tells): mount it \
             writable again, or copy this folder to a sound disk and name that as `state_dir`, then start again"
        }
        io::ErrorKind::NotFound => "Nothing lies there: look at how it is spelled",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "That disk is full: make room, then start again",
        _ => "Check rights and space, then start again",
    }
}

/// Makes a directory that only its owner can enter, with parents, and makes an existing one so.
pub(super) fn private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Makes a directory that only its owner can enter, with parents. One that is there stays as it is: it may be everybody's, like
/// `/tmp`.
pub(super) fn new_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens a file for writing, empty, readable by its owner alone.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// A file that is written under a name of its own until it is whole. It is removed where it never is: what is left of it would
/// keep the space whose lack may have ended it.
#[derive(Debug)]
pub(super) struct Temporary(Option<PathBuf>);

impl Temporary {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(Some(path))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    /// It is whole, and gets its name.
    pub(super) fn become_file(mut self, path: &Path) -> io::Result<()> {
        fs::rename(self.path(), path)?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

/// Makes the entries of a directory survive a power cut.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Takes group and others every right on the files of a directory (not on those of directories within).
pub(super) fn tighten(path: &Path) -> io::Result<()> {
    for file in list(path)? {
        if file.is_file() {
            fs::set_permissions(&file, Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Copies a directory with everything in it to a place where nothing is yet, durably.
pub(super) fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    private_dir(to)?;
    for source in list(from)? {
        let Some(name) = source.file_name() else { continue };
        let target = to.join(name);
        if source.is_dir() {
            copy_dir(&source, &target)?;
        } else {
            copy_file(&source, &target)?;
        }
    }
    sync_dir(to)
}

/// Copies a file, durably.
pub(super) fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    io::copy(&mut File::open(from)?, &mut private_file(to)?)?;
    File::open(to)?.sync_all()
}

/// The bytes of all files of a directory.
pub(super) fn size(path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for file in list(path)? {
        bytes += if file.is_dir() { size(&file)? } else { fs::metadata(&file)?.len() };
    }
    Ok(bytes)
}

/// What lies in a directory, by name.
pub(super) fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}
