//! Answers to stdout, talk to stderr, files by way of a temporary one.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use isoloss_formula::in_shell;

use crate::failure::{COULD_NOT, Failure};
use crate::numbers::short_name;

/// What must not be overlooked. Stripped where stdout or stderr is no terminal, and under `NO_COLOR`.
pub const BOLD_RED: &str = "\x1b[1;31m";
/// What may mislead.
pub const BOLD_YELLOW: &str = "\x1b[1;33m";
/// A headline.
pub const BOLD: &str = "\x1b[1m";
/// The end of a colour.
pub const RESET: &str = "\x1b[0m";

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// for reading
    #[default]
    Text,
    /// one object, everything that the text shows and more
    Json,
    /// one table
    Csv,
}

/// Says something beside the answer. If nobody listens, nobody minds.
pub fn talk(text: fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Prints the answer. A reader that has seen enough (`| head`) ends it in silence.
pub fn answer(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::file("standard output", "write", &error))
        }
        _ => Ok(()),
    }
}

/// A file without its folders: what a reader elsewhere can make use of.
pub fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| short_name(&name.to_string_lossy()))
}

/// A word as it is typed into a shell: in quotes, where it has to be.
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { in_shell(word) }
}

/// Refuses a file that is there or cannot be written, before any work is done for it.
pub fn may_write(path: &Path, force: bool) -> Result<(), Failure> {
    if path == Path::new("-") {
        return Err(Failure::usage(
            "-: standard output holds the answer already",
            "name a file: fit.json, figure.csv, report.html",
        ));
    }
    if path.is_dir() {
        return Err(Failure::usage(format_args!("{}: this is a folder", path.display()), "name a file in it"));
    }
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(Failure::could_not(
            format_args!("{}: there is no folder {}", path.display(), folder.display()),
            "make it first",
        ));
    }
    match path.try_exists() {
        Ok(true) if !force && !is_device(path) => Err(Failure::usage(
            format_args!("{}: this file is there already", path.display()),
            "--force writes over it",
        )),
        _ if is_device(path) => Ok(()),
        _ => takes_files(&beside(path)).map_err(|error| {
            Failure::could_not(
                format_args!("{}: the folder {} takes no files ({error})", path.display(), folder.display()),
                "name a file in a folder that you may write to",
            )
        }),
    }
}

/// Whether a folder takes files is known by trying: hours of a fit are not to end in a refusal.
fn takes_files(beside: &Path) -> io::Result<()> {
    File::create(beside).and_then(|_| std::fs::remove_file(beside))
}

/// Makes the folder that an option names, or refuses one that takes no files, before any work is done for it.
#[cfg(feature = "lab")]
pub fn may_write_into(option: &str, folder: &Path) -> Result<(), Failure> {
    may_be_folder(option, folder)?;
    let tried = std::fs::create_dir_all(folder).and_then(|()| takes_files(&beside(&folder.join("report.html"))));
    tried.map_err(|error| Failure::file(&folder.display().to_string(), "written", &error))
}

/// Refuses what an option names for a folder, there or to be made, where a file stands in its way.
#[cfg(feature = "lab")]
pub fn may_be_folder(option: &str, path: &Path) -> Result<(), Failure> {
    match path.ancestors().find(|above| above.exists()) {
        Some(there) if !there.is_dir() => Err(Failure::could_not(
            format_args!("{option} {}: {} is a file, and no folder", path.display(), there.display()),
            format_args!("name a folder, there or to be made: {option} DIR"),
        )),
        _ => Ok(()),
    }
}

/// Refuses a file that is read by the same command, even by force.
pub fn is_no_input(path: &Path, inputs: &[String]) -> Result<(), Failure> {
    let same =
        |input: &String| path.canonicalize().is_ok_and(|a| Path::new(input).canonicalize().is_ok_and(|b| a == b));
    match inputs.iter().any(same) {
        false => Ok(()),
        true => Err(Failure::usage(
            format_args!("{}: this file is what is read", path.display()),
            "name another file to write",
        )),
    }
}

/// The temporary file of a file: in the same folder, for a rename moves no bytes there.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    folder(path).join(format!(".{name}.{}.tmp", std::process::id()))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a whole file or nothing: a temporary file beside it, flushed to the disk, then renamed.
pub fn save(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    may_write(path, force)?;
    let written = if is_device(path) { std::fs::write(path, bytes) } else { write_beside(path, bytes) };
    written.map_err(|error| Failure::file(&path.display().to_string(), "write", &error))
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    // The name is on the disk once the folder is; a platform that cannot open folders does it by itself.
    written.map(|()| File::open(folder(path)).and_then(|f| f.sync_all()).unwrap_or(()))
}

/// `/dev/stdout`, `/dev/full`, a named pipe: written to, never replaced.
fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// The exit code after an answer that holds an error-level warning.
pub fn code(unusable: bool) -> std::process::ExitCode {
    std::process::ExitCode::from(if unusable { COULD_NOT } else { 0 })
}
