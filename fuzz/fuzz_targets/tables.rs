//! Any bytes are a table or an error with a reason, under any name, and what was read can be guessed at and prepared.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["runs.csv", "runs.tsv", "runs.jsonl", "runs.parquet"] {
        let Ok(reading) = isoloss_runs::read_bytes(name, bytes.to_vec()) else { continue };
        let guess = isoloss_runs::guess(&reading.table);
        let options = isoloss_runs::Prepare { map: guess.maps(), ..Default::default() };
        let needed: Vec<&str> = guess.columns.keys().copied().collect();
        let _ = isoloss_runs::prepare(&reading.table, &needed, &options);
    }
});
