//! A blueprint as the engine wants it.

use super::{MAKER, NAME, OWNER, ROOM, RUN, maker};
use bollard::models::{ContainerCreateBody, HostConfig, Mount as Mounted, MountType};
use std::collections::HashMap;
use troupe_core::port::sandbox::{Blueprint, Mount, Network, Rights};

/// Waits for ever, and takes in whoever lost their parent.
const WAIT: &str = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done";

/// Capabilities that package managers need (capabilities(7)): the engine's own default without those for raw
/// sockets, devices, low ports, other roots and the audit log.
const INSTALL: [&str; 7] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID", "KILL"];

const MIB: i64 = 1 << 20;

/// The body of a request for a container of this name, which sees more than its blueprint says.
pub(super) fn body(blueprint: &Blueprint, name: &str, mounts: &[Mount]) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(blueprint.image.clone()),
        entrypoint: Some(["sh", "-c", WAIT].map(str::to_owned).to_vec()),
        cmd: Some(Vec::new()),
        user: Some("root".to_owned()),
        working_dir: Some(blueprint.directory.clone()),
        labels: Some(labels(blueprint, name)),
        host_config: Some(host(blueprint, mounts)),
        ..ContainerCreateBody::default()
    }
}

fn labels(blueprint: &Blueprint, name: &str) -> HashMap<String, String> {
    let room = blueprint.room.iter();
    let room = room.flat_map(|room| [(RUN, room.run.clone()), (ROOM, room.name.clone())]);
    let own = [
        (OWNER, blueprint.owner.clone()),
        (MAKER, maker::own()),
        (NAME, name.to_owned()),
    ];
    let all = own.into_iter().chain(room);
    all.map(|(label, value)| (label.to_owned(), value)).collect()
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
