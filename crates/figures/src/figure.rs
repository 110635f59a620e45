//! A figure as a value: nothing here knows how it is drawn.

use crate::axis::Axis;
use crate::layer::Layer;
use crate::marker::Marker;
use crate::palette::Colour;
use crate::text::Rich;

/// How wide a figure is in print.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Width {
    /// one column of a journal: 84 mm
    #[default]
    Single,
    /// the whole page: 174 mm
    Double,
    /// in millimetres, from 40 to 1000
    Millimetres(f64),
}

impl Width {
    /// In points, of which 72 make an inch.
    pub fn points(self) -> f64 {
        let millimetres = match self {
            Self::Single => 84.0,
            Self::Double => 174.0,
            Self::Millimetres(given) if given.is_finite() => given.clamp(40.0, 1000.0),
            Self::Millimetres(_) => 84.0,
        };
        millimetres * 72.0 / 25.4
    }
}

/// Which panels have an axis in common. Where they have, its numbers stand at the outermost panel only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Share {
    /// each has its own
    #[default]
    None,
    /// the x axis: those of one column; the y axis: those of one row
    Line,
    /// all of them
    All,
}

/// Where the legend stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LegendPlace {
    /// in an empty corner of a lone panel if there is one, else outside
    #[default]
    Auto,
    /// below the panels
    Below,
    /// right of the panels
    Right,
    /// nowhere
    Hidden,
}

/// How names get their colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// as different as can be
    #[default]
    Distinct,
    /// from dark to light, for names that have an order, in the order in which they first appear
    Ordered,
}

/// How a name looks, where that is not left to the figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// the series, or the name of a colour or marker
    pub name: Rich,
    /// its colour
    pub colour: Option<Colour>,
    /// its shape
    pub marker: Option<Marker>,
}

/// One pair of axes and what lies between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// stands above it
    pub title: Rich,
    /// horizontal
    pub x: Axis,
    /// vertical
    pub y: Axis,
    /// see [`Layer`] for their order
    pub layers: Vec<Layer>,
}

impl Panel {
    /// An empty panel.
    pub fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, ..Self::default() }
    }

    /// With a title.
    pub fn title(mut self, title: impl Into<Rich>) -> Self {
        self.title = title.into();
        self
    }

    /// With one more layer.
    pub fn with(mut self, layer: impl Into<Layer>) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// With more layers.
    pub fn with_all<L: Into<Layer>>(mut self, layers: impl IntoIterator<Item = L>) -> Self {
        self.layers.extend(layers.into_iter().map(Into::into));
        self
    }
}

/// A figure: panels in a grid, row by row, and what belongs to all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// what is seen, in words, for those who do not see it; never empty in a figure that is published
    pub alt: String,
    /// stands above all panels
    pub title: Rich,
    /// for the text around the figure; not drawn
    pub caption: String,
    /// in print
    pub width: Width,
    /// panels beside each other at most: where they would be narrower than 55 mm there are fewer, unless
    /// [`rows`](Self::rows) are named, for then the grid has a meaning
    pub columns: usize,
    /// height of a panel between its axes, as a share of its width; by default three quarters in one column, half for a
    /// lone panel as wide as the page
    pub aspect: Option<f64>,
    /// row by row
    pub panels: Vec<Panel>,
    /// which panels have their x axis in common
    pub share_x: Share,
    /// which panels have their y axis in common
    pub share_y: Share,
    /// stand at the right of each row
    pub rows: Vec<Rich>,
    /// panels are marked a, b, c
    pub lettered: bool,
    /// where the legend stands
    pub legend: LegendPlace,
    /// how names get their colours
    pub colours: Colours,
    /// names whose look is given
    pub styles: Vec<Style>,
}

impl Figure {
    /// A figure without panels, and what it shows in words.
    pub fn new(alt: impl Into<String>) -> Self {
        Self {
            alt: alt.into(),
            title: Rich::default(),
            caption: String::new(),
            width: Width::Single,
            columns: 1,
            aspect: None,
            panels: Vec::new(),
            share_x: Share::None,
            share_y: Share::None,
            rows: Vec::new(),
            lettered: false,
            legend: LegendPlace::Auto,
            colours: Colours::Distinct,
            styles: Vec::new(),
        }
    }

    /// With a title above all panels.
    pub fn title(mut self, title: impl Into<Rich>) -> Self {
        self.title = title.into();
        self
    }

    /// With a caption for the text around it.
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// As wide as asked.
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// So many panels beside each other, where they have room.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }

    /// Height of a panel between its axes, as a share of its width, whatever that is.
    pub fn aspect(mut self, aspect: f64) -> Self {
        self.aspect = Some(aspect);
        self
    }

    /// With one more panel.
    pub fn panel(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// With the panel of another figure at its right, each under a title; none where one of them has several panels. What both
    /// call by one name looks as it does here.
    pub fn beside(mut self, title: impl Into<Rich>, other: Self, of_other: impl Into<Rich>) -> Option<Self> {
        let ([own], [panel]) = (self.panels.as_mut_slice(), other.panels.as_slice()) else { return None };
        own.title = title.into();
        let panel = panel.clone().title(of_other);
        let known = self.styles.clone();
        for mut style in other.styles.into_iter().filter(|own| known.iter().all(|style| style.name != own.name)) {
            // Hues go on behind those here: what looks alike is alike.
            if let Some(Colour::Hue(hue)) = &mut style.colour {
                *hue += known.len();
            }
            self.styles.push(style);
        }
        self.alt = format!("{} Beside it: {}", self.alt, other.alt);
        self.caption = format!("{} Beside it: {}", self.caption, other.caption);
        Some(self.panel(panel).columns(2).legend(LegendPlace::Below).width(Width::Double))
    }

    /// Which panels have their axes in common.
    pub fn share(mut self, x: Share, y: Share) -> Self {
        (self.share_x, self.share_y) = (x, y);
        self
    }

    /// With a title at the right of each row.
    pub fn rows<T: Into<Rich>>(mut self, titles: impl IntoIterator<Item = T>) -> Self {
        self.rows = titles.into_iter().map(Into::into).collect();
        self
    }

    /// With panels marked a, b, c.
    pub fn lettered(mut self) -> Self {
        self.lettered = true;
        self
    }

    /// With the legend in its place.
    pub fn legend(mut self, place: LegendPlace) -> Self {
        self.legend = place;
        self
    }

    /// How names get their colours.
    pub fn colours(mut self, colours: Colours) -> Self {
        self.colours = colours;
        self
    }

    /// With a name whose colour, marker or both are given.
    pub fn style(
        mut self,
        name: impl Into<Rich>,
        colour: impl Into<Option<Colour>>,
        marker: impl Into<Option<Marker>>,
    ) -> Self {
        self.styles.push(Style { name: name.into(), colour: colour.into(), marker: marker.into() });
        self
    }
}
