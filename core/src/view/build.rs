//! A build of an environment as people see it: its attempts, their commands, and what came of it.

use crate::port::build::{BuildEntry, BuildEvent, Command, Way};

/// A build, folded from what is told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildView {
    /// The instance that it is for.
    pub instance: String,
    /// The instance's repository.
    pub repository: String,
    /// The key of the effect that asked for it, where a run did.
    pub asked_by: Option<String>,
    /// Attempts from scratch that it may make; 0 where a kept environment is checked again.
    pub attempts_max: u32,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// When something last happened.
    pub updated_ms: u64,
    /// What was tried, in order.
    pub attempts: Vec<AttemptView>,
    /// What came of it; none while it is at work.
    pub ending: Option<BuildEnding>,
}

/// What came of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildEnding {
    /// Whether the environment is verified.
    pub verified: bool,
    /// Why it ended so, in a sentence.
    pub reason: String,
    /// The environment's image, where it is verified.
    pub image: Option<String>,
}

/// An attempt of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// Which way it goes.
    pub way: Way,
    /// From 1, among those of its build that start from a base image; none of others.
    pub number: Option<u32>,
    /// The image that it starts from.
    pub from: String,
    /// The image that is made or tested.
    pub image: String,
    /// Why its plan is as it is, a line each.
    pub reasons: Vec<String>,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// The verdict's name; none before it ended, and where nothing could be checked.
    pub verdict: Option<String>,
    /// Whether its image is verified.
    pub verified: bool,
    /// What it came to, in a sentence; none before it ended.
    pub reason: Option<String>,
    /// Its commands, in order.
    pub commands: Vec<CommandView>,
}

/// A command of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandView {
    /// What for.
    pub command: Command,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// Its exit code; none before it ended, and where it was given up.
    pub code: Option<i32>,
}

impl BuildView {
    /// Takes what happened next.
    pub fn fold(&mut self, entry: &BuildEntry) {
        let at_ms = entry.at_ms;
        self.updated_ms = at_ms;
        match &entry.event {
            BuildEvent::Begun {
                instance,
                repository,
                asked_by,
                attempts,
            } => {
                *self = Self {
                    instance: instance.clone(),
                    repository: repository.clone(),
                    asked_by: asked_by.clone(),
                    attempts_max: *attempts,
                    started_ms: at_ms,
                    updated_ms: at_ms,
                    ..Self::default()
                };
            }
            BuildEvent::AttemptBegun {
                way,
                from,
                image,
                reasons,
            } => {
                self.close(at_ms);
                let number = matches!(way, Way::Scratch | Way::Given).then(|| self.numbered() + 1);
                self.attempts.push(AttemptView {
                    way: *way,
                    number,
                    from: from.clone(),
                    image: image.clone(),
                    reasons: reasons.clone(),
                    started_ms: at_ms,
                    ended_ms: None,
                    verdict: None,
                    verified: false,
                    reason: None,
                    commands: Vec::new(),
                });
            }
            BuildEvent::CommandBegun { command } => {
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.close(at_ms);
                    attempt.commands.push(CommandView {
                        command: *command,
                        started_ms: at_ms,
                        ended_ms: None,
                        code: None,
                    });
                }
            }
            BuildEvent::CommandEnded { code } => {
                let attempt = self.attempts.last_mut();
                if let Some(command) = attempt.and_then(|attempt| attempt.commands.last_mut()) {
                    (command.ended_ms, command.code) = (Some(at_ms), Some(*code));
                }
            }
            BuildEvent::AttemptEnded {
                verdict,
                verified,
                reason,
            } => {
                self.close(at_ms);
                if let Some(attempt) = self.attempts.last_mut() {
                    (attempt.verdict, attempt.verified) = (verdict.clone(), *verified);
                    attempt.reason = Some(reason.clone());
                }
            }
            BuildEvent::Over {
                verified,
                reason,
                image,
            } => {
                self.close(at_ms);
                self.ending = Some(BuildEnding {
                    verified: *verified,
                    reason: reason.clone(),
                    image: image.clone(),
                });
            }
        }
    }

    /// The attempt and the command at work, if one is.
    pub fn at_work(&self) -> Option<(&AttemptView, Option<&CommandView>)> {
        let attempt = self.attempts.last().filter(|attempt| attempt.ended_ms.is_none())?;
        Some((
            attempt,
            attempt.commands.last().filter(|command| command.ended_ms.is_none()),
        ))
    }

    fn numbered(&self) -> u32 {
        self.attempts
            .iter()
            .filter_map(|attempt| attempt.number)
            .max()
            .unwrap_or(0)
    }

    fn close(&mut self, at_ms: u64) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.close(at_ms);
            attempt.ended_ms.get_or_insert(at_ms);
        }
    }
}

impl AttemptView {
    fn close(&mut self, at_ms: u64) {
        if let Some(command) = self.commands.last_mut() {
            command.ended_ms.get_or_insert(at_ms);
        }
    }
}
