//! Why a drawing could not become a picture.

use std::fmt;

/// What went wrong between the SVG and its picture.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawError {
    /// a picture of so many pixels would not fit into memory, or none was asked for
    Size {
        /// dots per inch that were asked for
        dpi: f64,
        /// pixels that would be
        pixels: f64,
    },
    /// a library refused what was written here: a fault of this crate
    Refused(String),
}

impl fmt::Display for DrawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { dpi, pixels } => write!(
                f,
                "a picture at {dpi} dots per inch has {pixels:.0} pixels, expected 1 to {}\nhint: 150 for a screen, 300 or \
                 600 for print; SVG and PDF are sharp at any size",
                crate::picture::MOST_PIXELS
            ),
            Self::Refused(reason) => write!(f, "the drawing was refused: {reason}"),
        }
    }
}

impl std::error::Error for DrawError {}
