//! Ending a run early: a signal, or enough rows.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Tells the reader to stop, also while it waits for input.
#[derive(Debug)]
pub struct Control {
    stopped: AtomicBool,
    signal: AtomicI32,
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
            signal: AtomicI32::new(0),
            wake,
            waker,
        }))
    }

    /// From now on the first SIGINT or SIGTERM ends the input, so that what was read is finished and printed;
    /// the second ends the process.
    pub fn listen(self: &Arc<Control>) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let control = Arc::clone(self);
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for signal in signals.forever() {
                    if control.signal.swap(signal, Ordering::SeqCst) != 0 {
                        std::process::exit(128 + signal);
                    }
                    control.stop();
                }
            })?;
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
        self.stopped.load(Ordering::SeqCst)
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
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
