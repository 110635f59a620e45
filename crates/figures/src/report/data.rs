//! The data behind a figure, short enough to travel inside of a page.

use crate::figure::Figure;
use crate::layer::Layer;

/// Bytes of data that a figure brings in full.
const MOST: usize = 48_000;
/// Places of a curve that stay where it is thinned.
const PLACES: usize = 48;

/// The data as CSV, and what of them was left out. Measured values always stay; a curve can be drawn again from its law.
pub(super) fn data(figure: &Figure) -> (String, Option<String>) {
    let all = figure.csv();
    if all.len() <= MOST {
        return (all, None);
    }
    let mut thinned = figure.clone();
    let mut said = Vec::new();
    let is_surface = |l: &Layer| matches!(l, Layer::Contours(_));
    if thinned.panels.iter().flat_map(|p| &p.layers).any(is_surface) {
        thinned.panels.iter_mut().for_each(|p| p.layers.retain(|l| !is_surface(l)));
        said.push("surfaces are left out");
    }
    if thinned.csv().len() > MOST {
        for layer in thinned.panels.iter_mut().flat_map(|p| &mut p.layers) {
            match layer {
                Layer::Line(line) => line.points = every(&line.points),
                Layer::Band(band) => band.points = every(&band.points),
                _ => {}
            }
        }
        said.push("curves are thinned");
    }
    (thinned.csv(), Some(said.join(", ")))
}

/// Places at equal distances in the list, the last one among them.
fn every<T: Copy>(points: &[T]) -> Vec<T> {
    let step = points.len().div_ceil(PLACES).max(1);
    let kept = points.iter().copied().enumerate().filter(|(i, _)| i % step == 0 || i + 1 == points.len());
    kept.map(|(_, point)| point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::figure::Panel;
    use crate::layer::{Line, Points};

    #[test]
    fn measured_values_stay() {
        let long = (0..5000).map(|i| (f64::from(i), f64::from(i).sqrt()));
        let panel = Panel::new(Axis::linear("x"), Axis::linear("y"))
            .with(Line::new(long))
            .with(Points::new((0..200).map(|i| (f64::from(i) + 0.123, 1.0))));
        let (csv, said) = data(&Figure::new("").panel(panel));
        assert!(csv.len() < MOST && said.is_some());
        assert_eq!(csv.matches(",point,").count(), 200);
        assert!(csv.contains("4999,"), "the curve ends where it did");
    }
}
