//! What is wrong with a store, looked for on purpose: everything that reading passes over.

use std::fs;
use std::path::{Path, PathBuf};

use super::durable::UNFINISHED;
use super::error::Tried;
use super::lock::{LOCK, Lock};
use super::trunk::TRUNKS;
use super::{RECORD, Store, StoreError, checkpoint, curve, listing};
use crate::record::{Run, StateName, is_id};

/// A curve of more bytes than this slows whatever draws it.
const LARGE_CURVE: u64 = 64 << 20;

impl Store {
    /// Everything that is wrong with the store, run by run, each with path and advice. Checkpoints are read in full.
    ///
    /// # Errors
    /// If the folder of the store cannot be read.
    pub fn check(&self) -> Result<Vec<StoreError>, StoreError> {
        let mut problems = Vec::new();
        let mut paths = entries(&self.folder)?;
        paths.sort();
        for path in paths {
            match name(&path) {
                id if is_id(id) && path.is_dir() => {
                    // Another program may have removed it by now.
                    problems.extend(check_run(&path, id).unwrap_or_else(|error| vec![error]));
                }
                TRUNKS if path.is_dir() => problems.extend(check_trunks(&path).unwrap_or_else(|error| vec![error])),
                hidden if hidden.starts_with('.') => {}
                _ => problems.push(unknown(&path, "in a store there are folders of runs, and trunks")),
            }
        }
        Ok(problems)
    }
}

/// What measures put into the folder of a run while they work.
const SCRATCH: &[&str] = &["bank", "bank.lock"];

fn check_trunks(folder: &Path) -> Result<Vec<StoreError>, StoreError> {
    let mut problems = Vec::new();
    let mut paths = entries(folder)?;
    paths.sort();
    for path in paths {
        if is_id(name(&path)) && path.is_dir() {
            check_files(&path, None, Lock::is_held(&path)?, &[LOCK], &mut problems)?;
        } else {
            problems.push(unknown(&path, "in trunks there are folders of trunks and nothing else"));
        }
    }
    Ok(problems)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let all = fs::read_dir(folder).tried(folder, "read")?;
    all.map(|entry| Ok(entry.tried(folder, "read")?.path())).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or("")
}

fn unknown(path: &Path, says: &str) -> StoreError {
    StoreError::new(path, format!("not ours: {says}")).hint("move it elsewhere")
}

fn check_run(folder: &Path, id: &str) -> Result<Vec<StoreError>, StoreError> {
    let trained = Lock::is_held(folder)?;
    let mut problems = Vec::new();
    let run = match listing::record(folder, id) {
        Ok(run) => run,
        Err(error) => {
            problems.push(error);
            None
        }
    };
    check_files(folder, run.as_ref(), trained, &[RECORD, curve::CURVE, LOCK], &mut problems)?;
    if let Some(run) = &run {
        check_record(folder, run, trained, &mut problems);
    } else if problems.is_empty() && !trained {
        let error = StoreError::new(folder, "a run without a record: it was stopped before its first step");
        problems.push(error.hint("remove the folder, or run it again"));
    }
    // While a run is trained, its curve is always ahead of its record.
    check_curve(&folder.join(curve::CURVE), run.as_ref().filter(|_| !trained), trained, &mut problems);
    Ok(problems)
}

/// The files of a run, or of a trunk: checkpoints and those of a list.
fn check_files(
    folder: &Path,
    run: Option<&Run>,
    trained: bool,
    beside: &[&str],
    problems: &mut Vec<StoreError>,
) -> Result<(), StoreError> {
    let mut paths = entries(folder)?;
    paths.sort();
    let mut spare = (0, 0_u64);
    for path in paths {
        let name = name(&path).to_owned();
        if let Some(named) = checkpoint::named(path.clone()) {
            spare = (spare.0 + 1, spare.1 + fs::metadata(&path).map_or(0, |m| m.len()));
            match named.bytes() {
                // One that was replaced while this was read.
                Err(_) if trained && !path.exists() => {}
                bytes => problems.extend(bytes.err()),
            }
        } else if name.ends_with(UNFINISHED) {
            if !trained {
                let error = StoreError::new(&path, "half written when its program was killed");
                problems.push(error.hint("it is removed when the run goes on; it may be removed by hand"));
            }
        } else if SCRATCH.contains(&name.as_str()) {
            if !trained {
                let error = StoreError::new(&path, "left by a measure that was interrupted");
                problems.push(error.hint("it is removed when the run goes on; it may be removed by hand"));
            }
        } else if !beside.contains(&name.as_str()) {
            problems.push(unknown(&path, &format!("beside checkpoints this folder holds {}", beside.join(", "))));
        }
    }
    if run.is_some_and(|run| run.state.name.is_over()) && spare.0 > 0 && !trained {
        let message = format!(
            "{} of a run that is over, {:.1} MB",
            crate::error::count(spare.0, "checkpoint"),
            spare.1 as f64 / 1e6
        );
        problems.push(StoreError::new(folder, message).hint("remove them if no other run begins with these weights"));
    }
    Ok(())
}

/// Is there a state in a folder that could be read?
fn has_state(folder: &Path) -> bool {
    checkpoint::all(folder).is_ok_and(|all| all.iter().any(|named| named.bytes().is_ok()))
}

/// Where an interrupted run begins when it is run again.
fn begins(folder: &Path, run: &Run) -> &'static str {
    // The folders of trunks are beside those of runs.
    let trunk = run.trunk.as_ref().filter(|id| is_id(id)).zip(folder.parent());
    if has_state(folder) {
        "run it again: it goes on from its checkpoint"
    } else if trunk.is_some_and(|(id, store)| has_state(&store.join(TRUNKS).join(id))) {
        "run it again: it has no checkpoint of its own, and begins with the state of its trunk, or anew where that is of a \
         later step than it can use"
    } else {
        "run it again: it starts anew, as it has no whole checkpoint"
    }
}

fn check_record(folder: &Path, run: &Run, trained: bool, problems: &mut Vec<StoreError>) {
    let path = &folder.join(RECORD);
    let mut wrong = |message: String, hint: &str| problems.push(StoreError::new(path, message).hint(hint));
    let state = run.state.name;
    if state == StateName::Running && !trained {
        wrong("it says running, and nobody trains it: it counts as interrupted".into(), begins(folder, run));
    }
    if state == StateName::Finished && run.result.is_none() {
        wrong("it says finished and has no result".into(), "remove the folder and run it again");
    }
    if state != StateName::Finished && run.result.is_some() {
        wrong(format!("it says {} and has a result, which no fit will see", state.word()), "run it again to its end");
    }
    if run.config.get("seed").and_then(|seed| seed.as_u64()).is_some_and(|seed| seed != run.seed) {
        wrong(format!("seed {} is not the seed in its config", run.seed), "the config is right: mend `seed` by hand");
    }
    let c = &run.counts;
    if c.embedding.checked_add(c.head).and_then(|sum| sum.checked_add(c.non_embedding)) != Some(c.stored) {
        let sum = format!("{} + {} + {}", c.embedding, c.head, c.non_embedding);
        wrong(
            format!(
                "counts contradict each other: embedding + head + non_embedding = {sum} is not stored = {}",
                c.stored
            ),
            "remove the folder and run it again",
        );
    }
}

fn check_curve(path: &Path, run: Option<&Run>, trained: bool, problems: &mut Vec<StoreError>) {
    let mut wrong = |message: String, hint: &str| problems.push(StoreError::new(path, message).hint(hint));
    let Ok(size) = fs::metadata(path).map(|found| found.len()) else { return };
    if size > LARGE_CURVE {
        wrong(format!("a curve of {:.0} MB", size as f64 / 1e6), "write a point every tenth step, not every step");
    }
    let (points, torn) = match curve::read(path) {
        Ok(read) => read,
        Err(error) => return problems.push(error),
    };
    let finished = run.filter(|run| run.state.name == StateName::Finished);
    if torn && !trained && finished.is_none() {
        wrong("its last line is torn".into(), "it is cut off when the run goes on");
    }
    let steps: Vec<u64> = points.iter().map(|p| p.step).collect();
    if let Some(pair) = steps.windows(2).find(|pair| pair[1] <= pair[0]) {
        return wrong(format!("step {} stands after step {}", pair[1], pair[0]), "two programs wrote it: run it again");
    }
    let mut apart: Vec<u64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    apart.sort_unstable();
    // Points may lie unevenly, but not once much more so than otherwise.
    let usual = apart.get(apart.len() / 2).copied().unwrap_or(u64::MAX);
    if let Some(pair) = steps.windows(2).find(|pair| pair[1] - pair[0] > usual.saturating_mul(2)) {
        wrong(
            format!("no point between steps {} and {}", pair[0], pair[1]),
            "the curve alone lacks them, the run does not",
        );
    }
    // The last step of a run that finishes is a point of its curve. A run that was imported has no curve at all.
    let Some(run) = finished else { return };
    let (last, end) = (steps.last().copied().unwrap_or(0), if torn { ", in a torn line" } else { "" });
    if run.state.step > last || torn {
        let ends = if size == 0 { "it is empty".into() } else { format!("it ends at step {last}{end}") };
        wrong(
            format!("{ends}, and the run took {} steps", run.state.step),
            "the curve alone lacks its end, the run and its loss do not; to have it, remove the folder and run it again",
        );
    }
}
