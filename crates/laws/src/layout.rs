//! The parameters of a fit: one entry per number, families and column groups spelled out.

use crate::coordinates::{Coordinates, Scale};
use crate::error::FitError;
use crate::law::{Domain, Law};
use crate::options::Options;
use crate::points::Points;
use crate::program::Slot;
use crate::roles;
use isoloss_formula::nearest;
use std::collections::BTreeMap;

/// One number to be found or held.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Entry {
    /// `alpha`, `A[mla]`, `t[w_code]`
    pub(crate) name: String,
    pub(crate) domain: Domain,
    /// the caller set the range: it is not widened
    pub(crate) bounded: bool,
    pub(crate) held: Option<f64>,
    pub(crate) start: Option<(f64, f64)>,
    /// the law's parameter it belongs to
    pub(crate) parameter: String,
}

/// All numbers of a law on these points.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Layout {
    pub(crate) entries: Vec<Entry>,
    pub(crate) slots: BTreeMap<String, Slot>,
    /// (alias, the parameter it equals)
    pub(crate) ties: Vec<(String, String)>,
}

impl Layout {
    pub(crate) fn new(law: &Law, points: &Points, options: &Options) -> Result<Self, FitError> {
        let mut layout = Self { entries: Vec::new(), slots: BTreeMap::new(), ties: options.tie.clone() };
        for group in law.formula.groups() {
            if !points.columns.iter().any(|(name, _)| name.starts_with(&group)) {
                return Err(FitError::new(
                    format!("the law {} reads columns {group}*, one for each domain, and there is none", law.name),
                    format!("name them: --map {group}code=COLUMN --map {group}text=COLUMN"),
                ));
            }
        }
        let known = |name: &str| law.parameters.iter().any(|p| p.name == name);
        let check = |name: &str, flag: &str| {
            if known(name) {
                return Ok(());
            }
            let names: Vec<&str> = law.parameters.iter().map(|p| p.name.as_str()).collect();
            let near = nearest(name, names.iter().copied());
            let hint = match near.first() {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the parameters are {}", names.join(", ")),
            };
            Err(FitError::new(format!("{flag}: the law {} has no parameter {name}", law.name), hint))
        };
        for (name, value) in &options.fix {
            check(base(name), "--fix")?;
            if !value.is_finite() {
                return Err(FitError::new(
                    format!("--fix {name}={value}: expected a finite number"),
                    "as in --fix E=1.69",
                ));
            }
        }
        for (name, value) in &options.fix {
            let positive = law.parameters.iter().any(|p| p.name == base(name) && p.domain == Domain::Positive);
            if positive && *value < 0.0 {
                return Err(FitError::new(
                    format!("--fix {name}={value}: {name} is positive in the law {}", law.name),
                    "a law of your own may take any value: --formula with --bound",
                ));
            }
        }
        options.bound.iter().try_for_each(|(name, ..)| check(base(name), "--bound"))?;
        options.per_family.iter().try_for_each(|name| check(name, "--per"))?;
        for (alias, to) in &options.tie {
            check(alias, "--tie")?;
            check(to, "--tie")?;
            if alias == to || options.tie.iter().any(|(a, _)| a == to) {
                return Err(FitError::new(
                    format!("--tie {alias}={to}: {to} is tied itself"),
                    "tie every parameter to one that is free: --tie alpha=gamma --tie beta=gamma",
                ));
            }
        }
        for parameter in &law.parameters {
            if options.tie.iter().any(|(alias, _)| *alias == parameter.name) {
                continue;
            }
            let first = layout.entries.len();
            let per_family = options.per_family.contains(&parameter.name);
            let (slot, levels) = match parameter.per.as_deref() {
                Some(group) if points.columns.iter().any(|(n, _)| n.starts_with(&format!("{group}_"))) => {
                    let members = points.columns.iter().map(|(n, _)| n).filter(|n| n.starts_with(&format!("{group}_")));
                    let levels: Vec<String> = members.cloned().collect();
                    (Slot::PerColumn { first, count: levels.len() }, levels)
                }
                per if per.is_some() || per_family => match &points.family {
                    Some(labels) => {
                        let count = labels.levels.len();
                        (Slot::PerLabel { labels: 0, first, count }, labels.levels.clone())
                    }
                    None => {
                        return Err(FitError::new(
                            format!("{} has one value per family, but the rows have no family", parameter.name),
                            "name the column that tells the families apart: --group COLUMN",
                        ));
                    }
                },
                _ => (Slot::One(first), Vec::new()),
            };
            layout.slots.insert(parameter.name.clone(), slot);
            let names = match levels.is_empty() {
                true => vec![parameter.name.clone()],
                false => levels.iter().map(|l| format!("{}[{l}]", parameter.name)).collect(),
            };
            for name in names {
                let value_of = |n: &String| *n == name || *n == parameter.name;
                let fixed = options.fix.iter().find(|(n, _)| value_of(n)).map(|(_, v)| *v);
                let bound = options.bound.iter().find(|(n, ..)| value_of(n)).map(|(_, l, u)| (*l, *u));
                layout.entries.push(Entry {
                    name,
                    domain: bound.map_or(parameter.domain, |(lower, upper)| Domain::Range { lower, upper }),
                    bounded: bound.is_some(),
                    held: fixed.or(parameter.known),
                    start: parameter.start,
                    parameter: parameter.name.clone(),
                });
            }
        }
        for (alias, to) in &options.tie {
            let slot = layout.slots[to];
            layout.slots.insert(alias.clone(), slot);
        }
        Ok(layout)
    }

    /// The solver's coordinates. A positive parameter that is a bare term (a floor) may reach zero and is measured as it
    /// is; any other positive one is a factor and measured by its logarithm.
    pub(crate) fn coordinates(&self, law: &Law) -> Coordinates {
        let template = self.entries.iter().map(|e| e.held.unwrap_or(0.0)).collect();
        let free: Vec<usize> = (0..self.entries.len()).filter(|&i| self.entries[i].held.is_none()).collect();
        let scales = free.iter().map(|&i| {
            let entry = &self.entries[i];
            match entry.domain {
                Domain::Free => Scale::Linear { lower: f64::NEG_INFINITY, upper: f64::INFINITY },
                Domain::Range { lower, upper } => Scale::Linear { lower, upper },
                Domain::Positive if roles::is_term(&law.formula.body, &entry.parameter) => {
                    Scale::Linear { lower: 0.0, upper: f64::INFINITY }
                }
                Domain::Positive => Scale::Log,
            }
        });
        let scales = scales.collect();
        let one = |name: &String| match self.slots.get(name) {
            Some(&Slot::One(i)) => Some(i),
            _ => None,
        };
        let order = law.order.iter().filter_map(|(a, b)| Some((one(a)?, one(b)?))).filter(|(a, b)| a != b).collect();
        Coordinates::new(template, free, scales).with_order(order)
    }
}

/// `A` of `A[mla]`
fn base(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}
