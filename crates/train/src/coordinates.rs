//! The coordinate check (Yang et al. 2022, arXiv 2203.03466, appendix D.1): how large the elements of activations are after
//! some steps, and how far the steps have moved them. Under a recipe that covers width neither depends on the width.

use isoloss_engine::Real;

use crate::job::Job;
use crate::models::feed::LOADS;
use crate::{Divergence, Trainer};

/// An activation of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    /// Where in the model.
    pub name: String,
    /// The root mean square of its elements after the steps.
    pub size: f64,
    /// That of their change over the steps.
    pub change: f64,
}

/// Takes `steps` steps of a job, on one thread, and looks at the activations of `windows` windows of its held-out set,
/// before and after.
///
/// # Errors
/// If the steps diverge.
pub fn coordinates(job: &Job, steps: u64, windows: usize) -> Result<Vec<Coordinate>, Divergence> {
    let mut trainer = Trainer::<f32>::new(&job.config, job.source.clone(), 1);
    let windows = job.held_out.batch.first(windows);
    let before = trainer.observe(&windows);
    for _ in 0..steps {
        trainer.advance()?;
    }
    let after = trainer.observe(&windows);
    let each = before.iter().zip(after).filter(|(_, (name, _))| !name.starts_with(LOADS));
    let each = each.map(|((_, before), (name, after))| Coordinate {
        name,
        size: root_mean_square(after.iter().map(|x| x.to_f64())),
        change: root_mean_square(after.iter().zip(before).map(|(x, y)| x.to_f64() - y.to_f64())),
    });
    Ok(each.collect())
}

fn root_mean_square(x: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = x.len().max(1) as f64;
    (x.map(|x| x * x).sum::<f64>() / n).sqrt()
}
