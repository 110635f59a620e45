//! Documents of text and pictures, written into windows one behind the other.
//!
//! Text is bytes. A picture is as many tokens as it has patches, numbered behind the vocabulary by their place, and none of them is
//! foretold; behind the last token of a document stands the separator as a target, and no document reads another.

use isoloss_engine::IGNORE;

use super::sight::Sight;
use super::{Batch, Layout};

/// The token that no text contains.
pub(super) const SEPARATOR: u32 = 256;
/// All tokens of text.
pub(super) const VOCABULARY: u32 = 257;
/// What tokens are, for [`super::Source::alphabet`].
pub(super) const BYTES: &str = "bytes";

/// Empties all windows: separators that read themselves only, and no targets.
pub(super) fn clear(batch: &mut Batch, sight: Sight) {
    batch.inputs.fill(SEPARATOR);
    batch.targets.fill(IGNORE);
    let (tokens, length) = (batch.inputs.len(), batch.length.max(1));
    let mut layout = batch.layout.take().unwrap_or_else(|| Layout::new(sight, 0, length));
    layout.sight = sight;
    layout.spans.clear();
    layout.spans.extend((0..tokens).map(|at| [(at % length) as u32, (at % length) as u32 + 1]));
    layout.places.clear();
    layout.pixels.clear();
    batch.layout = Some(layout);
}

/// Writes into one window of a batch that was [cleared](clear); windows are written in their order.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    inputs: &'a mut [u32],
    targets: &'a mut [u32],
    spans: &'a mut [[u32; 2]],
    places: &'a mut Vec<u32>,
    pixels: &'a mut Vec<u8>,
    sight: Sight,
    /// tokens of the windows before
    before: usize,
    at: usize,
    /// where the document under way began
    begun: usize,
    /// the document under way did not fit
    is_cut: bool,
}

impl<'a> Writer<'a> {
    /// Into that window.
    pub fn new(batch: &'a mut Batch, window: usize) -> Option<Self> {
        let part = window * batch.length..(window + 1) * batch.length;
        let Layout { sight, spans, places, pixels } = batch.layout.as_mut()?;
        Some(Self {
            inputs: &mut batch.inputs[part.clone()],
            targets: &mut batch.targets[part.clone()],
            spans: &mut spans[part.clone()],
            places,
            pixels,
            sight: *sight,
            before: part.start,
            at: 0,
            begun: 0,
            is_cut: false,
        })
    }

    /// Tokens that are left.
    pub fn room(&self) -> usize {
        self.inputs.len() - self.at
    }

    /// Is there no room for what comes next in the document?
    pub fn is_full(&self) -> bool {
        self.is_cut
    }

    /// Text; what does not fit is left out, with all that follows in the document.
    pub fn text(&mut self, text: &[u8]) {
        for &byte in text {
            self.foretell(byte.into());
            if self.is_cut || self.room() == 0 {
                self.is_cut = true;
                return;
            }
            self.inputs[self.at] = byte.into();
            self.spans[self.at] = [self.begun as u32, self.at as u32 + 1];
            self.at += 1;
        }
    }

    /// A picture, red before green before blue; one that does not fit whole is left out, with all that follows.
    pub fn picture(&mut self, pixels: &[u8]) {
        let patches = self.sight.patches();
        self.is_cut |= self.room() < patches;
        if self.is_cut {
            return;
        }
        self.places.push((self.before + self.at) as u32);
        self.pixels.extend_from_slice(pixels);
        let end = self.at + patches;
        for (place, at) in (self.at..end).enumerate() {
            self.inputs[at] = VOCABULARY + place as u32;
            self.spans[at] = [self.begun as u32, end as u32];
        }
        self.at = end;
    }

    /// The end of the document; the next one begins behind it. Was it written whole?
    pub fn end(&mut self) -> bool {
        self.foretell(SEPARATOR);
        self.begun = self.at;
        !std::mem::take(&mut self.is_cut)
    }

    /// What follows the last token of the document so far.
    fn foretell(&mut self, token: u32) {
        if self.at > self.begun && !self.is_cut {
            self.targets[self.at - 1] = token;
        }
    }
}

/// Tokens for people to read: bytes as text, a picture as `[picture]`, the end of a document as a new line.
pub(super) fn text(tokens: &[u32]) -> String {
    let mut bytes = Vec::new();
    for &token in tokens {
        match token {
            0..SEPARATOR => bytes.push(token as u8),
            SEPARATOR => bytes.push(b'\n'),
            VOCABULARY => bytes.extend_from_slice(b"[picture]"),
            _ => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_lie_one_behind_the_other_and_read_themselves_only() {
        let sight = Sight { side: 2, patch: 1 };
        let mut batch = Batch::new(2, 9);
        clear(&mut batch, sight);
        let mut writer = Writer::new(&mut batch, 0).unwrap();
        writer.picture(&[7; 12]);
        writer.text(b"ab");
        writer.end();
        writer.text(b"c");
        writer.picture(&[8; 12]);
        writer.text(b"never");
        writer.end();
        writer.text(b"defg");
        writer.end();
        assert_eq!(writer.room(), 0);
        let mut writer = Writer::new(&mut batch, 1).unwrap();
        writer.text(b"x");
        writer.picture(&[9; 12]);
        writer.end();
        let none = IGNORE;
        let (a, b) = (u32::from(b'a'), u32::from(b'b'));
        let [d, e, x] = [b'd', b'e', b'x'].map(u32::from);
        assert_eq!(batch.inputs[..9], [257, 258, 259, 260, a, b, u32::from(b'c'), d, e]);
        // The picture behind c does not fit: what is cut is not foretold, and where text is cut the next byte is.
        assert_eq!(batch.targets[..9], [none, none, none, a, b, 256, none, e, u32::from(b'f')]);
        assert_eq!(batch.inputs[9..], [x, 257, 258, 259, 260, 256, 256, 256, 256]);
        assert_eq!(batch.targets[9..], [none, none, none, none, 256, none, none, none, none]);
        let layout = batch.layout.as_ref().unwrap();
        let spans = [[0, 4], [0, 4], [0, 4], [0, 4], [0, 5], [0, 6], [6, 7], [7, 8], [7, 9]];
        assert_eq!(layout.spans[..9], spans);
        assert_eq!(layout.spans[9..15], [[0, 1], [0, 5], [0, 5], [0, 5], [0, 5], [5, 6]]);
        assert_eq!(layout.places, [0, 10]);
        assert_eq!(layout.pixels, [[7; 12], [9; 12]].concat());
        // Parts are what they were in the whole, and put together again they are the whole.
        let (one, two) = (batch.part(0..1), batch.part(1..2));
        assert_eq!(two.layout.as_ref().unwrap().places, [1]);
        let mut both = one.clone();
        both.append(&two);
        assert_eq!(both, batch);
    }
}
