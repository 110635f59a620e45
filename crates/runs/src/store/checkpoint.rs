//! Checkpoints: what a run goes on from. The bytes are a safetensors file that somebody else makes and reads.
//!
//! The checksum stands in the name, `checkpoint-<step>-<20 digits of SHA-256>.safetensors`: the file stays what its ending
//! says, and one rename puts bytes and checksum in place together, so there is no instant at which one is without the
//! other. `sha256sum` checks it by hand.

use std::fs;
use std::path::{Path, PathBuf};

use super::durable::{self, Disk};
use super::error::Tried;
use super::lock::Lock;
use super::{Claim, StoreError};
use crate::error::count;
use crate::record::fingerprint;

/// A checkpoint whose checksum holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The step after which it was made.
    pub step: u64,
    /// A safetensors file.
    pub bytes: Vec<u8>,
}

/// What there is to go on from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The newest whole checkpoint, or none.
    pub checkpoint: Option<Checkpoint>,
    /// Newer ones that are torn or changed, which it stands in for.
    pub skipped: Vec<StoreError>,
}

/// A checkpoint by its name.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) path: PathBuf,
    pub(crate) step: u64,
    hash: String,
}

impl Named {
    /// Its bytes, if they are those that were written.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        let bytes = durable::bytes(&self.path).tried(&self.path, "read")?;
        if fingerprint(&bytes) == self.hash {
            return Ok(bytes);
        }
        let message = format!("torn or changed: its checksum does not hold over {}", count(bytes.len(), "byte"));
        Err(StoreError::new(&self.path, message)
            .hint("remove it: the run goes on from the one before, or begins again"))
    }
}

/// Step and checksum of a name; none if it is not of a checkpoint.
pub(crate) fn parse(name: &str) -> Option<(u64, &str)> {
    let (step, hash) = name.strip_prefix("checkpoint-")?.strip_suffix(".safetensors")?.split_once('-')?;
    let digits = !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
    (digits && crate::record::is_id(hash)).then_some((step.parse().ok()?, hash))
}

/// The checkpoints in a folder, for whoever holds its lock.
pub(crate) struct Checkpoints<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) disk: &'a Disk,
    pub(crate) lock: &'a Lock,
}

impl Checkpoints<'_> {
    /// Keeps one. When this returns it is on the disk. The newest of an earlier step stays if there is to be a `spare`; all
    /// others go.
    pub(crate) fn save(&self, step: u64, bytes: &[u8], spare: bool) -> Result<(), StoreError> {
        self.lock.still_protects()?;
        let hash = fingerprint(bytes);
        self.disk.replace(self.folder, &format!("checkpoint-{step}-{hash}.safetensors"), bytes)?;
        // A later step is of a future that was given up when the run went on from an earlier one.
        let mut before = !spare;
        for old in self.all()? {
            let is_new = old.step == step && old.hash == hash;
            let is_previous = old.step < step && !before;
            before |= is_previous;
            if !is_new && !is_previous {
                fs::remove_file(&old.path).tried(&old.path, "removed")?;
            }
        }
        Ok(())
    }

    /// The newest of at most a step that is whole, and what is wrong with those before it.
    pub(crate) fn load(&self, at_most: u64) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        for named in self.all()?.into_iter().filter(|named| named.step <= at_most) {
            match named.bytes() {
                Ok(bytes) => {
                    loaded.checkpoint = Some(Checkpoint { step: named.step, bytes });
                    break;
                }
                Err(error) => loaded.skipped.push(error),
            }
        }
        Ok(loaded)
    }

    /// All there are, the newest first.
    pub(crate) fn all(&self) -> Result<Vec<Named>, StoreError> {
        all(self.folder)
    }
}

impl Claim {
    /// Keeps a checkpoint. When this returns it is on the disk; the one before it stays until then and after, in case that
    /// this one is spoiled, and all others go.
    ///
    /// # Errors
    /// If it cannot be written; then those before it are still there.
    pub fn save_checkpoint(&self, step: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.checkpoints().save(step, bytes, true)
    }

    /// The newest checkpoint that is whole. Newer ones that are not are told of, and left for whoever wants to look.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn load_checkpoint(&self) -> Result<Loaded, StoreError> {
        self.checkpoints().load(u64::MAX)
    }

    /// Removes all checkpoints: a run that is over needs none.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn drop_checkpoints(&self) -> Result<(), StoreError> {
        all(&self.folder)?.iter().try_for_each(|old| fs::remove_file(&old.path).tried(&old.path, "removed"))
    }

    fn checkpoints(&self) -> Checkpoints<'_> {
        Checkpoints { folder: &self.folder, disk: &self.disk, lock: &self.lock }
    }
}

/// All checkpoints in a folder, the newest first.
pub(crate) fn all(folder: &Path) -> Result<Vec<Named>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).tried(folder, "read")? {
        let entry = entry.tried(folder, "read")?;
        found.extend(named(entry.path()));
    }
    found.sort_by(|a, b| (b.step, &b.hash).cmp(&(a.step, &a.hash)));
    Ok(found)
}

/// The checkpoint that a path is of.
pub(crate) fn named(path: PathBuf) -> Option<Named> {
    let (step, hash) = parse(path.file_name()?.to_str()?)?;
    let hash = hash.to_owned();
    Some(Named { path, step, hash })
}
