//! Laws ranked by what they predict: text, JSON and CSV.

use isoloss_laws::{Ranked, Ranking};
use serde_json::json;

use super::table::{csv_line, table};
use crate::numbers::{exact, number, percentage};

/// One row a law, best first, and what the columns mean.
pub fn text(ranking: &Ranking) -> String {
    let least = ranking.laws.iter().map(|r| r.aicc).fold(f64::INFINITY, f64::min);
    let row = |(i, r): (usize, &Ranked)| {
        let tie = if i > 0 && r.tie { "tie" } else { "" };
        vec![
            r.law.clone(),
            r.free.to_string(),
            percentage(r.error),
            number(r.judged / ranking.laws[0].judged, 3),
            format!("{:.1}", r.aicc - least),
            tie.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = ranking.laws.iter().enumerate().map(row).collect();
    let mut text = table(&["law", "parameters", "held-out error", "judged", "AICc, above the least", ""], &rows);
    text.push_str(&format!(
        "  held-out error: the dearest 15, 30 and 45 % by {} predicted from the others; judged: that times 1.1 for each \
         parameter, over the first's\n  AICc looks at the runs that were fitted and not beyond them\n",
        ranking.by
    ));
    let ties = ranking.laws.iter().skip(1).filter(|r| r.tie).count();
    let first = &ranking.laws[0].law;
    text.push('\n');
    text.push_str(&match ties {
        0 => format!("{first} predicts the dearest runs best.\n"),
        n => format!("{first} comes first; {n} more cannot be told from it by these runs (tie).\n"),
    });
    let needs_columns = ranking.refused.iter().filter(|(_, why)| why.contains("no columns")).count();
    for (law, why) in ranking.refused.iter().filter(|(_, why)| !why.contains("no columns")) {
        text.push_str(&format!("  not tried: {law}: {}\n", why.lines().next().unwrap_or_default()));
    }
    if needs_columns > 0 {
        text.push_str(&format!("  {needs_columns} laws of the catalogue read other columns (isoloss list laws)\n"));
    }
    text
}

/// Everything, one object.
pub fn json(ranking: &Ranking) -> String {
    let laws = ranking.laws.iter().map(
        |r| json!({ "law": r.law, "free": r.free, "error": r.error, "judged": r.judged, "aicc": r.aicc, "tie": r.tie }),
    );
    let refused = ranking.refused.iter().map(|(law, reason)| json!({ "law": law, "reason": reason }));
    let value = json!({
        "by": ranking.by,
        "laws": laws.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// One row a law.
pub fn csv(ranking: &Ranking) -> String {
    let mut text = csv_line(["law", "free", "error", "judged", "aicc", "tie"]);
    for r in &ranking.laws {
        let cells =
            [r.law.clone(), r.free.to_string(), exact(r.error), exact(r.judged), exact(r.aicc), r.tie.to_string()];
        text.push_str(&csv_line(cells));
    }
    text
}
