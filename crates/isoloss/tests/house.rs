//! The rules of the house that a compiler does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|e| e.unwrap()).map(|e| (e.file_name().to_string_lossy().into_owned(), e.path())).collect()
}

/// All Rust files below a folder but what was built.
fn rust(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(at) = folders.pop() {
        for (name, path) in entries(&at) {
            match path.is_dir() {
                true if name != "target" => folders.push(path),
                false if name.ends_with(".rs") => files.push(path),
                _ => {}
            }
        }
    }
    files
}

/// All Rust files of the workspace.
fn all() -> Vec<PathBuf> {
    ["crates", "benches"].iter().flat_map(|folder| rust(&root().join(folder))).collect()
}

/// The packages of the workspace, without their dependencies.
fn packages() -> Vec<Value> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn every_law_is_one_file_and_one_line() {
    let folder = root().join("crates/laws/catalogue");
    let files: BTreeSet<String> = entries(&folder).into_iter().map(|(name, _)| name).collect();
    let list = text("crates/laws/src/catalogue.rs");
    let lines: Vec<String> = list
        .lines()
        .filter_map(|l| {
            l.split_once("include_str!(\"../catalogue/")?.1.split_once('"').map(|(name, _)| name.to_owned())
        })
        .collect();
    assert_eq!(lines.len(), lines.iter().collect::<BTreeSet<_>>().len(), "a law is listed twice");
    assert_eq!(lines.iter().cloned().collect::<BTreeSet<_>>(), files);
    for file in lines {
        let line = format!("(\"{file}\", include_str!(\"../catalogue/{file}\"))");
        assert!(list.contains(&line), "{file} is listed under another name");
        let name = format!("\"{}\"", file.trim_end_matches(".toml"));
        let law = text(format!("crates/laws/catalogue/{file}"));
        let named = law.lines().find_map(|l| l.strip_prefix("name")).expect("a law has a name");
        assert_eq!(named.trim_start_matches([' ', '=']).trim_end(), name, "{file} bears another name inside");
    }
}

#[test]
fn every_experiment_is_one_file_and_one_line() {
    let files = entries(&root().join("experiments")).into_iter().map(|(name, _)| name);
    let files: BTreeSet<String> = files.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned)).collect();
    let list = text("crates/isoloss/src/experiment/mod.rs");
    let file = |line: &str| Some(line.split_once("/experiments/")?.1.split_once(".toml\"")?.0.to_owned());
    let lines: Vec<String> = list.lines().filter(|line| line.contains("include_str!")).filter_map(file).collect();
    assert_eq!(lines.iter().cloned().collect::<BTreeSet<_>>(), files);
    for name in lines {
        let line = format!("(\"{name}\", include_str!(\"../../../../experiments/{name}.toml\"))");
        assert!(list.contains(&line), "{name} is listed under another name");
    }
}

/// The lines of a table of a manifest, without spaces and comments.
fn table(manifest: &str, header: &str) -> Vec<String> {
    let lines = manifest.lines().map(str::trim).skip_while(|l| *l != header).skip(1);
    let lines = lines.take_while(|l| !l.starts_with('[')).map(|l| l.replace(' ', ""));
    lines.filter(|l| !l.is_empty() && !l.starts_with('#')).collect()
}

/// The crates that may say `unsafe`, and the files in which they do.
const UNSAFE: &[(&str, &str, &[&str])] = &[
    ("isoloss-engine", "crates/engine", &["src/product.rs", "tests/allocation.rs"]),
    ("isoloss-train", "crates/train", &["src/corpora/mmap.rs"]),
];

#[test]
fn every_figure_is_one_file_and_one_line() {
    let folder = root().join("crates/figures/src/catalogue");
    let has = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("pub const ENTRY: Entry"));
    let files = entries(&folder).into_iter().filter(|(_, path)| has(path) || has(&path.join("mod.rs")));
    let files: BTreeSet<String> = files.map(|(name, _)| name.trim_end_matches(".rs").to_owned()).collect();
    let list = text("crates/figures/src/catalogue/mod.rs");
    let lines: Vec<&str> = list.lines().filter_map(|l| l.trim().strip_suffix("::ENTRY,")).collect();
    assert_eq!(lines.iter().map(|l| (*l).to_owned()).collect::<BTreeSet<_>>(), files);
    for name in lines {
        let file = [format!("{name}.rs"), format!("{name}/mod.rs")].map(|f| folder.join(f));
        let file = file.iter().find(|f| f.is_file()).expect("it was just listed");
        let named = format!("name: \"{name}\"");
        assert!(fs::read_to_string(file).unwrap().contains(&named), "{name} bears another name inside");
    }
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let workspace = text("Cargo.toml");
    let lints = |header: &str| table(&workspace, &format!("[workspace.lints.{header}]"));
    assert!(lints("rust").contains(&"unsafe_code=\"forbid\"".into()));
    for package in packages() {
        let manifest = text(package["manifest_path"].as_str().unwrap());
        if UNSAFE.iter().all(|(name, ..)| package["name"] != *name) {
            let inherits = table(&manifest, "[lints]").contains(&"workspace=true".into());
            assert!(inherits, "{} does not inherit the lints of the workspace", package["name"]);
            continue;
        }
        // Its own lints are those of the workspace, with one word less strict.
        let weaker = lints("rust").iter().map(|l| l.replace("forbid", "deny")).collect::<Vec<_>>();
        assert_eq!(table(&manifest, "[lints.rust]"), weaker);
        assert_eq!(table(&manifest, "[lints.clippy]"), lints("clippy"));
    }
}

#[test]
fn unsafe_code_stands_in_its_places_only() {
    for (name, folder, places) in UNSAFE {
        let crate_folder = root().join(folder);
        let files = rust(&crate_folder).into_iter().filter(|path| text(path).contains("allow(unsafe_code)"));
        let inside = files.map(|path| path.strip_prefix(&crate_folder).unwrap().to_string_lossy().into_owned());
        let found: BTreeSet<String> = inside.collect();
        assert_eq!(found, places.iter().map(|f| f.to_string()).collect(), "{name}");
    }
}

#[test]
fn every_op_is_one_file_and_one_line() {
    let list = text("crates/engine/src/ops/mod.rs");
    let list = list.split_once("ops! {\n").expect("the list of ops").1.split_once('}').unwrap().0;
    let line = |l: &str| l.trim().trim_end_matches(',').split_once(" = ").map(|(_, file)| file.to_owned());
    let lines: Vec<String> = list.lines().filter_map(line).collect();
    let files = entries(&root().join("crates/engine/src/ops")).into_iter().map(|(name, _)| name);
    let files = files.filter(|name| !["mod.rs", "conformance.rs"].contains(&&name[..]));
    let files: BTreeSet<String> = files.map(|name| name.trim_end_matches(".rs").to_owned()).collect();
    assert_eq!(lines.iter().cloned().collect::<BTreeSet<_>>(), files);
    for file in files {
        let places = [format!("{file}.rs"), format!("{file}/mod.rs")].map(|f| format!("crates/engine/src/ops/{f}"));
        let op = text(places.iter().find(|place| root().join(place).is_file()).expect("it was just listed"));
        assert!(
            op.starts_with("//!") && op.contains("\npub fn naive("),
            "{file} lacks its equation or naive reference"
        );
    }
}

/// Who may use whom. A new crate gets its line here.
const ARROWS: &[(&str, &[&str])] = &[
    ("isoloss-formula", &[]),
    ("isoloss-laws", &["isoloss-formula"]),
    ("isoloss-runs", &["isoloss-formula"]),
    ("isoloss-figures", &["isoloss-formula", "isoloss-laws"]),
    ("isoloss-engine", &[]),
    ("isoloss-train", &["isoloss-engine", "isoloss-runs"]),
    ("isoloss", &["isoloss-figures", "isoloss-formula", "isoloss-laws", "isoloss-runs", "isoloss-train"]),
];

/// What only tests use is no arrow: the library is built without it.
#[test]
fn arrows_point_one_way() {
    let folder = fs::canonicalize(root().join("crates")).unwrap();
    let mut found = BTreeMap::new();
    for package in packages() {
        let manifest = fs::canonicalize(package["manifest_path"].as_str().unwrap()).unwrap();
        if !manifest.starts_with(&folder) {
            continue;
        }
        let used = package["dependencies"].as_array().unwrap().iter();
        let used = used.filter(|d| d["kind"] != "dev" && d["path"].is_string());
        let used: BTreeSet<String> = used.map(|d| d["name"].as_str().unwrap().to_owned()).collect();
        found.insert(package["name"].as_str().unwrap().to_owned(), used);
    }
    let allowed = ARROWS.iter().map(|(name, uses)| (name.to_string(), uses.iter().map(|u| u.to_string()).collect()));
    assert_eq!(found, allowed.collect::<BTreeMap<String, BTreeSet<String>>>());
}

/// The Rust files below a folder, by their paths from there, without those of tests.
fn sources(folder: &Path) -> BTreeSet<String> {
    let inside = rust(folder).into_iter().map(|path| path.strip_prefix(folder).unwrap().to_owned());
    let ours = inside.filter(|path| !path.iter().any(|part| part == "tests" || part == "tests.rs"));
    ours.map(|path| path.to_string_lossy().into_owned()).collect()
}

/// The map in `ARCHITECTURE.md`: a file, several of a folder, or a folder with all that is in it, in each row.
#[test]
fn the_map_has_every_module() {
    let architecture = text("ARCHITECTURE.md");
    let (mut crates, mut wrong) = (0, Vec::new());
    for part in architecture.split("\n### crates/").skip(1) {
        let (name, rows) = part.split_once('\n').unwrap();
        let folder = root().join("crates").join(name).join("src");
        let mut mapped: BTreeSet<String> = BTreeSet::new();
        for row in rows.lines().take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with("| `")) {
            let names: Vec<&str> = row[2..].split(" | ").next().unwrap().split('`').skip(1).step_by(2).collect();
            let beside = names[0].rsplit_once('/').map_or("", |(folder, _)| folder);
            mapped.insert(names[0].to_owned());
            mapped.extend(names[1..].iter().map(|name| format!("{beside}/{name}")));
        }
        let there = sources(&folder);
        let holds = |row: &String, file: &String| row == file || row.ends_with('/') && file.starts_with(row.as_str());
        let unmapped: Vec<&String> = there.iter().filter(|file| !mapped.iter().any(|row| holds(row, file))).collect();
        let gone: Vec<&String> = mapped.iter().filter(|row| !there.iter().any(|file| holds(row, file))).collect();
        if !unmapped.is_empty() || !gone.is_empty() {
            wrong.push(format!("crates/{name}: not in the map {unmapped:?}, gone {gone:?}"));
        }
        crates += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(crates, ARROWS.len());
}

/// No file grows until there are two things in it.
#[test]
fn no_file_is_longer_than_500_lines() {
    let lengths = all().into_iter().map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path));
    let long: Vec<(usize, PathBuf)> = lengths.filter(|(lines, _)| *lines > 500).collect();
    assert!(long.is_empty(), "{long:#?}");
}

/// Same points, options and seed give the same fit: what could tell two machines or two moments apart is not there.
#[test]
fn laws_see_no_file_clock_or_environment() {
    let outside = ["std::fs", "std::io", "std::env", "std::net", "std::process", "std::time", "Instant", "SystemTime"];
    let random = ["RandomState", "thread_rng", "from_os_rng", "getrandom", "available_parallelism"];
    let mut found = Vec::new();
    for path in ["crates/laws/src", "crates/formula/src"].iter().flat_map(|folder| rust(&root().join(folder))) {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if outside.iter().chain(&random).any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "only rows, options and the seed may decide a fit:\n{}", found.join("\n"));
}

/// What only some processors have stands under a condition of the compiler, so that the others can be built for.
#[test]
fn code_of_one_processor_is_guarded() {
    // In two halves, or this file would be the first to be found.
    let words =
        [concat!("is_x86_", "feature"), concat!("pulp::", "x86"), concat!("core::", "arch"), concat!("std::", "arch")];
    let (mut seen, mut found) = (0, Vec::new());
    for path in all() {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| words.iter().any(|word| line.contains(word)))
        {
            seen += 1;
            let guard = if number > 0 { lines[number - 1].trim() } else { "" };
            if !(guard.starts_with("#[cfg(") && guard.contains("target_arch")) {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(seen > 0, "nothing was looked at");
    assert!(found.is_empty(), "write #[cfg(target_arch = ..)] in the line before:\n{}", found.join("\n"));
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    // In two halves, or this file would be the first to be found.
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!(".lib", "rary")];
    let mut found = Vec::new();
    let mut seen = 0;
    // What is built, fetched or made by a run is not ours.
    let skipped = [".git", "target", "out", "runs", "fuzz/target", "fuzz/corpus", "fuzz/artifacts"];
    let root = root();
    let skipped = skipped.map(|s| root.join(s));
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for (_, path) in entries(&folder) {
            if path.is_symlink() || skipped.contains(&path) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            seen += 1;
            let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            for (number, line) in bytes.split(|b| *b == b'\n').enumerate() {
                if places.iter().any(|place| line.windows(place.len()).any(|w| w == place.as_bytes())) {
                    found.push(format!("{}:{}", path.strip_prefix(&root).unwrap().display(), number + 1));
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} files were looked at");
    assert!(found.is_empty(), "these lines name a place of one machine:\n{}", found.join("\n"));
}

/// The lists of the trainer: a line `Variant = file,` for every file of the folder that has its sentence; others are shared.
#[test]
fn what_can_be_trained_is_one_file_and_one_line() {
    for folder in ["corpora", "measures", "memory/retrievers", "mixers", "models", "recipes", "schedules"] {
        let path = format!("crates/train/src/{folder}");
        let list = text(format!("{path}/mod.rs"));
        let name = folder.rsplit('/').next().expect("a name");
        let list = list.split_once(&format!("\n{name}! {{\n")).expect("the list").1.split_once('}').unwrap().0;
        let lines: BTreeSet<String> = list
            .lines()
            .filter_map(|l| l.trim().trim_end_matches(',').split_once(" = "))
            .map(|(_, f)| f.into())
            .collect();
        let has = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("const SAYS: &str"));
        let files = entries(&root().join(&path)).into_iter().filter(|(name, _)| name != "mod.rs");
        let files = files.filter(|(_, path)| has(path) || has(&path.join("mod.rs")));
        let files: BTreeSet<String> = files.map(|(name, _)| name.trim_end_matches(".rs").to_owned()).collect();
        assert_eq!(lines, files, "{path}");
    }
}

#[test]
fn every_code_of_a_warning_has_its_row_in_the_guide() {
    let guide = text("docs/guide/your-runs.md");
    let (_, table) = guide.split_once("## Warnings").unwrap();
    let (_, table) = table.split_once("|---|").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let rows: BTreeSet<&str> = rows.filter_map(|row| row.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(rows, isoloss_laws::CODES.iter().map(|(code, _)| *code).collect());
    // What is written beside the list is in it.
    let written: BTreeSet<String> = rust(&root().join("crates/isoloss/src"))
        .iter()
        .flat_map(|file| text(file).split("{RESET}[").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|rest| Some(rest.split_once("]: ")?.0.to_owned()))
        .filter(|code| code.bytes().all(|c| c.is_ascii_lowercase() || c == b'-'))
        .collect();
    let unknown: Vec<&String> = written.iter().filter(|code| !rows.contains(code.as_str())).collect();
    assert!(unknown.is_empty() && written.len() > 2, "not among CODES: {unknown:?}");
}
