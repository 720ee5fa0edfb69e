//! How much room environments take above their base images.

use crate::environments::Kept;
use std::collections::{HashMap, HashSet};
use troupe_core::port::pool::Environment;
use troupe_sandbox::docker::Docker;

/// Those whose images are there, with the layers that their bases do not have.
pub(super) async fn kept(engine: &Docker, environments: &[Environment]) -> anyhow::Result<Vec<Kept>> {
    let mut bases: HashMap<&str, HashSet<String>> = HashMap::new();
    let mut kept = Vec::new();
    for environment in environments {
        let Some(mut layers) = engine.layers(&environment.image).await? else {
            continue;
        };
        let base = environment.base.as_str();
        if !bases.contains_key(base) {
            // A base that is gone counts with those that stand on it.
            let layers = engine.layers(base).await?.unwrap_or_default();
            bases.insert(base, layers.into_iter().map(|layer| layer.id).collect());
        }
        layers.retain(|layer| !bases[base].contains(&layer.id));
        kept.push(Kept {
            image: environment.image.clone(),
            last_used_ms: environment.last_used_ms(),
            layers,
        });
    }
    Ok(kept)
}
