#![allow(missing_docs)]
use isoloss_laws::*;
fn read(path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let t = std::fs::read_to_string(path).unwrap();
    let mut l = t.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
    (l.next().unwrap(), l.collect())
}
fn show(f: &Fit, t: std::time::Instant) {
    println!("{:?}  {} obj {:.14} noise {:.5} df {} agree {}/{}", t.elapsed(), f.method, f.objective.value, f.noise, f.df, f.search.agree, f.search.starts);
    for p in &f.parameters { println!("   {:8} {:?} {:?} {:?}", p.name, p.estimate.value, p.estimate.interval.map(|i| (i.lower, i.upper)), p.error); }
    for p in f.derived() { println!("   {:8} {:?} {:?}", p.name, p.estimate.value, p.estimate.interval.map(|i| (i.lower, i.upper))); }
    for w in &f.warnings { println!("   {w}"); }
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
    for loss in [Loss::Published, Loss::Robust] {
        for n in [240, 245] {
            let p = make(&rows[..n]);
            println!("{loss:?} {n}");
            for method in [Method::Auto, Method::Profile] {
                let t = std::time::Instant::now();
                show(&fit(&law, &p, &Options { loss, method, ..Options::default() }).unwrap(), t);
            }
        }
    }
    let t = std::time::Instant::now();
    show(&fit(&law, &make(&rows[..240]), &Options { loss: Loss::Published, method: Method::Pairs, draws: 4000, ..Options::default() }).unwrap(), t);
    let (_, r) = read("../shared/data/runs/datablations_fit182.csv");
    let f = |i: usize| r.iter().map(|x| x[i].parse().unwrap()).collect::<Vec<f64>>();
    let pts = Points { target: f(4), columns: vec![("N".into(), f(1)), ("D".into(), f(2)), ("U".into(), f(3))], ..Points::default() };
    let law = catalogue::law("data-constrained").unwrap();
    let fix = vec![("A".to_owned(), 6.255414f64.exp()), ("B".to_owned(), 7.3049974f64.exp()), ("E".to_owned(), 0.6254804f64.exp()), ("alpha".to_owned(), 0.3526596), ("beta".to_owned(), 0.3526596)];
    let t = std::time::Instant::now();
    show(&fit(&law, &pts, &Options { loss: Loss::Published, fix, ..Options::default() }).unwrap(), t);
}
