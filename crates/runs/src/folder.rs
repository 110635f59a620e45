//! A folder of evaluations: lm-evaluation-harness writes one for every model, with a file for every time it was called.

use std::path::{Path, PathBuf};

use crate::lm_eval::{self, Evaluated};
use crate::read::{Reading, unreadable};
use crate::{Note, ReadError, compression, text};

/// `OUTPUT/MODEL/results_*.json`, and one more level for organisations that own models.
const DEEP: usize = 3;

/// Reads every file below that holds results of an evaluation, whatever it is called, into one table: a row a model.
pub(crate) fn read(path: &Path) -> Result<Reading, ReadError> {
    let name = path.display().to_string();
    let mut files = Vec::new();
    below(path, DEEP, &mut files)?;
    // The order of a folder is chance.
    files.sort();
    let mut notes = Vec::new();
    let mut evaluated: Vec<Evaluated> = Vec::new();
    let mut others = 0;
    for file in &files {
        let source = file.display().to_string();
        // Samples and logs lie beside; only JSON can be what is looked for.
        let ending = compression::inner_name(&source).to_ascii_lowercase();
        let bytes = if ending.ends_with(".json") { Some(std::fs::read(file)) } else { None };
        let text = match bytes.transpose().map_err(|e| unreadable(&source, &e))? {
            Some(bytes) => text::decode(&source, compression::unpack(&source, bytes)?, &mut Vec::new())?,
            None => String::new(),
        };
        match lm_eval::is_one(&text) {
            true => evaluated.push(lm_eval::read(&source, &text)?),
            false => others += 1,
        }
    }
    if evaluated.is_empty() {
        let error = ReadError::new(name, "this is a folder, and no file in it holds results of lm-evaluation-harness");
        return Err(error.hint("name a table, or the folder that lm_eval --output_path wrote"));
    }
    if others > 0 {
        let text = format!("{} of {} files hold results, the others are left out", evaluated.len(), files.len());
        notes.push(Note::new("folder", text));
    }
    let table = lm_eval::table(&name, evaluated, &mut notes)?;
    Ok(Reading { table, notes })
}

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
