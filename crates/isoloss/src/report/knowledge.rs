//! What knowledge costs by where it is held, written three ways.

use isoloss_laws::{Format, Knowledge, Regime};
use serde_json::json;

use super::table::{csv_line, table};
use crate::numbers::{exact, number, size};

/// `0.308 T`: FLOPs in a table.
fn flops(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { number(value, 3) }
}

/// The three formats, which of them is cheapest for how many uses, and costs at some.
pub fn text(piece: &Knowledge, uses: &[f64]) -> String {
    let row = |format: &Format| {
        let regime = piece.regimes().into_iter().find(|regime| regime.format == *format);
        let cheapest = regime.map_or_else(|| "never".to_owned(), |regime| from_to(&regime));
        vec![format.name().to_owned(), flops(piece.write(*format)), flops(piece.read(*format)), cheapest]
    };
    let rows: Vec<Vec<String>> = Format::ALL.iter().map(row).collect();
    let mut text = format!(
        "A piece of {} tokens, {} of them kept as keys and values of {} of {} blocks of width {}; FLOPs:\n\n",
        exact(piece.tokens),
        exact(piece.kept),
        exact(piece.memory_layers),
        exact(piece.n_layer),
        exact(piece.d_model)
    );
    text.push_str(&table(&["held as", "to write", "to read, each use", "cheapest for"], &rows));
    let mut header = vec!["uses"];
    header.extend(Format::ALL.iter().map(|format| format.name()));
    header.push("cheapest");
    let row = |n: &f64| {
        let costs = Format::ALL.iter().map(|format| flops(piece.cost(*format, *n)));
        let named = [piece.cheapest(*n).name().to_owned()];
        [if *n < 1000.0 { exact(*n) } else { size(*n) }].into_iter().chain(costs).chain(named).collect()
    };
    text.push('\n');
    text.push_str(&table(&header, &uses.iter().map(row).collect::<Vec<Vec<String>>>()));
    text
}

/// `0.494 to 13400 uses`.
fn from_to(Regime { from, to, .. }: &Regime) -> String {
    match (*from == 0.0, to.is_finite()) {
        (true, true) => format!("up to {} uses", number(*to, 3)),
        (true, false) => "any number of uses".to_owned(),
        (false, true) => format!("{} to {} uses", number(*from, 3), number(*to, 3)),
        (false, false) => format!("more than {} uses", number(*from, 3)),
    }
}

/// One object.
pub fn json(piece: &Knowledge, uses: &[f64]) -> String {
    let formats = Format::ALL.map(|format| {
        let costs: Vec<_> = uses.iter().map(|n| json!({ "uses": n, "flops": piece.cost(format, *n) })).collect();
        json!({ "format": format.name(), "write": piece.write(format), "read": piece.read(format), "costs": costs })
    });
    let end = |to: f64| to.is_finite().then_some(to);
    let regimes = piece.regimes();
    let regimes = regimes.iter().map(|r| json!({ "format": r.format.name(), "from": r.from, "to": end(r.to) }));
    format!("{:#}\n", json!({ "formats": formats, "cheapest": regimes.collect::<Vec<_>>() }))
}

/// One row a number of uses.
pub fn csv(piece: &Knowledge, uses: &[f64]) -> String {
    let names = Format::ALL.iter().map(|format| format.name());
    let mut text = csv_line(["uses"].into_iter().chain(names).chain(["cheapest"]));
    for n in uses {
        let costs = Format::ALL.iter().map(|format| exact(piece.cost(*format, *n)));
        let cheapest = [piece.cheapest(*n).name().to_owned()];
        text.push_str(&csv_line([exact(*n)].into_iter().chain(costs).chain(cheapest)));
    }
    text
}
