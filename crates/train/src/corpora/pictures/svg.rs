//! SVG, drawn at the size that is kept: lines have no pixels that could be averaged.
//!
//! Words and photographs inside of one are not drawn, for they would need fonts and files of this machine; nothing but
//! the bytes themselves is read.

use std::io::Read;

use flate2::read::GzDecoder;
use resvg::render;
use resvg::tiny_skia::{Color, PathSegment, Pixmap, Point, Transform};
use resvg::usvg::roxmltree::{Document, ParsingOptions};
use resvg::usvg::{Group, ImageHrefResolver, Node, Options, Tree};

use super::Picture;
use super::decode::alone;
use super::shrink::Cut;
use super::svg_cost;

/// Longer text is a map or a photograph in disguise.
const MOST_BYTES: u64 = 1 << 20;

/// Longer ones are drawn one after the other.
const LARGE: usize = 64 << 10;

/// No path lies farther outside, and none is scaled by more.
const FAR: f64 = 1e9;

/// Sides in units of the drawing: beyond them numbers of 32 bits have no room for what is inside.
const SIDES: [f32; 2] = [1e-3, 1e6];

/// Bytes of half-transparent or clipped layers, which are drawn one in the other; a layer is up to five times as wide and
/// as high as the picture.
const LAYERS: usize = 48_000_000;

/// Dashes of one line.
const MOST_DASHES: f32 = 10_000.0;

/// The drawing over white, its shorter side of `keep` pixels, packed by gzip or not.
pub(super) fn decode(bytes: &[u8], keep: u32) -> Result<Picture, String> {
    let unpacked;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut text = Vec::new();
        let read = GzDecoder::new(bytes).take(MOST_BYTES + 1).read_to_end(&mut text);
        read.map_err(|_| "a damaged gzip")?;
        unpacked = text;
        &unpacked[..]
    } else {
        bytes
    };
    if bytes.len() as u64 > MOST_BYTES {
        return Err("an SVG of more than 1 MB".to_owned());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "an SVG that is no UTF-8")?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let _alone = alone(text.len() > LARGE);
    svg_cost::nested(text)?;
    let limits = ParsingOptions { allow_dtd: true, nodes_limit: svg_cost::MOST_NODES };
    let document = Document::parse_with_options(text, limits).map_err(|_| "a damaged SVG")?;
    if document.root_element().tag_name().name() != "svg" {
        return Err("no SVG, though it looks like one".to_owned());
    }
    svg_cost::check(&document)?;
    // Nothing that an `image` names is looked for.
    let nothing = ImageHrefResolver { resolve_data: Box::new(|_, _, _| None), resolve_string: Box::new(|_, _| None) };
    let options = Options { image_href_resolver: nothing, ..Options::default() };
    let tree = Tree::from_xmltree(&document, &options).map_err(|_| "a damaged SVG")?;
    draw(&tree, keep.max(1))
}

fn draw(tree: &Tree, keep: u32) -> Result<Picture, String> {
    let size = tree.size();
    let (wide, high) = (size.width(), size.height());
    if [wide, high].iter().any(|side| !(SIDES[0]..=SIDES[1]).contains(side)) {
        return Err("an SVG of an impossible size".to_owned());
    }
    // Cut as if it were a large picture of pixels, and draw the part that remains.
    let fine = 60_000.0 / wide.max(high);
    let pixels = |side: f32| ((side * fine) as u32).max(1);
    let cut = Cut::new(pixels(wide), pixels(high), keep);
    let (columns, rows) = (cut.columns.max(keep), cut.rows.max(keep));
    let across = columns as f32 / (cut.width as f32 / fine);
    let down = rows as f32 / (cut.height as f32 / fine);
    let layer = columns as usize * rows as usize * 4 * 25;
    if tree.root().children().is_empty() {
        return Err("an SVG with nothing to draw but words or photographs".to_owned());
    }
    if !tree.filters().is_empty() || !tree.patterns().is_empty() {
        return Err(svg_cost::COSTLY.to_owned());
    }
    if layers(tree.root())?.saturating_mul(layer) > LAYERS {
        return Err(svg_cost::TOO_DEEP.to_owned());
    }
    let mut pixmap = Pixmap::new(columns, rows).ok_or("an SVG of an impossible size")?;
    pixmap.fill(Color::WHITE);
    let place = Transform::from_translate(-(cut.left as f32) / fine, -(cut.top as f32) / fine).post_scale(across, down);
    render(tree, place, &mut pixmap.as_mut());
    let rgb = pixmap.data().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    Ok(Picture { width: columns, height: rows, rgb })
}

/// How many layers are in memory at once.
fn layers(group: &Group) -> Result<usize, String> {
    let mut inner = 0;
    for node in group.children() {
        match node {
            Node::Group(group) => inner = inner.max(layers(group)?),
            Node::Path(path) => {
                // Scales multiply from group to group.
                let (across, down) = path.abs_transform().get_scale();
                let far = path.abs_bounding_box();
                let sizes = [across, down, far.left(), far.top(), far.right(), far.bottom()];
                if sizes.iter().any(|size| !size.is_finite() || f64::from(size.abs()) > FAR) {
                    return Err(svg_cost::IMPOSSIBLE.to_owned());
                }
                let dashes = path.stroke().and_then(|stroke| stroke.dasharray());
                if let Some(dashes) = dashes {
                    let one = dashes.iter().sum::<f32>();
                    // What is not a number is not few.
                    let few = length(path.data().segments()) <= MOST_DASHES * one;
                    if !few {
                        return Err("an SVG of too many dashes".to_owned());
                    }
                }
            }
            Node::Image(_) | Node::Text(_) => {}
        }
    }
    let mut clip = group.clip_path();
    while let Some(path) = clip {
        inner = inner.max(1 + layers(path.root())?);
        clip = path.clip_path();
    }
    let mut mask = group.mask();
    while let Some(over) = mask {
        inner = inner.max(1 + layers(over.root())?);
        mask = over.mask();
    }
    Ok(inner + usize::from(group.should_isolate()))
}

/// No less than the length of a path.
fn length(segments: impl Iterator<Item = PathSegment>) -> f32 {
    let (mut length, mut at, mut begin) = (0.0, Point::zero(), Point::zero());
    for segment in segments {
        let mut go = |to: Point| {
            length += at.distance(to);
            at = to;
        };
        match segment {
            PathSegment::MoveTo(to) => (at, begin) = (to, to),
            PathSegment::LineTo(to) => go(to),
            PathSegment::QuadTo(a, to) => [a, to].into_iter().for_each(go),
            PathSegment::CubicTo(a, b, to) => [a, b, to].into_iter().for_each(go),
            PathSegment::Close => go(begin),
        }
    }
    length
}
