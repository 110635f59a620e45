//! The level of intervals, and how many draws tell it.

use isoloss_formula::parse_number;

use super::options::{Interval, OfFit};
use crate::failure::Failure;
use crate::numbers::exact;

/// The level where none is asked for, as the parser has it.
const LEVEL: &str = "0.95";
/// Fewer tell no spread.
const LEAST: usize = 20;
/// More fill the memory and tell nothing new.
const MOST: usize = 1_000_000;
/// Where neither draws nor a high level are asked for.
const USUAL: usize = 1000;

/// `0.95`; a percentage is answered with what was meant.
pub fn level(text: &str) -> Result<f64, Failure> {
    let said = parse_number(text.trim().trim_end_matches('%'));
    match said {
        Some(value) if (0.5..=0.9999).contains(&value) && !text.contains('%') => Ok(value),
        _ => Err(Failure::usage(
            format_args!("--level {text}: expected a share from 0.5 to 0.9999"),
            match said.filter(|v| (50.0..=99.99).contains(v)) {
                Some(percent) => format!("--level {} is {} %", exact((100.0 * percent).round() / 1e4), exact(percent)),
                None => "as in --level 0.95".to_owned(),
            },
        )),
    }
}

/// At least one draw lies beyond each end of the interval: 40 draws for 0.95, 20000 for 0.9999.
fn needed(level: f64) -> usize {
    // 2 / (1 - 0.95) is a hair above 40.
    ((2.0 / (1.0 - level) - 1e-6).ceil() as usize).max(LEAST)
}

/// How many draws: those asked for, if they tell the level; else the usual number, or as many as the level needs.
pub fn draws(text: Option<&str>, level: f64, drawn: bool) -> Result<usize, Failure> {
    let needed = if drawn { needed(level) } else { LEAST };
    let Some(text) = text else { return Ok(USUAL.max(needed)) };
    let whole = parse_number(text).filter(|v| v.fract() == 0.0 && *v >= 0.0);
    let usage = |message: String, hint: String| Failure::usage(format_args!("--draws {text}: {message}"), hint);
    match whole {
        Some(n) if n > MOST as f64 => Err(usage(
            format!("more than {MOST} draws do not fit into memory"),
            format!("{USUAL} serve most intervals"),
        )),
        Some(n) if n < LEAST as f64 => {
            Err(usage(format!("fewer than {LEAST} draws tell nothing"), "--interval none makes no intervals".into()))
        }
        Some(n) if (n as usize) < needed => Err(usage(
            format!("too few to tell the ends of intervals at level {}", exact(level)),
            format!("--draws {needed} or more puts one draw beyond each end; or ask for a lower --level"),
        )),
        Some(n) => Ok(n as usize),
        None => Err(usage("expected a whole number".into(), "as in --draws 1000, 1e4 or 10k".into())),
    }
}

impl OfFit {
    /// The first option given that only intervals heed.
    pub fn of_intervals(&self) -> Option<&'static str> {
        let given = [
            ("--interval", self.interval != Interval::Auto),
            ("--draws", self.draws.is_some()),
            ("--level", self.level != LEVEL),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_shares() {
        assert_eq!((level("0.95").unwrap(), level("0.9999").unwrap()), (0.95, 0.9999));
        let hint = |text| level(text).unwrap_err().to_string();
        assert!(hint("95").ends_with("hint: --level 0.95 is 95 %"), "{}", hint("95"));
        assert!(hint("99.9%").ends_with("hint: --level 0.999 is 99.9 %"), "{}", hint("99.9%"));
        for wrong in ["0.95%", "x", "1", "0", "-0.95", "nan", "1e9"] {
            assert!(hint(wrong).ends_with("hint: as in --level 0.95"), "{}", hint(wrong));
        }
    }

    #[test]
    fn draws_are_whole_numbers() {
        for (text, n) in [("1000", 1000), ("1e4", 10_000), ("10k", 10_000), ("1,000", 1000), ("1e6", 1_000_000)] {
            assert_eq!(draws(Some(text), 0.95, true).unwrap(), n);
        }
        for wrong in ["", "x", "-5", "40.5", "1e7", "1e300", "19", "0"] {
            assert!(draws(Some(wrong), 0.5, true).is_err(), "{wrong}");
        }
    }

    #[test]
    fn draws_tell_their_level() {
        let enough = |n: &str, level: f64| draws(Some(n), level, true).is_ok();
        assert!(enough("40", 0.95) && !enough("39", 0.95));
        assert!(enough("20k", 0.9999) && !enough("100", 0.9999));
        assert_eq!(draws(Some("100"), 0.9999, false).unwrap(), 100);
        assert_eq!((draws(None, 0.95, true).unwrap(), draws(None, 0.9999, true).unwrap()), (1000, 20_000));
        let said = draws(Some("100"), 0.9999, true).unwrap_err().to_string();
        assert!(said.contains("hint: --draws 20000 or more"), "{said}");
    }
}
