//! Reports to be tested: runs that a formula made up, fitted, with figures of every kind.

use isoloss_figures::report::{Cell, LeftOut, Made, Report, Section, Table};
use isoloss_figures::{Axis, Band, Contours, Figure, Line, Note, Panel, Point, Points, Width, math};
use isoloss_laws::{Cuts, Fit, Given, Labels, Options, catalogue, fit, plan, score};

/// Numbers between 0 and 1 that look random: the fractional parts of multiples of the golden ratio.
fn spread(i: usize) -> f64 {
    (i as f64 * 0.618_033_988_749_894_9).fract()
}

/// Sizes, tokens and losses after Chinchilla's law, with noise of half a per cent.
pub fn runs(count: usize) -> isoloss_laws::Points {
    let sizes = [1e7, 3e7, 1e8, 3e8, 1e9];
    let n: Vec<f64> = (0..count).map(|i| sizes[i % sizes.len()]).collect();
    let d: Vec<f64> =
        (0..count).map(|i| 2e8 * 200f64.powf((i / sizes.len()) as f64 / (count / sizes.len()) as f64)).collect();
    let law = |n: f64, d: f64| 1.8172 + 482.01 * n.powf(-0.3478) + 2085.43 * d.powf(-0.3658);
    let noise = |i: usize| 0.01 * (spread(i + 1) + spread(7 * i + 3) - 1.0);
    let target = (0..count).map(|i| law(n[i], d[i]) * noise(i).exp()).collect();
    isoloss_laws::Points {
        target,
        columns: vec![("N".into(), n), ("D".into(), d)],
        lines: (0..count as u64).map(|i| i + 2).collect(),
        units: vec![("L".into(), "nats per token".into())],
        ..isoloss_laws::Points::default()
    }
}

/// Loss against tokens, one series per size, with the law through it.
pub fn losses(runs: &isoloss_laws::Points, fit: &Fit, names: &[String]) -> Figure {
    let (n, d) = (&runs.columns[0].1, &runs.columns[1].1);
    let sizes = Labels::new("size", n.iter().map(|n| format!("{:.0}M", n / 1e6)));
    let (low, high) = d.iter().fold((f64::INFINITY, 0f64), |(l, h), d| (l.min(*d), h.max(*d)));
    let mut panel = Panel::new(Axis::log10(math("Tokens _D_")), Axis::log10(math("Loss _L_, nats per token")));
    for (level, name) in sizes.levels.iter().enumerate() {
        let rows = || (0..runs.len()).filter(|r| sizes.index[*r] as usize == level);
        let size = n[rows().next().unwrap()];
        let at: Vec<f64> = (0..=60).map(|i| low * (4.0 * high / low).powf(f64::from(i) / 60.0)).collect();
        let columns = [("N".to_owned(), vec![size; at.len()]), ("D".to_owned(), at.clone())];
        let told = fit.predict(&columns, None).unwrap();
        let ends = |i: usize| told[i].new_run.interval.map_or((f64::NAN, f64::NAN), |i| (i.lower, i.upper));
        let last = rows().next_back();
        let marks = rows().map(|r| {
            let plain = Point::new(d[r], runs.target[r]).interval(0.98 * runs.target[r], 1.02 * runs.target[r]);
            // One mark of each size has a name beside it.
            if Some(r) == last { plain.label(names[r].as_str()) } else { plain }
                .fact("run", names[r].clone())
                .fact("N", format!("{:.0}M", n[r] / 1e6))
                .fact("tokens", format!("{:.2}B", d[r] / 1e9))
                .fact("loss", format!("{:.4}", runs.target[r]))
        });
        panel = panel
            .with(Band::new(at.iter().enumerate().map(|(i, x)| (*x, ends(i).0, ends(i).1))).series(name.as_str()))
            .with(
                Line::new(at.iter().zip(&told).map(|(x, t)| (*x, t.mean.value)))
                    .series(name.as_str())
                    .label(name.as_str())
                    .measured(low, high),
            )
            .with(Points::new(marks).series(name.as_str()));
    }
    let (shown, rows) = (sizes.levels.len(), runs.len());
    Figure::new(format!("Loss against tokens for {shown} sizes; {rows} runs lie on the fitted curves."))
        .caption(format!(
            "Loss against training tokens for models of {shown} sizes. Marks: {rows} runs; lines: the fitted law, dotted \
             beyond the longest run; bands: where one new run is expected (95 %)."
        ))
        .width(Width::Double)
        .aspect(0.6)
        .panel(panel)
}

/// How far each run lies off the law.
pub fn residuals(runs: &isoloss_laws::Points, fit: &Fit, names: &[String]) -> Figure {
    let points = fit.residuals.iter().enumerate().map(|(r, e)| {
        let flops = 6.0 * runs.columns[0].1[r] * runs.columns[1].1[r];
        Point::new(flops, 100.0 * e).fact("run", names[r].clone()).fact("off", format!("{:+.2} %", 100.0 * e))
    });
    let panel = Panel::new(Axis::log10("Compute, FLOPs"), Axis::linear("Off the law, %"))
        .with(Points::new(points.collect::<Vec<_>>()));
    Figure::new("Residuals scatter about zero over all compute.")
        .caption("How far each run lies off the law.")
        .panel(panel)
}

/// Lines of equal loss over sizes and tokens.
pub fn surface(fit: &Fit) -> Figure {
    let grid = |low: f64| (0..24).map(|i| low * 10f64.powf(f64::from(i) / 8.0)).collect::<Vec<_>>();
    let theta = fit.theta();
    let law = |n: f64, d: f64| theta[0] + theta[1] * n.powf(-theta[3]) + theta[2] * d.powf(-theta[4]);
    let panel = Panel::new(Axis::log10(math("Parameters _N_")), Axis::log10(math("Tokens _D_")))
        .with(Contours::of(grid(1e7), grid(1e8), law))
        .with(Note::new(math("_L_(_N_, _D_)")).boxed());
    Figure::new("Loss falls towards large models and many tokens.").caption("Lines of equal loss.").panel(panel)
}

/// Everything that a report may hold, with a number of runs and of figures.
pub fn report(count: usize, figures: usize) -> Report {
    let runs = runs(count);
    let law = catalogue::law("chinchilla").unwrap();
    let options = Options { draws: 60, starts: 8, ..Options::default() };
    let fitted = fit(&law, &runs, &options).unwrap();
    let names: Vec<String> = (0..count).map(|i| format!("run-{i:03}")).collect();
    let quick = Options { draws: 30, starts: 4, trust: false, influence: false, ..Options::default() };
    let scored = score(&law, &runs, &quick, None, &Cuts::Rolling(2)).unwrap();
    let planned = plan(&fitted, Given::Flops(1e22), &Default::default()).unwrap();
    let out = [LeftOut { line: 99, name: Some("run-097".into()), reason: "state is crashed".into() }];
    let drawn = (0..figures).map(|i| match i % 4 {
        0 | 2 => losses(&runs, &fitted, &names),
        1 => residuals(&runs, &fitted, &names),
        _ => surface(&fitted),
    });
    Report::new("A sample of everything", Made { program: "isoloss 0.1.0".into(), date: Some("2026-01-31".into()) })
        .question("How does loss fall with size and data, and where should the next run be?")
        .section(Section::fit("The law", &fitted, None))
        .section(Section::figures("Figures", drawn.collect::<Vec<_>>()))
        .section(Section::score("Back-test", &scored))
        .section(Section::plans("Plan", [("10^22 FLOPs", &planned)]))
        .section(Section::runs("Runs", Table::of_points(&runs, "L", &names, Some(&fitted)), &out))
        .section(Section::notes("Notes", ["The column `loss` was read as L."]))
        .section(Section::provenance(["runs.csv"], Some(&fitted), [("command", "isoloss report runs.csv".to_owned())]))
}

/// A text that tries to become markup, style or script, or to break what holds it.
pub fn hostile() -> String {
    let evil = "</title></style></script></pre>]]><script>window.hacked=1</script>\
                <img src=\"http://example.org/x.png\" onerror=\"hacked=1\"/>\"'&amp;&#x41;\u{0}\u{7}\u{1b}[1m\n\r\t\u{202e}\u{1f600}{}";
    evil.repeat(4096 / evil.len() + 1)
}

/// A report in which every text is hostile.
pub fn attacked() -> Report {
    let evil = hostile();
    let mut runs = runs(25);
    runs.family =
        Some(Labels::new(evil.as_str(), (0..25).map(|i| if i % 2 == 0 { evil.clone() } else { format!("b{evil}") })));
    runs.units = vec![("L".into(), evil.clone())];
    runs.conventions = vec![("C".into(), evil.clone())];
    let law = catalogue::law("chinchilla").unwrap();
    let options = Options { draws: 30, starts: 4, per_family: vec!["E".into()], ..Options::default() };
    let fitted = fit(&law, &runs, &options).unwrap();
    let names = vec![evil.clone(); 25];
    let marks = (0..5).map(|i| Point::new(f64::from(i), 1.0).label(evil.as_str()).fact(evil.as_str(), evil.as_str()));
    let panel = Panel::new(Axis::linear(evil.as_str()), Axis::linear(evil.as_str()))
        .title(evil.as_str())
        .with(Points::new(marks).series(evil.as_str()))
        .with(Line::new([(0.0, 0.0), (4.0, 2.0)]).series(evil.as_str()).label(evil.as_str()));
    let figure = Figure::new(evil.as_str()).title(evil.as_str()).caption(evil.as_str()).panel(panel);
    let table = Table::new([evil.as_str(), "b"])
        .row([Cell::from(evil.as_str()), Cell::Symbol(evil.clone())])
        .note(evil.as_str());
    let out = [LeftOut { line: 1, name: Some(evil.clone()), reason: evil.clone() }];
    Report::new(evil.as_str(), Made { program: evil.clone(), date: Some(evil.clone()) })
        .question(evil.as_str())
        .section(Section::fit(evil.as_str(), &fitted, None))
        .section(Section::figures(evil.as_str(), [figure]))
        .section(Section::runs(evil.as_str(), Table::of_points(&runs, "L", &names, Some(&fitted)), &out))
        .section(Section::runs("again", table, &[]))
        .section(Section::notes(evil.as_str(), [evil.as_str()]))
        .section(Section::provenance([evil.as_str()], Some(&fitted), [(evil.as_str(), evil.clone())]))
}
