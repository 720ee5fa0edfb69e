//! `troupe approve`: answers a run that asks a person, and goes on with it unless a process works on it.

use super::block_on;
use super::resume::{Suspended, open};
use super::run::drive;
use crate::args::Approve;
use crate::exit::{Exit, Usage};
use crate::past::{self, Told};
use crate::settings::Settings;
use crate::word::{Said, say};
use crate::{person, report, wire, workspace};
use serde_json::json;
use std::path::Path;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::RunId;
use troupe_core::ir::Workflow;
use troupe_core::port::approver::{Answer, Question};
use troupe_core::port::dispatch::Word;
use troupe_core::port::journal::{Lease, RunRecord};
use troupe_store::Store;

pub fn run(arguments: &Approve, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    block_on(async {
        let (store, record) = open(&arguments.run, &state).await?;
        let approval = Approval {
            arguments,
            record: &record,
            store: &store,
            state: &state,
            settings,
        };
        let exit = approval.give().await;
        store.close().await;
        exit
    })
}

struct Approval<'a> {
    arguments: &'a Approve,
    record: &'a RunRecord,
    store: &'a Store,
    state: &'a Path,
    settings: &'a Settings,
}

impl Approval<'_> {
    async fn give(&self) -> anyhow::Result<Exit> {
        let run = &self.record.header.run;
        let status = self.record.progress.status;
        if status.is_over() {
            let status = status.word();
            return Err(Usage::error(format!("run {run} waits for nobody: it is {status}")));
        }
        // What the run asks follows from the text that it was started from, wherever the file is by now.
        let workflow = past::compiled(&self.record.header)?;
        let questions = troupe_agents::questions(&self.told_journal(), run, &workflow).await?;
        let (question, choice) = chosen(run, &questions, &self.arguments.answer)?;
        // Nobody is to find a secret where words wait, either.
        let comment = self.arguments.comment.clone();
        let answer = wire::known_secrets(&workflow).conceal_answer(person::answer(choice, comment));
        let word = Word::Answer {
            run: question.run.clone(),
            call: question.call,
            answer,
        };
        match say(self.store, self.state, run, word).await? {
            Said::Free(lease) => self.go_on(lease, question, choice, &workflow).await,
            Said::Heard(by) => {
                self.is_decided_so(question, choice, &workflow).await?;
                self.told(question, choice, &by, "which works on the run")
            }
            Said::Left(by) => self.told(
                question,
                choice,
                &by,
                "which works on the run and has not come to it yet",
            ),
        }
    }

    /// Nobody works on the run: the answer is the first that this process takes up.
    async fn go_on(
        &self,
        lease: Box<dyn Lease>,
        question: &Question,
        choice: &str,
        workflow: &Workflow,
    ) -> anyhow::Result<Exit> {
        let (arguments, settings) = (self.arguments, self.settings);
        let run = &self.record.header.run;
        let suspended = Suspended::under(lease, run, self.store, settings).await?;
        if suspended.record.progress.status.is_over() {
            // Whoever worked on it until now has taken this answer, or ended it otherwise.
            if self.is_decided_so(question, choice, workflow).await? {
                return self.told(question, choice, "the process", "which worked on the run");
            }
            let status = suspended.record.progress.status.word();
            return Err(Usage::error(format!("run {run} waits for nobody: it is {status}")));
        }
        let wired = suspended
            .wire(
                arguments.accept_changes,
                arguments.allow_host_commands,
                self.state,
                settings,
            )
            .map_err(|error| {
                Usage::error(format!(
                    "{error}\nyour answer is kept for whoever goes on with run {run}"
                ))
            })?;
        settings.say(format!("{}: {choice}; going on with run {run}", question.place));
        let started_ms = self.record.header.started_ms;
        let begin = suspended.begin(&wired).await?;
        let exit = drive(run, &wired, self.store, begin, started_ms, settings).await?;
        drop(suspended);
        self.is_decided_so(question, choice, workflow).await?;
        Ok(exit)
    }

    fn told_journal(&self) -> Told {
        Told(self.store.clone())
    }

    /// Whether this is what was decided, if anything was: one answer decides, and whoever gave another one
    /// is told which.
    async fn is_decided_so(&self, question: &Question, choice: &str, workflow: &Workflow) -> anyhow::Result<bool> {
        match troupe_agents::decided(&self.told_journal(), question, workflow).await? {
            Some(Answer { choice: other, by, .. }) if other != choice => {
                anyhow::bail!("{} was decided before: {other}, by {by}", question.place)
            }
            decision => Ok(decision.is_some()),
        }
    }

    fn told(&self, question: &Question, choice: &str, by: &str, who: &str) -> anyhow::Result<Exit> {
        let (run, place) = (&self.record.header.run, &question.place);
        if self.settings.json {
            report::print_json(&json!({ "run": run, "step": place, "choice": choice, "told": by }))?;
        }
        self.settings.say(format!("{place}: {choice}; told {by}, {who}"));
        Ok(Exit::Succeeded)
    }
}

/// The question that is answered, and how.
fn chosen<'a>(run: &RunId, questions: &'a [Question], answer: &'a [String]) -> anyhow::Result<(&'a Question, &'a str)> {
    let (place, choice) = match answer {
        [choice] => (None, choice),
        [place, choice, ..] => (Some(place.as_str()), choice),
        [] => return Err(Usage::error("say what you choose")),
    };
    let question = find(run, questions, place)?;
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
    Ok((question, choice))
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
