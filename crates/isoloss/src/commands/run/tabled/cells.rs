//! A column of the runs by rungs and families, and what the seeds of a cell came to.

use isoloss_runs::Runs;
use isoloss_runs::record::StateName;

use crate::numbers::{count, number};

/// Which run stands where.
pub struct Layout {
    pub families: Vec<String>,
    pub rungs: Vec<String>,
    /// run by run
    pub places: Vec<Place>,
}

/// Where a run stands: numbers of a family and of a rung.
pub struct Place {
    pub family: usize,
    pub rung: usize,
    seed: u64,
    finished: bool,
}

impl Layout {
    /// Of these runs, those that stand in no file included.
    pub fn of<'a>(families: impl Iterator<Item = &'a str>, runs: &Runs) -> Self {
        let mut layout =
            Self { families: families.map(str::to_owned).collect(), rungs: Vec::new(), places: Vec::new() };
        for run in runs.iter() {
            let at = |names: &mut Vec<String>, name: &String| {
                names.iter().position(|known| known == name).unwrap_or_else(|| {
                    names.push(name.clone());
                    names.len() - 1
                })
            };
            let (rung, family) =
                (at(&mut layout.rungs, &run.labels.rung), at(&mut layout.families, &run.labels.family));
            let finished = run.state.name == StateName::Finished;
            layout.places.push(Place { family, rung, seed: run.seed, finished });
        }
        layout
    }

    /// Does no run of a family have a value, though some finished? Then it is one that such runs do not have.
    pub fn lacks(&self, family: usize, values: &[f64]) -> bool {
        let finished = |place: &Place| place.family == family && place.finished;
        let mut own = self.places.iter().zip(values).filter(|(place, _)| finished(place)).peekable();
        own.peek().is_some() && own.all(|(_, value)| !value.is_finite())
    }
}

/// What a rung is called, and a cell for each family.
pub type Row = (String, Vec<Option<Spread>>);

/// One column of the runs.
pub struct Cells {
    pub value: String,
    pub rungs: Vec<Row>,
    /// the same less what the baseline has
    pub less: Vec<Row>,
}

impl Cells {
    /// Values run by run; `less` has no rows where there is no baseline, or it has no such values.
    pub fn of(layout: &Layout, value: &str, values: &[f64], baseline: Option<usize>) -> Self {
        let lacking: Vec<bool> = (0..layout.families.len()).map(|family| layout.lacks(family, values)).collect();
        let of_cell = |rung: usize, family: usize| -> Vec<(u64, f64)> {
            let there = |place: &Place| place.rung == rung && place.family == family && !lacking[family];
            let all = layout.places.iter().zip(values).filter(|(place, _)| there(place));
            all.map(|(place, value)| (place.seed, *value)).collect()
        };
        let rows = |cell: &dyn Fn(usize, usize) -> Option<Spread>| -> Vec<Row> {
            let cells = |rung: usize| (0..layout.families.len()).map(|family| cell(rung, family)).collect();
            layout.rungs.iter().enumerate().map(|(rung, name)| (name.clone(), cells(rung))).collect()
        };
        let all = rows(&|rung, family| {
            Spread::of(&of_cell(rung, family).into_iter().map(|(_, value)| value).collect::<Vec<f64>>())
        });
        let less = baseline.filter(|baseline| !lacking[*baseline]).map_or_else(Vec::new, |baseline| {
            rows(&|rung, family| {
                let others = of_cell(rung, baseline);
                let other = |seed: u64| others.iter().find(|(of, _)| *of == seed).map(|(_, x)| *x);
                let own = of_cell(rung, family).into_iter().filter(|_| family != baseline);
                let pairs: Vec<f64> = own.map(|(seed, x)| x - other(seed).unwrap_or(f64::NAN)).collect();
                Spread::of(&pairs)
            })
        });
        Self { value: value.to_owned(), rungs: all, less }
    }
}

/// What seeds came to: few have no distribution, and no interval.
#[derive(Clone, Copy)]
pub struct Spread {
    pub mean: f64,
    pub least: f64,
    pub greatest: f64,
    /// with a value, and all
    pub seeds: [usize; 2],
}

impl Spread {
    /// None where there is no run; NaN where none of them has a value.
    fn of(values: &[f64]) -> Option<Self> {
        let known: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        let [least, greatest] =
            [f64::min, f64::max].map(|of: fn(f64, f64) -> f64| known.iter().copied().fold(f64::NAN, of));
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        (!values.is_empty()).then_some(Self { mean, least, greatest, seeds: [known.len(), values.len()] })
    }

    /// `1.7555 (1.7476 to 1.7610)`, and how many seeds it lacks.
    pub fn words(&self) -> String {
        let [mean, least, greatest] = [self.mean, self.least, self.greatest].map(|x| number(x, 4));
        let [known, all] = self.seeds;
        if known == 0 {
            return format!("none of {}", count(all, "seed"));
        }
        let range = if known > 1 { format!(" ({least} to {greatest})") } else { String::new() };
        let lacking = if known < all { format!(", {known} of {all} seeds") } else { String::new() };
        mean + &range + &lacking
    }
}
