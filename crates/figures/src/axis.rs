//! Axes: what they measure, how they are divided, and where values lie on them.

use crate::numbers::Numbers;
use crate::text::Rich;

/// How an axis is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// equal steps
    #[default]
    Linear,
    /// equal factors, ticks at powers of ten
    Log10,
    /// equal factors, ticks at powers of two
    Log2,
}

impl Scale {
    /// Whether a value has a place on such an axis.
    pub fn admits(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }

    /// The coordinate in which the axis is linear. `libm` is the same everywhere, the platform's logarithm is not.
    pub(crate) fn coordinate(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log10 | Self::Log2 => libm::log2(value),
        }
    }

    /// The value at a coordinate.
    pub(crate) fn value(self, coordinate: f64) -> f64 {
        match self {
            Self::Linear => coordinate,
            Self::Log10 | Self::Log2 => libm::exp2(coordinate),
        }
    }
}

/// One axis of a panel, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// what is measured, with its unit
    pub label: Rich,
    /// how it is divided
    pub scale: Scale,
    /// ends; by default those of the data and a little room
    pub range: Option<(f64, f64)>,
    /// values that the axis must reach even where no data are
    pub include: Vec<f64>,
    /// how its numbers are written
    pub numbers: Numbers,
    /// ticks in place of the computed ones
    pub ticks: Option<Vec<(f64, Rich)>>,
}

impl Axis {
    /// An axis of equal steps.
    pub fn linear(label: impl Into<Rich>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// An axis of equal factors with ticks at powers of ten.
    pub fn log10(label: impl Into<Rich>) -> Self {
        Self { scale: Scale::Log10, ..Self::linear(label) }
    }

    /// An axis of equal factors with ticks at powers of two.
    pub fn log2(label: impl Into<Rich>) -> Self {
        Self { scale: Scale::Log2, ..Self::linear(label) }
    }

    /// From `low` to `high`, whatever the data.
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Reaches a value even where no data are.
    pub fn include(mut self, value: f64) -> Self {
        self.include.push(value);
        self
    }

    /// How its numbers are written.
    pub fn numbers(mut self, numbers: Numbers) -> Self {
        self.numbers = numbers;
        self
    }

    /// These ticks and no others; those outside of the axis are not drawn.
    pub fn ticks<L: Into<Rich>>(mut self, ticks: impl IntoIterator<Item = (f64, L)>) -> Self {
        self.ticks = Some(ticks.into_iter().map(|(v, l)| (v, l.into())).collect());
        self
    }
}

/// An axis with its ends known: from values to coordinates between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) scale: Scale,
    pub(crate) low: f64,
    pub(crate) high: f64,
    from: f64,
    to: f64,
}

impl Span {
    /// Between two values that the scale admits and that differ.
    pub(crate) fn new(scale: Scale, low: f64, high: f64) -> Self {
        Self { scale, low, high, from: scale.coordinate(low), to: scale.coordinate(high) }
    }

    /// The ends of the axis for the values on it: those asked for, or those of the data and `room` more on either side,
    /// as a share of the whole.
    pub(crate) fn of(axis: &Axis, values: impl Iterator<Item = f64>, room: f64) -> Self {
        let scale = axis.scale;
        if let Some((low, high)) = axis.range.filter(|r| sound(scale, *r)) {
            return Self::new(scale, low, high);
        }
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.chain(axis.include.iter().copied()).filter(|v| scale.admits(*v)) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = if scale == Scale::Linear { (0.0, 1.0) } else { (1.0, 10.0) };
        }
        let (mut from, mut to) = (scale.coordinate(low), scale.coordinate(high));
        // All in one place: room around it, so that it stands in the middle.
        let least = if scale == Scale::Linear { 1e-9 * from.abs().max(to.abs()).max(1e-290) } else { 1e-9 };
        if to - from < least {
            let more = if scale == Scale::Linear { (0.1 * from.abs()).max(least) } else { 0.5 };
            let more = if more > 1e-280 { more } else { 0.5 };
            (from, to) = (from - more, to + more);
        }
        let more = room * (to - from);
        (from, to) = (from - more, to + more);
        let (low, high) = match scale {
            Scale::Linear => (from.max(-1e300), to.min(1e300)),
            _ => (scale.value(from).max(1e-300), scale.value(to).min(1e300)),
        };
        match sound(scale, (low, high)) {
            true => Self::new(scale, low, high),
            // Beyond the clamps above: nothing a figure of runs holds.
            false => Self::new(scale, 1.0, 10.0),
        }
    }

    /// Where a value lies: 0 at the low end, 1 at the high end.
    pub(crate) fn share(&self, value: f64) -> f64 {
        (self.scale.coordinate(value) - self.from) / (self.to - self.from)
    }

    /// Whether a value lies on the axis.
    pub(crate) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// Whether these can be the ends of an axis.
pub(crate) fn sound(scale: Scale, (low, high): (f64, f64)) -> bool {
    let far_enough = scale.coordinate(high) - scale.coordinate(low) > 0.0;
    scale.admits(low) && scale.admits(high) && low < high && (high - low).is_finite() && far_enough
}
