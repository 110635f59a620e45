//! What documents say is what the program does: the reference is made from its help and its lists, figures are drawn by it, numbers
//! are those of experiments. `ISOLOSS_DOCS=write cargo test -p isoloss --test docs --test found` writes anew what is made.
#![cfg(feature = "lab")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{FIVE, isoloss, same_document};
use isoloss::experiment::{BUILT_IN, Experiment};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the program answers, which has to succeed.
fn answer(arguments: &[&str]) -> String {
    let run = isoloss(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.stdout
}

/// The first words of indented lines under a heading of the help: commands.
fn commands(help: &str) -> Vec<String> {
    let lines = help.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let words = lines.filter_map(|line| line.split_whitespace().next());
    // Examples begin with the name of the program.
    let no_command = |word: &str| word.starts_with(['-', '<', '[']) || ["help", "isoloss"].contains(&word);
    words.filter(|word| !no_command(word)).map(str::to_owned).collect()
}

#[test]
fn the_reference_is_made_from_the_program() {
    let mut text = String::from(
        "# Reference\n\nMade from the program: what `isoloss COMMAND --help` and `isoloss list` answer. What can be added to is a list; \
         `isoloss list LIST NAME` shows one of them in full.\n",
    );
    let mut section = |title: &str, body: &str| text += &format!("\n{title}\n\n```text\n{}\n```\n", body.trim_end());
    let help = answer(&["--help"]);
    section("## isoloss", &help);
    for command in commands(&help) {
        let help = answer(&[&command, "--help"]);
        section(&format!("## isoloss {command}"), &help);
        let inside = help.split_once("Commands:\n").map_or("", |(_, list)| list.split("\n\n").next().unwrap_or(""));
        for inner in commands(inside) {
            section(&format!("### isoloss {command} {inner}"), &answer(&[&command, &inner, "--help"]));
        }
    }
    let lists =
        "laws published figures warnings corpora models mixers measures retrievers recipes schedules experiments";
    for list in lists.split(' ') {
        let lines = answer(&["list", list]);
        section(&format!("## isoloss list {list}"), &lines);
        if ["corpora", "models", "mixers", "recipes"].contains(&list) {
            for name in lines.lines().filter_map(|line| line.split(':').next()) {
                section(&format!("### isoloss list {list} {name}"), &answer(&["list", list, name]));
            }
        }
    }
    same_document(&root().join("docs/reference.md"), text.as_bytes());
}

/// The published figures beside our own, which `found.rs` draws.
#[test]
fn published_figures_are_drawn_from_published_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for (name, figure) in FIVE {
        let path = folder.path().join(format!("{name}.svg"));
        answer(&["figure", figure, "--published", "-o", path.to_str().unwrap()]);
        let drawn = fs::read(path).unwrap();
        same_document(&root().join(format!("docs/figures/{name}-published.svg")), &drawn);
    }
    let (runs, path) = (root().join("examples/runs.csv"), folder.path().join("fit.svg"));
    answer(&["figure", "fit", runs.to_str().unwrap(), "-o", path.to_str().unwrap(), "--width", "double"]);
    same_document(&root().join("docs/figures/fit.svg"), &fs::read(path).unwrap());
}

/// Markdown for people who use the program.
fn documents() -> Vec<PathBuf> {
    let mut all = vec![root().join("README.md")];
    let guide = fs::read_dir(root().join("docs/guide")).unwrap().map(|entry| entry.unwrap().path());
    all.extend(guide.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    all
}

/// The numbers that stand at the end of a text: `3.3 [2.9, 4.1]`, or `3.3` alone. A sign of percent makes them hundredths.
fn stated(text: &str) -> Option<Vec<(f64, usize)>> {
    let text = text.trim_end();
    let (before, inside) = match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        Some((before, inside)) => (before.trim_end(), inside),
        None => (text, ""),
    };
    let hundredths = before.ends_with('%');
    let value = before.trim_end_matches(['%', ' ']).rsplit([' ', '\n', '(', '|']).next()?;
    let number = |text: &str| {
        let text = text.trim().trim_end_matches(['%', ' ']).replace(',', "");
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let value: f64 = text.parse().ok()?;
        Some(if hundredths { (value / 100.0, decimals + 2) } else { (value, decimals) })
    };
    std::iter::once(value).chain(inside.split(", ").filter(|end| !end.is_empty())).map(number).collect()
}

/// A number in a document is followed by where it was found: `<!-- EXPERIMENT: NAME -->`, as its table `[found]` has it.
#[test]
fn numbers_in_documents_are_those_that_were_found() {
    let found: BTreeMap<&str, _> =
        BUILT_IN.iter().map(|(name, _)| (*name, Experiment::read(name, &[]).unwrap().found)).collect();
    let mut checked = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let parts: Vec<&str> = text.split("<!-- ").collect();
        for pair in parts.windows(2) {
            let Some((experiment, key)) = pair[1].split(" -->").next().unwrap().split_once(": ") else { continue };
            let place = format!("{}: <!-- {experiment}: {key} -->", path.file_name().unwrap().display());
            let Some(found) = found.get(experiment) else { panic!("{place}: no such experiment") };
            let known = found.get(key).unwrap_or_else(|| panic!("{place}: [found] has {:?}", found.keys()));
            let said = stated(pair[0]).unwrap_or_else(|| panic!("{place}: no number stands before it"));
            assert!(said.len() == 1 || said.len() == 3, "{place}: a value, or a value with both ends");
            for ((said, decimals), known) in said.into_iter().zip(known) {
                let half = 0.5 * 10f64.powi(-(decimals as i32));
                assert!((said - known).abs() <= 1.001 * half + 1e-4 * known.abs(), "{place}: {said} is {known}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked} numbers are checked");
}

#[test]
fn pictures_and_links_of_documents_are_there() {
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_elsewhere = link.is_empty() || link.contains("://");
            assert!(is_elsewhere || path.parent().unwrap().join(link).exists(), "{}: {link}", path.display());
        }
    }
}
