//! Laws of what screens show, over seeded lives: transcripts, timelines, retrieval.

use super::life::life;
use std::sync::Arc;
use troupe_core::effect::Want;
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::id::{ActorId, StepIndex};
use troupe_core::ir::{Verb, Workflow};
use troupe_core::message::Message;
use troupe_core::view::{Doing, Retrieval, RunView, Timeline, TranscriptFold};
use troupe_testkit::workflow;

const LIVES: u64 = 150;

/// What the model of an agent is asked at this moment.
fn asked(workflow: &Workflow, state: &State, actor: ActorId) -> Option<Vec<Arc<Message>>> {
    let effects = engine::outstanding(workflow, state).into_iter();
    effects
        .filter_map(|effect| match effect.want {
            Want::Model(request) if request.actor == actor => Some(request.messages),
            _ => None,
        })
        .next_back()
}

#[test]
fn a_transcript_is_what_the_model_was_given() {
    let workflow = workflow::everything();
    let mut turns = 0;
    for seed in 0..LIVES {
        let entries = life(&workflow, seed);
        let agents = RunView::of(&workflow, &entries).agents.len();
        for actor in (0..agents).map(|at| ActorId(u32::try_from(at).unwrap())) {
            let mut fold = TranscriptFold::new(&workflow, actor);
            let mut state = State::new(&workflow);
            let mut moments = vec![fold.transcript().clone()];
            for entry in &entries {
                fold.fold(&workflow, entry);
                moments.push(fold.transcript().clone());
                engine::apply(&workflow, &mut state, &entry.event);
                if matches!(&entry.event, Event::TurnStarted { actor: of, .. } if *of == actor) {
                    let given = fold.transcript().said.iter().filter(|said| !said.omitted);
                    let given: Vec<_> = given.map(|said| said.message.clone()).collect();
                    assert_eq!(Some(given), asked(&workflow, &state, actor), "life {seed}, {actor:?}");
                    turns += 1;
                }
            }
            for (events, moment) in (0u64..).zip(moments) {
                assert_eq!(fold.at(events), moment, "life {seed}, {actor:?}, after {events} events");
            }
        }
    }
    assert!(turns > 1_000, "{turns}");
}

#[test]
fn a_timeline_has_a_span_for_whatever_an_agent_did_in_its_order() {
    let workflow = workflow::everything();
    let mut spans = 0;
    for seed in 0..LIVES {
        let entries = life(&workflow, seed);
        let view = RunView::of(&workflow, &entries);
        let mut timeline = Timeline::default();
        entries.iter().for_each(|entry| timeline.fold(entry));
        for at in 0..view.agents.len() {
            let actor = ActorId(u32::try_from(at).unwrap());
            let stretches = timeline.agent(actor);
            let begun = entries.iter().filter_map(|entry| match &entry.event {
                Event::TurnStarted { actor: of, .. } if *of == actor => Some(Doing::Thinking),
                Event::ToolCalled { actor: of, .. } if *of == actor => Some(Doing::Acting),
                Event::WaveStarted { actor: of, .. } if *of == actor => Some(Doing::Leading),
                _ => None,
            });
            let told = stretches.iter().map(|stretch| stretch.doing);
            let told: Vec<Doing> = told.filter(|doing| *doing != Doing::Queueing).collect();
            assert_eq!(told, begun.collect::<Vec<_>>(), "life {seed}, {actor:?}");
            spans += told.len();
            let mut before = view.agents[at].started_ms;
            for stretch in stretches {
                assert!(before <= stretch.from_ms, "life {seed}: {stretches:?}");
                before = stretch.to_ms.unwrap_or(stretch.from_ms);
                assert!(before >= stretch.from_ms);
                assert!(stretch.to_ms.is_some() || !view.status.is_over());
            }
        }
    }
    assert!(spans > 1_000, "{spans}");
}

#[test]
fn what_was_read_is_what_tools_gave() {
    let workflow = workflow::everything();
    let is_tool = |step: &StepIndex| matches!(workflow.step(*step).verb, Verb::Tool { .. });
    let mut calls = 0;
    for seed in 0..LIVES {
        let entries = life(&workflow, seed);
        let mut retrieval = Retrieval::default();
        let mut given = Vec::new();
        for entry in &entries {
            retrieval.fold(&workflow, entry);
            match &entry.event {
                Event::ToolReplied { output, .. } => given.push(output.retrieved.clone()),
                Event::ItemSucceeded { step, retrieved, .. } | Event::RoundEnded { step, retrieved, .. }
                    if is_tool(step) =>
                {
                    given.push(retrieved.clone());
                }
                _ => {}
            }
        }
        given.retain(|retrieved| !retrieved.is_empty());
        let ids = |ids: &[Arc<str>]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let found = retrieval.searches.iter().filter(|search| search.failure.is_none());
        let found: Vec<_> = found.map(|search| (ids(&search.shown), ids(&search.read))).collect();
        let given: Vec<_> = given
            .into_iter()
            .map(|retrieved| (retrieved.shown, retrieved.read))
            .collect();
        assert_eq!(found, given, "life {seed}");
        let read: usize = given.iter().map(|(_, read)| read.len()).sum();
        let counted: u32 = retrieval.chunks.values().map(|chunk| chunk.read).sum();
        assert_eq!(counted as usize, read, "life {seed}");
        calls += given.len();
    }
    assert!(calls > 100, "{calls}");
}
