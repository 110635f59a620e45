//! Words in a panel: names of marks and lines, notes.

use super::Pen;
use super::curves::{polyline, stroke};
use super::series::Series;
use crate::figure::Panel;
use crate::font::CAPITAL;
use crate::geometry::{Rect, View};
use crate::layer::{Corner, Dash, Layer, Note, Place, Side};
use crate::occupied::Occupied;
use crate::palette::Colour;
use crate::place::{self, MOST, Want};
use crate::sizes::{NAME, SMALL};
use crate::svg::Align;
use crate::text::{Rich, Set};

/// Height of a line of text, in ems.
const LEADING: f64 = 1.3;
/// Inside of a box, around its text.
const PADDING: f64 = 2.5;

/// How much smaller a note is set before it is cut, and before a sum goes on in the next line.
const SMALLER: f64 = 0.75;
const LITTLE: f64 = 0.9;

/// A sum that is too long for a line, in lines that each begin with a sign; any other text as it is.
fn terms(text: &Rich, most: f64) -> Vec<Rich> {
    let fits = |t: &Rich, share: f64| Set::new(t, SMALL).width * share <= most;
    let mut lines = Vec::new();
    let mut rest = text.clone();
    while !fits(&rest, LITTLE) {
        let signed = |t: &Rich| matches!(t.to_string().chars().next(), Some('+' | '\u{2212}'));
        let mut cuts = rest.breaks().into_iter().filter(|(_, after)| signed(after));
        let Some((line, after)) = cuts.rfind(|(before, _)| fits(before, 1.0)) else { break };
        lines.push(line);
        rest = Rich::plain("    ").then(&after);
    }
    lines.push(rest);
    lines
}

impl Pen<'_> {
    pub(super) fn colour(&self, name: Option<&Rich>) -> String {
        self.keys.colour(name).code(self.render.theme)
    }

    /// Paper behind a box that stands over other things.
    pub(super) fn backing(&mut self, rect: &Rect) {
        let place = [("x", rect.left.into()), ("y", rect.top.into()), ("width", rect.width().into())];
        let paper = self.render.theme.paper();
        let look = [("height", rect.height().into()), ("fill", paper.into()), ("fill-opacity", 0.85.into())];
        self.svg.element("rect", &[place, look].concat());
    }

    /// Labels at the right ends of lines, and at rules.
    pub(super) fn line_labels(&mut self, panel: &Panel, view: &View, blocked: &mut Vec<Rect>, occupied: &mut Occupied) {
        let plot = view.plot;
        for layer in &panel.layers {
            let (label, colour, series, ends) = match layer {
                Layer::Line(line) if !line.label.is_empty() => {
                    let seen = line.points.iter().filter_map(|p| view.inside(p.0, p.1));
                    let Some(end) = seen.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
                    let series = Series::new(line.colour.as_ref(), line.key.as_ref());
                    (&line.label, self.colour(line.colour.as_ref()), series, [end, end])
                }
                Layer::Rule(rule) if !rule.label.is_empty() => {
                    let name = rule.colour.as_ref();
                    let colour = name.map_or(Colour::Muted, |n| self.keys.colour(Some(n))).code(self.render.theme);
                    let ends = match rule.side {
                        Side::X => [view.inside(rule.at, view.y.high), view.inside(rule.at, view.y.low)],
                        Side::Y => [view.inside(view.x.high, rule.at), view.inside(view.x.low, rule.at)],
                    };
                    let [Some(first), Some(second)] = ends else { continue };
                    (&rule.label, colour, Series::new(name, None), [first, second])
                }
                _ => continue,
            };
            let set = Set::within(label, SMALL, plot.width() * 0.6);
            let (w, h) = (set.width, CAPITAL * SMALL);
            let mut places = Vec::new();
            for (x, y) in ends {
                for (dx, dy) in [
                    (2.5, -h / 2.0),
                    (-w - 1.0, -h - 2.5),
                    (-w - 1.0, 2.5),
                    (2.5, -h - 2.5),
                    (2.5, 2.5),
                    (-w - 3.0, -h / 2.0),
                ] {
                    let rect = Rect::new(x + dx, y + dy, w, h);
                    // A rule ends at the edge: its label is pushed inside.
                    let (sx, sy) = ((plot.right - rect.right - 1.0).min(0.0), (plot.top + 1.0 - rect.top).max(0.0));
                    let (sx, sy) = (sx.max(plot.left + 1.0 - rect.left), sy.min(plot.bottom - 1.0 - rect.bottom));
                    places.push(match layer {
                        Layer::Rule(_) => Rect::new(rect.left + sx.min(0.0), rect.top + sy.max(0.0), w, h),
                        _ => rect,
                    });
                }
            }
            places.retain(|r| plot.encloses(r) && !blocked.iter().any(|b| b.overlaps(r)));
            let Some(rect) = places.into_iter().min_by_key(|r| occupied.count(r)) else { continue };
            self.svg.open("g", &series.of("label"));
            self.over(&set, (rect.left, rect.bottom), &colour);
            self.svg.close("g");
            blocked.push(rect.grown(1.0));
            occupied.take(&rect);
            occupied.sum();
        }
    }

    pub(super) fn note(&mut self, note: &Note, view: &View, blocked: &mut Vec<Rect>, occupied: &mut Occupied) {
        let plot = view.plot;
        // In a small panel a formula is set smaller, or goes on in the next line, before it is cut.
        let most = plot.width() - 2.0 * PADDING - 4.0;
        let broken: Vec<Rich> = note.lines.iter().flat_map(|l| terms(l, most)).collect();
        let widest = broken.iter().map(|l| Set::new(l, SMALL).width).fold(1.0, f64::max);
        let size = SMALL * (most / widest).clamp(SMALLER, 1.0);
        let lines: Vec<Set> = broken.iter().map(|l| Set::within(l, size, most + 1e-6)).collect();
        let wide = lines.iter().map(|l| l.width).fold(0.0, f64::max) + 2.0 * PADDING;
        let high = lines.len() as f64 * SMALL * LEADING + 2.0 * PADDING - (LEADING - 1.0) * SMALL;
        blocked.iter().for_each(|b| occupied.take(b));
        occupied.sum();
        let mut rect = match note.place {
            Place::Auto => occupied.emptiest_anywhere(wide, high).0,
            Place::At(x, y) => {
                let Some((x, y)) = view.at(x, y) else { return };
                Rect::new(x + 2.0, y - high / 2.0, wide, high)
            }
            Place::Corner(corner) => {
                let right = matches!(corner, Corner::TopRight | Corner::BottomRight);
                let top = matches!(corner, Corner::TopLeft | Corner::TopRight);
                let x = if right { plot.right - wide - 3.0 } else { plot.left + 3.0 };
                let asked = Rect::new(x, if top { plot.top + 3.0 } else { plot.bottom - high - 3.0 }, wide, high);
                // A corner is a wish, what is drawn there is a finding.
                let (free, hidden) = occupied.emptiest_anywhere(wide, high);
                if hidden == 0 && occupied.count(&asked) > 0 { free } else { asked }
            }
        };
        // What is already in the corner is stepped around, towards the middle.
        let step = if rect.centre().1 < plot.centre().1 { 1.0 } else { -1.0 };
        for _ in 0..8 {
            let Some(hit) = blocked.iter().find(|b| b.overlaps(&rect)) else { break };
            let by = if step > 0.0 { hit.bottom + 2.0 - rect.top } else { hit.top - 2.0 - rect.bottom };
            rect = Rect::new(rect.left, rect.top + by, wide, high);
        }
        self.svg.open("g", &Series::new(note.colour.as_ref(), None).of("note"));
        // A ground of paper would hide curves and bands: without a box the letters have a rim of it instead.
        if note.boxed {
            self.backing(&rect);
            let place = [("x", rect.left.into()), ("y", rect.top.into()), ("width", rect.width().into())];
            let muted = self.render.theme.muted();
            let look = [("height", rect.height().into()), ("rx", 1.5.into()), ("fill", "none".into())];
            let rim = [("stroke", muted.into()), ("stroke-width", 0.5.into())];
            self.svg.element("rect", &[&place[..], &look, &rim].concat());
        }
        let colour = self.colour(note.colour.as_ref());
        for (i, line) in lines.iter().enumerate() {
            let y = rect.top + PADDING + (0.86 + i as f64 * LEADING) * SMALL;
            match note.boxed {
                true => self.svg.text(line, (rect.left + PADDING, y), Align::Start, &colour, false),
                false => self.over(line, (rect.left + PADDING, y), &colour),
            }
        }
        self.svg.close("g");
        blocked.push(rect.grown(1.0));
    }

    /// Names beside marks.
    pub(super) fn names(&mut self, panel: &Panel, view: &View, occupied: &Occupied, blocked: &[Rect], name: &str) {
        let (mut wants, mut sets, mut wanted) = (Vec::new(), Vec::new(), 0);
        for layer in &panel.layers {
            let Layer::Points(points) = layer else { continue };
            let radius = points.radius.unwrap_or(self.radius);
            let series = Series::new(points.colour.as_ref(), points.marker.as_ref());
            for point in points.points.iter().filter(|p| !p.label.is_empty()) {
                let Some(mark) = view.inside(point.x, point.y) else { continue };
                wanted += 1;
                if wants.len() < MOST {
                    let set = Set::within(&point.label, NAME, view.plot.width() * 0.45);
                    wants.push(Want { mark, radius, width: set.width, height: NAME });
                    sets.push((series.clone(), set));
                }
            }
        }
        if wants.is_empty() {
            return;
        }
        // A name may stand out a little where there is paper, not over an axis.
        let plot = view.plot;
        let bounds = Rect { left: plot.left + 0.8, bottom: plot.bottom - 0.4, ..plot.grown(1.0) };
        let spots = place::place(&wants, &bounds, occupied, blocked);
        let theme = self.render.theme;
        let placed: Vec<_> =
            spots.iter().zip(&sets).filter_map(|(spot, set)| Some((&set.0, &set.1, spot.as_ref()?))).collect();
        // Lines to marks lie below all names.
        for group in placed.chunk_by(|a, b| a.0 == b.0) {
            let mut path = String::new();
            group.iter().filter_map(|g| g.2.leader).for_each(|(from, to)| polyline(&mut path, &[from, to]));
            if !path.is_empty() {
                self.svg.open("g", &group[0].0.of("leaders"));
                stroke(&mut self.svg, &path, theme.muted(), 0.35, Dash::Solid);
                self.svg.close("g");
            }
        }
        for group in placed.chunk_by(|a, b| a.0 == b.0) {
            self.svg.open("g", &group[0].0.of("label"));
            for (_, set, spot) in group {
                let baseline = spot.rect.bottom - (NAME - CAPITAL * NAME) / 2.0 - 0.1;
                match occupied.count(&spot.rect) {
                    0 => self.svg.text(set, (spot.rect.left, baseline), Align::Start, theme.ink(), false),
                    _ => self.over(set, (spot.rect.left, baseline), theme.ink()),
                }
            }
            self.svg.close("g");
        }
        let missing = wanted - placed.len();
        if missing > 0 {
            self.notes.push(format!("{name}: {missing} of {wanted} names have no room"));
        }
    }

    /// An honest word in an empty panel.
    pub(super) fn no_data(&mut self, view: &View) {
        let set = Set::new(&Rich::plain("no data"), SMALL);
        let theme = self.render.theme;
        self.svg.haloed(&set, view.plot.centre(), Align::Middle, theme.muted(), theme.paper());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::math;

    #[test]
    fn a_long_sum_goes_on_before_a_sign() {
        let sum = math("_L_ = 1.82 + 482 _N_^{-0.348} + 2085 _D_^{-0.366} - 3 _x y_");
        let said = |most: f64| terms(&sum, most).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(said(500.0), [sum.to_string()]);
        let lines = said(90.0);
        assert!(lines.len() > 1 && lines[1..].iter().all(|l| l.starts_with("    +") || l.starts_with("    \u{2212}")));
        let joined: Vec<&str> = lines.iter().map(|l| l.trim()).collect();
        assert_eq!(joined.join(" "), sum.to_string());
        // Without a sign to break before it stays whole, and is set smaller or cut.
        assert_eq!(terms(&math("a product _N_ _D_ _L_"), 20.0).len(), 1);
    }
}
