//! `isoloss plan FIT`: what to train for a budget, a size, a length or a loss; which runs would tell most; and on which
//! mixture.

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use isoloss_formula::nearest;
use isoloss_laws::{Circumstances, Fit, Given, plan};

use super::Run;
use super::mixture::Mixing;
use super::next::Runs;
use super::predict::{carried, known_families, load};
use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::report::plans::{self, Planned, Prices};

/// Options of `plan`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("given").required(true).multiple(false).args(["flops", "params", "tokens", "loss", "next", "mixture"]))]
pub struct Plan {
    /// A fit saved by isoloss fit --save, or published:NAME (isoloss list published shows them); several with --mixture
    #[arg(value_name = "FIT", required = true)]
    fits: Vec<String>,

    /// A compute budget in FLOPs; several at once: --flops 1e20,1e21,1e22
    #[arg(long, value_name = "C", help_heading = "One of")]
    flops: Vec<String>,
    /// A size: the tokens it is best trained on, and what that takes: --params 7B
    #[arg(long, value_name = "N", help_heading = "One of")]
    params: Vec<String>,
    /// So many training tokens: the size they serve best: --tokens 1T
    #[arg(long, value_name = "D", help_heading = "One of")]
    tokens: Vec<String>,
    /// A loss: the cheapest way there: --loss 2.1
    #[arg(long, value_name = "L", help_heading = "One of")]
    loss: Vec<String>,

    /// Tokens that the model will serve in its life, 2 N FLOPs each; a budget is then for its whole life: --serve 5T
    #[arg(long, value_name = "T", help_heading = "What else decides")]
    serve: Option<String>,
    /// Unique tokens there are to train on; more are repeats: --unique 100B
    #[arg(long, value_name = "U", help_heading = "What else decides")]
    unique: Option<String>,
    /// Other inputs of the law: --with S=0.9
    #[arg(long, value_name = "NAME=VALUE", help_heading = "What else decides")]
    with: Vec<String>,
    /// Which family, for a fit with parameters per family (isoloss list FIT names them): --family mla
    #[arg(long, value_name = "NAME", help_heading = "What else decides")]
    family: Option<String>,

    /// FLOP/s of all devices together, as measured and not as advertised; gives the hours of training
    #[arg(long, value_name = "FLOP/S", help_heading = "Time and money")]
    throughput: Option<String>,
    /// Price of an hour of all devices together; gives the cost of training
    #[arg(long, value_name = "PRICE", requires = "throughput", help_heading = "Time and money")]
    price: Option<String>,

    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    mixing: Mixing,

    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Run for Plan {
    const ABOUT: &str = "What to train for a budget, a size, a length or a loss";
    const EXAMPLES: &str = "\
Examples:
  isoloss plan fit.json --flops 1e20,1e21,1e22
  isoloss plan published:besiroglu-2024 --loss 2.1 --serve 5T
  isoloss plan fit.json --params 7B --unique 100B
  isoloss plan fit.json --flops 1e21 --throughput 4e14 --price 2.5
  isoloss plan fit.json --next 8 --budget 1e20 --know alpha
  isoloss plan text.json code.json --mixture --weights 2,1 --at \"N=1B,D=20B\"

Training takes C = 6 N D FLOPs, serving 2 N a token. With --serve the cheapest life is looked for: a smaller model \
trained for longer. \"Mean\" is the law itself, \"one new run\" adds the noise of a run and, beyond the runs that were \
fitted, what held-out runs showed of the law's own error.
--mixture needs fits of a law of shares, columns w_... that add up to 1: mixture-additive, mixture-joint, data-mixing, or \
a formula with sum(... w_* ...); one fit for each kind of data that the target has a loss of.
Exit code 0: it did; 1: it could not, or the numbers must not be used; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        let one = |flag: &str, text: &Option<String>| -> Result<Option<f64>, Failure> {
            let Some(text) = text else { return Ok(None) };
            Ok(arguments::numbers(flag, std::slice::from_ref(text))?.first().copied())
        };
        let mixture = self.mixing.asked(self.fits.len())?;
        let next = self.runs.asked(mixture)?;
        let given = self.given()?;
        let prices = Prices { throughput: one("--throughput", &self.throughput)?, price: one("--price", &self.price)? };
        let circumstances = Circumstances {
            served: one("--serve", &self.serve)?.unwrap_or(0.0),
            unique: one("--unique", &self.unique)?,
            with: arguments::values("--with", &self.with)?,
            family: self.family.clone(),
        };
        let strange = [
            ("--serve", self.serve.is_some()),
            ("--unique", self.unique.is_some()),
            ("--throughput", self.throughput.is_some()),
            ("--with", !self.with.is_empty()),
        ];
        let strange = strange.iter().find(|(_, given)| *given).map(|(flag, _)| *flag);
        let mut fits = Vec::with_capacity(self.fits.len());
        for name in &self.fits {
            let fit = load(name)?;
            known_families(name, &fit, self.family.as_slice(), true)?;
            fits.push((name.clone(), fit));
        }
        if mixture {
            if let Some(flag) = strange {
                return Err(Failure::usage(
                    format_args!("{flag}: --mixture looks for shares, and would not heed it"),
                    "leave it out; --at gives the law its other inputs",
                ));
            }
            self.mixing.answer(&fits, self.runs.at.as_ref(), self.family.as_ref(), self.format)?;
            let unusable: Vec<bool> = fits.iter().map(|(name, fit)| carried(name, fit)).collect();
            return Ok(output::code(unusable.contains(&true)));
        }
        // Of several fits only a mixture is planned.
        let [(name, fit)] = fits.as_slice() else {
            return Err(Failure::usage("a plan is made from a fit", "isoloss plan fit.json --flops 1e21"));
        };
        known_inputs(fit, &circumstances.with)?;
        if next {
            if let Some(flag) = strange {
                return Err(Failure::usage(
                    format_args!("{flag}: --next chooses runs, and would not heed it"),
                    "leave it out",
                ));
            }
            self.runs.answer(fit, self.format)?;
            return Ok(output::code(carried(name, fit)));
        }
        let plans = given.into_iter().map(|given| {
            let plan = plan(fit, given, &circumstances)?;
            Ok(Planned { given, plan })
        });
        let plans = plans.collect::<Result<Vec<_>, Failure>>()?;
        if plans.iter().any(|p| prices.overflow(&p.plan.flops)) {
            let price = self.price.as_ref().map_or(String::new(), |price| format!(" --price {price}"));
            return Err(Failure::usage(
                format_args!(
                    "--throughput {}{price}: the hours or their cost are more than any number holds",
                    self.throughput.as_deref().unwrap_or_default()
                ),
                "the FLOP/s of all devices together, as in --throughput 4e14",
            ));
        }
        let report = plans::Report { fit, plans: &plans, circumstances: &circumstances, prices };
        output::answer(&match self.format {
            Format::Text => plans::text(&report),
            Format::Json => plans::json(&report),
            Format::Csv => plans::csv(&report),
        })?;
        Ok(output::code(carried(name, fit)))
    }
}

impl Plan {
    /// What is planned for: the parser sees to it that one of the four is there.
    fn given(&self) -> Result<Vec<Given>, Failure> {
        let mut given = Vec::new();
        let mut add = |flag: &str, texts: &[String], kind: fn(f64) -> Given| -> Result<(), Failure> {
            given.extend(arguments::numbers(flag, texts)?.into_iter().map(kind));
            Ok(())
        };
        add("--flops", &self.flops, Given::Flops)?;
        add("--params", &self.params, Given::Params)?;
        add("--tokens", &self.tokens, Given::Tokens)?;
        add("--loss", &self.loss, Given::Loss)?;
        Ok(given)
    }
}

/// A value for what the law does not read is a slip.
pub fn known_inputs(fit: &Fit, with: &[(String, f64)]) -> Result<(), Failure> {
    // N and D are what is looked for.
    let inputs: Vec<&str> = fit.reads().into_iter().filter(|i| !matches!(*i, "N" | "D")).collect();
    match with.iter().find(|(name, _)| !inputs.contains(&name.as_str())) {
        None => Ok(fit.whole_shares(with)?),
        Some((name, _)) => Err(Failure::usage(
            format_args!("--with {name}: the law {} has no input {name}", fit.law.name),
            match nearest(name, inputs.iter().copied()).first() {
                Some(near) => format!("did you mean {near}?"),
                None if name == "U" => "--unique says how many unique tokens there are, whatever the law".to_owned(),
                None if inputs.is_empty() => "it reads N and D, which are looked for: leave --with out".to_owned(),
                None => format!("its inputs are {}", inputs.join(", ")),
            },
        )),
    }
}
