//! JPEG, decoded whole: how large that will be is asked of the header before.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::Picture;
use super::decode::alone;
use super::shrink::Shrink;

/// What one picture may take, in bytes: about 18 million pixels, or 6 million if all of its scans must be kept.
const MEMORY: u64 = 56_000_000;

/// Pictures that take more are decoded one after the other.
const LARGE: u64 = 4_000_000;

/// A progressive picture is refined so often at most: each scan walks over all of it.
const MOST_SCANS: usize = 64;

/// The picture, whatever its coding is called: grey, colour or the four inks of printers. How it was held (EXIF) is not
/// looked at.
pub(super) fn decode(bytes: &[u8], keep: u32) -> Result<Picture, String> {
    let damaged = "a damaged JPEG";
    let frame = Frame::read(bytes)?.ok_or(damaged)?;
    if frame.memory() > MEMORY {
        return Err("a JPEG of more than 18 million pixels, or 6 if it is progressive".to_owned());
    }
    // Strict, because what is missing of a damaged file would be grey otherwise.
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .jpeg_set_max_scans(MOST_SCANS)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(true);
    let _alone = alone(frame.memory() > LARGE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgb = decoder.decode().map_err(|_| damaged)?;
    // Another frame later in the file could say another size.
    let (width, height) = decoder.dimensions().ok_or(damaged)?;
    if (width, height) != (frame.width.into(), frame.height.into()) || rgb.len() != width * height * 3 {
        return Err(damaged.to_owned());
    }
    let mut small = Shrink::new(frame.width.into(), frame.height.into(), keep);
    for (y, row) in (0..).zip(rgb.chunks_exact(width * 3)) {
        small.row(y, 0, 1, row.chunks_exact(3).map(|p| [p[0], p[1], p[2]]));
    }
    Ok(small.finish())
}

/// What a JPEG says of itself before the first scan.
struct Frame {
    width: u16,
    height: u16,
    components: u8,
    /// Must all scans be read before there is a pixel?
    whole: bool,
}

impl Frame {
    /// None if there is no frame before a scan, or no end behind it.
    ///
    /// # Errors
    /// If it is of a kind that nobody uses.
    fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let mut frame: Option<Self> = None;
        let mut rest = &bytes[2.min(bytes.len())..];
        loop {
            // Markers may be filled up by any number of 255.
            let Some(at) = rest.windows(2).position(|m| m[0] == 0xff && !matches!(m[1], 0 | 0xff)) else {
                return Ok(None);
            };
            let marker = rest[at + 1];
            rest = &rest[at + 2..];
            if matches!(marker, 0x01 | 0xd0..=0xd8) {
                continue;
            }
            let Some(length) = rest.get(..2).map(|l| usize::from(u16::from_be_bytes([l[0], l[1]]))) else {
                return Ok(None);
            };
            let Some(segment) = rest.get(2..length) else { return Ok(None) };
            match (marker, segment) {
                // Sequential and progressive.
                (0xc0..=0xc2, [8, h0, h1, w0, w1, components, ..]) if frame.is_none() => {
                    let (width, height) = (u16::from_be_bytes([*w0, *w1]), u16::from_be_bytes([*h0, *h1]));
                    if width == 0 || height == 0 {
                        return Ok(None);
                    }
                    frame = Some(Self { width, height, components: *components, whole: marker == 0xc2 });
                }
                (0xc0..=0xc2, [depth, ..]) if *depth != 8 => return Err("a JPEG of more than 8 bits".to_owned()),
                (0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf, _) => {
                    return Err("a lossless, arithmetic or hierarchical JPEG".to_owned());
                }
                // The first scan. If it has not all components, others follow.
                (0xda, [components, ..]) => {
                    // A file that was cut off has no end, and what is missing would be grey.
                    let ends = rest.windows(2).any(|m| m == [0xff, 0xd9]);
                    return Ok(frame
                        .filter(|_| ends)
                        .map(|f| Self { whole: f.whole || *components < f.components, ..f }));
                }
                (0xd9 | 0xc0..=0xc2, _) => return Ok(None),
                _ => {}
            }
            rest = &rest[length..];
        }
    }

    /// Bytes that decoding takes: three for a pixel; two more for each component if all scans are kept. Sides are those of
    /// the largest blocks.
    fn memory(&self) -> u64 {
        let padded = |side: u16| u64::from(side).next_multiple_of(32);
        let bytes = if self.whole { 3 + 2 * u64::from(self.components) } else { 3 };
        padded(self.width) * padded(self.height) * bytes
    }
}
