//! Lengths that whole batches make other than was asked for.

use super::Planned;
use isoloss_runs::record::Part;

/// Where a run differs by more than this share from what was asked for, it is said.
const OFF: f64 = 0.05;

/// What there is to be said of runs that whole batches make clearly longer or shorter than was asked for: of the one which
/// is farthest off, and how many others there are. Sweeps compare runs of one length, and have a refusal of their own.
pub fn rounded(planned: &[Planned]) -> Option<String> {
    let off = |run: &Planned| (run.job.config.training.tokens() as f64 / run.asked - 1.0).abs();
    let all: Vec<&Planned> = planned.iter().filter(|run| run.part != Part::Sweep && off(run) > OFF).collect();
    let most = all.iter().max_by(|a, b| off(a).total_cmp(&off(b)))?;
    let others = match all.len() {
        1 => String::new(),
        runs => format!("; {runs} runs are off by more than {} %, this one most", 100.0 * OFF),
    };
    Some(says(most) + &others)
}

fn says(run: &Planned) -> String {
    let (training, asked) = (&run.job.config.training, run.asked);
    let trained = training.tokens() as f64;
    let pass = run.job.source.pass(training.seq_len).map(|pass| pass as f64);
    let exposures = pass.map_or_else(String::new, |pass| {
        format!(", {} exposures in the place of {}", short(trained / pass), short(asked / pass))
    });
    let batch = training.batch * training.seq_len;
    let of = run.job.labels.full();
    format!("{of}: {trained} tokens are trained and {} are asked for{exposures}, as a batch has {batch}", short(asked))
}

/// Four digits are enough to know again what was asked for.
fn short(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}
