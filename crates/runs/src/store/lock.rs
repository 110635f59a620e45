//! The lock of a run: the operating system's, so that no way to die leaves it behind.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::StoreError;
use super::error::Tried;

/// The file that is locked. It stays when it is free: to remove it would let two hold it.
pub(crate) const LOCK: &str = "lock";

/// Who only asks whether a run is locked holds its lock for an instant; so a claim asks a few times.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(4);

/// A lock that is held. It belongs to the open file, so two threads of one program exclude each other too.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of a run and makes its folder if there is none; none if somebody else holds it.
    pub(crate) fn take(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(LOCK);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                sleep(PAUSE);
            }
            match fs::create_dir(folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error).tried(folder, "made"),
                _ => {}
            }
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let lock = match opened {
                // Removed since it was made: once more.
                Err(error) if error.kind() == ErrorKind::NotFound && attempt + 1 < ATTEMPTS => continue,
                opened => Self { file: opened.tried(&path, "opened")?, path: path.clone() },
            };
            match lock.file.try_lock() {
                // What was locked may have been removed meanwhile, and another have locked its successor.
                Ok(()) if lock.is_in_place() => return Ok(Some(lock)),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(cannot_lock(&path, &error)),
            }
        }
        Ok(None)
    }

    /// Whether somebody holds the lock of a run, in this program or another.
    pub(crate) fn is_held(folder: &Path) -> Result<bool, StoreError> {
        let path = folder.join(LOCK);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            file => file.tried(&path, "opened")?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(cannot_lock(&path, &error)),
        }
    }

    /// Refuses if the folder was removed or replaced while the lock was held: then it protects nothing.
    pub(crate) fn still_protects(&self) -> Result<(), StoreError> {
        if self.is_in_place() {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(&self.path);
        let error =
            StoreError::new(folder, "the folder of this run was removed or replaced while it was being written");
        Err(error.hint("run it again, and let a run end before its folder is removed"))
    }

    fn is_in_place(&self) -> bool {
        same(self.file.metadata(), fs::metadata(&self.path))
    }
}

#[cfg(unix)]
fn same(held: io::Result<Metadata>, found: io::Result<Metadata>) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!((held, found), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn same(held: io::Result<Metadata>, found: io::Result<Metadata>) -> bool {
    held.is_ok() && found.is_ok()
}

fn cannot_lock(path: &Path, error: &io::Error) -> StoreError {
    let error = StoreError::new(path, format!("files cannot be locked here: {error}"));
    error.hint("keep the store on a disk of this machine: --store DIR")
}
