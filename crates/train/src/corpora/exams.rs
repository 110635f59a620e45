//! What a corpus can be examined in: questions that are answered right or not, and the share that a guess gets right.
//!
//! A question is a window, or as many as there are options, and its targets are the tokens of the answer alone. Two ways of
//! marking are those of benchmarks of language models (Brown et al. 2020, arXiv 2005.14165, section 2.4; the harness of Gao et al.
//! 2021, 10.5281/zenodo.5371628): the likeliest of some options, which asks what a model knows of an answer at all, and the answer
//! as first choice, which asks it to say it. Questions of an exam are drawn independently, and one each to a window, so that the
//! share that is right has the standard error of a binomial, sqrt(p (1 - p) / n). (Windows of a small text are neighbours, and tell
//! less than as many that were drawn.)

use std::fmt;

use rand_xoshiro::rand_core::Rng;

use super::stream::{Purpose, below, stream};
use super::{Batch, IGNORE};

/// Questions of an exam, where there are as many: a share of one half has a standard error of 2 percentage points.
pub const QUESTIONS: usize = 600;

/// Second words of the streams of [`Purpose::Exam`]; those of a corpus begin at [`OWN`].
pub(super) const WINDOWS: u64 = 0;
const TARGETS: u64 = 1;
pub(super) const OWN: u64 = 2;

/// A corpus that a model can be examined in.
pub trait Exams: fmt::Debug + Send + Sync {
    /// Its exams: for windows of `length` tokens in training always the same questions, a function of the corpus alone. None where
    /// such windows hold no question.
    fn draw(&self, length: usize) -> Vec<Exam>;
}

/// Questions of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Exam {
    /// Its name, a word for a column.
    pub name: String,
    /// The windows: only tokens of answers are targets.
    pub batch: Batch,
    /// How it is marked.
    pub how: How,
    /// The share that is right of who knows which answers there are, and nothing of the question.
    pub chance: f64,
    /// The share that the optimal predictor gets right, where that is less than all and known.
    pub ceiling: Option<f64>,
}

/// How an exam is marked.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// Windows of one question stand one behind the other and differ in the answer only; it is right if the losses of the right
    /// answer's tokens have the least sum. They are not divided by the number of tokens: options of a question are equally long.
    Choice {
        /// Options of a question.
        of: usize,
        /// Of each question the place of the right one among them, from 0: drawn.
        right: Vec<u8>,
    },
    /// A window is a question; it is right if every target is the model's first choice, given the tokens before it.
    First,
}

impl Exam {
    /// How many questions there are.
    pub fn questions(&self) -> usize {
        match &self.how {
            How::Choice { right, .. } => right.len(),
            How::First => self.batch.sequences(),
        }
    }
}

/// Keeps of each window one target, drawn evenly; windows without any are left out. Gives where the targets are, counted over all
/// windows that are left.
pub(super) fn one_target_each(batch: &Batch, seed: u64) -> (Batch, Vec<usize>) {
    let (mut asked, mut places) = (Batch { length: batch.length, ..Batch::default() }, Vec::new());
    for window in 0..batch.sequences() {
        let mut one = batch.part(window..window + 1);
        let counted: Vec<usize> = (0..one.length).filter(|at| one.targets[*at] != IGNORE).collect();
        if counted.is_empty() {
            continue;
        }
        let drawn = stream(Purpose::Exam, [seed, TARGETS, window as u64]).next_u64();
        let kept = counted[below(drawn, counted.len() as u64) as usize];
        one.targets.iter_mut().enumerate().filter(|(at, _)| *at != kept).for_each(|(_, target)| *target = IGNORE);
        places.push(asked.inputs.len() + kept);
        asked.append(&one);
    }
    (asked, places)
}

/// What the optimal predictor gets right of the token behind the beginning of a window: the probability of the likeliest.
type Best<'a> = dyn Fn(&[u32]) -> f64 + 'a;

/// The exam `words`: which token comes next, somewhere in windows that nobody was trained on.
pub(super) fn words(windows: &Batch, seed: u64, vocab_size: usize, best: Option<&Best>) -> Option<Exam> {
    let (batch, places) = one_target_each(windows, seed);
    let ceiling = best.map(|best| {
        let begun = places.iter().map(|at| &batch.inputs[at / batch.length * batch.length..=*at]);
        begun.map(best).sum::<f64>() / places.len() as f64
    });
    let exam = Exam { name: "words".into(), batch, how: How::First, chance: 1.0 / vocab_size as f64, ceiling };
    (exam.questions() > 0).then_some(exam)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_window_one_target_is_left_and_all_are_as_likely() {
        let mut batch = Batch::new(4000, 4);
        batch.inputs.iter_mut().zip(0..).for_each(|(input, at)| *input = at);
        for window in batch.targets.chunks_mut(4) {
            window.copy_from_slice(&[IGNORE, 5, 6, 7]);
        }
        batch.targets[8..12].fill(IGNORE);
        let (asked, places) = one_target_each(&batch, 1);
        // The window without targets is no question.
        assert_eq!((asked.sequences(), asked.counted(), places.len()), (3999, 3999, 3999));
        assert_eq!(asked.inputs[8], 12);
        let mut counts = [0; 4];
        for at in places {
            assert_eq!(asked.targets[at], 4 + at as u32 % 4);
            counts[at % 4] += 1;
        }
        let sigma = (3999.0 * 2.0 / 9.0f64).sqrt();
        assert!(
            counts[0] == 0 && counts[1..].iter().all(|n| (f64::from(*n) - 1333.0).abs() < 4.0 * sigma),
            "{counts:?}"
        );
        assert_ne!(one_target_each(&batch, 2).0, asked);
    }
}
