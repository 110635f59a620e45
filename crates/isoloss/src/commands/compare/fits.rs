//! Saved fits and published constants at equal loss.

use std::process::ExitCode;

use isoloss_formula::nearest;
use isoloss_laws::{Fit, Place, Scale, Side, compare};

use super::Places;
use crate::arguments;
use crate::commands::predict::{carried, load};
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::report::comparisons::{self, Compared, One, Report};

pub fn run(names: &[String], places: &Places, format: Format) -> Result<ExitCode, Failure> {
    let asked = Asked::new(places)?;
    let fits = names.iter().map(|name| load(name)).collect::<Result<Vec<Fit>, Failure>>()?;
    if let Some((name, _)) = names.iter().zip(&fits).find(|(_, fit)| fit.differs()) {
        return Err(Failure::usage(
            format_args!("{name}: this fit has parameters per family"),
            format_args!("its families are compared with each other: isoloss compare {name} --baseline NAME"),
        ));
    }
    let (unit, all) = against(names, &fits, &asked)?;
    let report = Report { baseline: &names[0], scale: &unit, given: &asked.with, all: &all, level: fits[0].level };
    output::answer(&comparisons::written(&report, format))?;
    let unusable: Vec<bool> = names.iter().zip(&fits).map(|(name, fit)| carried(name, fit)).collect();
    Ok(output::code(unusable.contains(&true)))
}

/// Every later fit against the first, and the unit of what they need.
fn against(names: &[String], fits: &[Fit], asked: &Asked) -> Result<(String, Vec<One>), Failure> {
    let mut all = Vec::new();
    let mut unit = String::new();
    for (name, variant) in names.iter().zip(fits).skip(1) {
        let one = pair((&names[0], &fits[0]), (name, variant), asked)?;
        unit = one.0;
        all.push(one.1);
    }
    Ok((unit, all))
}

/// One fit against another, and the unit of what they need.
pub fn pair(baseline: (&str, &Fit), variant: (&str, &Fit), asked: &Asked) -> Result<(String, One), Failure> {
    let (scale, at) = asked.of(variant.1, baseline.1)?;
    alike(baseline, variant, &scale)?;
    let side = |fit| Side { fit, family: None };
    let comparison = compare(side(baseline.1), side(variant.1), &scale, &asked.with, &at)
        .map_err(|e| Failure::from(e).within(&format!("{} against {}", variant.0, baseline.0)))?;
    let one = One { variant: variant.0.to_owned(), all: vec![Compared { how: String::new(), comparison }] };
    Ok((comparisons::unit(variant.1, &scale), one))
}

/// Where and along what, as it was typed.
#[derive(Debug, Default)]
pub struct Asked {
    at: Vec<(String, f64)>,
    scale: Option<String>,
    pub with: Vec<(String, f64)>,
}

impl Asked {
    pub fn new(places: &Places) -> Result<Self, Failure> {
        let mut at = Vec::new();
        for text in &places.at {
            for (name, values) in arguments::assignments("--at", text)? {
                at.extend(arguments::numbers("--at", &values)?.into_iter().map(|value| (name.clone(), value)));
            }
        }
        Ok(Self { at, scale: places.scale.clone(), with: arguments::values("--with", &places.with)? })
    }

    /// The scale and the places, in the words of the variant's law. Inputs that are given may be of either law.
    pub fn of(&self, variant: &Fit, baseline: &Fit) -> Result<(Scale, Vec<Place>), Failure> {
        let law = &variant.law;
        let inputs: Vec<&str> = law.inputs().collect();
        let others: Vec<&str> = baseline.law.inputs().filter(|name| !inputs.contains(name)).collect();
        let mut scale: Option<(Scale, &str)> = match &self.scale {
            Some(name) => Some((scale(name, &inputs, &law.name, "--scale")?, name)),
            None => None,
        };
        let mut places = Vec::new();
        for (name, value) in &self.at {
            let is_loss = (name == "L" || *name == law.formula.target) && !inputs.contains(&name.as_str());
            if is_loss {
                places.push(Place::Loss(*value));
                continue;
            }
            let asked = self::scale(name, &inputs, &law.name, "--at")?;
            // A law of one scale takes any name for it, but neither two at once nor sizes where it means compute.
            let first = self.at.iter().map(|(n, _)| n).find(|n| *n != "L" && **n != law.formula.target);
            let compute = variant.units.iter().any(|(n, unit)| n == "X" && (unit == "PF-days" || unit == "FLOPs"));
            if inputs == ["X"] && (first != Some(name) || compute && (name == "N" || name == "D")) {
                let unit = variant.units.first().map_or(String::new(), |(_, unit)| format!(" in {unit}"));
                return Err(Failure::usage(
                    format_args!("--at {name}=..: the law {} has one scale, X{unit}", law.name),
                    "--at C=4,5 or --at X=4,5 asks along it",
                ));
            }
            match &scale {
                Some((known, said)) if *known != asked => {
                    return Err(Failure::usage(
                        format_args!("--at {name}=..: the comparison is along {said}"),
                        format_args!("one scale at a time: --scale {name} --at {name}=.., or --at L=.. for a loss"),
                    ));
                }
                _ => scale = Some((asked, name)),
            }
            places.push(Place::Scale(*value));
        }
        let stray = self.with.iter().find(|(n, _)| !inputs.iter().chain(&others).any(|input| input == n));
        if let Some((name, _)) = stray {
            let both = match law.name == baseline.law.name {
                true => format!("the law {} has", law.name),
                false => format!("neither the law {} nor the law {} has", baseline.law.name, law.name),
            };
            let all: Vec<&str> = inputs.iter().chain(&others).copied().collect();
            return Err(Failure::usage(
                format_args!(
                    "--with {name}: {both} {}input {name}",
                    if both.starts_with("neither") { "an " } else { "no " }
                ),
                format_args!("what can be given is {}", all.join(", ")),
            ));
        }
        let scale = match scale {
            // Beside a law of several inputs the one scale of this law is what it was called.
            Some((Scale::Input(only), said)) if inputs == [only.as_str()] && baseline.law.inputs().count() > 1 => {
                if said == "C" || said == "compute" {
                    Scale::Compute
                } else {
                    Scale::Input(said.to_owned())
                }
            }
            Some((scale, _)) => scale,
            None => Scale::Compute,
        };
        let held = |(name, _): &&(String, f64)| match &scale {
            Scale::Compute => name == "N" || name == "D",
            Scale::Input(along) => name == along,
        };
        if let (Some((name, _)), true) = (self.with.iter().find(held), inputs.len() > 1) {
            let hint = if inputs.contains(&"N") && inputs.contains(&"D") {
                "--scale N --with D=.. saves parameters, --scale D --with N=.. tokens".to_owned()
            } else {
                "leave it out".to_owned()
            };
            return Err(Failure::usage(format_args!("--with {name}: it is what the comparison runs along"), hint));
        }
        Ok((scale, places))
    }
}

/// The scale of that name. A law of one input has one scale, whatever it is called.
fn scale(name: &str, inputs: &[&str], law: &str, flag: &str) -> Result<Scale, Failure> {
    const SCALES: [&str; 5] = ["compute", "C", "N", "D", "X"];
    if let ([only], true) = (inputs, SCALES.contains(&name)) {
        return Ok(Scale::Input((*only).to_owned()));
    }
    if inputs.contains(&name) {
        return Ok(Scale::Input(name.to_owned()));
    }
    if name == "compute" || name == "C" {
        return Ok(Scale::Compute);
    }
    let known = inputs.iter().copied().chain(["C", "L"]);
    Err(Failure::usage(
        format_args!("{flag} {name}: the law {law} has no scale {name}"),
        match nearest(name, known).first() {
            Some(near) => format!("did you mean {near}?"),
            None => format!("it reads {}; C is compute, L the loss", inputs.join(", ")),
        },
    ))
}

/// Two that are compared measure the same thing in the same unit.
fn alike(baseline: (&str, &Fit), variant: (&str, &Fit), asked: &Scale) -> Result<(), Failure> {
    let (a, b) = (comparisons::scale_name(baseline.1, asked), comparisons::scale_name(variant.1, asked));
    let unit = |fit: &Fit, name: &str| fit.units.iter().find(|(n, _)| n == name).map(|(_, unit)| unit.clone());
    let usual = |name: &str| match name {
        "C" => Some("FLOPs".to_owned()),
        _ => None,
    };
    let (ua, ub) = (unit(baseline.1, &a).or(usual(&a)), unit(variant.1, &b).or(usual(&b)));
    if let (Some(ua), Some(ub)) = (&ua, &ub)
        && ua != ub
    {
        return Err(Failure::usage(
            format_args!("{} is in {ua}, {} in {ub}: {a} of the one is not that of the other", baseline.0, variant.0),
            "fit the one anew with the other's unit, as in --map \"C=flops/8.64e19\" for PF-days",
        ));
    }
    let (ta, tb) = (&baseline.1.law.formula.target, &variant.1.law.formula.target);
    if ta != tb {
        talk(format_args!("note: {} is a law of {ta}, {} of {tb}: are they the same measure?", baseline.0, variant.0));
    }
    Ok(())
}
