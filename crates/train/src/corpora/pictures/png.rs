//! PNG, row by row: no more of it is in memory than a row and the small picture.

use ::png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use super::Picture;
use super::decode::{LONGEST_SIDE, TOO_LONG};
use super::shrink::Shrink;

/// A picture with more pixels takes seconds and may be a joke: a file of 10 kB can claim any number.
const MOST_PIXELS: u64 = 100_000_000;

/// What the library may allocate for itself.
const MEMORY: usize = 8 << 20;

/// Where the seven passes of an interlaced picture begin, and their steps: first column, first row, columns, rows.
const PASSES: [[u32; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/// The picture, or the first one of an animation, over white.
pub(super) fn decode(bytes: &[u8], keep: u32) -> Result<Picture, String> {
    let damaged = |_| "a damaged PNG".to_owned();
    let mut decoder = Decoder::new_with_limits(bytes, Limits { bytes: MEMORY });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    // Text and profiles are packed as well, and nobody looks at them.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let (width, height) = decoder.read_header_info().map_err(damaged)?.size();
    if width.max(height) > LONGEST_SIDE {
        return Err(TOO_LONG.to_owned());
    }
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err("a PNG of more than 100 million pixels".to_owned());
    }
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (color, depth) = reader.output_color_type();
    if depth != BitDepth::Eight {
        return Err("a PNG of unusual depth".to_owned());
    }
    let passes = if reader.info().interlaced { &PASSES[..] } else { &[[0, 0, 1, 1]] };
    let mut small = Shrink::new(width, height, keep);
    for [left, top, across, down] in passes {
        if *left >= width {
            continue;
        }
        for y in (*top..height).step_by(*down as usize) {
            let row = reader.next_interlaced_row().map_err(damaged)?.ok_or("a damaged PNG")?;
            let row = row.data();
            match color {
                ColorType::Grayscale => small.row(y, *left, *across, row.iter().map(|v| [*v; 3])),
                ColorType::GrayscaleAlpha => {
                    small.row(y, *left, *across, row.chunks_exact(2).map(|p| over_white([p[0]; 3], p[1])));
                }
                ColorType::Rgb => small.row(y, *left, *across, row.chunks_exact(3).map(|p| [p[0], p[1], p[2]])),
                ColorType::Rgba => {
                    small.row(y, *left, *across, row.chunks_exact(4).map(|p| over_white([p[0], p[1], p[2]], p[3])));
                }
                ColorType::Indexed => return Err("a damaged PNG".to_owned()),
            }
        }
    }
    // What stands behind the last row is not looked at: it may be gigabytes of nothing.
    Ok(small.finish())
}

/// A colour that lets white through.
fn over_white(color: [u8; 3], opaque: u8) -> [u8; 3] {
    let opaque = u32::from(opaque);
    color.map(|value| ((u32::from(value) * opaque + 255 * (255 - opaque) + 127) / 255) as u8)
}
