//! External control of a run: the clock, signals, early stop, snapshot requests.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGWINCH};
use signal_hook::{flag, low_level};

use crate::data::Clock;
use crate::sink::{EndingSignal, ending_signal};

/// The longest time for finishing what was read before a signal.
const PATIENCE: Duration = Duration::from_secs(2);

/// Stops the reader, also while it waits for input.
#[derive(Debug)]
pub struct Control {
    clock: Arc<dyn Clock>,
    stopped: AtomicBool,
    signalled: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    /// When a working thread first saw the signal.
    seen: OnceLock<Instant>,
    /// A snapshot or frame was requested and not yet taken.
    asked: Arc<AtomicBool>,
    /// Print a snapshot.
    snapshot: Arc<AtomicBool>,
    /// The process was stopped and continued.
    resumed: Arc<AtomicBool>,
    /// The output pipe, if the run ends when its reader exits; `is_output_gone` once that has happened.
    output: OnceLock<OwnedFd>,
    is_output_gone: AtomicBool,
    /// The result is written: chunks that are not processed yet are dropped.
    is_over: AtomicBool,
    /// The reader is waiting for input.
    is_waiting: AtomicBool,
    /// Readable when the run is to stop or a snapshot is requested.
    wake: OwnedFd,
    waker: OwnedFd,
}

/// The result of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// Input or its end.
    Input,
    /// The time limit.
    Time,
    /// The run is to stop.
    Stop,
    /// A snapshot was requested: see [`Control::take_asked`].
    SnapshotRequested,
}

impl Control {
    /// A control that only [`Control::stop`] stops.
    pub fn new(clock: Arc<dyn Clock>) -> io::Result<Arc<Control>> {
        let (wake, waker) = rustix::pipe::pipe()?;
        rustix::io::ioctl_fionbio(&wake, true)?; // several threads may wait, and one takes the byte
        Ok(Arc::new(Control {
            clock,
            stopped: AtomicBool::new(false),
            signalled: Arc::default(),
            signal: Arc::default(),
            seen: OnceLock::new(),
            asked: Arc::default(),
            snapshot: Arc::default(),
            resumed: Arc::default(),
            output: OnceLock::new(),
            is_output_gone: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            is_waiting: AtomicBool::new(false),
            wake,
            waker,
        }))
    }

    /// The clocks of the run.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The monotonic time.
    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Handles signals: the first SIGINT, SIGTERM or SIGHUP ends the input, so that what was read is finished and
    /// printed; the second ends the process, and a command of a target that runs. SIGUSR1 requests a snapshot. The signal handlers do this themselves, so no
    /// thread waits for signals.
    pub fn listen(&self) -> io::Result<()> {
        let hangup = (!ignores_hangup()).then_some(SIGHUP);
        let EndingSignal { is_last, number, .. } = ending_signal();
        for signal in [SIGINT, SIGTERM].into_iter().chain(hangup) {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(is_last))?;
            flag::register(signal, Arc::clone(is_last))?;
            flag::register_usize(signal, Arc::clone(number), signal as usize)?;
            flag::register(signal, Arc::clone(&self.signalled))?;
            flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)?;
            low_level::pipe::register(signal, self.waker.try_clone()?)?;
        }
        flag::register(SIGUSR1, Arc::clone(&self.snapshot))?;
        self.look_at(SIGUSR1)
    }

    /// Requests a new frame when the terminal changes its size or becomes ours again.
    pub fn watch_terminal(&self) -> io::Result<()> {
        flag::register(SIGCONT, Arc::clone(&self.resumed))?;
        self.look_at(SIGCONT)?;
        self.look_at(SIGWINCH)
    }

    /// Ends the input when the reader of this pipe exits: with a quiet source a write may fail much later. Only the
    /// first call counts.
    pub fn watch_output(&self, output: OwnedFd) {
        self.output.get_or_init(|| output);
    }

    /// The watched output pipe. Polling reports an error once its reader has exited.
    pub(super) fn output(&self) -> Option<BorrowedFd<'_>> {
        self.output.get().map(AsFd::as_fd)
    }

    /// Ends the input because the reader of the output has exited.
    pub(super) fn lose_output(&self) {
        self.is_output_gone.store(true, Ordering::SeqCst);
        self.stop();
    }

    /// True if the reader of the output has exited.
    pub(super) fn is_output_gone(&self) -> bool {
        self.is_output_gone.load(Ordering::SeqCst)
    }

    fn look_at(&self, signal: i32) -> io::Result<()> {
        flag::register(signal, Arc::clone(&self.asked))?;
        low_level::pipe::register(signal, self.waker.try_clone()?)?;
        Ok(())
    }

    /// True if a snapshot or frame was requested.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Takes the request for a snapshot or frame.
    pub(super) fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::SeqCst)
    }

    /// Takes the request to print a snapshot.
    pub(super) fn take_print_request(&self) -> bool {
        self.snapshot.swap(false, Ordering::SeqCst)
    }

    /// True once after the process was stopped and continued.
    pub(super) fn take_resumed(&self) -> bool {
        self.resumed.swap(false, Ordering::SeqCst)
    }

    /// Ends the input.
    pub fn stop(&self) {
        if !self.stopped.swap(true, Ordering::SeqCst) {
            let _ = rustix::io::write(&self.waker, &[0]); // a byte fits into the empty pipe
        }
    }

    /// True if the run is to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) || self.signalled.load(Ordering::SeqCst)
    }

    /// The signal that ended the input.
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst) as i32).filter(|signal| *signal != 0)
    }

    /// Ends the run, after its result was written: stops the reader, and lets the workers drop their chunks.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// True if a signal came too long ago, or the run is over.
    pub(super) fn is_overdue(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || self.is_signal_overdue()
    }

    fn is_signal_overdue(&self) -> bool {
        self.signalled.load(Ordering::Relaxed)
            && self.now().saturating_duration_since(*self.seen.get_or_init(|| self.now())) > PATIENCE
    }

    /// Checks whether the reader of the output has exited; nothing else does once the input has ended.
    pub(super) fn look_at_output(&self) {
        if let Some(output) = self.output() {
            let mut polled = [PollFd::from_borrowed_fd(output, PollFlags::empty())];
            let at_once = Timespec::default();
            if poll(&mut polled, Some(&at_once)).is_ok_and(|failed| failed > 0) {
                self.lose_output();
            }
        }
    }

    /// Readable when the run is to stop, and stays so.
    pub(super) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Notes whether the reader is waiting for input.
    pub(super) fn set_waiting(&self, is_waiting: bool) {
        self.is_waiting.store(is_waiting, Ordering::Relaxed);
    }

    /// True if the reader is waiting for input, so there is none to read now.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::Relaxed)
    }

    /// Waits for input, a stop, or the time limit.
    pub(super) fn wait(&self, input: BorrowedFd<'_>, time: Option<Duration>) -> Waited {
        self.set_waiting(true);
        let waited = self.wait_for(input, time);
        self.set_waiting(false);
        waited
    }

    fn wait_for(&self, input: BorrowedFd<'_>, time: Option<Duration>) -> Waited {
        let time = time.map(|time| Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) });
        let mut polled = vec![PollFd::from_borrowed_fd(input, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
        let output = self.output();
        polled.extend(output.map(|output| PollFd::from_borrowed_fd(output, PollFlags::empty())));
        loop {
            match poll(&mut polled, time.as_ref()) {
                Err(rustix::io::Errno::INTR) => continue,
                // A descriptor that cannot be polled can be read.
                Err(_) => return Waited::Input,
                Ok(0) => return Waited::Time,
                Ok(_) if !polled[1].revents().is_empty() => return self.woken(),
                Ok(_) if polled[2..].iter().any(|output| !output.revents().is_empty()) => {
                    self.lose_output();
                    return Waited::Stop;
                }
                Ok(_) => return Waited::Input,
            }
        }
    }

    /// Takes the byte that woke this thread. A stop puts it back, to wake the other threads.
    pub(super) fn woken(&self) -> Waited {
        if !self.is_stopped() {
            let _ = rustix::io::read(&self.wake, &mut [0; 64]); // another thread may have taken it
            if !self.is_stopped() {
                return Waited::SnapshotRequested;
            }
            let _ = rustix::io::write(&self.waker, &[0]); // the pipe has room for the byte just taken
        }
        Waited::Stop
    }
}

/// True if SIGHUP is ignored, as under `nohup`, and must stay so. Also true if the system does not tell.
fn ignores_hangup() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return true;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}
