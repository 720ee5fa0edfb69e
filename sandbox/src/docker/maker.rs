//! Which process made a sandbox, and whether it still lives.

use std::fs;

/// This process on this machine: `MACHINE PROCESS START`. The start tells it from a later process of the same number.
pub(super) fn own() -> String {
    let process = std::process::id();
    format!("{} {process} {}", machine(), start(process).unwrap_or(0))
}

/// The number of the process, if it can be told.
pub(super) fn process(maker: &str) -> Option<u32> {
    maker.split(' ').nth(1)?.parse().ok()
}

/// Whether the process lives. One of another machine is taken to live: nobody here can tell.
pub(super) fn lives(maker: &str) -> bool {
    let mut words = maker.split(' ');
    let (Some(place), Some(process), Some(began)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    if place != machine() {
        return true;
    }
    let now = process.parse().ok().and_then(start);
    now.is_some_and(|start| start.to_string() == began)
}

/// A name of the machine since it was started; another one after the next start, when no process lives on.
fn machine() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let boot = boot.trim();
    if boot.is_empty() {
        "unknown".to_owned()
    } else {
        boot.to_owned()
    }
}

/// When a process began, in ticks since the machine did (proc(5), field 22 of `stat`).
fn start(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses that may hold anything.
    let fields = &stat[stat.rfind(')')? + 1..];
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_until_it_is_gone() {
        assert!(lives(&own()));
        assert_eq!(process(&own()), Some(std::process::id()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let made = format!("{} {} {}", machine(), child.id(), start(child.id()).unwrap());
        child.wait().unwrap();
        assert!(!lives(&made));
        // The same number, begun at another time, is somebody else.
        assert!(!lives(&format!("{} {} 1", machine(), std::process::id())));
    }

    #[test]
    fn a_process_of_another_machine_may_live() {
        assert!(lives("elsewhere 1 1"));
        assert!(!lives(""));
    }
}
