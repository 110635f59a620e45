//! How often the likeliest token is the right one, over the targets of the held-out set that count.
//!
//! `accuracy` is a share, from 0 to 1; `accuracy_stderr` its standard error with windows as the units.

use super::{Measured, Subject};
use crate::corpora::{Batch, IGNORE, Source};
use crate::models;

pub(super) const SAYS: &str = "the share of targets that are the model's first choice";

/// Logits that are held at a time, about.
const LOGITS: usize = 1 << 22;

pub(super) fn refused(_: &dyn Source, _: &models::Config) -> Option<&'static str> {
    None
}

pub(super) fn measure(subject: &mut Subject) -> Measured {
    let batch = &subject.held_out.batch;
    let vocab_size = subject.source.vocab_size();
    let each = by_window(batch, vocab_size, |part| subject.trainer.logits(part));
    let [right, counted] = each.iter().fold([0.0, 0.0], |[r, c], [right, counted]| [r + right, c + counted]);
    let share = right / counted;
    let n = each.len() as f64;
    let squares: f64 = each.iter().map(|[r, c]| (r - share * c) * (r - share * c)).sum();
    let mut measured = vec![("accuracy".to_owned(), share)];
    if n > 1.0 {
        measured.push(("accuracy_stderr".to_owned(), (n / (n - 1.0) * squares).sqrt() / counted));
    }
    measured
}

/// As [`right`], of windows of which only some have their logits at a time.
pub(super) fn by_window(batch: &Batch, vocab_size: usize, mut logits: impl FnMut(&Batch) -> Vec<f32>) -> Vec<[f64; 2]> {
    let windows = (LOGITS / (vocab_size * batch.length)).max(1);
    let mut each = Vec::with_capacity(batch.sequences());
    for from in (0..batch.sequences()).step_by(windows) {
        let part = batch.part(from..(from + windows).min(batch.sequences()));
        each.extend(right(&part, &logits(&part), vocab_size));
    }
    each
}

/// Of each window how many targets were the first choice, and how many counted.
fn right(batch: &Batch, logits: &[f32], vocab_size: usize) -> Vec<[f64; 2]> {
    let rows: Vec<&[f32]> = logits.chunks_exact(vocab_size).collect();
    let windows = rows.chunks(batch.length).zip(batch.targets.chunks(batch.length));
    let of_window = |(rows, targets): (&[&[f32]], &[u32])| {
        rows.iter().zip(targets).filter(|(_, t)| **t != IGNORE).fold([0.0, 0.0], |[right, counted], (row, &target)| {
            let own = row[target as usize];
            // Of equal logits none is a choice.
            let first = row.iter().enumerate().all(|(j, z)| j == target as usize || *z < own);
            [right + f64::from(u8::from(first)), counted + 1.0]
        })
    };
    windows.map(of_window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_first_choice_counts() {
        let batch = Batch { length: 2, inputs: vec![0; 4], targets: vec![1, IGNORE, 2, 0], ..Batch::default() };
        let logits = [0.0, 2.0, 1.0, 9.0, 9.0, 9.0, 0.0, 1.0, 0.5, 3.0, 3.0, 0.0];
        assert_eq!(right(&batch, &logits, 3), [[1.0, 1.0], [0.0, 2.0]]);
    }
}
