//! `isoloss runs`: what is in a store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use isoloss_runs::record::{Convention, Part, Run as Record, StateName};
use isoloss_runs::store::{Store, StoreError};
use isoloss_runs::{Runs as Table, export, import, read_text};

use super::Run;
use crate::failure::{COULD_NOT, Failure};
use crate::numbers::{count, number, size};
use crate::output::{self, Format, answer, talk};
use crate::report::table::table;

/// Options of `runs`.
#[derive(Args, Debug)]
pub struct Runs {
    #[command(subcommand)]
    what: What,
}

/// Which store.
#[derive(Args, Debug)]
struct OfStore {
    /// The folder of runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    store: PathBuf,
}

#[derive(Subcommand, Debug)]
enum What {
    /// A line for every run
    List {
        #[command(flatten)]
        of: OfStore,
        /// Only those of a question, a family or a state: --only finished
        #[arg(long, value_name = "WORD")]
        only: Option<String>,
        /// How it is written
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        format: Format,
    },
    /// Everything about one run
    Show {
        /// The id, or its first digits
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        of: OfStore,
    },
    /// Runs from a CSV that `runs export` wrote, such as an experiment's results
    Import {
        /// The file
        #[arg(value_name = "CSV")]
        file: PathBuf,
        #[command(flatten)]
        of: OfStore,
    },
    /// All runs as one CSV, from which they can be imported
    Export {
        #[command(flatten)]
        of: OfStore,
        /// The file
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Write over a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Is everything whole, and does every record say what follows from its config?
    Check {
        #[command(flatten)]
        of: OfStore,
    },
}

impl Run for Runs {
    const ABOUT: &str = "List, show, import, export and check the runs of a store";
    const EXAMPLES: &str = "\
Examples:
  isoloss runs list
  isoloss runs list --only diverged --format json
  isoloss runs show 3ce2
  isoloss runs export -o runs.csv
  isoloss runs import experiments/results/first-ladder.csv
  isoloss runs check

A store is a folder; each run in it is a folder with run.json and curve.jsonl, which are the truth.
Exit code 0: it did; 1: it could not, or check found something; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::List { of, only, format } => list(&of, only.as_deref(), format),
            What::Show { id, of } => show(&of, &id),
            What::Import { file, of } => bring(&of, &file),
            What::Export { of, output, force } => {
                output::may_write(&output, force)?;
                let runs = all(&store_of(&of)?)?;
                output::save(&output, export(&runs, Convention::default()).as_bytes(), force)?;
                talk(format_args!("wrote {} with {}", output.display(), count(runs.len(), "run")));
                Ok(ExitCode::SUCCESS)
            }
            What::Check { of } => check(&of),
        }
    }
}

/// The store that was named; one that is not there is a mistake of whoever named it, as a missing file is.
fn store_of(of: &OfStore) -> Result<Store, Failure> {
    Store::read(&of.store).map_err(|error| match of.store.is_dir() {
        true => error.into(),
        false => Failure::from(error).of_usage(),
    })
}

/// All runs that can be read; what is wrong with the others is said.
fn all(store: &Store) -> Result<Table, Failure> {
    let listing = store.runs()?;
    listing.problems.iter().for_each(|problem| talk(format_args!("note: {problem}")));
    Ok(listing.runs)
}

fn list(of: &OfStore, only: Option<&str>, format: Format) -> Result<ExitCode, Failure> {
    // Runs that were begun in the same second stand by what they are, not by the chance of their ids.
    let key = |run: &Record| {
        let (labels, counts) = (run.labels.clone(), (run.counts.non_embedding, run.counts.tokens));
        (run.created.clone(), labels.question, labels.family, counts, run.seed, run.id.clone())
    };
    let mut runs = all(&store_of(of)?)?.sorted(key);
    if let Some(only) = only {
        let words = |run: &Record| -> [String; 3] {
            [run.state.name.word().to_owned(), run.labels.question.clone(), run.labels.family.clone()]
        };
        let known: BTreeSet<String> = runs.iter().flat_map(words).filter(|word| !word.is_empty()).collect();
        if !known.is_empty() && !known.contains(only) {
            let known: Vec<String> = known.into_iter().collect();
            let message = format!("--only {only}: no run has this question, family or state");
            return Err(Failure::usage(message, format_args!("there are {}", known.join(", "))));
        }
        runs = runs.into_iter().filter(|run| words(run).iter().any(|word| word == only)).collect();
    }
    match format {
        Format::Csv => answer(&export(&runs, Convention::default()))?,
        Format::Json => {
            let all: Vec<&Record> = runs.iter().collect();
            answer(&(serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"))?;
        }
        Format::Text => answer(&text(&runs))?,
    }
    // The program ends here: the system takes back the memory of ten thousand records faster than they can be taken apart.
    std::mem::forget(runs);
    Ok(ExitCode::SUCCESS)
}

/// A column that tells runs of one rung apart: its name, and what a run has there.
type Tells = (&'static str, fn(&Record) -> String);

/// Sweeps and replicates try the same rung several times, by these.
const TELLS: &[Tells] = &[
    // Records that came from the results of an experiment say what they were for.
    (Part::KEY, |run| Part::of(run).map_or("", Part::word).to_owned()),
    ("lr", |run| run.config["training"]["lr"].as_f64().map_or_else(String::new, |lr| number(lr, 3))),
    ("batch", |run| run.config["training"]["batch"].as_u64().map_or_else(String::new, |batch| batch.to_string())),
    ("seed", |run| run.seed.to_string()),
];

/// The columns that differ among runs of one name; none where all runs have names of their own.
fn apart(runs: &Table) -> Vec<Tells> {
    let mut named: BTreeMap<[&str; 3], Vec<&Record>> = BTreeMap::new();
    for run in runs.iter() {
        let labels = &run.labels;
        named.entry([&labels.question, &labels.family, &labels.rung]).or_default().push(run);
    }
    let differ = |(_, tells): &Tells| {
        named.values().any(|all| {
            let first = tells(all[0]);
            all[1..].iter().any(|run| tells(run) != first)
        })
    };
    TELLS.iter().copied().filter(differ).collect()
}

fn text(runs: &Table) -> String {
    let apart = apart(runs);
    let line = |run: &Record| -> Vec<String> {
        let loss = run.loss().map_or_else(String::new, |loss| format!("{loss:.4}"));
        let planned = run.config["training"]["steps"].as_u64().unwrap_or(0);
        let step = match run.state.name {
            StateName::Finished => String::new(),
            _ => format!("{} of {planned} steps", run.state.step),
        };
        let why = run.state.reason.clone().unwrap_or_default();
        let notes: Vec<String> = [step, why].into_iter().filter(|note| !note.is_empty()).collect();
        let mut line = vec![
            run.id.clone(),
            run.state.name.word().to_owned(),
            run.labels.question.clone(),
            run.labels.family.clone(),
            run.labels.rung.clone(),
        ];
        line.extend(apart.iter().map(|(_, tells)| tells(run)));
        line.extend([
            size(run.counts.non_embedding as f64),
            size(run.counts.tokens as f64),
            number(run.counts.flops_counted, 3),
            loss,
            notes.join(": "),
        ]);
        line
    };
    let before = ["id", "state", "question", "family", "rung"];
    let names = apart.iter().map(|(name, _)| *name);
    let header: Vec<&str> = before.into_iter().chain(names).chain(["N", "D", "C", "loss", ""]).collect();
    let lines: Vec<Vec<String>> = runs.iter().map(line).collect();
    let states = StateName::ALL.map(|name| (name, runs.iter().filter(|run| run.state.name == name).count()));
    let states: Vec<String> =
        states.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {}", name.word())).collect();
    format!("{}{}: {}\n", table(&header, &lines), count(runs.len(), "run"), states.join(", "))
}

fn show(of: &OfStore, id: &str) -> Result<ExitCode, Failure> {
    let store = store_of(of)?;
    let runs = all(&store)?.filter(|run| run.id.starts_with(id));
    match runs.as_slice() {
        [run] => {
            answer(&(serde_json::to_string_pretty(run).unwrap_or_default() + "\n"))?;
            let folder = store.folder_of(&run.id)?;
            talk(format_args!(
                "in {}, with a curve of {}",
                folder.display(),
                count(store.curve(&run.id)?.len(), "point")
            ));
            Ok(ExitCode::SUCCESS)
        }
        [] => Err(Failure::usage(
            format_args!("{}: there is no run whose id begins with {id}", of.store.display()),
            "isoloss runs list shows all ids",
        )),
        several => Err(Failure::usage(
            format_args!("{id}: {} begin so", count(several.len(), "run")),
            format_args!("as in isoloss runs show {}", several[0].id),
        )),
    }
}

fn bring(of: &OfStore, file: &std::path::Path) -> Result<ExitCode, Failure> {
    let name = file.display().to_string();
    let runs = import(&name, &read_text(file)?)?;
    let store = Store::open(&of.store)?;
    let (mut new, mut there) = (0, 0);
    for run in runs.iter() {
        let Some(claim) = store.claim(&run.id)? else {
            talk(format_args!("note: {} is being trained, and left alone", run.id));
            continue;
        };
        if claim.run()?.is_some_and(|known| known.state.name.is_over()) {
            there += 1;
            continue;
        }
        claim.write(run)?;
        // What an interrupted run would have gone on from.
        claim.cut_curve(0)?;
        claim.drop_checkpoints()?;
        new += 1;
    }
    talk(format_args!("{name}: {} brought into {}, {there} were there", count(new, "run"), of.store.display()));
    Ok(ExitCode::SUCCESS)
}

fn check(of: &OfStore) -> Result<ExitCode, Failure> {
    let store = store_of(of)?;
    let mut problems: Vec<StoreError> = store.check()?;
    let runs = store.runs()?.runs;
    for run in runs.iter() {
        let hint = "the config is right: remove the folder and run it again, or mend the counts by hand";
        let folder = store.folder_of(&run.id)?;
        problems.extend(miscounted(run).map(|says| StoreError::new(folder, says).hint(hint)));
    }
    problems.iter().for_each(|problem| talk(format_args!("{problem}")));
    let runs = runs.len();
    talk(format_args!(
        "{}: {}, {}",
        of.store.display(),
        count(runs, "run"),
        match problems.len() {
            0 => "everything is whole".to_owned(),
            n => count(n, "problem"),
        }
    ));
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(COULD_NOT) })
}

/// What a record says of its counts where its config says something else.
#[cfg(feature = "lab")]
fn miscounted(run: &Record) -> Option<String> {
    // One of a newer program, or made by hand, cannot be counted again.
    let config: isoloss_train::RunConfig = serde_json::from_value(run.config.clone()).ok()?;
    let [said, counted] =
        [&run.counts, &isoloss_train::counts(&config)].map(|counts| serde_json::to_value(counts).ok());
    let (said, counted) = (said?, counted?);
    let differ = |(name, value): (&String, &serde_json::Value)| {
        // What is not recorded was not counted then.
        said.get(name)
            .is_some_and(|said| said != value)
            .then(|| format!("{name} is {value} and recorded as {}", said[name]))
    };
    let differing: Vec<String> = counted.as_object()?.iter().filter_map(differ).collect();
    (!differing.is_empty()).then(|| format!("counts do not follow from the config: {}", differing.join(", ")))
}

/// Without the models nothing can be counted.
#[cfg(not(feature = "lab"))]
fn miscounted(_: &Record) -> Option<String> {
    None
}
