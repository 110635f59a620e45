//! Times the reader: `cargo run --release -p isoloss-runs --example read_table -- [FILE]`, by default on a made-up CSV
//! of a million rows. Prints megabytes, rows and seconds.

use std::fmt::Write;
use std::time::Instant;

fn main() {
    let made_up = || {
        let mut text = String::from("name,N,D,loss\n");
        for i in 0..1_000_000_u64 {
            let (n, d) = (1e6 * (1 + i % 977) as f64 * 1.01, 2e9 + (i * 7919 % 1_000_003) as f64 * 1234.5);
            let loss = 1.69 + 406.4 / n.powf(0.34) + 410.7 / d.powf(0.28);
            writeln!(text, "run-{i},{n},{d},{loss}").expect("memory takes it");
        }
        text.into_bytes()
    };
    let path = std::env::args().nth(1);
    let bytes = path.as_ref().map_or_else(made_up, |p| std::fs::read(p).expect("a readable file"));
    let megabytes = bytes.len() as f64 / 1e6;
    let name = path.unwrap_or("made-up.csv".into());
    let start = Instant::now();
    match isoloss_runs::read_bytes(&name, bytes) {
        Ok(reading) => {
            let seconds = start.elapsed().as_secs_f64();
            println!("{megabytes:.1} MB, {} rows, {seconds:.3} s", reading.table.len());
            reading.notes.iter().for_each(|note| println!("note: {note}"));
        }
        Err(error) => println!("{error}"),
    }
}
