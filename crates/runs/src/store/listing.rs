//! Reading records: one, or all of a store.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;

use super::durable;
use super::error::Tried;
use super::lock::Lock;
use super::{RECORD, Store, StoreError};
use crate::Runs;
use crate::record::{Run, SCHEMA, StateName, is_id};

/// The runs of a store, and the records that could not be read.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// All runs whose record is whole, the oldest first.
    pub runs: Runs,
    /// What is wrong with the others.
    pub problems: Vec<StoreError>,
}

impl Store {
    /// A run by its id, or none. One that says `running` and is trained by nobody comes as interrupted.
    ///
    /// # Errors
    /// If `id` is no id, or the record is broken: with line and column.
    pub fn get(&self, id: &str) -> Result<Option<Run>, StoreError> {
        read(&self.folder_of(id)?, id)
    }

    /// All runs. A broken record is a problem of its own and never hides the others.
    ///
    /// # Errors
    /// If the folder of the store cannot be read.
    pub fn runs(&self) -> Result<Listing, StoreError> {
        let ids = self.ids()?;
        let threads = thread::available_parallelism().map_or(1, |n| n.get()).min(ids.len().div_ceil(64)).max(1);
        let read_all = |ids: &[String]| ids.iter().map(|id| read(&self.folder.join(id), id)).collect::<Vec<_>>();
        let read: Vec<_> = thread::scope(|scope| {
            let parts = ids.chunks(ids.len().div_ceil(threads).max(1));
            let parts: Vec<_> = parts.map(|part| scope.spawn(|| read_all(part))).collect();
            parts.into_iter().flat_map(|part| part.join().expect("reading does not panic")).collect()
        });
        let (mut runs, mut problems) = (Vec::new(), Vec::new());
        for one in read {
            match one {
                Ok(run) => runs.extend(run),
                Err(problem) => problems.push(problem),
            }
        }
        runs.sort_by(|a: &Run, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
        Ok(Listing { runs: Runs::new(runs), problems })
    }

    /// The names of all folders that are ids, sorted.
    pub(crate) fn ids(&self) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.folder).tried(&self.folder, "read")? {
            let name = entry.tried(&self.folder, "read")?.file_name();
            ids.extend(name.into_string().ok().filter(|name| is_id(name)));
        }
        ids.sort();
        Ok(ids)
    }
}

fn read(folder: &Path, id: &str) -> Result<Option<Run>, StoreError> {
    let Some(run) = record(folder, id)? else { return Ok(None) };
    let trained = run.state.name == StateName::Running && Lock::is_held(folder)?;
    Ok(Some(abandoned(run, trained)))
}

/// A run that says `running` while nobody trains it was left by a program that had no time to say so.
pub(crate) fn abandoned(mut run: Run, trained: bool) -> Run {
    if run.state.name == StateName::Running && !trained {
        run.state.name = StateName::Interrupted;
        run.state.reason = Some("the program that trained it ended without a word".into());
    }
    run
}

/// The record in the folder of a run as it stands there, or none. What follows from something else is computed again.
pub(crate) fn record(folder: &Path, id: &str) -> Result<Option<Run>, StoreError> {
    let path = folder.join(RECORD);
    let bytes = match durable::bytes(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        bytes => bytes.tried(&path, "read")?,
    };
    let run: Run = serde_json::from_slice(&bytes).map_err(|error| {
        let error = StoreError::json(&path, 1, &error);
        error.hint(if bytes.is_empty() {
            "the record is empty: remove the folder and run it again"
        } else {
            "mend it by hand, or remove the folder and run it again"
        })
    })?;
    if run.schema > SCHEMA {
        let error =
            StoreError::new(&path, format!("a newer program wrote it: schema {}, known here: {SCHEMA}", run.schema));
        return Err(error.hint("update isoloss"));
    }
    let follows = run.identity();
    if run.id != id || follows != id {
        let said = if run.id == id {
            format!("config, data and numerics give the id {follows}")
        } else {
            format!("it is the record of {:?}", run.id)
        };
        let error = StoreError::new(&path, format!("{said}, and the folder is that of another run"));
        return Err(error.hint("a record is not edited: ask for the run with the other config"));
    }
    Ok(Some(run))
}
