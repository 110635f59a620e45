//! Multiply-adds of one window, by the ways of counting.

use std::ops::AddAssign;

use isoloss_engine::ops::attention;

use crate::counts::PASSES;

/// What is added up element by element (norms, gates, decays) is in none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MultiplyAdds {
    /// Forward, those that the equations ask for: scores over the keys that a token may read, a delta rule step by step.
    pub algorithmic: f64,
    /// Forward, with the scores of attention over all keys of a window.
    pub full: f64,
    /// Those that are done here, forward and back: with what is filled up, masked or made anew.
    pub executed: [f64; 2],
}

/// What the tokens of a window read, where each has a span of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reads {
    /// Tokens that are read, summed over those of the window.
    pub pairs: f64,
    /// Scores of a head that are made for it, masked ones among them.
    pub scores: f64,
}

impl MultiplyAdds {
    /// Of what is done as it is written, and on the way back once for the inputs and once for the weights.
    pub fn plain(forward: f64) -> Self {
        Self { algorithmic: forward, full: forward, executed: [forward, 2.0 * forward] }
    }

    /// Of what is done forward alone, where nothing goes back: a pass of the three that are counted.
    pub fn forward_alone(forward: f64) -> Self {
        Self { algorithmic: forward / PASSES, full: forward / PASSES, executed: [forward, 0.0] }
    }

    /// Of causal attention: token i of a window reads i + 1 keys and as many values.
    pub fn causal(length: usize, heads: usize, widths: [usize; 2]) -> Self {
        let (long, width) = (length as f64, (heads * (widths[0] + widths[1])) as f64);
        let algorithmic = long * (long + 1.0) / 2.0 * width;
        Self { algorithmic, full: long * long * width, executed: attention::multiply_adds(length, heads, widths) }
    }

    /// Of attention whose tokens read spans of their own.
    pub fn within(length: usize, heads: usize, widths: [usize; 2], reads: Reads) -> Self {
        let (long, width) = (length as f64, (heads * (widths[0] + widths[1])) as f64);
        let executed = attention::multiply_adds_of(reads.scores, heads, widths);
        Self { algorithmic: reads.pairs * width, full: long * long * width, executed }
    }

    /// Of attention to rows of a memory, which tokens read beside others: all of them by either way of counting.
    pub fn of_memory(heads: usize, widths: [usize; 2], reads: Reads) -> Self {
        let forward = reads.pairs * (heads * (widths[0] + widths[1])) as f64;
        let executed = attention::multiply_adds_of(reads.scores, heads, widths);
        Self { algorithmic: forward, full: forward, executed }
    }

    /// Of so many on average.
    pub fn on_average(self, times: f64) -> Self {
        let executed = self.executed.map(|way| times * way);
        Self { algorithmic: times * self.algorithmic, full: times * self.full, executed }
    }

    /// Of the same as often as is said, forward and back.
    pub fn times(self, [forward, back]: [usize; 2]) -> Self {
        let [times, back] = [forward, back].map(|n| n as f64);
        let executed = [times * self.executed[0], back * self.executed[1]];
        Self { algorithmic: times * self.algorithmic, full: times * self.full, executed }
    }
}

impl AddAssign for MultiplyAdds {
    fn add_assign(&mut self, other: Self) {
        self.algorithmic += other.algorithmic;
        self.full += other.full;
        self.executed = [0, 1].map(|way| self.executed[way] + other.executed[way]);
    }
}
