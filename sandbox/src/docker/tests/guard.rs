//! What a test makes in the engine goes with it, however the test ends.

use crate::docker::Docker;
use bollard::query_parameters::ListImagesOptions;
use std::ops::Deref;
use std::thread;
use tokio::runtime;
use troupe_core::port::sandbox::{Blueprint, Sandbox, SandboxEngine as _};

/// A sandbox that is removed when the test is over.
pub(super) struct Made(Box<dyn Sandbox>);

/// Makes one.
pub(super) async fn made(engine: &Docker, blueprint: &Blueprint) -> Made {
    Made(engine.create(blueprint).await.unwrap())
}

impl Deref for Made {
    type Target = dyn Sandbox;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let id = self.0.id().to_owned();
        at_the_end(async move |engine| drop(engine.remove(&id).await));
    }
}

/// The rooms of a run, and of those that it started, which are removed when the test is over.
pub(crate) struct Rooms(pub(crate) String);

impl Drop for Rooms {
    fn drop(&mut self) {
        let run = self.0.clone();
        at_the_end(async move |engine| drop(engine.leave(&run, true).await));
    }
}

/// Works on the engine to the end, whatever becomes of the runtime of the test.
pub(crate) fn at_the_end(work: impl AsyncFnOnce(Docker) + Send + 'static) {
    let worked = thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if let Ok(engine) = Docker::connect().await {
                work(engine).await;
            }
        });
    });
    let _ = worked.join();
}

/// Images that sandboxes of this process were turned into.
pub(crate) async fn snapshots(engine: &Docker) -> Vec<String> {
    let found = engine.client.list_images(None::<ListImagesOptions>).await.unwrap();
    let own = format!("troupe-room/troupe-{}-", std::process::id());
    let names = found.into_iter().flat_map(|image| image.repo_tags);
    names.filter(|name| name.contains(&own)).collect()
}
