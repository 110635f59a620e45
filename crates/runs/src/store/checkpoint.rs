//! Checkpoints: what a run goes on from. The bytes are a safetensors file that somebody else makes and reads.
//!
//! The checksum stands in the name, `checkpoint-<step>-<20 digits of SHA-256>.safetensors`: the file stays what its ending
//! says, and one rename puts bytes and checksum in place together, so there is no instant at which one is without the
//! other. `sha256sum` checks it by hand.

use std::fs;
use std::path::PathBuf;

use super::error::Tried;
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
    step: u64,
    hash: String,
}

impl Named {
    /// Its bytes, if they are those that were written.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        let bytes = fs::read(&self.path).tried(&self.path, "read")?;
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

impl Claim {
    /// Keeps a checkpoint. When this returns it is on the disk; the one before it stays until then and after, in case that
    /// this one is spoiled, and all others go.
    ///
    /// # Errors
    /// If it cannot be written; then those before it are still there.
    pub fn save_checkpoint(&self, step: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.lock.still_protects()?;
        let hash = fingerprint(bytes);
        self.disk.replace(&self.folder, &format!("checkpoint-{step}-{hash}.safetensors"), bytes)?;
        // A later step is of a future that was given up when the run went on from an earlier one.
        let mut before = false;
        for old in self.checkpoints()? {
            let is_new = old.step == step && old.hash == hash;
            let is_previous = old.step < step && !before;
            before |= is_previous;
            if !is_new && !is_previous {
                fs::remove_file(&old.path).tried(&old.path, "removed")?;
            }
        }
        Ok(())
    }

    /// The newest checkpoint that is whole. Newer ones that are not are told of, and left for whoever wants to look.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn load_checkpoint(&self) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        for named in self.checkpoints()? {
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

    /// Removes all checkpoints: a run that is over needs none.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn drop_checkpoints(&self) -> Result<(), StoreError> {
        self.checkpoints()?.iter().try_for_each(|old| fs::remove_file(&old.path).tried(&old.path, "removed"))
    }

    /// All there are, the newest first.
    fn checkpoints(&self) -> Result<Vec<Named>, StoreError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).tried(&self.folder, "read")? {
            let entry = entry.tried(&self.folder, "read")?;
            found.extend(named(entry.path()));
        }
        found.sort_by(|a, b| (b.step, &b.hash).cmp(&(a.step, &a.hash)));
        Ok(found)
    }
}

/// The checkpoint that a path is of.
pub(crate) fn named(path: PathBuf) -> Option<Named> {
    let (step, hash) = parse(path.file_name()?.to_str()?)?;
    let hash = hash.to_owned();
    Some(Named { path, step, hash })
}
