//! From a file to a table: unpack, recognise, decode, read.
//!
//! What the bytes say counts; the name only breaks ties. Nothing of a format that is not there is touched.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use isoloss_formula::Table;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::compression::{MOST, gib};
use crate::{Note, ReadError, compression, csv, folder, jsonl, lm_eval, parquet, text};

/// A table and what a person may want to know of how it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// the columns
    pub table: Table,
    /// decisions made on the way
    pub notes: Vec<Note>,
}

/// Reads the table in a file; `-` is standard input, a folder holds evaluations.
pub fn read_path(path: &Path) -> Result<Reading, ReadError> {
    if path == Path::new("-") {
        return read_stdin();
    }
    let name = path.display().to_string();
    if path.is_dir() {
        return folder::read(path);
    }
    let bytes = of_path(path, &name)?;
    read_bytes(&name, bytes)
}

fn of_path(path: &Path, name: &str) -> Result<Vec<u8>, ReadError> {
    let file = File::open(path).map_err(|e| unreadable(name, &e))?;
    whole(name, file.metadata().map_or(0, |found| found.len()), file)
}

/// All bytes of a file or stream, unless they are more than a table has: devices and sparse files have no end in sight.
fn whole(name: &str, size: u64, from: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    if size <= MOST {
        from.take(MOST + 1).read_to_end(&mut bytes).map_err(|e| unreadable(name, &e))?;
    }
    if size.max(bytes.len() as u64) > MOST {
        return Err(ReadError::new(name, format!("this is more than {}", gib(MOST)))
            .hint("no table of runs is so large: keep the rows and columns of runs"));
    }
    Ok(bytes)
}

/// Reads a file as text, unpacked and decoded: for a text of a form that is known.
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    let name = path.display().to_string();
    let bytes = compression::unpack(&name, of_path(path, &name)?)?;
    text::decode(&name, bytes, &mut Vec::new())
}

/// Reads the table that comes through standard input.
fn read_stdin() -> Result<Reading, ReadError> {
    const NAME: &str = "standard input";
    read_bytes(NAME, whole(NAME, 0, io::stdin().lock())?)
}

/// Reads the table in these bytes; the name is for messages and ties.
pub fn read_bytes(source_name: &str, bytes: Vec<u8>) -> Result<Reading, ReadError> {
    let mut notes = Vec::new();
    let bytes = compression::unpack(source_name, bytes)?;
    if bytes.starts_with(parquet::MAGIC) {
        let table = parquet::read(source_name, bytes, &mut notes)?;
        return Ok(Reading { table, notes });
    }
    let text = text::decode(source_name, bytes, &mut notes)?;
    let name = compression::inner_name(source_name).to_ascii_lowercase();
    let table = match text.trim_start().as_bytes().first() {
        Some(b'{') if is_saved_fit(&text) => {
            let error = ReadError::new(source_name, "this is a fit that isoloss saved, not a table of runs");
            return Err(error.hint(format!(
                "isoloss list {source_name} shows it, isoloss predict {source_name} --at \"N=..,D=..\" asks it"
            )));
        }
        Some(b'{') if begins_as_saved_fit(&text) => return Err(cut_short(source_name, &text)),
        Some(b'{') if lm_eval::is_one(&text) => {
            lm_eval::table(source_name, vec![lm_eval::read(source_name, &text)?], &mut notes)?
        }
        Some(b'{' | b'[') => jsonl::read(source_name, &text, &mut notes)?,
        Some(b'<') => {
            let error = ReadError::new(source_name, "this is a web page or XML, not a table");
            return Err(error.hint("download the raw file"));
        }
        _ => csv::read(source_name, &name, &text, &mut notes)?,
    };
    Ok(Reading { table, notes })
}

/// Whether this is the text of a saved fit: one object with a law and a checksum, where a row of a table has neither.
pub fn is_saved_fit(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Marks {
        #[serde(rename = "schema")]
        _schema: u32,
        #[serde(rename = "law")]
        _law: IgnoredAny,
        #[serde(rename = "checksum")]
        _checksum: IgnoredAny,
    }
    serde_json::from_str::<Marks>(text).is_ok()
}

/// Whether this is the beginning of a saved fit and no more: its first two keys, and no end.
fn begins_as_saved_fit(text: &str) -> bool {
    let first = text.trim_start().trim_start_matches('{').trim_start();
    let ends = serde_json::from_str::<IgnoredAny>(text).err().is_some_and(|e| e.is_eof());
    ends && first.starts_with("\"schema\"") && text.contains("\"law\"")
}

fn cut_short(source_name: &str, text: &str) -> ReadError {
    let last = text.trim_end().lines().count().max(1) as u64;
    ReadError::new(source_name, "this looks like a fit that isoloss saved, cut short: the text ends in the middle")
        .at(last)
        .hint("copy the whole file, or make it again: isoloss fit TABLE --save FILE")
}

pub(crate) fn unreadable(name: &str, error: &io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::NotFound => ReadError::new(name, "there is no such file").hint("check the path"),
        io::ErrorKind::PermissionDenied => {
            ReadError::new(name, "you may not read this file").hint("check its permissions")
        }
        _ => {
            let refused = ReadError::new(name, format!("cannot be read ({error})"));
            refused.hint("is it a file, and may you read it?")
        }
    }
}
