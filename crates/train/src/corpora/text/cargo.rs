//! `cargo:`, the sources of the packages that a `Cargo.lock` names, as cargo has unpacked them: a corpus that every
//! machine which builds a project has already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use walkdir::WalkDir;

use super::super::CorpusError;
use super::super::files::left_out::{LeftOut, shown};
use super::super::files::select::{Chosen, Rules};

/// How such an entry of `path` begins. What follows is a lock file or a folder to look upward from.
pub(super) const PREFIX: &str = "cargo:";

/// Files of sources and nothing longer, unless the settings say otherwise: long ones are mostly tables.
pub(super) const EXTENSIONS: [&str; 2] = ["rs", "md"];
/// See [`EXTENSIONS`].
pub(super) const MAX_FILE_BYTES: u64 = 100_000;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
}

/// Where cargo keeps what it fetched: `$CARGO_HOME`, or `.cargo` in the user's folder.
pub(super) fn home() -> PathBuf {
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map_or_else(home, PathBuf::from)
}

/// The files of all packages from registries, but of those whose name ends in `-sys`: these are bindings, which programs
/// wrote from headers of C.
pub(super) fn select(
    base: &Path,
    entry: &str,
    home: &Path,
    rules: &Rules<'_>,
    chosen: &mut BTreeMap<PathBuf, Chosen>,
    left_out: &mut LeftOut,
) -> Result<(), CorpusError> {
    let lock = find(base, entry)?;
    let at = shown(&lock.to_string_lossy());
    let text = std::fs::read_to_string(&lock).map_err(|error| CorpusError::new(format!("{at}: {error}"), NAME_IT))?;
    let read: Lock = toml::from_str(&text)
        .map_err(|error| CorpusError::new(format!("{at} is no lock file: {}", error.message()), NAME_IT))?;
    let fetched =
        |p: &Package| p.source.as_ref().is_some_and(|s| s.starts_with("registry+") || s.starts_with("sparse+"));
    let mut packages: Vec<String> = Vec::new();
    for package in read.package.iter().filter(|package| fetched(package)) {
        let name = format!("{}-{}", package.name, package.version);
        if package.name.ends_with("-sys") {
            left_out.add("a package of bindings", &name);
        } else {
            packages.push(name);
        }
    }
    packages.sort();
    packages.dedup();
    let registries = registries(home);
    let folders =
        packages.iter().map(|package| (package, registries.iter().map(|r| r.join(package)).find(|f| f.is_dir())));
    let (there, missing): (Vec<_>, Vec<_>) = folders.partition(|(_, folder)| folder.is_some());
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().take(3).map(|(name, _)| name.as_str()).collect();
        let more = if missing.len() > 3 { ", ..." } else { "" };
        let message = format!(
            "{} of the {} packages in {at} are not unpacked in {}: {}{more}",
            missing.len(),
            packages.len(),
            shown(&home.join("registry/src").to_string_lossy()),
            names.join(", ")
        );
        return Err(CorpusError::new(
            message,
            "run `cargo fetch --locked` beside that Cargo.lock, once and with a network",
        ));
    }
    for (package, folder) in there {
        let folder = folder.expect("the missing ones were told apart");
        take(package, &folder, rules, chosen, left_out);
    }
    Ok(())
}

/// The files of one package. Names in messages begin with the package, wherever it lies.
fn take(
    package: &str,
    folder: &Path,
    rules: &Rules<'_>,
    chosen: &mut BTreeMap<PathBuf, Chosen>,
    left_out: &mut LeftOut,
) {
    let wanted = |entry: &walkdir::DirEntry| entry.depth() == 0 || !rules.exclude.has(folder, entry.path());
    for entry in WalkDir::new(folder).into_iter().filter_entry(wanted) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                let below = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy();
                rules.consider(entry.path(), &format!("{package}/{below}"), false, chosen, left_out);
            }
            Ok(_) => {}
            Err(error) => left_out.add(super::super::files::select::UNREADABLE, &format!("{package}: {error}")),
        }
    }
}

const NAME_IT: &str = "name the lock file: `path = \"cargo:folder/Cargo.lock\"`";

/// The lock file that is named, or the next one upward.
fn find(base: &Path, entry: &str) -> Result<PathBuf, CorpusError> {
    let named = base.join(entry.strip_prefix(PREFIX).unwrap_or(entry));
    if named.is_file() {
        return Ok(named);
    }
    let start = std::path::absolute(&named).unwrap_or(named);
    let found = start.ancestors().map(|folder| folder.join("Cargo.lock")).find(|lock| start.is_dir() && lock.is_file());
    found.ok_or_else(|| {
        let place = shown(&start.to_string_lossy());
        CorpusError::new(format!("there is no Cargo.lock in {place} or above it"), NAME_IT)
    })
}

/// The folders of unpacked packages, one for each registry.
fn registries(home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}
