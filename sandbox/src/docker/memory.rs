//! Whether memory ran out in a container.

/// Prints what the kernel counted, in the second version of control groups and in the first.
pub(super) const COUNT: &str =
    "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null; true";

/// Processes that were killed for want of memory, as [`COUNT`] prints them (Linux, `cgroup-v2`, `memory.events`).
pub(super) fn killed(printed: &str) -> u64 {
    let counts = printed.lines().filter_map(|line| line.strip_prefix("oom_kill "));
    counts.filter_map(|count| count.trim().parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_counted_in_both_versions() {
        assert_eq!(
            killed("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"),
            2
        );
        assert_eq!(killed("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"), 1);
        assert_eq!(killed(""), 0);
    }
}
