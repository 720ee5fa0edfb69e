//! A blueprint as the engine wants it.

use super::{BELOW, IMAGE, MAKER, NAME, OWNER, ROOM, RUN, SHAPE, WORKSPACE, maker};
use bollard::models::{ContainerCreateBody, HostConfig, Mount as Mounted, MountType};
use std::collections::HashMap;
use troupe_core::port::sandbox::{Blueprint, Mount, Network, Rights};

/// Waits for ever, and takes in whoever lost their parent.
const WAIT: &str = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done";

/// Capabilities that package managers need (capabilities(7)): the engine's own default without those for raw
/// sockets, devices, low ports, other roots and the audit log.
const INSTALL: [&str; 7] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID", "KILL"];

const MIB: i64 = 1 << 20;

/// What a container is made on, where that is not its blueprint's image alone.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// The image.
    pub(super) image: String,
    /// Labels besides those that follow from the blueprint, or in their place.
    pub(super) labels: Vec<(&'static str, String)>,
    /// Bytes in the image that count as the container's own.
    pub(super) below: u64,
}

impl Base {
    /// The blueprint's image.
    pub(super) fn of(blueprint: &Blueprint) -> Self {
        Self {
            image: blueprint.image.clone(),
            labels: Vec::new(),
            below: 0,
        }
    }
}

/// The body of a request for a container of this name, which sees more than its blueprint says.
pub(super) fn body(blueprint: &Blueprint, base: &Base, name: &str, mounts: &[Mount]) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(base.image.clone()),
        entrypoint: Some(["sh", "-c", WAIT].map(str::to_owned).to_vec()),
        cmd: Some(Vec::new()),
        user: Some("root".to_owned()),
        working_dir: Some(blueprint.directory.clone()),
        labels: Some(labels(blueprint, base, name)),
        host_config: Some(host(blueprint, mounts)),
        ..ContainerCreateBody::default()
    }
}

fn labels(blueprint: &Blueprint, base: &Base, name: &str) -> HashMap<String, String> {
    let room = blueprint.room.iter().flat_map(|room| {
        [
            (RUN, room.run.clone()),
            (ROOM, room.name.clone()),
            (WORKSPACE, room.workspace.clone()),
            (IMAGE, blueprint.image.clone()),
            (SHAPE, shape(blueprint)),
            (BELOW, base.below.to_string()),
        ]
    });
    let own = [
        (OWNER, blueprint.owner.clone()),
        (MAKER, maker::own()),
        (NAME, name.to_owned()),
    ];
    let all = own.into_iter().chain(room).chain(base.labels.iter().cloned());
    all.map(|(label, value)| (label.to_owned(), value)).collect()
}

/// What cannot be changed in a container once it is made, but for its image. By what it reaches listed hosts may lie
/// elsewhere each time.
pub(super) fn shape(blueprint: &Blueprint) -> String {
    let has_door = matches!(blueprint.network, Network::Hosts(_));
    let made = serde_json::json!([host(blueprint, &[]), blueprint.directory, has_door]);
    blake3::hash(made.to_string().as_bytes()).to_hex()[..16].to_owned()
}

fn host(blueprint: &Blueprint, mounts: &[Mount]) -> HostConfig {
    let resources = &blueprint.resources;
    let memory = resources.memory_mb.map(|mebibytes| i64::from(mebibytes) * MIB);
    let added: &[&str] = match blueprint.rights {
        Rights::Least => &[],
        Rights::Install => &INSTALL,
    };
    let mounts = blueprint.mounts.iter().chain(mounts).map(|mount| Mounted {
        typ: Some(MountType::BIND),
        source: Some(mount.host.to_string_lossy().into_owned()),
        target: Some(mount.inside.clone()),
        read_only: Some(true),
        ..Mounted::default()
    });
    HostConfig {
        network_mode: match blueprint.network {
            // Listed hosts are reached by a door, and nothing is reached in another way.
            Network::None | Network::Hosts(_) => Some("none".to_owned()),
            Network::All => None,
        },
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(added.iter().map(|name| (*name).to_owned()).collect()),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        memory,
        // Swap counts as memory: with more of it a container would slow the machine down instead of ending.
        memory_swap: memory,
        nano_cpus: resources
            .cpu_thousandths
            .map(|thousandths| i64::from(thousandths) * 1_000_000),
        pids_limit: resources.pids.map(i64::from),
        mounts: Some(mounts.collect()),
        ..HostConfig::default()
    }
}
