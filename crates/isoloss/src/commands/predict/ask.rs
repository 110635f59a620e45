//! What is asked of a fit, checked by name before it is asked.

use isoloss_formula::nearest;
use isoloss_laws::{Circumstances, Fit, Given, Optimum, Plan, chain, plan};

use crate::failure::Failure;
use crate::report::{Best, Point};

/// The law at points given by name, for every family given; or what a second law says of its answers.
pub fn ask(
    fit: &Fit,
    then: Option<&Fit>,
    at: &[Vec<(String, f64)>],
    families: &[String],
) -> Result<Vec<Point>, Failure> {
    let mut all = Vec::new();
    let families = chosen(fit, families);
    for point in at {
        for (name, _) in point {
            let inputs = fit.reads();
            if !inputs.contains(&name.as_str()) {
                let near = nearest(name, inputs.iter().copied());
                return Err(Failure::usage(
                    format_args!("--at: the law {} has no input {name}", fit.law.name),
                    match near.first() {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!("its inputs are {}", inputs.join(", ")),
                    },
                ));
            }
        }
        fit.whole_shares(point)?;
        let columns: Vec<(String, Vec<f64>)> = point.iter().map(|(n, v)| (n.clone(), vec![*v])).collect();
        for family in &families {
            let named = family.map(|f| vec![f.clone()]);
            let inputs = point.iter().map(|(name, value)| (name.as_str(), *value));
            let mut factors: Vec<(String, f64)> = inputs.filter_map(|(n, v)| outside(fit, n, v)).collect();
            let mut predictions = fit.predict(&columns, named.as_deref())?;
            if let Some(second) = then {
                let reached = predictions.iter().map(|p| p.mean.value);
                let input = second.law.inputs().next().unwrap_or_default();
                factors.extend(reached.filter_map(|loss| outside(second, input, loss)));
                predictions = chain(fit, second, &columns, named.as_deref())?;
            }
            for prediction in predictions {
                all.push(Point { at: point.clone(), family: family.cloned(), prediction, factors: factors.clone() });
            }
        }
    }
    Ok(all)
}

/// How far a value lies from those that were fitted; below the smallest is outside as well, and zero endlessly so.
fn outside(fit: &Fit, name: &str, value: f64) -> Option<(String, f64)> {
    let (_, least, greatest) = fit.ranges.iter().find(|(n, ..)| n == name)?;
    Some(if value < *least { (format!("{name} below"), least / value) } else { (name.to_owned(), value / greatest) })
}

/// The best sizes for every budget, and for every family given.
pub fn optima(fit: &Fit, flops: &[f64], families: &[String]) -> Result<Vec<Best>, Failure> {
    if fit.families().is_empty() {
        let each = flops.iter().map(|c| Ok(Best { family: None, optimum: optimum(fit, *c)? }));
        return each.collect();
    }
    let mut all = Vec::new();
    for family in chosen(fit, families) {
        for &budget in flops {
            // The answer of `plan FIT --flops --family`, whose law is that of one family.
            let circumstances = Circumstances { family: family.cloned(), ..Circumstances::default() };
            let Plan { params, tokens, loss, .. } = plan(fit, Given::Flops(budget), &circumstances)?;
            let optimum = Optimum { flops: budget, params, tokens, loss };
            all.push(Best { family: family.cloned(), optimum });
        }
    }
    Ok(all)
}

/// The families that were named, where they differ.
fn chosen<'a>(fit: &Fit, families: &'a [String]) -> Vec<Option<&'a String>> {
    match families.is_empty() || !fit.differs() {
        false => families.iter().map(Some).collect(),
        true => vec![None],
    }
}

/// The best sizes for a budget.
fn optimum(fit: &Fit, flops: f64) -> Result<Optimum, Failure> {
    fit.optimum(flops).ok_or_else(|| {
        let inputs: Vec<&str> = fit.law.inputs().collect();
        if inputs.contains(&"N") && inputs.contains(&"D") {
            return Failure::usage(
                format_args!(
                    "--flops {flops:e}: the law {} has no best N at this budget near the sizes that were fitted",
                    fit.law.name
                ),
                "ask nearer to the fitted runs, or for points: --at \"N=...,D=...\"",
            );
        }
        Failure::usage(
            format_args!(
                "--flops: a budget is spent on N and D, but the law {} reads {}",
                fit.law.name,
                inputs.join(", ")
            ),
            format_args!("ask at a point: --at {}=1e9", inputs.first().unwrap_or(&"N")),
        )
    })
}
