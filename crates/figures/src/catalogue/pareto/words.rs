//! What the figure says of itself.

use super::super::say::{digits, list, name};
use super::worth::Worth;
use super::{Highlight, Model, NAMED};

fn how_many(models: &[Model]) -> String {
    if models.len() == 1 { "one model".into() } else { format!("{} models", models.len()) }
}

pub(super) fn alt(models: &[Model], special: Option<&Model>, best: &[&Model], worths: &[Worth]) -> String {
    let on: Vec<String> = best.iter().take(12).map(|m| name(&m.name)).collect();
    let more = if best.len() > 12 { " and others" } else { "" };
    let mut alt = format!(
        "Scores of {} against their sizes on a logarithmic axis; no model as small or smaller beats {}{more}.",
        how_many(models),
        list(&on)
    );
    if let Some(m) = special {
        alt.push_str(&format!(" {} scores {} at {}B parameters", name(&m.name), digits(m.score, 4), digits(m.size, 3)));
        let each: Vec<String> = worths.iter().map(Worth::said).collect();
        if !each.is_empty() {
            alt.push_str(&format!(", worth {}", list(&each)));
        }
        alt.push('.');
    }
    alt
}

pub(super) fn caption(
    models: &[Model],
    highlight: Option<&Highlight>,
    special: Option<&Model>,
    worths: &[Worth],
    size: &str,
) -> String {
    let mut caption = format!(
        "Scores of {} against their sizes ({}). Dashed: the frontier; no model on it is beaten by one of its size or \
         less.",
        how_many(models),
        size.to_lowercase()
    );
    if models.len() > NAMED {
        let and = if special.is_some() { ", and what is pointed out," } else { "" };
        caption
            .push_str(&format!(" Only the models on it{and} are named: there is no room for {} names.", models.len()));
    }
    if let (Some(m), Some(h)) = (special, highlight) {
        caption.push_str(&format!(" Pointed out: {}", name(&m.name)));
        if let Some(twin) = &h.twin {
            caption.push_str(&format!("; the ring is its twin, {}", name(twin)));
        }
        caption.push('.');
        if let Some(first) = worths.first() {
            let each: Vec<String> = worths.iter().map(Worth::said).collect();
            let start = if first.linear.is_some() { "moved to the ring" } else { "from its smaller model" };
            caption.push_str(&format!(
                " Its score is worth {}: the line S = a + b ln N through two models of a family, {start}.",
                list(&each)
            ));
            caption.push_str(if first.drawn() {
                " The arrow is the first of these; that a line of two models holds elsewhere is assumed."
            } else {
                " That is too far to be drawn."
            });
        }
    }
    caption
}
