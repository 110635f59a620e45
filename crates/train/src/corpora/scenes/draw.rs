//! Drawings of a few shapes on a light ground, in four by four cells.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::super::sight::{CHANNELS, Sight};
use super::super::stream::below;
use super::caption::{Caption, Thing, What};

/// Cells of a row, and of a column.
const CELLS: usize = 4;
/// The smallest side that can be drawn: in cells of fewer than eight pixels shapes of the smallest size look alike.
pub(super) const SMALLEST: usize = 8 * CELLS;
/// Shapes are as wide as their cell, or so many pixels less, at most.
const SMALLER: usize = 2;
/// Samples of a pixel along each side.
const SAMPLES: usize = 4;
/// How far a shade is from that of its colour, at most.
const SHADES: i32 = 16;
/// The darkest ground, and how much lighter it may be.
const GROUND: [i32; 2] = [216, 40];

/// Is a point inside of a shape? Places run from -1 to 1, downward.
type Inside = fn(f64, f64) -> bool;

/// Shapes, in the order of [`super::caption::SHAPES`].
const INSIDE: [Inside; 6] = [
    |x, y| x * x + y * y <= 1.0,
    |x, y| x.abs().max(y.abs()) <= 0.85,
    |x, y| y <= 0.85 && y >= 2.2 * x.abs() - 1.0,
    |x, y| x.abs() + y.abs() <= 1.0,
    |x, y| x.abs().min(y.abs()) <= 0.3 && x.abs().max(y.abs()) <= 0.95,
    |x, y| (0.3..=1.0).contains(&(x * x + y * y)),
];

/// Colours, in the order of [`super::caption::COLOURS`].
const COLOURS: [[i32; CHANNELS]; 6] =
    [[214, 44, 40], [44, 160, 68], [44, 92, 214], [236, 196, 40], [148, 60, 180], [36, 36, 36]];

/// Draws; holds how much of each pixel a shape covers.
#[derive(Debug)]
pub(super) struct Pen {
    sight: Sight,
    /// by shape, then by pixels less than a cell: rows of coverage, 0 to 255
    masks: Vec<[Vec<u8>; SMALLER + 1]>,
}

impl Pen {
    pub fn new(sight: Sight) -> Self {
        let cell = sight.side / CELLS;
        let masks = INSIDE.map(|inside| std::array::from_fn(|less| mask(inside, cell - less)));
        Self { sight, masks: masks.into() }
    }

    /// A picture of which a caption tells the truth: red, green, blue, row after row.
    pub fn draw(&self, caption: &Caption, random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
        let mut draw = |n: usize| below(random.next_u64(), n as u64) as usize;
        let ground = GROUND[0] + draw(GROUND[1] as usize) as i32;
        let mut pixels = vec![ground as u8; self.sight.pixels()];
        let [one, other] = caption.things;
        match caption.what {
            What::Beside(relation) => {
                // Both in one row or column, so that no other relation holds.
                let line = draw(CELLS);
                let first = draw(CELLS - 1);
                let second = first + 1 + draw(CELLS - 1 - first);
                let [near, far] = if relation.is_first() { [one, other] } else { [other, one] };
                for (thing, along) in [(near, first), (far, second)] {
                    let [row, column] = if relation.is_across() { [line, along] } else { [along, line] };
                    self.put(&mut pixels, thing, [row, column], &mut draw);
                }
            }
            What::Counts(counts) => {
                let mut cells: Vec<usize> = (0..CELLS * CELLS).collect();
                for (thing, count) in [one, other].into_iter().zip(counts) {
                    for _ in 0..count {
                        let cell = cells.swap_remove(draw(cells.len()));
                        self.put(&mut pixels, thing, [cell / CELLS, cell % CELLS], &mut draw);
                    }
                }
            }
        }
        pixels
    }

    /// A shape somewhere in a cell.
    fn put(&self, pixels: &mut [u8], thing: Thing, [row, column]: [usize; 2], draw: &mut impl FnMut(usize) -> usize) {
        let side = self.sight.side;
        let cell = side / CELLS;
        let less = draw(SMALLER + 1);
        let [top, left] = [row, column].map(|at| at * cell + draw(less + 1));
        let colour = COLOURS[thing.colour].map(|c| (c + draw(2 * SHADES as usize + 1) as i32 - SHADES).clamp(0, 255));
        let mask = &self.masks[thing.shape][less];
        for (y, covered) in mask.chunks_exact(cell - less).enumerate() {
            for (channel, colour) in colour.into_iter().enumerate() {
                let from = (channel * side + top + y) * side + left;
                for (pixel, &part) in pixels[from..].iter_mut().zip(covered) {
                    let under = i32::from(*pixel);
                    *pixel = (under + (colour - under) * i32::from(part) / 255) as u8;
                }
            }
        }
    }
}

/// How much of each pixel of a square a shape covers.
fn mask(inside: Inside, side: usize) -> Vec<u8> {
    let fine = (side * SAMPLES) as f64;
    let at = |pixel: usize, sample: usize| ((pixel * SAMPLES + sample) as f64 + 0.5) / fine * 2.0 - 1.0;
    let covered = |pixel: usize| {
        let samples = (0..SAMPLES * SAMPLES).map(|s| [s / SAMPLES, s % SAMPLES]);
        let hits = samples.filter(|[v, h]| inside(at(pixel % side, *h), at(pixel / side, *v))).count();
        (hits * 255 / (SAMPLES * SAMPLES)) as u8
    };
    (0..side * side).map(covered).collect()
}

#[cfg(test)]
impl Pen {
    /// A thing in a cell, at every place and size that it may have: red, green and blue of each pixel, and how many pixels less.
    pub fn placed(&self, thing: Thing, ground: f64) -> Vec<(Vec<[f64; CHANNELS]>, usize)> {
        let cell = self.sight.side / CELLS;
        let mut all = Vec::new();
        for (less, mask) in self.masks[thing.shape].iter().enumerate() {
            let side = cell - less;
            for place in 0..(less + 1) * (less + 1) {
                let [top, left] = [place / (less + 1), place % (less + 1)];
                let mut pixels = vec![[ground; CHANNELS]; cell * cell];
                for (i, &part) in mask.iter().enumerate() {
                    let pixel = &mut pixels[(top + i / side) * cell + left + i % side];
                    let part = f64::from(part) / 255.0;
                    *pixel = [0, 1, 2].map(|c| ground + (f64::from(COLOURS[thing.colour][c]) - ground) * part);
                }
                all.push((pixels, less));
            }
        }
        all
    }
}
