//! Characters of names that the font has no glyph for.

use std::collections::BTreeSet;

use crate::figure::Figure;
use crate::keys::Keys;
use crate::layer::Layer;
use crate::text::Rich;

/// More characters than this are counted, not listed.
const LISTED: usize = 6;

/// What is drawn as an empty box, so that whoever gave the name is told before the figure is printed.
pub(super) fn note(figure: &Figure, keys: &Keys) -> Option<String> {
    let mut lacking = BTreeSet::new();
    let mut look = |text: &Rich| {
        let characters = text.pieces.iter().flat_map(|p| p.text.chars().map(|c| (p.face, c)));
        // Line breaks and tabs are drawn as spaces.
        lacking.extend(characters.filter(|(face, c)| !c.is_whitespace() && face.glyph(*c) == 0).map(|(_, c)| c));
    };
    keys.entries.iter().for_each(|e| look(&e.name));
    figure.rows.iter().chain([&figure.title]).for_each(&mut look);
    for panel in &figure.panels {
        [&panel.title, &panel.x.label, &panel.y.label].into_iter().for_each(&mut look);
        for layer in &panel.layers {
            match layer {
                Layer::Points(p) => p.points.iter().for_each(|p| look(&p.label)),
                Layer::Line(l) => look(&l.label),
                Layer::Rule(r) => look(&r.label),
                Layer::Arrow(a) => look(&a.said()),
                Layer::Note(n) => n.lines.iter().for_each(&mut look),
                Layer::Band(_) | Layer::Contours(_) => {}
            }
        }
    }
    let count = lacking.len();
    let codes: Vec<String> = lacking.iter().take(LISTED).map(|c| format!("U+{:04X}", u32::from(*c))).collect();
    let more = if count > LISTED { " and others" } else { "" };
    match count {
        0 => None,
        1 => Some(format!("1 character that the font lacks is drawn as a box: {}", codes[0])),
        _ => Some(format!("{count} characters that the font lacks are drawn as boxes: {}{more}", codes.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::figure::Panel;
    use crate::layer::{Point, Points};

    #[test]
    fn what_the_font_lacks_is_said_once() {
        let said = |name: &str| {
            let points = Points::new([Point::new(1.0, 1.0).label(name)]).series(name);
            let figure = Figure::new("").panel(Panel::new(Axis::linear("x"), Axis::linear("y")).with(points));
            note(&figure, &Keys::of(&figure))
        };
        assert_eq!(said("plain \n\t\u{b5} \u{3b1}"), None);
        let one = "1 character that the font lacks is drawn as a box: U+1F680";
        assert_eq!(said("\u{1f680} moon \u{1f680}").as_deref(), Some(one));
        assert!(said("\u{4e2d}\u{6587}").is_some_and(|s| s.starts_with("2 characters") && s.contains("U+6587")));
    }
}
