//! Figures on the page: the drawing that goes to print, with what a script needs to make it answer.

use super::data::data;
use super::quantity::count;
use super::scales;
use super::sheet::Sheet;
use crate::figure::Figure;
use crate::render::{Detail, Render, Theme};
use crate::svg::escape;

/// Writes a figure with its caption and data.
pub(super) fn write(sheet: &mut Sheet, figure: &Figure) {
    sheet.figures += 1;
    let number = sheet.figures;
    let id = format!("figure-{number}");
    sheet.open("figure", &[("class", "drawing"), ("id", &id)]);
    // How wide it is in print; the page enlarges it, and scrolls it where it would become too small to be read.
    let width = format!("--width:{:.0}mm", figure.width.points() * 25.4 / 72.0);
    sheet.open("div", &[("class", "paper"), ("style", &width)]);
    let notes = draw(sheet, figure, &format!("f{number}"));
    sheet.close("div");
    if let Some((label, other)) = scales::other(figure) {
        sheet.open("div", &[("class", "paper"), ("style", &width), ("data-scale", &label), ("hidden", "")]);
        draw(sheet, &other, &format!("g{number}"));
        sheet.close("div");
    }
    sheet.open("figcaption", &[]);
    sheet.open("p", &[]);
    sheet.element("b", &[], &format!("Figure {number}."));
    sheet.text(" ");
    sheet.prose(if figure.caption.is_empty() { &figure.alt } else { &figure.caption });
    sheet.close("p");
    for note in &notes {
        sheet.element("p", &[("class", "small")], note);
    }
    sheet.close("figcaption");
    let (csv, thinned) = data(figure);
    let rows = csv.lines().count().saturating_sub(1);
    let thinned = thinned.map_or(String::new(), |t| format!("; {t}"));
    sheet.open("details", &[("class", "data")]);
    sheet.element("summary", &[], &format!("Data, {}{thinned}", count(rows, "row")));
    sheet.element("pre", &[("tabindex", "0")], &csv);
    sheet.close("details");
    sheet.close("figure");
}

/// Draws a figure into the page; what is not seen of its data is returned.
fn draw(sheet: &mut Sheet, figure: &Figure, prefix: &str) -> Vec<String> {
    let render = |theme| Render { theme, detail: Detail::Hover, prefix: prefix.into() };
    let light = figure.draw(&render(Theme::Light));
    let svg = with_night(&light.svg, &figure.draw(&render(Theme::Dark)).svg);
    let mut inside = false;
    for line in svg.lines() {
        match line {
            "<defs>" => inside = true,
            "</defs>" => inside = false,
            _ => {}
        }
        // The outlines of letters are the same in every figure: the page holds them once.
        if let Some(name) = line.strip_prefix("<path id=\"").and_then(|l| l.split('"').next()).filter(|_| inside) {
            if !sheet.glyphs.contains_key(name) {
                sheet.glyphs.insert(name.to_owned(), line.to_owned());
            }
            continue;
        }
        // Browsers would show it wherever the pointer rests; the root says it in `aria-label` too.
        if line.starts_with("<title>") {
            continue;
        }
        sheet.out.push_str(line);
        sheet.out.push('\n');
    }
    light.notes
}

/// A drawing on light paper in which every element knows what it is on dark paper: `fill="#1a1a1a"` is joined by
/// `style="--fill:#e8eaed"`, which the style of the page takes where it is dark.
fn with_night(light: &str, dark: &str) -> String {
    let mut both = String::with_capacity(light.len() + light.len() / 4);
    let mut night = dark.split_inclusive('>');
    for element in light.split_inclusive('>') {
        let other = night.next().unwrap_or_default();
        let pieces: Vec<(&str, &str)> = element.split('"').zip(other.split('"')).collect();
        let mut style = String::new();
        for pair in pieces.chunks_exact(2) {
            let ((before, _), (day, night)) = (pair[0], pair[1]);
            if day != night {
                let name = before.trim_end_matches('=').rsplit(' ').next().unwrap_or_default();
                style.push_str(&format!("--{name}:{night};"));
            }
        }
        if style.is_empty() {
            both.push_str(element);
            continue;
        }
        let end = element.len() - if element.ends_with("/>") { 2 } else { 1 };
        both.push_str(&element[..end]);
        both.push_str(" style=\"");
        escape(&mut both, &style);
        both.push('"');
        both.push_str(&element[end..]);
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::figure::{Colours, Panel};
    use crate::layer::{Contours, Note, Points};

    fn figure() -> Figure {
        let axis = vec![1.0, 2.0, 4.0];
        let panel = Panel::new(Axis::log10("x"), Axis::log10("y"))
            .with(Contours::of(axis.clone(), axis, |x, y| x * y).filled())
            .with(Points::new([(1.0, 1.0)]).series("<title>=\"#123456\""))
            .with(Points::new([(2.0, 3.0)]).series("b").open())
            .with(Note::new("#abcdef").boxed());
        Figure::new("a\n<defs>\n<path id=\"x\"/>").colours(Colours::Ordered).panel(panel)
    }

    /// Every element of the page, seen by night, is that of the dark drawing; what the style sheet can take is named.
    #[test]
    fn by_night_it_is_the_dark_drawing() {
        let render = |theme| Render { theme, detail: Detail::Hover, prefix: "a".into() };
        let dark = figure().draw(&render(Theme::Dark)).svg;
        let both = with_night(&figure().draw(&render(Theme::Light)).svg, &dark);
        let (page, dark) = (roxmltree::Document::parse(&both).unwrap(), roxmltree::Document::parse(&dark).unwrap());
        assert_eq!(page.descendants().count(), dark.descendants().count());
        let mut changed = 0;
        for (mine, wanted) in page.descendants().zip(dark.descendants()) {
            let style = mine.attribute("style").unwrap_or_default();
            for attribute in wanted.attributes() {
                let by_day = mine.attribute(attribute.name());
                let named = |name: &str| style.split(';').find_map(|s| s.strip_prefix(&format!("--{name}:")));
                assert_eq!(named(attribute.name()).or(by_day), Some(attribute.value()), "{}", attribute.name());
            }
            for name in style.split(';').filter_map(|s| s.strip_prefix("--")?.split_once(':')).map(|(name, _)| name) {
                let rule = format!("[style*=\"--{name}:\"]");
                assert!(include_str!("report.css").contains(&rule), "no rule for {name}");
                changed += 1;
            }
        }
        assert!(changed > 10);
    }

    #[test]
    fn letters_are_held_once() {
        let mut sheet = Sheet::default();
        draw(&mut sheet, &figure(), "a");
        let once = sheet.glyphs.clone();
        assert!(!once.is_empty() && !sheet.out.contains("<path id="), "{}", sheet.out);
        draw(&mut sheet, &figure(), "b");
        assert_eq!(once, sheet.glyphs);
        assert!(once.keys().all(|k| k.chars().all(char::is_alphanumeric)));
    }
}
