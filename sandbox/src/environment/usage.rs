//! What a sandbox has used so far, as the kernel counts it for its control group.

use std::time::Duration;
use troupe_core::port::pool::Usage;
use troupe_core::port::sandbox::{Deaf, Execution, Sandbox};

/// Prints the counters of the second version of control groups, and else of the first (Linux, `cgroup-v2`, `memory.peak`
/// and `cpu.stat`; `cgroup-v1/memory` and `cgroup-v1/cpuacct`).
const READ: &str = "cd /sys/fs/cgroup || exit 0
echo peak $(cat memory.peak || cat memory/memory.max_usage_in_bytes)
cat cpu.stat
echo usage_nsec $(cat cpuacct/cpuacct.usage)";

/// What it has used. What cannot be told is left out: nothing depends on it.
pub(super) async fn measured(sandbox: &dyn Sandbox) -> Usage {
    let read = Execution {
        arguments: ["sh", "-c", READ].map(str::to_owned).to_vec(),
        timeout: Some(Duration::from_secs(10)),
        ..Execution::script("")
    };
    match sandbox.execute(read, &mut Deaf).await {
        Ok(ended) => usage(&ended.stdout),
        Err(_) => Usage::default(),
    }
}

fn usage(printed: &str) -> Usage {
    let count = |name: &str| {
        let rest = printed
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        rest.and_then(|rest| rest.trim().parse::<u64>().ok())
    };
    let (microseconds, nanoseconds) = (count("usage_usec"), count("usage_nsec"));
    Usage {
        peak_memory_bytes: count("peak"),
        processor_ms: microseconds
            .map(|it| it / 1_000)
            .or(nanoseconds.map(|it| it / 1_000_000)),
        image_bytes: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_read() {
        let told = |memory, processor| Usage {
            peak_memory_bytes: memory,
            processor_ms: processor,
            image_bytes: None,
        };
        let second = "peak 1048576\nusage_usec 2500999\nuser_usec 1\nusage_nsec\n";
        assert_eq!(usage(second), told(Some(1_048_576), Some(2_500)));
        assert_eq!(usage("peak 7\nusage_nsec 3000000\n"), told(Some(7), Some(3)));
        assert_eq!(usage("peak\nusage_nsec\n"), told(None, None));
    }
}
