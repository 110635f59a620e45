//! The folder that runs are kept in. It is the truth: nothing else remembers a run, and any index over it is a copy.
//!
//! ```text
//! runs/3ce22a2abe04747d2192/run.json                          the record, replaced as a whole
//!                           curve.jsonl                       the loss on the way, a line at a time
//!                           checkpoint-<step>-<hash>.safetensors   weights and state, at most two
//!                           lock                              held by the operating system while the run is trained
//!      trunks/8c1f40aa9be2d3715c06/checkpoint-<step>-<hash>.safetensors   what runs of several lengths share, the newest state
//!                                  lock                       held while one of them is trained
//! ```
//!
//! Who writes holds a [`Claim`], of which there is one for a run at any time; the system frees it however its holder ends.
//! A kill at any instant leaves the record whole and a checkpoint that can be gone on from. Reading needs no claim.

mod check;
mod checkpoint;
mod claim;
mod curve;
mod curves;
mod durable;
mod error;
mod listing;
mod lock;
mod network;
mod trunk;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use checkpoint::{Checkpoint, Loaded};
pub use claim::Claim;
pub use curve::{Curve, CurvePoint};
pub use error::StoreError;
pub use listing::Listing;
pub use trunk::TrunkClaim;

use crate::error::quoted;
use crate::record::is_id;
use durable::Disk;
use error::Tried;

/// The record of a run, in its folder.
pub(crate) const RECORD: &str = "run.json";

/// A folder of runs.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    disk: Disk,
    /// why nothing can be written, if it was opened for reading
    read_only: bool,
}

impl Store {
    /// Opens a store to train into it, and makes its folder if there is none.
    ///
    /// # Errors
    /// If the folder lies on a network, cannot be made or written to, or is a file.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_where(folder.into(), network::on_network)
    }

    /// [`Store::open`], with the question whether a folder lies on a network left to the caller.
    fn open_where(
        folder: PathBuf,
        on_network: impl Fn(&Path) -> io::Result<Option<String>>,
    ) -> Result<Self, StoreError> {
        let store = Self { folder, disk: Disk::default(), read_only: false };
        let folder = &store.folder;
        let fresh = !folder.exists();
        // Asked of what is there already, so that a refusal leaves nothing behind.
        let there = folder.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."));
        if let Some(system) = on_network(there).tried(folder, "looked at")? {
            let message =
                format!("this folder is on a network ({system}), where two machines could train one run at once");
            let hint = "keep the store on a disk of this machine (--store DIR), and copy it when the runs are done";
            return Err(StoreError::new(folder, message).hint(hint));
        }
        fs::create_dir_all(folder).tried(folder, "made a store of runs")?;
        writable(folder).tried(folder, "written to")?;
        if let Some(parent) = folder.parent().filter(|p| fresh && !p.as_os_str().is_empty()) {
            store.disk.wait_for_names(parent)?;
        }
        Ok(store)
    }

    /// Opens a store to look into it: nothing is made, and it may lie anywhere and be read-only.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn read(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self { folder: folder.into(), disk: Disk::default(), read_only: true };
        let folder = &store.folder;
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => Ok(store),
            Ok(_) => Err(StoreError::new(folder, "this is a file where a store of runs, a folder, was expected")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StoreError::new(folder, "there is no store of runs here").hint("name its folder: --store DIR"))
            }
            Err(error) => Err(StoreError::io(folder, "read", &error)),
        }
    }

    /// The folder of the store.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of a run, whether it is there or not.
    ///
    /// # Errors
    /// If `id` is no id: then the disk is not touched.
    pub fn folder_of(&self, id: &str) -> Result<PathBuf, StoreError> {
        if is_id(id) {
            return Ok(self.folder.join(id));
        }
        let message = format!("{} is no id of a run: 20 digits of 0-9 and a-f were expected", quoted(id));
        Err(StoreError::new(&self.folder, message).hint("`isoloss runs list` shows the ids"))
    }

    /// How often this store, its clones and its claims have waited for the disk.
    pub fn disk_waits(&self) -> u64 {
        self.disk.waits()
    }
}

#[cfg(target_os = "linux")]
fn writable(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(target_os = "linux"))]
fn writable(folder: &Path) -> io::Result<()> {
    let read_only = fs::metadata(folder)?.permissions().readonly();
    if read_only { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_on_a_network_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let error = Store::open_where(folder.path().join("runs"), |_| Ok(Some("NFS".into()))).unwrap_err();
        assert!(error.to_string().contains("on a network (NFS)"), "{error}");
        assert!(error.hint.unwrap().contains("--store"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(Store::open_where(folder.path().join("runs"), |_| Ok(None)).is_ok());
    }

    #[test]
    fn nothing_but_an_id_names_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs")).unwrap();
        for id in ["", ".", "..", "../../../etc/passwd", "/etc/passwd", "3ce22a2abe04747d219\n", "3CE22A2ABE04747D2192"]
        {
            assert!(store.claim(id).unwrap_err().message.contains("is no id"), "{id:?}");
            assert!(store.get(id).is_err() && store.is_locked(id).is_err() && store.curve(id).is_err(), "{id:?}");
        }
        assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
