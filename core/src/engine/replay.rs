//! A journal checked against the engine: every decision in it is derived again, offline.
//!
//! A journal holds what followed from inputs, and not the inputs. So for the next event the inputs that can
//! have caused it are worked out from the event and the state before it; the first one from which exactly the
//! journal's next events follow explains them. What came from outside (an answer, a failure, a decision of a
//! person) is taken as it stands; all that was decided about it is not.

use super::item::Gain;
use super::state::{AgentPhase, ItemPhase, State};
use super::{Link, Trigger, apply, doubt, fold, forget_aborts, next, stop};
use crate::Value;
use crate::artifact::Given;
use crate::event::{Event, Work};
use crate::failure::{Failure, FailureKind};
use crate::id::{CallId, ItemIndex, StepIndex};
use crate::input::{Edit, Exit, Input, Used};
use crate::ir::{ARTIFACTS, Verb, Workflow};
use crate::message::ToolOutput;
use crate::port::approver::Answer;
use crate::port::journal::RunStatus;
use std::collections::{BTreeSet, VecDeque};

/// Where a journal and the engine part.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The position of the event in the run, from 0.
    pub sequence: u64,
    /// What the journal says; none where it ends.
    pub journal: Option<Event>,
    /// What the engine decides now; none where nothing that can have arrived leads on from there.
    pub engine: Option<Event>,
}

/// Derives every decision of a journal again, from the event `first` on: what is before it was decided by another
/// workflow. `cuts` are the positions at which the end of what had been decided may be missing, and somebody took
/// the run up: where a fork left the past of another run.
///
/// # Errors
/// The first difference.
pub fn replay(workflow: &Workflow, events: &[Event], first: u64, cuts: &BTreeSet<u64>) -> Result<(), Box<Difference>> {
    let first = usize::try_from(first).unwrap_or(usize::MAX).min(events.len());
    let mut replay = Replay {
        workflow,
        events,
        cuts,
        at: first,
        state: fold(workflow, &events[..first]),
    };
    while replay.at < events.len() {
        replay.explain()?;
        forget_aborts(&mut replay.state);
    }
    Ok(())
}

struct Replay<'a> {
    workflow: &'a Workflow,
    events: &'a [Event],
    cuts: &'a BTreeSet<u64>,
    at: usize,
    state: State,
}

impl Replay<'_> {
    /// Finds the input behind the next event, and follows its whole chain.
    fn explain(&mut self) -> Result<(), Box<Difference>> {
        let next = &self.events[self.at];
        let goes_on = self.state.status() == Some(RunStatus::Running);
        if self.is_cut() && goes_on && !matches!(next, Event::OutputEdited { .. }) {
            // Whoever took the run up there looked at every machine first.
            if let Some(link) = self.first_link(Input::Recover) {
                return self.follow(link);
            }
        }
        let mut nearest: Option<(usize, Event)> = None;
        let stops = stop::causes(next);
        let stops = stops.into_iter().map(|(part, by)| Input::Stop { part, by }).collect();
        let direct = self.causes(next);
        for tier in [stops, direct, vec![Input::Recover], self.timers(next)] {
            for input in tier {
                let Some(link) = self.first_link(input) else { continue };
                let there = &self.events[self.at..];
                let alike = link.events.iter().zip(there).take_while(|(a, b)| a == b).count();
                if alike == link.events.len() || alike > 0 && self.ends_within(alike) {
                    return self.follow(link);
                }
                if nearest.as_ref().is_none_or(|(before, _)| alike > *before) {
                    nearest = link.events.into_iter().nth(alike).map(|event| (alike, event));
                }
            }
        }
        let (alike, engine) = nearest.map_or((0, None), |(alike, event)| (alike, Some(event)));
        Err(self.difference(self.at + alike, engine))
    }

    fn difference(&self, at: usize, engine: Option<Event>) -> Box<Difference> {
        Box::new(Difference {
            sequence: at as u64,
            journal: self.events.get(at).cloned(),
            engine,
        })
    }

    fn is_cut(&self) -> bool {
        self.cuts.contains(&(self.at as u64))
    }

    /// Whether the journal is cut or ends after `count` more events.
    fn ends_within(&self, count: usize) -> bool {
        let end = self.at + count;
        end == self.events.len() || self.cuts.contains(&(end as u64))
    }

    /// The first facts that an input leads to, and whom to look at after them.
    fn first_link(&self, input: Input) -> Option<Link> {
        let mut queue = VecDeque::from([Trigger::Input(Box::new(input))]);
        while let Some(link) = next(self.workflow, &self.state, &mut queue).ok()? {
            queue.extend(link.then);
            if !link.events.is_empty() {
                return Some(Link {
                    events: link.events,
                    then: queue.into(),
                });
            }
        }
        None
    }

    /// Goes through a chain, and through the journal beside it.
    fn follow(&mut self, first: Link) -> Result<(), Box<Difference>> {
        let begun = self.at;
        let mut queue = VecDeque::new();
        let mut link = first;
        loop {
            for event in link.events {
                if self.at > begun && self.is_cut() {
                    return Ok(());
                }
                if self.events.get(self.at) != Some(&event) {
                    return Err(self.difference(self.at, Some(event)));
                }
                apply(self.workflow, &mut self.state, &event);
                self.at += 1;
            }
            queue.extend(link.then);
            match next(self.workflow, &self.state, &mut queue) {
                Ok(Some(following)) => link = following,
                Ok(None) | Err(_) => return Ok(()),
            }
        }
    }

    /// The inputs that can have caused an event, the likeliest first.
    fn causes(&self, event: &Event) -> Vec<Input> {
        match event {
            Event::RunStarted { inputs, env, allowance } => vec![Input::Start {
                inputs: inputs.clone(),
                env: env.clone(),
                allowance: allowance.clone(),
            }],
            Event::RunReopened if self.state.status() == Some(RunStatus::Succeeded) => vec![Input::Edit(Vec::new())],
            Event::RunReopened => vec![Input::Reopen],
            Event::AllowanceGiven { allowance } => vec![Input::ReopenWithin {
                allowance: allowance.clone(),
            }],
            Event::LimitRaised { limit, most } => vec![Input::Raise {
                limit: *limit,
                most: *most,
            }],
            Event::RunCancelled => vec![Input::Cancel],
            Event::OutputEdited { .. } => vec![Input::Edit(self.edits())],
            Event::ModelReplied { call, reply, .. } => vec![Input::ModelReplied {
                call: *call,
                reply: reply.clone(),
            }],
            Event::ToolReplied { call, output, .. } => vec![Input::ToolReplied {
                call: *call,
                output: output.clone(),
            }],
            // Whoever took the run up told the model.
            Event::ToolFailed { message, .. } if message == doubt::TOLD => Vec::new(),
            Event::ToolFailed { call, message, .. } => {
                let message = message.strip_prefix("Error: ").unwrap_or(message);
                vec![Input::CallFailed {
                    call: *call,
                    failure: Failure::new(FailureKind::Tool, message),
                }]
            }
            Event::AgentFailed { actor, failure } => {
                match self.state.agents.get(actor.at()).map(|agent| &agent.phase) {
                    Some(AgentPhase::Thinking(call)) => vec![failed(*call, failure)],
                    _ => Vec::new(),
                }
            }
            Event::TurnStarted { actor, .. } => {
                let clock = self.state.agents.get(actor.at()).and_then(|agent| agent.clock);
                clock.map(|call| Input::TimerFired { call }).into_iter().collect()
            }
            Event::ItemStarted { step, item, .. } => match self.phase(*step, *item) {
                Some(ItemPhase::Pausing(call, _)) => vec![Input::TimerFired { call: *call }],
                _ => Vec::new(),
            },
            Event::EffectDoubted { step, item, .. } | Event::EffectRepeated { step, item, .. } => {
                self.of_doubt(*step, *item, event)
            }
            Event::ItemSucceeded { step, item, .. }
            | Event::RoundEnded { step, item, .. }
            | Event::ItemFailed { step, item, .. }
                if matches!(self.phase(*step, *item), Some(ItemPhase::InDoubt { .. })) =>
            {
                self.of_doubt(*step, *item, event)
            }
            Event::ItemSucceeded {
                step,
                item,
                output: Some(output),
                retrieved,
                used,
                by,
                cached,
                artifacts,
            }
            | Event::RoundEnded {
                step,
                item,
                output: Some(output),
                retrieved,
                used,
                by,
                cached,
                artifacts,
                ..
            } => {
                let gain = Gain {
                    artifacts: artifacts.clone(),
                    retrieved: retrieved.clone(),
                    used: *used,
                    by: by.clone(),
                    cached: *cached,
                };
                self.successes(*step, *item, output, gain)
            }
            Event::ItemFailed {
                step,
                item,
                failure,
                used,
                ..
            } => self.failures(*step, *item, failure, *used),
            _ => Vec::new(),
        }
    }

    fn phase(&self, step: StepIndex, item: ItemIndex) -> Option<&ItemPhase> {
        let item = self.state.steps.get(step.at())?.items.get(item.at())?;
        Some(&item.phase)
    }

    /// Outputs that were set together.
    fn edits(&self) -> Vec<Edit> {
        let edit = |event: &Event| match event {
            Event::OutputEdited { step, item, output } => Some(Edit {
                step: *step,
                item: *item,
                output: output.clone(),
            }),
            _ => None,
        };
        let until = self
            .cuts
            .range(self.at as u64 + 1..)
            .next()
            .copied()
            .unwrap_or(u64::MAX);
        let until = usize::try_from(until).unwrap_or(usize::MAX).min(self.events.len());
        self.events[self.at..until].iter().map_while(edit).collect()
    }

    /// What a person can have said about an effect in doubt.
    fn of_doubt(&self, step: StepIndex, item: ItemIndex, event: &Event) -> Vec<Input> {
        let Some(ItemPhase::InDoubt { question, .. }) = self.phase(step, item) else {
            return Vec::new();
        };
        let call = *question;
        if let Some(answer) = doubt::answered(self.workflow, step, event) {
            return vec![Input::Decided { call, answer }];
        }
        match event {
            Event::ItemFailed { failure, .. } => vec![failed(call, failure)],
            _ => Vec::new(),
        }
    }

    /// What can have given an item its output.
    fn successes(&self, step: StepIndex, item: ItemIndex, output: &Value, gain: Gain) -> Vec<Input> {
        let Some(ItemPhase::Call(call, work)) = self.phase(step, item) else {
            return Vec::new();
        };
        let call = *call;
        match work.as_ref() {
            Work::Tool { .. } => vec![Input::ToolReplied {
                call,
                output: ToolOutput {
                    text: String::new(),
                    result: output.clone(),
                    retrieved: gain.retrieved,
                    cached: gain.cached,
                    wall_ms: gain.used.working_ms,
                },
            }],
            Work::Process { .. } => {
                let exits = exits(&self.workflow.step(step).verb, output, gain.artifacts).into_iter();
                exits.map(|exit| Input::ProcessExited { call, exit }).collect()
            }
            Work::Workflow { .. } => {
                let outputs = output.as_object().cloned().unwrap_or_default();
                vec![Input::WorkflowEnded {
                    call,
                    outputs: Ok(outputs),
                    used: self.used(step, item, gain.used),
                    read: gain.retrieved.read,
                }]
            }
            Work::Approve { .. } => {
                let text = |field: &str| output[field].as_str().map(str::to_owned);
                let answer = Answer {
                    choice: text("choice").unwrap_or_default(),
                    comment: text("comment"),
                    by: gain.by.unwrap_or_default(),
                };
                let deadline = self.state.item(step, item).deadline;
                let overdue = deadline.map(|call| Input::TimerFired { call });
                [Input::Decided { call, answer }].into_iter().chain(overdue).collect()
            }
            Work::Agent { .. } => Vec::new(),
        }
    }

    /// What can have ended an attempt.
    fn failures(&self, step: StepIndex, item: ItemIndex, failure: &Failure, used: Used) -> Vec<Input> {
        let Some(phase) = self.phase(step, item) else {
            return Vec::new();
        };
        // What nobody knows the end of is found by whoever takes the run up.
        let doubt = (failure.kind == FailureKind::InDoubt).then_some(Input::Recover);
        let at = self.state.item(step, item);
        let timers = [at.timeout, at.deadline].into_iter().flatten();
        let mut causes: Vec<Input> = doubt.into_iter().collect();
        causes.extend(timers.map(|call| Input::TimerFired { call }));
        if let ItemPhase::Call(call, work) = phase {
            if matches!(work.as_ref(), Work::Workflow { .. }) {
                causes.push(Input::WorkflowEnded {
                    call: *call,
                    outputs: Err(failure.clone()),
                    used: self.used(step, item, used),
                    read: Vec::new(),
                });
            }
            causes.push(failed(*call, failure));
        }
        causes
    }

    /// All that a run used that this one started: what was counted before is not in the journal again.
    fn used(&self, step: StepIndex, item: ItemIndex, used: Used) -> Used {
        let mut all = self.state.item(step, item).counted;
        all += used;
        all
    }

    /// Every effect that may be an open timer, for an event that one of them may have caused.
    fn timers(&self, event: &Event) -> Vec<Input> {
        let from_outside = matches!(
            event,
            Event::ModelReplied { .. }
                | Event::ToolReplied { .. }
                | Event::ToolFailed { .. }
                | Event::RunStarted { .. }
        );
        if from_outside {
            return Vec::new();
        }
        // What is open and no timer takes no notice of one.
        let open = self.state.open.since(CallId(0));
        open.map(|(call, _)| Input::TimerFired { call }).collect()
    }
}

fn failed(call: CallId, failure: &Failure) -> Input {
    Input::CallFailed {
        call,
        failure: failure.clone(),
    }
}

/// How a process can have ended that gave `output`.
fn exits(verb: &Verb, output: &Value, artifacts: Option<Given>) -> Vec<Exit> {
    let mut output = output.clone();
    if let (Value::Object(fields), Some(_)) = (&mut output, &artifacts) {
        fields.shift_remove(ARTIFACTS);
    }
    let said = |stdout: String| Exit {
        stdout,
        artifacts: artifacts.clone(),
        ..Exit::default()
    };
    match verb {
        Verb::Run { json: true, .. } => {
            let text = output.as_str().map(|text| said(text.to_owned()));
            text.into_iter().chain([said(output.to_string())]).collect()
        }
        _ => {
            let text = |field: &str| output[field].as_str().unwrap_or_default().to_owned();
            vec![Exit {
                stderr: text("stderr"),
                ..said(text("stdout"))
            }]
        }
    }
}
