//! The examples of README and guide are run, one after the other, in a folder with `examples/` and what stands in `PAGE.in/`, and
//! answer what is printed there. A line `...` stands for any lines, `[..]` for anything in a line, `? 2` for an exit code.
//! `ISOLOSS_DOCS=write cargo test -p isoloss --test guide` writes the answers of blocks without a line `...` or `[..]` anew.
#![cfg(feature = "lab")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::folder::{copy, root, terminal, words};

/// One command and what it answers.
struct Example {
    /// The line of the page.
    line: usize,
    words: Vec<String>,
    code: i32,
    answer: Vec<String>,
}

/// The commands in blocks of a page that are called `console`.
fn examples(page: &str) -> Vec<Example> {
    let (mut all, mut inside): (Vec<Example>, bool) = (Vec::new(), false);
    for (number, line) in page.lines().enumerate() {
        let command = line.strip_prefix("$ isoloss").or(line.strip_prefix("$ cargo run --release --"));
        match (inside, command) {
            (false, _) => inside = line == "```console",
            (true, _) if line == "```" => inside = false,
            (true, Some(rest)) => {
                all.push(Example { line: number + 1, words: words(rest), code: 0, answer: Vec::new() });
            }
            (true, None) => {
                let last = all.last_mut().unwrap_or_else(|| panic!("line {}: no command before it", number + 1));
                match line.strip_prefix("? ").filter(|_| last.answer.is_empty()) {
                    Some(code) => last.code = code.parse().unwrap(),
                    None => last.answer.push(line.trim_end().to_owned()),
                }
            }
        }
    }
    all
}

/// Does a line answer as printed, where `[..]` is anything?
fn is_like(line: &str, printed: &str) -> bool {
    let parts: Vec<&str> = printed.split("[..]").collect();
    let [first, rest @ ..] = &parts[..] else { return false };
    let Some(mut line) = line.strip_prefix(first) else { return false };
    for (i, part) in rest.iter().enumerate() {
        let at = if i + 1 == rest.len() { line.len().checked_sub(part.len()) } else { line.find(part) };
        match at.filter(|at| line.is_char_boundary(*at) && line[*at..].starts_with(part)) {
            Some(at) => line = &line[at + part.len()..],
            None => return false,
        }
    }
    line.is_empty()
}

/// Do lines answer as printed, where `...` is any of them?
fn are_like(lines: &[String], printed: &[String]) -> bool {
    match printed {
        [] => lines.is_empty(),
        [any, rest @ ..] if any == "..." => (0..=lines.len()).any(|skip| are_like(&lines[skip..], rest)),
        [first, rest @ ..] => lines.first().is_some_and(|line| is_like(line, first)) && are_like(&lines[1..], rest),
    }
}

/// The failures of a page, and how many examples it has.
fn page(path: &Path) -> (Vec<String>, usize) {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &folder.path().join("examples"));
    let beside = path.with_extension("in");
    if beside.is_dir() {
        copy(&beside, folder.path());
    }
    let mut text = fs::read_to_string(path).unwrap();
    let (all, mut wrong) = (examples(&text), Vec::new());
    for example in &all {
        let (lines, code) = terminal(&example.words, folder.path());
        let mut printed = example.answer.clone();
        while printed.last().is_some_and(String::is_empty) {
            printed.pop();
        }
        if code == example.code && are_like(&lines, &printed) {
            continue;
        }
        let is_exact = !printed.iter().any(|line| line == "..." || line.contains("[..]")) && !printed.is_empty();
        if is_exact && code == example.code && std::env::var_os("ISOLOSS_DOCS").is_some_and(|asked| asked == "write") {
            text = text.replacen(&printed.join("\n"), &lines.join("\n"), 1);
            fs::write(path, &text).unwrap();
            continue;
        }
        let name = path.file_name().unwrap().display();
        wrong.push(format!("{name}:{}: exit {code}, and this:\n{}", example.line, lines.join("\n")));
    }
    (wrong, all.len())
}

#[test]
fn examples_answer_as_printed() {
    let guide = fs::read_dir(root().join("docs/guide")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = guide.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    pages.push(root().join("README.md"));
    let found: Vec<(Vec<String>, usize)> = pages.iter().map(|path| page(path)).collect();
    let wrong: Vec<&String> = found.iter().flat_map(|(wrong, _)| wrong).collect();
    let examples: usize = found.iter().map(|(_, examples)| examples).sum();
    println!("{examples} examples on {} pages", pages.len());
    assert!(wrong.is_empty(), "{}", wrong.iter().map(|text| format!("{text}\n\n")).collect::<String>());
    assert!(examples >= 20, "{examples}");
}

#[test]
fn lines_are_compared_as_they_are_meant() {
    for (line, printed, is) in [
        ("wrote a.svg in 3 s", "wrote [..].svg in [..] s", true),
        ("wrote a.svg", "wrote [..].png", false),
        ("abc", "[..]", true),
        ("abcabc", "ab[..]bc", true),
        ("abc", "abc[..]c", false),
    ] {
        assert_eq!(is_like(line, printed), is, "{line} {printed}");
    }
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(are_like(&lines("a\nb\nc"), &lines("a\n...\nc")) && !are_like(&lines("a\nb"), &lines("a\n...\nc")));
    assert_eq!(words("fit 'a b' \"c d\"  e"), ["fit", "a b", "c d", "e"]);
}
