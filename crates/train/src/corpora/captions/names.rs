//! What pictures are called: by records in a file, with words of another one, or by their own names.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::super::files::left_out::{LeftOut, shown};
use super::super::{CorpusError, Place, WHERE, because};
use super::Config;
use super::words::{Words, clean};

type Record = Map<String, Value>;

/// The captions of files.
pub(super) enum Names {
    /// Each file says what it shows.
    OfFiles,
    /// By the name of the file as it stands in the record.
    OfRecords(BTreeMap<String, String>),
}

impl Names {
    pub(super) fn read(config: &Config, place: &Place, left_out: &mut LeftOut) -> Result<Self, CorpusError> {
        let (Some(names), Some(file)) = (&config.names, &config.file) else { return Ok(Self::OfFiles) };
        let records = records(&read("names", names, place)?).map_err(|reason| {
            let message = format!("`names`: {} cannot be read: {reason}", shown(names));
            CorpusError::new(
                message,
                "it must be a list of JSON objects, one on each line, or CSV or TSV with a header",
            )
        })?;
        has(&records, "file", file, names)?;
        for key in &config.text {
            has(&records, "text", key, names)?;
        }
        let tags = Tags::read(config, place)?;
        if let Some(key) = config.tags_by.as_ref().filter(|_| tags.is_some()) {
            has(&records, "tags_by", key, names)?;
        }
        let mut captions = BTreeMap::new();
        for (number, record) in (1..).zip(&records) {
            let Some(picture) = record.get(file).and_then(word).filter(|name| !name.trim().is_empty()) else {
                left_out.add("a record without a file", &format!("record {number} of {}", shown(names)));
                continue;
            };
            let mut words = Words::default();
            config.text.iter().filter_map(|key| record.get(key)).for_each(|value| add(&mut words, value));
            if let (Some(tags), Some(by)) = (&tags, &config.tags_by) {
                match record.get(by).and_then(word).and_then(|key| tags.get(&key)) {
                    Some(more) => more.iter().for_each(|word| words.add(word)),
                    None => left_out.add("words that `tags` has not", &shown(&picture)),
                }
            }
            let picture = picture.trim().replace('\\', "/");
            let picture = picture.trim_start_matches("./").to_owned();
            match captions.entry(picture) {
                Entry::Vacant(place) => {
                    place.insert(words.caption());
                }
                Entry::Occupied(known) => left_out.add("a second record for a picture", &shown(known.key())),
            }
        }
        Ok(Self::OfRecords(captions))
    }

    /// The caption of a file; none if there is no record. The record that names most of its path counts.
    pub(super) fn caption(&self, path: &Path) -> Option<String> {
        let Self::OfRecords(captions) = self else {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            return Some(clean(&name.replace(['-', '_'], " ")));
        };
        let full = path.to_string_lossy().replace('\\', "/");
        let short = path.with_extension("").to_string_lossy().replace('\\', "/");
        let folders = full.match_indices('/').map(|(at, _)| at + 1);
        let mut starts = std::iter::once(0).chain(folders);
        starts.find_map(|at| captions.get(&full[at..]).or_else(|| captions.get(short.get(at..)?)).cloned())
    }
}

/// Words by what they are words for.
struct Tags(BTreeMap<String, Vec<String>>);

/// Asks for a picture of a character instead of its drawing in text; half of all lists have it, the others not.
const VARIATION: char = '\u{fe0f}';

impl Tags {
    fn read(config: &Config, place: &Place) -> Result<Option<Self>, CorpusError> {
        let Some(tags) = &config.tags else { return Ok(None) };
        let lists: Record = serde_json::from_slice(&read("tags", tags, place)?).map_err(|error| {
            let message = format!("`tags`: {} is no JSON object: {error}", shown(tags));
            CorpusError::new(message, "it must be an object of lists: `{\"abacus\": [\"sum\", \"school\"]}`")
        })?;
        let mut words = BTreeMap::new();
        for (key, value) in &lists {
            words.insert(key.clone(), strings(value));
        }
        for (key, value) in &lists {
            words.entry(key.replace(VARIATION, "")).or_insert_with(|| strings(value));
        }
        Ok(Some(Self(words)))
    }

    /// By the key itself, or by the characters whose code points it has.
    fn get(&self, key: &str) -> Option<&Vec<String>> {
        let character = |hex: &str| u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
        let characters = || key.split('-').map(character).collect::<Option<String>>();
        let find = |key: &str| self.0.get(key).or_else(|| self.0.get(&key.replace(VARIATION, "")));
        find(key).or_else(|| find(&characters()?))
    }
}

/// A larger file of names is none.
const MOST_BYTES: u64 = 256 << 20;

/// The bytes of a file that a setting names.
fn read(setting: &str, name: &str, place: &Place) -> Result<Vec<u8>, CorpusError> {
    let path = place.base.join(name);
    if path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        let message = format!("`{setting}`: {} is no file", shown(name));
        return Err(CorpusError::new(message, "what it reads is written into a file first"));
    }
    if path.metadata().is_ok_and(|metadata| metadata.len() > MOST_BYTES) {
        let message = format!("`{setting}`: {} is larger than {} MB", shown(name), MOST_BYTES >> 20);
        return Err(CorpusError::new(message, "cut it into parts, one for each folder of pictures"));
    }
    std::fs::read(path).map_err(|error| {
        let message = format!("`{setting}`: {} cannot be opened: {}", shown(name), because(&error));
        CorpusError::new(message, WHERE)
    })
}

/// Objects of JSON, in a list or one after the other, or rows below a header.
fn records(bytes: &[u8]) -> Result<Vec<Record>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if matches!(bytes.trim_ascii_start(), [b'[' | b'{', ..]) {
        let mut records = Vec::new();
        for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
            match value.map_err(|error| error.to_string())? {
                Value::Array(list) => records.extend(list),
                value => records.push(value),
            }
        }
        let object = |value| match value {
            Value::Object(record) => Ok(record),
            _ => Err("something in it is no object".to_owned()),
        };
        return records.into_iter().map(object).collect();
    }
    let header = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let separator = if header.contains(&b'\t') { b'\t' } else { b',' };
    let mut rows = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(bytes);
    let header: Vec<String> =
        rows.byte_headers().map_err(|e| e.to_string())?.iter().map(|cell| lossy(cell).trim().to_owned()).collect();
    let mut records = Vec::new();
    for row in rows.byte_records() {
        let row = row.map_err(|error| error.to_string())?;
        records.push(header.iter().cloned().zip(row.iter().map(|cell| Value::String(lossy(cell)))).collect());
    }
    Ok(records)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Is there a record with such a key?
fn has(records: &[Record], setting: &str, key: &str, file: &str) -> Result<(), CorpusError> {
    if records.iter().any(|record| record.contains_key(key)) {
        return Ok(());
    }
    let keys: BTreeSet<&str> = records.iter().flat_map(Record::keys).map(String::as_str).collect();
    let keys: Vec<&str> = keys.into_iter().take(40).collect();
    let hint = match keys[..] {
        [] => "it has no records".to_owned(),
        _ => format!("there are: {}", shown_all(&keys)),
    };
    Err(CorpusError::new(format!("`{setting}`: no record of {} has `{}`", shown(file), shown(key)), hint))
}

/// Keys for people.
pub(super) fn shown_all(keys: &[&str]) -> String {
    keys.iter().map(|key| shown(key)).collect::<Vec<_>>().join(", ")
}

/// A value that is one word or number.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(word).collect(),
        value => word(value).into_iter().collect(),
    }
}

fn add(words: &mut Words, value: &Value) {
    strings(value).iter().for_each(|word| words.add(word));
}
