//! Every number of an answer with its interval, by the names that `[found]` of an experiment calls it by.

use isoloss_laws::Estimate;

use super::answer::Answer;
use crate::report::table::csv_line;

/// The parameters of the law, those of families over the baseline's, multipliers at equal loss, ratios at equal rungs, exponents
/// along hulls, parameters and multipliers of fits beside, what sweeps chose, and the exponents of the best sizes by ways of counting.
pub fn of_answer(answer: &Answer) -> impl Iterator<Item = Found> {
    let mut all: Vec<(String, &Estimate)> =
        answer.told.fit.parameters.iter().map(|p| (p.name.clone(), &p.estimate)).collect();
    for against in &answer.against {
        all.push((format!("{}, {} / {}", against.parameter, against.family, against.baseline), &against.ratio));
    }
    let beside = answer.beside.iter().flat_map(|beside| {
        beside
            .multipliers
            .all
            .iter()
            .map(|multiplier| (format!("{}, {}", multiplier.name(), beside.words), &multiplier.ratio))
    });
    all.extend(answer.multipliers.all.iter().map(|multiplier| (multiplier.name(), &multiplier.ratio)).chain(beside));
    all.extend(answer.at_rungs.iter().map(|at_rungs| (at_rungs.name(), &at_rungs.ratio)));
    for hull in &answer.hulls {
        all.extend(hull.found.iter().map(|power| (hull.name(), &power.exponent)));
    }
    for beside in &answer.beside {
        let each = beside.fit.parameters.iter();
        all.extend(each.map(|p| (format!("{}, {}", p.name, beside.words), &p.estimate)));
    }
    for chosen in &answer.chosen {
        all.push((format!("lr, {}", chosen.name()), &chosen.lr.best));
        all.extend(chosen.batch.as_ref().map(|batch| (format!("batch, {}", chosen.name()), &batch.best)));
    }
    for counted in &answer.counted {
        for compared in &counted.found.compared {
            let approach = &compared.approach;
            all.push((format!("a, {}, {}", counted.way.name, approach.kind.name()), &approach.params.exponent));
        }
    }
    all.into_iter().map(|(name, estimate)| Found::of(name, estimate))
}

/// A number by the name that `[found]` calls it by, with the ends of what is known of it.
pub struct Found {
    pub name: String,
    pub value: f64,
    /// `None` where there is no interval
    pub ends: Option<[f64; 2]>,
}

impl Found {
    /// An estimate, with its interval if it has one.
    pub fn of(name: String, estimate: &Estimate) -> Self {
        Self { name, value: estimate.value, ends: estimate.interval.map(|i| [i.lower, i.upper]) }
    }
}

/// As a file: name, value, lower and upper end; no ends where there is no interval.
pub fn csv(all: impl IntoIterator<Item = Found>) -> String {
    let line = |Found { name, value, ends }: Found| {
        let ends = ends.map_or([String::new(), String::new()], |ends| ends.map(|end| end.to_string()));
        csv_line([name, value.to_string()].into_iter().chain(ends))
    };
    all.into_iter().map(line).fold(csv_line(["name", "value", "lower", "upper"]), |text, line| text + &line)
}
