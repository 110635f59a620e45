//! Documents of pictures and text that are drawn without end, whose optimal loss is known.

use std::fmt;

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::sight::Sight;
use super::stream::{Purpose, stream};
use super::window::{BYTES, SEPARATOR, VOCABULARY, Writer, clear};
use super::{Batch, CorpusError, HeldOut, Known, Source};

/// Draws documents.
pub(super) trait Teller: fmt::Debug + Send + Sync {
    /// Writes a document; gives -ln p of its text for the best predictor, and for the best that sees no picture; none if it was cut.
    fn write(&self, random: &mut Xoshiro256PlusPlus, writer: &mut Writer) -> Option<[f64; 2]>;

    /// Tokens of the longest document.
    fn most(&self) -> usize;

    /// What else would help where windows are too short for it.
    fn shorter(&self) -> &'static str;
}

/// What a teller draws, as a corpus.
#[derive(Debug)]
pub(super) struct Told<T> {
    pub teller: T,
    pub sight: Sight,
    /// draws the held-out windows
    pub seed: u64,
    pub data: Data,
}

impl<T: Teller> Source for Told<T> {
    fn vocab_size(&self) -> usize {
        VOCABULARY as usize
    }

    fn data(&self) -> Data {
        self.data.clone()
    }

    /// Windows are full: the last document is cut.
    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        clear(batch, self.sight);
        for window in 0..batch.sequences() {
            let mut random = stream(Purpose::Training, [seed, step, window as u64]);
            let Some(mut writer) = Writer::new(batch, window) else { return };
            while writer.room() > 0 && self.teller.write(&mut random, &mut writer).is_some() {}
        }
    }

    /// Whole documents, as long as the longest would still fit: so that none is the likelier for being short.
    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        self.suffices(sequences, length)?;
        let mut batch = Batch::new(sequences, length);
        clear(&mut batch, self.sight);
        let mut sums = [0.0; 2];
        for window in 0..sequences {
            let mut random = stream(Purpose::HeldOut, [self.seed, 0, window as u64]);
            let Some(mut writer) = Writer::new(&mut batch, window) else { break };
            while writer.room() >= self.teller.most() {
                let Some(nats) = self.teller.write(&mut random, &mut writer) else { break };
                sums = [0, 1].map(|i| sums[i] + nats[i]);
            }
        }
        let targets = batch.counted().max(1) as f64;
        let [floor, blind] = sums.map(|sum| Some(sum / targets));
        Ok(HeldOut::new(batch, Known { floor, blind, bytes_per_target: None }))
    }

    fn suffices(&self, _sequences: usize, length: usize) -> Result<(), CorpusError> {
        let most = self.teller.most();
        if length < most {
            let message = format!("a document of up to {most} tokens does not fit into a window of {length}");
            let hint = format!("windows of {most} or more, or {}", self.teller.shorter());
            return Err(CorpusError::new(message, hint));
        }
        Ok(())
    }

    fn sight(&self) -> Option<Sight> {
        Some(self.sight)
    }

    fn alphabet(&self) -> Option<&'static str> {
        Some(BYTES)
    }

    fn separator(&self) -> Option<u32> {
        Some(SEPARATOR)
    }

    fn text(&self, tokens: &[u32]) -> Option<String> {
        Some(super::window::text(tokens))
    }
}
