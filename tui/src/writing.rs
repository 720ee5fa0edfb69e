//! What models write at this moment, by agent: the ends of it, however much they write.

use std::collections::BTreeMap;
use troupe_core::id::ActorId;
use troupe_core::view::RunView;

/// The ends of what agents write.
#[derive(Debug, Clone, Default)]
pub struct Writing {
    texts: BTreeMap<ActorId, String>,
    /// Bytes that are kept of each, at least.
    kept: usize,
}

/// Nobody writes anything.
pub(crate) static NOTHING: Writing = Writing::new(0);

impl Writing {
    /// Nothing so far; of what comes at least `kept` bytes are kept, and at most twice as many.
    pub const fn new(kept: usize) -> Self {
        let texts = BTreeMap::new();
        Self { texts, kept }
    }

    /// An agent writes more.
    pub fn write(&mut self, actor: ActorId, more: &str) {
        let text = self.texts.entry(actor).or_default();
        text.push_str(more);
        if text.len() > 2 * self.kept {
            let from = text.floor_char_boundary(text.len() - self.kept);
            text.drain(..from);
        }
    }

    /// What an agent wrote is void, or was written to its end.
    pub fn end(&mut self, actor: ActorId) {
        self.texts.remove(&actor);
    }

    /// Forgets what agents wrote that are over.
    pub fn end_of_the_dead(&mut self, view: &RunView) {
        let is_live = |actor: &ActorId| view.agents.get(actor.at()).is_some_and(|agent| agent.status.is_live());
        self.texts.retain(|actor, _| is_live(actor));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.texts.clear();
    }

    /// What an agent writes; nothing where that is blank so far.
    pub fn of(&self, actor: ActorId) -> Option<&str> {
        let text = self.texts.get(&actor)?;
        (!text.trim().is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_kept_whole_letters_each() {
        let mut writing = Writing::new(10);
        for letter in ["ä"; 40] {
            writing.write(ActorId(1), letter);
        }
        let kept = writing.of(ActorId(1)).unwrap();
        assert!(
            (10..=20).contains(&kept.len()) && kept.chars().all(|letter| letter == 'ä'),
            "{kept}"
        );
        assert_eq!(writing.of(ActorId(2)), None);
        writing.end(ActorId(1));
        assert_eq!(writing.of(ActorId(1)), None);
    }
}
