//! The tokens of a tokenizer that somebody trained, in the format of Hugging Face.
//!
//! Only byte-level BPE is taken, because its tokens stand for bytes: others drop accents, spaces or rare letters, and a
//! loss per byte of what is left is not one of the text. Every document is compared with what its tokens stand for.

use tokenizers::{ModelWrapper, Tokenizer as Library};

use super::super::super::CorpusError;
use super::super::shown;
use super::{MOST, Tokenizer, byte_level};

const TAKEN: &str = "byte-level BPE is taken, as of GPT-2 or of `tokens = { bpe = 4096 }`, of at most 65535 tokens";

/// A tokenizer as its file describes it.
pub(super) struct OfFile {
    name: String,
    theirs: Library,
    vocabulary: Vec<Option<Box<[u8]>>>,
    /// The token of every byte that is no part of UTF-8.
    bytes: [Option<u16>; 256],
}

impl OfFile {
    /// Reads a tokenizer from the content of a file; the name is for what has to be said of it.
    pub(super) fn new(name: &str, content: &[u8]) -> Result<Self, CorpusError> {
        let name = shown(name);
        let refuse = |why: String| CorpusError::new(format!("{name} {why}"), TAKEN).of("tokens");
        let mut library = Library::from_bytes(content).map_err(|e| refuse(format!("is no tokenizer: {e}")))?;
        // What a text says is text, be it spelt like a token of control; and all of it is wanted.
        library.set_encode_special_tokens(true);
        library.with_padding(None);
        library.with_truncation(None).map_err(|e| refuse(format!("cannot be used: {e}")))?;
        if !matches!(library.get_model(), ModelWrapper::BPE(_)) {
            return Err(refuse("is no byte-level BPE".into()));
        }
        let tokens = library.get_vocab(true);
        let size = tokens.values().max().map_or(0, |last| *last as usize + 1);
        if !(1..MOST).contains(&size) {
            return Err(refuse(format!("has {size} tokens")));
        }
        // A number that no token has, of which there are some in files that were edited, stands for nothing.
        let mut vocabulary = vec![Some(Box::default()); size];
        let added = library.get_added_tokens_decoder();
        for (token, id) in &tokens {
            let stands_for = match added.get(id) {
                Some(added) => Some(added.content.as_bytes().into()),
                None => byte_level::bytes(token),
            };
            let stands_for = stands_for.ok_or_else(|| refuse(format!("has the token {token:?}, not one of bytes")))?;
            vocabulary[*id as usize] = Some(stands_for);
        }
        let bytes = byte_level::alphabet().map(|c| tokens.get(c.encode_utf8(&mut [0; 4]) as &str).map(|id| *id as u16));
        Ok(Self { name, theirs: library, vocabulary, bytes })
    }

    /// Is this what the tokens stand for?
    fn is(&self, document: &[u8], tokens: &[u16]) -> bool {
        let stand_for = tokens.iter().flat_map(|t| self.vocabulary[usize::from(*t)].as_deref().unwrap_or_default());
        stand_for.eq(document)
    }
}

impl Tokenizer for OfFile {
    fn vocabulary(&self) -> &[Option<Box<[u8]>>] {
        &self.vocabulary
    }

    fn encode(&mut self, document: &[u8], tokens: &mut Vec<u16>) -> Result<(), CorpusError> {
        let begin = tokens.len();
        for chunk in document.utf8_chunks() {
            let encoding = self.theirs.encode_fast(chunk.valid(), false);
            let encoding = encoding.map_err(|e| CorpusError::new(format!("{} fails: {e}", self.name), TAKEN))?;
            tokens.extend(encoding.get_ids().iter().map(|id| *id as u16));
            tokens.extend(chunk.invalid().iter().filter_map(|byte| self.bytes[usize::from(*byte)]));
        }
        if self.is(document, &tokens[begin..]) {
            return Ok(());
        }
        let begins: String = String::from_utf8_lossy(document).chars().take(40).collect();
        let message =
            format!("the tokens of {} do not stand for the text that begins with {:?}", self.name, shown(&begins));
        let hint = "a `normalizer`, an `add_prefix_space` or a byte that has no token changes text: take those out of \
                    the file, or learn one with `tokens = { bpe = 4096 }`";
        Err(CorpusError::new(message, hint))
    }
}
