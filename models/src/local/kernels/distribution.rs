//! What logits say as probabilities.

use super::{ARCH, math};
use pulp::NullaryFnOnce;

/// Probabilities of all tokens, and their entropy.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// Natural logarithms of the probabilities.
    logarithms: Vec<f32>,
    /// −Σ p ln p, in nats.
    pub entropy: f32,
}

impl Distribution {
    /// The softmax of `logits`.
    pub fn of(logits: &[f32]) -> Self {
        let mut logarithms = vec![0.0; logits.len()];
        let entropy = ARCH.dispatch(Soften {
            logits,
            logarithms: &mut logarithms,
        });
        Self { logarithms, entropy }
    }

    /// The natural logarithm of a token's probability.
    pub fn log_probability(&self, token: usize) -> f32 {
        self.logarithms.get(token).copied().unwrap_or(f32::NEG_INFINITY)
    }
}

struct Soften<'a> {
    logits: &'a [f32],
    logarithms: &'a mut [f32],
}

impl NullaryFnOnce for Soften<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        let greatest = math::greatest(self.logits);
        // In parts: a sum of a vocabulary loses what its small parts add.
        let mut total = 0.0f64;
        for part in self.logits.chunks(PART) {
            let mut sums = [0.0f32; LANES];
            let (lanes, rest) = part.as_chunks::<LANES>();
            for logits in lanes {
                for lane in 0..LANES {
                    sums[lane] += math::exp(logits[lane] - greatest);
                }
            }
            for logit in rest {
                sums[0] += math::exp(*logit - greatest);
            }
            total += f64::from(math::sum(&sums));
        }
        let shift = greatest + total.ln() as f32;
        let mut entropy = 0.0f64;
        for (logits, logarithms) in self.logits.chunks(PART).zip(self.logarithms.chunks_mut(PART)) {
            for (logarithm, logit) in logarithms.iter_mut().zip(logits) {
                *logarithm = logit - shift;
            }
            let mut sums = [0.0f32; LANES];
            let (lanes, rest) = logarithms.as_chunks::<LANES>();
            for logarithms in lanes {
                for lane in 0..LANES {
                    sums[lane] -= math::exp(logarithms[lane]) * logarithms[lane];
                }
            }
            for logarithm in rest {
                sums[0] -= math::exp(*logarithm) * logarithm;
            }
            entropy += f64::from(math::sum(&sums));
        }
        entropy as f32
    }
}

const LANES: usize = 32;
const PART: usize = 4096;

/// The Jensen–Shannon divergence of two distributions over the same tokens, in nats: H((p + q) / 2) − (H(p) + H(q)) / 2
/// (Lin 1991). Between 0 and ln 2.
pub fn divergence(p: &Distribution, q: &Distribution) -> f32 {
    let between = ARCH.dispatch(Between {
        p: &p.logarithms,
        q: &q.logarithms,
    });
    (between - f64::from(p.entropy + q.entropy) / 2.0).max(0.0) as f32
}

/// The entropy of the mean of two distributions.
struct Between<'a> {
    p: &'a [f32],
    q: &'a [f32],
}

impl NullaryFnOnce for Between<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut entropy = 0.0f64;
        for (p, q) in self.p.chunks(PART).zip(self.q.chunks(PART)) {
            let mut sums = [0.0f32; LANES];
            let ((p, p_rest), (q, q_rest)) = (p.as_chunks::<LANES>(), q.as_chunks::<LANES>());
            for (p, q) in p.iter().zip(q) {
                for lane in 0..LANES {
                    sums[lane] -= surprise(p[lane], q[lane]);
                }
            }
            for (p, q) in p_rest.iter().zip(q_rest) {
                sums[0] -= surprise(*p, *q);
            }
            entropy += f64::from(math::sum(&sums));
        }
        entropy
    }
}

/// m ln m, where m is the mean of e^p and e^q.
#[inline(always)]
fn surprise(p: f32, q: f32) -> f32 {
    let (most, least) = if p > q { (p, q) } else { (q, p) };
    // ln((e^p + e^q) / 2), from the greater one up.
    let logarithm = most + math::ln(0.5 + 0.5 * math::exp(least - most));
    let mean = math::exp(logarithm);
    mean * logarithm
}

#[cfg(test)]
mod tests {
    use super::{Distribution, divergence};
    use proptest::prelude::*;

    fn exact(logits: &[f32]) -> Vec<f64> {
        let most = logits.iter().fold(f32::MIN, |a, b| a.max(*b));
        let weights = logits.iter().map(|logit| f64::from(logit - most).exp());
        let total: f64 = weights.clone().sum();
        weights.map(|weight| weight / total).collect()
    }

    fn entropy(p: &[f64]) -> f64 {
        p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
    }

    proptest! {
        #[test]
        fn it_is_the_formula(logits in proptest::collection::vec((-30.0f32..30.0, -30.0f32..30.0), 1..300)) {
            let (a, b): (Vec<f32>, Vec<f32>) = logits.into_iter().unzip();
            let (p, q) = (exact(&a), exact(&b));
            let (got, other) = (Distribution::of(&a), Distribution::of(&b));
            prop_assert!((f64::from(got.entropy) - entropy(&p)).abs() < 1e-4);
            for (token, p) in p.iter().enumerate().filter(|(_, p)| **p > 0.0) {
                prop_assert!((f64::from(got.log_probability(token)) - p.ln()).abs() < 1e-4);
            }
            let mean: Vec<f64> = p.iter().zip(&q).map(|(p, q)| (p + q) / 2.0).collect();
            let right = entropy(&mean) - (entropy(&p) + entropy(&q)) / 2.0;
            prop_assert!((f64::from(divergence(&got, &other)) - right).abs() < 1e-4);
        }
    }
}
