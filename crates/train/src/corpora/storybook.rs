//! Interleaved documents: stories in pictures and text, drawn without end, whose optimal loss is known.
//!
//! ```text
//! Gus went to the lake. [picture] Gus saw a red ring left of a blue cross. [picture] Gus saw two green squares and one black
//! ring. Gus likes the blue cross.
//! ```
//!
//! The pictures and what is said of them are those of [`super::scenes`]. Who goes where is drawn evenly, and cannot be known; what is seen is
//! told by the picture, but for which thing is named first; and what is liked is one of the four things that were seen, drawn evenly, so
//! that it has to be looked up in the text or the pictures before it. All names recur.

use std::sync::Arc;

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::scenes::caption::{Caption, Thing, longest};
use super::scenes::{Artist, sight};
use super::settings::{usual_patch, usual_side};
use super::stream::below;
use super::told::{Teller, Told};
use super::window::Writer;
use super::{CorpusError, Place, Source, hex};

pub(super) const SAYS: &str = "stories in pictures and text: interleaved documents whose optimal loss is known";
pub(super) const WHEREABOUTS: &[&str] = &[];

const NAMES: [&str; 8] = ["Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Gus", "Ida"];
const PLACES: [&str; 8] = ["lake", "park", "shore", "mill", "tower", "garden", "bridge", "market"];

/// The stories.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Pixels of a side: 32 to 512, a multiple of 4.
    #[serde(default = "usual_side")]
    pub side: usize,
    /// Pixels of a patch's side.
    #[serde(default = "usual_patch")]
    pub patch: usize,
    /// Pictures of a story: 1 to 16.
    #[serde(default = "pages")]
    pub pages: usize,
    /// Draws the held-out windows.
    #[serde(default)]
    pub seed: u64,
}

fn pages() -> usize {
    2
}

/// The most pages.
const MOST_PAGES: usize = 16;

/// The stories, ready to be told.
#[derive(Debug)]
struct Storybook {
    pages: usize,
    artist: Artist,
}

pub(super) fn open(config: &Config, _place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    let sight = sight(config.side, config.patch)?;
    if !(1..=MOST_PAGES).contains(&config.pages) {
        let message = format!("`pages` is {}, not a number of pictures from 1 to {MOST_PAGES}", config.pages);
        return Err(CorpusError::new(message, "2 is the default"));
    }
    let mut hash = Sha256::new();
    hash.update(b"isoloss storybook 1\n");
    let numbers = [config.side as u64, config.patch as u64, config.pages as u64, config.seed];
    numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
    let hash = hex(&hash.finalize());
    let data = Data { name: "storybook".into(), hash, tokens: None, entropy: None, other: Default::default() };
    let teller = Storybook { pages: config.pages, artist: Artist::new(sight) };
    Ok(Arc::new(Told { teller, sight, seed: config.seed, data }))
}

impl Teller for Storybook {
    /// Writes a story; gives -ln p of its text for whoever sees its pictures, and for whoever does not; none if it was cut.
    fn write(&self, random: &mut Xoshiro256PlusPlus, writer: &mut Writer) -> Option<[f64; 2]> {
        let name = NAMES[below(random.next_u64(), NAMES.len() as u64) as usize];
        let place = PLACES[below(random.next_u64(), PLACES.len() as u64) as usize];
        let mut nats = [libm::log((NAMES.len() * PLACES.len()) as f64); 2];
        writer.text(format!("{name} went to the {place}. ").as_bytes());
        let mut seen: Vec<Thing> = Vec::new();
        for _ in 0..self.pages {
            let caption = Caption::drawn(random);
            writer.picture(&self.artist.draw(&caption, random));
            writer.text(format!("{name} saw {}. ", caption.words()).as_bytes());
            nats = [nats[0] + caption.seen(), nats[1] + caption.surprise()];
            seen.extend(caption.things);
        }
        let liked = seen[below(random.next_u64(), seen.len() as u64) as usize];
        // Seen on two pages it is twice as likely.
        let times = seen.iter().filter(|thing| **thing == liked).count();
        let surprise = libm::log(seen.len() as f64 / times as f64);
        writer.text(format!("{name} likes the {}.", liked.name()).as_bytes());
        writer.end().then(|| nats.map(|nats| nats + surprise))
    }

    /// Tokens of the longest story.
    fn most(&self) -> usize {
        let longest_of = |words: &[&str]| words.iter().map(|w| w.len()).max().unwrap_or(0);
        let name = longest_of(&NAMES);
        let first = name + " went to the . ".len() + longest_of(&PLACES);
        let page = self.artist.sight.patches() + name + " saw . ".len() + longest()[0];
        let last = name + " likes the .".len() + "yellow triangle".len();
        first + self.pages * page + last
    }

    fn shorter(&self) -> &'static str {
        "fewer `pages`"
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::Batch;
    use super::super::window::SEPARATOR;
    use super::*;

    fn source(config: &Config) -> Arc<dyn Source> {
        open(config, &Place { base: PathBuf::new(), cache: PathBuf::new() }).unwrap()
    }

    fn config() -> Config {
        Config { side: 32, patch: 8, pages: 2, seed: 0 }
    }

    /// -ln p of a story without pictures or with them, from its words alone.
    fn surprise(story: &str) -> [f64; 2] {
        let sentences: Vec<&str> = story.trim_end_matches('.').split(". ").collect();
        let [_, pages @ .., last] = &sentences[..] else { panic!("{story}") };
        let mut nats = [64f64.ln(); 2];
        let mut seen = Vec::new();
        for page in pages {
            let words: Vec<&str> = page.trim_start_matches("[picture]").split(' ').collect();
            let ways = if words.contains(&"and") { 15.0 } else { 4.0 };
            nats = [nats[0] + 2f64.ln(), nats[1] + (2.0f64 * 36.0 * 35.0 * ways).ln()];
            // Two words of each thing, behind `a` or a number.
            let starts = (0..words.len()).filter(|i| ["a", "one", "two", "three", "four"].contains(&words[*i]));
            seen.extend(starts.map(|i| {
                let shape = words[i + 2];
                let one = shape.strip_suffix("ses").map(|s| format!("{s}s"));
                let one = one.unwrap_or_else(|| {
                    shape.strip_suffix('s').filter(|s| !s.ends_with("cros")).unwrap_or(shape).into()
                });
                format!("{} {one}", words[i + 1])
            }));
        }
        let liked = last.split(" the ").nth(1).unwrap();
        let times = seen.iter().filter(|thing| *thing == liked).count();
        assert!(times > 0, "{story}: {seen:?}");
        nats.map(|nats| nats + (seen.len() as f64 / times as f64).ln())
    }

    #[test]
    fn the_loss_that_is_known_is_that_of_the_words() {
        for pages in [1, 2, 5] {
            let source = source(&Config { pages, ..config() });
            let held = source.held_out(40, 700).unwrap();
            let mut nats = [0.0; 2];
            let mut stories = 0;
            for window in 0..40 {
                let window = held.batch.part(window..window + 1);
                // Where a story ends no input says: the next one begins where tokens read from itself on.
                let layout = window.layout.as_ref().unwrap();
                let used = window.inputs.iter().position(|t| *t == SEPARATOR).unwrap_or(700);
                let starts: Vec<usize> = (0..used).filter(|i| layout.spans[*i][0] as usize == *i).collect();
                for (number, &from) in starts.iter().enumerate() {
                    let to = starts.get(number + 1).copied().unwrap_or(used);
                    let own = surprise(&source.text(&window.inputs[from..to]).unwrap());
                    nats = [nats[0] + own[0], nats[1] + own[1]];
                    stories += 1;
                }
            }
            assert!(stories >= 40);
            let counted = held.batch.counted() as f64;
            let known = held.known;
            assert!((known.floor.unwrap() - nats[0] / counted).abs() < 1e-9, "{known:?} {nats:?} {counted}");
            assert!((known.blind.unwrap() - nats[1] / counted).abs() < 1e-9);
        }
    }

    #[test]
    fn stories_go_on_until_the_window_is_full() {
        let source = source(&config());
        let mut batch = Batch::new(3, 300);
        source.fill(1, 1, &mut batch);
        let text = source.text(&batch.inputs[..300]).unwrap();
        assert!(text.contains(" went to the ") && text.contains("[picture]") && text.contains(" likes the "), "{text}");
        let held = open(&Config { pages: 0, ..config() }, &Place { base: PathBuf::new(), cache: PathBuf::new() });
        assert!(held.unwrap_err().message.starts_with("`pages`"));
    }
}
