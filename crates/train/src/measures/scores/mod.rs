//! A benchmark of small exams, for corpora that have questions ([`crate::corpora::Exams`]).
//!
//! ```text
//! score_NAME           the share of the questions of an exam that are answered right, from 0 to 1
//! score_NAME_stderr    its standard error, sqrt(p (1 - p) / n): questions are independent and drawn once for a corpus
//! score_NAME_chance    the share that a guess gets right
//! score_NAME_ceiling   the share that the optimal predictor gets right; not there where that is all, or not known
//! score                the mean over exams, each as heavy as any other
//! score_stderr         its standard error: exams are independent
//! score_above_chance   the mean over exams of (share - chance) / (1 - chance): 0 is a guess, 1 is all
//! ```
//!
//! The mean is taken of the very shares that are reported beside it. Models of one corpus are asked the same questions, so that two
//! of them differ by less than their standard errors say; what these say is how far a score is from that of another draw of
//! questions. Of options with equal losses, and of tokens with equal logits, none is chosen.

use super::{Measured, Subject, accuracy};
use crate::corpora::{Batch, Exam, How, IGNORE, Source};
use crate::{Trainer, models};

pub(super) const SAYS: &str = "the shares of questions that are answered right in exams of the corpus, and their mean";

pub(super) fn refused(source: &dyn Source, _: &models::Config) -> Option<&'static str> {
    source.exams().is_none().then_some(
        "`scores` marks exams, which bios, recall, mano, grammar, markov, text and mixtures of these have; bios has them \
         where the order of sentences is fresh",
    )
}

pub(super) fn measure(subject: &mut Subject) -> Measured {
    examine(subject.source, subject.held_out.batch.length, subject.trainer)
}

/// Has a model take all exams of a corpus.
pub(super) fn examine(source: &dyn Source, length: usize, trainer: &mut Trainer<f32>) -> Measured {
    let Some(exams) = source.exams() else { return Measured::new() };
    let exams = exams.draw(length);
    let marked: Vec<Marked> = exams.iter().map(|exam| mark(exam, source.vocab_size(), trainer)).collect();
    report(&marked)
}

/// Who is examined.
trait Examinee {
    /// Nats for each target, `[sequences, length]`.
    fn losses(&mut self, batch: &Batch) -> Vec<f32>;

    /// `[sequences, length, vocab_size]`.
    fn logits(&mut self, batch: &Batch) -> Vec<f32>;
}

impl Examinee for Trainer<f32> {
    fn losses(&mut self, batch: &Batch) -> Vec<f32> {
        Self::losses(self, batch)
    }

    fn logits(&mut self, batch: &Batch) -> Vec<f32> {
        Self::logits(self, batch)
    }
}

/// An exam and how many of its questions were answered right.
struct Marked<'a> {
    exam: &'a Exam,
    right: usize,
}

impl Marked<'_> {
    fn share(&self) -> f64 {
        self.right as f64 / self.exam.questions() as f64
    }

    fn stderr(&self) -> f64 {
        (self.share() * (1.0 - self.share()) / self.exam.questions() as f64).sqrt()
    }

    fn above_chance(&self) -> f64 {
        (self.share() - self.exam.chance) / (1.0 - self.exam.chance)
    }
}

/// Has an exam taken.
fn mark<'a>(exam: &'a Exam, vocab_size: usize, examinee: &mut impl Examinee) -> Marked<'a> {
    let batch = &exam.batch;
    let right = match &exam.how {
        How::Choice { of, right } => {
            let losses = examinee.losses(batch);
            let windows = losses.chunks(batch.length).zip(batch.targets.chunks(batch.length));
            let sums: Vec<f64> = windows.map(|(losses, targets)| sum(losses, targets)).collect();
            sums.chunks(*of).zip(right).filter(|(options, right)| is_least(options, usize::from(**right))).count()
        }
        How::First => {
            let each = accuracy::by_window(batch, vocab_size, |part| examinee.logits(part));
            each.iter().filter(|[right, counted]| right == counted).count()
        }
    };
    Marked { exam, right }
}

/// The losses of the targets of a window.
fn sum(losses: &[f32], targets: &[u32]) -> f64 {
    losses.iter().zip(targets).filter(|(_, target)| **target != IGNORE).map(|(loss, _)| f64::from(*loss)).sum()
}

/// Is that option less than every other? What is no number is not.
fn is_least(options: &[f64], place: usize) -> bool {
    options.iter().enumerate().all(|(other, loss)| other == place || options[place] < *loss)
}

/// The values by name.
fn report(marked: &[Marked]) -> Measured {
    let mut measured = Measured::new();
    for each in marked {
        let Exam { name, chance, ceiling, .. } = each.exam;
        measured.extend([
            (format!("score_{name}"), each.share()),
            (format!("score_{name}_stderr"), each.stderr()),
            (format!("score_{name}_chance"), *chance),
        ]);
        measured.extend(ceiling.map(|ceiling| (format!("score_{name}_ceiling"), ceiling)));
    }
    let n = marked.len() as f64;
    let mean = |of: &dyn Fn(&Marked) -> f64| marked.iter().map(of).sum::<f64>() / n;
    if n > 0.0 {
        measured.extend([
            ("score".to_owned(), mean(&|each| each.share())),
            ("score_stderr".to_owned(), (mean(&|each| each.stderr() * each.stderr()) / n).sqrt()),
            ("score_above_chance".to_owned(), mean(&|each| each.above_chance())),
        ]);
    }
    measured
}

#[cfg(test)]
mod tests;
