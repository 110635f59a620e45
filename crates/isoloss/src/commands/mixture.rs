//! `isoloss plan FIT... --mixture`: the training mixture for which a loss, or the mean of several, is least.

use clap::Args;
use isoloss_laws::{Fit, Sought, mixture};

use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::report::mixtures;

/// Options of `plan --mixture`.
#[derive(Args, Clone, Debug)]
pub struct Mixing {
    /// The shares of the training mixture for which the loss is least; of several FITs, the mean of their losses: --mixture --at "N=1B,D=20B"
    #[arg(long, help_heading = "The best mixture")]
    pub mixture: bool,
    /// How much the loss of each FIT counts, in their order: --weights 2,1,1 [default: all alike]
    #[arg(long, value_name = "W", requires = "mixture", help_heading = "The best mixture")]
    pub weights: Option<String>,
    /// What the best mixture is held against: --reference "w_web=0.7,w_code=0.3" [default: the best that was trained]
    #[arg(long, value_name = "SHARES", requires = "mixture", help_heading = "The best mixture")]
    pub reference: Option<String>,
}

impl Mixing {
    /// Refuses what would change nothing without --mixture.
    pub fn asked(&self, fits: usize) -> Result<bool, Failure> {
        let given = [("--weights", self.weights.is_some()), ("--reference", self.reference.is_some())];
        match given.iter().find(|(_, given)| *given && !self.mixture) {
            Some((flag, _)) => Err(Failure::usage(
                format_args!("{flag} belongs to --mixture, which is not asked for"),
                "--mixture --at \"N=1B,D=20B\" asks for the best training mixture",
            )),
            None if fits > 1 && !self.mixture => Err(Failure::usage(
                format_args!("{fits} fits: a plan of sizes is made from one"),
                "name one; several are the losses of one target with --mixture",
            )),
            None => Ok(self.mixture),
        }
    }

    /// Looks for the best mixture at each place and prints it.
    pub fn answer(
        &self,
        fits: &[(String, Fit)],
        at: Option<&String>,
        family: Option<&String>,
        format: Format,
    ) -> Result<(), Failure> {
        let places = match at {
            Some(text) => arguments::points("--at", std::slice::from_ref(text))?,
            None => vec![Vec::new()],
        };
        let sought = |with| -> Result<Sought, Failure> {
            Ok(Sought {
                weights: arguments::numbers("--weights", self.weights.as_slice())?,
                with,
                reference: arguments::values("--reference", self.reference.as_slice())?,
                family: family.cloned(),
            })
        };
        let all: Vec<&Fit> = fits.iter().map(|(_, fit)| fit).collect();
        let found = places.into_iter().map(|with| Ok(mixture(&all, &sought(with)?)?));
        let found = found.collect::<Result<Vec<_>, Failure>>()?;
        let report = mixtures::Report { fits, weights: &sought(Vec::new())?.weights, found: &found };
        output::answer(&match format {
            Format::Text => mixtures::text(&report),
            Format::Json => mixtures::json(&report),
            Format::Csv => mixtures::csv(&report),
        })
    }
}
