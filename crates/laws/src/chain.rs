//! Laws in two steps: sizes to the loss on a task, and that loss to a score.

use crate::curve::{Curve, Scale};
use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of, Spread, student};
use crate::predict::Prediction;
use crate::result::Fit;
use crate::start::uniform;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// What the second law says of the loss that the first predicts (Bhagia et al. 2024, arXiv 2412.04403: a task's loss from
/// sizes, its accuracy from that loss).
///
/// `columns` holds the inputs of the first law, as in [`Fit::predict`]; the second law reads one input, the target of the
/// first. Every draw of one goes with a draw of the other, because they are fitted apart; for a new run the noise of both
/// steps and the first law's drift beyond its rows are drawn too.
///
/// # Errors
/// If the second law does not read exactly what the first predicts, or the first cannot be asked there.
pub fn chain(
    first: &Fit,
    second: &Fit,
    columns: &[(String, Vec<f64>)],
    family: Option<&[String]>,
) -> Result<Vec<Prediction>, FitError> {
    let inputs: Vec<&str> = second.law.inputs().collect();
    let target = first.law.formula.target.as_str();
    let [input] = inputs.as_slice() else {
        return Err(FitError::new(
            format!("the second law {} reads {}: expected {target} alone", second.law.name, inputs.join(", ")),
            format!("its one input is what the first law predicts, {target}"),
        ));
    };
    if *input != target && *input != "X" {
        return Err(FitError::new(
            format!("the second law {} reads {input}, and the first predicts {target}", second.law.name),
            format!("fit the second to a column called {target}: --map \"{target}=COLUMN\""),
        ));
    }
    let middle = first.predict(columns, family)?;
    let mut curve = Curve::new(second, None, &Scale::Input((*input).to_owned()), &[])?;
    let (theta, count) = (second.theta(), first.draws.len().min(second.draws.len()));
    let losses = first.each_draw(columns, family, count)?;
    let mut stream = Xoshiro256PlusPlus::seed_from_u64(first.seed ^ second.seed.rotate_left(32));
    let mut normal = move || {
        // Box and Muller.
        let (u, v) = (uniform(&mut stream).max(1e-300), uniform(&mut stream));
        (-2.0 * libm::log(u)).sqrt() * libm::cos(2.0 * std::f64::consts::PI * v)
    };
    let noisy = |fit: &Fit, value: f64, size: f64| {
        if fit.objective.log { value * libm::exp(size) } else { value + size }
    };
    // Noise in the first step is a share of what the first law says, in the second of what it says of that loss.
    let values: Vec<f64> = middle.iter().map(|m| m.mean.value).collect();
    let scales = first.noise_scale(columns, family, &values)?;
    let reached: Vec<f64> = values.iter().map(|loss| curve.eval(&theta, &[*loss])).collect();
    let then = second.noise_scale(&[((*input).to_owned(), values)], None, &reached)?;
    let each = middle.iter().enumerate().map(|(i, loss)| {
        let value = curve.eval(&theta, &[loss.mean.value]);
        if count == 0 || loss.mean.interval.is_none() {
            let reason = if first.draws.is_empty() { &loss.mean.method } else { &second.method };
            let none = Estimate { value, interval: None, method: reason.clone() };
            return Prediction { mean: none.clone(), new_run: none };
        }
        let off = first.drift(columns, i);
        let (mut mean, mut run) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (d, draw) in second.draws.iter().take(count).enumerate() {
            mean.push(curve.eval(draw, &[losses[d][i]]));
            let reached = noisy(first, losses[d][i], scales[i] * first.noise.hypot(off) * normal());
            run.push(noisy(second, curve.eval(draw, &[reached]), then[i] * second.noise * normal()));
        }
        let (level, df) = (first.level, first.df.min(second.df));
        let estimate = |draws: Vec<f64>, of: Of| match Spread::new(value, draws) {
            None => Estimate { value, interval: None, method: "too few draws".into() },
            Some(spread) => {
                let (lower, upper) = spread.ends(student(level, df));
                let method = format!("in two steps: {}", first.method);
                Estimate { value, interval: Some(Interval { lower, upper, level, of }), method }
            }
        };
        Prediction { mean: estimate(mean, Of::Mean), new_run: estimate(run, Of::NewRun) }
    });
    Ok(each.collect())
}
