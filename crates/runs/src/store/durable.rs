//! What is written survives a kill and a power cut: whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::StoreError;
use super::error::Tried;

/// The ending of a file that is being written; one that is found was left by a kill.
pub(crate) const UNFINISHED: &str = ".tmp";

/// The bytes of a file. A pipe of its name would be waited for, and a device has no end.
pub(crate) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() { fs::read(path) } else { Err(io::Error::other("it is no regular file")) }
}

/// The disk, and how often it was waited for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    waits: Arc<AtomicU64>,
}

impl Disk {
    /// Waits until a file or folder is on the disk: the one place that does.
    pub(crate) fn wait(&self, file: &File, path: &Path) -> Result<(), StoreError> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        file.sync_all().tried(path, "written to the disk")
    }

    /// How often [`Disk::wait`] was called.
    pub(crate) fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Waits until the names in a folder are on the disk.
    pub(crate) fn wait_for_names(&self, folder: &Path) -> Result<(), StoreError> {
        // Elsewhere folders cannot be opened, and renames are written through.
        if cfg!(unix) { self.wait(&File::open(folder).tried(folder, "opened")?, folder) } else { Ok(()) }
    }

    /// Puts a file in place of another of its name, or of none: a reader sees one or the other, whole.
    pub(crate) fn replace(&self, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (path, unfinished) = (folder.join(name), folder.join(format!("{name}{UNFINISHED}")));
        let written = self.write_new(&unfinished, bytes);
        let renamed = written.and_then(|()| fs::rename(&unfinished, &path).tried(&path, "written"));
        if renamed.is_err() {
            // On a full disk the room is wanted back; the error that is told is the first.
            let _ = fs::remove_file(&unfinished);
        }
        renamed?;
        self.wait_for_names(folder)
    }

    /// A new file and never one that a link of that name points at.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let _ = fs::remove_file(path);
        let mut file = File::create_new(path).tried(path, "written")?;
        file.write_all(bytes).tried(path, "written")?;
        self.wait(&file, path)
    }
}
