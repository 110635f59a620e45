//! Counting anew: a grid of known law, whose models are mostly embedding and head where they are small.

use isoloss_figures::catalogue::counting::{ENTRY, WAYS, counted, figure};
use isoloss_figures::catalogue::{Material, Missing};
use isoloss_figures::{Layer, Render, Width};
use isoloss_formula::{Column, Table};
use isoloss_laws::Kind;

const VOCAB: f64 = 256.0;
/// Of the law over all parameters.
const ALPHA: f64 = 0.5;
const BETA: f64 = 0.45;

/// Eight widths at six lengths; the loss follows all parameters.
fn grid() -> Table {
    let mut rows: Vec<[f64; 5]> = Vec::new();
    for (i, d) in [12f64, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0].into_iter().enumerate() {
        for step in 0..6 {
            let inside = 24.0 * d * d;
            let all = inside + 2.0 * VOCAB * d;
            let tokens = 2e8 * f64::powi(2.0, step) / d.sqrt();
            let off = 1.0 + 0.0005 * (((i * 7 + step as usize * 13) % 11) as f64 / 5.0 - 1.0);
            let loss = (1.8 + 30.0 * all.powf(-ALPHA) + 900.0 * tokens.powf(-BETA)) * off;
            rows.push([inside, all, tokens, 6.6 * all * tokens, loss]);
        }
    }
    let names = ["params_non_embedding", "params_stored", "tokens", "flops_counted", "loss"];
    let columns = (0..5).map(|k| Column::numbers(names[k], rows.iter().map(|row| row[k]).collect()));
    Table::new("grid.csv", columns.collect(), (2..).take(rows.len()).collect())
}

fn material(table: Table) -> Material {
    Material { table: Some(table), ..Material::default() }
}

#[test]
fn the_exponent_of_what_was_counted_is_found_and_others_are_larger() {
    let (all, rows) = counted(&material(grid())).unwrap();
    assert_eq!((all.len(), rows), (WAYS.len(), 48));
    let a = |way: usize, kind: Kind| {
        let found = all[way].found.compared.iter().find(|c| c.approach.kind == kind).expect("an approach");
        found.approach.params.exponent.clone()
    };
    let truth = BETA / (ALPHA + BETA);
    for way in [1, 2] {
        // The staircase of an envelope of eight sizes is steeper than the line through it.
        assert!((a(way, Kind::Envelope).value - truth).abs() < 0.08);
        for kind in [Kind::Surface, Kind::Isoflop] {
            let found = a(way, kind);
            let interval = found.interval.expect("an interval");
            assert!((interval.lower..=interval.upper).contains(&truth), "{way} {kind:?}: {found:?}, not {truth}");
        }
    }
    for kind in [Kind::Surface, Kind::Isoflop] {
        let (less, more) = (a(0, kind), a(1, kind));
        assert!(less.value > more.interval.unwrap().upper, "{kind:?}: {less:?} {more:?}");
    }
}

#[test]
fn three_approaches_stand_over_three_ways() {
    let figure = (ENTRY.draw)(&material(grid())).unwrap();
    let marks = figure.panels[0].layers.iter().filter_map(|l| if let Layer::Points(p) = l { Some(p) } else { None });
    assert_eq!(marks.map(|p| p.points.len()).collect::<Vec<_>>(), [3, 3, 3]);
    for way in WAYS {
        assert!(figure.caption.contains(way.says) && figure.alt.contains(way.name), "{}", figure.caption);
    }
    let drawing = figure.width(Width::Double).draw(&Render::default());
    assert_eq!(drawing.notes, Vec::<String>::new());
}

/// A name in the legend is that of something that is drawn.
#[test]
fn an_approach_that_failed_everywhere_is_in_no_legend() {
    let (mut all, _) = counted(&material(grid())).unwrap();
    all.iter_mut().for_each(|counted| counted.found.compared.retain(|c| c.approach.kind == Kind::Surface));
    let names: Vec<String> = (figure(&all, "Nowhere.").panels[0].layers.iter())
        .filter_map(|l| if let Layer::Points(p) = l { p.colour.as_ref().map(ToString::to_string) } else { None })
        .collect();
    assert_eq!(names, ["approach 3, surface"]);
}

/// An approach lies between all families of a table, and that is said.
#[test]
fn families_that_are_taken_together_are_named() {
    let mut table = grid();
    assert!(!(ENTRY.draw)(&material(table.clone())).unwrap().caption.contains("families"));
    table.push(Column::words("family", (0..table.len()).map(|i| ["deep", "wide"][i % 2].to_owned()).collect()));
    let caption = (ENTRY.draw)(&material(table)).unwrap().caption;
    assert!(
        caption.contains("One law is taken for all families of column `family` (deep, wide); --where"),
        "{caption}"
    );
}

#[test]
fn a_table_without_counts_says_what_is_missing() {
    let refused = |table: Table| -> Missing { (ENTRY.draw)(&material(table)).unwrap_err() };
    let few = Table::new("few.csv", vec![Column::numbers("loss", vec![2.0])], vec![2]);
    assert!(refused(few).message.contains("there is no column"));
    let rows: Vec<usize> = vec![0, 1];
    assert!(refused(grid().select(&rows)).hint.is_some());
}
