//! Real tables cut at an eighth of their largest scale: fitted below, predicted above. `backtests DIR`, where DIR holds
//! the tables named below; prints a row per table, and a summary: the default fit, one aimed at the rows to predict, and a
//! plain log-Huber fit with a percentile pairs bootstrap.

use isoloss_laws::{Cut, Cuts, FitError, Law, Loss, Method, Options, Points, Toward, catalogue, score};

/// A table read by hand: header and cells.
struct Csv {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Csv {
    fn read(folder: &str, name: &str) -> Self {
        let text = std::fs::read_to_string(format!("{folder}/{name}")).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut lines = text.lines().map(cells);
        let header = lines.next().expect("a header");
        Self { header, rows: lines.collect() }
    }

    fn at(&self, name: &str) -> usize {
        self.header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name}"))
    }

    /// The rows where every one of these is a number above zero.
    fn numbers(&self, names: &[&str], keep: impl Fn(&[String]) -> bool) -> Vec<Vec<f64>> {
        let columns: Vec<usize> = names.iter().map(|n| self.at(n)).collect();
        let row = |r: &Vec<String>| columns.iter().map(|&c| r[c].parse::<f64>().ok().filter(|x| *x > 0.0)).collect();
        self.rows.iter().filter(|r| keep(r)).filter_map(row).collect()
    }
}

/// Cells of one line; quotes hold commas.
fn cells(line: &str) -> Vec<String> {
    let (mut out, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => out.last_mut().expect("one at least").push(c),
        }
    }
    out
}

/// The first column of `rows` is the target.
fn points(names: &[&str], rows: &[Vec<f64>]) -> Points {
    let column = |i: usize| rows.iter().map(|r| r[i]).collect::<Vec<f64>>();
    Points {
        target: column(0),
        columns: names.iter().enumerate().map(|(i, n)| ((*n).to_owned(), column(i + 1))).collect(),
        ..Points::default()
    }
}

fn tables(folder: &str) -> Vec<(String, Law, Points)> {
    let law = |name| catalogue::law(name).expect("it ships");
    let mut all = Vec::new();
    let epoch = Csv::read(folder, "chinchilla_epoch_svg.csv");
    let mut rows = epoch.numbers(&["loss", "Model Size", "Training FLOP"], |_| true);
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    rows.truncate(rows.len() - 5);
    rows.iter_mut().for_each(|r| r[2] /= 6.0 * r[1]);
    all.push(("chinchilla".to_owned(), law("chinchilla"), points(&["N", "D"], &rows)));
    for name in ["datablations_fit182", "datablations_runs"] {
        let table = Csv::read(folder, &format!("{name}.csv"));
        let rows = table.numbers(&["val_loss", "params", "tokens", "unique_tokens"], |_| true);
        all.push((format!("{name}, repeats"), law("data-constrained"), points(&["N", "D", "U"], &rows)));
        let rows: Vec<Vec<f64>> = rows.into_iter().filter(|r| r[2] <= 1.05 * r[3]).collect();
        all.push((format!("{name}, one epoch"), law("chinchilla"), points(&["N", "D"], &rows)));
    }
    let gadre = Csv::read(folder, "gadre_overtraining.csv");
    let kind = gadre.at("dataset");
    for dataset in ["c4_original", "rpj", "rw_original"] {
        for loss in ["loss_c4_val", "loss_openlm", "loss_paloma_c4_en_00000001"] {
            let rows = gadre.numbers(&[loss, "params", "tokens"], |r| r[kind] == dataset);
            all.push((format!("gadre {dataset} {loss}"), law("chinchilla"), points(&["N", "D"], &rows)));
        }
    }
    let routing = Csv::read(folder, "routing_moe_final.csv");
    let router = routing.at("router_type");
    for kind in ["S-Base", "RL-R", "Hash"] {
        let rows = routing.numbers(&["loss_validation", "dense_parameter_count", "num_experts"], |r| r[router] == kind);
        all.push((format!("routing {kind}"), law("experts"), points(&["N", "X"], &rows)));
    }
    let lang = Csv::read(folder, "revisiting_lang_extrapolation.csv");
    let columns = ["Domain", "Task", "Model"].map(|n| lang.at(n));
    let key = |r: &[String]| columns.map(|c| r[c].clone()).join(" ");
    let mut keys: Vec<String> = lang.rows.iter().map(|r| key(r)).collect();
    keys.sort();
    keys.dedup();
    for k in keys {
        let rows = lang.numbers(&["Loss", "Seen Examples"], |r| key(r) == k);
        all.push((format!("lang {k}"), law("power-floor"), points(&["X"], &rows)));
    }
    all
}

/// A table cut once, in three ways: default, aimed, plain.
struct Tested {
    curve: bool,
    cuts: [Cut; 3],
}

fn main() {
    let folder = std::env::args().nth(1).expect("usage: backtests DIR");
    let factor: f64 = std::env::args().nth(2).map_or(8.0, |f| f.parse().expect("a factor"));
    println!("| table | fitted | predicted | rmse | aimed | plain | bias | coverage | aimed | plain |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let ours = Options { influence: false, draws: 400, ..Options::default() };
    let aimed = Options { toward: Some(Toward { at: Vec::new(), kappa: 1.0 }), ..ours.clone() };
    let plain = Options { loss: Loss::Published, method: Method::Pairs, trust: false, ..ours.clone() };
    let mut tested = Vec::new();
    for (name, law, points) in tables(&folder) {
        let by = (law.name == "experts").then_some("N");
        let run = |options| Ok(score(&law, &points, options, by, &Cuts::Factor(factor))?.cuts.remove(0));
        let cuts: Result<Vec<Cut>, FitError> = [&ours, &aimed, &plain].into_iter().map(run).collect();
        match cuts {
            Ok(cuts) => {
                let [ours, ..] = &cuts[..] else { unreachable!("three ways") };
                let rmse: Vec<String> = cuts.iter().map(|c| format!("{:.4}", c.rmse)).collect();
                let inside: Vec<String> = cuts.iter().map(|c| percent(c.coverage)).collect();
                let (rmse, inside) = (rmse.join(" | "), inside.join(" | "));
                println!("| {name} | {} | {} | {rmse} | {:+.4} | {inside} |", ours.train, ours.held.len(), ours.bias);
                let cuts = cuts.try_into().expect("three ways");
                tested.push(Tested { curve: law.name == "power-floor", cuts });
            }
            Err(e) => println!("| {name} | {} |", e.message),
        }
    }
    println!("\n| tables | number | way | median error | over plain | better than plain | coverage |");
    println!("|---|---|---|---|---|---|---|");
    for (what, kept) in [("runs of several sizes", Some(false)), ("one learning curve each", Some(true)), ("all", None)]
    {
        let of: Vec<&Tested> = tested.iter().filter(|t| kept.is_none_or(|curve| t.curve == curve)).collect();
        for (way, name) in ["default", "aimed", "plain"].iter().enumerate() {
            let errors: Vec<f64> = of.iter().map(|t| t.cuts[way].rmse).collect();
            let ratios: Vec<f64> = of.iter().map(|t| t.cuts[way].rmse / t.cuts[2].rmse).collect();
            let over = (ratios.iter().map(|r| r.ln()).sum::<f64>() / ratios.len() as f64).exp();
            let better = ratios.iter().filter(|r| **r < 1.0 - 1e-6).count();
            let inside: f64 =
                of.iter().map(|t| t.cuts[way].coverage.unwrap_or(0.0) * t.cuts[way].held.len() as f64).sum();
            let held: usize = of.iter().map(|t| t.cuts[way].held.len()).sum();
            let inside = percent(Some(inside / held as f64));
            println!("| {what} | {} | {name} | {:.4} | {over:.2} | {better} | {inside} |", of.len(), median(errors));
        }
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".into(), |c| format!("{:.0} %", 100.0 * c))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2])
}
