//! Pages with pictures: folders of HTML as manuals are unpacked into.
//!
//! A document is a page: its text in the order of reading, with pictures where they stand. What surrounds a page is no
//! part of it: heads, scripts, navigation, and pictures that stand on a fifth of all pages or are no larger than a bullet.
//! Nothing outside of the folder of the pages is opened. Pages of equal content are one.

mod page;
mod pictures;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use isoloss_runs::quietly;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::page::{Part, joined, parts, trimmed};
use self::sources::Source;
use super::collection::{Kind, source};
use super::files::left_out::{LeftOut, shown};
use super::files::select::{Chosen, Exclude, OTHER, Rules, literal, select, unreadable};
use super::pictures::{Digest, Document, Found, Opened, Piece, check, in_order, kept};
use super::settings::{PATHS, nothing, one_or_many, usual_augment, usual_held_out, usual_patch, usual_side};
use super::sight::Sight;
use super::{CorpusError, Place};

pub(super) const SAYS: &str = "pages of HTML with pictures where they stand";
/// All that chooses documents and their pictures: what was chosen is in the hash of the data.
pub(super) const WHEREABOUTS: &[&str] = &["path", "exclude", "max_picture_bytes"];

const EXTENSIONS: [&str; 3] = ["html", "htm", "xhtml"];

/// Longer pages are tables of data.
const MOST_BYTES: u64 = 16 << 20;

/// Pages with pictures.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Files, folders and globs of HTML, relative to the folder in which isoloss runs. Pictures are looked for below the folder, or in the
    /// folder of the file.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(title = PATHS)]
    pub path: Vec<String>,
    /// Globs of files and folders to pass over, by name or, with a slash, by path below a folder of `path`.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Larger files of pictures are left out: 64 MB, and no setting allows more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if)]
    pub max_picture_bytes: Option<u64>,
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

impl Config {
    pub(super) fn check(&self) -> Result<Sight, CorpusError> {
        if self.path.is_empty() {
            let hint = "name folders, files or globs of HTML: `path = \"manual/\"`";
            return Err(CorpusError::new("`path` is empty", hint));
        }
        check(self.held_out, self.side, self.patch)
    }
}

/// A page whose pictures were found and not read yet.
struct Page {
    /// What it is called in messages.
    name: String,
    parts: Vec<Content>,
}

/// A part of it.
enum Content {
    Text(String),
    Picture(Source),
}

pub(super) fn open(config: &Config, place: &Place) -> Result<Arc<dyn super::Source>, CorpusError> {
    let Config { side, held_out, augment, .. } = *config;
    let sight = config.check()?;
    let found = read(config, place, kept(side))?;
    let name = &shown(&config.path.join(", "));
    source(found, Kind { kind: "pages", name, sight, held_out, augment })
}

/// Reads all pages, none of whose pictures is kept with more than `keep` pixels at its shorter side.
///
/// # Errors
/// If a setting makes no sense, a folder is missing, or nothing is found.
pub(super) fn read(config: &Config, place: &Place, keep: u32) -> Result<Found, CorpusError> {
    config.check()?;
    let mut left_out = LeftOut::default();
    let chosen = choose(config, place, &mut left_out)?;
    let pages = pages(&chosen, &mut left_out);
    let pictures = pictures::read(config, place, &pages, keep, &mut left_out);
    let mut documents = BTreeMap::new();
    for page in &pages {
        match document(page, &pictures) {
            None => left_out.add("an empty page", &page.name),
            Some(document) => {
                if documents.insert(document.digest, document).is_some() {
                    left_out.add("a duplicate", &page.name);
                }
            }
        }
    }
    let left_out = left_out.sentences();
    if documents.is_empty() {
        let hint = "look at `path` and `exclude`: pages end in html, htm or xhtml";
        return Err(nothing(&config.path, "pages", &left_out, hint));
    }
    Ok(Found { documents: documents.into_values().collect(), left_out })
}

/// The files of pages, each with the folder that no picture of it lies outside of.
fn choose(config: &Config, place: &Place, left_out: &mut LeftOut) -> Result<Vec<(Chosen, PathBuf)>, CorpusError> {
    let extensions = EXTENSIONS.map(str::to_owned);
    let rules = Rules {
        extensions: &extensions,
        max_file_bytes: u64::MAX,
        exclude: Exclude::new(&config.exclude)?,
        no_generated: false,
    };
    let mut pages = BTreeMap::new();
    for entry in &config.path {
        let mut chosen = BTreeMap::new();
        // A folder of pages holds their pictures as well: that these are no pages need not be said.
        let mut others = LeftOut::default();
        select(&place.base, entry, &rules, &mut chosen, &mut others)?;
        others.forget(OTHER);
        left_out.join(others);
        let path = place.base.join(entry);
        let root = if path.is_dir() {
            path
        } else if path.is_file() {
            path.parent().unwrap_or(&place.base).to_owned()
        } else {
            place.base.join(literal(entry).0)
        };
        // What was chosen below it is there, and so is the folder.
        let root = root.canonicalize().unwrap_or(root);
        for (path, file) in chosen {
            pages.entry(path).or_insert((file, root.clone()));
        }
    }
    Ok(pages.into_values().collect())
}

/// Text, and where the pictures are, of all pages that can be read.
fn pages(chosen: &[(Chosen, PathBuf)], left_out: &mut LeftOut) -> Vec<Page> {
    let mut pages = Vec::new();
    for ((file, _), page) in chosen.iter().zip(in_order(chosen, |(file, root)| page(file, root))) {
        match page {
            Err(reason) => left_out.add(&reason, &file.name),
            Ok((page, missing)) => {
                missing
                    .iter()
                    .for_each(|(reason, src)| left_out.add(reason, &format!("{}: {}", file.name, shown(src))));
                pages.push(page);
            }
        }
    }
    pages
}

/// Pictures that a page has not: why, and what it calls them.
type Missing = Vec<(&'static str, String)>;

fn page(file: &Chosen, root: &Path) -> Result<(Page, Missing), String> {
    let mut bytes = Vec::new();
    let source = File::open(&file.path).map_err(|error| unreadable(&error))?;
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err("a page of more than 16 MB".to_owned());
    }
    if bytes.contains(&0) {
        return Err("binary".to_owned());
    }
    let html = String::from_utf8_lossy(&bytes);
    let found = quietly(|| parts(&html)).ok_or("a page that cannot be read")?;
    let folder = file.path.parent().unwrap_or(root);
    let (mut contents, mut missing) = (Vec::new(), Vec::new());
    for part in found {
        match part {
            Part::Text(text) => contents.push(Content::Text(text)),
            Part::Picture(src) => match sources::find(&src, folder, root) {
                Ok(source) => contents.push(Content::Picture(source)),
                Err(reason) => missing.push((reason, src.chars().take(200).collect())),
            },
        }
    }
    Ok((Page { name: file.name.clone(), parts: contents }, missing))
}

/// The page with those of its pictures that are kept; none if nothing is left of it.
fn document(page: &Page, pictures: &BTreeMap<&Source, Opened>) -> Option<Document> {
    let mut parts: Vec<(Piece, Digest)> = Vec::new();
    let mut text = String::new();
    let end = |text: &mut String, parts: &mut Vec<(Piece, Digest)>| {
        let whole = trimmed(&std::mem::take(text));
        if !whole.is_empty() {
            parts.push((Piece::Text(whole), Digest::default()));
        }
    };
    for part in &page.parts {
        match part {
            Content::Text(more) => text = joined(std::mem::take(&mut text), more),
            Content::Picture(source) => {
                if let Some(Opened { picture, digest }) = pictures.get(source) {
                    end(&mut text, &mut parts);
                    parts.push((Piece::Picture(picture.clone()), *digest));
                }
            }
        }
    }
    end(&mut text, &mut parts);
    (!parts.is_empty()).then(|| Document::new(parts))
}
