//! Ending a run early: a signal, or enough rows.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// Tells the reader to stop, also while it waits for input.
#[derive(Debug)]
pub struct Control {
    stopped: AtomicBool,
    signalled: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    /// Becomes readable when the run is to stop.
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
}

impl Control {
    /// A control that nothing stops but [`Control::stop`].
    pub fn new() -> io::Result<Arc<Control>> {
        let (wake, waker) = rustix::pipe::pipe()?;
        Ok(Arc::new(Control {
            stopped: AtomicBool::new(false),
            signalled: Arc::default(),
            signal: Arc::default(),
            wake,
            waker,
        }))
    }

    /// From now on the first SIGINT or SIGTERM ends the input, so that what was read is finished and printed;
    /// the second ends the process. The handlers themselves do it, so that no thread has to wait for them.
    pub fn listen(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&self.signalled))?;
            flag::register(signal, Arc::clone(&self.signalled))?;
            flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)?;
            low_level::pipe::register(signal, self.waker.try_clone()?)?;
        }
        Ok(())
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

    /// Becomes readable when the run is to stop, and stays so.
    pub(super) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Waits for input, for the stop, or for some time; without a time, as long as it takes.
    pub(super) fn wait(&self, input: BorrowedFd<'_>, time: Option<Duration>) -> Waited {
        let time = time.map(|time| Timespec {
            tv_sec: time.as_secs() as i64,
            tv_nsec: i64::from(time.subsec_nanos()),
        });
        let mut polled = [
            PollFd::from_borrowed_fd(input, PollFlags::IN),
            PollFd::new(&self.wake, PollFlags::IN),
        ];
        loop {
            match poll(&mut polled, time.as_ref()) {
                Err(rustix::io::Errno::INTR) => continue,
                // What cannot be polled can be read.
                Err(_) => return Waited::Input,
                Ok(0) => return Waited::Time,
                Ok(_) if !polled[1].revents().is_empty() => return Waited::Stop,
                Ok(_) => return Waited::Input,
            }
        }
    }
}
