#![allow(missing_docs)]
use isoloss_laws::*;
fn read(path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let t = std::fs::read_to_string(path).unwrap();
    let mut l = t.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
    (l.next().unwrap(), l.collect())
}
fn main() {
    let (h, r) = read("../shared/data/runs/chinchilla_epoch_svg.csv");
    let c = |n: &str| h.iter().position(|x| x == n).unwrap();
    let mut rows: Vec<[f64; 3]> = r.iter().map(|r| [r[c("Model Size")].parse().unwrap(), r[c("Training FLOP")].parse().unwrap(), r[c("loss")].parse().unwrap()]).collect();
    rows.sort_by(|a, b| a[2].total_cmp(&b[2]));
    let make = |rows: &[[f64; 3]]| Points {
        target: rows.iter().map(|r| r[2]).collect(),
        columns: vec![("N".into(), rows.iter().map(|r| r[0]).collect()), ("D".into(), rows.iter().map(|r| r[1] / 6.0 / r[0]).collect())],
        ..Points::default()
    };
    let law = catalogue::law("chinchilla").unwrap();
    for loss in [Loss::Published, Loss::Robust, Loss::SquaredLog] {
        println!("{loss:?}");
        probe(&law, &make(&rows[..240]), &Options { loss, ..Options::default() });
        probe(&law, &make(&rows), &Options { loss, ..Options::default() });
    }
    speed(&law, &make(&rows[..240]), &Options::default());
    let mut grid = Vec::new();
    for al in [0.0f64, 0.5, 1.0, 1.5, 2.0] { for be in [0.0f64, 0.5, 1.0, 1.5, 2.0] { for e in [-1.0f64, -0.5, 0.0, 0.5, 1.0] { for a in 0..6 { for b in 0..6 {
        let names: Vec<_> = law.parameters.iter().map(|p| p.name.as_str()).collect();
        grid.push(names.iter().map(|n| match *n { "E" => e.exp(), "A" => (5.0 * a as f64).exp(), "B" => (5.0 * b as f64).exp(), "alpha" => al, _ => be }).collect());
    }}}}}
    println!("grid {}", grid.len());
    probe(&law, &make(&rows[..240]), &Options { loss: Loss::Published, start_at: grid, ..Options::default() });
    let (_, r) = read("../shared/data/runs/datablations_fit182.csv");
    let f = |i: usize| r.iter().map(|x| x[i].parse().unwrap()).collect::<Vec<f64>>();
    let pts = Points { target: f(4), columns: vec![("N".into(), f(1)), ("D".into(), f(2)), ("U".into(), f(3))], ..Points::default() };
    let law = catalogue::law("data-constrained").unwrap();
    let fix = vec![("A".to_owned(), 6.255414f64.exp()), ("B".to_owned(), 7.3049974f64.exp()), ("E".to_owned(), 0.6254804f64.exp()), ("alpha".to_owned(), 0.3526596), ("beta".to_owned(), 0.3526596)];
    println!("data-constrained {:?}", law.parameters.iter().map(|p| &p.name).collect::<Vec<_>>());
    probe(&law, &pts, &Options { loss: Loss::Published, fix, ..Options::default() });
}
