//! Byte-pair encoding, against the library's own way from text to tokens.

use tokenizers::models::wordlevel::WordLevel;
use tokenizers::normalizers::Lowercase;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Tokenizer as Library};

use super::super::bpe::Bpe;
use super::super::file::OfFile;
use super::*;

fn documents() -> Vec<Vec<u8>> {
    (0..40).map(|i| format!("{} the quick brown fox, the lazy dog's {i} tails\n", text(i)).into_bytes()).collect()
}

fn encoded(tokenizer: &mut dyn Tokenizer, documents: &[Vec<u8>]) -> Vec<Vec<u16>> {
    let encode = |document: &Vec<u8>| {
        let mut tokens = Vec::new();
        tokenizer.encode(document, &mut tokens).unwrap();
        tokens
    };
    documents.iter().map(encode).collect()
}

/// A learnt vocabulary as the library would write and read it.
fn library(bpe: &Bpe) -> Library {
    let mut library = Library::new(bpe.model().clone());
    library.with_pre_tokenizer(Some(ByteLevel::new(false, false, true)));
    library
}

fn of_file(library: &Library) -> Result<OfFile, CorpusError> {
    OfFile::new("t.json", library.to_string(false).unwrap().as_bytes())
}

#[test]
fn merged_bytes_stand_for_the_text() {
    let mut bpe = Bpe::new(counts(&documents()), 500).unwrap();
    assert!((400..500).contains(&bpe.vocabulary().len()), "{}", bpe.vocabulary().len());
    assert!(bpe.vocabulary().iter().flatten().any(|token| **token == *b" quick"));
    // The second time from what is remembered.
    for document in awkward().iter().chain(&awkward()).chain(&documents()) {
        assert_eq!(&round_trip(&mut bpe, document), document);
    }
}

#[test]
fn a_vocabulary_is_learnt_alike_every_time() {
    let sources = [include_str!("../mod.rs"), include_str!("../../cache.rs"), include_str!("../../tests.rs")];
    let documents: Vec<Vec<u8>> = sources.iter().map(|s| s.as_bytes().to_vec()).collect();
    // Few letters and many ties: runs in which the order of a map would show.
    let ties: Vec<Vec<u8>> = (0..200u32)
        .map(|i| (0..12).map(|k| b"ab "[(i.wrapping_mul(2654435761) >> (2 * k)) as usize % 3]).collect())
        .collect();
    for documents in [documents, ties] {
        let learn = || Bpe::new(counts(&documents), 1500).unwrap();
        let mut first = learn();
        let tokens = encoded(&mut first, &documents);
        // Every map of these has another seed.
        for _ in 0..4 {
            let mut again = learn();
            assert!(again.vocabulary() == first.vocabulary());
            assert!(encoded(&mut again, &documents) == tokens);
        }
    }
}

/// Our pieces and our memory of them against the library's regular expression and model.
#[test]
fn a_file_with_what_was_learnt_gives_the_same_tokens() {
    let mut bpe = Bpe::new(counts(&documents()), 600).unwrap();
    let mut file = of_file(&library(&bpe)).unwrap();
    assert!(bpe.vocabulary() == file.vocabulary());
    let mut all = [documents(), awkward()].concat();
    all.push(include_bytes!("../pieces.rs").to_vec());
    assert_eq!(encoded(&mut bpe, &all), encoded(&mut file, &all));

    let bench = Bench::new();
    documents().iter().enumerate().for_each(|(i, d)| bench.write(&format!("in/{i}.txt"), d));
    let learnt = bench.open(&config(json!({ "bpe": 400 }))).unwrap();
    let [_, training] = parts(documents(), 0.2);
    let written = library(&Bpe::new(counts(&training), 400).unwrap()).to_string(true).unwrap();
    bench.write("t.json", written.as_bytes());
    bench.write("deep/other.json", written.replace("\n", " ").as_bytes());
    for name in ["t.json", "deep/other.json"] {
        let read = bench.open(&config(json!({ "file": name }))).unwrap();
        assert_eq!((read.data(), read.vocab_size()), (learnt.data(), 400), "{name}: only content counts");
    }
    assert!(learnt.held_out(4, 8).unwrap().known.bytes_per_target.unwrap() > 1.0);
    assert!(learnt.notes().is_empty(), "{:?}", learnt.notes());
}

proptest! {
    #[test]
    fn pieces_are_those_of_the_pattern(text in "([a-zA-Z]{1,3}|'(s|t|re|ve|m|ll|d)|[ \t\n\r]{1,3}|[0-9]{1,2}|[!-/]{1,2}|[\u{e9}\u{416}\u{4e2d}\u{2163}\u{bd}\u{1f680}\u{a0}]){0,20}") {
        let mut split = PreTokenizedString::from(text.as_str());
        ByteLevel::new(false, false, true).pre_tokenize(&mut split).unwrap();
        let split = split.get_splits(OffsetReferential::Original, OffsetType::Byte);
        let wanted: Vec<&[u8]> = split.iter().map(|(_, (from, to), _)| &text.as_bytes()[*from..*to]).collect();
        prop_assert_eq!(pieces(text.as_bytes()).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn what_is_spelt_like_a_token_of_control_is_text() {
    let mut library = library(&Bpe::new(counts(&documents()), 300).unwrap());
    library.add_special_tokens([AddedToken::from("<|end|>", true)]).unwrap();
    let mut file = of_file(&library).unwrap();
    assert_eq!(round_trip(&mut file, b"a <|end|> b"), b"a <|end|> b");
    let end = file.vocabulary().iter().position(|t| t.as_deref() == Some(b"<|end|>")).unwrap();
    assert!(!encoded(&mut file, &[b"a <|end|> b".to_vec()])[0].contains(&(end as u16)));
}

#[test]
fn tokenizers_that_change_text_are_refused() {
    let learnt = Bpe::new(counts(&documents()), 300).unwrap();
    let refused = |error: CorpusError, says: &str| {
        assert!(error.to_string().contains(says) && !error.hint.is_empty(), "{error}");
    };
    refused(OfFile::new("x.json", b"{").map(|_| ()).unwrap_err(), "x.json is no tokenizer");
    refused(of_file(&Library::new(WordLevel::default())).map(|_| ()).unwrap_err(), "is no byte-level BPE");
    let foreign = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
        "pre_tokenizer":null,"post_processor":null,"decoder":null,
        "model":{"type":"BPE","vocab":{"a":0,"\u2581b":1},"merges":[]}}"#;
    refused(OfFile::new("x.json", foreign.as_bytes()).map(|_| ()).unwrap_err(), "not one of bytes");
    refused(
        OfFile::new("x.json", foreign.replace(":1}", ":65535}").as_bytes()).map(|_| ()).unwrap_err(),
        "65536 tokens",
    );

    let mut lower = library(&learnt);
    lower.with_normalizer(Some(Lowercase)).unwrap();
    let mut spaced = library(&learnt);
    spaced.with_pre_tokenizer(Some(ByteLevel::new(true, false, true)));
    for changing in [lower, spaced] {
        let error = of_file(&changing).unwrap().encode(b"Text", &mut Vec::new()).unwrap_err();
        refused(error, "the text that begins with \"Text\"");
    }
}
