//! `isoloss compare`: families at equal loss, from fits (`fits.rs`) or a table (`families.rs`), and scores in sizes
//! (`scores.rs`, `sizes.rs`).

mod families;
mod fits;
mod scores;
mod sizes;

/// What a column of sizes is called where nobody says.
const SIZE: &str = "size";

pub use families::{named, reached};
pub use fits::{Asked, pair};
#[cfg(feature = "lab")]
pub use scores::{errors_of, off};

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use isoloss_runs::{Reading, read_path};

use super::fit::{OfFit, OfLaw, OfRows, read};
use super::predict::load;
use super::{Run, typed, without};
use crate::failure::Failure;
use crate::output::Format;

/// Options of `compare`.
#[derive(Args, Debug)]
pub struct Compare {
    /// Fits, the baseline first (saved ones, or published:NAME); one saved fit with families; or one TABLE, with --group or --score
    #[arg(value_name = "FIT|TABLE", required = true)]
    what: Vec<String>,
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    families: Families,
    #[command(flatten)]
    scores: Scores,
    #[command(flatten)]
    law: OfLaw,
    #[command(flatten)]
    rows: OfRows,
    #[command(flatten)]
    how: OfFit,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Where curves are compared, and along what.
#[derive(Args, Debug, PartialEq)]
pub struct Places {
    /// Where: C, N or D is what the variant has (--at C=1e20,1e21), L a loss (--at L=2.1) [default: losses both reached]
    #[arg(long, value_name = "PLACES", help_heading = "Where")]
    pub at: Vec<String>,
    /// What is saved at equal loss: compute (at the best N and D for it), N, D or another input [default: compute]
    #[arg(long, value_name = "SCALE", help_heading = "Where")]
    pub scale: Option<String>,
    /// The other inputs of the law, alike for all: --scale N --with D=1e12
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Where")]
    pub with: Vec<String>,
}

/// Families of one table.
#[derive(Args, Debug, PartialEq)]
pub struct Families {
    /// The column that tells families apart: --group arch
    #[arg(long, value_name = "COLUMN", help_heading = "Families of a table")]
    pub group: Option<String>,
    /// The family that the others are measured against: --baseline mla [default for a saved fit: its first]
    #[arg(long, value_name = "NAME", help_heading = "Families of a table")]
    pub baseline: Option<String>,
    /// Also with these parameters per family and the rest shared; the usual is every parameter per family: --per A,B
    #[arg(long, value_name = "PARAMETERS", requires = "group", help_heading = "Families of a table")]
    pub per: Vec<String>,
    /// Rows with the same value here share their luck (seed, data order) [default: rows of equal sizes, if all are paired]
    #[arg(long, value_name = "COLUMN", requires = "group", help_heading = "Families of a table")]
    pub pair: Option<String>,
}

/// Scores of models, and what a gain is worth in size.
#[derive(Args, Debug, PartialEq)]
pub struct Scores {
    /// The column of scores, higher is better: --score average; with --group, what each family is worth in size
    #[arg(long, value_name = "COLUMN", help_heading = "A table of scores")]
    pub score: Option<String>,
    /// The column of sizes [default: size; where there is none of that name, the one that is known as parameters]
    #[arg(long, value_name = "COLUMN", help_heading = "A table of scores")]
    pub size: Option<String>,
    /// The column of names
    #[arg(long, value_name = "COLUMN", default_value = "model", help_heading = "A table of scores")]
    pub name: String,
    /// The model whose gain is measured
    #[arg(long, value_name = "NAME", help_heading = "A table of scores")]
    pub model: Option<String>,
    /// The same model without what is to be measured
    #[arg(long, value_name = "NAME", help_heading = "A table of scores")]
    pub twin: Option<String>,
    /// A smaller and a larger model of one family: --reference "Llama2-7B-Chat,Llama2-13B-Chat"; may be given again
    #[arg(long, value_name = "SMALL,LARGE", help_heading = "A table of scores")]
    pub reference: Vec<String>,
    /// Compute this printed average anew from its tasks, and name the rows that do not check
    #[arg(long, value_name = "COLUMN", help_heading = "A table of scores")]
    pub average: Option<String>,
    /// The tasks it is the mean of [default: every other column of numbers]: --of "MMLU,GSM8k"; without --average and --score
    /// their mean is the score
    #[arg(long, value_name = "COLUMNS", help_heading = "A table of scores")]
    pub of: Vec<String>,
}

impl Scores {
    /// Options that families of runs have no use for.
    fn of_one_model(&self) -> Vec<String> {
        let given = [
            ("--model", self.model.is_some()),
            ("--twin", self.twin.is_some()),
            ("--reference", !self.reference.is_empty()),
            ("--average", self.average.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag.to_owned()).collect()
    }
}

impl Run for Compare {
    const ABOUT: &str = "Families at equal loss: how many times the compute, parameters or tokens one saves";
    const EXAMPLES: &str = "\
Examples:
  isoloss compare published:kimi-mla published:kimi-linear --at C=4,5,10
  isoloss compare old.json new.json --at C=1e20,1e21
  isoloss compare families.json --baseline transformer
  isoloss compare runs.csv --group arch --baseline transformer
  isoloss compare runs.csv --group arch --baseline transformer --per A,B --scale N --with D=1e10
  isoloss compare runs.csv --score accuracy --size params_non_embedding --group family --baseline plain
  isoloss compare evaluations/ --of \"arc_challenge,hellaswag\"
  isoloss compare experiments/results/benchmark-published.csv --score average --average average \\
      --model Memory3-SFT --twin \"Memory3-SFT without memory\" --reference \"Llama2-7B-Chat,Llama2-13B-Chat\"

The multiplier is what the baseline needs over what the variant needs, for the same loss: 1.16 means that the baseline \
takes 1.16 times as much. Between laws of different exponents it depends on the loss. Draws of one fit belong together, \
draws of two fits are independent: a table with --group is surer than two saved fits of the same runs.
The gain of a model over its twin in score is read as a gain in size off two models of another family, linear in size \
and by the logarithm of size; experiments/results/benchmark-published.csv is table 16 of Yang et al. 2024 (arXiv \
2407.01178). Of runs at several sizes, with or without seeds, --group and --baseline say how many times its size a model of \
the baseline would need for the score of each other family, by the line of its scores over ln size. A folder of results \
of lm-evaluation-harness is a table with a row a model and a column a task.
Exit code 0: it did, whatever the answer; 1: it could not, or the numbers must not be used; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        let scores = self.scores.score.is_some() || self.scores.average.is_some() || !self.scores.of.is_empty();
        let of_scores = [&self.scores.model, &self.scores.twin];
        if !scores && (of_scores.iter().any(|name| name.is_some()) || !self.scores.reference.is_empty()) {
            let hint = "--score names the column of scores, or --of the tasks that it is the mean of";
            return Err(Failure::usage("--model, --twin and --reference are of scores: of which?", hint));
        }
        match self.what.as_slice() {
            [table] if scores => {
                let mut idle = [of_runs(), typed::<Families>(), typed::<Places>()];
                if self.families.group.is_some() {
                    idle[1].retain(|flag| !["--group", "--baseline"].contains(&flag.as_str()));
                    idle[1].extend(self.scores.of_one_model());
                }
                self.only(&idle)?;
                scores::run(table, &self.scores, &self.families, self.format)
            }
            [table] if self.families.group.is_some() => families::run(table, &self),
            [one] if !scores => {
                self.only(&[of_runs()])?;
                self.single(one)
            }
            fits if !scores && self.families.group.is_none() => {
                self.only(&[of_runs()])?;
                if let Some(name) = &self.families.baseline {
                    return Err(Failure::usage(
                        format_args!("--baseline {name}: of several fits the first one is the baseline"),
                        "put it first, and leave --baseline out",
                    ));
                }
                fits::run(fits, &self.places, self.format)
            }
            tables => Err(Failure::usage(
                format_args!("compare: {} tables", tables.len()),
                match (&self.families.group, self.families.per.as_slice(), tables) {
                    // As isoloss fit takes them, which has no other name for the column.
                    (Some(group), [column], [_, parameters]) if !Path::new(parameters).exists() => format!(
                        "--per takes the parameters alone here, --group the column: --group {group} --per {parameters} \
                         (in place of --per {column} {parameters})"
                    ),
                    _ => "one table at a time; fits are compared without --group and --score".to_owned(),
                },
            )),
        }
    }
}

impl Compare {
    /// A fit with families has something to compare; a table needs to be told which column holds them.
    fn single(&self, name: &str) -> Result<ExitCode, Failure> {
        let alone = |hint: String| Err(Failure::usage(format_args!("compare {name}: with what?"), hint));
        match load(name) {
            Ok(fit) if fit.differs() => families::of_fit(name, &fit, self),
            Ok(_) => alone(format!(
                "this fit has no parameters per family: name a second fit, isoloss compare {name} other.json"
            )),
            Err(failure) => match read_path(Path::new(name)) {
                Ok(reading) => alone(wanted(name, &reading)),
                // A folder is no fit: what is wrong is what its evaluations lack.
                Err(_) if Path::new(name).is_dir() => Err(read(Path::new(name)).err().unwrap_or(failure)),
                Err(_) => Err(failure),
            },
        }
    }

    /// What would change nothing is a misunderstanding.
    fn only(&self, idle: &[Vec<String>]) -> Result<(), Failure> {
        let place = format!("compare {}", self.what.join(" "));
        without(place, &idle.concat(), "leave them out; isoloss compare --help says which belong together")
    }
}

/// What a table has to be asked: of evaluations a mean over tasks, of runs which column holds families.
fn wanted(name: &str, reading: &Reading) -> String {
    let table = &reading.table;
    let is_task = |task: &&str| table.column(&format!("{task}_stderr")).is_some();
    let tasks: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).filter(is_task).take(2).collect();
    match reading.notes.iter().any(|note| note.code == "metric") {
        true => format!(
            "--of names the tasks that a score is the mean of: isoloss compare {name} --of \"{}\"",
            tasks.join(",")
        ),
        false => "a table takes --group COLUMN --baseline NAME; fits are two or more, the baseline first".to_owned(),
    }
}

/// Options that only a table of runs has use for.
fn of_runs() -> Vec<String> {
    [typed::<OfLaw>(), typed::<OfRows>(), typed::<OfFit>()].concat()
}
