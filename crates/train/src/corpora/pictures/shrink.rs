//! Large pictures to small ones: every pixel counts by the area that it shares with a pixel of the small one.
//!
//! Rows may come in any order and with gaps, as those of an interlaced PNG do, and only sums are kept: the memory is that
//! of the small picture. Values are averaged as they are, without undoing the curve of the screen. Sums are whole
//! numbers, so that the order of rows and the machine do not show.

use super::Picture;

/// Longer strips are cut to this many times their shorter side, the middle of them being kept.
const LONGEST: u32 = 4;

/// What of a picture is kept, and how large it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The first column and row that are kept.
    pub(super) left: u32,
    pub(super) top: u32,
    /// How many of them.
    pub(super) width: u32,
    pub(super) height: u32,
    /// Columns and rows of the small picture.
    pub(super) columns: u32,
    pub(super) rows: u32,
}

impl Cut {
    /// The shorter side becomes `keep` pixels, if it has more. Sides are 1 to 65,535.
    pub(super) fn new(width: u32, height: u32, keep: u32) -> Self {
        let (kept_width, kept_height) =
            (width.min(height.saturating_mul(LONGEST)), height.min(width.saturating_mul(LONGEST)));
        let shorter = kept_width.min(kept_height);
        let small = |side: u32| {
            let keep = u64::from(keep.max(1).min(shorter));
            // To the nearest, and never to nothing.
            ((u64::from(side) * keep * 2 + u64::from(shorter)) / (u64::from(shorter) * 2)).max(1) as u32
        };
        Self {
            left: (width - kept_width) / 2,
            top: (height - kept_height) / 2,
            width: kept_width,
            height: kept_height,
            columns: small(kept_width),
            rows: small(kept_height),
        }
    }
}

/// A picture that becomes small while it is read.
pub(super) struct Shrink {
    cut: Cut,
    /// Of each kept column: where it goes, and how much of it; the rest goes to the next one.
    columns: Vec<(u32, u32)>,
    /// Sums of one row, three for each small pixel.
    row: Vec<u32>,
    /// Sums of all rows.
    sums: Vec<u64>,
}

impl Shrink {
    pub(super) fn new(width: u32, height: u32, keep: u32) -> Self {
        let cut = Cut::new(width, height, keep);
        let columns = (0..cut.width).map(|x| share(x, cut.width, cut.columns)).collect();
        let cells = cut.columns as usize * 3;
        Self { cut, columns, row: vec![0; cells], sums: vec![0; cells * cut.rows as usize] }
    }

    /// A row of the large picture, or every `step`-th pixel of it from `first` on.
    pub(super) fn row(&mut self, y: u32, first: u32, step: u32, pixels: impl Iterator<Item = [u8; 3]>) {
        let Some(y) = y.checked_sub(self.cut.top).filter(|y| *y < self.cut.height) else { return };
        self.row.fill(0);
        let whole = self.cut.columns;
        for (x, pixel) in (first..).step_by(step.max(1) as usize).zip(pixels) {
            let Some(x) = x.checked_sub(self.cut.left).filter(|x| *x < self.cut.width) else { continue };
            let (cell, part) = self.columns[x as usize];
            let at = cell as usize * 3;
            for (sum, value) in self.row[at..at + 3].iter_mut().zip(pixel) {
                *sum += u32::from(value) * part;
            }
            if part < whole {
                for (sum, value) in self.row[at + 3..at + 6].iter_mut().zip(pixel) {
                    *sum += u32::from(value) * (whole - part);
                }
            }
        }
        let (cell, part) = share(y, self.cut.height, self.cut.rows);
        let cells = self.row.len();
        let mut add = |cell: u32, part: u32| {
            let at = cell as usize * cells;
            for (sum, value) in self.sums[at..at + cells].iter_mut().zip(&self.row) {
                *sum += u64::from(*value) * u64::from(part);
            }
        };
        add(cell, part);
        if part < self.cut.rows {
            add(cell + 1, self.cut.rows - part);
        }
    }

    /// The small picture, when all rows were given.
    pub(super) fn finish(self) -> Picture {
        let area = u64::from(self.cut.width) * u64::from(self.cut.height);
        let rgb = self.sums.iter().map(|sum| ((sum + area / 2) / area) as u8).collect();
        Picture { width: self.cut.columns, height: self.cut.rows, rgb }
    }
}

/// Where pixel `x` of `many` goes among `few`, and how much of it, in parts of which a pixel has `few`. No pixel is
/// larger than the one it goes to, so that it goes to two at most.
fn share(x: u32, many: u32, few: u32) -> (u32, u32) {
    let (x, many, few) = (u64::from(x), u64::from(many), u64::from(few));
    let cell = x * few / many;
    let part = ((cell + 1) * many - x * few).min(few);
    (cell as u32, part as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrink(width: u32, height: u32, keep: u32, value: impl Fn(u32, u32) -> u8) -> Picture {
        let mut small = Shrink::new(width, height, keep);
        for y in (0..height).rev() {
            small.row(y, 0, 1, (0..width).map(|x| [value(x, y); 3]));
        }
        small.finish()
    }

    #[test]
    fn sides_keep_their_ratio_and_strips_are_cut() {
        let sides = |w, h, keep| {
            let cut = Cut::new(w, h, keep);
            (cut.columns, cut.rows)
        };
        assert_eq!(sides(100, 50, 10), (20, 10));
        assert_eq!(sides(30, 45, 20), (20, 30));
        // Nothing grows.
        assert_eq!(sides(7, 9, 64), (7, 9));
        assert_eq!(sides(1, 1, 64), (1, 1));
        let strip = Cut::new(1000, 10, 5);
        assert_eq!((strip.left, strip.top, strip.width, strip.columns, strip.rows), (480, 0, 40, 20, 5));
        assert_eq!(sides(1, 65_535, 8), (1, 4));
        assert_eq!(sides(65_535, 65_535, 0), (1, 1));
    }

    #[test]
    fn pixels_count_by_area() {
        // Three columns become two: the middle one is halved.
        let small = shrink(3, 3, 2, |x, _| [0, 90, 240][x as usize]);
        assert_eq!((small.width, small.height), (2, 2));
        assert_eq!(small.rgb.iter().step_by(3).copied().collect::<Vec<u8>>(), [30, 190, 30, 190]);
        let same = shrink(5, 4, 4, |x, y| (x * 10 + y) as u8);
        assert_eq!(same.rgb.iter().step_by(3).map(|v| u32::from(*v)).collect::<Vec<u32>>(), {
            (0..4).flat_map(|y| (0..5).map(move |x| x * 10 + y)).collect::<Vec<u32>>()
        });
    }

    #[test]
    fn a_plain_picture_stays_plain_at_any_size() {
        for (width, height, keep) in [(17, 23, 5), (640, 3, 2), (64, 64, 63), (65_535, 2, 1), (2, 999, 2)] {
            let small = shrink(width, height, keep, |_, _| 201);
            assert!(small.rgb.iter().all(|v| *v == 201), "{width}x{height}");
        }
    }
}
