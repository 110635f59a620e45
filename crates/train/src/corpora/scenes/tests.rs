use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::stream::{Purpose, stream};
use super::super::{Batch, IGNORE, Known, reading};
use super::caption::{COLOURS, SHAPES, Thing};
use super::*;

fn config() -> Config {
    Config { side: usual_side(), patch: usual_patch(), shuffled: false, seed: 0 }
}

fn source(config: &Config) -> Arc<dyn Source> {
    open(config, &Place { base: PathBuf::new(), cache: PathBuf::new() }).unwrap()
}

fn random(seed: u64) -> Xoshiro256PlusPlus {
    stream(Purpose::Training, [seed, 7, 7])
}

#[test]
fn captions_are_as_likely_as_is_said() {
    let mut random = random(1);
    let mut seen: BTreeMap<String, (u32, f64)> = BTreeMap::new();
    let (mut mean, n) = (0.0, 400_000);
    for _ in 0..n {
        let caption = Caption::drawn(&mut random);
        let words = caption.words();
        assert!(words.len() <= longest()[0], "{words}");
        let one = seen.entry(words).or_insert((0, caption.surprise()));
        one.0 += 1;
        mean += caption.surprise() / f64::from(n);
    }
    // All that there are, and together they are certain.
    assert_eq!(seen.len(), 36 * 35 * (4 + 15));
    let total: f64 = seen.values().map(|(_, surprise)| (-surprise).exp()).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    let half = 0.5 * (2.0f64 * 1260.0 * 4.0).ln() + 0.5 * (2.0f64 * 1260.0 * 15.0).ln();
    assert!((mean - half).abs() < 0.01, "{mean} {half}");
    // Counts are as expected of those probabilities: the square of the deviation over the mean is about one.
    let n = f64::from(n);
    let chi: f64 =
        seen.values().map(|(count, s)| (f64::from(*count) - n * (-s).exp()).powi(2) / (n * (-s).exp())).sum();
    assert!((chi / seen.len() as f64 - 1.0).abs() < 0.05, "{chi} of {}", seen.len());
}

/// Reads a drawing as a person would: in every cell the shape whose mask and the colour whose shade are nearest.
fn read(artist: &Artist, pixels: &[u8]) -> Vec<([usize; 2], String)> {
    let side = artist.sight.side;
    let cell = side / 4;
    let ground = f64::from(pixels[0].max(pixels[side - 1]).max(pixels[side * side - 1]));
    let mut found = Vec::new();
    for at in 0..16 {
        let [row, column] = [at / 4, at % 4];
        let part = |channel: usize, y: usize, x: usize| {
            f64::from(pixels[(channel * side + row * cell + y) * side + column * cell + x])
        };
        let own: Vec<[f64; 3]> =
            (0..cell * cell).map(|i| [0, 1, 2].map(|channel| part(channel, i / cell, i % cell))).collect();
        if own.iter().all(|p| p.iter().all(|c| (c - ground).abs() < 3.0)) {
            continue;
        }
        // Every thing at every place and size, drawn on the ground.
        let mut best = (f64::INFINITY, String::new());
        for shape in 0..SHAPES.len() {
            for colour in 0..COLOURS.len() {
                for (placed, _) in artist.pen.placed(Thing { colour, shape }, ground) {
                    let off: f64 =
                        own.iter().zip(&placed).map(|(p, q)| (0..3).map(|c| (p[c] - q[c]).powi(2)).sum::<f64>()).sum();
                    if off < best.0 {
                        best = (off, Thing { colour, shape }.name());
                    }
                }
            }
        }
        found.push(([row, column], best.1));
    }
    found
}

#[test]
fn pictures_tell_all_that_is_said_of_them() {
    let artist = Artist::new(sight(32, 8).unwrap());
    let (mut random, mut right) = (random(2), 0);
    let n = 300;
    for _ in 0..n {
        let caption = Caption::drawn(&mut random);
        let seen = read(&artist, &artist.draw(&caption, &mut random));
        // Every caption that is true of what was seen.
        let mut told: BTreeSet<String> = BTreeSet::new();
        let names: BTreeSet<&String> = seen.iter().map(|(_, name)| name).collect();
        if let [([r, c], one), ([s, d], other)] = &seen[..]
            && (r == s) != (c == d)
            && one != other
        {
            let [before, after] = if r == s { ["left of", "right of"] } else { ["above", "below"] };
            told.extend([format!("a {one} {before} a {other}"), format!("a {other} {after} a {one}")]);
        } else if let [one, other] = names.iter().collect::<Vec<_>>()[..] {
            let count = |name: &&String| seen.iter().filter(|(_, n)| n == *name).count();
            let words = |name: &&String| {
                let plural = match (count(name), name.ends_with("cross")) {
                    (1, _) => "",
                    (_, true) => "es",
                    _ => "s",
                };
                format!("{} {name}{plural}", ["one", "two", "three", "four"][count(name).clamp(1, 4) - 1])
            };
            told.extend([
                format!("{} and {}", words(one), words(other)),
                format!("{} and {}", words(other), words(one)),
            ]);
        }
        // Two ways to say it: ln 2 is what is left.
        right += u32::from(told.len() == 2 && told.contains(&caption.words()));
    }
    assert!(f64::from(right) >= 0.97 * f64::from(n), "{right} of {n} are read right");
}

#[test]
fn held_out_windows_have_the_loss_that_is_known() {
    for shuffled in [false, true] {
        let source = source(&Config { shuffled, ..config() });
        let held = source.held_out(200, 256).unwrap();
        let Known { floor: Some(floor), blind: Some(blind), .. } = held.known else { panic!("known losses") };
        assert_eq!(floor == blind, shuffled);
        // What is written is whole: as many separators as captions, each of which has the same floor.
        let targets = held.batch.targets.iter().filter(|t| **t != IGNORE);
        let captions = targets.clone().filter(|t| **t == 256).count() as f64;
        let layout = held.batch.layout.as_ref().unwrap();
        assert_eq!(layout.places.len() as f64, captions);
        if !shuffled {
            assert!((floor * held.batch.counted() as f64 - captions * 8f64.ln()).abs() < 1e-6);
        }
        assert!(blind * held.batch.counted() as f64 > captions * (4.0f64 * 2.0 * 36.0 * 35.0 * 4.0).ln());
    }
}

#[test]
fn a_batch_is_a_function_of_seed_and_step_and_no_two_are_alike() {
    let source = source(&config());
    let fill = |seed, step, sequences| {
        let mut batch = Batch::new(sequences, 128);
        source.fill(seed, step, &mut batch);
        batch
    };
    assert_eq!(fill(1, 2, 4), fill(1, 2, 4));
    assert_eq!(fill(1, 2, 4).part(0..2), fill(1, 2, 2));
    assert!(fill(1, 2, 4) != fill(1, 3, 4) && fill(1, 2, 4) != fill(2, 2, 4));
    // A batch that was filled before is overwritten.
    let mut again = fill(5, 5, 4);
    source.fill(1, 2, &mut again);
    assert_eq!(again, fill(1, 2, 4));
    let reading = reading(source.as_ref(), 128);
    let pictures = reading.pictures.unwrap();
    assert!(pictures.per_window > 1.5 && pictures.per_window < 3.5, "{pictures:?}");
    assert!(pictures.pairs < 128.0 * 64.5 && pictures.scores >= pictures.pairs, "{pictures:?}");
}

#[test]
fn text_is_for_people() {
    let source = source(&config());
    let held = source.held_out(1, 256).unwrap();
    let text = source.text(&held.batch.inputs).unwrap();
    let captions: Vec<&str> = text.split("[picture]").skip(1).collect();
    assert!(captions.len() > 1, "{text}");
    for caption in captions {
        let words =
            ["a picture of ", "we see ", "this shows ", "here is "].iter().find_map(|o| caption.strip_prefix(o));
        let words = words.unwrap_or_else(|| panic!("{text}"));
        assert!([" and ", " of ", " above ", " below "].iter().any(|between| words.contains(between)), "{text}");
    }
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    for (side, patch, setting) in
        [(0, 1, "`side`"), (12, 4, "`side`"), (34, 17, "`side`"), (32, 7, "`patch`"), (32, 0, "`patch`")]
    {
        let refused = open(&Config { side, patch, ..config() }, &Place { base: PathBuf::new(), cache: PathBuf::new() });
        assert!(refused.unwrap_err().message.starts_with(setting), "{side} {patch}");
    }
    assert!(source(&config()).held_out(1, 64).unwrap_err().message.contains("does not fit"));
}
