//! What is asked of a drawing, and what it gives.

use crate::draw;
use crate::figure::Figure;

/// Ink on light or on dark paper: a choice of whoever draws, not of the figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// on white
    #[default]
    Light,
    /// on nearly black
    Dark,
}

impl Theme {
    /// The ground.
    pub(crate) fn paper(self) -> &'static str {
        match self {
            Self::Light => "#ffffff",
            Self::Dark => "#14171c",
        }
    }

    /// Text and axes.
    pub(crate) fn ink(self) -> &'static str {
        match self {
            Self::Light => "#1a1a1a",
            Self::Dark => "#e8eaed",
        }
    }

    /// What stands in the background and is still read.
    pub(crate) fn muted(self) -> &'static str {
        match self {
            Self::Light => "#6b6b6b",
            Self::Dark => "#9aa0a8",
        }
    }

    /// Lines that guide the eye from the axes.
    pub(crate) fn grid(self) -> &'static str {
        match self {
            Self::Light => "#e9e9e9",
            Self::Dark => "#2a2f37",
        }
    }
}

/// What marks carry beside their shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// nothing: for print
    #[default]
    Plain,
    /// series, values, label and facts as `data-` attributes and a `<title>`, which browsers show on hover
    Hover,
}

/// How a figure is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Render {
    /// light or dark
    pub theme: Theme,
    /// what marks carry
    pub detail: Detail,
    /// begins the names inside of the SVG; two figures on one page need different ones
    pub prefix: String,
}

impl Render {
    /// Dark, for print.
    pub fn dark() -> Self {
        Self { theme: Theme::Dark, ..Self::default() }
    }
}

/// A figure, drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// the file
    pub svg: String,
    /// in points, of which 72 make an inch
    pub width: f64,
    /// in points
    pub height: f64,
    /// what is not seen as the data have it: values without a place on an axis, labels without room
    pub notes: Vec<String>,
}

impl Figure {
    /// Draws it. The same figure gives the same bytes on every machine.
    pub fn draw(&self, render: &Render) -> Drawing {
        draw::figure(self, render)
    }
}
