//! The memory that is available to the process: what is free, within the limits of its control groups and its own.

use std::path::{Path, PathBuf};

/// Bytes that the process may still allocate; `None` if the system does not tell.
pub fn available_memory() -> Option<u64> {
    available_under(Path::new("/"))
}

/// As [`available_memory`], for files under another root.
fn available_under(root: &Path) -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let free = read("proc/meminfo").and_then(|text| free_bytes(&text));
    let address_space = read("proc/self/limits").and_then(|text| address_space(&text));
    let groups = read("proc/self/cgroup").map(|text| group_directories(&text)).unwrap_or_default();
    let in_groups = groups.iter().filter_map(|directory| left_in_group(&root.join(directory)));
    free.into_iter().chain(address_space).chain(in_groups).min()
}

/// `MemAvailable` of /proc/meminfo.
fn free_bytes(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The soft limit of the address space in /proc/self/limits (`ulimit -v`).
fn address_space(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The directories of the process's memory control groups and their parents, of version 1 and 2. In a container, the
/// group is the root of the mounted tree, whatever its path outside is.
fn group_directories(text: &str) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let mounted = match controllers.split(',').any(|controller| controller == "memory") {
            true => "sys/fs/cgroup/memory",
            false if controllers.is_empty() => "sys/fs/cgroup",
            false => continue,
        };
        let path = Path::new(path.trim_start_matches('/'));
        directories.extend(path.ancestors().map(|group| Path::new(mounted).join(group)));
    }
    directories
}

/// The bytes left in a control group with a limit. Cached pages of files count as free.
fn left_in_group(directory: &Path) -> Option<u64> {
    let number = |name: &str| std::fs::read_to_string(directory.join(name)).ok()?.trim().parse::<u64>().ok();
    let limit = number("memory.max").or_else(|| number("memory.limit_in_bytes")).filter(|limit| *limit < 1 << 60)?;
    let used = number("memory.current").or_else(|| number("memory.usage_in_bytes")).unwrap_or(0);
    let cached = std::fs::read_to_string(directory.join("memory.stat")).map_or(0, |text| cached_bytes(&text));
    Some(limit.saturating_sub(used.saturating_sub(cached)))
}

/// The pages of files that can be dropped, in memory.stat.
fn cached_bytes(text: &str) -> u64 {
    let of = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    };
    let total: u64 = of("total_inactive_file");
    if total > 0 { total } else { of("inactive_file") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        }
        available_under(root.path())
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal: 200 kB\nMemAvailable:    100 kB\n");

    #[test]
    fn the_smallest_limit_counts() {
        assert_eq!(system(&[]), None);
        assert_eq!(system(&[MEMINFO]), Some(102_400));
        let limits = "Limit  Soft  Hard  Units\nMax address space         50000    unlimited            bytes\n";
        assert_eq!(system(&[MEMINFO, ("proc/self/limits", limits)]), Some(50_000));
        let unlimited = "Max address space         unlimited            unlimited            bytes\n";
        assert_eq!(system(&[MEMINFO, ("proc/self/limits", unlimited)]), Some(102_400));
    }

    #[test]
    fn control_groups_and_their_parents_limit_the_process() {
        let second = [
            MEMINFO,
            ("proc/self/cgroup", "0::/user/job\n"),
            ("sys/fs/cgroup/user/job/memory.max", "max\n"),
            ("sys/fs/cgroup/user/memory.max", "70000\n"),
            ("sys/fs/cgroup/user/memory.current", "30000\n"),
            ("sys/fs/cgroup/user/memory.stat", "anon 10000\ninactive_file 5000\n"),
        ];
        assert_eq!(system(&second), Some(45_000));
        let first = [
            MEMINFO,
            ("proc/self/cgroup", "5:cpu:/a\n4:memory,x:/docker/abc\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "60000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "20000\n"),
            ("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(system(&first), Some(40_000), "a container sees its group as the root");
    }
}
