//! Whether the horizons of a size can be branches of one trunk, and where in the file it stands if they cannot.

use isoloss_train::RunConfig;
use isoloss_train::config::Training;
use isoloss_train::schedules::Schedule;

use super::file::File;
use super::{Experiment, ExperimentError};

/// Refuses configs of one size, seed and family, of several lengths, that share no trunk.
pub(super) fn check(experiment: &Experiment, of_lengths: &[RunConfig]) -> Result<(), ExperimentError> {
    let Some(first) = of_lengths.first() else { return Ok(()) };
    let other = of_lengths.iter().find(|config| config.of_any_length() != first.of_any_length());
    let schedule = first.training.schedule;
    if !matches!(schedule, Schedule::Wsd(_)) {
        let error = refused(&experiment.file, "schedule", "branches need schedule = \"wsd\"".to_owned());
        return Err(error.hint("the others know from the first step on how long the run will be; or branches = false"));
    }
    let Some(other) = other else { return Ok(()) };
    let (one, two) = (&first.training, &other.training);
    let lengths = |what: &str, one: String, two: String, of: [&Training; 2]| {
        let [short, long] = of.map(Training::tokens);
        format!("branches of one trunk share their {what}: {one} for {short} tokens and {two} for {long}")
    };
    let warmup = |training: &Training| match training.schedule {
        Schedule::Wsd(schedule) => schedule.warmup,
        _ => 0,
    };
    Err(if warmup(one) != warmup(two) {
        let [a, b] = [one, two].map(|training| format!("{} steps", warmup(training)));
        refused(&experiment.file, "warmup", lengths("warm-up", a, b, [one, two]))
            .hint("warmup_fraction = 1 holds it at `warmup` steps for every length")
    } else if one.lr != two.lr {
        let [a, b] = [one, two].map(|training| format!("{:.3e}", training.lr));
        refused(&experiment.file, "tokens_power", lengths("learning rate", a, b, [one, two]))
            .hint("tokens_power = 0 holds it for every length; or branches = false")
    } else {
        let message = "branches of one trunk differ in `steps` and `decay` alone, and these in more".to_owned();
        refused(&experiment.file, "schedule", message).hint("branches = false trains every run by itself")
    })
}

fn refused(file: &File, setting: &str, message: String) -> ExperimentError {
    file.error(&["recipe", setting], message)
}
