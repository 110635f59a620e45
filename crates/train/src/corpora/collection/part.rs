//! Parts of pictures as squares of pixels.
//!
//! In training a picture is a part of itself (Shukor et al. 2025, arXiv 2504.07951, section 3, after Szegedy et al. 2015, arXiv 1409.4842): a
//! rectangle of 0.4 to 1 of its area and 3:4 to 4:3 in shape, anywhere in it, and in half of the cases turned from left to right.
//! Evaluated is the square in its middle.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::super::pictures::Picture;

/// A rectangle of a picture, maybe turned from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
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
    pub fn middle(picture: &Picture) -> Self {
        let [width, height] = [picture.width, picture.height].map(f64::from);
        let side = width.min(height);
        Self { left: (width - side) / 2.0, top: (height - side) / 2.0, width: side, height: side, turned: false }
    }

    pub fn drawn(picture: &Picture, random: &mut Xoshiro256PlusPlus) -> Self {
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
    pub fn sample(self, picture: &Picture, side: usize, to: &mut [u8]) {
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

#[cfg(test)]
mod tests {
    use super::super::super::stream::{Purpose, stream};
    use super::*;

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
}
