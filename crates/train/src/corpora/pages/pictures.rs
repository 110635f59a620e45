//! The pictures of pages, each read once, and which of them belong to a page at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::Place;
use super::super::files::left_out::{LeftOut, shown};
use super::super::pictures::{Digest, Opened, in_order, open, opened};
use super::sources::Source;
use super::{Config, Content, Page};

/// Pictures none of whose sides has so many pixels are bullets and arrows.
const SMALLEST: u32 = 16;

/// A picture on more than this share of the pages belongs to none of them, ...
const REPEATED: f64 = 0.2;

/// ... if these are at least so many.
const PAGES: usize = 3;

/// All pictures that belong to a page and not to the frame of all pages.
pub(super) fn read<'a>(
    config: &Config,
    place: &Place,
    pages: &'a [Page],
    keep: u32,
    left_out: &mut LeftOut,
) -> BTreeMap<&'a Source, Opened> {
    let sources: BTreeSet<&Source> = pages.iter().flat_map(of).collect();
    let sources: Vec<&Source> = sources.into_iter().collect();
    let most = config.max_picture_bytes.unwrap_or(u64::MAX);
    let read = in_order(&sources, |source| match source {
        Source::File(path) => open(path, most, keep),
        Source::Inside(bytes) => opened(bytes, keep),
    });
    let base = place.base.canonicalize().unwrap_or_default();
    let name = |source: &Source| match source {
        Source::File(path) => shown(&path.strip_prefix(&base).unwrap_or(path).to_string_lossy()),
        Source::Inside(_) => "inside of a page".to_owned(),
    };
    let mut pictures = BTreeMap::new();
    for (source, picture) in sources.into_iter().zip(read) {
        match picture {
            // One that was made smaller has more pixels than are kept.
            Ok(opened) if opened.picture.width.max(opened.picture.height) < SMALLEST.min(keep) => {
                left_out.add("a picture of less than 16 pixels", &name(source));
            }
            Ok(opened) => {
                pictures.insert(source, opened);
            }
            Err(reason) => left_out.add(&reason, &name(source)),
        }
    }
    // By content, for a picture may lie in several places.
    let mut on: HashMap<Digest, usize> = HashMap::new();
    for page in pages {
        let digests: BTreeSet<Digest> = of(page).filter_map(|source| pictures.get(source)).map(|o| o.digest).collect();
        digests.into_iter().for_each(|digest| *on.entry(digest).or_default() += 1);
    }
    let most = ((pages.len() as f64 * REPEATED) as usize).max(PAGES - 1);
    pictures.retain(|source, opened| {
        let repeated = on.get(&opened.digest).is_some_and(|pages| *pages > most);
        if repeated {
            left_out.add("a picture on more than a fifth of the pages", &name(source));
        }
        !repeated
    });
    pictures
}

/// Where the pictures of a page are.
fn of(page: &Page) -> impl Iterator<Item = &Source> {
    page.parts.iter().filter_map(|part| match part {
        Content::Picture(source) => Some(source),
        Content::Text(_) => None,
    })
}
