//! How sure a mean is: percentile bootstrap over questions (Efron and Tibshirani 1993, ch. 13), and the paired
//! one for two systems that answered the same questions (Koehn 2004).

/// How often samples are drawn again.
pub const RESAMPLES: usize = 10_000;

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A position below `bound`, by the high half of a product (Lemire 2019); the bias is below 2⁻³² for lists
    /// that fit into a memory.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }
}

/// A mean and where it lies in 95 of 100 samples.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// The mean of one score for each question, with its interval. None of no questions.
pub fn bootstrap(scores: &[f64], seed: u64) -> Option<Interval> {
    let means = resampled(scores, seed)?;
    Some(interval(scores, &means))
}

fn interval(scores: &[f64], means: &[f64]) -> Interval {
    let at = |share: f64| means[((means.len() - 1) as f64 * share).round() as usize];
    Interval {
        mean: mean(scores),
        low: at(0.025),
        high: at(0.975),
    }
}

/// Two systems on the same questions.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Paired {
    /// The second one's mean minus the first one's, with its interval.
    pub difference: Interval,
    /// The share of samples in which the difference has the other sign or is nothing.
    pub opposite: f64,
    /// Questions on which the second one is better.
    pub wins: usize,
    /// Questions on which they are equal.
    pub ties: usize,
    /// Questions on which it is worse.
    pub losses: usize,
}

/// Compares scores of the same questions, in the same order.
pub fn paired(first: &[f64], second: &[f64], seed: u64) -> Option<Paired> {
    let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| second - first).collect();
    let means = resampled(&differences, seed)?;
    let difference = interval(&differences, &means);
    let is_opposite = |mean: &&f64| **mean * difference.mean <= 0.0;
    let count = |is: fn(&f64) -> bool| differences.iter().filter(|difference| is(difference)).count();
    Some(Paired {
        opposite: means.iter().filter(is_opposite).count() as f64 / means.len() as f64,
        wins: count(|difference| *difference > 0.0),
        ties: count(|difference| *difference == 0.0),
        losses: count(|difference| *difference < 0.0),
        difference,
    })
}

/// The sorted means of samples drawn with replacement.
fn resampled(scores: &[f64], seed: u64) -> Option<Vec<f64>> {
    if scores.is_empty() {
        return None;
    }
    let mut random = Random::new(seed);
    let mut draw = || {
        let sum: f64 = (0..scores.len()).map(|_| scores[random.below(scores.len())]).sum();
        sum / scores.len() as f64
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| draw()).collect();
    means.sort_by(f64::total_cmp);
    Some(means)
}

fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}
