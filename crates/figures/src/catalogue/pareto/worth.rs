//! What a gain in score is worth in size.

use isoloss_laws::size_gain;

use super::super::say::{name, ratio};
use super::{Highlight, Model};

/// More than this would make the axis one of arrows.
pub(super) const FARTHEST: f64 = 16.0;

/// What a score is worth in size, by one family.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Worth {
    pub(super) family: (String, String),
    /// the twin, or the smaller of the family: where its line begins
    pub(super) from: (f64, f64),
    /// the size at which the line has the score
    pub(super) needed: f64,
    /// over the size of the model
    pub(super) times: f64,
    /// linear in size, with a twin: the share of size, as papers print it
    pub(super) linear: Option<f64>,
}

impl Worth {
    pub(super) fn drawn(&self) -> bool {
        self.times.is_finite() && (1.0 / FARTHEST..FARTHEST).contains(&self.times)
    }

    pub(super) fn said(&self) -> String {
        let linear = match self.linear {
            Some(share) => format!(" ({} times if linear in size)", ratio(1.0 + share)),
            None => String::new(),
        };
        let (small, large) = (name(&self.family.0), name(&self.family.1));
        format!("{} times the size by {small} and {large}{linear}", ratio(self.times))
    }
}

/// By each family: the line through its two models, moved to the twin.
pub(super) fn worths<'a>(highlight: &Highlight, find: impl Fn(&str) -> Option<&'a Model>) -> Vec<Worth> {
    let Some(model) = find(&highlight.model) else { return Vec::new() };
    let twin = highlight.twin.as_deref().and_then(&find);
    let worth = |(small, large): &(String, String)| {
        let (a, b) = (find(small)?, find(large)?);
        let from = twin.unwrap_or(a);
        let gain = size_gain((a.size, a.score), (b.size, b.score), model.score - from.score)?;
        let needed = from.size * (1.0 + gain.logarithmic);
        Some(Worth {
            family: (small.clone(), large.clone()),
            from: (from.size, from.score),
            needed,
            times: needed / model.size,
            linear: twin.is_some().then_some(gain.linear),
        })
    };
    highlight.references.iter().filter_map(worth).collect()
}
