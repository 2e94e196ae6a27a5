//! Opened network sources: an endpoint to connect to, incoming connections, datagrams.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::address::Address;

/// The timeout for connecting.
const PATIENCE: Duration = Duration::from_secs(10);

/// The requested size of the kernel's receive buffer. Without privileges the kernel grants less: `net.core.rmem_max`.
const DATAGRAM_BYTES: usize = 32 << 20;

/// An endpoint to connect to. Connecting may take a while, so it needs a thread of its own.
#[derive(Clone, Debug)]
pub struct Endpoint(Target);

#[derive(Clone, Debug)]
enum Target {
    Tcp(Address),
    Unix(PathBuf),
}

impl Endpoint {
    pub(super) fn tcp(address: Address) -> Endpoint {
        Endpoint(Target::Tcp(address))
    }

    pub(super) fn unix(path: PathBuf) -> Endpoint {
        Endpoint(Target::Unix(path))
    }

    /// Connects once. The connection does not block.
    pub fn connect(&self) -> io::Result<File> {
        match &self.0 {
            Target::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_nonblocking(true)?;
                Ok(File::from(OwnedFd::from(stream)))
            }
            Target::Tcp(address) => {
                let mut failed = io::Error::other("the host has no address");
                for address in address.resolve()? {
                    match TcpStream::connect_timeout(&address, PATIENCE) {
                        Ok(stream) => return connection(stream),
                        Err(error) => failed = error,
                    }
                }
                Err(failed)
            }
        }
    }
}

/// Returns a TCP connection that does not block and detects a peer that disappears silently.
fn connection(stream: TcpStream) -> io::Result<File> {
    stream.set_nonblocking(true)?;
    let _ = rustix::net::sockopt::set_socket_keepalive(&stream, true); // without it, such a peer is never detected
    Ok(File::from(OwnedFd::from(stream)))
}

/// A socket that accepts connections.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        path: PathBuf,
        /// Device and inode of the file that this socket created; no other file is removed.
        file: Option<(u64, u64)>,
        /// Peers have no names, so they are numbered.
        accepted: u64,
    },
}

impl Listener {
    pub(super) fn tcp(address: &Address) -> io::Result<Listener> {
        let listener = TcpListener::bind(&*address.resolve()?)?;
        listener.set_nonblocking(true)?;
        Ok(Listener { socket: Socket::Tcp(listener) })
    }

    /// Listens at a path. A socket file without a listener is left over from an earlier run and is replaced.
    pub(super) fn unix(path: &Path) -> io::Result<Listener> {
        let is_socket =
            |path: &Path| std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
        let mut bound = UnixListener::bind(path);
        if let Err(error) = &bound
            && error.kind() == io::ErrorKind::AddrInUse
            && is_socket(path)
            && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        {
            std::fs::remove_file(path)?;
            bound = UnixListener::bind(path);
        }
        let listener = bound?;
        listener.set_nonblocking(true)?;
        Ok(Listener { socket: Socket::Unix { listener, path: path.to_owned(), file: identity(path), accepted: 0 } })
    }

    /// Returns the address it listens at, if that is a port.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix { .. } => None,
        }
    }

    /// Accepts the next connection, which does not block, and returns it with its peer's name; `None` if no connection
    /// is waiting.
    pub fn accept(&mut self) -> io::Result<Option<(File, String)>> {
        let accepted = match &mut self.socket {
            Socket::Tcp(listener) => {
                listener.accept().and_then(|(stream, peer)| Ok((connection(stream)?, peer.to_string())))
            }
            Socket::Unix { listener, path, accepted, .. } => listener.accept().and_then(|(stream, _)| {
                stream.set_nonblocking(true)?;
                *accepted += 1;
                let peer = format!("{}#{accepted}", path.display());
                Ok((File::from(OwnedFd::from(stream)), peer))
            }),
        };
        match accepted {
            Ok(connection) => Ok(Some(connection)),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => Ok(None),
                _ => Err(error),
            },
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(listener) => listener.as_fd(),
            Socket::Unix { listener, .. } => listener.as_fd(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Socket::Unix { path, file, .. } = &self.socket
            && file.is_some()
            && identity(path) == *file
        {
            let _ = std::fs::remove_file(path); // the next run replaces it
        }
    }
}

/// Identifies the file at a path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Opens a socket for datagrams. It does not block.
pub(super) fn datagrams(address: &Address) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(&*address.resolve()?)?;
    socket.set_nonblocking(true)?;
    grow_receive_buffer(&socket);
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn grow_receive_buffer(socket: &UdpSocket) {
    use rustix::net::sockopt;

    if sockopt::set_socket_recv_buffer_size_force(socket, DATAGRAM_BYTES).is_err() {
        let _ = sockopt::set_socket_recv_buffer_size(socket, DATAGRAM_BYTES); // the kernel may grant less
    }
}

#[cfg(not(target_os = "linux"))]
fn grow_receive_buffer(socket: &UdpSocket) {
    // Some systems grant nothing if more than the limit is requested.
    let mut bytes = DATAGRAM_BYTES;
    while rustix::net::sockopt::set_socket_recv_buffer_size(socket, bytes).is_err() && bytes > 0 {
        bytes /= 2;
    }
}

/// Returns the number of datagrams for a socket that the system has dropped so far, mostly because its buffer was full;
/// `None` if the system does not count them. The counter belongs to the socket, so it is exact even after the last
/// datagram.
pub fn dropped_datagrams(socket: &UdpSocket) -> Option<u64> {
    let inode = rustix::fs::fstat(socket).ok()?.st_ino;
    ["/proc/self/net/udp", "/proc/self/net/udp6"]
        .iter()
        .find_map(|table| dropped_in(&std::fs::read_to_string(table).ok()?, inode))
}

/// Returns the last column of a socket's row; the tenth column is its inode.
fn dropped_in(table: &str, inode: u64) -> Option<u64> {
    let rows = table.lines().skip(1).map(str::split_ascii_whitespace);
    let mut rows = rows.filter_map(|mut row| {
        let found: u64 = row.nth(9)?.parse().ok()?;
        Some((found, row.last()?.parse().ok()?))
    });
    rows.find_map(|(found, dropped)| (found == inode).then_some(dropped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_a_socket_is_found_by_its_inode() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            8421: 00000000:2707 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 77 2 00000000ab 5\n\
            8422: 0100007F:2708 00000000:0000 07 00000000:00034B00 00:00000000 00000000     0        0 78 2 00000000ac 4321\n";
        assert_eq!(dropped_in(table, 78), Some(4321));
        assert_eq!(dropped_in(table, 79), None);
        assert_eq!(dropped_in("", 78), None);
    }
}
