//! Every dependency, of the program and of its tests, on any platform, may be used by anyone for anything.

use std::io::Write;
use std::process::Command;

use serde_json::Value;

/// Licences that ask for no more than to keep a notice.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[test]
fn every_dependency_is_permissive() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
    assert!(packages.iter().any(|p| p["name"] == "serde_json"), "dependencies are among the packages");
    let refused: Vec<String> = packages.iter().filter_map(refusal).collect();
    assert!(refused.is_empty(), "dependencies that are not permissive:\n{}", refused.join("\n"));
}

/// Why a package may not be used, if so.
fn refusal(package: &Value) -> Option<String> {
    let reason = match package["license"].as_str() {
        Some(expression) => match permissive(expression) {
            Ok(true) => return None,
            Ok(false) => expression.to_owned(),
            Err(reason) => format!("`{expression}`: {reason}"),
        },
        None => "it declares no licence expression".to_owned(),
    };
    Some(format!("{} {}: {reason}", package["name"], package["version"]))
}

/// What cargo would build for any platform: the packages it lists are those that some build or test reaches.
fn metadata() -> Value {
    let version = cargo(&["-vV"]).expect("cargo tells its version");
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).expect("cargo knows its host");
    let ask = |more: &[&str]| {
        let fixed = ["metadata", "--format-version", "1", "--locked", "--all-features"];
        cargo(&[&fixed[..], more].concat())
    };
    // Offline first, because what other platforms need is often already here; a download brings it if not.
    let text = ask(&["--offline"]).or_else(|_| ask(&[])).or_else(|reason| {
        let text = ask(&["--offline", "--filter-platform", host])?;
        // Past the test harness, which keeps what passing tests print with `eprintln!`.
        let mut seen = std::io::stderr();
        writeln!(seen, "note: licences of {host} only, the others cannot be downloaded:\n{reason}").unwrap();
        Ok::<String, String>(text)
    });
    let text = text.unwrap_or_else(|reason| panic!("cargo metadata failed:\n{reason}"));
    serde_json::from_str(&text).expect("cargo metadata prints JSON")
}

/// What cargo prints, or what it complains of.
fn cargo(arguments: &[&str]) -> Result<String, String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root).output().map_err(|e| e.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// Whether an SPDX expression lets us choose permissive licences only; `/` is the old way to write OR.
fn permissive(expression: &str) -> Result<bool, String> {
    let spaced = ["(", ")", "/"].iter().fold(expression.to_owned(), |t, s| t.replace(s, &format!(" {s} ")));
    let mut words = spaced.split_whitespace().peekable();
    let answer = any(&mut words)?;
    match words.next() {
        None => Ok(answer),
        Some(word) => Err(format!("unexpected `{word}`")),
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>) -> Result<bool, String> {
    let mut answer = all(words)?;
    while words.next_if(|w| matches!(*w, "OR" | "/")).is_some() {
        answer |= all(words)?;
    }
    Ok(answer)
}

fn all(words: &mut Words<'_>) -> Result<bool, String> {
    let mut answer = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        answer &= one(words)?;
    }
    Ok(answer)
}

fn one(words: &mut Words<'_>) -> Result<bool, String> {
    match words.next() {
        None => Err("a licence is missing at the end".into()),
        Some("(") => {
            let answer = any(words)?;
            words.next_if_eq(&")").map(|_| answer).ok_or_else(|| "a `)` is missing".into())
        }
        Some(word @ (")" | "/" | "AND" | "OR" | "WITH")) => Err(format!("a licence is missing before `{word}`")),
        Some(licence) => {
            if words.next_if_eq(&"WITH").is_none() {
                return Ok(PERMISSIVE.contains(&licence));
            }
            let exception = words.next().ok_or("an exception is missing after WITH")?;
            Ok(PERMISSIVE.contains(&format!("{licence} WITH {exception}").as_str()))
        }
    }
}

#[test]
fn expressions() {
    for good in [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
        "MIT OR GPL-3.0",
        "GPL-3.0 OR MIT",
        "Apache-2.0 WITH LLVM-exception",
        "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT AND (GPL-3.0 OR (ISC AND Zlib))",
        "GPL-3.0 AND MIT OR ISC",
    ] {
        assert_eq!(permissive(good), Ok(true), "{good}");
    }
    for bad in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "GPL-3.0 AND MIT",
        "LGPL-2.1-or-later",
        "MPL-2.0",
        "MIT AND (GPL-3.0 OR MPL-2.0)",
        "ISC AND GPL-3.0 OR GPL-2.0",
        "MIT WITH LLVM-exception",
        "GPL-2.0 WITH Classpath-exception-2.0",
        "Apache-2.0+",
    ] {
        assert_eq!(permissive(bad), Ok(false), "{bad}");
    }
    for broken in ["", "MIT OR", "MIT Apache-2.0", "(MIT", "MIT)", "AND MIT", "MIT WITH", "()", "/MIT", "MIT//ISC"] {
        assert!(permissive(broken).is_err(), "{broken}");
    }
}
