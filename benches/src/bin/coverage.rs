//! Coverage of nominal 95 % intervals: fits every experiment of a folder of simulated tables.
//!
//! `coverage DIR OUT.csv [ONLY] [FLAG=VALUE ...]`: DIR holds `<cell>.csv` with columns rep, run, config, N, D, loss and
//! `truth.json`; OUT gets cell, rep, quantity, point, lo, hi, seconds. `cluster=config|N` sets the clusters of every
//! cell; without it, cells named `seedC` get `config`. The truth here is the law, so new runs are predicted without the
//! drift that held-out runs show unless `trust=1` is given.

use isoloss_laws::{Estimate, Fit, Labels, Options, Points, catalogue, fit};
use std::collections::BTreeMap;
use std::fmt::Write;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (dir, out) = (&arguments[0], &arguments[1]);
    let flag = |name: &str| arguments.iter().find_map(|a| a.strip_prefix(name)?.strip_prefix('='));
    let only = arguments.get(2).filter(|a| !a.contains('='));
    let truth = std::fs::read_to_string(format!("{dir}/truth.json")).expect("truth.json");
    let truth: serde_json::Value = serde_json::from_str(&truth).expect("truth.json is JSON");
    let law = catalogue::law("chinchilla").expect("it ships");
    let mut text = String::from("cell,rep,quantity,point,lo,hi,seconds\n");
    for (cell, t) in truth["cells"].as_object().expect("cells") {
        if only.is_some_and(|o| !cell.contains(o.as_str())) {
            continue;
        }
        let cluster = flag("cluster").or(cell.ends_with("seedC").then_some("config"));
        let get = |k: &str| t[k].as_f64().expect("a number in truth.json");
        for (rep, rows) in experiments(&format!("{dir}/{cell}.csv")) {
            let begin = std::time::Instant::now();
            let points = points(&rows, cluster);
            let options = Options {
                draws: flag("draws").map_or(1000, |d| d.parse().expect("draws")),
                trust: flag("trust").is_some(),
                ..Options::default()
            };
            let fit = fit(&law, &points, &options);
            let seconds = begin.elapsed().as_secs_f64();
            let mut row = |quantity: &str, e: Option<&Estimate>| {
                let cells = match e.map(|e| (e.value, e.interval)) {
                    Some((value, Some(i))) => format!("{value},{},{}", i.lower, i.upper),
                    Some((value, None)) => format!("{value},,"),
                    None => ",,".into(),
                };
                let _ = writeln!(text, "{cell},{rep},{quantity},{cells},{seconds:.5}");
            };
            let Ok(fit) = fit else {
                ["alpha", "beta", "E", "L10", "L100", "new10", "Nstar10"].iter().for_each(|q| row(q, None));
                continue;
            };
            for q in ["alpha", "beta", "E"] {
                row(q, fit.parameter(q).map(|p| &p.estimate));
            }
            let p10 = predict(&fit, get("N10"), get("D10"));
            row("L10", Some(&p10.mean));
            row("L100", Some(&predict(&fit, get("N100"), get("D100")).mean));
            row("new10", Some(&p10.new_run));
            let best = fit.optimum(get("budget10"));
            row("Nstar10", best.as_ref().map(|b| &b.params));
        }
        eprintln!("{cell}");
    }
    std::fs::write(out, text).expect("the output can be written");
}

fn predict(fit: &Fit, n: f64, d: f64) -> isoloss_laws::Prediction {
    fit.predict(&[("N".into(), vec![n]), ("D".into(), vec![d])], None).expect("a chinchilla fit predicts").remove(0)
}

struct Row {
    config: String,
    n: f64,
    d: f64,
    loss: f64,
}

fn experiments(path: &str) -> BTreeMap<u32, Vec<Row>> {
    let text = std::fs::read_to_string(path).expect("a cell's table");
    let mut by = BTreeMap::new();
    for line in text.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let number = |i: usize| f[i].parse::<f64>().expect("a number");
        let row = Row { config: f[2].to_owned(), n: number(3), d: number(4), loss: number(5) };
        by.entry(f[0].parse().expect("rep")).or_insert_with(Vec::new).push(row);
    }
    by
}

fn points(rows: &[Row], cluster: Option<&str>) -> Points {
    let labels = |name: &str| match name {
        "N" => Labels::new("N", rows.iter().map(|r| r.n.to_string())),
        _ => Labels::new(name, rows.iter().map(|r| r.config.clone())),
    };
    Points {
        target: rows.iter().map(|r| r.loss).collect(),
        columns: vec![
            ("N".into(), rows.iter().map(|r| r.n).collect()),
            ("D".into(), rows.iter().map(|r| r.d).collect()),
        ],
        cluster: cluster.map(labels),
        ..Points::default()
    }
}
