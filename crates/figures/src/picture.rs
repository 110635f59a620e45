//! PNG and PDF of a drawing.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::error::DrawError;
use crate::render::Drawing;

/// Four bytes each.
pub(crate) const MOST_PIXELS: u32 = 100_000_000;

/// The drawing as a tree. At 72 dots per inch the units of the tree are points.
fn tree(drawing: &Drawing) -> Result<Tree, DrawError> {
    let options = Options { dpi: 72.0, ..Options::default() };
    Tree::from_str(&drawing.svg, &options).map_err(|e| DrawError::Refused(e.to_string()))
}

impl Drawing {
    /// A PNG with so many dots per inch, which it also states.
    ///
    /// # Errors
    /// If it would have no pixel, or more than a hundred million.
    pub fn png(&self, dpi: f64) -> Result<Vec<u8>, DrawError> {
        let scale = dpi / 72.0;
        let (wide, high) = ((self.width * scale).round(), (self.height * scale).round());
        let pixels = wide * high;
        if !(1.0..=f64::from(MOST_PIXELS)).contains(&pixels) {
            return Err(DrawError::Size { dpi, pixels });
        }
        let tree = tree(self)?;
        let mut pixmap = Pixmap::new(wide as u32, high as u32).ok_or(DrawError::Size { dpi, pixels })?;
        // The SVG states its size in hundredths of a millimetre; the picture takes it up to the last pixel.
        let stretch = |pixels: f64, points: f32| pixels as f32 / points;
        let (x, y) = (stretch(wide, tree.size().width()), stretch(high, tree.size().height()));
        resvg::render(&tree, Transform::from_scale(x, y), &mut pixmap.as_mut());
        encode(&pixmap, dpi).map_err(|e| DrawError::Refused(e.to_string()))
    }

    /// A PDF of one page of the size of the figure; all of it is lines and areas, sharp at any size.
    ///
    /// # Errors
    /// If a library refuses the drawing, which would be a fault of this crate.
    pub fn pdf(&self) -> Result<Vec<u8>, DrawError> {
        let (options, page) = (svg2pdf::ConversionOptions::default(), svg2pdf::PageOptions { dpi: 72.0 });
        svg2pdf::to_pdf(&tree(self)?, options, page).map_err(|e| DrawError::Refused(format!("{e:?}")))
    }
}

/// The paper is opaque, so three channels are enough.
fn encode(pixmap: &Pixmap, dpi: f64) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let per_metre = (dpi / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    let colours: Vec<u8> = pixmap.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&colours)?;
    writer.finish()?;
    Ok(bytes)
}
