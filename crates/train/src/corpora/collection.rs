//! Documents of pictures and text that were read, as windows of an epoch.
//!
//! Documents lie one behind the other in windows, in the order of their digests; one that does not fit goes on in the next window, a
//! picture whole. As no document reads another, it does not matter which lie side by side, and windows are the same in every epoch:
//! only their order is drawn. So a batch is a function of seed and step, and a window is seen once in an epoch.
//!
//! In training a picture is a part of itself (Shukor et al. 2025, arXiv 2504.07951, section 3, after Szegedy et al. 2015, arXiv 1409.4842): a
//! rectangle of 0.4 to 1 of its area and 3:4 to 4:3 in shape, anywhere in it, and in half of the cases turned from left to right.
//! Evaluated is the square in its middle.

use std::sync::{Arc, Mutex, PoisonError};

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;
use sha2::{Digest as _, Sha256};

use super::pictures::{Document, Found, Picture, Piece};
use super::sight::Sight;
use super::stream::{Purpose, stream};
use super::text::is_held_out;
use super::window::{BYTES, SEPARATOR, VOCABULARY, Writer, clear};
use super::{Batch, CorpusError, HeldOut, Known, Permutation, Source, hex};

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
    /// Where windows begin, by their length: of those to evaluate on, and of those to train on.
    windows: Mutex<Vec<(usize, Arc<[Vec<Start>; 2]>)>>,
}

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
    documents.iter().for_each(|document| hash.update(document.digest));
    let pieces = || documents.iter().flat_map(|document| &document.pieces);
    let pictures = pieces().filter(|piece| matches!(piece, Piece::Picture(_))).count();
    let counts = [("documents", documents.len() - held_out), ("held_out_documents", held_out), ("pictures", pictures)];
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
    fn windows(&self, length: usize) -> Arc<[Vec<Start>; 2]> {
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
            }
            if !writer.end() || writer.room() == 0 {
                return;
            }
        }
    }
}

/// A rectangle of a picture, maybe turned from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    turned: bool,
}

/// Shares of the area.
const AREAS: [f64; 2] = [0.4, 1.0];
/// The widest shape: width over height, and the other way round.
const WIDEST: f64 = 4.0 / 3.0;
/// How often a rectangle is drawn that may not fit.
const TRIES: usize = 10;

impl Part {
    /// The square in the middle.
    fn middle(picture: &Picture) -> Self {
        let [width, height] = [picture.width, picture.height].map(f64::from);
        let side = width.min(height);
        Self { left: (width - side) / 2.0, top: (height - side) / 2.0, width: side, height: side, turned: false }
    }

    fn drawn(picture: &Picture, random: &mut Xoshiro256PlusPlus) -> Self {
        let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let [width, height] = [picture.width, picture.height].map(f64::from);
        let turned = uniform() < 0.5;
        for _ in 0..TRIES {
            let area = width * height * (AREAS[0] + (AREAS[1] - AREAS[0]) * uniform());
            let shape = libm::pow(WIDEST, 2.0 * uniform() - 1.0);
            let [w, h] = [(area * shape).sqrt(), (area / shape).sqrt()];
            if w <= width && h <= height {
                return Self {
                    left: (width - w) * uniform(),
                    top: (height - h) * uniform(),
                    width: w,
                    height: h,
                    turned,
                };
            }
        }
        Self { turned, ..Self::middle(picture) }
    }

    /// As a square of so many pixels: red, then green, then blue. A pixel is the mean of points between the pixels that it covers.
    fn sample(self, picture: &Picture, side: usize, to: &mut [u8]) {
        let [wide, high] = [picture.width as usize, picture.height as usize];
        let steps = [self.width, self.height].map(|extent| extent / side as f64);
        let points = steps.map(|step| (step.ceil() as usize).clamp(1, 8));
        let blend = |at: f64, of: usize| {
            let at = (at - 0.5).clamp(0.0, (of - 1) as f64);
            let low = at as usize;
            (low, (low + 1).min(of - 1), at - low as f64)
        };
        for y in 0..side {
            for x in 0..side {
                let mut sums = [0.0; 3];
                for v in 0..points[1] {
                    let (top, bottom, down) =
                        blend(self.top + (y as f64 + (v as f64 + 0.5) / points[1] as f64) * steps[1], high);
                    for h in 0..points[0] {
                        let (left, right, along) =
                            blend(self.left + (x as f64 + (h as f64 + 0.5) / points[0] as f64) * steps[0], wide);
                        for (channel, sum) in sums.iter_mut().enumerate() {
                            let at =
                                |row: usize, column: usize| f64::from(picture.rgb[(row * wide + column) * 3 + channel]);
                            let row = |row: usize| at(row, left) + (at(row, right) - at(row, left)) * along;
                            *sum += row(top) + (row(bottom) - row(top)) * down;
                        }
                    }
                }
                let column = if self.turned { side - 1 - x } else { x };
                for (channel, sum) in sums.into_iter().enumerate() {
                    to[(channel * side + y) * side + column] = (sum / (points[0] * points[1]) as f64).round() as u8;
                }
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
mod tests {
    use super::super::IGNORE;
    use super::*;

    const SIGHT: Sight = Sight { side: 2, patch: 1 };

    fn picture(shade: u8) -> Arc<Picture> {
        Arc::new(Picture { width: 2, height: 2, rgb: vec![shade; 12] })
    }

    fn documents(count: usize) -> Vec<Document> {
        let one = |i: usize| {
            let text = |words: &str| (Piece::Text(words.to_owned()), [0; 32]);
            let picture = (Piece::Picture(picture(i as u8)), [i as u8; 32]);
            let mut parts = vec![text(&format!("number {i} {}", "and so on ".repeat(i % 5)))];
            parts.insert(i % 2, picture);
            Document::new(parts)
        };
        let mut all: Vec<Document> = (0..count).map(one).collect();
        all.sort_by_key(|document| document.digest);
        all
    }

    fn collection(count: usize, augment: bool) -> Arc<dyn Source> {
        let of = Kind { kind: "test", name: "test", sight: SIGHT, held_out: 0.3, augment };
        source(Found { documents: documents(count), left_out: vec!["none".into()] }, of).unwrap()
    }

    #[test]
    fn an_epoch_shows_every_token_once() {
        let source = collection(90, false);
        let length = 32;
        let windows = source.pass(length).unwrap() / length as u64;
        for epoch in 0..2 {
            let mut batch = Batch::new(windows as usize, length);
            source.fill(4, epoch, &mut batch);
            // All windows, put in order, are the documents: as many pictures, and each byte of text as often.
            let shown = |token: u32| batch.inputs.iter().filter(|t| **t == token).count();
            let held = documents(90).partition_point(|document| is_held_out(&document.digest, 0.3));
            let all: Vec<u8> = documents(90)[held..]
                .iter()
                .flat_map(|d| &d.pieces)
                .flat_map(|piece| match piece {
                    Piece::Text(text) => text.clone().into_bytes(),
                    Piece::Picture(_) => Vec::new(),
                })
                .collect();
            for byte in b"nod 3" {
                let there = all.iter().filter(|b| *b == byte).count();
                // A rest at the end is less than a window.
                let seen = shown((*byte).into());
                assert!(seen <= there && seen + length >= there, "{} {seen} {there}", *byte as char);
            }
            let layout = batch.layout.as_ref().unwrap();
            assert!(layout.places.len() <= 90 - held && layout.places.len() + 8 >= 90 - held);
            let mut shades: Vec<u8> = layout.pixels.iter().step_by(12).copied().collect();
            shades.sort_unstable();
            assert!(shades.windows(2).all(|pair| pair[0] < pair[1]), "a picture twice");
        }
        let epoch = |number| {
            let mut batch = Batch::new(windows as usize, length);
            source.fill(4, number, &mut batch);
            batch
        };
        assert!(epoch(0) != epoch(1) && epoch(1) == epoch(1));
        let mut again = Batch::new(2, length);
        source.fill(4, 1, &mut again);
        assert_eq!(again, epoch(0).part(2..4));
    }

    #[test]
    fn what_is_cut_goes_on_in_the_next_window_and_is_foretold() {
        let long = Document::new(vec![(Piece::Text("0123456789".repeat(5)), [0; 32])]);
        let other = Document::new(vec![(Piece::Text("abc".repeat(40)), [1; 32])]);
        let mut all = vec![long, other];
        all.sort_by_key(|document| document.digest);
        let of = Kind { kind: "test", name: "test", sight: SIGHT, held_out: 0.5, augment: false };
        let Ok(source) = source(Found { documents: all, left_out: Vec::new() }, of) else { return };
        let held = source.held_out(9, 16).unwrap();
        let windows: Vec<&[u32]> = held.batch.inputs.chunks(16).collect();
        for (window, targets) in windows.iter().zip(held.batch.targets.chunks(16)) {
            assert_eq!(window[1..], targets[..15]);
            assert!(targets[15] != IGNORE);
        }
    }

    #[test]
    fn a_part_of_a_picture_is_a_part_of_it() {
        // Red grows to the right, green downward.
        let (width, height) = (40u32, 30u32);
        let pixel = |y: u32, x: u32| [(x * 6) as u8, (y * 8) as u8, 77];
        let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(y, x))).collect();
        let picture = Picture { width, height, rgb };
        let side = 16;
        let mut pixels = vec![0; 3 * side * side];
        Part::middle(&picture).sample(&picture, side, &mut pixels);
        let at = |pixels: &[u8], channel: usize, y: usize, x: usize| i32::from(pixels[(channel * side + y) * side + x]);
        // The square from column 5 to 35: its middle is that of the picture.
        assert!((at(&pixels, 0, 3, 0) - 36).abs() <= 6 && (at(&pixels, 0, 3, 15) - 204).abs() <= 6);
        assert!((at(&pixels, 1, 0, 7) - 4).abs() <= 5 && (at(&pixels, 1, 15, 7) - 228).abs() <= 6);
        assert!(pixels[2 * side * side..].iter().all(|blue| *blue == 77));
        let mut random = stream(Purpose::Training, [1, 2, 3]);
        let (mut areas, mut turned) = (Vec::new(), 0);
        for _ in 0..2000 {
            let part = Part::drawn(&picture, &mut random);
            assert!(part.left >= 0.0 && part.left + part.width <= 40.0 + 1e-9 && part.top + part.height <= 30.0 + 1e-9);
            let shape = part.width / part.height;
            assert!((0.749..=1.334).contains(&shape));
            areas.push(part.width * part.height / 1200.0);
            turned += u32::from(part.turned);
            part.sample(&picture, side, &mut pixels);
            let falls = at(&pixels, 0, 5, 15) < at(&pixels, 0, 5, 0);
            assert_eq!(falls, part.turned);
        }
        assert!(areas.iter().all(|a| (0.39..=1.0 + 1e-9).contains(a)) && (900..1100).contains(&turned));
        // A picture of one pixel is that pixel everywhere.
        let one = Picture { width: 1, height: 1, rgb: vec![1, 2, 3] };
        Part::drawn(&one, &mut random).sample(&one, side, &mut pixels);
        assert!((0..3).all(|c| pixels[c * 256..(c + 1) * 256].iter().all(|x| usize::from(*x) == c + 1)));
    }

    #[test]
    fn pictures_are_parts_in_training_and_whole_in_evaluation() {
        let fill = |augment| {
            let mut batch = Batch::new(4, 32);
            collection(90, augment).fill(1, 0, &mut batch);
            batch
        };
        // These pictures are of one shade each: their parts are alike.
        assert_eq!(fill(true), fill(false));
        assert_eq!(collection(90, true).held_out(3, 32).unwrap(), collection(90, false).held_out(3, 32).unwrap());
    }

    #[test]
    fn too_little_is_refused_with_the_reason() {
        let source = collection(90, true);
        assert!(source.suffices(1, 3).unwrap_err().message.contains("4 patches"));
        assert!(source.suffices(1000, 32).unwrap_err().message.contains("1000"));
        assert!(source.held_out(1, 100_000).is_err());
        let of = Kind { kind: "test", name: "test", sight: SIGHT, held_out: 0.5, augment: false };
        let none = super::source(Found { documents: documents(1), left_out: Vec::new() }, of);
        assert!(none.unwrap_err().message.starts_with("`held_out`"));
    }
}
