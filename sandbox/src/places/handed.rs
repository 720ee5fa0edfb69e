//! Files of earlier commands, there for those that are told their paths: in a sandbox under [`FOLDER`], which nobody can
//! write, and on the machine itself where they are kept.

use super::Places;
use crate::artifact::Taking;
use std::collections::BTreeSet;
use troupe_core::artifact::{self, FOLDER, Wanted};
use troupe_core::effect::Command;
use troupe_core::port::blob::Digest;
use troupe_core::port::sandbox::{Blueprint, Execution, Mount};
use troupe_core::port::{Error, ErrorKind};

impl Places {
    /// What a command is to give, and who keeps it.
    pub(super) fn taking<'a>(&'a self, wanted: Option<&'a Wanted>) -> Result<Option<Taking<'a>>, Error> {
        let Some(wanted) = wanted else { return Ok(None) };
        match &self.artifacts {
            Some(keeper) => Ok(Some(Taking {
                wanted,
                keeper: keeper.as_ref(),
            })),
            None => Err(Error::new(
                ErrorKind::Other,
                "nobody keeps the artifacts of commands here",
            )),
        }
    }

    /// Refuses a command that is told of files which are not here.
    pub(super) async fn refuse_absent(&self, command: &Command) -> Result<(), Error> {
        let Some(keeper) = &self.artifacts else { return Ok(()) };
        for set in mentioned(command) {
            if keeper.find(&set).await?.is_none() {
                let message = format!(
                    "the files below {} are not in this workspace any more: run the step that made them again, \
                     or import the run with them",
                    artifact::folder_of(&set)
                );
                return Err(Error::new(ErrorKind::Missing, message));
            }
        }
        Ok(())
    }

    /// What a sandbox sees of the files that a command is told of. One that stays sees a view of its run, in which more
    /// can appear later; one that is made for the command sees the sets themselves.
    pub(super) async fn handed(&self, blueprint: &Blueprint, execution: &Execution) -> Result<Vec<Mount>, Error> {
        let Some(keeper) = &self.artifacts else {
            return Ok(Vec::new());
        };
        let stdin = execution
            .stdin
            .as_deref()
            .and_then(|stdin| std::str::from_utf8(stdin).ok());
        let values = execution.env.iter().map(|(_, value)| value.as_str());
        let texts = execution
            .arguments
            .iter()
            .map(String::as_str)
            .chain(values)
            .chain(stdin);
        let sets: Vec<Digest> = texts
            .flat_map(artifact::mentioned)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if let Some(room) = &blueprint.room {
            return Ok(vec![Mount {
                host: keeper.show(&room.run, &sets).await?,
                inside: FOLDER.to_owned(),
            }]);
        }
        let mut mounts = Vec::new();
        for set in sets {
            mounts.extend(keeper.find(&set).await?.map(|host| Mount {
                host,
                inside: artifact::folder_of(&set),
            }));
        }
        Ok(mounts)
    }

    /// A command on this machine, which is told where the files lie here.
    pub(super) async fn relocated(&self, mut command: Command) -> Result<Command, Error> {
        let Some(keeper) = &self.artifacts else {
            return Ok(command);
        };
        for set in mentioned(&command) {
            let Some(folder) = keeper.find(&set).await? else {
                continue;
            };
            let folder = folder.display().to_string();
            let texts = command
                .arguments
                .iter_mut()
                .chain(command.env.iter_mut().map(|(_, value)| value));
            for text in texts.chain(&mut command.stdin) {
                *text = artifact::relocated(text, &set, &folder);
            }
        }
        Ok(command)
    }

    /// Removes what the rooms of a run saw.
    pub(super) async fn put_away(&self, run: &str) {
        if let Some(keeper) = &self.artifacts {
            // What cannot be removed now is found by `gc` later.
            let _ = keeper.hide(run).await;
        }
    }
}

/// The sets that a command is told of.
fn mentioned(command: &Command) -> BTreeSet<Digest> {
    let texts = command
        .arguments
        .iter()
        .chain(command.env.iter().map(|(_, value)| value));
    texts
        .chain(&command.stdin)
        .flat_map(|text| artifact::mentioned(text))
        .collect()
}
