//! Table 16 of Memory³ (arXiv 2407.01178).

use isoloss_laws::{Task, average, misprinted};
use serde::Deserialize;

use super::super::published::read;
use super::super::say::{count, digits, list};
use super::{Highlight, Model, figure};
use crate::figure::Figure;
use crate::layer::Layer;

#[derive(Deserialize)]
struct Printed {
    source: String,
    tasks: Vec<String>,
    highlighted: String,
    twin: String,
    short: Vec<(String, String)>,
    references: Vec<(String, String, f64)>,
    models: Vec<(String, f64, f64, Vec<f64>)>,
}

pub(super) fn published() -> Figure {
    let printed: Printed = read(include_str!("../../../published/pareto.toml"));
    let models: Vec<Model> = printed
        .models
        .iter()
        .map(|(name, size, score, _)| Model { name: name.clone(), size: *size, score: *score })
        .collect();
    let of = |task: usize| printed.models.iter().map(|(.., tasks)| tasks[task]).collect::<Vec<f64>>();
    let scores: Vec<Vec<f64>> = (0..printed.tasks.len()).map(of).collect();
    let tasks: Vec<Task<'_>> = scores.iter().map(|scores| Task { scores, errors: None }).collect();
    let averages: Vec<f64> = models.iter().map(|model| model.score).collect();
    let off = misprinted(&averages, &average(&tasks), 0.01, 0.01);
    let off = off.iter().map(|(row, mean)| {
        let Model { name, score, .. } = &models[*row];
        format!("{name} (printed {score}, mean {mean:.2})")
    });
    let off: Vec<String> = off.collect();
    let highlight = Highlight {
        model: printed.highlighted,
        twin: Some(printed.twin),
        references: printed.references.iter().map(|(a, b, _)| (a.clone(), b.clone())).collect(),
    };
    let mut figure = figure(&models, Some(&highlight), "Parameters without embeddings, billions", "Mean score, %");
    for layer in figure.panels.iter_mut().flat_map(|p| &mut p.layers) {
        let Layer::Points(points) = layer else { continue };
        for point in &mut points.points {
            let name = point.label.to_string();
            if let Some((_, short)) = printed.short.iter().find(|(long, _)| *long == name) {
                point.label = short.as_str().into();
            }
        }
    }
    let shares: Vec<String> =
        printed.references.iter().map(|(_, _, share)| format!("{} %", digits(share * 100.0, 3))).collect();
    figure.caption.push_str(&format!(
        " Data: {}, all {} rows, averages as printed over {} ({} tasks). Two rows do not check against their own tasks: {}. \
         The gain in size is printed as {}, linear in size; frontier and arrow are not in the paper.",
        printed.source,
        count(models.len() as f64),
        list(&printed.tasks),
        printed.tasks.len(),
        list(&off),
        list(&shares),
    ));
    figure
}
