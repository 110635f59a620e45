//! How runs are measured: corpora, models, schedules, recipes, the trainer. Knows no law.

pub mod corpora;
