//! Byte-pair encoding, learnt on the training documents: within pieces the most frequent pair of tokens becomes one
//! (Sennrich, Haddow and Birch 2016), beginning with bytes (Radford et al. 2019).

use std::collections::HashMap;

use tokenizers::Model;
use tokenizers::models::bpe::{BPE, BpeTrainer};

use super::super::super::CorpusError;
use super::Tokenizer;
use super::byte_level;
use super::pieces::{Counts, pieces};

/// A pair that occurs once teaches nothing that holds elsewhere.
const LEAST_FREQUENCY: u64 = 2;

/// Pieces whose tokens are remembered: most of a text are few and frequent.
const REMEMBERED: usize = 1 << 20;

/// A vocabulary of merged bytes.
pub(super) struct Bpe {
    model: BPE,
    vocabulary: Vec<Option<Box<[u8]>>>,
    alphabet: [char; 256],
    remembered: HashMap<Box<[u8]>, Box<[u16]>>,
}

impl Bpe {
    /// `size` counts the 256 bytes and the separator; where no pair is left that occurs twice the vocabulary is smaller.
    pub(super) fn new(counts: Counts, size: usize) -> Result<Self, CorpusError> {
        let alphabet = byte_level::alphabet();
        let scale = scale(&counts);
        let words = counts.into_iter().map(|(piece, n)| (spelt(&piece, &alphabet), n.div_ceil(scale)));
        let trainer = BpeTrainer::builder()
            .vocab_size(size - 1)
            .min_frequency(LEAST_FREQUENCY)
            .initial_alphabet(alphabet.into_iter().collect())
            .show_progress(false)
            .build();
        let mut model = BPE::default();
        trainer.do_train(&words.map(|(word, n)| (word.into(), n)).collect(), &mut model).map_err(refused)?;
        let mut vocabulary = vec![None; model.get_vocab_size()];
        for (token, id) in model.get_vocab() {
            vocabulary[id as usize] = byte_level::bytes(&token);
        }
        Ok(Self { model, vocabulary, alphabet, remembered: HashMap::new() })
    }
}

#[cfg(test)]
impl Bpe {
    /// What was learnt, as the library has it.
    pub(super) fn model(&self) -> &BPE {
        &self.model
    }
}

/// The library counts pairs in 31 bits. Of texts with more of them all counts are divided, which leaves their order but
/// for the rarest.
fn scale(counts: &Counts) -> u64 {
    let pairs = |scale: u64| counts.iter().map(|(piece, n)| n.div_ceil(scale) * (piece.len() as u64 - 1)).sum::<u64>();
    let mut scale = 1;
    while pairs(scale) > i32::MAX as u64 && scale < 1 << 32 {
        scale *= 2;
    }
    scale
}

fn spelt(piece: &[u8], alphabet: &[char; 256]) -> String {
    piece.iter().map(|byte| alphabet[usize::from(*byte)]).collect()
}

fn refused(error: tokenizers::Error) -> CorpusError {
    CorpusError::new(
        format!("byte pairs cannot be merged: {error}"),
        "`tokens = \"bytes\"` needs no vocabulary that is learnt",
    )
}

impl Tokenizer for Bpe {
    fn vocabulary(&self) -> &[Option<Box<[u8]>>] {
        &self.vocabulary
    }

    fn encode(&mut self, document: &[u8], tokens: &mut Vec<u16>) -> Result<(), CorpusError> {
        for piece in pieces(document) {
            if let Some(known) = self.remembered.get(piece) {
                tokens.extend(known);
                continue;
            }
            let made = self.model.tokenize(&spelt(piece, &self.alphabet)).map_err(refused)?;
            let made: Box<[u16]> = made.iter().map(|token| token.id as u16).collect();
            tokens.extend(&made);
            if self.remembered.len() < REMEMBERED {
                self.remembered.insert(piece.into(), made);
            }
        }
        Ok(())
    }
}
