//! The machine in words, for a record: what a reader wants to know beside a number of seconds.

use std::{env, fs, thread};

/// The processor, how many of it may be used, and the operating system: `AMD EPYC 7B13, 2 cores, Linux 6.1.0 (x86_64)`.
/// What cannot be found out is left out.
pub fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = thread::available_parallelism().map_or(1, |n| n.get());
    let release = read("/proc/sys/kernel/osrelease");
    describe(&read("/proc/cpuinfo"), cores, env::consts::OS, release.trim(), env::consts::ARCH)
}

fn describe(cpuinfo: &str, cores: usize, system: &str, release: &str, architecture: &str) -> String {
    // `model name` on x86, `Model` of the board on some ARM systems, nothing on others.
    let value = |key: &str| {
        let line = cpuinfo.lines().find_map(|l| l.strip_prefix(key)?.trim_start().strip_prefix(':'));
        line.map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
    };
    let processor = value("model name").or_else(|| value("Model"));
    let system = match system {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        other => other,
    };
    let system = [system, release].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ");
    let cores = crate::error::count(cores, "core");
    let words = [processor, Some(cores), Some(format!("{system} ({architecture})"))];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_in_words() {
        let x86 = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R)   CPU @ 2.60GHz\nprocessor\t: 1\n";
        let said = "Intel(R) Xeon(R) CPU @ 2.60GHz, 2 cores, Linux 6.1.0 (x86_64)";
        assert_eq!(describe(x86, 2, "linux", "6.1.0", "x86_64"), said);
        assert_eq!(describe("", 1, "macos", "", "aarch64"), "1 core, macOS (aarch64)");
        let here = machine();
        assert!(here.contains("core") && !here.contains('\n'), "{here}");
    }
}
