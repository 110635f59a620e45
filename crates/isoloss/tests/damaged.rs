//! Commands and files of the guide, damaged as hands and disks damage them: each is answered by an error that says where and what,
//! and by a hint; nothing is written, nothing lost. The answers are kept to be read:
//! `INSTA_UPDATE=always cargo test -p isoloss --test damaged` writes them anew.
#![cfg(feature = "lab")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::folder::{copy, root, terminal, words};

/// What is done to a file before the command is typed.
enum Damage {
    /// Nothing: the command itself is wrong.
    Nothing,
    /// A text in it becomes another one.
    Replace(&'static str, &'static str, &'static str),
    /// Only so many thousandths of it are left.
    Cut(&'static str, usize),
    /// Something else stands in it.
    Bytes(&'static str, &'static [u8]),
}

use Damage::{Bytes, Cut, Nothing, Replace};

/// What is damaged, the command, its exit code, and what its answer must name.
type Case = (Damage, &'static str, i32, &'static [&'static str]);

const CASES: &[Case] = &[
    // What hands do to commands.
    (Nothing, "fti examples/runs.csv", 2, &["fti", "fit"]),
    (Nothing, "fit examples/runs.csv --maps N=params", 2, &["--maps", "--map"]),
    (Nothing, "fit example/runs.csv", 2, &["example/runs.csv"]),
    (Nothing, "fit examples/runs.csv --law chinchila", 2, &["chinchila", "chinchilla"]),
    (Nothing, "fit examples/runs.csv --formula 'L = E + A*N^-alpha + B*D^-beta)'", 2, &["^"]),
    (Nothing, "fit examples/runs.csv --formula 'L = E + A*N^-alpha + B*tokns^-beta'", 2, &["tokns", "tokens"]),
    (Nothing, "fit examples/runs.csv --where 'params >> 1e7'", 2, &["params >> 1e7", "^"]),
    (Nothing, "fit examples/runs.csv --map 'D=1e9*token'", 2, &["token", "tokens"]),
    (Nothing, "fit examples/runs.csv --save no/such/folder/fit.json", 1, &["no/such/folder"]),
    (Nothing, "predict fit.json --at N=2e9", 2, &["D"]),
    (Nothing, "predict fit.json --at N=2e9,D=40e9x", 2, &["40e9x"]),
    (Nothing, "predict published:besiroglu-2042 --at N=1e9,D=2e10", 2, &["besiroglu-2024"]),
    (Nothing, "plan fit.json --flops 1e2x", 2, &["1e2x"]),
    (Nothing, "compare families.csv --group arch --baseline mal", 2, &["mal", "mla"]),
    (Nothing, "compare families.csv --group arhc --baseline mla", 2, &["arhc", "arch"]),
    (Nothing, "figure capasity --published -o c.svg", 2, &["capasity", "capacity"]),
    (Nothing, "figure fit examples/runs.csv -o fit.gif", 2, &["fit.gif", ".svg"]),
    (Nothing, "list experiments first-lader", 2, &["first-lader", "first-ladder"]),
    (Nothing, "run notes.toml --set ladder.token=[4096] --dry-run", 2, &["ladder.token", "tokens"]),
    (Nothing, "run notse.toml", 2, &["notse.toml", "notes.toml"]),
    // What hands and disks do to tables.
    (Replace("examples/runs.csv", "2.8496", "\"2.8496"), "fit examples/runs.csv", 2, &["examples/runs.csv:"]),
    (Replace("examples/runs.csv", ",2.8496", ",-2.8496"), "fit examples/runs.csv", 2, &["examples/runs.csv:"]),
    (Replace("examples/runs.csv", "run,params,tokens,loss\n", ""), "fit examples/runs.csv", 2, &["names of columns"]),
    (Bytes("examples/runs.csv", b""), "fit examples/runs.csv", 2, &["examples/runs.csv", "empty"]),
    (Bytes("examples/runs.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "fit examples/runs.csv", 2, &["examples/runs.csv"]),
    // To saved fits and laws.
    (Cut("fit.json", 500), "predict fit.json --at N=2e9,D=40e9", 2, &["fit.json:"]),
    (
        Replace("context.toml", "B*T^-beta\"", "B*T^-beta)\""),
        "fit context.csv --law context.toml --map T=context",
        2,
        &["context.toml:2"],
    ),
    (
        Replace("context.toml", "alpha = \"0..2\"\n", ""),
        "fit context.csv --law context.toml --map T=context",
        2,
        &["context.toml:", "alpha"],
    ),
    (
        Replace("context.toml", "0..2", "0...2"),
        "fit context.csv --law context.toml --map T=context",
        2,
        &["context.toml:", "0...2"],
    ),
    // To experiments and what they train on.
    (Replace("notes.toml", "\"transformer\"", "\"transfomer\""), "run notes.toml", 2, &["notes.toml:9", "transformer"]),
    (Replace("notes.toml", "lr = 0.01", "learning_rate = 0.01"), "run notes.toml", 2, &["notes.toml:17", "lr"]),
    (Replace("notes.toml", "lr = 0.01", "lr ="), "run notes.toml", 2, &["notes.toml:17"]),
    (Replace("notes.toml", "path = \"notes\"", "path = \"note\""), "run notes.toml", 2, &["notes.toml:6", "note"]),
    (Cut("notes.toml", 300), "run notes.toml", 2, &["notes.toml"]),
];

/// A folder as the guide's pages have it, with a fit saved.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &folder.path().join("examples"));
    for page in ["compare", "own-law", "own-experiment"] {
        copy(&root().join(format!("docs/guide/{page}.in")), folder.path());
    }
    let (answer, code) = terminal(&words("fit examples/runs.csv --save fit.json --draws 50"), folder.path());
    assert_eq!(code, 0, "{}", answer.join("\n"));
    folder
}

/// Every file with what stands in it.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        if entry.path().is_dir() {
            all.extend(contents(&entry.path()));
        } else {
            all.insert(entry.path().display().to_string(), fs::read(entry.path()).unwrap());
        }
    }
    all
}

/// Damages the file; what it was called and what stood in it, to be put back.
fn damage(case: &Damage, folder: &Path) -> Option<(String, Vec<u8>)> {
    let file = match case {
        Nothing => return None,
        Replace(file, ..) | Cut(file, _) | Bytes(file, _) => *file,
    };
    let whole = fs::read_to_string(folder.join(file)).unwrap();
    let spoiled = match case {
        Replace(_, from, to) => {
            assert!(whole.contains(from), "{file} has no {from:?}");
            whole.replacen(from, to, 1).into_bytes()
        }
        Cut(_, left) => whole.as_bytes()[..whole.len() * left / 1000].to_vec(),
        Bytes(_, bytes) => bytes.to_vec(),
        Nothing => unreachable!("it has no file"),
    };
    fs::write(folder.join(file), spoiled).unwrap();
    Some((file.to_owned(), whole.into_bytes()))
}

fn described(damage: &Damage) -> String {
    match damage {
        Nothing => String::new(),
        Replace(file, from, to) => format!("# {file}: {from:?} is {to:?}\n"),
        Cut(file, left) => format!("# {file}: the first {left} thousandths of it\n"),
        Bytes(file, bytes) => format!("# {file}: holds {:?}\n", String::from_utf8_lossy(bytes)),
    }
}

#[test]
fn what_is_damaged_is_answered() {
    let folder = folder();
    let (mut answers, mut wrong) = (String::new(), Vec::new());
    for (case, command, expected, names) in CASES {
        let whole = damage(case, folder.path());
        let before = contents(folder.path());
        let (lines, code) = terminal(&words(command), folder.path());
        let answer = lines.join("\n");
        let asked = format!("{}$ isoloss {command}\n? {code}\n{answer}\n", described(case));
        let is_error = code == *expected && answer.contains("error") && answer.contains("hint: ");
        let missing: Vec<_> = names.iter().filter(|name| !answer.contains(**name)).collect();
        if !is_error || !missing.is_empty() || answer.contains("panicked") {
            wrong.push(format!("expected exit {expected}, an error, a hint, and {missing:?}:\n{asked}"));
        }
        if contents(folder.path()) != before {
            wrong.push(format!("files are not what they were:\n{asked}"));
        }
        if let Some((file, bytes)) = whole {
            fs::write(folder.path().join(file), bytes).unwrap();
        }
        answers += &format!("{asked}\n");
    }
    println!("{} damaged commands and files", CASES.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::assert_snapshot!("damaged", answers);
}
