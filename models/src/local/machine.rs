//! What this machine has for models: memory that is free, and instructions of its processor.

use std::path::Path;

/// Bytes that this process may still take: what the system has, and what its control group leaves it. None where the
/// system does not say.
pub fn available_memory() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let system = read("/proc/meminfo").and_then(|text| system(&text));
    let group = read("/proc/self/cgroup").and_then(|text| group(&text, Path::new("/sys/fs/cgroup")));
    system.into_iter().chain(group).min()
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn system(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// What the narrowest group from this process's up to the root leaves: its limit less what it uses, where pages that
/// only mirror files count as free (the kernel's `cgroup-v2.rst`, and v1's `memory.txt`).
fn group(groups: &str, root: &Path) -> Option<u64> {
    let left = groups.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let path = path.trim_start_matches('/');
        match controllers {
            "" => narrowest(root, path, ["memory.max", "memory.current", "inactive_file "]),
            list if list.split(',').any(|name| name == "memory") => {
                let names = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "];
                narrowest(&root.join("memory"), path, names)
            }
            _ => None,
        }
    });
    left.min()
}

fn narrowest(root: &Path, path: &str, [limit, used, inactive]: [&str; 3]) -> Option<u64> {
    let number = |path: &Path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let folder = root.join(path);
    let within = folder.ancestors().take_while(|folder| folder.starts_with(root));
    let left = within.filter_map(|folder| {
        // `max`, which is no number, is no limit.
        let limit = number(&folder.join(limit))?;
        let used = number(&folder.join(used)).unwrap_or(0);
        let statistics = std::fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let mirrors = statistics.lines().find_map(|line| line.strip_prefix(inactive));
        let mirrors = mirrors.and_then(|number| number.parse().ok()).unwrap_or(0);
        Some(limit.saturating_sub(used.saturating_sub(mirrors)))
    });
    left.min()
}

/// The instructions that make models fast and that this processor has, the widest last.
pub fn instructions() -> Vec<&'static str> {
    let mut has = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as detected;
        let known = [
            ("avx2", detected!("avx2")),
            ("fma", detected!("fma")),
            ("avx512", detected!("avx512f")),
            ("avx512-vnni", detected!("avx512vnni")),
            ("avx512-bf16", detected!("avx512bf16")),
        ];
        has.extend(known.iter().filter(|(_, there)| *there).map(|(name, _)| *name));
    }
    #[cfg(target_arch = "aarch64")]
    {
        use std::arch::is_aarch64_feature_detected as detected;
        let known = [("neon", detected!("neon")), ("dotprod", detected!("dotprod"))];
        has.extend(known.iter().filter(|(_, there)| *there).map(|(name, _)| *name));
    }
    has
}

/// Whether this program was built for Nvidia's devices.
pub const HAS_CUDA: bool = cfg!(feature = "cuda");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_what_is_available() {
        let text = "MemTotal:       16000000 kB\nMemFree:  100 kB\nMemAvailable:    8000000 kB\n";
        assert_eq!(system(text), Some(8_192_000_000));
        assert_eq!(system("MemTotal: 1 kB\n"), None);
        #[cfg(target_os = "linux")]
        assert!(available_memory().is_some_and(|bytes| bytes > 0));
    }

    #[test]
    fn the_narrowest_group_counts() {
        let root = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        file("a/memory.max", "1000\n");
        file("a/memory.current", "900\n");
        file("a/memory.stat", "anon 1\ninactive_file 300\n");
        file("a/b/memory.max", "max\n");
        file("a/c/memory.max", "500\n");
        file("memory/d/memory.limit_in_bytes", "70\n");
        assert_eq!(group("0::/a/b\n", root.path()), Some(400));
        assert_eq!(group("0::/a/c\n", root.path()), Some(400));
        assert_eq!(group("3:cpu:/a\n4:memory,pids:/d\n", root.path()), Some(70));
        assert_eq!(group("0::/elsewhere\n", root.path()), None);
    }
}
