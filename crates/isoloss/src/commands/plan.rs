//! `isoloss plan FIT`: what to train for a budget, a size, a length or a loss; and which runs would tell most.

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use isoloss_formula::nearest;
use isoloss_laws::{Circumstances, Fit, Given, plan};

use super::Run;
use super::next::Runs;
use super::predict::{carried, known_families, load};
use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::report::plans::{self, Planned, Prices};

/// Options of `plan`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("given").required(true).multiple(false).args(["flops", "params", "tokens", "loss", "next"]))]
pub struct Plan {
    /// A fit saved by isoloss fit --save, or published:NAME (isoloss list published shows them)
    #[arg(value_name = "FIT")]
    fit: String,

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

Training takes C = 6 N D FLOPs, serving 2 N a token. With --serve the cheapest life is looked for: a smaller model \
trained for longer. \"Mean\" is the law itself, \"one new run\" adds the noise of a run and, beyond the runs that were \
fitted, what held-out runs showed of the law's own error.
Exit code 0: it did; 1: it could not, or the numbers must not be used; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        let one = |flag: &str, text: &Option<String>| -> Result<Option<f64>, Failure> {
            let Some(text) = text else { return Ok(None) };
            Ok(arguments::numbers(flag, std::slice::from_ref(text))?.first().copied())
        };
        let next = self.runs.asked()?;
        let given = self.given()?;
        let prices = Prices { throughput: one("--throughput", &self.throughput)?, price: one("--price", &self.price)? };
        let circumstances = Circumstances {
            served: one("--serve", &self.serve)?.unwrap_or(0.0),
            unique: one("--unique", &self.unique)?,
            with: arguments::values("--with", &self.with)?,
            family: self.family.clone(),
        };
        let fit = load(&self.fit)?;
        known_families(&self.fit, &fit, self.family.as_slice(), true)?;
        known_inputs(&fit, &circumstances.with)?;
        if next {
            let strange = [
                ("--serve", self.serve.is_some()),
                ("--unique", self.unique.is_some()),
                ("--throughput", self.throughput.is_some()),
                ("--with", !self.with.is_empty()),
            ];
            if let Some((flag, _)) = strange.iter().find(|(_, given)| *given) {
                return Err(Failure::usage(
                    format_args!("{flag}: --next chooses runs, and would not heed it"),
                    "leave it out",
                ));
            }
            self.runs.answer(&fit, self.format)?;
            return Ok(output::code(carried(&self.fit, &fit)));
        }
        let plans = given.into_iter().map(|given| {
            let plan = plan(&fit, given, &circumstances)?;
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
        let report = plans::Report { fit: &fit, plans: &plans, circumstances: &circumstances, prices };
        output::answer(&match self.format {
            Format::Text => plans::text(&report),
            Format::Json => plans::json(&report),
            Format::Csv => plans::csv(&report),
        })?;
        Ok(output::code(carried(&self.fit, &fit)))
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
    let inputs: Vec<&str> = fit.law.inputs().filter(|i| !matches!(*i, "N" | "D")).collect();
    match with.iter().find(|(name, _)| !inputs.contains(&name.as_str())) {
        None => Ok(()),
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
