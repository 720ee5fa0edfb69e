//! Tests of log lines.

use super::plain_line;
use crate::sample::{Story, fan_out, finished};
use insta::assert_snapshot;
use troupe_core::event::{Event, Member, Refused, Work};
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{ActorId, AgentIndex, CallId, ItemIndex, RunId, StepIndex, ToolIndex};
use troupe_core::input::Used;
use troupe_core::limits::{Allowance, LimitHit, Owner, Reached};
use troupe_core::port::approver::Answer;
use troupe_core::view::RunView;
use troupe_testkit::workflow;

fn log(story: &Story) -> String {
    let (run, mut view) = (RunId::parse("01A").unwrap(), RunView::new(&story.workflow));
    let lines = story.entries.iter().filter_map(|entry| {
        view.fold(&story.workflow, entry);
        plain_line(&run, &view, entry, &story.workflow)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_run_that_goes_well() {
    assert_snapshot!(log(&finished()), @r#"
      0 ms  wide-research: started
     15 ms  collect: started
    865 ms  collect: succeeded after 850 ms
    865 ms  research: started
     1.7 s  research/lead: 12 subagents wanted
     3.4 s  research/lead/seeker[1]: answered after 2 turns, 1 tool call (keyword_search×1), 2.5k tokens, 830 retrieved, 1.6 s
     3.4 s  research/lead/seeker[2]: answered after 2 turns, 1 tool call (keyword_search×1), 2.5k tokens, 410 retrieved, 1.6 s
     3.4 s  research/lead/seeker[3]: failed: the provider answered 500 three times (model), after 1 turn, 1.2k tokens, 1.6 s
    10.7 s  research/lead/seeker[5]: answered after 3 turns, 2 tool calls (keyword_search×1, read_chunk×1), 3.8k tokens, 110 retrieved, 8.9 s
    10.7 s  research/lead/seeker[4]: answered after 2 turns, 1 tool call (keyword_search×1), 2.5k tokens, 50 retrieved, 8.9 s
    10.7 s  research/lead/seeker[6]: answered after 2 turns, 1 tool call (keyword_search×1), 2.5k tokens, 50 retrieved, 8.9 s
    10.7 s  research/lead/seeker[7]: answered after 2 turns, 1 tool call (keyword_search×1), 2.5k tokens, 50 retrieved, 8.9 s
    10.7 s  research/lead/seeker[8]: answered after 2 turns, 1 tool call (keyword_search×1), 2.5k tokens, 50 retrieved, 9.0 s
    11.0 s  research/lead/seeker[9]: answered after 1 turn, 1.2k tokens, 300 ms
    11.3 s  research/lead/seeker[10]: answered after 1 turn, 1.2k tokens, 300 ms
    11.6 s  research/lead/seeker[11]: answered after 1 turn, 1.2k tokens, 300 ms
    11.9 s  research/lead/seeker[12]: answered after 1 turn, 1.2k tokens, 300 ms
    11.9 s  research/lead: answered after 2 turns, 1 tool call (create_sub_agents×1), 2.5k tokens, 11.1 s
    11.9 s  research: succeeded after 11.1 s
    11.9 s  check: started, 0 items, succeeded
    11.9 s  publish: skipped
    11.9 s  wide-research: succeeded after 13 agents, 8 tool calls, 28.1k tokens
    "#);
}

#[test]
fn a_fan_out_reports_every_tenth() {
    let log = log(&fan_out());
    let progress: Vec<&str> = log.lines().filter(|line| line.contains(" done")).collect();
    assert_snapshot!(progress.join("\n"), @r#"
    1.1 s  check: 5 of 50 done
    1.3 s  check: 10 of 50 done
    "#);
}

#[test]
fn whatever_goes_wrong_has_a_line() {
    let mut story = Story::begin();
    story.tool_step(0, 5).step(1, None).item(1, 0).thinks(0);
    let (actor, step, item) = (ActorId(0), StepIndex(1), ItemIndex(0));
    let failure = Failure::new(FailureKind::Output, "the answer is no list\x1b[2J\nof rows");
    let member = Member {
        agent: AgentIndex(0),
        prompt: "Seek.".into(),
    };
    story.says(0, "", Some(("create_sub_agents", "{}")));
    for event in [
        Event::ToolRefused {
            actor,
            position: 0,
            message: "there is no tool `serch`".into(),
        },
        Event::ToolCalled {
            actor,
            position: 0,
            tool: ToolIndex(0),
        },
        Event::ToolFailed {
            actor,
            call: CallId(1),
            message: "the index is being built".into(),
        },
        Event::WaveStarted {
            actor,
            position: 0,
            members: vec![member; 2],
            dropped: 3,
            invalid: 1,
        },
        Event::WaveEnded { actor },
        Event::TurnStarted {
            actor,
            forced: Some(Reached {
                limit: LimitHit::Tokens,
                most: 128000,
                used: 127000,
                needed: 4100,
                owner: Owner::Agent { name: "lead".into() },
            }),
        },
        Event::AnswerRejected {
            actor,
            reason: "not JSON".into(),
        },
        Event::AgentFailed {
            actor,
            failure: failure.clone(),
        },
        Event::ItemFailed {
            step,
            item,
            failure: failure.clone(),
            retry_after_ms: Some(2_000),
            used: Used::default(),
        },
        Event::ItemFailed {
            step,
            item,
            failure: failure.clone(),
            retry_after_ms: None,
            used: Used::default(),
        },
        Event::StepFailed {
            step: StepIndex(2),
            failure: Failure::new(FailureKind::Expression, "no such key: rows"),
        },
        Event::RunFailed {
            step: Some(step),
            item: Some(item),
            failure,
        },
        Event::RunReopened,
        Event::RunCancelled,
    ] {
        story.wait(100).tell(event);
    }
    assert_snapshot!(log(&story), @r#"
      0 ms  wide-research: started
      0 ms  collect: started
      5 ms  collect: succeeded after 5 ms
      5 ms  research: started
    105 ms  research/lead: tool call refused: there is no tool `serch`
    305 ms  research/lead: tool call failed: the index is being built
    405 ms  research/lead: 2 subagents wanted, 3 more too many, 1 more not usable
    605 ms  research/lead: must answer now: 127000 of 128000 tokens used, and up to 4100 more needed: raise `limits.tokens` of agent `lead`
    705 ms  research/lead: answer rejected: not JSON
    805 ms  research/lead: failed: the answer is no list^[[2J of rows (output), after 1 turn, 3 tool calls (create_sub_agents×3), 1.2k tokens, 800 ms
    905 ms  research: failed: the answer is no list^[[2J of rows (output); again in 2.0 s
     1.0 s  research: failed: the answer is no list^[[2J of rows (output)
     1.1 s  check: failed: no such key: rows (expression)
     1.2 s  wide-research: failed at step research: the answer is no list^[[2J of rows (output), after 1 agent, 0 tool calls, 1.2k tokens
     1.3 s  wide-research: resumed
     1.4 s  wide-research: cancelled after 1 agent, 0 tool calls, 1.2k tokens
    "#);
}

#[test]
fn rounds_questions_and_runs_of_runs_have_a_line() {
    let mut workflow = workflow::everything();
    workflow.name = "family".into();
    let (score, sign) = (StepIndex(5), StepIndex(6));
    let mut story = Story::of(workflow);
    let (used, by) = (Used::default(), None);
    let retrieved = troupe_core::message::Retrieved::default();
    story.tell(Event::StepStarted {
        step: score,
        items: Some(vec![7.into(), 8.into()]),
        keys: vec!["row-7".into(), "row-8".into()],
    });
    for (item, round) in [(0, 1), (0, 2), (1, 1)] {
        if round > 1 {
            story.wait(10).tell(Event::RoundEnded {
                step: score,
                item: ItemIndex(item),
                output: None,
                carry: 1.into(),
                retrieved: retrieved.clone(),
                used,
                by: by.clone(),
                cached: false,
                artifacts: None,
            });
        }
        story.wait(10).tell(Event::ItemStarted {
            step: score,
            item: ItemIndex(item),
            attempt: 1,
            round,
            work: Work::Workflow {
                inputs: Default::default(),
                allowance: Allowance::UNLIMITED,
            },
        });
    }
    story.wait(10).done(5, 0).wait(10).tell(Event::ItemFailed {
        step: score,
        item: ItemIndex(1),
        failure: Failure::new(FailureKind::Tool, "boom"),
        retry_after_ms: None,
        used,
    });
    story.step(6, None).wait(10).tell(Event::ItemStarted {
        step: sign,
        item: ItemIndex(0),
        attempt: 1,
        round: 1,
        work: Work::Approve {
            message: "Publish\u{1b}[2J?".into(),
        },
    });
    assert_snapshot!(log(&story), @r"
      0 ms  family: started
      0 ms  score: started, 2 items
     10 ms  score[row-7]: run 01A.score-0
     20 ms  score[row-7]: another round
     30 ms  score[row-7]: run 01A.score-0-r2
     40 ms  score[row-8]: run 01A.score-1
     50 ms  score: 1 of 2 done
     60 ms  score[row-8]: failed: boom (tool); the run goes on; score: ended after 60 ms, 1 of 2 failed
     60 ms  sign: started
     70 ms  sign: waits for a person: Publish^[[2J?
    ");
}

#[test]
fn doubt_and_what_became_of_it_have_a_line() {
    let mut story = Story::begin();
    let (step, item) = (StepIndex(3), ItemIndex(0));
    let pay = Event::ItemStarted {
        step,
        item,
        attempt: 1,
        round: 1,
        work: Work::Process {
            command: Default::default(),
        },
    };
    let doubted = |refused: Option<&str>| Event::EffectDoubted {
        step,
        item,
        refused: refused.map(|reason| Refused {
            answer: Answer {
                choice: "done".into(),
                comment: None,
                by: "somebody".into(),
            },
            reason: reason.to_owned(),
        }),
    };
    let repeated = |by: Option<&str>| Event::EffectRepeated {
        step,
        item,
        by: by.map(str::to_owned),
    };
    story.step(3, None).tell(pay);
    for event in [
        doubted(None),
        doubted(Some("the comment is no JSON")),
        repeated(Some("ada\u{1b}[2J")),
        repeated(None),
    ] {
        story.wait(100).tell(event);
    }
    assert_snapshot!(log(&story), @r"
      0 ms  wide-research: started
      0 ms  publish: started
    100 ms  publish: in doubt: interrupted, a person is asked
    200 ms  publish: in doubt: asked again: the comment is no JSON
    300 ms  publish: interrupted, and repeated, as ada^[[2J decided
    400 ms  publish: interrupted, and repeated
    ");
    story.tell(doubted(None));
    assert!(crate::summary(&story.view, 80).contains("publish  in doubt · run"));
    story.tell(repeated(None)).done(3, 0);
    assert_eq!(story.view.steps[3].status, troupe_core::view::StepStatus::Succeeded);
    assert_eq!(
        (story.view.steps[3].working, story.view.steps[3].in_doubt.len()),
        (0, 0)
    );
}
