//! Any bytes are a table or an error with a reason, under any name, and what was read can be guessed at and prepared.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // The parquet crate panics on some damaged files and `isoloss-runs` catches that and makes an error of it, but
    // libFuzzer's panic hook aborts before anything can be caught. Without the hook a caught panic goes on, and one that
    // leaves the target still aborts.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| {
        for name in ["runs.csv", "runs.tsv", "runs.jsonl", "runs.parquet"] {
            let Ok(reading) = isoloss_runs::read_bytes(name, bytes.to_vec()) else { continue };
            let guess = isoloss_runs::guess(&reading.table);
            let options = isoloss_runs::Prepare { map: guess.maps(), ..Default::default() };
            let needed: Vec<&str> = guess.columns.keys().copied().collect();
            let _ = isoloss_runs::prepare(&reading.table, &needed, &options);
        }
    }
);
