//! How much of what pictures say of the text beside them a model has found, where that is known.
//!
//! `information_share` is (blind - loss) / (blind - floor): blind is the loss of the best predictor that sees no picture, floor that of the
//! best that does, both on the very targets of the held-out set. 0 is nothing, 1 all of it; `information_share_stderr` is the standard error of the loss over what
//! there is: how much the windows happen to say counts as noise, so it is rather too large. Where pictures say nothing (they belong to other text) there is no share. `information` is blind - loss, nats per token. Of
//! a corpus of several sets each is measured by itself: `information_share_NAME`.

use super::{Measured, Subject};
use crate::corpora::{Known, Source};
use crate::{Evaluated, models};

pub(super) const SAYS: &str = "how much of what pictures say of their text is found, where that is known";

pub(super) fn refused(source: &dyn Source, _: &models::Config) -> Option<&'static str> {
    source
        .sight()
        .is_none()
        .then_some("information: needs a corpus with pictures, as scenes, storybook, or a mixture of them")
}

pub(super) fn measure(subject: &mut Subject) -> Measured {
    let held_out = subject.held_out;
    let (whole, each) = subject.trainer.evaluate(held_out);
    let mut measured = Measured::new();
    if held_out.sets.is_empty() {
        report("", held_out.known, whole, &mut measured);
    }
    for (set, of) in held_out.sets.iter().zip(each) {
        report(&format!("_{}", set.name), set.known, of, &mut measured);
    }
    measured
}

fn report(ending: &str, known: Known, of: Evaluated, measured: &mut Measured) {
    let (Some(floor), Some(blind)) = (known.floor, known.blind) else { return };
    let mut say = |name: &str, value: f64| measured.push((format!("information{name}{ending}"), value));
    say("", blind - of.loss);
    let there = blind - floor;
    if there > 0.0 {
        say("_share", (blind - of.loss) / there);
        if let Some(stderr) = of.stderr {
            say("_share_stderr", stderr / there);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_what_is_there() {
        let of = Evaluated { loss: 0.4, stderr: Some(0.01) };
        let mut measured = Measured::new();
        report("_x", Known { floor: Some(0.3), blind: Some(0.8), bytes_per_target: None }, of, &mut measured);
        let names: Vec<&str> = measured.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["information_x", "information_share_x", "information_share_stderr_x"]);
        let values: Vec<f64> = measured.iter().map(|(_, value)| (value * 1e9).round() / 1e9).collect();
        assert_eq!(values, [0.4, 0.8, 0.02]);
        // Pictures of other text say nothing, and text alone has none.
        for (known, many) in [((Some(0.3), Some(0.3)), 1), ((Some(0.3), None), 0)] {
            let mut measured = Measured::new();
            report("", Known { floor: known.0, blind: known.1, bytes_per_target: None }, of, &mut measured);
            assert_eq!(measured.len(), many);
        }
    }
}
