//! Marks: one per run, model or measurement.

use crate::text::Rich;

/// One mark.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// in the units of the axis
    pub x: f64,
    /// in the units of the axis
    pub y: f64,
    /// lower and upper end of an interval of `y`
    pub interval: Option<(f64, f64)>,
    /// stands beside it, where there is room
    pub label: Rich,
    /// name and value: what a report shows of it on hover
    pub facts: Vec<(String, String)>,
}

impl Point {
    /// A mark without a label.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y, ..Self::default() }
    }

    /// With an interval of `y`.
    pub fn interval(mut self, lower: f64, upper: f64) -> Self {
        self.interval = Some((lower, upper));
        self
    }

    /// With a label beside it.
    pub fn label(mut self, label: impl Into<Rich>) -> Self {
        self.label = label.into();
        self
    }

    /// With something to say of it on hover.
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((name.into(), value.into()));
        self
    }
}

impl From<(f64, f64)> for Point {
    fn from((x, y): (f64, f64)) -> Self {
        Self::new(x, y)
    }
}

/// Marks of one kind. Colour and shape come from the names given here: the same name has the same look in every panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// the marks
    pub points: Vec<Point>,
    /// the name that decides the colour; without one they are drawn as text is
    pub colour: Option<Rich>,
    /// the name that decides the shape; without one they are discs
    pub marker: Option<Rich>,
    /// drawn as outlines
    pub open: bool,
    /// radius in points; by default smaller where there are more
    pub radius: Option<f64>,
    /// pale, and below bands and lines instead of above them
    pub beneath: bool,
}

impl Points {
    /// Marks at places, or with labels and intervals.
    pub fn new<P: Into<Point>>(points: impl IntoIterator<Item = P>) -> Self {
        Self { points: points.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Colour and shape by one name: each alone tells the series apart.
    pub fn series(mut self, name: impl Into<Rich>) -> Self {
        let name = name.into();
        self.marker = Some(name.clone());
        self.colour = Some(name);
        self
    }

    /// The name that decides the colour.
    pub fn colour(mut self, name: impl Into<Rich>) -> Self {
        self.colour = Some(name.into());
        self
    }

    /// The name that decides the shape.
    pub fn marker(mut self, name: impl Into<Rich>) -> Self {
        self.marker = Some(name.into());
        self
    }

    /// Drawn as outlines.
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Radius in points.
    pub fn radius(mut self, radius: f64) -> Self {
        self.radius = Some(radius);
        self
    }

    /// Pale and below the lines: hundreds of marks are a cloud, and would hide what runs through it.
    pub fn beneath(mut self) -> Self {
        self.beneath = true;
        self
    }
}
