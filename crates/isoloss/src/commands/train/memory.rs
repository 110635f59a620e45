//! Memory: what there is, and what runs need.

/// Bytes that are free to be used, where the system says so.
pub fn available() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib * 1024.0)
}

/// Bytes of the largest runs that can be under way at once.
pub fn of_largest(mut bytes: Vec<f64>, side_by_side: usize) -> f64 {
    bytes.sort_by(|a, b| b.total_cmp(a));
    bytes.iter().take(side_by_side).sum()
}

/// `12 MB`
pub fn in_words(bytes: f64) -> String {
    match bytes {
        b if b < 1e6 => format!("{:.0} kB", b / 1e3),
        b if b < 1e9 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.1} GB", b / 1e9),
    }
}
