//! Grids at equal compute that find the best size though they were placed beside it, and loops that stop early.

use isoloss_runs::record::Part;
use isoloss_runs::{Runs, import};

use super::*;

const GRID: &str = r#"
[ladder]
sizes = { d_model = [4, 6, 8, 12, 16, 24, 32] }
flops = [4e7, 16e7]
around = { params = PARAMS, flops = 4e7, power = 0.5, sizes = 4 }
[evaluation]
windows = 256
[fit]
size = "stored"
"#;

/// The grid in the place of the ladder, expected to be best at so many parameters.
fn grid(params: &str) -> Lab {
    let (head, _) = LADDER.split_once("[ladder]").unwrap();
    Lab::of(&format!("{head}{}", GRID.replace("PARAMS", params)))
}

/// Sizes and losses of the runs of one budget, by size.
fn at(runs: &Runs, budget: f64) -> Vec<(u64, f64)> {
    let of = runs.iter().filter(|run| run.other["budget"].as_f64() == Some(budget));
    let mut all: Vec<(u64, f64)> = of.map(|run| (run.counts.stored, run.loss().unwrap())).collect();
    all.sort_by_key(|(size, _)| *size);
    all
}

/// Wherever it begins, a budget ends with its least loss between two others, unless there are no more sizes.
#[test]
fn a_grid_is_widened_until_the_best_size_lies_inside() {
    let mut ends = Vec::new();
    for params in ["100", "20000"] {
        let lab = grid(params);
        let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
        assert_eq!(code, 0, "{stderr}");
        let rounds = stderr.matches(" to train into ").count();
        // The largest sizes are too large for these budgets.
        assert!(params == "100" || rounds > 1, "{params}: {stderr}");
        // The same command finds the same grid, and nothing to do.
        let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
        assert!(code == 0 && !stderr.contains("to train into"), "{stderr}");
        let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
        assert!(code == 0, "{stderr}");
        let runs = import("runs.csv", &fs::read_to_string(lab.path("out/ladder/runs.csv")).unwrap()).unwrap();
        assert!(runs.iter().all(|run| Part::of(run) == Some(Part::Fit)));
        for budget in [4e7, 16e7] {
            let all = at(&runs, budget);
            let least = (0..all.len()).min_by(|a, b| all[*a].1.total_cmp(&all[*b].1)).unwrap();
            let widest = all.len() == 7;
            assert!(widest || (least > 0 && least + 1 < all.len()), "{params}, {budget}: {all:?}");
            ends.push(all[least]);
        }
    }
    // From below and from above: the same runs where both grids have them.
    assert_eq!(ends[..2], ends[2..], "{ends:?}");
}

#[test]
fn a_grid_needs_budgets_and_four_sizes() {
    for (from, to, says) in [
        ("sizes = 4 }", "sizes = 3 }", "[ladder.around.sizes] 3: a parabola"),
        ("flops = [4e7, 16e7]", "tokens = [4096]", "it needs flops"),
        ("params = PARAMS", "params = -1", "[ladder.around.params] -1 is not a number above 0"),
        ("power = 0.5", "power = 2", "[ladder.around.power] 2 is not from 0 to 1"),
        ("power = 0.5", "powr = 0.5", "unknown field `powr`"),
    ] {
        let (head, _) = LADDER.split_once("[ladder]").unwrap();
        let lab = Lab::of(&format!("{head}{}", GRID.replace(from, to).replace("PARAMS", "100")));
        let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
        assert!(code == 2 && stderr.contains(says), "{to}: {stderr}");
    }
}

/// The loop trains a part of the ladder, says why it stops, and finds its runs again.
#[test]
fn enough_is_known_before_the_ladder_is_whole() {
    let lab = Lab::new();
    let until = ["run", "ladder.toml", "--until", "2", "--know", "beta"];
    let (code, stdout, stderr) = lab.run(&until);
    // What must not be used is not known.
    assert!(code == 0 && !stdout.contains("error["), "{code} {stdout}{stderr}");
    assert!(stderr.contains("known as well as was asked for"), "{stderr}");
    let made = lab.losses().len();
    assert!((9..24).contains(&made), "{made}");
    let (_, again, stderr) = lab.run(&until);
    assert!(again == stdout && lab.losses().len() == made, "{stderr}");
    // What cannot be known so well ends with the ladder.
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--until", "1e-9", "--know", "beta"]);
    assert!(code == 1 && stderr.contains("the whole ladder is trained") && lab.losses().len() == 24, "{stderr}");
    // And a budget with what it buys.
    let lab = Lab::new();
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--until", "1e-9", "--know", "beta", "--budget", "1e3"]);
    assert!(code == 1 && stderr.contains("the budget buys no run"), "{stderr}");
    for (arguments, says) in [
        (&["--until", "0.1"][..], "--know"),
        (&["--know", "beta"], "--until"),
        (&["--until", "0.1", "--know", "gamma"], "has no such parameter"),
        (&["--until", "-1", "--know", "beta"], "--until -1: expected a number above zero"),
        (&["--until", "0.1", "--know", "loss"], "at which place?"),
        (&["--until", "0.1", "--know", "loss", "--at", "N=1e6"], "the law needs D"),
        (
            &["--until", "0.1", "--know", "beta", "--set", "ladder.branches=true", "--set", "recipe.warmup=0"],
            "runs that stand alone",
        ),
    ] {
        let all: Vec<&str> = ["run", "ladder.toml"].iter().chain(arguments).copied().collect();
        let (code, _, stderr) = lab.run(&all);
        assert!(code == 2 && stderr.contains(says) && stderr.contains("hint"), "{arguments:?}: {stderr}");
    }
}
