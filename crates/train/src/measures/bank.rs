//! The bank of a model with a memory: all texts of its corpus, encoded once, written, and read in place of being encoded; and how
//! often each retriever finds the text that was asked for.
//!
//! ```text
//! bank_references           texts in the bank: all that the corpus has
//! bank_bytes                bytes that it keeps of each
//! banked_loss               the loss with what the bank keeps, in numbers of 16 bits, in place of what is encoded as it is read
//! bare_loss                 the loss without memory
//! banked_score_NAME, ..     what the measure `scores` has as score_NAME, .., from the bank, where the corpus has exams
//! bare_score_NAME, ..       and without memory
//! hit_RETRIEVER             the share of questions whose own text is the first that is found among 10,000 texts, or all
//! hit_RETRIEVER_stderr      its standard error
//! ```
//!
//! Nothing of a model without memory, or of one that never began to use it. The bank stands beside the run's record while it is
//! measured: one that was finished before an interruption is found again.

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Measure, Measured, Subject, Unmeasured, scores};
use crate::corpora::{HeldOut, References, Source};
use crate::memory::bank::{Bank, BankError, Header, Reason};
use crate::memory::retrievers::{self, Material, Query};
use crate::{RunConfig, Trainer, models};

pub(super) const SAYS: &str =
    "loss and scores from a bank of all texts and without memory, and how often texts are found";

/// Texts that are encoded at a time.
const TEXTS: u64 = 1024;
/// Questions that retrievers are asked, spread evenly over the texts.
const QUESTIONS: u64 = 600;
/// Texts that they are found among, likewise: a graph of hidden states takes minutes where there are more.
const AMONG: u64 = 10_000;

pub(super) fn refused(source: &dyn Source, _: &models::Config) -> Option<&'static str> {
    source.references().is_none().then_some(
        "`bank` writes what a model with a memory keeps of texts, which bios, biod, text and mixtures with them have",
    )
}

pub(super) fn measure(subject: &mut Subject) -> Result<Measured, Unmeasured> {
    let Subject { trainer, source, held_out, folder, is_stopped, .. } = subject;
    let (Some(references), Some(_)) = (source.references(), trainer.memory()) else { return Ok(Measured::new()) };
    let path = folder.join("bank");
    let files = Files(&path);
    let bank = Arc::new(whole(&path, references, *source, trainer, is_stopped)?);
    let mut measured = vec![
        ("bank_references".to_owned(), references.count() as f64),
        ("bank_bytes".to_owned(), bank.bytes_per_reference() as f64),
    ];
    read_from(trainer, Some(bank));
    measured.extend(named("banked", *source, held_out, trainer));
    read_from(trainer, None);
    fs::remove_file(&path).map_err(|error| Unmeasured::Failed(format!("{}: {error}", path.display())))?;
    drop(files);
    if is_stopped() {
        return Err(Unmeasured::Stopped);
    }
    measured.extend(trainer.without_memory(|trainer| named("bare", *source, held_out, trainer)));
    measured.extend(hits(references, trainer));
    Ok(measured)
}

/// What stands beside a bank goes with whoever asked for it, however it ends: who looks into the folder finds what a store has there.
struct Files<'a>(&'a Path);

impl Drop for Files<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0.with_extension("lock"));
    }
}

/// The bank, checked: one that an interruption left behind, or a new one where that is damaged or of another program.
fn whole(
    path: &Path,
    references: &dyn References,
    source: &dyn Source,
    trainer: &mut Trainer<f32>,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Bank, Unmeasured> {
    let mut ask = || {
        let bank = written(path, references, source, trainer, is_stopped)?;
        bank.check()?;
        Ok(bank)
    };
    let bank = ask().or_else(|error: BankError| match error.reason {
        Reason::Damaged | Reason::Foreign | Reason::Version => {
            drop(fs::remove_file(path));
            ask()
        }
        _ => Err(error),
    });
    bank.map_err(|error| match error.reason {
        Reason::Stopped => Unmeasured::Stopped,
        _ => Unmeasured::Failed(error.to_string().replace('\n', "; ")),
    })
}

/// Bytes on the disk that a run needs while this is measured; none where it is not asked for, or has nothing to write.
pub fn bytes(config: &RunConfig, source: &dyn Source) -> Option<u64> {
    let asked = config.evaluation.measures.contains(&Measure::Bank);
    let (model, references) = (config.model.memory().filter(|_| asked)?, source.references()?);
    Header { model: [0; 32], references: [0; 32], count: references.count(), shape: model.bank() }.bytes()
}

fn read_from(trainer: &mut Trainer<f32>, bank: Option<Arc<Bank>>) {
    if let Some(library) = trainer.memory() {
        library.read_from(bank);
    }
}

/// Loss and scores, under names that begin alike.
fn named(beginning: &str, source: &dyn Source, held_out: &HeldOut, trainer: &mut Trainer<f32>) -> Measured {
    let (whole, _) = trainer.evaluate(held_out);
    let scores = scores::examine(source, held_out.batch.length, trainer);
    let all = [("loss".to_owned(), whole.loss)].into_iter().chain(scores);
    // Chance and ceiling are those of the questions, whoever is asked.
    let own = all.filter(|(name, _)| !name.ends_with("_chance") && !name.ends_with("_ceiling"));
    own.map(|(name, value)| (format!("{beginning}_{name}"), value)).collect()
}

/// The bank of all texts.
fn written(
    path: &Path,
    references: &dyn References,
    source: &dyn Source,
    trainer: &mut Trainer<f32>,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Bank, BankError> {
    let model = trainer.config().model.memory().expect("a library belongs to a memory");
    let (memory, shape) = (model.memory, model.bank());
    let digest =
        |bytes: &[&[u8]]| bytes.iter().fold(Sha256::new(), |hash, bytes| hash.chain_update(bytes)).finalize().into();
    let weights: Vec<u8> = trainer.params().weights().iter().flat_map(|w| w.to_le_bytes()).collect();
    let config = trainer.config().to_value().to_string();
    let header = Header {
        model: digest(&[config.as_bytes(), &weights]),
        references: digest(&[source.data().hash.as_bytes()]),
        count: references.count(),
        shape,
    };
    Bank::open_or_write(path, header, |writer| {
        each(references, memory.longest, |tokens, lengths| {
            if is_stopped() {
                return Err(BankError::stopped(path));
            }
            let values = trainer.encode(tokens, lengths).expect("a model with a memory");
            let texts = values.chunks_exact(shape.values()).zip(lengths);
            let kept = |length: u32| shape.tokens.min(length.saturating_sub(1));
            texts.into_iter().try_for_each(|(values, &length)| writer.push(values, kept(length), &[]))
        })
    })
}

/// All texts, some at a time, cut where a memory cuts them: tokens `[texts, longest]`, and how many are each text's own.
fn each<E>(
    references: &dyn References,
    longest: usize,
    mut f: impl FnMut(&[u32], &[u32]) -> Result<(), E>,
) -> Result<(), E> {
    for first in (0..references.count()).step_by(TEXTS as usize) {
        let (mut tokens, mut lengths) = (Vec::new(), Vec::new());
        for number in first..(first + TEXTS).min(references.count()) {
            let from = tokens.len();
            references.write(number, &mut tokens);
            tokens.truncate(from + longest);
            lengths.push((tokens.len() - from) as u32);
            tokens.resize(from + longest, 0);
        }
        f(&tokens, &lengths)?;
    }
    Ok(())
}

/// Some of the texts, spread evenly.
#[derive(Debug)]
struct Sample<'a> {
    all: &'a dyn References,
    apart: u64,
}

impl References for Sample<'_> {
    fn count(&self) -> u64 {
        self.all.count().div_ceil(self.apart)
    }

    fn longest(&self) -> usize {
        self.all.longest()
    }

    fn write(&self, number: u64, tokens: &mut Vec<u32>) {
        self.all.write(number * self.apart, tokens);
    }

    fn question(&self, number: u64, tokens: &mut Vec<u32>) -> Option<usize> {
        self.all.question(number * self.apart, tokens)
    }
}

/// How often each retriever finds the text that answers a question before all others.
fn hits(references: &dyn References, trainer: &mut Trainer<f32>) -> Measured {
    let references = &Sample { all: references, apart: references.count().div_ceil(AMONG).max(1) };
    let apart = references.count().div_ceil(QUESTIONS).max(1);
    let mut questions: Vec<(u32, Vec<u32>)> = Vec::new();
    for number in (0..references.count()).step_by(apart as usize) {
        let mut tokens = Vec::new();
        if references.question(number, &mut tokens).is_some() {
            questions.push((number as u32, tokens));
        }
    }
    if questions.is_empty() {
        return Measured::new();
    }
    let mut vectors = Vec::new();
    let longest = trainer.config().model.memory().expect("a library belongs to a memory").memory.longest;
    let Ok(()) = each(references, longest, |tokens, lengths| {
        vectors.extend(trainer.mean_states(tokens, lengths).expect("a model with a memory"));
        Ok::<(), Infallible>(())
    });
    let mut measured = Measured::new();
    for kind in retrievers::KINDS {
        let material = Material { references, vectors: if kind.compares_vectors() { &vectors } else { &[] } };
        let retriever = kind.build(&material);
        let mut found = 0;
        for (number, tokens) in &questions {
            let vector = match kind.compares_vectors() {
                true => trainer.mean_states(tokens, &[tokens.len() as u32]).expect("a model with a memory"),
                false => Vec::new(),
            };
            found += u32::from(retriever.nearest(&Query { tokens, vector: &vector }, 1) == [*number]);
        }
        let (n, name) = (questions.len() as f64, kind.name());
        let share = f64::from(found) / n;
        measured.push((format!("hit_{name}"), share));
        measured.push((format!("hit_{name}_stderr"), (share * (1.0 - share) / n).sqrt()));
    }
    measured
}
