//! Chooses a token from logits, and keeps what they said.

use crate::local::kernels::{Distribution, divergence};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::collections::HashMap;
use troupe_core::recording::{LIKELIEST, Seen};
use troupe_core::sampling::Sampling;

/// Tokens less likely than this share of the likeliest one are not drawn: a vocabulary of them has less than 2e-8.
const NEGLIGIBLE: f64 = 1e-13;

/// Chooses the tokens of one continuation. The same settings, seed and logits give the same tokens.
pub struct Sampler {
    settings: Sampling,
    random: ChaCha8Rng,
    /// How often each token was written here, and whether the prompt has it.
    written: HashMap<u32, u32>,
    before: Option<Distribution>,
}

impl Sampler {
    /// For an answer to `prompt`; without a seed in `settings` it is `seed`.
    pub fn new(settings: Sampling, prompt: &[u32], seed: u64) -> Self {
        let penalises = settings.repetition_penalty.is_some_and(|penalty| penalty != 1.0);
        let written = prompt.iter().filter(|_| penalises).map(|token| (*token, 0)).collect();
        Self {
            random: ChaCha8Rng::seed_from_u64(settings.seed.unwrap_or(seed)),
            settings,
            written,
            before: None,
        }
    }

    /// The next token. `allow` forbids what must not come by making its logit negative infinity.
    pub fn choose(&mut self, logits: &mut [f32], allow: impl FnOnce(&mut [f32])) -> (u32, Seen) {
        let seen = Distribution::of(logits);
        let step = self.before.as_ref().map_or(0.0, |before| divergence(before, &seen));
        let likeliest = likeliest(logits, LIKELIEST, &seen);
        self.penalise(logits);
        allow(logits);
        let token = self.draw(logits);
        self.take(token);
        let told = Seen {
            log_probability: seen.log_probability(token as usize),
            entropy: seen.entropy,
            step,
            likeliest,
        };
        self.before = Some(seen);
        (token, told)
    }

    /// A token that was not chosen here.
    pub fn take(&mut self, token: u32) {
        *self.written.entry(token).or_default() += 1;
    }

    fn penalise(&self, logits: &mut [f32]) {
        let Sampling {
            repetition_penalty,
            frequency_penalty,
            presence_penalty,
            ..
        } = self.settings;
        let (repetition, frequency) = (
            repetition_penalty.unwrap_or(1.0) as f32,
            frequency_penalty.unwrap_or(0.0) as f32,
        );
        let presence = presence_penalty.unwrap_or(0.0) as f32;
        if (repetition, frequency, presence) == (1.0, 0.0, 0.0) {
            return;
        }
        for (token, times) in &self.written {
            let Some(logit) = logits.get_mut(*token as usize) else {
                continue;
            };
            *logit = if *logit > 0.0 {
                *logit / repetition
            } else {
                *logit * repetition
            };
            if *times > 0 {
                *logit -= presence + frequency * *times as f32;
            }
        }
    }

    fn draw(&mut self, logits: &[f32]) -> u32 {
        let temperature = self.settings.temperature.unwrap_or(1.0);
        let (best, most) = greatest(logits);
        if temperature <= 0.0 || self.settings.top_k == Some(1) {
            return best;
        }
        let least = self.settings.min_p.unwrap_or(0.0).max(NEGLIGIBLE);
        let floor = f64::from(most) + least.ln() * temperature;
        let weight = |logit: f32| ((f64::from(logit) - f64::from(most)) / temperature).exp();
        let mut likely: Vec<(u32, f64)> = Vec::new();
        for (token, logit) in logits.iter().enumerate() {
            if f64::from(*logit) >= floor {
                likely.push((token as u32, weight(*logit)));
            }
        }
        likely.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        likely.truncate(self.settings.top_k.map_or(usize::MAX, |most| most.max(1) as usize));
        let all: f64 = likely.iter().map(|(_, weight)| weight).sum();
        let wanted = self.settings.top_p.unwrap_or(1.0) * all;
        let mut sum = 0.0;
        let nucleus = likely.iter().position(|(_, weight)| {
            sum += weight;
            sum >= wanted
        });
        likely.truncate(nucleus.map_or(usize::MAX, |last| last + 1));
        let all: f64 = likely.iter().map(|(_, weight)| weight).sum();
        // 53 random bits are a number from 0 to 1 in steps that f64 tells apart.
        let mut left = (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64 * all;
        for (token, weight) in &likely {
            left -= weight;
            if left < 0.0 {
                return *token;
            }
        }
        likely.last().map_or(best, |(token, _)| *token)
    }
}

fn greatest(logits: &[f32]) -> (u32, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (token, logit) in logits.iter().enumerate() {
        if *logit > best.1 {
            best = (token as u32, *logit);
        }
    }
    best
}

/// The likeliest tokens, the likeliest first.
fn likeliest(logits: &[f32], count: usize, seen: &Distribution) -> Vec<(u32, f32)> {
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(count + 1);
    for (token, logit) in logits.iter().enumerate() {
        if best.len() < count || best.last().is_some_and(|(least, _)| logit > least) {
            let at = best.partition_point(|(kept, _)| kept >= logit);
            best.insert(at, (*logit, token as u32));
            best.truncate(count);
        }
    }
    let told = best
        .into_iter()
        .map(|(_, token)| (token, seen.log_probability(token as usize)));
    told.collect()
}
