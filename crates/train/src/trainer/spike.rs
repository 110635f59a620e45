//! Jumps of the loss that training survived: worth knowing of, no reason to stop.

/// Weight of a new loss in the running mean and spread.
const WEIGHT: f64 = 0.05;
/// Steps before which nothing is called a jump: the loss still falls fast.
const SETTLED: u64 = 50;
/// A jump is this many times the mean deviation above the mean,
const TIMES: f64 = 8.0;
/// and at least this much, nats.
const LEAST: f64 = 0.3;
/// More are not kept: the first ones tell enough.
const MOST: usize = 32;

/// The running mean of the loss and of its deviation from it; and where it jumped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spikes {
    pub(super) mean: f64,
    pub(super) deviation: f64,
    pub(super) seen: u64,
    pub(super) steps: Vec<u64>,
}

impl Spikes {
    /// Takes in the loss of a step; is it a jump?
    pub(super) fn see(&mut self, step: u64, loss: f64) -> bool {
        let above = loss - self.mean;
        let jump = self.seen >= SETTLED && above > (TIMES * self.deviation).max(LEAST);
        if jump && self.steps.len() < MOST {
            self.steps.push(step);
        }
        // The first losses weigh as in a plain mean.
        let weight = WEIGHT.max(1.0 / (self.seen + 1) as f64);
        self.mean += weight * above;
        self.deviation += weight * (above.abs() - self.deviation);
        self.seen += 1;
        jump
    }

    pub(super) fn steps(&self) -> &[u64] {
        &self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_seen_and_the_fall_at_the_start_is_not() {
        let mut spikes = Spikes::default();
        let noise = |i: u64| 0.02 * ((i * 37 % 11) as f64 - 5.0) / 5.0;
        let loss = |i: u64| 2.0 + 3.0 * (-(i as f64) / 20.0).exp() + noise(i) + if i == 300 { 1.0 } else { 0.0 };
        let jumps: Vec<u64> = (0..600).filter(|&i| spikes.see(i, loss(i))).collect();
        assert_eq!(jumps, [300]);
        assert_eq!(spikes.steps(), [300]);
    }
}
