//! Figures as plain data, drawn to the same SVG on every machine, and from it to PNG and PDF.
//!
//! A [`Figure`] says what is to be seen: panels with two axes each, and in them layers of marks, lines, bands, surfaces
//! and words. Names decide how things look: what bears the same name has the same colour and shape in every panel, and
//! one entry in the legend. [`Figure::draw`] decides where everything stands and writes the SVG; whether on light or on
//! dark paper is a choice of the drawing, not of the figure. [`Figure::csv`] writes the data behind it.
//!
//! ```
//! use isoloss_figures::{Axis, Figure, Line, Panel, Points, Render, math};
//!
//! let runs = [(1e6, 4.1), (1e7, 3.2), (1e8, 2.6)];
//! let law = (50..=100).map(|i| 10f64.powf(i as f64 / 10.0)).map(|n| (n, 1.0 + 13.0 * n.powf(-0.1)));
//! let panel = Panel::new(Axis::log10(math("Parameters _N_")), Axis::linear("Loss, nats per token"))
//!     .with(Line::new(law).series("dense").measured(1e6, 1e8))
//!     .with(Points::new(runs).series("dense"));
//! let figure = Figure::new("Loss falls with the number of parameters.").panel(panel);
//! let drawing = figure.draw(&Render::default());
//! assert!(drawing.svg.starts_with("<svg"));
//! assert!(drawing.notes.is_empty());
//! let png = drawing.png(150.0)?;
//! # assert!(png.starts_with(b"\x89PNG"));
//! # Ok::<(), isoloss_figures::DrawError>(())
//! ```
//!
//! What cannot be drawn (a value that is not finite, a label without room) is left out and said in
//! [`Drawing::notes`]; no data make a figure fail.
//!
//! The font is Noto Sans, under the SIL Open Font License 1.1, from the crate `notosans` (itself MIT or Apache-2.0). Its
//! outlines are written into each drawing, so no machine needs to have it.

mod axis;
pub mod catalogue;
mod contour;
mod csv;
mod decimal;
mod draw;
mod error;
mod figure;
mod fold;
mod font;
mod geometry;
mod keys;
mod layer;
mod layout;
mod legend;
mod marker;
mod numbers;
mod occupied;
mod palette;
mod picture;
mod place;
mod ranges;
mod render;
pub mod report;
mod sizes;
mod svg;
mod text;
mod thin;
mod ticks;

pub use axis::{Axis, Scale};
pub use csv::COLUMNS;
pub use error::DrawError;
pub use figure::{Colours, Figure, LegendPlace, Panel, Share, Style, Width};
pub use layer::{Arrow, Band, Contours, Corner, Dash, Heads, Layer, Line, Note, Place, Point, Points, Rule, Side};
pub use marker::Marker;
pub use numbers::Numbers;
pub use palette::Colour;
pub use render::{Detail, Drawing, Render, Theme};
pub use text::{Face, Level, Piece, Rich, math};
pub use ticks::{Ticks, ticks};
