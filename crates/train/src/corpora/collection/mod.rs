//! Documents of pictures and text that were read, as windows of an epoch.
//!
//! Documents lie one behind the other in windows, in the order of their digests; one that does not fit goes on in the next window, a
//! picture whole. As no document reads another, it does not matter which lie side by side, and windows are the same in every epoch:
//! only their order is drawn. So a batch is a function of seed and step, and a window is seen once in an epoch.

mod part;

use std::sync::{Arc, Mutex, PoisonError};

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest as _, Sha256};

use self::part::Part;
use super::files::is_held_out;
use super::pictures::{Document, Found, Piece};
use super::sight::Sight;
use super::stream::{Purpose, stream};
use super::window::{BYTES, SEPARATOR, VOCABULARY, Writer, clear};
use super::{Batch, CorpusError, DOCUMENTS, HeldOut, Known, Permutation, Source, hex};

/// What a corpus of documents is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind<'a> {
    /// Its name in lists.
    pub kind: &'static str,
    /// What it is called in records.
    pub name: &'a str,
    pub sight: Sight,
    /// The share that is evaluated on.
    pub held_out: f64,
    /// Pictures are parts of themselves.
    pub augment: bool,
}

/// Documents, those to evaluate on first.
#[derive(Debug)]
struct Collection {
    documents: Vec<Document>,
    held_out: usize,
    sight: Sight,
    augment: bool,
    data: Data,
    notes: Vec<String>,
    /// By the length of windows.
    windows: Mutex<Vec<(usize, Arc<Starts>)>>,
}

/// Where windows to evaluate on begin, and where those to train on.
type Starts = [Vec<Start>; 2];

/// Where a window begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Start {
    document: usize,
    piece: usize,
    /// of a text
    byte: usize,
}

/// Documents as a source.
pub(super) fn source(found: Found, of: Kind) -> Result<Arc<dyn Source>, CorpusError> {
    let Found { documents, left_out } = found;
    let Kind { kind, name, sight, held_out: share, augment } = of;
    let held_out = documents.partition_point(|document| is_held_out(&document.digest, share));
    if held_out == 0 || held_out == documents.len() {
        let part = if held_out == 0 { "none" } else { "all" };
        let message = format!("`held_out`: {part} of the {} documents of {name} would be held out", documents.len());
        return Err(CorpusError::new(
            message,
            "a document is held out by its digest: change the share, or add documents",
        ));
    }
    let mut hash = Sha256::new();
    hash.update(format!("isoloss {kind} 1\n"));
    hash.update(share.to_bits().to_le_bytes());
    for document in &documents {
        hash.update(document.digest);
        // What a decoder makes of a file is what is learnt from it.
        for piece in &document.pieces {
            if let Piece::Picture(picture) = piece {
                hash.update(picture.width.to_le_bytes());
                hash.update(&picture.rgb);
            }
        }
    }
    let pieces = || documents.iter().flat_map(|document| &document.pieces);
    let pictures = pieces().filter(|piece| matches!(piece, Piece::Picture(_))).count();
    let counts = [(DOCUMENTS, documents.len() - held_out), ("held_out_documents", held_out), ("pictures", pictures)];
    let tokens = documents[held_out..].iter().map(|document| tokens(document, sight)).sum::<usize>();
    let data = Data {
        name: name.to_owned(),
        hash: hex(&hash.finalize()),
        tokens: Some(tokens as u64),
        entropy: None,
        other: counts.into_iter().map(|(name, n)| (name.to_owned(), n.into())).collect(),
    };
    let windows = Mutex::default();
    Ok(Arc::new(Collection { documents, held_out, sight, augment, data, notes: left_out, windows }))
}

fn tokens(document: &Document, sight: Sight) -> usize {
    let of = |piece: &Piece| match piece {
        Piece::Text(text) => text.len(),
        Piece::Picture(_) => sight.patches(),
    };
    document.pieces.iter().map(of).sum()
}

impl Collection {
    /// Where windows of that length begin: of those to evaluate on, of those to train on.
    fn windows(&self, length: usize) -> Arc<Starts> {
        let mut known = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, windows)) = known.iter().find(|(of, _)| *of == length) {
            return windows.clone();
        }
        let windows =
            Arc::new([self.begin(0, self.held_out, length), self.begin(self.held_out, self.documents.len(), length)]);
        known.push((length, windows.clone()));
        windows
    }

    /// The windows of some documents. What is left at their end is less than a window.
    fn begin(&self, from: usize, to: usize, length: usize) -> Vec<Start> {
        let (mut starts, mut room) = (vec![Start { document: from, ..Start::default() }], length);
        if length < self.sight.patches() || length == 0 {
            return Vec::new();
        }
        for document in from..to {
            for (piece, of) in self.documents[document].pieces.iter().enumerate() {
                match of {
                    Piece::Picture(_) => {
                        if room < self.sight.patches() {
                            starts.push(Start { document, piece, byte: 0 });
                            room = length;
                        }
                        room -= self.sight.patches();
                    }
                    Piece::Text(text) => {
                        let mut byte = 0;
                        while text.len() - byte > room {
                            byte += room;
                            starts.push(Start { document, piece, byte });
                            room = length;
                        }
                        room -= text.len() - byte;
                    }
                }
            }
        }
        // The last one is not full.
        if room > 0 {
            starts.pop();
        }
        starts
    }

    /// Fills a window; pictures are parts of themselves where there is something to draw them with.
    fn fill_window(&self, writer: &mut Writer, start: Start, to: usize, mut random: Option<&mut Xoshiro256PlusPlus>) {
        let mut pixels = vec![0; self.sight.pixels()];
        for (number, document) in self.documents[start.document..to].iter().enumerate() {
            let first = if number == 0 { start.piece } else { 0 };
            for (at, piece) in document.pieces.iter().enumerate().skip(first) {
                match piece {
                    Piece::Picture(picture) => {
                        let part = match &mut random {
                            Some(random) => Part::drawn(picture, random),
                            None => Part::middle(picture),
                        };
                        part.sample(picture, self.sight.side, &mut pixels);
                        writer.picture(&pixels);
                    }
                    Piece::Text(text) => {
                        let from = if (number, at) == (0, start.piece) { start.byte } else { 0 };
                        writer.text(&text.as_bytes()[from..]);
                    }
                }
                if writer.is_full() {
                    break;
                }
            }
            if !writer.end() || writer.room() == 0 {
                return;
            }
        }
    }
}

impl Source for Collection {
    fn vocab_size(&self) -> usize {
        VOCABULARY as usize
    }

    fn data(&self) -> Data {
        self.data.clone()
    }

    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        clear(batch, self.sight);
        let windows = self.windows(batch.length);
        let starts = &windows[1];
        let first = step.wrapping_mul(batch.sequences() as u64);
        for window in 0..batch.sequences() {
            let number = first.wrapping_add(window as u64);
            let Some(epoch) = number.checked_div(starts.len() as u64) else { return };
            let order = Permutation::new(starts.len() as u64, [seed, epoch]);
            let start = starts[order.at(number % starts.len() as u64) as usize];
            let mut random = stream(Purpose::Training, [seed, number, 0]);
            let Some(mut writer) = Writer::new(batch, window) else { return };
            self.fill_window(&mut writer, start, self.documents.len(), self.augment.then_some(&mut random));
        }
    }

    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        self.suffices(1, length)?;
        let windows = self.windows(length);
        let starts = &windows[0];
        let taken = starts.len().min(sequences);
        if taken == 0 {
            let message = format!(
                "the {} held-out documents are less than a window of {length} tokens, where {sequences} are asked for",
                self.held_out
            );
            return Err(CorpusError::new(message, "raise `held_out`, add documents, or ask for shorter windows"));
        }
        let mut batch = Batch::new(taken, length);
        clear(&mut batch, self.sight);
        for window in 0..taken {
            // Evenly spread over all there are.
            let start = starts[window * starts.len() / taken];
            let Some(mut writer) = Writer::new(&mut batch, window) else { break };
            self.fill_window(&mut writer, start, self.held_out, None);
        }
        let separators = batch.targets.iter().filter(|target| **target == SEPARATOR).count();
        let counted = batch.counted();
        let bytes_per_target = Some((counted - separators) as f64 / counted.max(1) as f64);
        Ok(HeldOut::new(batch, Known { bytes_per_target, ..Known::default() }))
    }

    fn suffices(&self, sequences: usize, length: usize) -> Result<(), CorpusError> {
        let patches = self.sight.patches();
        if length < patches {
            let message = format!("a picture of {patches} patches does not fit into a window of {length} tokens");
            return Err(CorpusError::new(message, "longer windows, or a larger `patch`"));
        }
        let there = self.windows(length)[1].len();
        if there < sequences || there == 0 {
            let message = format!(
                "{} documents make {there} windows of {length} tokens, and a batch has {sequences}",
                self.documents.len() - self.held_out
            );
            return Err(CorpusError::new(message, "add documents, or make batches or windows smaller"));
        }
        Ok(())
    }

    fn pass(&self, length: usize) -> Option<u64> {
        Some((self.windows(length)[1].len() * length) as u64)
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

    fn notes(&self) -> &[String] {
        &self.notes
    }
}

#[cfg(test)]
mod tests;
