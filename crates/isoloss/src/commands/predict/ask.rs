//! What is asked of a fit, checked by name before it is asked.

use isoloss_formula::nearest;
use isoloss_laws::{Fit, Optimum};

use crate::failure::Failure;
use crate::report::{Point, differ};

/// The law at points given by name, for every family given.
pub fn ask(fit: &Fit, at: &[Vec<(String, f64)>], families: &[String]) -> Result<Vec<Point>, Failure> {
    let mut all = Vec::new();
    let families: Vec<Option<&String>> = match families.is_empty() || !differ(fit) {
        false => families.iter().map(Some).collect(),
        true => vec![None],
    };
    for point in at {
        for (name, _) in point {
            let inputs: Vec<&str> = fit.law.inputs().collect();
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
        let columns: Vec<(String, Vec<f64>)> = point.iter().map(|(n, v)| (n.clone(), vec![*v])).collect();
        for family in &families {
            let named = family.map(|f| vec![f.clone()]);
            let factors = point.iter().filter_map(|(name, value)| {
                let (_, least, greatest) = fit.ranges.iter().find(|(n, ..)| n == name)?;
                // Below the smallest run is outside as well.
                Some(if value < least {
                    (format!("{name} below"), least / value)
                } else {
                    (name.clone(), value / greatest)
                })
            });
            let factors: Vec<(String, f64)> = factors.collect();
            for prediction in fit.predict(&columns, named.as_deref())? {
                all.push(Point { at: point.clone(), family: family.cloned(), prediction, factors: factors.clone() });
            }
        }
    }
    Ok(all)
}

/// The best sizes for a budget.
pub fn optimum(fit: &Fit, flops: f64) -> Result<Optimum, Failure> {
    fit.optimum(flops).ok_or_else(|| {
        let inputs: Vec<&str> = fit.law.inputs().collect();
        if !fit.families().is_empty() {
            return Failure::usage(
                "--flops: the best sizes are not known where runs have families",
                "ask for points of one: --family NAME --at \"N=70e9,D=1.4e12\"",
            );
        }
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
