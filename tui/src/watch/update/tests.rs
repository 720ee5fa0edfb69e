//! What follows from what happens: data in, data out.

use super::super::model::{Model, Overlay};
use super::super::page::Row;
use super::super::run::Ending;
use super::super::sample::{failed, fleet, id, loaded, model, of_agent, of_run, options, press, question, shown, tell};
use super::super::source::{Act, Errand, Interest, News, Opened, Wanted, Wish};
use super::super::{Facts, Input, Message, Standing};
use super::update;
use crate::sample::{fan_out, finished, half_way};
use troupe_core::id::{ActorId, StepIndex};
use troupe_core::port::journal::RunStatus;

const SIZE: (u16, u16) = (100, 30);

fn facts(status: RunStatus) -> Facts {
    Facts {
        run: id("01A"),
        path: "workflow.yaml".into(),
        standing: Standing {
            status,
            interrupted: false,
        },
        forked: None,
        questions: Vec::new(),
    }
}

/// The wishes without what the source should look at.
fn wanted(wishes: Vec<Wish>) -> Vec<Wish> {
    wishes
        .into_iter()
        .filter(|wish| !matches!(wish, Wish::Look(_)))
        .collect()
}

fn acts(wishes: Vec<Wish>) -> Vec<Act> {
    wanted(wishes)
        .into_iter()
        .map(|wish| match wish {
            Wish::Begin(Wanted::Act(act)) => act,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_source_is_told_what_is_looked_at_and_only_when_that_changes() {
    let mut model = Model::new(&options(None), SIZE, 0);
    let looks = |wishes: Vec<Wish>| -> Vec<Interest> {
        let looks = wishes.into_iter().filter_map(|wish| match wish {
            Wish::Look(interest) => Some(interest),
            _ => None,
        });
        looks.collect()
    };
    let first = looks(tell(&mut model, fleet()));
    assert!(first[0].fleet && first[0].run.is_none());
    assert_eq!(first[0].visible.len(), 6);
    assert_eq!(looks(tell(&mut model, fleet())), []);
    let entered = looks(press(&mut model, "j<enter>"));
    assert_eq!(entered.last().unwrap().run, Some(id("01M81YS1CVPQ")));
    let back = looks(press(&mut model, "<esc>"));
    assert_eq!((back[0].fleet, &back[0].run), (true, &None));
}

#[test]
fn a_filter_is_typed_and_taken_away() {
    let mut model = model(None, SIZE);
    tell(&mut model, fleet());
    press(&mut model, "/papers suc");
    assert_eq!(model.spot().filter, "papers suc");
    assert_eq!(model.rows().0, [Row::Run(id("01M81YS1CVPN"))]);
    press(&mut model, "<enter>");
    assert_eq!(model.overlay, None);
    press(&mut model, "/x<esc>");
    assert_eq!(model.spot().filter, "papers suc", "what was typed is not taken");
    press(&mut model, "<esc>");
    assert_eq!(model.rows().0.len(), 6);
}

#[test]
fn the_chosen_row_stays_chosen_when_others_come_before_it() {
    let mut model = model(None, SIZE);
    tell(&mut model, fleet());
    press(&mut model, "jj");
    let News::Fleet(rows) = fleet() else { unreachable!() };
    let mut more = rows.to_vec();
    let mut newest = rows[0].clone();
    (newest.run, newest.started_ms) = (id("01M81YS1CVPZ"), rows[0].started_ms + 1);
    more.insert(0, newest);
    tell(&mut model, News::Fleet(more.into()));
    assert_eq!(
        (model.spot().chosen.clone(), model.spot().position),
        (Some(Row::Run(id("01M81YS1CVPP"))), 3)
    );
}

#[test]
fn what_needs_a_look_can_be_sorted_first() {
    let mut model = model(None, SIZE);
    tell(&mut model, fleet());
    press(&mut model, "ss");
    let (rows, _) = model.rows();
    assert_eq!(rows[..2], [Row::Run(id("01M81YS1CVPQ")), Row::Run(id("01M81YS1CVPP"))]);
}

#[test]
fn what_destroys_asks_first() {
    let mut model = of_run(&half_way(), SIZE);
    assert_eq!(wanted(press(&mut model, "x")), []);
    assert_eq!(wanted(press(&mut model, "<enter>")), [], "the first choice is no");
    // What is chosen is over, so there is nothing to stop but the run.
    assert_eq!(acts(press(&mut model, "x2")), [Act::Cancel { run: id("01A") }]);
    assert_eq!(wanted(press(&mut model, "x<esc>")), []);
    let (rows, _) = model.rows();
    let stopped = |model: &mut Model, row: &Row| {
        model.spot_mut().chosen = Some(row.clone());
        acts(press(model, "x2"))
    };
    let stop = |place: &str| Act::Stop {
        run: id("01A"),
        place: place.into(),
    };
    assert_eq!(stopped(&mut model, &Row::Step(1)), [stop("research")]);
    let places: Vec<Vec<Act>> = rows.iter().map(|row| stopped(&mut model, row)).collect();
    assert!(
        places
            .iter()
            .flatten()
            .any(|act| *act == stop("research/lead/seeker[4]")),
        "{places:?}"
    );
}

#[test]
fn a_limit_is_raised_by_what_is_typed() {
    let mut model = of_run(&failed(), SIZE);
    assert_eq!(acts(press(&mut model, "L<enter>")), []);
    let act = Act::Raise {
        run: id("01A"),
        limits: "tokens=500000 cost=5".into(),
    };
    assert_eq!(acts(press(&mut model, "Ltokens=500000 cost=5<enter>")), [act]);
}

#[test]
fn a_failed_run_is_gone_on_with() {
    let mut model = of_run(&failed(), SIZE);
    let run = id("01A");
    let act = |accept_changes| Act::Resume {
        run: run.clone(),
        accept_changes,
    };
    assert_eq!(wanted(press(&mut model, "R<enter>")), [], "the first choice is no");
    assert_eq!(acts(press(&mut model, "R2")), [act(false)]);
    assert_eq!(acts(press(&mut model, "R3")), [act(true)]);
    assert_eq!(wanted(press(&mut model, "x")), [], "there is nothing to cancel");
    assert_eq!(model.overlay, None);
}

#[test]
fn a_question_is_answered_with_a_choice_and_a_comment() {
    let mut model = of_run(&half_way(), SIZE);
    let mut asks = facts(RunStatus::Waiting);
    asks.questions.push(question());
    tell(&mut model, News::Facts(Box::new(asks)));
    assert_eq!(wanted(press(&mut model, "a2")), []);
    let answered = acts(press(&mut model, "looks fine?<enter>"));
    let answer = Act::Answer {
        run: id("01A"),
        place: "sign_off".into(),
        choice: "publish".into(),
        comment: "looks fine?".into(),
    };
    assert_eq!(answered, [answer]);
    assert_eq!(wanted(press(&mut model, "a1")), [], "later is no answer");
}

#[test]
fn an_output_is_edited_and_forked_with() {
    let mut model = of_run(&finished(), SIZE);
    press(&mut model, "j");
    assert_eq!(model.spot().chosen, Some(Row::Step(1)));
    let wish = Wanted::Output {
        run: id("01A"),
        at: None,
        step: StepIndex(1),
        item: None,
        edit: true,
    };
    assert_eq!(wanted(press(&mut model, "e")), [Wish::Begin(wish)]);
    let opened = Opened {
        run: id("01A"),
        at: None,
        place: "research".into(),
        text: "\"42\"".into(),
    };
    let errand = wanted(tell(&mut model, News::Output(opened.clone())));
    assert_eq!(errand, [Wish::Outside(Errand::Edit(opened.clone()))]);
    tell(&mut model, News::Edited(opened.clone(), "\"42\"\n".into()));
    assert_eq!(model.overlay, None, "what was not changed is no fork");
    tell(&mut model, News::Edited(opened, "\"43\"\n".into()));
    assert_eq!(
        acts(press(&mut model, "2")),
        [Act::Fork {
            run: id("01A"),
            at: None,
            set: Some(("research".into(), "\"43\"".into()))
        }]
    );
}

#[test]
fn an_agent_of_a_fan_out_leads_to_its_item() {
    let mut model = of_run(&fan_out(), SIZE);
    model.spot_mut().chosen = Some(Row::Agent(ActorId(14)));
    let wishes = wanted(press(&mut model, "e"));
    let [Wish::Begin(Wanted::Output { step, item, .. })] = &wishes[..] else {
        panic!("{wishes:?}")
    };
    assert_eq!((*step, item.map(|item| item.0)), (StepIndex(2), Some(13)));
}

#[test]
fn time_goes_back_and_forth() {
    let story = half_way();
    let events = story.entries.len() as u64;
    let mut model = of_run(&story, SIZE);
    let at = |model: &Model| model.past.as_ref().map(|past| past.at);
    press(&mut model, "[");
    assert_eq!((at(&model), model.told.at), (Some(events - 1), Some(events - 1)));
    press(&mut model, "[[");
    assert_eq!(at(&model), Some(events - 3));
    press(&mut model, "]");
    assert_eq!(at(&model), Some(events - 2));
    press(&mut model, "^");
    assert_eq!(at(&model), Some(1));
    press(&mut model, "[");
    assert_eq!(at(&model), Some(1), "before the first event there is nothing");
    press(&mut model, "#17<enter>");
    assert_eq!(at(&model), Some(17));
    assert_eq!(wanted(press(&mut model, "x")), [], "nobody cancels the past");
    assert_eq!(
        acts(press(&mut model, "F2")),
        [Act::Fork {
            run: id("01A"),
            at: Some(17),
            set: None
        }]
    );
    press(&mut model, ".");
    assert_eq!((at(&model), model.told.at), (None, None));
    press(&mut model, "[]");
    assert_eq!(at(&model), None, "the last event is the present");
}

#[test]
fn a_run_of_this_process_is_not_left_by_mistake() {
    let mut own = options(Some("01A"));
    own.own = true;
    let mut model = Model::new(&own, SIZE, 0);
    tell(&mut model, loaded(&half_way(), facts(RunStatus::Running)));
    assert_eq!(wanted(press(&mut model, "q")), []);
    assert!(shown(&model).contains("the run goes on below"));
    assert_eq!(wanted(press(&mut model, "2")), []);
    assert_eq!(wanted(press(&mut model, "q1")), [Wish::Close(Ending::Closed)]);
    assert_eq!(acts(press(&mut model, "q3")), [Act::Cancel { run: id("01A") }]);
    tell(&mut model, loaded(&finished(), facts(RunStatus::Succeeded)));
    assert_eq!(wanted(press(&mut model, "q")), [Wish::Close(Ending::Closed)]);
}

#[test]
fn events_are_folded_once() {
    let story = half_way();
    let mut model = of_run(&half_way(), SIZE);
    let before = model.run.as_ref().unwrap().history.now.view.clone();
    tell(&mut model, News::Entries(id("01A"), story.entries.clone()));
    assert_eq!(model.run.as_ref().unwrap().history.now.view, before);
    tell(&mut model, News::Entries(id("01B"), finished().entries));
    assert_eq!(model.run.as_ref().unwrap().history.now.view, before, "of another run");
    tell(&mut model, News::Entries(id("01A"), finished().entries));
    assert_eq!(
        model.run.as_ref().unwrap().history.now.view.status,
        RunStatus::Succeeded
    );
}

#[test]
fn wide_groups_unfold() {
    let mut model = of_run(&fan_out(), SIZE);
    let folded = model.rows().0.len();
    model.spot_mut().chosen = Some(Row::RestOfStep(2));
    press(&mut model, "<enter>");
    assert!(model.rows().0.len() > folded);
    press(&mut model, "<enter>");
    assert_eq!(model.rows().0.len(), folded);
}

#[test]
fn a_chunk_is_one_key_away_from_what_shows_it() {
    let mut model = of_agent(SIZE);
    model.spot_mut().follows = false;
    model.spot_mut().chosen = Some(Row::Said(3, 0));
    press(&mut model, "c");
    assert!(matches!(&model.overlay, Some(Overlay::Choose(choice)) if choice.options.len() == 2));
    let wish = Wanted::Chunk {
        run: id("01A"),
        chunk: "2510.01234-3".into(),
    };
    assert_eq!(wanted(press(&mut model, "2")), [Wish::Begin(wish)]);
}

#[test]
fn notices_pass() {
    let mut model = model(None, SIZE);
    tell(&mut model, News::Refused("run 01A is over".into()));
    assert!(shown(&model).contains("run 01A is over"));
    let later = model.now_ms + 9_000;
    update(&mut model, Message::Tick(later));
    assert!(!shown(&model).contains("run 01A is over"));
}

#[test]
fn the_wheel_and_the_mouse_choose() {
    let mut model = model(None, SIZE);
    tell(&mut model, fleet());
    update(&mut model, Message::Input(Input::Wheel(3)));
    assert_eq!(model.spot().position, 3);
    update(&mut model, Message::Input(Input::Press { row: 4 }));
    assert_eq!(model.spot().position, 1);
    update(&mut model, Message::Input(Input::Press { row: 4 }));
    assert_eq!(model.spot().run, Some(id("01M81YS1CVPQ")));
}
