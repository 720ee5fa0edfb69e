//! Where one answer stands in its grammar.

use llguidance::Matcher;
use toktrie::SimpleVob;

/// The state of one constrained answer. A fork goes on by itself.
#[derive(Clone)]
pub struct Constraint {
    matcher: Matcher,
}

/// The tokens that are allowed next.
pub struct Mask(SimpleVob);

impl Constraint {
    pub(super) fn new(matcher: Matcher) -> Self {
        Self { matcher }
    }

    /// The tokens that must come next, whatever the model would say: often none. They are not taken yet.
    pub fn forced(&mut self) -> Vec<u32> {
        self.matcher.compute_ff_tokens()
    }

    /// The tokens that may come next: those that end an answer, once it is whole.
    ///
    /// # Errors
    /// A grammar too wide to be followed here.
    pub fn mask(&mut self) -> Result<Mask, String> {
        self.matcher
            .compute_mask_or_eos()
            .map(Mask)
            .map_err(|error| format!("the grammar of the answer: {error}"))
    }

    /// Goes on by one token, chosen or forced; the one that ends the answer included.
    ///
    /// # Errors
    /// A token that is not allowed here. Nothing can be taken after that.
    pub fn take(&mut self, token: u32) -> Result<(), String> {
        self.matcher
            .consume_token(token)
            .map_err(|error| format!("token {token} is not allowed by the grammar of the answer: {error}"))
    }

    /// Whether the answer is whole and nothing can follow.
    pub fn is_done(&self) -> bool {
        self.matcher.is_stopped() && !self.matcher.is_error()
    }

    /// The same place in the same grammar, to go on from in another way.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.clone()
    }
}

impl Mask {
    /// Whether a token may come next.
    pub fn allows(&self, token: u32) -> bool {
        (token as usize) < self.0.len() && self.0.is_allowed(token)
    }

    /// The allowed tokens, in order.
    pub fn tokens(&self) -> impl Iterator<Item = u32> {
        self.0.iter()
    }

    /// Makes the logits of all other tokens minus infinity, those of a table's padding too.
    pub fn apply(&self, logits: &mut [f32]) {
        let (known, padding) = logits.split_at_mut(self.0.len().min(logits.len()));
        padding.fill(f32::NEG_INFINITY);
        for (logits, word) in known.chunks_mut(u32::BITS as usize).zip(self.0.as_slice()) {
            match *word {
                u32::MAX => {}
                0 => logits.fill(f32::NEG_INFINITY),
                word => {
                    for (bit, logit) in logits.iter_mut().enumerate() {
                        if word >> bit & 1 == 0 {
                            *logit = f32::NEG_INFINITY;
                        }
                    }
                }
            }
        }
    }
}
