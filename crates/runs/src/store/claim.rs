//! The right to write to a run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::durable::{self, Disk, UNFINISHED};
use super::error::Tried;
use super::lock::Lock;
use super::{RECORD, Store, StoreError, listing};
use crate::record::{Run, SCHEMA, StateName};

/// The right to write to a run: one at a time, of all threads and programs. Dropping it gives it back, and so does the
/// end of the program, whatever that was.
#[derive(Debug)]
pub struct Claim {
    pub(crate) id: String,
    pub(crate) folder: PathBuf,
    pub(crate) disk: Disk,
    pub(crate) lock: Arc<Lock>,
}

impl Store {
    /// Claims a run, for whom a folder is made if there is none; none if somebody else trains it. What a kill left half
    /// written is removed.
    ///
    /// # Errors
    /// If `id` is no id, or the folder cannot be written to or locked.
    pub fn claim(&self, id: &str) -> Result<Option<Claim>, StoreError> {
        let folder = self.folder_of(id)?;
        if self.read_only {
            return Err(StoreError::new(&folder, "this store was opened for reading"));
        }
        let Some(lock) = take(&folder)? else { return Ok(None) };
        Ok(Some(Claim { id: id.to_owned(), folder, disk: self.disk.clone(), lock: Arc::new(lock) }))
    }

    /// Whether somebody holds a claim on a run.
    ///
    /// # Errors
    /// If `id` is no id, or its lock cannot be looked at.
    pub fn is_locked(&self, id: &str) -> Result<bool, StoreError> {
        Lock::is_held(&self.folder_of(id)?)
    }
}

/// Takes the lock of a folder, which is made if there is none, and removes what a kill left half written in it; none if
/// somebody else holds it.
pub(crate) fn take(folder: &Path) -> Result<Option<Lock>, StoreError> {
    let Some(lock) = Lock::take(folder)? else { return Ok(None) };
    for entry in fs::read_dir(folder).tried(folder, "read")? {
        let path = entry.tried(folder, "read")?.path();
        if path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(UNFINISHED)) {
            fs::remove_file(&path).tried(&path, "removed")?;
        }
    }
    Ok(Some(lock))
}

impl Claim {
    /// The run that is claimed.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its record, or none. One that says `running` is of somebody who died: it comes as interrupted.
    ///
    /// # Errors
    /// If the record is broken, or is that of another run.
    pub fn run(&self) -> Result<Option<Run>, StoreError> {
        let run = listing::record(&self.folder, &self.id)?;
        Ok(run.map(|run| listing::abandoned(run, false)))
    }

    /// Writes the record. When this returns it is on the disk; a kill before that leaves the one before it. Keys that an
    /// older record has inside of `state`, `counts` and `cost`, and this program does not know, stay.
    ///
    /// # Errors
    /// If the run is another, its id does not follow from its config, data and numerics, it could not be read back the
    /// same (a number that is none), its folder is gone, or the disk is full.
    pub fn write(&self, run: &Run) -> Result<(), StoreError> {
        let path = self.folder.join(RECORD);
        self.lock.still_protects()?;
        self.refuse_foreign(run, &path)?;
        let text = self.keep_unknown(readable(run, &path)?, &path);
        let first = !path.exists();
        self.disk.replace(&self.folder, RECORD, text.as_bytes())?;
        match self.folder.parent() {
            Some(store) if first => self.disk.wait_for_names(store),
            _ => Ok(()),
        }
    }

    fn refuse_foreign(&self, run: &Run, path: &Path) -> Result<(), StoreError> {
        if run.id != self.id {
            return Err(StoreError::new(path, format!("the claim is on run {}, not on {:?}", self.id, run.id)));
        }
        let follows = run.identity();
        if run.id != follows {
            let error =
                StoreError::new(path, format!("its config, data and numerics give the id {follows}, not {}", run.id));
            return Err(error.hint("a run with another config is another run: claim it by its own id"));
        }
        if run.schema != SCHEMA {
            return Err(StoreError::new(path, format!("schema {} cannot be written, only {SCHEMA}", run.schema)));
        }
        Ok(())
    }

    /// The text of a record with the keys that the one on the disk has in objects of a fixed form. A record that cannot
    /// be read has none to keep.
    fn keep_unknown(&self, text: String, path: &Path) -> String {
        let older = durable::bytes(path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let (Some(older), Ok(mut newer)) = (older, serde_json::from_str::<Value>(&text)) else { return text };
        let mut kept = false;
        for part in ["state", "counts", "cost"] {
            let known = known(part);
            let (Some(old), Some(new)) = (older[part].as_object(), newer[part].as_object_mut()) else { continue };
            for (key, value) in old.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
                kept |= new.insert(key.clone(), value.clone()).is_none();
            }
        }
        if kept { format!("{newer:#}\n") } else { text }
    }
}

/// The keys of the objects in a record that hold no others.
fn known(part: &str) -> &'static [&'static str] {
    match part {
        "state" => &["name", "reason", "step"],
        "cost" => &["wall_s", "cpu_s", "peak_bytes", "steps"],
        _ => &[
            "stored",
            "effective",
            "active",
            "recurrent",
            "embedding",
            "head",
            "non_embedding",
            "flops_counted",
            "flops_full",
            "flops_executed",
            "flops_6nd",
            "tokens",
            "cache_per_token",
            "cache_fixed",
        ],
    }
}

/// The text of a record. JSON has no word for NaN, a key may be there twice, a value may be too deep to be read again:
/// what does not come back the same is refused before anything is written.
fn readable(run: &Run, path: &Path) -> Result<String, StoreError> {
    let refused = |why: String| {
        let error = StoreError::new(path, format!("this record would not be read back the same: {why}"));
        error.hint("a loss that is no number belongs to a run whose state is diverged, without a result")
    };
    let text = serde_json::to_string_pretty(run).map_err(|error| refused(error.to_string()))? + "\n";
    if run.state.name == StateName::Finished && run.result.is_none() {
        return Err(StoreError::new(path, "a finished run has a result, and this one has none"));
    }
    match serde_json::from_str::<Run>(&text) {
        Ok(read) if read == *run => Ok(text),
        Ok(_) => Err(refused("one of its numbers is NaN or infinite".into())),
        Err(error) => Err(refused(error.to_string())),
    }
}
