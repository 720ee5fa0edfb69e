//! `troupe approve`: answers a run that waits for a person, and goes on with it.

use super::block_on;
use super::resume::Suspended;
use super::run::drive;
use crate::args::Approve;
use crate::exit::{Exit, Usage};
use crate::past::Told;
use crate::person;
use crate::settings::Settings;
use crate::workspace;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::RunId;
use troupe_core::port::approver::Question;

pub fn run(arguments: &Approve, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    block_on(async {
        let suspended = Suspended::take(&arguments.run, &state, settings).await?;
        let run = &suspended.run;
        if suspended.record.progress.status.is_over() {
            let status = suspended.record.progress.status.word();
            return Err(Usage::error(format!("run {run} waits for nobody: it is {status}")));
        }
        let wired = suspended.wire(
            arguments.accept_changes,
            arguments.allow_host_commands,
            &state,
            settings,
        )?;
        let questions = troupe_agents::questions(&Told(suspended.store.clone()), run, &wired.workflow).await?;
        let (place, choice) = match arguments.answer.as_slice() {
            [choice] => (None, choice),
            [place, choice, ..] => (Some(place.as_str()), choice),
            [] => return Err(Usage::error("say what you choose")),
        };
        let question = find(run, &questions, place)?;
        if !question.choices.contains(choice) {
            return Err(Usage::error(format!(
                "`{choice}` is no choice of {}: it has {}",
                question.place,
                question.choices.join(", ")
            )));
        }
        let now_ms = SystemClock.now_ms();
        if question.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms) {
            return Err(Usage::error(format!(
                "the time for an answer is over ({}); `troupe resume {run}` goes on without one",
                person::describe(question)
            )));
        }
        let answer = person::answer(choice, arguments.comment.clone());
        settings.say(format!("{}: {choice}; going on with run {run}", question.place));
        let answers = vec![(question.place.clone(), answer)];
        let started_ms = suspended.record.header.started_ms;
        let begin = suspended.begin(&wired).await?;
        let exit = drive(run, &wired, &suspended.store, begin, answers, started_ms, settings).await;
        suspended.end().await;
        exit
    })
}

/// The question that is meant; without a place the only one.
fn find<'a>(run: &RunId, questions: &'a [Question], place: Option<&str>) -> anyhow::Result<&'a Question> {
    if questions.is_empty() {
        return Err(Usage::error(format!(
            "run {run} asks nothing; `troupe resume {run}` goes on with it"
        )));
    }
    let open = || person::instructions(run, questions);
    match place {
        Some(place) => {
            let meant = questions.iter().find(|question| question.place == place);
            meant.ok_or_else(|| Usage::error(format!("nothing is asked at `{place}`; what is:\n{}", open())))
        }
        None => match questions {
            [only] => Ok(only),
            _ => Err(Usage::error(format!(
                "run {run} asks {} questions; say which one you answer:\n{}",
                questions.len(),
                open()
            ))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use troupe_core::id::CallId;

    fn question(place: &str) -> Question {
        Question {
            run: RunId::parse("R").unwrap(),
            call: CallId(0),
            place: place.into(),
            step: "sign".into(),
            item: None,
            message: "Publish?".into(),
            choices: vec!["approve".into()],
            deadline_ms: None,
        }
    }

    fn check(places: &[&str], place: Option<&str>) -> Result<String, String> {
        let run = RunId::parse("R").unwrap();
        let questions: Vec<Question> = places.iter().map(|place| question(place)).collect();
        let found = find(&run, &questions, place).map(|question| question.place.clone());
        found.map_err(|error| error.to_string())
    }

    #[test]
    fn the_question_that_is_meant_or_all_that_are_open() {
        assert_eq!(check(&["sign"], None), Ok("sign".into()));
        assert_eq!(
            check(&["sign", "review[a]/sign"], Some("review[a]/sign")),
            Ok("review[a]/sign".into())
        );
        assert_eq!(
            check(&[], None),
            Err("run R asks nothing; `troupe resume R` goes on with it".into())
        );
        let open = "sign: Publish?\n  troupe approve R sign approve [--comment TEXT]";
        assert_eq!(
            check(&["sign"], Some("sing")),
            Err(format!("nothing is asked at `sing`; what is:\n{open}"))
        );
        let several = check(&["sign", "other"], None).unwrap_err();
        assert!(
            several.starts_with("run R asks 2 questions; say which one you answer:"),
            "{several}"
        );
    }
}
