//! People who answer a run's questions: with a command, or at the terminal.

use crate::report;
use crate::settings::Settings;
use async_trait::async_trait;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use troupe_core::id::RunId;
use troupe_core::port::approver::{Answer, Approver, Question};
use troupe_tui::sanitise;

/// An answer to the question at a place.
pub type Given = (String, Answer);

/// Gives each answer once; nobody answers any other question.
pub struct Answers(Mutex<Vec<Given>>);

impl Answers {
    /// These and no others.
    pub fn new(given: Vec<Given>) -> Self {
        Self(Mutex::new(given))
    }
}

#[async_trait]
impl Approver for Answers {
    async fn ask(&self, question: Question) -> Option<Answer> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = given.iter().position(|(place, _)| *place == question.place)?;
        Some(given.swap_remove(at).1)
    }
}

/// Who uses this terminal.
pub fn name() -> String {
    let name = |variable| std::env::var(variable).ok().filter(|name| !name.is_empty());
    let name = name("USER").or_else(|| name("LOGNAME"));
    name.unwrap_or_else(|| "the command line".to_owned())
}

/// The answer of whoever uses this terminal.
pub fn answer(choice: &str, comment: Option<String>) -> Answer {
    Answer {
        choice: choice.to_owned(),
        comment: comment.filter(|text| !text.trim().is_empty()),
        by: name(),
    }
}

/// Asks the person at the terminal, if there is one, until that person has enough; called when no view
/// is drawn and everything waits.
pub async fn ask(questions: &[Question], settings: &Settings) -> Vec<Given> {
    let mut given = Vec::new();
    if settings.json || settings.quiet || !settings.terminal || !std::io::stdin().is_terminal() {
        return given;
    }
    for question in questions {
        let (text, choices) = (describe(question), question.choices.clone());
        let (say, heard) = tokio::sync::oneshot::channel();
        // A thread of its own, which the end of the program does not wait for.
        std::thread::spawn(move || say.send(prompt(&text, &choices)));
        let answered = tokio::select! {
            answered = heard => answered.ok().flatten(),
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some(answer) = answered else { break };
        given.push((question.place.clone(), answer));
    }
    given
}

/// None when the person does not want to decide now.
fn prompt(question: &str, choices: &[String]) -> Option<Answer> {
    let numbered: Vec<String> = (1..).zip(choices).map(|(n, choice)| format!("{n} {choice}")).collect();
    loop {
        anstream::eprintln!("{question}");
        anstream::eprint!("{}; nothing to decide later: ", numbered.join(", "));
        let typed = line()?;
        if let Some(choice) = chosen(&typed, choices) {
            anstream::eprint!("a comment, or nothing: ");
            return Some(answer(choice, line()));
        }
        if typed.is_empty() {
            return None;
        }
    }
}

fn chosen<'a>(typed: &str, choices: &'a [String]) -> Option<&'a str> {
    let by_number = || choices.get(typed.parse::<usize>().ok()?.checked_sub(1)?);
    let by_word = choices.iter().find(|choice| choice.as_str() == typed);
    by_word.or_else(by_number).map(String::as_str)
}

fn line() -> Option<String> {
    let mut text = String::new();
    match std::io::stdin().read_line(&mut text) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(text.trim().to_owned()),
    }
}

/// What waits, and exactly how to answer.
pub fn instructions(run: &RunId, questions: &[Question]) -> String {
    let mut text = String::new();
    for question in questions {
        let _ = writeln!(text, "{}", describe(question));
        for choice in &question.choices {
            let (place, choice) = (quoted(&question.place), quoted(choice));
            let _ = writeln!(text, "  troupe approve {run} {place} {choice} [--comment TEXT]");
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// `sign_off: Publish?, until 2026-11-22T13:17:57Z`
pub fn describe(question: &Question) -> String {
    let until = question.deadline_ms.map(report::rfc3339);
    let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
    format!("{}: {}{until}", sanitise(&question.place), sanitise(&question.message))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", sanitise(word).replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use troupe_core::id::CallId;

    fn question(place: &str, deadline_ms: Option<u64>) -> Question {
        Question {
            run: RunId::parse("R").unwrap(),
            call: CallId(0),
            place: place.into(),
            step: "sign".into(),
            item: None,
            message: "Publish\u{1b}[2J?".into(),
            choices: vec!["approve".into(), "not yet".into()],
            deadline_ms,
        }
    }

    #[test]
    fn instructions_can_be_pasted() {
        let questions = [
            question("sign", None),
            question("review[it's]/sign", Some(951_827_696_000)),
        ];
        insta::assert_snapshot!(instructions(&RunId::parse("R").unwrap(), &questions), @r"
        sign: Publish^[[2J?
          troupe approve R sign approve [--comment TEXT]
          troupe approve R sign 'not yet' [--comment TEXT]
        review[it's]/sign: Publish^[[2J?, until 2000-02-29T12:34:56Z
          troupe approve R 'review[it'\''s]/sign' approve [--comment TEXT]
          troupe approve R 'review[it'\''s]/sign' 'not yet' [--comment TEXT]
        ");
    }

    #[test]
    fn a_choice_is_typed_as_a_word_or_a_number() {
        let choices = ["approve".to_owned(), "2nd".to_owned()];
        let cases = [
            ("approve", Some("approve")),
            ("2", Some("2nd")),
            ("0", None),
            ("3", None),
            ("app", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(chosen(typed, &choices), expected, "{typed}");
        }
    }
}
