//! The laws of keys and of doubt, watched over a whole life.
//!
//! - No two effects that are open at once share a key, and no key is wanted again once it was answered.
//! - What is wanted under a key is the same each time.
//! - An effect of class `once` that was stopped is performed again after [`Event::EffectRepeated`] alone.
//!
//! [`Event::EffectRepeated`]: troupe_core::event::Event::EffectRepeated

use std::collections::{BTreeMap, BTreeSet};
use troupe_core::effect::{Effect, Want, WorkflowRequest};
use troupe_core::ir::{EffectClass, Workflow};

/// What is known of the keys that a life has seen, each with the events that there were then.
#[derive(Default)]
pub(super) struct Identities {
    named: BTreeMap<String, (Want, usize)>,
    answered: BTreeMap<String, usize>,
    /// Effects of class `once` that were at work when nobody listened any more.
    stopped: BTreeSet<String>,
}

impl Identities {
    /// An effect is wanted, beside those that are `open`.
    pub(super) fn want<'a>(
        &mut self,
        workflow: &Workflow,
        effect: &Effect,
        repeats: bool,
        mut open: impl Iterator<Item = &'a Effect>,
        events: usize,
    ) {
        let key = &effect.key;
        if key.is_empty() {
            // A timer: nobody outside hears of it.
            return assert!(matches!(effect.want, Want::Timer { .. }), "{effect:?} has no key");
        }
        assert!(open.all(|other| other.key != *key), "`{key}` is open twice");
        assert!(
            !self.answered.contains_key(key),
            "`{key}` was answered, and is wanted again"
        );
        let before = self.named.entry(key.clone());
        let before = before.or_insert_with(|| (effect.want.clone(), events));
        assert!(is_same(&before.0, &effect.want), "`{key}` stands for two effects");
        if is_once(workflow, effect) && self.stopped.remove(key) {
            assert!(repeats, "`{key}` was stopped, and is performed again without a word");
        }
    }

    pub(super) fn answer(&mut self, effect: Effect, events: usize) {
        if !effect.key.is_empty() {
            self.answered.insert(effect.key, events);
        }
    }

    /// Effects were stopped, or whoever performed them was.
    pub(super) fn stop<'a>(&mut self, workflow: &Workflow, effects: impl IntoIterator<Item = &'a Effect>) {
        let once = effects.into_iter().filter(|effect| is_once(workflow, effect));
        self.stopped.extend(once.map(|effect| effect.key.clone()));
    }

    /// A recovery leaves nothing at work that was stopped and not repeated.
    pub(super) fn check_recovered<'a>(&self, workflow: &Workflow, mut open: impl Iterator<Item = &'a Effect>) {
        let lost = open.find(|effect| is_once(workflow, effect) && self.stopped.contains(&effect.key));
        assert_eq!(
            lost.map(|effect| &effect.key),
            None,
            "it is performed again without a word"
        );
    }

    /// The events after the first `kept` never got to the disk, so nothing that followed from them was done.
    pub(super) fn forget_after(&mut self, kept: usize) {
        self.named.retain(|_, (_, events)| *events <= kept);
        self.answered.retain(|_, events| *events <= kept);
        self.stopped.retain(|key| self.named.contains_key(key));
    }
}

/// Whether a repetition asks for the same; that a person reopened a run below, and what is left to it by now, are
/// no part of it.
fn is_same(one: &Want, other: &Want) -> bool {
    match (one, other) {
        (Want::Workflow(one), Want::Workflow(other)) => {
            **one
                == WorkflowRequest {
                    reopen: one.reopen,
                    allowance: one.allowance.clone(),
                    counted: one.counted,
                    ..(**other).clone()
                }
        }
        _ => one == other,
    }
}

fn is_once(workflow: &Workflow, effect: &Effect) -> bool {
    let class = match &effect.want {
        Want::Tool(request) if request.actor.is_some() => workflow.tool(request.tool).class,
        Want::Tool(_) | Want::Process(_) => {
            let name = effect.key.split(['[', '/']).next().unwrap_or_default();
            let step = workflow.step_named(name).expect("a key begins with its step's name");
            workflow.step(step).effect
        }
        _ => return false,
    };
    class == EffectClass::Once
}
