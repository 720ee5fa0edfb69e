//! Several trials of one question. None of them may be missing: whoever calls has all `k`.

/// avg@k: the mean.
pub fn average(trials: &[f64]) -> Option<f64> {
    (!trials.is_empty()).then(|| trials.iter().sum::<f64>() / trials.len() as f64)
}

/// max@k: the best.
pub fn best(trials: &[f64]) -> Option<f64> {
    trials.iter().copied().reduce(f64::max)
}

/// pass@k: 1 where any trial is perfect (WideSearch: max@k of success).
pub fn passed(trials: &[f64]) -> Option<f64> {
    best(trials).map(|best| f64::from(u8::from(best >= 1.0)))
}
