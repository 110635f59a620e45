//! Pictures with captions: a document is a picture and then its words.
//!
//! Pictures are files in folders, or bytes in a column of Parquet. Captions are the names of the files, or stand in a
//! file of records (`names`), to which another one may add words (`tags`), or in a column of Parquet.
//!
//! Pictures of the same bytes are one, with the caption that comes first in the alphabet: neither names nor places nor the
//! order of a folder matter. What is damaged, too large or without a caption is left out and said.

mod names;
mod rows;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::names::Names;
use super::collection::{Kind, source};
use super::files::left_out::{LeftOut, shown};
use super::files::select::{Exclude, Rules, select};
use super::pictures::{self, Digest, Document, Found, Opened, Piece, in_order, kept};
use super::settings::{
    KEYS, PATHS, keys, nothing, one_or_many, usual_augment, usual_held_out, usual_patch, usual_side,
};
use super::sight::Sight;
use super::{CorpusError, Place, Source};

pub(super) const SAYS: &str = "pictures with captions, from folders, with a file of names, or from Parquet";
/// All that chooses documents and their words: what was chosen is in the hash of the data.
pub(super) const WHEREABOUTS: &[&str] = &["path", "exclude", "names", "file", "text", "tags", "tags_by", "image"];

/// The usual endings of pictures, and of tables of them.
const EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "svg", "svgz", "parquet"];

/// Pictures with captions.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Files, folders and globs of pictures (PNG, JPEG, SVG) or of Parquet files, relative to the folder in which isoloss runs.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(title = PATHS)]
    pub path: Vec<String>,
    /// Globs of files and folders to pass over, by name or, with a slash, by path below a folder of `path`.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// A file with one record for each picture: JSON, JSON lines, CSV or TSV. Without it the caption of a picture is the
    /// name of its file, with `-` and `_` as spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if)]
    pub names: Option<String>,
    /// The key or column of `names` that has the name of the picture's file: with or without folders, with or without
    /// its ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if)]
    pub file: Option<String>,
    /// The keys or columns of `names`, or of Parquet (`text`, if none is named), whose words or lists of words make the
    /// caption, joined by commas in this order.
    #[serde(default, deserialize_with = "keys", skip_serializing_if = "Vec::is_empty")]
    #[schemars(!skip_serializing_if, title = KEYS)]
    pub text: Vec<String>,
    /// A JSON file with more words: an object of lists, as `{"abacus": ["sum", "school"]}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if)]
    pub tags: Option<String>,
    /// The key or column of `names` under whose value the words stand in `tags`. Where they stand under a character, the
    /// value may be its code points: `1F600`, `2764-FE0F`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if)]
    pub tags_by: Option<String>,
    /// The column of pictures in Parquet files: bytes, or a group in which they are called `bytes`.
    #[serde(default = "image")]
    pub image: String,
    /// The share of documents that is evaluated on and not trained on.
    #[serde(default = "usual_held_out")]
    pub held_out: f64,
    /// Pixels of a side of the square that the model sees.
    #[serde(default = "usual_side")]
    pub side: usize,
    /// Pixels of a side of a patch, of which the square is made: a divisor of `side`.
    #[serde(default = "usual_patch")]
    pub patch: usize,
    /// Does training see other crops of a picture at each pass?
    #[serde(default = "usual_augment")]
    pub augment: bool,
}

fn image() -> String {
    "image".into()
}

impl Config {
    pub(super) fn check(&self) -> Result<Sight, CorpusError> {
        let wrong = |message: &str, hint: &str| Err(CorpusError::new(message, hint));
        if self.path.is_empty() {
            return wrong("`path` is empty", "name files, folders or globs of pictures: `path = \"icons/\"`");
        }
        let sight = pictures::check(self.held_out, self.side, self.patch)?;
        match (&self.names, &self.file, &self.tags, &self.tags_by) {
            (None, Some(_), ..) => wrong("`file` is a key of `names`, which is not there", NAME_THEM),
            (None, _, Some(_), _) => wrong("`tags` are found by a key of `names`, which is not there", NAME_THEM),
            (Some(_), None, ..) => wrong("`file` is not there", "which key of `names` has the picture's file name?"),
            (Some(_), ..) if self.text.is_empty() => {
                wrong("`text` is empty", "which keys of `names` make the caption? `text = [\"name\", \"tags\"]`")
            }
            (.., Some(_), None) => {
                wrong("`tags_by` is not there", "which key of `names` has the value under which words stand in `tags`?")
            }
            (.., None, Some(_)) => {
                wrong("`tags_by` is there and `tags` is not", "name the file of words, or remove it")
            }
            _ => Ok(sight),
        }
    }
}

const NAME_THEM: &str = "`names` is a JSON, CSV or TSV file with one record for each picture";

/// A picture with its caption, not yet a document.
struct Captioned {
    /// What it is called in messages.
    name: String,
    opened: Opened,
    caption: String,
}

pub(super) fn open(config: &Config, place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    let Config { side, held_out, augment, .. } = *config;
    let sight = config.check()?;
    let found = read(config, place, kept(side))?;
    let name = &shown(&config.path.join(", "));
    source(found, Kind { kind: "captions", name, sight, held_out, augment })
}

/// Reads all pictures, none of whose shorter sides is kept with more than `keep` pixels.
///
/// # Errors
/// If a setting makes no sense, a file or a key is missing, or nothing is found.
pub(super) fn read(config: &Config, place: &Place, keep: u32) -> Result<Found, CorpusError> {
    config.check()?;
    let extensions = EXTENSIONS.map(str::to_owned);
    let rules = Rules {
        extensions: &extensions,
        max_file_bytes: u64::MAX,
        exclude: Exclude::new(&config.exclude)?,
        no_generated: false,
    };
    let (mut chosen, mut left_out) = (BTreeMap::new(), LeftOut::default());
    for entry in &config.path {
        select(&place.base, entry, &rules, &mut chosen, &mut left_out)?;
    }
    let names = Names::read(config, place, &mut left_out)?;
    let (tables, files): (Vec<_>, Vec<_>) = chosen.values().partition(|file| is_table(&file.path));
    let mut found = Vec::new();
    for table in tables {
        if config.names.is_some() {
            let message = format!("`names` has the captions of files, and {} is Parquet", table.name);
            return Err(CorpusError::new(
                message,
                "remove `names` and `file`: `text` names a column of the Parquet file",
            ));
        }
        rows::read(config, table, keep, &mut left_out, &mut found)?;
    }
    let mut captioned = Vec::new();
    for file in files {
        match names.caption(&file.path) {
            Some(caption) if caption.is_empty() => left_out.add("a picture without a caption", &file.name),
            Some(caption) => captioned.push((file, caption)),
            None => left_out.add("a picture without a record in `names`", &file.name),
        }
    }
    let opened = in_order(&captioned, |(file, _)| pictures::open(&file.path, u64::MAX, keep));
    for ((file, caption), opened) in captioned.into_iter().zip(opened) {
        match opened {
            Ok(opened) => found.push(Captioned { name: file.name.clone(), opened, caption }),
            Err(reason) => left_out.add(&reason, &file.name),
        }
    }
    documents(config, found, left_out)
}

/// One document for each picture.
fn documents(config: &Config, found: Vec<Captioned>, mut left_out: LeftOut) -> Result<Found, CorpusError> {
    let mut first: BTreeMap<Digest, Captioned> = BTreeMap::new();
    for one in found {
        match first.get_mut(&one.opened.digest) {
            None => {
                first.insert(one.opened.digest, one);
            }
            Some(known) => {
                left_out.add("a picture that is there already", &one.name);
                if one.caption < known.caption {
                    *known = one;
                }
            }
        }
    }
    let document = |one: Captioned| {
        let picture = (Piece::Picture(one.opened.picture), one.opened.digest);
        Document::new(vec![picture, (Piece::Text(one.caption), Digest::default())])
    };
    let mut documents: Vec<Document> = first.into_values().map(document).collect();
    documents.sort_unstable_by_key(|document| document.digest);
    let left_out = left_out.sentences();
    if documents.is_empty() {
        let hint = "look at `path` and `exclude`, and at what `file` and `text` name";
        return Err(nothing(&config.path, "pictures with captions", &left_out, hint));
    }
    Ok(Found { documents, left_out })
}

/// Parquet, by its first bytes.
fn is_table(path: &Path) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"PAR1"
}
