//! Streams in ranges of the vocabulary of their own, and what belongs to a stream in the tokens of the mixture: its references, its
//! exams.

use super::super::{Batch, CorpusError, Exam, Exams, IGNORE, References};
use super::{Mixture, Stream, lay_out};

/// Gives each stream the range of tokens behind those of the streams before: how many there are of all. Refuses pictures, whose
/// patches are numbered behind the vocabulary.
pub(super) fn spread(streams: &mut [Stream]) -> Result<usize, CorpusError> {
    let mut vocab_size = 0;
    for stream in streams {
        if stream.source.sight().is_some() {
            let message = format!("`streams`: {} has pictures, and is not mixed with others by `apart`", stream.name);
            return Err(CorpusError::new(message, "`apart = false`, with streams whose text is bytes"));
        }
        stream.first = vocab_size as u32;
        vocab_size += stream.source.vocab_size();
    }
    Ok(vocab_size)
}

/// Moves the tokens of some windows into a range that begins there.
pub(super) fn shift(batch: &mut Batch, first: u32) {
    if first > 0 {
        batch.inputs.iter_mut().for_each(|token| *token += first);
        batch.targets.iter_mut().filter(|target| **target != IGNORE).for_each(|target| *target += first);
    }
}

impl Mixture {
    /// Streams with texts to look up, and these.
    pub(super) fn referring(&self) -> impl Iterator<Item = (&Stream, &dyn References)> {
        self.streams.iter().filter_map(|stream| Some((stream, stream.source.references()?)))
    }
}

/// Those of all streams, one stream behind the other, in the tokens of the mixture.
impl References for Mixture {
    fn count(&self) -> u64 {
        self.referring().map(|(_, texts)| texts.count()).sum()
    }

    fn longest(&self) -> usize {
        self.referring().map(|(_, texts)| texts.longest()).max().unwrap_or_default()
    }

    fn write(&self, number: u64, tokens: &mut Vec<u32>) {
        let (stream, texts, number) = self.look(number);
        let from = tokens.len();
        texts.write(number, tokens);
        tokens[from..].iter_mut().for_each(|token| *token += stream.first);
    }

    fn question(&self, number: u64, tokens: &mut Vec<u32>) -> Option<usize> {
        let (stream, texts, number) = self.look(number);
        let from = tokens.len();
        let asked = texts.question(number, tokens);
        tokens[from..].iter_mut().for_each(|token| *token += stream.first);
        asked
    }
}

impl Mixture {
    /// A text of all: its stream, the texts of that, and which of them it is.
    fn look(&self, mut number: u64) -> (&Stream, &dyn References, u64) {
        for (stream, texts) in self.referring() {
            if number < texts.count() {
                return (stream, texts, number);
            }
            number -= texts.count();
        }
        panic!("there is no text {number} behind the last");
    }
}

/// Those of all streams; where two have the same name, that of the stream stands behind it.
impl Exams for Mixture {
    fn draw(&self, length: usize) -> Vec<Exam> {
        let of = |stream: &Stream| stream.source.exams().map(|exams| exams.draw(length)).unwrap_or_default();
        let each: Vec<(&Stream, Vec<Exam>)> = self.streams.iter().map(|stream| (stream, of(stream))).collect();
        let names: Vec<String> = each.iter().flat_map(|(_, exams)| exams).map(|exam| exam.name.clone()).collect();
        let mut all = Vec::with_capacity(names.len());
        for (Stream { name, first, source, .. }, exams) in each {
            for mut exam in exams {
                shift(&mut exam.batch, *first);
                if let Some(sight) = self.sight {
                    lay_out(&mut exam.batch, sight, source.separator());
                }
                if names.iter().filter(|other| **other == exam.name).count() > 1 {
                    exam.name = format!("{}_{name}", exam.name);
                }
                all.push(exam);
            }
        }
        all
    }
}
