//! Runs by the size of their model.

use super::words::count;

/// The runs of one size, or of sizes between two round numbers.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: String,
    /// geometric mean
    pub(super) size: f64,
    pub(super) rows: Vec<usize>,
}

/// More names than this no eye keeps apart.
const GROUPS: usize = 8;

/// Runs by the size of the model: one group per size where there are few, else between round numbers.
pub(super) fn by_size(sizes: &[f64], rows: &[usize]) -> Vec<Group> {
    let mut order: Vec<usize> = rows.iter().copied().filter(|r| sizes[*r].is_finite() && sizes[*r] > 0.0).collect();
    order.sort_by(|a, b| sizes[*a].total_cmp(&sizes[*b]));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for row in order.iter().copied() {
        match groups.last_mut() {
            Some(last) if sizes[row] <= sizes[last[0]] * 1.005 => last.push(row),
            _ => groups.push(vec![row]),
        }
    }
    let mean = |rows: &[usize]| -> f64 {
        libm::exp(rows.iter().map(|r| libm::log(sizes[*r])).sum::<f64>() / rows.len() as f64)
    };
    if groups.len() <= GROUPS {
        let names = groups.iter().map(|g| count(mean(g))).collect::<Vec<_>>();
        let each = groups.into_iter().zip(names);
        return each.map(|(rows, name)| Group { name, size: mean(&rows), rows }).collect();
    }
    for steps in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]] {
        let (low, high) = (sizes[order[0]], sizes[order[order.len() - 1]]);
        let first = libm::floor(libm::log10(low)) as i32;
        let last = libm::ceil(libm::log10(high)) as i32;
        let edges: Vec<f64> =
            (first..=last).flat_map(|p| steps.iter().map(move |s| s * libm::pow(10.0, f64::from(p)))).collect();
        let within = |w: &[f64]| {
            let rows: Vec<usize> = order.iter().copied().filter(|r| (w[0]..w[1]).contains(&sizes[*r])).collect();
            let name = format!("{}\u{2013}{}", count(w[0]), count(w[1]));
            (!rows.is_empty()).then(|| Group { name, size: mean(&rows), rows })
        };
        let found: Vec<Group> = edges.windows(2).filter_map(within).collect();
        if found.len() <= GROUPS || steps.len() == 1 {
            return found;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_grouped_as_the_eye_keeps_them_apart() {
        let few = [1e7, 1e8, 1e7, 1e9];
        let groups = by_size(&few, &[0, 1, 2, 3]);
        let names: Vec<&str> = groups.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["10M", "100M", "1B"]);
        assert_eq!(groups[0].rows, [0, 2]);
        let many: Vec<f64> = (0..60).map(|i| 1e7 * 1.1_f64.powi(i)).collect();
        let groups = by_size(&many, &(0..60).collect::<Vec<_>>());
        assert!(groups.len() <= 8, "{}", groups.len());
        assert_eq!(groups.iter().map(|g| g.rows.len()).sum::<usize>(), 60);
        assert_eq!(count(1.4e9), "1.4B");
    }
}
