//! Published constants as fits: they predict, and say why they have no interval.

use crate::catalogue;
use crate::estimate::Estimate;
use crate::law::Law;
use crate::layout::Layout;
use crate::options::Options;
use crate::points::Points;
use crate::result::{Fit, Fitted, Objective, Search};

/// The published constants of that name (`besiroglu-2024`) as a fit without rows, draws or noise.
pub fn published(name: &str) -> Option<Fit> {
    let law = catalogue::laws().iter().find(|l| l.published.iter().any(|p| p.name == name))?;
    constants(law, name)
}

/// Constants that a law gives by name, as a fit without rows, draws or noise; `None` if it has none of that name, or they lack
/// a parameter that is not known.
pub fn constants(law: &Law, name: &str) -> Option<Fit> {
    let law = law.clone();
    let constants = law.published.iter().find(|p| p.name == name)?.clone();
    let layout = Layout::new(&law, &Points::default(), &Options::default()).ok()?;
    let reason = match constants.errors.is_empty() {
        true => "published without errors: no interval".to_owned(),
        false => "published with errors of single parameters, without their correlations: no interval".to_owned(),
    };
    let parameter = |name: &str, known: Option<f64>| {
        let value = constants.values.get(name).copied().or(known)?;
        let estimate = Estimate { value, interval: None, method: reason.clone() };
        Some(Fitted { name: name.into(), estimate, error: constants.errors.get(name).copied(), held: true })
    };
    let parameters = law.parameters.iter().map(|p| parameter(&p.name, p.known)).collect::<Option<Vec<_>>>()?;
    Some(Fit {
        parameters,
        draws: Vec::new(),
        objective: Objective { name: "published constants".into(), log: true, delta: None, value: 0.0 },
        rows: 0,
        free: 0,
        noise: 0.0,
        reducible: None,
        df: 0.0,
        method: reason,
        level: 0.95,
        search: Search { starts: 0, agree: 0, valleys: 0, lost: 0, decrement: 0.0, runners_up: Vec::new() },
        warnings: Vec::new(),
        notes: vec![format!("{}: {}", constants.name, constants.source)],
        trust: None,
        influence: None,
        residuals: Vec::new(),
        scale: Vec::new(),
        ranges: Vec::new(),
        spans: Vec::new(),
        mixtures: Vec::new(),
        largest_flops: None,
        ladder: None,
        units: constants.units.clone().into_iter().collect(),
        conventions: vec![("published".into(), constants.convention)],
        row_hash: 0,
        seed: 0,
        without_clusters: Vec::new(),
        families: Vec::new(),
        layout,
        law,
    })
}
