//! How often runs read a text that has an end, and when that is too often.

use isoloss::experiment::{Experiment, Planned};
use isoloss_runs::Runs;
use isoloss_train::corpora::Finite;
use serde_json::{Value, json};

use crate::numbers::{number, percentage};

/// Passes over a text that are nearly as good as new text (Muennighoff et al. 2023, arXiv 2305.16264).
const AS_GOOD_AS_NEW: f64 = 4.0;

/// A text, and how often it is read by the run that reads it most.
pub struct Text {
    of: Finite,
    most: f64,
}

/// The texts of planned runs, each once.
pub fn of_planned<'a>(planned: impl Iterator<Item = &'a Planned>) -> Vec<Text> {
    let read = |run: &Planned| {
        let training = &run.job.config.training;
        let texts = run.job.source.texts(training.seq_len);
        texts.into_iter().map(|of| Text { most: of.read(training.tokens()), of }).collect::<Vec<_>>()
    };
    once(planned.flat_map(read))
}

/// The same of records, which know no streams of mixtures.
pub fn of_runs(runs: &Runs) -> Vec<Text> {
    let read = |run: &isoloss_runs::record::Run| {
        let of = Finite::of_data(&run.data)?;
        Some(Text { most: of.read(run.counts.tokens), of })
    };
    once(runs.iter().filter_map(read))
}

fn once(all: impl Iterator<Item = Text>) -> Vec<Text> {
    let mut texts: Vec<Text> = Vec::new();
    for text in all {
        match texts.iter_mut().find(|known| known.of.name == text.of.name && known.of.pass == text.of.pass) {
            Some(known) if known.most < text.most => *known = text,
            Some(_) => {}
            None => texts.push(text),
        }
    }
    texts
}

impl Text {
    /// `books: 27,310 tokens of training; the longest run reads it 37 times`
    pub fn words(&self) -> String {
        let often = match self.most {
            most if most < 1.0 => format!("{} of it", percentage(most)),
            most => format!("it {} times", number(most, 2)),
        };
        format!("{}: {} tokens of training; the longest run reads {often}", self.of.name, in_threes(self.of.pass))
    }

    /// For programs.
    pub fn as_value(&self) -> Value {
        json!({ "name": self.of.name, "tokens": self.of.pass, "passes": self.most })
    }
}

/// What is to be said of the text that is read most, where that is too often and nobody asked for it by `exposures`.
pub fn too_often(experiment: &Experiment, planned: &[Planned]) -> Option<String> {
    if experiment.ladder.is_by_passes() {
        return None;
    }
    let texts = of_planned(planned.iter());
    let most = texts.iter().filter(|text| text.most > AS_GOOD_AS_NEW).max_by(|a, b| a.most.total_cmp(&b.most))?;
    // Records of mixtures do not say how long their streams are, and a table asks for no law.
    let law = match most.of.share == 1.0 && experiment.table.is_none() {
        true => {
            ", or a law that counts repeats: --set fit.law=data-constrained --set 'fit.map=[\"U = `data.tokens`\"]'"
        }
        false => "",
    };
    Some(format!(
        "{}; up to about {AS_GOOD_AS_NEW} times are nearly as good as new text (Muennighoff et al. 2023, arXiv \
         2305.16264)\nhint: more text, shorter runs{law}",
        most.words()
    ))
}

/// `27,310`
fn in_threes(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_how_often_it_is_read() {
        let text = |pass: u64, most: f64| Text { of: Finite { name: "books".into(), pass, share: 1.0 }, most };
        assert_eq!(text(27310, 37.4).words(), "books: 27,310 tokens of training; the longest run reads it 37 times");
        assert_eq!(text(1000, 0.244).words(), "books: 1,000 tokens of training; the longest run reads 24 % of it");
        assert_eq!(text(999, 3.96).words(), "books: 999 tokens of training; the longest run reads it 4.0 times");
    }
}
