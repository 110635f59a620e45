//! `isoloss plan FIT --next`: the runs that would tell most.

use clap::Args;
use isoloss_laws::{FARTHER, Fit, Purse, Quantity, next};

use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::report::wanted;

/// Options of `plan --next`.
#[derive(Args, Clone, Debug)]
pub struct Runs {
    /// The runs, at most so many, that would shrink one interval most for their cost: --next 8 --budget 1e21 --know alpha
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "budget", help_heading = "The next runs")]
    pub next: Option<u32>,
    /// FLOPs for all of them together
    #[arg(long, value_name = "C", requires = "next", help_heading = "The next runs")]
    pub budget: Option<String>,
    /// What is to be known: a parameter, loss (with --at N=..,D=..) or N (with --at C=..) [default: the loss at ten times the largest run]
    #[arg(long, value_name = "QUANTITY", requires = "next", help_heading = "The next runs")]
    pub know: Option<String>,
    /// Where it is to be known: --at "N=70e9,D=1.4e12" or --at C=1e24; of --mixture, where the mixture is to be best
    #[arg(long, value_name = "POINT", help_heading = "The next runs")]
    pub at: Option<String>,
    /// Stop once half the interval is this: --until 0.01 on alpha; of a loss or of N it is a share
    #[arg(long, value_name = "HALF", requires = "next", help_heading = "The next runs")]
    pub until: Option<String>,
    /// First spend 60 % near the place that is asked for, where law and truth may differ
    #[arg(long, requires = "next", help_heading = "The next runs")]
    pub anchors: bool,
}

impl Runs {
    /// Refuses what would change nothing without --next; a mixture has a place too. (The parser lets it pass where --flops excludes --next.)
    pub fn asked(&self, mixture: bool) -> Result<bool, Failure> {
        let given = [
            ("--budget", self.budget.is_some()),
            ("--know", self.know.is_some()),
            ("--at", self.at.is_some() && !mixture),
            ("--until", self.until.is_some()),
            ("--anchors", self.anchors),
        ];
        match given.iter().find(|(_, given)| *given && self.next.is_none()) {
            None => Ok(self.next.is_some()),
            Some((flag, _)) => Err(Failure::usage(
                match *flag {
                    "--at" => "--at belongs to --next and --mixture, which are not asked for".to_owned(),
                    flag => format!("{flag} belongs to --next, which is not asked for"),
                },
                "--next 8 --budget 1e21 asks for the runs that would tell most",
            )),
        }
    }

    /// Chooses and prints.
    pub fn answer(&self, fit: &Fit, format: Format) -> Result<(), Failure> {
        let budget = above_zero("--budget", self.budget.as_deref().unwrap_or_default())?;
        let until = self.until.as_deref().map(|text| above_zero("--until", text)).transpose()?;
        let quantity = match (&self.know, &self.at) {
            (None, None) => farther(fit)?,
            (know, at) => named(know.as_deref().unwrap_or("loss"), at.as_ref(), &fit.law.formula.target)?,
        };
        if let Quantity::Loss(at) = &quantity {
            fit.whole_shares(at)?;
        }
        let runs = self.next.unwrap_or(1) as usize;
        let found = next(fit, &quantity, &Purse { budget, runs, until, anchors: self.anchors })?;
        let report = wanted::Report { fit, quantity: &quantity, next: &found, until };
        output::answer(&match format {
            Format::Text => wanted::text(&report),
            Format::Json => wanted::json(&report),
            Format::Csv => wanted::csv(&report),
        })
    }
}

/// The number behind `--until` or `--budget`.
pub fn above_zero(flag: &str, text: &str) -> Result<f64, Failure> {
    match arguments::number(flag, text)? {
        value if value > 0.0 => Ok(value),
        _ => Err(Failure::usage(
            format_args!("{flag} {text}: expected a number above zero"),
            format_args!("as in {flag} {}", if flag == "--until" { "0.01" } else { "1e21" }),
        )),
    }
}

/// What `--know` names, and `--at`; `target` is what the law is of.
pub fn named(know: &str, at: Option<&String>, target: &str) -> Result<Quantity, Failure> {
    let at = match at {
        Some(text) => arguments::points("--at", std::slice::from_ref(text))?.into_iter().next(),
        None => None,
    };
    match know {
        "N" => match at.as_ref().and_then(|at| at.iter().find(|(n, _)| n == "C")) {
            Some((_, flops)) => Ok(Quantity::Params(*flops)),
            None => Err(Failure::usage("--know N: the best N for which budget?", "--at C=1e24 names it, in FLOPs")),
        },
        name if name != "loss" && name != target => Ok(Quantity::Parameter(name.to_owned())),
        name => at.map(Quantity::Loss).ok_or_else(|| {
            Failure::usage(format_args!("--know {name}: at which place?"), "--at \"N=70e9,D=1.4e12\" names it")
        }),
    }
}

/// The loss at ten times the compute, at the best sizes for it.
fn farther(fit: &Fit) -> Result<Quantity, Failure> {
    let best = fit.largest_flops.and_then(|largest| fit.optimum(FARTHER * largest));
    match best {
        Some(best) => Ok(Quantity::Loss(vec![("N".into(), best.params.value), ("D".into(), best.tokens.value)])),
        None => Err(Failure::usage(
            "--next: what is to be known?",
            "--know alpha names a parameter, --know loss --at \"N=70e9,D=1.4e12\" a place",
        )),
    }
}
