//! Rules, arrows and words.

use super::Dash;
use crate::text::Rich;

/// Across which axis something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// at one x
    X,
    /// at one y
    Y,
}

/// A straight line across the whole panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// the axis whose value is fixed
    pub side: Side,
    /// the value
    pub at: f64,
    /// stands at its end
    pub label: Rich,
    /// the name that decides the colour; without one it is muted
    pub colour: Option<Rich>,
    /// how it is broken
    pub dash: Dash,
}

impl Rule {
    /// A vertical line.
    pub fn x(at: f64) -> Self {
        Self { side: Side::X, at, label: Rich::default(), colour: None, dash: Dash::Dashed }
    }

    /// A horizontal line.
    pub fn y(at: f64) -> Self {
        Self { side: Side::Y, ..Self::x(at) }
    }

    /// With a label.
    pub fn label(mut self, label: impl Into<Rich>) -> Self {
        self.label = label.into();
        self
    }

    /// In the colour of a series.
    pub fn series(mut self, name: impl Into<Rich>) -> Self {
        self.colour = Some(name.into());
        self
    }

    /// Broken in another way.
    pub fn dash(mut self, dash: Dash) -> Self {
        self.dash = dash;
        self
    }
}

/// What an arrow ends in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heads {
    /// a head at its end
    #[default]
    End,
    /// a head at both ends
    Both,
    /// bars at both ends: a bracket
    Bars,
    /// nothing
    None,
}

/// From one place to another, with a label: how many times the compute, how much loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// in the units of the axes
    pub from: (f64, f64),
    /// in the units of the axes
    pub to: (f64, f64),
    /// stands at its middle
    pub label: Rich,
    /// stands behind the label where the panel has room for both
    pub more: Rich,
    /// what it ends in
    pub heads: Heads,
    /// the name that decides the colour; without one it is drawn as text is
    pub colour: Option<Rich>,
    /// the two names that it stands between: a report hides it with either
    pub between: Option<(Rich, Rich)>,
    /// how its shaft is broken
    pub dash: Dash,
}

impl Arrow {
    /// With a head at its end.
    pub fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        let (label, more) = Default::default();
        Self { from, to, label, more, heads: Heads::End, colour: None, between: None, dash: Dash::Solid }
    }

    /// With a label at its middle.
    pub fn label(mut self, label: impl Into<Rich>) -> Self {
        self.label = label.into();
        self
    }

    /// With words behind the label, if there is room for them.
    pub fn more(mut self, more: impl Into<Rich>) -> Self {
        self.more = more.into();
        self
    }

    /// All that it says, room or not.
    pub fn said(&self) -> Rich {
        self.label.clone().then(&self.more)
    }

    /// Between two names, of which a report hides it with either.
    pub fn between(mut self, one: impl Into<Rich>, other: impl Into<Rich>) -> Self {
        self.between = Some((one.into(), other.into()));
        self
    }

    /// Its shaft broken.
    pub fn dash(mut self, dash: Dash) -> Self {
        self.dash = dash;
        self
    }

    /// Ending in something else.
    pub fn heads(mut self, heads: Heads) -> Self {
        self.heads = heads;
        self
    }

    /// In the colour of a series.
    pub fn series(mut self, name: impl Into<Rich>) -> Self {
        self.colour = Some(name.into());
        self
    }
}

/// A corner of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corner {
    /// upper left
    TopLeft,
    /// upper right
    TopRight,
    /// lower left
    BottomLeft,
    /// lower right
    BottomRight,
}

/// Where a note stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Place {
    /// where it hides least
    #[default]
    Auto,
    /// in a corner
    Corner(Corner),
    /// right of a place, in the units of the axes
    At(f64, f64),
}

/// A few lines of text: an equation, a remark.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    /// from top to bottom
    pub lines: Vec<Rich>,
    /// where it stands
    pub place: Place,
    /// in a box
    pub boxed: bool,
    /// the name that decides its colour; without one it is drawn as text is
    pub colour: Option<Rich>,
}

impl Note {
    /// One line where it hides least.
    pub fn new(line: impl Into<Rich>) -> Self {
        Self { lines: vec![line.into()], ..Self::default() }
    }

    /// With one more line.
    pub fn line(mut self, line: impl Into<Rich>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// In a corner, or at a place.
    pub fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// In a box.
    pub fn boxed(mut self) -> Self {
        self.boxed = true;
        self
    }

    /// In the colour of a series.
    pub fn series(mut self, name: impl Into<Rich>) -> Self {
        self.colour = Some(name.into());
        self
    }
}
