//! Commands that run when a second signal ends the process: they end, too.
//!
//! The handler of a signal ends the process at once if a flag is set, which the first signal sets. While a command runs,
//! the flag is cleared again by the thread that waits for the command, and this thread ends both.

use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use rustix::event::{Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};

/// The time for commands to end by themselves.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// The flags that handlers of signals set: one says that the next signal ends the process, one holds its number.
#[derive(Debug, Default)]
pub struct EndingSignal {
    /// True if the next signal ends the process at once.
    pub is_last: Arc<AtomicBool>,
    /// The number of the latest signal.
    pub number: Arc<AtomicUsize>,
    commands: Mutex<Commands>,
}

#[derive(Debug, Default)]
struct Commands {
    running: usize,
    has_first: bool,
}

static SIGNAL: LazyLock<EndingSignal> = LazyLock::new(EndingSignal::default);

/// The flags of the process.
pub fn ending_signal() -> &'static EndingSignal {
    &SIGNAL
}

impl EndingSignal {
    fn commands(&self) -> MutexGuard<'_, Commands> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for signals while a command runs; true after the second one.
    fn look(&self, commands: &mut Commands) -> bool {
        self.is_last.swap(false, Ordering::SeqCst) && std::mem::replace(&mut commands.has_first, true)
    }
}

/// A command that runs.
pub(super) struct RunningCommand(());

impl RunningCommand {
    pub(super) fn begin() -> RunningCommand {
        let mut commands = SIGNAL.commands();
        commands.running += 1;
        SIGNAL.look(&mut commands);
        RunningCommand(())
    }

    /// Ends the command and this process after a second signal.
    pub(super) fn end_after_signals(&self, child: &Child) {
        if SIGNAL.look(&mut SIGNAL.commands()) {
            let processes = family(child.id());
            let send = |signal: Signal| {
                for process in processes.iter().filter_map(|id| Pid::from_raw(id.cast_signed())) {
                    let _ = kill_process(process, signal); // it may have ended
                }
            };
            send(Signal::TERM);
            let _ = poll(&mut [], Some(&PATIENCE)); // an early wake-up only makes the end earlier
            send(Signal::KILL);
            signal_hook::low_level::exit(128 + SIGNAL.number.load(Ordering::SeqCst) as i32);
        }
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        let mut commands = SIGNAL.commands();
        commands.running -= 1;
        if commands.running == 0 && commands.has_first {
            SIGNAL.is_last.store(true, Ordering::SeqCst);
        }
    }
}

/// A process and those that it has started, as far as the system tells.
fn family(process: u32) -> Vec<u32> {
    let mut all = vec![process];
    let mut next = 0;
    while let Some(process) = all.get(next) {
        next += 1;
        let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let children: Vec<u32> = threads
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
            .flat_map(|children| children.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>())
            .collect();
        all.extend(children);
    }
    all
}
