//! Grids at equal compute: of the sizes that a ladder names, those around the one that is expected to be best at each
//! budget, and more where the best turns out not to lie between them.
//!
//! ```toml
//! [ladder]
//! sizes = { d_model = [8, 12, 16, 24, 32, 48, 64, 96] }    # to choose from
//! flops = [1e10, 4e10, 16e10]
//! around = { params = 8000, flops = 3e10, power = 0.5, sizes = 5 }
//! ```

use isoloss_laws::{Bracket, bracket, placed};
use isoloss_runs::Runs;
use serde::Deserialize;

use isoloss_runs::record::{BUDGET, Part};

/// What is expected, and how many sizes are trained about it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Around {
    /// The best number of parameters, as the fit counts them,
    pub params: f64,
    /// at this budget;
    pub flops: f64,
    /// it grows with this power of the budget.
    #[serde(default = "half")]
    pub power: f64,
    /// Sizes at each budget: four at least, as a parabola needs.
    pub sizes: usize,
}

fn half() -> f64 {
    0.5
}

impl Around {
    /// What makes no sense, and at which setting.
    pub(super) fn refused(&self) -> Option<(&'static str, String)> {
        for (setting, x) in [("params", self.params), ("flops", self.flops)] {
            if !x.is_finite() || x <= 0.0 {
                return Some((setting, format!("{x} is not a number above 0")));
            }
        }
        if !(0.0..=1.0).contains(&self.power) {
            return Some(("power", format!("{} is not from 0 to 1", self.power)));
        }
        (self.sizes < 4).then(|| ("sizes", format!("{}: a parabola through losses needs four sizes", self.sizes)))
    }

    /// Which of these sizes, in ascending order, a budget is spent on, as far as it follows from the runs of that budget.
    pub(super) fn chosen(&self, sizes: &[f64], budget: f64, measured: &[(f64, f64)]) -> std::ops::Range<usize> {
        let expected = self.params * (budget / self.flops).powf(self.power);
        let mut range = placed(sizes, expected, self.sizes);
        loop {
            let losses = |n: &f64| {
                let of: Vec<f64> = measured.iter().filter(|(size, _)| size == n).map(|(_, loss)| *loss).collect();
                (!of.is_empty()).then(|| of.iter().sum::<f64>() / of.len() as f64)
            };
            let trained = &sizes[range.clone()];
            let Some(losses) = trained.iter().map(losses).collect::<Option<Vec<f64>>>() else { return range };
            match bracket(trained, &losses) {
                Bracket::Smaller if range.start > 0 => range.start -= 1,
                Bracket::Larger if range.end < sizes.len() => range.end += 1,
                _ => return range,
            }
        }
    }
}

/// N and loss of the runs of a family at a budget; one that diverged has no number.
pub(super) fn measured(
    runs: &Runs,
    family: &str,
    budget: f64,
    params: impl Fn(&isoloss_runs::record::Counts) -> f64,
) -> Vec<(f64, f64)> {
    let of = runs.iter().filter(|run| Part::of(run) == Some(Part::Fit) && run.labels.family == family);
    let of = of.filter(|run| run.other.get(BUDGET).and_then(|b| b.as_f64()) == Some(budget));
    of.map(|run| (params(&run.counts), run.loss().unwrap_or(f64::NAN))).collect()
}
