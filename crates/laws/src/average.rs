//! Means over tasks, made anew from the tasks: a mean that is typed in can be wrong.

use crate::estimate::{Estimate, Interval, Of, student};
use crate::size::Scored;

/// A column of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task<'a> {
    /// a score for every model; NaN where it has none
    pub scores: &'a [f64],
    /// their standard errors, where they are known
    pub errors: Option<&'a [f64]>,
}

/// A mean over tasks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// in the units of the scores
    pub value: f64,
    /// its standard error, if those of all tasks are known
    pub error: Option<f64>,
}

/// What a row has of the tasks.
#[derive(Clone, Debug, PartialEq)]
pub enum Averaged {
    /// all of them
    All(Mean),
    /// all but these: a mean over the others would be one of other tasks, and no comparison
    Lacks(Vec<usize>),
}

/// The mean over tasks of every row, a task as much as any other. Tasks are independent: the standard error of the mean
/// is the root of the sum of squares over their number. It is that of other items of the same tasks, not of other tasks.
pub fn average(tasks: &[Task<'_>]) -> Vec<Averaged> {
    let rows = tasks.iter().map(|task| task.scores.len()).max().unwrap_or(0);
    let read = |task: &Task<'_>, row: usize| {
        let score = task.scores.get(row).copied().unwrap_or(f64::NAN);
        let error = task.errors.and_then(|errors| errors.get(row).copied()).filter(|e| e.is_finite() && *e >= 0.0);
        (score, error)
    };
    let one = |row: usize| {
        let cells: Vec<(f64, Option<f64>)> = tasks.iter().map(|task| read(task, row)).collect();
        let lacks: Vec<usize> = (0..cells.len()).filter(|&task| !cells[task].0.is_finite()).collect();
        if !lacks.is_empty() {
            return Averaged::Lacks(lacks);
        }
        let n = cells.len() as f64;
        let squares: Option<f64> = cells.iter().map(|(_, error)| error.map(|e| e * e)).sum();
        let value = cells.iter().map(|(score, _)| score).sum::<f64>() / n;
        Averaged::All(Mean { value, error: squares.map(|squares| squares.sqrt() / n) })
    };
    (0..rows).map(one).collect()
}

/// The rows whose printed mean is not that of their tasks, with the mean: further off than rounding alone can bring it, which
/// is half a unit of the last place that the mean is printed to, and half of one that the tasks are.
pub fn misprinted(printed: &[f64], means: &[Averaged], unit: f64, unit_of_tasks: f64) -> Vec<(usize, f64)> {
    let enough = 0.5 * (unit + unit_of_tasks) + 1e-9;
    let off = |(row, (printed, mean)): (usize, (&f64, &Averaged))| match mean {
        Averaged::All(mean) if (mean.value - printed).abs() > enough => Some((row, mean.value)),
        _ => None,
    };
    printed.iter().zip(means).enumerate().filter_map(off).collect()
}

/// The mean of every group of runs that differ in nothing but their seeds, with Student's interval; `None` for a group
/// without a number. The spread is that of all groups together, as two or three seeds hardly show one. Where no group has
/// two runs it is the standard error of the evaluation, where that is known.
pub fn means_of(groups: &[Vec<Scored>], level: f64) -> Vec<Option<Estimate>> {
    let mean = |runs: &Vec<Scored>| runs.iter().map(|run| run.score).sum::<f64>() / runs.len() as f64;
    let known: Vec<&Vec<Scored>> = groups.iter().filter(|runs| mean(runs).is_finite()).collect();
    let square = |runs: &&Vec<Scored>| runs.iter().map(|run| (run.score - mean(runs)).powi(2)).sum::<f64>();
    let squares: f64 = known.iter().map(square).sum();
    let df = known.iter().map(|runs| runs.len() - 1).sum::<usize>() as f64;
    let one = |runs: &Vec<Scored>| {
        let value = mean(runs);
        let n = runs.len() as f64;
        let (half, method) = if df > 0.0 {
            let half = student(level, df) * (squares / df / n).sqrt();
            (Some(half), "Student's t, the spread of seeds is that of all sizes and families together")
        } else if let [Scored { error: Some(error), .. }] = runs.as_slice() {
            (Some(student(level, f64::INFINITY) * error), "the standard error of the evaluation; one seed")
        } else {
            (None, "one seed, and no standard error")
        };
        let ends = |half: f64| Interval { lower: value - half, upper: value + half, level, of: Of::Mean };
        value.is_finite().then(|| Estimate { value, interval: half.map(ends), method: method.into() })
    };
    groups.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_their_errors() {
        let (a, b) = ([0.4, 0.5, f64::NAN], [0.6, 0.9, 0.7]);
        let (ea, eb) = ([0.03, f64::NAN, 0.1], [0.04, 0.02, 0.1]);
        let task = |scores, errors| Task { scores, errors };
        let found = average(&[task(&a, Some(&ea)), task(&b, Some(&eb))]);
        let Averaged::All(first) = &found[0] else { panic!("{found:?}") };
        assert!((first.value - 0.5).abs() < 1e-15 && (first.error.unwrap() - 0.025).abs() < 1e-15);
        assert_eq!(found[1], Averaged::All(Mean { value: 0.7, error: None }), "one error is not known");
        assert_eq!(found[2], Averaged::Lacks(vec![0]));
        assert!(average(&[]).is_empty());
        assert_eq!(average(&[task(&a[..1], None), task(&b[..2], None)])[1], Averaged::Lacks(vec![0]));
    }

    #[test]
    fn rounding_is_no_misprint() {
        let tasks = [[61.86, 38.02], [85.28, 40.37]];
        let means = average(&tasks.each_ref().map(|scores| Task { scores, errors: None }));
        assert!(misprinted(&[73.57, 39.2], &means, 0.01, 0.01).is_empty());
        assert_eq!(misprinted(&[73.57, 38.2], &means, 0.01, 0.01), [(1, 39.195)]);
        assert!(misprinted(&[f64::NAN, f64::NAN], &means, 0.01, 0.01).is_empty());
    }

    #[test]
    fn seeds_have_students_interval() {
        let run = |score: f64| Scored { size: 1.0, score, error: None };
        let runs = |scores: &[f64]| scores.iter().map(|s| run(*s)).collect::<Vec<Scored>>();
        let found = means_of(&[runs(&[1.0, 2.0, 3.0]), runs(&[5.0]), runs(&[])], 0.95);
        let half = |at: usize| found[at].as_ref().unwrap().interval.unwrap().upper - found[at].as_ref().unwrap().value;
        // Student's quantile with two degrees of freedom is 4.302653; one run has the spread of the others.
        assert!((half(0) - 4.302653 / f64::sqrt(3.0)).abs() < 1e-5 && (half(1) - 4.302653).abs() < 1e-5);
        assert!(found[2].is_none());
        let single = means_of(&[vec![Scored { error: Some(0.5), ..run(1.0) }], runs(&[2.0])], 0.95);
        assert!((single[0].as_ref().unwrap().interval.unwrap().upper - 1.0 - 0.979982).abs() < 1e-5);
        assert!(single[1].as_ref().unwrap().interval.is_none());
    }
}
