//! What reaches a run from outside: a signal that ends it, enough rows, or somebody who wants to look.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGWINCH};
use signal_hook::{flag, low_level};

/// What was read is finished after a signal, but it takes no longer than this.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells the reader to stop, also while it waits for input.
#[derive(Debug)]
pub struct Control {
    stopped: AtomicBool,
    signalled: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    /// When a thread at work first saw that a signal had come.
    seen: OnceLock<Instant>,
    /// Somebody wants to look at the result so far, and nobody has taken note.
    asked: Arc<AtomicBool>,
    /// The result so far is to be printed.
    picture: Arc<AtomicBool>,
    /// The run was stopped and goes on.
    resumed: Arc<AtomicBool>,
    /// Where results go, if the run ends with whoever reads them, and whether they have gone.
    output: OnceLock<OwnedFd>,
    is_output_gone: AtomicBool,
    /// The reader waits for input.
    is_waiting: AtomicBool,
    /// Becomes readable when the run is to stop, or somebody wants to look.
    wake: OwnedFd,
    waker: OwnedFd,
}

/// What a wait ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// There is input, or its end.
    Input,
    /// The time is over.
    Time,
    /// The run is to stop.
    Stop,
    /// Somebody wants to look: see [`Control::take_asked`].
    SnapshotRequested,
}

impl Control {
    /// A control that nothing stops but [`Control::stop`].
    pub fn new() -> io::Result<Arc<Control>> {
        let (wake, waker) = rustix::pipe::pipe()?;
        rustix::io::ioctl_fionbio(&wake, true)?; // several may wait, and one of them takes what is there
        Ok(Arc::new(Control {
            stopped: AtomicBool::new(false),
            signalled: Arc::default(),
            signal: Arc::default(),
            seen: OnceLock::new(),
            asked: Arc::default(),
            picture: Arc::default(),
            resumed: Arc::default(),
            output: OnceLock::new(),
            is_output_gone: AtomicBool::new(false),
            is_waiting: AtomicBool::new(false),
            wake,
            waker,
        }))
    }

    /// From now on the first SIGINT, SIGTERM or SIGHUP ends the input, so that what was read is finished and printed;
    /// the second ends the process. SIGUSR1 asks for the result so far. The handlers themselves do it, so that no
    /// thread has to wait for them.
    pub fn listen(&self) -> io::Result<()> {
        let hangup = (!ignores_hangup()).then_some(SIGHUP);
        for signal in [SIGINT, SIGTERM].into_iter().chain(hangup) {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&self.signalled))?;
            flag::register(signal, Arc::clone(&self.signalled))?;
            flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)?;
            low_level::pipe::register(signal, self.waker.try_clone()?)?;
        }
        flag::register(SIGUSR1, Arc::clone(&self.picture))?;
        self.look_at(SIGUSR1)
    }

    /// From now on a terminal of another size, and one that is ours again, asks for a new frame.
    pub fn watch_terminal(&self) -> io::Result<()> {
        flag::register(SIGCONT, Arc::clone(&self.resumed))?;
        self.look_at(SIGCONT)?;
        self.look_at(SIGWINCH)
    }

    /// From now on the input ends as soon as nobody is left who reads this pipe: on a quiet source it may take long
    /// until a write fails. It is given once.
    pub fn watch_output(&self, output: OwnedFd) {
        self.output.get_or_init(|| output);
    }

    /// The pipe that is watched, if one is: it tells of an error once nobody reads it.
    pub(super) fn output(&self) -> Option<BorrowedFd<'_>> {
        self.output.get().map(AsFd::as_fd)
    }

    /// Ends the input: nobody is left who reads the results.
    pub(super) fn lose_output(&self) {
        self.is_output_gone.store(true, Ordering::SeqCst);
        self.stop();
    }

    /// Whether nobody is left who reads the results.
    pub(super) fn is_output_gone(&self) -> bool {
        self.is_output_gone.load(Ordering::SeqCst)
    }

    fn look_at(&self, signal: i32) -> io::Result<()> {
        flag::register(signal, Arc::clone(&self.asked))?;
        low_level::pipe::register(signal, self.waker.try_clone()?)?;
        Ok(())
    }

    /// Whether somebody wants to look.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether somebody wants to look, since this was last asked.
    pub(super) fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::SeqCst)
    }

    /// Whether the result so far is to be printed, since this was last asked.
    pub(super) fn take_picture(&self) -> bool {
        self.picture.swap(false, Ordering::SeqCst)
    }

    /// Whether the run was stopped and goes on, since this was last asked.
    pub(super) fn take_resumed(&self) -> bool {
        self.resumed.swap(false, Ordering::SeqCst)
    }

    /// Ends the input here.
    pub fn stop(&self) {
        if !self.stopped.swap(true, Ordering::SeqCst) {
            let _ = rustix::io::write(&self.waker, &[0]); // an empty pipe takes a byte
        }
    }

    /// Whether the run is to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) || self.signalled.load(Ordering::SeqCst)
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst) as i32).filter(|signal| *signal != 0)
    }

    /// Whether a signal came so long ago that what was read need not be finished.
    pub(super) fn is_overdue(&self) -> bool {
        self.signalled.load(Ordering::Relaxed) && self.seen.get_or_init(Instant::now).elapsed() > PATIENCE
    }

    /// Looks whether anybody is left who reads the results: nothing else does once the input has ended.
    pub(super) fn look_at_output(&self) {
        if let Some(output) = self.output() {
            let mut polled = [PollFd::from_borrowed_fd(output, PollFlags::empty())];
            let at_once = Timespec::default();
            if poll(&mut polled, Some(&at_once)).is_ok_and(|failed| failed > 0) {
                self.lose_output();
            }
        }
    }

    /// Becomes readable when the run is to stop, and stays so.
    pub(super) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Notes whether the reader waits for input.
    pub(super) fn set_waiting(&self, is_waiting: bool) {
        self.is_waiting.store(is_waiting, Ordering::Relaxed);
    }

    /// True if the reader waits for input: there is none to be read now.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::Relaxed)
    }

    /// Waits for input, for the stop, or for some time; without a time, as long as it takes.
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
                // What cannot be polled can be read.
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

    /// Takes what has woken this thread, so that it does so once; but a stop wakes all.
    pub(super) fn woken(&self) -> Waited {
        if !self.is_stopped() {
            let _ = rustix::io::read(&self.wake, &mut [0; 64]); // another thread may have taken it
            if !self.is_stopped() {
                return Waited::SnapshotRequested;
            }
            let _ = rustix::io::write(&self.waker, &[0]); // there is room where a moment ago something was
        }
        Waited::Stop
    }
}

/// True if SIGHUP is ignored, as under `nohup`: then it stays so. Where the system does not say, it may be.
fn ignores_hangup() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return true;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}
