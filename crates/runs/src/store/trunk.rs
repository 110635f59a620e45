//! Trunks: what runs of several lengths share, kept so that the next longer one goes on from it.
//!
//! A trunk is no run and has no record: only the newest state that a run left where its own way began, under the same
//! checksum as a checkpoint. Without it the next run begins earlier, which is right and only dearer: the folder `trunks`
//! may be removed whenever nothing is trained.

use std::fs;
use std::path::{Path, PathBuf};

use super::checkpoint::{self, Checkpoints, Loaded};
use super::durable::Disk;
use super::error::Tried;
use super::lock::Lock;
use super::{Store, StoreError, claim};

/// The folder of trunks in a store.
pub(crate) const TRUNKS: &str = "trunks";

/// The right to a trunk: one at a time, of all threads and programs, as with a [`super::Claim`].
#[derive(Debug)]
pub struct TrunkClaim {
    id: String,
    folder: PathBuf,
    disk: Disk,
    lock: Lock,
}

impl Store {
    /// Claims a trunk, for which a folder is made if there is none; none if somebody else trains along it.
    ///
    /// # Errors
    /// If `id` is no id, or the folder cannot be written to or locked.
    pub fn trunk(&self, id: &str) -> Result<Option<TrunkClaim>, StoreError> {
        let folder = self.trunk_folder(id)?;
        if self.read_only {
            return Err(StoreError::new(&folder, "this store was opened for reading"));
        }
        let all = self.folder.join(TRUNKS);
        fs::create_dir_all(&all).tried(&all, "made")?;
        let Some(lock) = claim::take(&folder)? else { return Ok(None) };
        Ok(Some(TrunkClaim { id: id.to_owned(), folder, disk: self.disk.clone(), lock }))
    }

    /// The step of the newest state of a trunk by its name, unread; 0 if there is none.
    ///
    /// # Errors
    /// If `id` is no id, or the folder cannot be read.
    pub fn trunk_step(&self, id: &str) -> Result<u64, StoreError> {
        let folder = self.trunk_folder(id)?;
        let states = if folder.is_dir() { checkpoint::all(&folder)? } else { Vec::new() };
        Ok(states.first().map_or(0, |newest| newest.step))
    }

    fn trunk_folder(&self, id: &str) -> Result<PathBuf, StoreError> {
        // Asks whether it is an id before a path is made of it.
        self.folder_of(id)?;
        Ok(self.folder.join(TRUNKS).join(id))
    }
}

impl TrunkClaim {
    /// The trunk that is claimed.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The newest whole state of at most a step, and what is wrong with newer ones.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn load(&self, at_most: u64) -> Result<Loaded, StoreError> {
        self.states().load(at_most)
    }

    /// Keeps a state and drops those before it. Where a whole one of this step or a later one is there, that stays: it
    /// serves longer runs as well or better. Is the state there now that was given?
    ///
    /// # Errors
    /// If it cannot be written; then the one before it is still there.
    pub fn save(&self, step: u64, bytes: &[u8]) -> Result<bool, StoreError> {
        let newest = self.load(u64::MAX)?.checkpoint;
        if newest.is_some_and(|newest| newest.step >= step) {
            return Ok(false);
        }
        self.states().save(step, bytes, false)?;
        Ok(true)
    }

    fn states(&self) -> Checkpoints<'_> {
        Checkpoints { folder: &self.folder, disk: &self.disk, lock: &self.lock }
    }
}
