//! Which files a corpus consists of: files, folders and globs, sorted.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use walkdir::{DirEntry, WalkDir};

use super::super::{CorpusError, WHERE, because};
use super::left_out::{LeftOut, shown};

/// A file that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::corpora) struct Chosen {
    /// Where it is.
    pub(in crate::corpora) path: PathBuf,
    /// What it is called in messages.
    pub(in crate::corpora) name: String,
    /// Bytes, as it lies there.
    pub(in crate::corpora) size: u64,
    /// When it was changed last, where the file system says so.
    pub(in crate::corpora) modified: Option<SystemTime>,
    /// Unpacked it may not be larger than this.
    pub(in crate::corpora) most: u64,
    /// Is it left out if a program wrote it?
    pub(in crate::corpora) no_generated: bool,
}

/// What decides, besides where to look.
pub(in crate::corpora) struct Rules<'a> {
    /// Endings of files in folders, without the dot.
    pub(in crate::corpora) extensions: &'a [String],
    /// Larger files are left out.
    pub(in crate::corpora) max_file_bytes: u64,
    /// Globs, see [`Exclude`].
    pub(in crate::corpora) exclude: Exclude,
    /// Are sources left out that a program wrote?
    pub(in crate::corpora) no_generated: bool,
}

impl Rules<'_> {
    /// Takes a file into the selection, or says why not.
    pub(in crate::corpora) fn consider(
        &self,
        path: &Path,
        name: &str,
        whatever_its_extension: bool,
        chosen: &mut BTreeMap<PathBuf, Chosen>,
        left_out: &mut LeftOut,
    ) {
        if !whatever_its_extension && !self.extends(path) {
            return left_out.add(OTHER, name);
        }
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return left_out.add(&unreadable(&error), name),
        };
        if metadata.len() > self.max_file_bytes {
            return left_out.add(TOO_LARGE, name);
        }
        let file = Chosen {
            path: path.to_owned(),
            name: shown(name),
            size: metadata.len(),
            modified: metadata.modified().ok(),
            most: self.max_file_bytes,
            no_generated: self.no_generated,
        };
        chosen.insert(path.to_owned(), file);
    }

    fn extends(&self, path: &Path) -> bool {
        let inner = uncompressed_name(path);
        let end = inner.extension().map(|e| e.to_string_lossy().to_lowercase());
        end.is_some_and(|end| self.extensions.iter().any(|e| e.trim_start_matches('.').to_lowercase() == end))
    }
}

/// Why a file could not be read, as a reason. Files left out for it may come back without being changed.
pub(in crate::corpora) fn unreadable(error: &io::Error) -> String {
    format!("{UNREADABLE} ({})", error.kind())
}

/// Why a file was left out that does not end in what was asked for.
pub(in crate::corpora) const OTHER: &str = "another extension";

/// Why a file was left out that has more bytes than it may have.
pub(in crate::corpora) const TOO_LARGE: &str = "larger than `max_file_bytes`";

/// How reasons begin that may go away without the file being changed.
pub(in crate::corpora) const UNREADABLE: &str = "unreadable";

/// The name without `.gz` or `.zst`.
pub(in crate::corpora) fn uncompressed_name(path: &Path) -> PathBuf {
    let packed = path.extension().is_some_and(|e| ["gz", "zst", "zstd"].iter().any(|end| e.eq_ignore_ascii_case(end)));
    if packed { path.with_extension("") } else { path.to_owned() }
}

/// Globs of what is left out. One without a slash is a name at any depth (`target`, `*.min.js`), one with a slash is a
/// path below the folder (`docs/**/old.md`). A folder that matches is left out whole.
pub(in crate::corpora) struct Exclude {
    names: GlobSet,
    paths: GlobSet,
}

impl Exclude {
    pub(in crate::corpora) fn new(globs: &[String]) -> Result<Self, CorpusError> {
        let set = |with_slash: bool| {
            let mut set = GlobSetBuilder::new();
            for pattern in globs.iter().filter(|g| g.contains('/') == with_slash) {
                set.add(glob(pattern)?.glob().clone());
            }
            set.build().map_err(|error| CorpusError::new(format!("`exclude`: {error}"), GLOBS))
        };
        Ok(Self { names: set(false)?, paths: set(true)? })
    }

    pub(in crate::corpora) fn has(&self, root: &Path, path: &Path) -> bool {
        let below = path.strip_prefix(root).unwrap_or(path);
        self.paths.is_match(below) || path.file_name().is_some_and(|name| self.names.is_match(name))
    }
}

const GLOBS: &str =
    "`*` stands for any part of a name, `**` for any folders, `?` for a character, `[ab]` for one of several";

fn glob(pattern: &str) -> Result<GlobMatcher, CorpusError> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    let wrong = |error: globset::Error| {
        CorpusError::new(format!("the glob {} cannot be read: {}", shown(pattern), error.kind()), GLOBS)
    };
    Ok(glob.map_err(wrong)?.compile_matcher())
}

/// The files of one entry of `path`, put among the chosen ones.
///
/// What it names itself, or by a glob, is taken whatever its extension. In folders, names that begin with a dot are
/// passed over; links are followed, except in a circle.
pub(in crate::corpora) fn select(
    base: &Path,
    entry: &str,
    rules: &Rules<'_>,
    chosen: &mut BTreeMap<PathBuf, Chosen>,
    left_out: &mut LeftOut,
) -> Result<(), CorpusError> {
    let path = base.join(entry);
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            for file in files(&path, rules, left_out) {
                rules.consider(&file, &name(base, &file), false, chosen, left_out);
            }
            Ok(())
        }
        Ok(_) => {
            rules.consider(&path, &name(base, &path), true, chosen, left_out);
            Ok(())
        }
        Err(_) if entry.contains(['*', '?', '[', '{']) => {
            let (root, pattern) = literal(entry);
            let root = base.join(root);
            let pattern = glob(&pattern)?;
            let matching = files(&root, rules, left_out)
                .into_iter()
                .filter(|file| file.strip_prefix(&root).is_ok_and(|below| pattern.is_match(below)));
            let matching: Vec<PathBuf> = matching.collect();
            for file in &matching {
                rules.consider(file, &name(base, file), true, chosen, left_out);
            }
            if matching.is_empty() {
                let message = format!("no file matches {}", shown(entry));
                return Err(CorpusError::new(message, format!("{GLOBS}; {WHERE}")).of("path"));
            }
            Ok(())
        }
        Err(error) => {
            let message = format!("the corpus {} cannot be opened: {}", shown(entry), because(&error));
            Err(CorpusError::new(message, format!("name a file, a folder or a glob; {WHERE}")).of("path"))
        }
    }
}

/// All files below a folder, but for what is excluded.
fn files(root: &Path, rules: &Rules<'_>, left_out: &mut LeftOut) -> Vec<PathBuf> {
    let hidden = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    let wanted = |entry: &DirEntry| entry.depth() == 0 || !(hidden(entry) || rules.exclude.has(root, entry.path()));
    let mut found = Vec::new();
    for entry in WalkDir::new(root).follow_links(true).into_iter().filter_entry(wanted) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => found.push(entry.into_path()),
            Ok(_) => {}
            Err(error) => {
                let name = error.path().map_or_else(String::new, |path| name(root, path));
                match error.io_error() {
                    Some(error) => left_out.add(&unreadable(error), &name),
                    None => left_out.add("a link to a folder that it lies in", &name),
                }
            }
        }
    }
    found
}

/// A path below `base`, with slashes, for messages and for sorting.
fn name(base: &Path, path: &Path) -> String {
    let below = path.strip_prefix(base).unwrap_or(path);
    shown(&below.to_string_lossy().replace('\\', "/"))
}

/// A glob as the folder that it begins with, and the rest.
pub(in crate::corpora) fn literal(entry: &str) -> (PathBuf, String) {
    let special = |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    let parts: Vec<Component<'_>> = Path::new(entry).components().collect();
    let plain = parts.iter().take_while(|part| !special(part)).count();
    let rest = parts[plain..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    (parts[..plain].iter().collect(), rest.collect::<Vec<_>>().join("/"))
}
