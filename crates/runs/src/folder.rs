//! A folder of evaluations: lm-evaluation-harness writes one for every model, with a file for every time it was called.

use std::path::{Path, PathBuf};

use crate::error::{count, listed};
use crate::lm_eval::{self, Evaluated};
use crate::read::{Reading, unreadable};
use crate::{Note, ReadError, compression, text};

/// `OUTPUT/MODEL/results_*.json`, and one more level for organisations that own models.
const DEEP: usize = 3;

/// So many files that are left out are named, and the others counted.
const NAMED: usize = 6;

/// Why a file is left out.
enum Without {
    /// it is of another kind, as samples and logs that lie beside
    Kind,
    /// it has the ending, but not what is looked for
    Reason(String),
}

/// Reads every file below that holds results of an evaluation, whatever it is called, into one table: a row a model.
pub(crate) fn read(path: &Path) -> Result<Reading, ReadError> {
    let name = path.display().to_string();
    let mut files = Vec::new();
    below(path, DEEP, &mut files)?;
    // The order of a folder is chance.
    files.sort();
    let mut notes = Vec::new();
    let mut evaluated: Vec<Evaluated> = Vec::new();
    let (mut odd, mut others) = (Vec::new(), Vec::new());
    for file in &files {
        // In full: it is to be found.
        let short =
            || format!("`{}`", file.strip_prefix(path).unwrap_or(file).display()).replace(char::is_control, " ");
        match one(file)? {
            Ok(found) => evaluated.push(found),
            Err(Without::Reason(reason)) => odd.push(format!("{} ({reason})", short())),
            Err(Without::Kind) => others.push(format!("{} (not .json)", short())),
        }
    }
    // What looks like results is named before what never was.
    odd.append(&mut others);
    let left_out = listed(&odd, NAMED);
    if evaluated.is_empty() {
        let also = if odd.is_empty() { String::new() } else { format!("; left out: {left_out}") };
        let text = format!("this is a folder, and no file in it holds results of lm-evaluation-harness{also}");
        return Err(ReadError::new(name, text).hint("name a table, or the folder that lm_eval --output_path wrote"));
    }
    if !odd.is_empty() {
        let holds = if evaluated.len() == 1 { "holds" } else { "hold" };
        let text =
            format!("{} of {} {holds} results; left out: {left_out}", evaluated.len(), count(files.len(), "file"));
        notes.push(Note::new("folder", text));
    }
    let table = lm_eval::table(&name, evaluated, &mut notes)?;
    Ok(Reading { table, notes })
}

/// What a file holds, or why it is left out. Results by their name that are damaged are an error: a model would be missing.
fn one(file: &Path) -> Result<Result<Evaluated, Without>, ReadError> {
    let source = file.display().to_string();
    let without = |reason: String| Ok(Err(Without::Reason(reason)));
    // A pipe would be waited for, and a link may lead nowhere.
    if !file.is_file() {
        return without("no regular file".to_owned());
    }
    // Samples and logs lie beside; only JSON can be what is looked for.
    if !compression::inner_name(&source).to_ascii_lowercase().ends_with(".json") {
        return Ok(Err(Without::Kind));
    }
    let is_meant = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("results_"));
    let bytes = std::fs::read(file).map_err(|e| unreadable(&source, &e))?;
    let text = compression::unpack(&source, bytes).and_then(|bytes| text::decode(&source, bytes, &mut Vec::new()));
    let text = match text {
        Ok(text) => text,
        Err(error) if is_meant => return Err(error),
        Err(error) => return without(error.message),
    };
    if lm_eval::is_one(&text) {
        return lm_eval::read(&source, &text).map(Ok);
    }
    match lm_eval::is_json(&source, &text) {
        Ok(()) => without("no results of lm-evaluation-harness".to_owned()),
        Err(error) if is_meant => Err(error),
        Err(_) => without("no JSON".to_owned()),
    }
}

/// Files at most so many levels down.
fn below(folder: &Path, deep: usize, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let failed = |e: &std::io::Error| unreadable(&folder.display().to_string(), e);
    for entry in std::fs::read_dir(folder).map_err(|e| failed(&e))? {
        let path = entry.map_err(|e| failed(&e))?.path();
        if path.is_dir() {
            if deep > 1 {
                below(&path, deep - 1, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}
