//! Laws of what screens show, over seeded lives: transcripts, timelines, retrieval.

use std::sync::Arc;
use troupe_core::effect::Want;
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::id::{ActorId, StepIndex};
use troupe_core::ir::{Verb, Workflow};
use troupe_core::message::Message;
use troupe_core::port::journal::Entry;
use troupe_core::view::{Retrieval, RunView, Timeline, TranscriptFold};
use troupe_testkit::simulation::{Weather, recorded};
use troupe_testkit::workflow;

const LIVES: u64 = 150;

fn life(workflow: &Workflow, seed: u64) -> Vec<Entry> {
    let weather = Weather {
        crash_one_in: 7 * (seed % 2),
        fail_one_in: 12 * (seed % 3),
        cancel_one_in: 25 * (seed % 5),
        travel_one_in: 0,
    };
    let entry = |(sequence, event)| Entry {
        sequence,
        at_ms: 1_000 + sequence / 2,
        event,
    };
    (0..)
        .zip(recorded(workflow, seed, weather).1.events)
        .map(entry)
        .collect()
}

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
            for entry in &entries {
                fold.fold(&workflow, entry);
                engine::apply(&workflow, &mut state, &entry.event);
                if matches!(&entry.event, Event::TurnStarted { actor: of, .. } if *of == actor) {
                    let given = fold.transcript().said.iter().filter(|said| !said.omitted);
                    let given: Vec<_> = given.map(|said| said.message.clone()).collect();
                    assert_eq!(Some(given), asked(&workflow, &state, actor), "life {seed}, {actor:?}");
                    turns += 1;
                }
            }
        }
    }
    assert!(turns > 1_000, "{turns}");
}

#[test]
fn a_timeline_has_no_gap_that_runs_backwards_and_ends_with_the_run() {
    let workflow = workflow::everything();
    for seed in 0..LIVES {
        let entries = life(&workflow, seed);
        let view = RunView::of(&workflow, &entries);
        let mut timeline = Timeline::default();
        entries.iter().for_each(|entry| timeline.fold(entry));
        for at in 0..view.agents.len() {
            let stretches = timeline.agent(ActorId(u32::try_from(at).unwrap()));
            let mut before = view.agents[at].started_ms;
            for stretch in stretches {
                assert!(before <= stretch.from_ms, "life {seed}: {stretches:?}");
                before = stretch.to_ms.unwrap_or(stretch.from_ms);
                assert!(before >= stretch.from_ms);
                assert!(stretch.to_ms.is_some() || !view.status.is_over());
            }
        }
    }
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
