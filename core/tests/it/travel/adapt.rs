//! Pasts that move to another workflow.

use super::*;

/// `everything` with agents and tools in other places, and new ones among them.
fn shuffled_tables(old: &Workflow) -> Workflow {
    let mut new = old.clone();
    let (seeker, lead) = (AgentIndex(2), AgentIndex(0));
    let moved = |agent: AgentIndex| if agent.0 == 0 { seeker } else { lead };
    let mut extra = old.agents[0].clone();
    extra.name = "extra".into();
    let mut tool = old.tools[0].clone();
    tool.path = "papers.read_chunk".into();
    new.agents = vec![old.agents[1].clone(), extra, old.agents[0].clone()];
    new.tools = [tool].into_iter().chain(old.tools.clone()).collect();
    for agent in &mut new.agents {
        agent
            .tools
            .iter_mut()
            .for_each(|(_, tool)| *tool = ToolIndex(tool.0 + 1));
        for member in agent.team.iter_mut().flat_map(|team| &mut team.agents) {
            *member = moved(*member);
        }
    }
    for step in &mut new.steps {
        match &mut step.verb {
            Verb::Agent { agent, .. } => *agent = moved(*agent),
            Verb::Tool { tool, .. } => *tool = ToolIndex(tool.0 + 1),
            _ => {}
        }
    }
    new
}

/// The steps in another order in which every step still comes after those that it waits for.
fn shuffled_steps(old: &Workflow, seed: u64) -> Workflow {
    let mut random = Random::new(seed);
    let mut order: Vec<usize> = Vec::new();
    while order.len() < old.steps.len() {
        let is_ready =
            |at: &usize| !order.contains(at) && old.steps[*at].after.iter().all(|before| order.contains(&before.at()));
        let ready: Vec<usize> = (0..old.steps.len()).filter(is_ready).collect();
        order.push(ready[random.below(ready.len() as u64) as usize]);
    }
    let place = |index: StepIndex| StepIndex(order.iter().position(|at| *at == index.at()).unwrap() as u32);
    let mut new = old.clone();
    new.steps = order.iter().map(|at| old.steps[*at].clone()).collect();
    for step in &mut new.steps {
        step.after.iter_mut().for_each(|before| *before = place(*before));
    }
    new
}

fn adapt(old: &Workflow, new: &Workflow, events: &[Event]) -> Vec<Event> {
    Adaptation::new(old, new).adapt(events).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_past_is_the_same_in_every_workflow_that_has_what_it_began(seed in 1_u64..100_000, kept in 1_usize..400) {
        let old = everything();
        let rough = Weather { crash_one_in: 9, travel_one_in: 50, ..ROUGH };
        let (_, Record { events, cuts }) = recorded(&old, seed, rough);
        prop_assert_eq!(&adapt(&old, &old, &events), &events);

        let tables = shuffled_tables(&old);
        let moved = adapt(&old, &tables, &events);
        prop_assert_eq!(engine::replay(&tables, &moved, 0, &cuts), Ok(()));
        prop_assert_eq!(&adapt(&tables, &old, &moved), &events);

        // What was opened again is numbered in the order of the steps, which must stay then.
        let reopened = events.iter().position(|event| matches!(event, Event::RunReopened));
        let past = &events[..kept.min(reopened.unwrap_or(events.len()))];
        let steps = shuffled_steps(&old, seed);
        let moved = adapt(&old, &steps, past);
        let (before, after) = (engine::fold(&old, past), engine::fold(&steps, &moved));
        prop_assert_eq!(by_call(&old, &before), by_call(&steps, &after));
        prop_assert_eq!((before.progress(), before.outputs()), (after.progress(), after.outputs()));
        prop_assert_eq!(by_name(&old, past), by_name(&steps, &moved));
    }
}

fn by_call(workflow: &Workflow, state: &State) -> BTreeMap<CallId, Want> {
    let outstanding = engine::outstanding(workflow, state).into_iter();
    outstanding.map(|effect| (effect.call, effect.want)).collect()
}

fn by_name(workflow: &Workflow, events: &[Event]) -> BTreeMap<String, String> {
    let steps = RunView::of(workflow, &entries(events)).steps.into_iter();
    steps.map(|step| (step.name.clone(), format!("{step:?}"))).collect()
}

#[test]
fn a_past_that_another_workflow_cannot_have_is_refused_with_the_reason() {
    let old = everything();
    let (_, record) = recorded(
        &old,
        7,
        Weather {
            fail_one_in: 0,
            cancel_one_in: 0,
            word_one_in: 0,
            ..ROUGH
        },
    );
    let check = |change: &dyn Fn(&mut Workflow)| {
        let mut new = old.clone();
        change(&mut new);
        let adapted = Adaptation::new(&old, &new).adapt(&record.events);
        adapted.map_or_else(|unfit| unfit.to_string(), |_| "fits".to_owned())
    };
    let reasons = [
        check(&|new| new.steps[0].name = "find".into()),
        check(&|new| new.steps[1].fan_out = None),
        check(&|new| new.steps[5].fan_out.as_mut().unwrap().key = None),
        check(&|new| {
            new.steps[0].repeat = Some(Repeat {
                until: expression("true"),
                max: 2,
                carry: None,
            })
        }),
        check(&|new| new.steps[3].timeout_ms = None),
        check(&|new| new.steps[1].output = Type::Integer),
        check(&|new| new.steps[2].verb = workflow_step("x", &[], 0, Vec::new()).verb),
        check(&|new| new.steps[1].verb = agent_step(new, "check", &[0], 1, literal("x")).verb),
        check(&|new| new.agents[0].name = "finder".into()),
        check(&|new| new.agents[0].team = new.agents[1].team.clone()),
        check(&|new| new.tools[0].path = "papers.read_chunk".into()),
        check(&|new| new.inputs[0].kind = Type::Integer),
        check(&|new| new.inputs[0].name = "topic".into()),
    ];
    assert_snapshot!(reasons.join("\n"), @r#"
    step `research` has begun, and the workflow has no such step any more
    step `check` has begun with `for_each`, and has none now
    step `score` has begun with `key`, and has none now
    step `research` has begun without `repeat`, and has one now
    step `process` has begun with `timeout`, and has none now
    step `check` has begun to give string, and gives integer now
    step `lookup` has begun with `tool`, and has `workflow` now
    step `check` has begun with agent `seeker`, and has agent `lead` now
    step `check` has begun with agent `seeker`, and has agent `finder` now
    agent `seeker` was started, and has a `team` now
    tool `papers.keyword_search` was called, and the workflow has no such tool any more
    input `question`: expected integer, found string "why?"
    fits
    "#);
}

#[test]
fn prompts_limits_and_what_had_not_begun_may_change_and_a_retried_failure_may_not() {
    let old = sums();
    let life = summed();
    let mut new = old.clone();
    new.steps[2].name = "total".into();
    new.steps[2].output = Type::Any;
    let is_sum = |event: &Event| matches!(event, Event::StepStarted { step: StepIndex(2), .. });
    let begun = life.events.iter().position(is_sum).unwrap();
    let adaptation = Adaptation::new(&old, &new);
    assert!(adaptation.adapt(&life.events[..begun]).is_ok());
    assert!(adaptation.adapt(&life.events[..=begun]).is_err());
    assert!(!adaptation.is_identity() && Adaptation::new(&old, &old).is_identity());

    let mut patient = old.clone();
    patient.limits.tokens = 5;
    patient.steps[0].retry.attempts = 9;
    assert!(Adaptation::new(&old, &patient).is_identity());
    patient.steps[1].on_error = OnError::Continue;
    let failed = [Event::ItemFailed {
        step: StepIndex(1),
        item: ItemIndex(0),
        failure: Failure::new(FailureKind::Tool, "boom"),
        retry_after_ms: None,
        used: Default::default(),
    }];
    let tried_again = [failed[0].clone(), Event::RunReopened];
    let adaptation = Adaptation::new(&old, &patient);
    assert!(adaptation.adapt(&failed).is_ok() && !adaptation.is_identity());
    assert_snapshot!(adaptation.adapt(&tried_again).unwrap_err().to_string(), @"step `check` failed and was tried again, so its `on_error` must stay as it was");
}

#[test]
fn steps_that_were_tried_again_together_stay_in_their_order() {
    let old = sums();
    let mut life = Life::new(old.clone());
    life.take(start()).unwrap();
    life.take(Input::Cancel).unwrap();
    life.take(Input::Reopen).unwrap();
    let mut new = old.clone();
    new.steps.rotate_right(1);
    for step in &mut new.steps {
        step.after.iter_mut().for_each(|before| before.0 += 1);
    }
    let adaptation = Adaptation::new(&old, &new);
    assert!(adaptation.adapt(&life.events[..life.events.len() - 1]).is_ok());
    assert_snapshot!(adaptation.adapt(&life.events).unwrap_err().to_string(), @"steps `list` and `other` were tried again in this order, so they must stay in it");
}
