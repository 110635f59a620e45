//! Shares: numbers at or above zero that add up to one. Where a function of them is least, and how far a place lies
//! from those that were tried.
//!
//! Inside of the simplex the search moves in the logarithms of the shares (softmax), where no share can become negative
//! and a power of a share has no pole, by BFGS (Nocedal and Wright 2006, section 6.1). On a face, where a share is zero,
//! it moves in the shares that are left. A share that falls towards zero is set to it if that is no worse, and a share of
//! zero is given some if that is better, so that no place is the end from which a small exchange would lead down.

/// A function of shares; it fills in its derivatives by them.
pub(crate) type Surface<'a> = dyn FnMut(&[f64], &mut [f64]) -> f64 + 'a;

/// A place and the value there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Least {
    pub(crate) shares: Vec<f64>,
    pub(crate) value: f64,
}

/// With more shares than this, faces are too many to begin on each.
const FACES: usize = 8;
/// Places closer than this, in every share, are one.
const SAME: f64 = 1e-3;

/// All minima that were found from the middle of every face, least first; with many shares only from the middle and the
/// corners.
pub(crate) fn minima(f: &mut Surface<'_>, count: usize) -> Vec<Least> {
    let mut all: Vec<Least> = Vec::new();
    let middle = |members: &dyn Fn(usize) -> bool| {
        let inside = (0..count).filter(|&i| members(i)).count() as f64;
        (0..count).map(|i| if members(i) { 1.0 / inside } else { 0.0 }).collect::<Vec<f64>>()
    };
    let mut starts = vec![middle(&|_| true)];
    match count <= FACES {
        true => starts.extend((1..(1_usize << count) - 1).rev().map(|face| middle(&|i| face >> i & 1 == 1))),
        false => starts.extend((0..count).map(|corner| middle(&|i| i == corner))),
    }
    for start in starts {
        if let Some(found) = descend(f, &start)
            && !all.iter().any(|known| same(&known.shares, &found.shares))
        {
            all.push(found);
        }
    }
    all.sort_by(|a, b| a.value.total_cmp(&b.value));
    all
}

/// The least that is found from some places and from the best corner.
pub(crate) fn least(f: &mut Surface<'_>, starts: &[Vec<f64>]) -> Option<Least> {
    let count = starts.first()?.len();
    let mut slopes = vec![0.0; count];
    let corner = |i: usize| (0..count).map(|j| f64::from(i == j)).collect::<Vec<f64>>();
    let corners: Vec<f64> = (0..count).map(|i| f(&corner(i), &mut slopes)).collect();
    let found = starts.iter().filter_map(|start| descend(f, start)).collect::<Vec<_>>();
    let best = found.into_iter().min_by(|a, b| a.value.total_cmp(&b.value));
    let below = |i: &usize| corners[*i].is_finite() && best.as_ref().is_none_or(|b| corners[*i] < b.value);
    match (0..count).filter(below).min_by(|&a, &b| corners[a].total_cmp(&corners[b])) {
        Some(i) => descend(f, &corner(i)),
        None => best,
    }
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < SAME)
}

/// Shares below this may be none at all.
const SMALL: f64 = 0.01;
/// What a share of zero is given to see whether it should be more.
const TASTE: [f64; 2] = [1e-3, 0.03];

/// The minimum below a place; `None` if the function has no value there.
fn descend(f: &mut Surface<'_>, start: &[f64]) -> Option<Least> {
    let mut best = inside(f, start)?;
    let mut slopes = vec![0.0; start.len()];
    // Every round ends lower than the one before.
    for _ in 0..4 * start.len() {
        let mut order: Vec<usize> = (0..start.len()).filter(|&i| best.shares[i] < SMALL).collect();
        order.sort_by(|&a, &b| best.shares[a].total_cmp(&best.shares[b]));
        let mut better = None;
        for i in order {
            let own = best.shares[i];
            let tries = if own > 0.0 { &[0.0][..] } else { &TASTE[..] };
            for &share in tries {
                let place = with_share(&best.shares, i, share);
                let value = f(&place, &mut slopes);
                // None at all is preferred where it is as good.
                if value < best.value || (share == 0.0 && value <= best.value) {
                    better = inside(f, &place).filter(|found| found.value <= best.value);
                    break;
                }
            }
            if better.is_some() {
                break;
            }
        }
        match better {
            Some(found) => best = found,
            None => break,
        }
    }
    Some(best)
}

/// The same with one share set and the others in proportion.
fn with_share(shares: &[f64], i: usize, share: f64) -> Vec<f64> {
    let factor = (1.0 - share) / (1.0 - shares[i]);
    let each = shares.iter().enumerate();
    each.map(|(j, x)| if i == j { share } else { x * factor }).collect()
}

/// Longest step in the logarithm of a share.
const STEP: f64 = 3.0;

/// BFGS in the logarithms of those shares that are not zero.
fn inside(f: &mut Surface<'_>, start: &[f64]) -> Option<Least> {
    let support: Vec<usize> = (0..start.len()).filter(|&i| start[i] > 0.0).collect();
    let n = support.len();
    let mut shares = start.to_vec();
    let mut slopes = vec![0.0; start.len()];
    // Value and slope by the logarithms: w_i (df/dw_i - sum of w df/dw).
    let mut at = |z: &[f64], shares: &mut Vec<f64>, gradient: &mut Vec<f64>| {
        let most = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = z.iter().map(|x| libm::exp(x - most)).sum();
        support.iter().zip(z).for_each(|(&i, x)| shares[i] = libm::exp(x - most) / sum);
        let value = f(shares, &mut slopes);
        let mean: f64 = support.iter().map(|&i| shares[i] * slopes[i]).sum();
        support.iter().zip(gradient.iter_mut()).for_each(|(&i, g)| *g = shares[i] * (slopes[i] - mean));
        if gradient.iter().all(|g| g.is_finite()) { value } else { f64::INFINITY }
    };
    let mut z: Vec<f64> = support.iter().map(|&i| libm::log(start[i])).collect();
    let mut gradient = vec![0.0; n];
    let mut value = at(&z, &mut shares, &mut gradient);
    if !value.is_finite() {
        return None;
    }
    let unit = |factor: f64| (0..n * n).map(|k| if k % (n + 1) == 0 { factor } else { 0.0 }).collect::<Vec<f64>>();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let largest = |v: &[f64]| v.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    // The first step has the length 1, whatever the unit of the loss.
    let mut inverse = unit(1.0 / largest(&gradient).max(1e-300));
    let (mut moved, mut next) = (shares.clone(), vec![0.0; n]);
    for _ in 0..200 {
        if largest(&gradient) <= 1e-10 * value.abs() {
            break;
        }
        let mut step: Vec<f64> = (0..n).map(|i| -dot(&inverse[i * n..(i + 1) * n], &gradient)).collect();
        if dot(&step, &gradient) >= 0.0 {
            inverse = unit(1.0 / largest(&gradient));
            step = gradient.iter().map(|g| -g / largest(&gradient)).collect();
        }
        let longest = largest(&step);
        step.iter_mut().for_each(|s| *s *= (STEP / longest).min(1.0));
        let fall = dot(&step, &gradient);
        let mut length = 1.0;
        let lower = loop {
            let place: Vec<f64> = z.iter().zip(&step).map(|(z, s)| z + length * s).collect();
            let there = at(&place, &mut moved, &mut next);
            if there <= value + 1e-4 * length * fall {
                break Some((place, there));
            }
            length *= 0.5;
            if length < 1e-9 {
                break None;
            }
        };
        // No lower place along a slope that is not zero: what is left is rounding.
        let Some((place, there)) = lower else { break };
        let s: Vec<f64> = step.iter().map(|s| length * s).collect();
        let y: Vec<f64> = next.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-12 * (dot(&s, &s) * dot(&y, &y)).sqrt() {
            let hy: Vec<f64> = (0..n).map(|i| dot(&inverse[i * n..(i + 1) * n], &y)).collect();
            let more = (1.0 + dot(&y, &hy) / curvature) / curvature;
            for i in 0..n {
                for j in 0..n {
                    inverse[i * n + j] += more * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / curvature;
                }
            }
        }
        let settled = value - there <= 1e-16 * value.abs();
        (z, value) = (place, there);
        gradient.copy_from_slice(&next);
        shares.copy_from_slice(&moved);
        if settled {
            break;
        }
    }
    Some(Least { shares, value })
}

/// How far a place lies outside of the convex hull of others: the largest difference, in a share, to the nearest blend of
/// them. By Frank and Wolfe's method with pairwise steps (Lacoste-Julien and Jaggi 2015, arXiv 1511.05932).
pub(crate) fn outside(of: &[Vec<f64>], place: &[f64]) -> f64 {
    let Some(first) = of.first() else { return f64::INFINITY };
    let mut weight = vec![0.0; of.len()];
    weight[0] = 1.0;
    let mut at = first.clone();
    for _ in 0..2000 {
        let off: Vec<f64> = at.iter().zip(place).map(|(a, p)| a - p).collect();
        let along = |m: usize| of[m].iter().zip(&off).map(|(x, o)| x * o).sum::<f64>();
        let each: Vec<f64> = (0..of.len()).map(along).collect();
        let to = (0..of.len()).min_by(|&a, &b| each[a].total_cmp(&each[b])).unwrap_or(0);
        let held = (0..of.len()).filter(|&m| weight[m] > 0.0);
        let from = held.max_by(|&a, &b| each[a].total_cmp(&each[b])).unwrap_or(0);
        let gap = each[from] - each[to];
        let square: f64 = of[to].iter().zip(&of[from]).map(|(a, b)| (a - b) * (a - b)).sum();
        if gap <= 1e-9 || square == 0.0 {
            break;
        }
        let step = (gap / square).min(weight[from]);
        weight[to] += step;
        weight[from] = if step == weight[from] { 0.0 } else { weight[from] - step };
        at.iter_mut().enumerate().for_each(|(i, a)| *a += step * (of[to][i] - of[from][i]));
    }
    at.iter().zip(place).map(|(a, p)| (a - p).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1/sum(c w^g), with its slopes.
    fn pole(c: &'static [f64], g: &'static [f64]) -> impl FnMut(&[f64], &mut [f64]) -> f64 {
        move |w, slopes| {
            let sum: f64 = (0..c.len()).map(|i| c[i] * w[i].powf(g[i])).sum();
            let slope = |i: usize| if w[i] == 0.0 { 0.0 } else { c[i] * g[i] * w[i].powf(g[i] - 1.0) };
            (0..c.len()).for_each(|i| slopes[i] = -slope(i) / (sum * sum));
            1.0 / sum
        }
    }

    /// Every mixture in steps of 1/`steps`.
    fn grid(count: usize, steps: usize) -> Vec<Vec<f64>> {
        let mut all = vec![(Vec::new(), steps)];
        for _ in 1..count {
            let longer = |(head, left): &(Vec<f64>, usize)| {
                let (head, left) = (head.clone(), *left);
                let more = move |k: usize| ([head.clone(), vec![k as f64 / steps as f64]].concat(), left - k);
                (0..=left).map(more).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        all.into_iter().map(|(head, left)| [head, vec![left as f64 / steps as f64]].concat()).collect()
    }

    #[test]
    fn no_place_of_a_grid_is_lower() {
        // Inside, with roots; with a power above one, where corners are minima; on a face, as a domain is worth nothing.
        let cases: [(&'static [f64], &'static [f64]); 5] = [
            (&[2.0, 3.5, 1.1], &[0.35, 0.6, 0.25]),
            (&[1.0, 1.2], &[2.0, 1.7]),
            (&[1.0, 2.0, 1.5], &[1.0, 1.0, 1.0]),
            (&[1.0, 0.9, 1.1, 1.05], &[1.8, 0.9, 1.4, 2.2]),
            (&[1e-9, 2.0, 1.0], &[1.0, 0.5, 0.5]),
        ];
        for (c, g) in cases {
            let mut f = pole(c, g);
            let found = minima(&mut f, c.len());
            let mut slopes = vec![0.0; c.len()];
            let best = grid(c.len(), 60).iter().map(|w| f(w, &mut slopes)).fold(f64::INFINITY, f64::min);
            let (least, sum) = (&found[0], found[0].shares.iter().sum::<f64>());
            assert!(least.value <= best * (1.0 + 1e-12) && (sum - 1.0).abs() < 1e-12, "{c:?} {g:?}: {least:?} {best}");
            let quick = super::least(&mut f, &[vec![1.0 / c.len() as f64; c.len()]]).unwrap();
            assert!(quick.value <= best * (1.0 + 1e-12), "{c:?} {g:?}: {quick:?} {best}");
        }
        // Eight domains, all alike: equal shares.
        let mut f = pole(&[1.0; 8], &[0.5; 8]);
        let found = minima(&mut f, 8);
        assert!(found.len() == 1 && found[0].shares.iter().all(|w| (w - 0.125).abs() < 1e-6), "{found:?}");
        // The worthless domain is left out, not kept at a millionth.
        assert_eq!(minima(&mut pole(&[1.0, 2.0, 1.5], &[1.0, 1.0, 1.0]), 3)[0].shares, [0.0, 1.0, 0.0]);
    }

    #[test]
    fn hulls() {
        let corners = [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]];
        assert!(outside(&corners, &[0.2, 0.3, 0.5]) < 1e-4);
        let inner = [vec![0.45, 0.45, 0.1], vec![0.4, 0.2, 0.4], vec![0.3, 0.3, 0.4], vec![0.2, 0.4, 0.4]];
        assert!(outside(&inner, &[0.35, 0.35, 0.3]) < 1e-4);
        assert!((outside(&inner, &[0.3, 0.1, 0.6]) - 0.2).abs() < 1e-3, "{}", outside(&inner, &[0.3, 0.1, 0.6]));
        assert!(outside(&[], &[1.0]).is_infinite());
    }
}
