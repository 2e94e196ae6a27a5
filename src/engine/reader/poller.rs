//! Waits for the first of many sources to have input.

#[cfg(target_os = "linux")]
pub(super) use epoll::Poller;
#[cfg(not(target_os = "linux"))]
pub(super) use poll::Poller;

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

/// True if reading would not block: there is input, or the end of it.
pub(super) fn has_input(fd: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    // A file that cannot be polled can be read.
    rustix::event::poll(&mut polled, Some(&timespec(Duration::ZERO))).is_ok_and(|ready| ready > 0)
}

/// True if there are bytes to read, not only the end of the input.
pub(super) fn has_bytes(fd: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    rustix::event::poll(&mut polled, Some(&timespec(Duration::ZERO))).is_ok_and(|ready| ready > 0)
        && polled[0].revents().contains(PollFlags::IN)
}

fn timespec(time: Duration) -> Timespec {
    // Whole milliseconds, rounded up: waking too early would cause busy waiting.
    let time = Duration::from_millis(time.as_nanos().div_ceil(1_000_000) as u64);
    Timespec { tv_sec: time.as_secs().min(1 << 20) as i64, tv_nsec: time.subsec_nanos().into() }
}

/// Linux: the cost of a wait depends on the number of ready sources, not on the number of all.
#[cfg(target_os = "linux")]
mod epoll {
    use std::io;
    use std::os::fd::{BorrowedFd, OwnedFd};
    use std::time::Duration;

    use rustix::buffer::spare_capacity;
    use rustix::event::epoll;
    use rustix::io::Errno;

    /// The maximum number of events per wait.
    const EVENTS: usize = 256;

    /// A set of file descriptors to wait for, each with a token.
    pub(in super::super) struct Poller {
        epoll: OwnedFd,
        events: Vec<epoll::Event>,
    }

    impl Poller {
        pub(in super::super) fn new() -> io::Result<Poller> {
            Ok(Poller { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, events: Vec::with_capacity(EVENTS) })
        }

        /// Adds a file descriptor; returns false if it cannot be polled and is always ready.
        pub(in super::super) fn add(&mut self, fd: BorrowedFd<'_>, token: usize) -> io::Result<bool> {
            let data = epoll::EventData::new_u64(token as u64);
            match epoll::add(&self.epoll, fd, data, epoll::EventFlags::IN) {
                Ok(()) => Ok(true),
                Err(Errno::PERM) => Ok(false),
                Err(error) => Err(error.into()),
            }
        }

        /// Also wakes on an error condition: for an output pipe that means the reader has gone.
        pub(in super::super) fn add_failure(&mut self, fd: BorrowedFd<'_>, token: usize) -> io::Result<()> {
            let data = epoll::EventData::new_u64(token as u64);
            // Errors are always reported, even with an empty set of events.
            epoll::add(&self.epoll, fd, data, epoll::EventFlags::empty())?;
            Ok(())
        }

        /// Removes a file descriptor. One that is shared with other processes would otherwise be reported forever.
        pub(in super::super) fn remove(&mut self, fd: BorrowedFd<'_>, _: usize) {
            let _ = epoll::delete(&self.epoll, fd); // fails if it was never added
        }

        /// Waits until a file descriptor is ready or `time` has passed; `None` means no limit.
        pub(in super::super) fn wait(&mut self, ready: &mut Vec<usize>, time: Option<Duration>) -> io::Result<()> {
            let time = time.map(super::timespec);
            self.events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut self.events), time.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            ready.extend(self.events.iter().map(|event| {
                let data = event.data;
                data.u64() as usize
            }));
            Ok(())
        }
    }
}

/// Other systems: `poll` examines all file descriptors on each call.
#[cfg(not(target_os = "linux"))]
mod poll {
    use std::io;
    use std::os::fd::{BorrowedFd, OwnedFd};
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    /// A set of file descriptors to wait for, each with a token.
    pub(in super::super) struct Poller {
        waiting: Vec<(usize, OwnedFd, PollFlags)>,
    }

    impl Poller {
        pub(in super::super) fn new() -> io::Result<Poller> {
            Ok(Poller { waiting: Vec::new() })
        }

        /// Adds a file descriptor; returns true.
        pub(in super::super) fn add(&mut self, fd: BorrowedFd<'_>, token: usize) -> io::Result<bool> {
            let fd = fd.try_clone_to_owned()?;
            self.waiting.push((token, fd, PollFlags::IN));
            Ok(true)
        }

        /// Also wakes on an error condition: for an output pipe that means the reader has gone.
        pub(in super::super) fn add_failure(&mut self, fd: BorrowedFd<'_>, token: usize) -> io::Result<()> {
            let fd = fd.try_clone_to_owned()?;
            // Errors are always reported, even with an empty set of events.
            self.waiting.push((token, fd, PollFlags::empty()));
            Ok(())
        }

        /// Removes a file descriptor.
        pub(in super::super) fn remove(&mut self, _: BorrowedFd<'_>, token: usize) {
            self.waiting.retain(|(other, ..)| *other != token);
        }

        /// Waits until a file descriptor is ready or `time` has passed; `None` means no limit.
        pub(in super::super) fn wait(&mut self, ready: &mut Vec<usize>, time: Option<Duration>) -> io::Result<()> {
            let time = time.map(super::timespec);
            let mut polled: Vec<PollFd<'_>> =
                self.waiting.iter().map(|(_, fd, events)| PollFd::new(fd, *events)).collect();
            match poll(&mut polled, time.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let waiting = self.waiting.iter().zip(&polled);
            ready.extend(waiting.filter(|(_, polled)| !polled.revents().is_empty()).map(|((token, ..), _)| *token));
            Ok(())
        }
    }
}
