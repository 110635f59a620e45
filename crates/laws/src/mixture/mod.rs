//! The best training mixture: shares of domains for which a law, or the mean of several, is least.
//!
//! Shukor et al. 2025 (arXiv 2507.09404) fit the loss on every kind of data as a function of the shares and minimise the
//! loss on a target, a weighted mean of those, over the simplex. Here every draw of the fits has its own best mixture:
//! that is how sure the shares are. What they bring is said beside them, against a mixture that was trained, since the
//! loss is flat about its least and a share may be unknown and hardly matter.

mod asked;
mod few;
mod minded;
mod sure;
mod target;

use crate::error::FitError;
use crate::estimate::Estimate;
use crate::result::Fit;
use crate::simplex::{least, minima};
use crate::warning::Warning;
use asked::{domains_of, inputs_of, listed, reference_of, separable, trained_by, weights_of};
use sure::{Sureness, pairs};
use target::{Target, mean};

pub(crate) use few::few_mixtures;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sought {
    /// how much the loss of each fit counts; empty: all alike
    pub weights: Vec<f64>,
    /// the other inputs of the laws; where the mixture does not depend on them they may be left out
    pub with: Vec<(String, f64)>,
    /// the mixture that the best one is held against; the best of those that were trained if there is none
    pub reference: Vec<(String, f64)>,
    /// which family, where the fits have several
    pub family: Option<String>,
}

/// How much of the best mixture one domain is.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// the column
    pub domain: String,
    /// its share
    pub estimate: Estimate,
    /// least and greatest share that was trained
    pub trained: (f64, f64),
}

/// What the best mixture brings over another.
#[derive(Clone, Debug, PartialEq)]
pub struct Gain {
    /// the other, share by share
    pub shares: Vec<f64>,
    /// it is the best of those that were trained, not one that was named
    pub trained: bool,
    /// the target's loss there
    pub loss: Estimate,
    /// that loss less the one of the best mixture
    pub gain: Estimate,
}

/// The best mixture and what it brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// the shares, which add up to 1
    pub shares: Vec<Share>,
    /// the other inputs, as they were given or taken
    pub at: Vec<(String, f64)>,
    /// the target's loss at these shares, for the law itself
    pub loss: Estimate,
    /// the loss of each fit there
    pub losses: Vec<Estimate>,
    /// what it brings; none where nothing is known to hold it against
    pub gain: Option<Gain>,
    /// what not knowing the mixture better costs: in a share `level` of the draws these shares come so close to the loss of
    /// the draw's own best ones
    pub regret: Option<f64>,
    /// the best shares are the same at all values of the other inputs
    pub everywhere: bool,
    /// level of the intervals
    pub level: f64,
    /// what to mind, worst first
    pub warnings: Vec<Warning>,
    /// what was decided
    pub notes: Vec<String>,
}

/// Other minima that draws begin at too.
const BEGIN: usize = 3;

/// The shares for which the weighted mean of the fits' losses is least, each at or above zero, all adding up to one.
///
/// All fits read one group of columns, the shares, and are each the loss on one kind of data. Draws of several fits are
/// paired by their number where their runs are the same, as when one table has several losses. The interval of a share is
/// that of the draws' own best mixtures; that of the loss and of the gain is at the mixture that is reported.
///
/// # Errors
/// If a law has no group of shares or not the same as the others, an input has no value, or a weight, a share or an input
/// makes no sense.
pub fn mixture(fits: &[&Fit], sought: &Sought) -> Result<Mixture, FitError> {
    let Some(first) = fits.first() else {
        return Err(FitError::new("a best mixture is that of a fit", "name one: isoloss plan fit.json --mixture"));
    };
    let domains = domains_of(fits)?;
    let weights = weights_of(fits, &sought.weights)?;
    let everywhere = fits.iter().all(|fit| separable(&fit.law));
    let mut notes = Vec::new();
    let at = inputs_of(fits, &sought.with, everywhere, &mut notes)?;
    let mut target = Target::new(fits, &domains, &weights, &at, sought.family.as_deref())?;
    let trained = trained_by(fits, &domains)?;

    let thetas: Vec<Vec<f64>> = fits.iter().map(|fit| fit.theta()).collect();
    let thetas: Vec<&[f64]> = thetas.iter().map(Vec::as_slice).collect();
    let found = minima(&mut |w, slopes| target.slopes(&thetas, w, slopes), domains.len());
    let Some(best) = found.first().cloned() else {
        return Err(FitError::new(
            format!("the law {} has no finite loss for any mixture here", first.law.name),
            "ask at another place: --at N=1e9,D=2e10",
        ));
    };
    let reference = reference_of(&domains, sought, &trained, |w| target.value(&thetas, w))?;

    let (draws, pairing) = pairs(fits);
    notes.extend(pairing);
    let mut starts = vec![best.shares.clone(), vec![1.0 / domains.len() as f64; domains.len()]];
    starts.extend(found.iter().skip(1).take(BEGIN).map(|other| other.shares.clone()));
    let mut shots = Vec::with_capacity(draws.len());
    for thetas in &draws {
        let Some(own) = least(&mut |w, slopes| target.slopes(thetas, w, slopes), &starts) else { continue };
        let losses: Vec<f64> = target.values(thetas, &best.shares);
        let loss = mean(&losses, &weights);
        let against = reference.as_ref().map_or(f64::NAN, |(shares, _)| target.value(thetas, shares));
        if loss.is_finite() {
            shots.push(Shot { shares: own.shares, regret: loss - own.value, losses, loss, against });
        }
    }
    let sure = Sureness::new(fits, &draws, shots.len(), everywhere);

    let range = |i: usize| trained.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), w| (l.min(w[i]), h.max(w[i])));
    let spans = |i: usize| match first.ranges.iter().find(|(name, ..)| trained.is_empty() && *name == domains[i]) {
        Some((_, low, high)) => (*low, *high),
        None => range(i),
    };
    let shares: Vec<Share> = (0..domains.len())
        .map(|i| Share {
            domain: domains[i].clone(),
            estimate: sure.share(best.shares[i], shots.iter().map(|s| s.shares[i])),
            trained: spans(i),
        })
        .collect();
    let losses = target.values(&thetas, &best.shares);
    let each = losses.iter().enumerate();
    let losses = each.map(|(k, loss)| sure.loss(*loss, shots.iter().map(|s| s.losses[k]))).collect();
    let gain = reference.map(|(shares, trained)| {
        let there = target.value(&thetas, &shares);
        Gain {
            loss: sure.loss(there, shots.iter().map(|s| s.against)),
            gain: sure.loss(there - best.value, shots.iter().map(|s| s.against - s.loss)),
            shares,
            trained,
        }
    });
    let regret = sure.regret(shots.iter().map(|s| s.regret));
    let mut warnings = Vec::new();
    warnings.extend(minded::beyond(&shares, &trained));
    warnings.extend(minded::unsure(&shares, regret));
    warnings.extend(minded::left_out(&shares));
    if gain.is_none() {
        notes.push("the fits do not hold the mixtures that were trained: fit again, or --reference names one".into());
    }
    if everywhere && !at.is_empty() {
        let names = listed(&at.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
        let law = if fits.len() == 1 { format!("the law {} adds", first.law.name) } else { "the laws add".into() };
        notes.push(format!("{law} what the mixture does to the rest: the best shares do not depend on {names}"));
    }
    Ok(Mixture {
        shares,
        at,
        loss: sure.loss(best.value, shots.iter().map(|s| s.loss)),
        losses,
        gain,
        regret,
        everywhere,
        level: first.level,
        warnings,
        notes,
    })
}

/// One draw: its best mixture, and its losses at the one that is reported.
struct Shot {
    shares: Vec<f64>,
    regret: f64,
    losses: Vec<f64>,
    loss: f64,
    against: f64,
}
