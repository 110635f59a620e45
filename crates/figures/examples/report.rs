//! Writes a report of a table with the columns run, params, tokens, loss:
//! `cargo run --example report -- examples/runs.csv report.html`.

use isoloss_figures::report::{LeftOut, Made, Report, Section, Table};
use isoloss_figures::{Axis, Band, Contours, Dash, Figure, Line, Panel, Point, Points, Rule, Width, math};
use isoloss_laws::{Cuts, Fit, Given, Labels, Options, catalogue, fit, plan, score};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [table, page] = arguments.as_slice() else {
        eprintln!("usage: report TABLE.csv PAGE.html");
        std::process::exit(2);
    };
    let (points, names, out) = read(&std::fs::read_to_string(table)?)?;
    let law = catalogue::law("chinchilla").ok_or("the law chinchilla ships")?;
    let options = Options { draws: 400, ..Options::default() };
    let fitted = fit(&law, &points, &options).map_err(|e| e.message)?;
    let quick = Options { draws: 100, ..options };
    let scored = score(&law, &points, &quick, None, &Cuts::Rolling(4)).map_err(|e| e.message)?;
    let budgets = [("10^20 FLOPs", 1e20), ("10^21 FLOPs", 1e21), ("10^22 FLOPs", 1e22)];
    let mut plans = Vec::new();
    for (name, flops) in budgets {
        plans.push((name, plan(&fitted, Given::Flops(flops), &Default::default()).map_err(|e| e.message)?));
    }
    let figures = [
        losses(&points, &names, &fitted)?,
        sizes(&fitted)?,
        surface(&fitted, &points),
        residuals(&points, &names, &fitted),
    ];
    let made =
        Made { program: concat!("isoloss ", env!("CARGO_PKG_VERSION")).into(), date: Some("31 January 2026".into()) };
    let report = Report::new("Loss of small language models", made)
        .question("How does loss fall with parameters and tokens, and how should the next budget be spent?")
        .section(Section::fit("The law", &fitted, None))
        .section(Section::figures("Figures", figures))
        .section(Section::plans("What to train", plans.iter().map(|(name, plan)| (*name, plan))))
        .section(Section::score("Back-test", &scored))
        .section(Section::runs("Runs", Table::of_points(&points, "L", &names, Some(&fitted)), &out))
        .section(Section::notes("Notes", ["Columns were read as params: N, tokens: D, loss: L."]))
        .section(Section::provenance([table.as_str()], Some(&fitted), []));
    std::fs::write(page, report.html())?;
    Ok(())
}

/// The rows that can be fitted, their names, and the others.
fn read(text: &str) -> Result<(isoloss_laws::Points, Vec<String>, Vec<LeftOut>), Failure> {
    let (mut names, mut out) = (Vec::new(), Vec::new());
    let mut points = isoloss_laws::Points {
        columns: vec![("N".into(), Vec::new()), ("D".into(), Vec::new())],
        units: vec![("L".into(), "nats per token".into())],
        ..Default::default()
    };
    for (i, row) in text.lines().enumerate().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let [name, n, d, l] = cells.as_slice() else { return Err(format!("line {}: not four cells", i + 1).into()) };
        let (line, name) = (i as u64 + 1, (*name).to_owned());
        match (n.parse(), d.parse(), l.parse()) {
            (Ok(n), Ok(d), Ok(l)) => {
                points.columns[0].1.push(n);
                points.columns[1].1.push(d);
                points.target.push(l);
                points.lines.push(line);
                names.push(name);
            }
            _ => out.push(LeftOut { line, name: Some(name), reason: "a cell holds no number".into() }),
        }
    }
    Ok((points, names, out))
}

fn steps(low: f64, high: f64, count: usize) -> Vec<f64> {
    (0..=count).map(|i| low * (high / low).powf(i as f64 / count as f64)).collect()
}

/// Loss against tokens, a series for each size.
fn losses(points: &isoloss_laws::Points, names: &[String], fit: &Fit) -> Result<Figure, Failure> {
    let (n, d) = (&points.columns[0].1, &points.columns[1].1);
    let sizes = Labels::new("size", n.iter().map(|n| format!("{:.0}M", n / 1e6)));
    let mut panel = Panel::new(Axis::log10(math("Tokens _D_")), Axis::log10(math("Loss _L_, nats per token")));
    for (level, name) in sizes.levels.iter().enumerate() {
        let rows: Vec<usize> = (0..points.len()).filter(|r| sizes.index[*r] as usize == level).collect();
        let ends = rows.iter().fold((f64::INFINITY, 0f64), |(l, h), r| (l.min(d[*r]), h.max(d[*r])));
        let at = steps(ends.0, 10.0 * ends.1, 60);
        let columns = [("N".to_owned(), vec![n[rows[0]]; at.len()]), ("D".to_owned(), at.clone())];
        let told = fit.predict(&columns, None).map_err(|e| e.message)?;
        let band = at.iter().zip(&told).filter_map(|(x, t)| t.new_run.interval.map(|i| (*x, i.lower, i.upper)));
        let marks = rows.iter().map(|&r| {
            Point::new(d[r], points.target[r])
                .fact("run", names[r].as_str())
                .fact("parameters", format!("{:.0}M", n[r] / 1e6))
                .fact("tokens", format!("{:.2}B", d[r] / 1e9))
                .fact("loss", points.target[r].to_string())
                .fact("off the law", format!("{:+.2} %", 100.0 * fit.residuals[r]))
        });
        panel = panel
            .with(Band::new(band).series(name.as_str()))
            .with(
                Line::new(at.iter().zip(&told).map(|(x, t)| (*x, t.mean.value)))
                    .series(name.as_str())
                    .measured(ends.0, ends.1),
            )
            .with(Points::new(marks).series(name.as_str()));
    }
    Ok(Figure::new("Loss falls with tokens along a curve for each size; larger models lie lower.")
        .caption(
            "Loss against training tokens. Marks: runs; lines: the fitted law, dotted beyond the longest run of the size; \
             bands: where one new run is expected (95 %).",
        )
        .width(Width::Double)
        .aspect(0.55)
        .panel(panel))
}

/// The best sizes for a budget.
fn sizes(fit: &Fit) -> Result<Figure, Failure> {
    let largest = fit.largest_flops.ok_or("the law reads N and D")?;
    let at = steps(largest / 300.0, largest * 300.0, 40);
    let best: Vec<_> = at.iter().filter_map(|c| fit.optimum(*c)).collect();
    let mut figure = Figure::new("The best number of parameters and of tokens grow with compute.")
        .caption("Best parameters and tokens for a budget; right of the rule no run was fitted. Bands: 95 % intervals.")
        .width(Width::Double)
        .columns(2)
        .lettered();
    for (label, of) in [("Best parameters _N_", 0), ("Best tokens _D_", 1)] {
        let of = |o: &isoloss_laws::Optimum| if of == 0 { o.params.clone() } else { o.tokens.clone() };
        let band = best.iter().filter_map(|o| of(o).interval.map(|i| (o.flops, i.lower, i.upper)));
        let panel = Panel::new(Axis::log10("Compute, FLOPs"), Axis::log10(math(label)))
            .with(Band::new(band).series("fit"))
            .with(Line::new(best.iter().map(|o| (o.flops, of(o).value))).series("fit").measured(0.0, largest))
            .with(
                Line::new(
                    best.iter()
                        .map(|o| (o.flops, (o.flops / 120.0).sqrt() * if label.contains("_N_") { 1.0 } else { 20.0 })),
                )
                .key("20 tokens per parameter")
                .dash(Dash::Dashed),
            )
            .with(Rule::x(largest).label("largest run"));
        figure = figure.panel(panel);
    }
    Ok(figure)
}

/// Lines of equal loss, and the runs.
fn surface(fit: &Fit, points: &isoloss_laws::Points) -> Figure {
    let value = |name: &str| fit.parameter(name).map_or(f64::NAN, |p| p.estimate.value);
    let law = |n: f64, d: f64| value("E") + value("A") * n.powf(-value("alpha")) + value("B") * d.powf(-value("beta"));
    let marks = points.columns[0].1.iter().zip(&points.columns[1].1).map(|(n, d)| (*n, *d));
    let panel = Panel::new(Axis::log10(math("Parameters _N_")), Axis::log10(math("Tokens _D_")))
        .with(Contours::of(steps(5e6, 2e9, 40), steps(3e7, 1e11, 40), law).filled())
        .with(Points::new(marks));
    Figure::new("Lines of equal loss over parameters and tokens.")
        .caption("The fitted law as a surface; marks are the runs.")
        .panel(panel)
}

/// How far each run lies off the law.
fn residuals(points: &isoloss_laws::Points, names: &[String], fit: &Fit) -> Figure {
    let marks = fit.residuals.iter().enumerate().map(|(r, e)| {
        let flops = 6.0 * points.columns[0].1[r] * points.columns[1].1[r];
        let mark = Point::new(flops, 100.0 * e)
            .fact("run", names[r].as_str())
            .fact("off the law", format!("{:+.2} %", 100.0 * e));
        if e.abs() > 2.0 * fit.noise { mark.label(names[r].as_str()) } else { mark }
    });
    let panel = Panel::new(Axis::log10("Compute, FLOPs"), Axis::linear("Off the law, %"))
        .with(Rule::y(0.0))
        .with(Rule::y(200.0 * fit.noise).label("2 sd").dash(Dash::Dotted))
        .with(Rule::y(-200.0 * fit.noise).dash(Dash::Dotted))
        .with(Points::new(marks.collect::<Vec<_>>()));
    Figure::new("Residuals scatter about zero.")
        .caption("How far each run lies off the law; those beyond two standard deviations are named.")
        .panel(panel)
}
