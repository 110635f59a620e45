//! Curves, the areas between them, and lines of equal value.

use crate::text::Rich;

/// How a line is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    /// not at all
    #[default]
    Solid,
    /// into dashes
    Dashed,
    /// into dots
    Dotted,
    /// dash and dot in turn
    DashDotted,
}

/// A curve through places, from one to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// places; one that is no number breaks the line
    pub points: Vec<(f64, f64)>,
    /// the name that decides the colour; without one it is drawn as text is
    pub colour: Option<Rich>,
    /// a name for this way of breaking the line, which then has an entry of its own in the legend
    pub key: Option<Rich>,
    /// how it is broken
    pub dash: Dash,
    /// least and greatest x of the data behind it: beyond them it is drawn thin and dotted; all of it where the least
    /// lies above the greatest
    pub measured: Option<(f64, f64)>,
    /// stands at its right end
    pub label: Rich,
    /// thickness in points, 1 by default
    pub thickness: Option<f64>,
}

impl Line {
    /// A solid line.
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { points: points.into_iter().collect(), ..Self::default() }
    }

    /// In the colour of a series.
    pub fn series(mut self, name: impl Into<Rich>) -> Self {
        self.colour = Some(name.into());
        self
    }

    /// With an entry of its own in the legend, for how it is broken.
    pub fn key(mut self, name: impl Into<Rich>) -> Self {
        self.key = Some(name.into());
        self
    }

    /// Broken.
    pub fn dash(mut self, dash: Dash) -> Self {
        self.dash = dash;
        self
    }

    /// Backed by data from `low` to `high` only.
    pub fn measured(mut self, low: f64, high: f64) -> Self {
        self.measured = Some((low, high));
        self
    }

    /// With a label at its right end.
    pub fn label(mut self, label: impl Into<Rich>) -> Self {
        self.label = label.into();
        self
    }

    /// Thickness in points.
    pub fn thickness(mut self, thickness: f64) -> Self {
        self.thickness = Some(thickness);
        self
    }
}

/// The area between a lower and an upper curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Band {
    /// x, lower, upper
    pub points: Vec<(f64, f64, f64)>,
    /// the name that decides the colour
    pub colour: Option<Rich>,
}

impl Band {
    /// From (x, lower, upper).
    pub fn new(points: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        Self { points: points.into_iter().collect(), colour: None }
    }

    /// In the colour of a series.
    pub fn series(mut self, name: impl Into<Rich>) -> Self {
        self.colour = Some(name.into());
        self
    }
}

/// Lines of equal value of a surface that is known on a grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contours {
    /// ascending
    pub xs: Vec<f64>,
    /// ascending
    pub ys: Vec<f64>,
    /// one per place, all of the first y, then all of the second: `values[j * xs.len() + i]`
    pub values: Vec<f64>,
    /// where lines are drawn; by default at round values
    pub levels: Option<Vec<f64>>,
    /// the area between lines is shaded
    pub filled: bool,
    /// lines bear their value
    pub labelled: bool,
}

impl Contours {
    /// A surface evaluated on a grid.
    pub fn of(xs: Vec<f64>, ys: Vec<f64>, surface: impl Fn(f64, f64) -> f64) -> Self {
        let values = ys.iter().flat_map(|y| xs.iter().map(|x| (*x, *y))).map(|(x, y)| surface(x, y)).collect();
        Self { xs, ys, values, labelled: true, ..Self::default() }
    }

    /// Lines at these values.
    pub fn levels(mut self, levels: impl IntoIterator<Item = f64>) -> Self {
        self.levels = Some(levels.into_iter().collect());
        self
    }

    /// Shaded between the lines.
    pub fn filled(mut self) -> Self {
        self.filled = true;
        self
    }
}
