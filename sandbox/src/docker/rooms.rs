//! Sandboxes that stay: found again by the name of their room, brought in line with what is asked for now, copied for
//! another run, and removed.

mod renew;

use super::container::{Container, kill};
use super::create::{self, Base};
use super::door::Door;
use super::{BELOW, Docker, IMAGE, NAME, ROOM, RUN, SHAPE, WORKSPACE};
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum as State};
use bollard::query_parameters::ListImagesOptionsBuilder;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use troupe_core::port::room::Found;
use troupe_core::port::sandbox::{Blueprint, Rights, Room, Sandbox as _, SandboxEngine as _};
use troupe_core::port::{Error, ErrorKind};

/// Labels a container that another one is turned into with that one: while both are there, it is not finished.
const FROM: &str = "troupe.from";
/// The shape of a copy: whoever goes on with it brings it in line first.
const COPY: &str = "copy";
/// How long an image may stand alone before the container is made that stands on it.
const GRACE: Duration = Duration::from_secs(3_600);

/// A sandbox that is kept for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The engine's name for it.
    pub id: String,
    /// The run.
    pub run: String,
    /// The run's name, a `/`, and its name in the run.
    pub name: String,
    /// The folder in which the run is kept.
    pub workspace: String,
    /// The image that was asked for.
    pub image: String,
    /// Bytes that its own files take, as far as that was asked.
    pub bytes: u64,
    /// Whether anything may run in it.
    pub runs: bool,
    /// The container's name.
    pub container: String,
    /// The image that it stands on.
    pub base: String,
    /// Bytes of its own files that lie in that image.
    pub below: u64,
    /// What cannot be changed in it.
    pub shape: String,
}

impl Docker {
    /// The sandbox of a blueprint's room, and what is in it of earlier commands: without anything that still ran in
    /// it, and as the blueprint wants it.
    pub(crate) async fn enter(&self, blueprint: &Blueprint) -> Result<(Container, Found), Error> {
        let name = blueprint.room.as_ref().map_or("", |room| &room.name);
        let Some(kept) = self.room(name).await? else {
            return Ok((self.start(blueprint).await?, Found::Nothing));
        };
        if kept.shape != create::shape(blueprint) || kept.image != blueprint.image {
            return self.renewed(&kept, blueprint).await;
        }
        let door = Door::open(blueprint, &kept.container, &self.way)?;
        let container = self.container(kept.id.clone(), blueprint, door, kept.below);
        match container.halt().await {
            Ok(()) => Ok((container, Found::Files)),
            // What it sees of this machine may lie elsewhere by now.
            Err(_) => self.renewed(&kept, blueprint).await,
        }
    }

    /// Leaves the rooms of a run and of those that it started: removed, or with nothing that runs in them.
    pub(crate) async fn leave(&self, run: &str, has_succeeded: bool) -> Result<(), Error> {
        for kept in self.kept(false).await?.iter().filter(|kept| is_within(&kept.run, run)) {
            match has_succeeded {
                true => self.discard(kept).await?,
                false => kill(&self.client, &kept.id).await,
            }
        }
        Ok(())
    }

    /// All sandboxes that are kept for runs, with what they take where that is asked: the engine has to look at their
    /// files to tell.
    ///
    /// # Errors
    /// When the engine cannot list them.
    pub async fn kept(&self, with_sizes: bool) -> Result<Vec<Kept>, Error> {
        let found = self.listed(ROOM, with_sizes).await?;
        Ok(found.into_iter().map(kept).collect())
    }

    /// Removes a sandbox that is kept, and the image that it alone stands on. One that is not there is no error.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn discard(&self, kept: &Kept) -> Result<(), Error> {
        self.remove(&kept.id).await?;
        self.forget_snapshot(&kept.base).await
    }

    /// Begins the room of another run as a copy of one that is kept: that one stays as it is, and its commands pause
    /// meanwhile.
    ///
    /// # Errors
    /// When the engine cannot make it; then nothing of it is left.
    pub async fn copy(&self, original: &Kept, room: Room) -> Result<Kept, Error> {
        let base = Base {
            labels: vec![(SHAPE, COPY.to_owned())],
            ..self.snapshot(original).await?
        };
        let blueprint = Blueprint {
            rights: Rights::Install,
            room: Some(room.clone()),
            ..Blueprint::new(&original.image, "/", format!("run {}", room.run))
        };
        let made = async {
            // Whoever fills it, works in it.
            let container = self.start_on(&blueprint, &base).await?;
            let filled = self.filled(original, &container).await;
            if filled.is_err() {
                let _ = container.remove().await;
            }
            kill(&self.client, &container.id).await;
            filled?;
            let missing = || Error::new(ErrorKind::Missing, format!("the copy `{}` is gone already", room.name));
            self.room(&room.name).await?.ok_or_else(missing)
        };
        let made = made.await;
        if made.is_err() {
            let _ = self.forget_snapshot(&base.image).await;
        }
        made
    }

    /// Removes images of sandboxes on which no container came to stand.
    ///
    /// # Errors
    /// When the engine cannot list or remove them.
    pub async fn forget_snapshots(&self) -> Result<(), Error> {
        let options = ListImagesOptionsBuilder::new().build();
        let found = self.client.list_images(Some(options)).await;
        let found = found.map_err(|error| self.fault.of("cannot list images", error))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_old = |created: i64| Duration::from_secs(u64::try_from(created).unwrap_or(0)) + GRACE < now;
        for image in found.into_iter().filter(|image| is_old(image.created)) {
            for name in &image.repo_tags {
                self.forget_snapshot(name).await?;
            }
        }
        Ok(())
    }

    /// The one sandbox of a room. What it was to be turned into, by a process that ended in between, is removed.
    async fn room(&self, name: &str) -> Result<Option<Kept>, Error> {
        let found = self.labelled(&format!("{ROOM}={name}")).await?;
        let ids: Vec<String> = found.iter().filter_map(|it| it.id.clone()).collect();
        let from = |it: &ContainerSummary| it.labels.as_ref().and_then(|labels| labels.get(FROM).cloned());
        let mut whole = None;
        for summary in found {
            let is_finished = from(&summary).is_none_or(|from| !ids.contains(&from));
            match is_finished && whole.is_none() {
                true => whole = Some(kept(summary)),
                false => self.discard(&kept(summary)).await?,
            }
        }
        Ok(whole)
    }
}

fn kept(summary: ContainerSummary) -> Kept {
    let mut labels = summary.labels.unwrap_or_default();
    let mut label = |name: &str| labels.remove(name).unwrap_or_default();
    let below = label(BELOW).parse().unwrap_or(0);
    let own = summary.size_rw.and_then(|bytes| u64::try_from(bytes).ok());
    Kept {
        id: summary.id.unwrap_or_default(),
        run: label(RUN),
        name: label(ROOM),
        workspace: label(WORKSPACE),
        image: label(IMAGE),
        bytes: own.unwrap_or(0) + below,
        runs: matches!(summary.state, Some(State::RUNNING | State::PAUSED | State::RESTARTING)),
        container: label(NAME),
        base: summary.image.unwrap_or_default(),
        below,
        shape: label(SHAPE),
    }
}

/// Whether a run is another one, or was started by it or by one that it started.
pub(crate) fn is_within(run: &str, other: &str) -> bool {
    run.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
