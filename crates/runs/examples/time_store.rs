//! How long a store takes to write and to list: `cargo run --release --example time_store -- FOLDER 10000`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;
use std::{env, fs};

use isoloss_runs::record::{Convention, StateName};
use isoloss_runs::store::{CurvePoint, Store};
use isoloss_runs::{export, import};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("a folder is needed")?;
    let count: u64 = arguments.next().unwrap_or_else(|| "10000".into()).parse()?;
    let store = Store::open(&folder)?;

    let mut all = Vec::new();
    for number in 0..15 {
        let started = Instant::now();
        let before = store.disk_waits();
        let whole = common::finished(1_000_000 + number);
        let mut run = common::planned(1_000_000 + number);
        let claim = store.claim(&run.id)?.ok_or("held")?;
        run.state.name = StateName::Running;
        claim.write(&run)?;
        let mut curve = claim.curve()?;
        for step in 1..=200 {
            curve.push(&CurvePoint {
                step,
                tokens: step * 4096,
                loss: 3.0,
                grad_norm: 1.0,
                lr: 0.1,
                ..Default::default()
            })?;
        }
        curve.sync()?;
        claim.write(&whole)?;
        all.push(started.elapsed().as_secs_f64() * 1e3);
        if number == 0 {
            println!("waits for the disk in a run: {}", store.disk_waits() - before);
        }
    }
    all.sort_by(f64::total_cmp);
    println!("a run with 200 points: median {:.1} ms, worst {:.1} ms", all[7], all[14]);

    // Without waiting for the disk: only reading is timed.
    for number in 0..count {
        let run = common::finished(number);
        fs::create_dir_all(store.folder_of(&run.id)?)?;
        fs::write(store.folder_of(&run.id)?.join("run.json"), serde_json::to_string_pretty(&run)? + "\n")?;
    }
    let before = processors();
    let mut times: Vec<f64> = (0..7)
        .map(|_| {
            let started = Instant::now();
            let listing = store.runs().expect("it was just written");
            assert!(listing.problems.is_empty() && listing.runs.len() as u64 >= count);
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let each = (processors() - before) / 7.0 * 1e3;
    println!("{count} runs listed in {each:.0} ms of all processors together");
    println!("{count} runs listed: best {:.0} ms, median {:.0} ms, worst {:.0} ms", times[0], times[3], times[6]);

    let runs = store.runs()?.runs;
    let started = Instant::now();
    let csv = export(&runs, Convention::default());
    println!("exported in {:.0} ms, {:.1} MB", started.elapsed().as_secs_f64() * 1e3, csv.len() as f64 / 1e6);
    let started = Instant::now();
    println!("{} imported in {:.0} ms", import("x.csv", &csv)?.len(), started.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

/// Seconds of processors that this program took: the only time that neighbours do not change (Linux, `proc(5)`).
fn processors() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(") ").next().unwrap_or("").split(' ').skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}
