//! A past moved to another workflow: what its events say by position is said again by name.
//!
//! A step that has begun must still be what its events tell of: the fold opens the same effects in the same
//! order, so that answers find their calls. Steps that had not begun may be anything, and so may prompts and
//! limits, which the events hold evaluated.

use super::{approval, run};
use crate::Object;
use crate::event::{Event, Member, Work};
use crate::id::{AgentIndex, StepIndex, ToolIndex};
use crate::ir::{Step, Verb, Workflow};
use std::collections::BTreeSet;

/// Why a past does not fit another workflow: one sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(String);

/// The way from one workflow to another.
pub struct Adaptation<'a> {
    old: &'a Workflow,
    new: &'a Workflow,
    steps: Vec<Option<StepIndex>>,
    agents: Vec<Option<AgentIndex>>,
    tools: Vec<Option<ToolIndex>>,
}

impl<'a> Adaptation<'a> {
    /// The way from `old` to `new`.
    pub fn new(old: &'a Workflow, new: &'a Workflow) -> Self {
        let agent = |name: &str| position(new.agents.iter().map(|agent| agent.name.as_str()), name).map(AgentIndex);
        let tool = |path: &str| position(new.tools.iter().map(|tool| tool.path.as_str()), path).map(ToolIndex);
        Self {
            old,
            new,
            steps: old.steps.iter().map(|step| new.step_named(&step.name)).collect(),
            agents: old.agents.iter().map(|old| agent(&old.name)).collect(),
            tools: old.tools.iter().map(|old| tool(&old.path)).collect(),
        }
    }

    /// Whether any past of the one is a past of the other as it stands: the same steps, agents and tools in the
    /// same places, each of the same shape, and the same inputs.
    pub fn is_identity(&self) -> bool {
        let (old, new) = (self.old, self.new);
        let counts = |workflow: &Workflow| (workflow.steps.len(), workflow.agents.len(), workflow.tools.len());
        let stays = |at: u32| {
            let index = StepIndex(at);
            let (before, after) = (old.step(index), new.step(index));
            before.on_error == after.on_error && before.after == after.after && self.begun(index) == Ok(index)
        };
        counts(old) == counts(new)
            && old.inputs == new.inputs
            && (0..)
                .zip(&self.agents)
                .all(|(at, agent)| self.agent(AgentIndex(at)).ok() == *agent && *agent == Some(AgentIndex(at)))
            && (0..).zip(&self.tools).all(|(at, tool)| *tool == Some(ToolIndex(at)))
            && (0..).zip(&self.steps).all(|(at, _)| stays(at))
    }

    /// The events of a past, as the new workflow tells them.
    ///
    /// # Errors
    /// Which step, agent or tool of the past the new workflow does not have as it was.
    pub fn adapt<'e>(&self, events: impl IntoIterator<Item = &'e Event>) -> Result<Vec<Event>, Unfit> {
        let mut told = Told::default();
        let adapt = |event: &Event| {
            match event {
                Event::StepStarted { step, .. } => _ = told.begun.insert(*step),
                Event::ItemFailed {
                    step,
                    retry_after_ms: None,
                    ..
                } => _ = told.failed.insert(*step),
                Event::RunReopened => self.tried_again(&told)?,
                _ => {}
            }
            self.event(event)
        };
        events.into_iter().map(adapt).collect()
    }

    /// What was opened again was chosen by what a failure means for its step, and numbered in the order of the steps.
    fn tried_again(&self, told: &Told) -> Result<(), Unfit> {
        for step in &told.failed {
            let (old, new) = (self.old.step(*step), self.new.step(self.begun(*step)?));
            if old.on_error != new.on_error {
                let name = &old.name;
                return Err(Unfit(format!(
                    "step `{name}` failed and was tried again, so its `on_error` must stay as it was"
                )));
            }
        }
        let mut before: Option<StepIndex> = None;
        for old in &told.begun {
            let new = self.begun(*old)?;
            if let Some(above) = before.filter(|above| *above > new) {
                let (first, second) = (&self.new.step(above).name, &self.new.step(new).name);
                return Err(Unfit(format!(
                    "steps `{first}` and `{second}` were tried again in this order, so they must stay in it"
                )));
            }
            before = Some(new);
        }
        Ok(())
    }

    fn event(&self, event: &Event) -> Result<Event, Unfit> {
        let mut adapted = event.clone();
        match &mut adapted {
            Event::RunStarted { inputs, .. } => *inputs = self.inputs(std::mem::take(inputs))?,
            Event::RunFailed { step: Some(step), .. }
            | Event::StepSkipped { step }
            | Event::StepFailed { step, .. } => *step = self.step(*step)?,
            Event::ItemStarted { step, work, .. } => {
                if let (Work::Agent { .. }, Verb::Agent { agent, .. }) = (&*work, &self.old.step(*step).verb) {
                    self.agent(*agent)?;
                }
                *step = self.begun(*step)?;
            }
            Event::StepStarted { step, .. }
            | Event::OutputEdited { step, .. }
            | Event::ItemSucceeded { step, .. }
            | Event::RoundEnded { step, .. }
            | Event::EffectDoubted { step, .. }
            | Event::EffectRepeated { step, .. }
            | Event::ItemFailed { step, .. } => *step = self.begun(*step)?,
            Event::ToolCalled { tool, .. } => *tool = self.tool(*tool)?,
            Event::WaveStarted { members, .. } => {
                for Member { agent, .. } in members {
                    *agent = self.agent(*agent)?;
                }
            }
            Event::RunReopened
            | Event::AllowanceGiven { .. }
            | Event::LimitRaised { .. }
            | Event::LimitPassed { .. }
            | Event::RunCancelled
            | Event::RunSucceeded { .. }
            | Event::RunFailed { step: None, .. }
            | Event::TurnStarted { .. }
            | Event::ModelReplied { .. }
            | Event::ToolRefused { .. }
            | Event::ToolReplied { .. }
            | Event::ToolFailed { .. }
            | Event::MemberStarted { .. }
            | Event::WaveEnded { .. }
            | Event::AnswerRejected { .. }
            | Event::AgentAnswered { .. }
            | Event::AgentFailed { .. } => {}
        }
        Ok(adapted)
    }

    fn inputs(&self, mut given: Object) -> Result<Object, Unfit> {
        given.retain(|name, _| self.new.inputs.iter().any(|input| input.name == *name));
        run::check_inputs(self.new, given).map_err(|mistakes| Unfit(mistakes.join("; ")))
    }

    /// A step that was looked at.
    fn step(&self, old: StepIndex) -> Result<StepIndex, Unfit> {
        let name = &self.old.step(old).name;
        let gone = || {
            Unfit(format!(
                "step `{name}` has begun, and the workflow has no such step any more"
            ))
        };
        self.steps[old.at()].ok_or_else(gone)
    }

    /// A step that has begun: it must have kept its shape.
    fn begun(&self, old: StepIndex) -> Result<StepIndex, Unfit> {
        let index = self.step(old)?;
        let (was, is) = (self.old.step(old), self.new.step(index));
        let name = &was.name;
        let (was_verb, is_verb) = (self.old.verb(was), self.new.verb(is));
        if was_verb != is_verb {
            let (was, is) = (was_verb, is_verb);
            return Err(Unfit(format!(
                "step `{name}` has begun with `{was}`, and has `{is}` now"
            )));
        }
        if let (Verb::Agent { agent: before, .. }, Verb::Agent { agent: after, .. }) = (&was.verb, &is.verb) {
            let (before, after) = (&self.old.agent(*before).name, &self.new.agent(*after).name);
            if before != after {
                return Err(Unfit(format!(
                    "step `{name}` has begun with agent `{before}`, and has agent `{after}` now"
                )));
            }
        }
        let deadline = |workflow: &Workflow, step| approval::patience_ms(workflow, step).is_some();
        let key = |step: &Step| step.fan_out.as_ref().is_some_and(|fan_out| fan_out.key.is_some());
        let presence = [
            ("for_each", was.fan_out.is_some(), is.fan_out.is_some()),
            ("key", key(was), key(is)),
            ("repeat", was.repeat.is_some(), is.repeat.is_some()),
            ("timeout", was.timeout_ms.is_some(), is.timeout_ms.is_some()),
            ("deadline", deadline(self.old, old), deadline(self.new, index)),
        ];
        if let Some((word, was, _)) = presence.into_iter().find(|(_, was, is)| was != is) {
            let (was, is) = if was {
                ("with", "has none")
            } else {
                ("without", "has one")
            };
            return Err(Unfit(format!("step `{name}` has begun {was} `{word}`, and {is} now")));
        }
        if was.output != is.output {
            let (was, is) = (&was.output, &is.output);
            return Err(Unfit(format!(
                "step `{name}` has begun to give {was}, and gives {is} now"
            )));
        }
        Ok(index)
    }

    /// An agent that was started.
    fn agent(&self, old: AgentIndex) -> Result<AgentIndex, Unfit> {
        let was = self.old.agent(old);
        let name = &was.name;
        let Some(index) = self.agents[old.at()] else {
            return Err(Unfit(format!(
                "agent `{name}` was started, and the workflow has no such agent any more"
            )));
        };
        if was.team.is_some() != self.new.agent(index).team.is_some() {
            let change = if was.team.is_some() {
                "has no `team` any more"
            } else {
                "has a `team` now"
            };
            return Err(Unfit(format!("agent `{name}` was started, and {change}")));
        }
        Ok(index)
    }

    /// A tool that was called.
    fn tool(&self, old: ToolIndex) -> Result<ToolIndex, Unfit> {
        let path = &self.old.tool(old).path;
        let gone = || {
            Unfit(format!(
                "tool `{path}` was called, and the workflow has no such tool any more"
            ))
        };
        self.tools[old.at()].ok_or_else(gone)
    }
}

/// What a past has told so far.
#[derive(Default)]
struct Told {
    begun: BTreeSet<StepIndex>,
    failed: BTreeSet<StepIndex>,
}

fn position<'a>(names: impl Iterator<Item = &'a str>, name: &str) -> Option<u32> {
    let mut names = names;
    let at = names.position(|other| other == name)?;
    u32::try_from(at).ok()
}
