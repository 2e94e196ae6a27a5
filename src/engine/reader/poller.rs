//! Waits for whichever of many sources has input first.

#[cfg(target_os = "linux")]
pub(super) use epoll::Poller;
#[cfg(not(target_os = "linux"))]
pub(super) use poll::Poller;

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};

/// Whether there is input at once, or the end of it.
pub(super) fn has_input(fd: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    // What cannot be polled can be read.
    rustix::event::poll(&mut polled, Some(&timespec(Duration::ZERO))).is_ok_and(|ready| ready > 0)
}

fn timespec(time: Duration) -> Timespec {
    // Whole milliseconds, rounded up: whoever wakes too early looks at the clock again and again.
    let time = Duration::from_millis(time.as_nanos().div_ceil(1_000_000) as u64);
    Timespec { tv_sec: time.as_secs().min(1 << 20) as i64, tv_nsec: time.subsec_nanos().into() }
}

/// With thousands of connections, only those are looked at that have something.
#[cfg(target_os = "linux")]
mod epoll {
    use std::io;
    use std::os::fd::{BorrowedFd, OwnedFd};
    use std::time::Duration;

    use rustix::buffer::spare_capacity;
    use rustix::event::epoll;
    use rustix::io::Errno;

    /// The most that are told of at once.
    const EVENTS: usize = 256;

    /// Knows who is waited for, each by a number.
    pub(in super::super) struct Poller {
        epoll: OwnedFd,
        events: Vec<epoll::Event>,
    }

    impl Poller {
        pub(in super::super) fn new() -> io::Result<Poller> {
            Ok(Poller { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, events: Vec::with_capacity(EVENTS) })
        }

        /// From now on it is waited for; false if it cannot be, and is to be read as it is.
        pub(in super::super) fn add(&mut self, fd: BorrowedFd<'_>, token: usize) -> io::Result<bool> {
            let data = epoll::EventData::new_u64(token as u64);
            match epoll::add(&self.epoll, fd, data, epoll::EventFlags::IN) {
                Ok(()) => Ok(true),
                Err(Errno::PERM) => Ok(false),
                Err(error) => Err(error.into()),
            }
        }

        /// From now on its failure is waited for, which for a pipe that is written to is that nobody reads it.
        pub(in super::super) fn add_failure(&mut self, fd: BorrowedFd<'_>, token: usize) -> io::Result<()> {
            let data = epoll::EventData::new_u64(token as u64);
            // An error is told of in any case.
            epoll::add(&self.epoll, fd, data, epoll::EventFlags::empty())?;
            Ok(())
        }

        /// It is no longer waited for. A descriptor that others have as well would be told of for ever.
        pub(in super::super) fn remove(&mut self, fd: BorrowedFd<'_>, _: usize) {
            let _ = epoll::delete(&self.epoll, fd); // it never was
        }

        /// Waits for the first, or for some time; without a time, as long as it takes.
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

/// Where there is nothing better: all are looked at each time.
#[cfg(not(target_os = "linux"))]
mod poll {
    use std::io;
    use std::os::fd::{BorrowedFd, OwnedFd};
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    /// Knows who is waited for, each by a number.
    pub(in super::super) struct Poller {
        waiting: Vec<(usize, OwnedFd, PollFlags)>,
    }

    impl Poller {
        pub(in super::super) fn new() -> io::Result<Poller> {
            Ok(Poller { waiting: Vec::new() })
        }

        /// From now on it is waited for.
        pub(in super::super) fn add(&mut self, fd: BorrowedFd<'_>, token: usize) -> io::Result<bool> {
            let fd = fd.try_clone_to_owned()?;
            self.waiting.push((token, fd, PollFlags::IN));
            Ok(true)
        }

        /// From now on its failure is waited for, which for a pipe that is written to is that nobody reads it.
        pub(in super::super) fn add_failure(&mut self, fd: BorrowedFd<'_>, token: usize) -> io::Result<()> {
            let fd = fd.try_clone_to_owned()?;
            // An error is told of in any case.
            self.waiting.push((token, fd, PollFlags::empty()));
            Ok(())
        }

        /// It is no longer waited for.
        pub(in super::super) fn remove(&mut self, _: BorrowedFd<'_>, token: usize) {
            self.waiting.retain(|(other, ..)| *other != token);
        }

        /// Waits for the first, or for some time; without a time, as long as it takes.
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
