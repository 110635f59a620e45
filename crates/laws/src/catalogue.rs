//! The laws that ship: one file each in `catalogue/`, one line each here. The order is that of `isoloss list laws`.

use crate::law::Law;
use std::sync::LazyLock;

const FILES: &[(&str, &str)] = &[
    ("chinchilla.toml", include_str!("../catalogue/chinchilla.toml")),
    ("power.toml", include_str!("../catalogue/power.toml")),
    ("power-floor.toml", include_str!("../catalogue/power-floor.toml")),
    ("frontier.toml", include_str!("../catalogue/frontier.toml")),
    ("kaplan-n.toml", include_str!("../catalogue/kaplan-n.toml")),
    ("kaplan-d.toml", include_str!("../catalogue/kaplan-d.toml")),
    ("kaplan-c.toml", include_str!("../catalogue/kaplan-c.toml")),
    ("kaplan.toml", include_str!("../catalogue/kaplan.toml")),
    ("kaplan-steps.toml", include_str!("../catalogue/kaplan-steps.toml")),
    ("critical-batch.toml", include_str!("../catalogue/critical-batch.toml")),
    ("over-training.toml", include_str!("../catalogue/over-training.toml")),
    ("bnsl-1.toml", include_str!("../catalogue/bnsl-1.toml")),
    ("bnsl-2.toml", include_str!("../catalogue/bnsl-2.toml")),
    ("data-constrained.toml", include_str!("../catalogue/data-constrained.toml")),
    ("repetition-harmonic.toml", include_str!("../catalogue/repetition-harmonic.toml")),
    ("repetition-smooth-minimum.toml", include_str!("../catalogue/repetition-smooth-minimum.toml")),
    ("repetition-k-of-n.toml", include_str!("../catalogue/repetition-k-of-n.toml")),
    ("effective-size.toml", include_str!("../catalogue/effective-size.toml")),
    ("iso-depth.toml", include_str!("../catalogue/iso-depth.toml")),
    ("parscale.toml", include_str!("../catalogue/parscale.toml")),
    ("streams.toml", include_str!("../catalogue/streams.toml")),
    ("routed.toml", include_str!("../catalogue/routed.toml")),
    ("experts.toml", include_str!("../catalogue/experts.toml")),
    ("granularity.toml", include_str!("../catalogue/granularity.toml")),
    ("joint-moe.toml", include_str!("../catalogue/joint-moe.toml")),
    ("sparsity.toml", include_str!("../catalogue/sparsity.toml")),
    ("precision.toml", include_str!("../catalogue/precision.toml")),
    ("precision-post.toml", include_str!("../catalogue/precision-post.toml")),
    ("vocabulary.toml", include_str!("../catalogue/vocabulary.toml")),
    ("vocabulary-coupled.toml", include_str!("../catalogue/vocabulary-coupled.toml")),
    ("data-mixing.toml", include_str!("../catalogue/data-mixing.toml")),
    ("mixture-additive.toml", include_str!("../catalogue/mixture-additive.toml")),
    ("mixture-joint.toml", include_str!("../catalogue/mixture-joint.toml")),
    ("native-multimodal.toml", include_str!("../catalogue/native-multimodal.toml")),
    ("native-multimodal-sparse.toml", include_str!("../catalogue/native-multimodal-sparse.toml")),
    ("knowledge-capacity.toml", include_str!("../catalogue/knowledge-capacity.toml")),
    ("lr-optimum.toml", include_str!("../catalogue/lr-optimum.toml")),
    ("lr-compute.toml", include_str!("../catalogue/lr-compute.toml")),
    ("batch-optimum.toml", include_str!("../catalogue/batch-optimum.toml")),
    ("batch-compute.toml", include_str!("../catalogue/batch-compute.toml")),
    ("downstream-error.toml", include_str!("../catalogue/downstream-error.toml")),
    ("downstream-sigmoid.toml", include_str!("../catalogue/downstream-sigmoid.toml")),
    ("log-line.toml", include_str!("../catalogue/log-line.toml")),
];

/// The names of the laws that ship, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(file, _)| file.trim_end_matches(".toml"))
}

/// All laws, parsed. A law that ships and does not parse is a bug that the tests find, so it panics.
pub fn laws() -> &'static [Law] {
    static LAWS: LazyLock<Vec<Law>> = LazyLock::new(|| {
        let parse = |(file, text): &(&str, &str)| Law::from_toml(file, text).unwrap_or_else(|e| panic!("{e}"));
        FILES.iter().map(parse).collect()
    });
    &LAWS
}

/// The file of the law of that name, as it was written.
pub fn text(name: &str) -> Option<&'static str> {
    Some(FILES.iter().find(|(file, _)| file.trim_end_matches(".toml") == name)?.1)
}

/// The law of that name. Parses that one file only.
pub fn law(name: &str) -> Option<Law> {
    let (file, text) = FILES.iter().find(|(file, _)| file.trim_end_matches(".toml") == name)?;
    Some(Law::from_toml(file, text).unwrap_or_else(|e| panic!("{e}")))
}
