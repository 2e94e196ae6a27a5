//! What network sources are once they are opened: somebody to connect to, connections that come in, datagrams.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::address::Address;

/// An address that does not answer for so long is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the kernel is asked to keep of datagrams until they are read. Without privileges it grants less:
/// `net.core.rmem_max`.
const DATAGRAM_BYTES: usize = 32 << 20;

/// Somebody to connect to. That may take a while: it is for a thread that has the time.
#[derive(Clone, Debug)]
pub struct Dial(Target);

#[derive(Clone, Debug)]
enum Target {
    Tcp(Address),
    Unix(PathBuf),
}

impl Dial {
    pub(super) fn tcp(address: Address) -> Dial {
        Dial(Target::Tcp(address))
    }

    pub(super) fn unix(path: PathBuf) -> Dial {
        Dial(Target::Unix(path))
    }

    /// Connects, once. The connection does not block.
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

/// A TCP connection that does not block and notices when its peer is gone without a word.
fn connection(stream: TcpStream) -> io::Result<File> {
    stream.set_nonblocking(true)?;
    let _ = rustix::net::sockopt::set_socket_keepalive(&stream, true); // then only silence tells
    Ok(File::from(OwnedFd::from(stream)))
}

/// A socket on which connections come in.
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
        /// The file that the socket made, by device and number: another one is not ours to remove.
        file: Option<(u64, u64)>,
        /// Peers have no names: they are numbered.
        accepted: u64,
    },
}

impl Listener {
    pub(super) fn tcp(address: &Address) -> io::Result<Listener> {
        let listener = TcpListener::bind(&*address.resolve()?)?;
        listener.set_nonblocking(true)?;
        Ok(Listener { socket: Socket::Tcp(listener) })
    }

    /// Listens at a path. A socket's file that nobody listens at is what is left of an earlier run: it is replaced.
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

    /// Where it listens, if that is a port.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix { .. } => None,
        }
    }

    /// The next connection, which does not block, and how its peer is called; nothing if nobody waits.
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

/// Which file is at a path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// A socket to which datagrams are sent. It does not block.
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
        let _ = sockopt::set_socket_recv_buffer_size(socket, DATAGRAM_BYTES); // as much as is granted
    }
}

#[cfg(not(target_os = "linux"))]
fn grow_receive_buffer(socket: &UdpSocket) {
    // Where more than the limit is asked for, some systems grant nothing.
    let mut bytes = DATAGRAM_BYTES;
    while rustix::net::sockopt::set_socket_recv_buffer_size(socket, bytes).is_err() && bytes > 0 {
        bytes /= 2;
    }
}

/// How many datagrams for a socket the system has dropped so far, mostly because its buffer was full; nothing where
/// the system does not say. The counter is that of the socket, not of one datagram: it is exact also after the last.
pub fn dropped_datagrams(socket: &UdpSocket) -> Option<u64> {
    let inode = rustix::fs::fstat(socket).ok()?.st_ino;
    ["/proc/self/net/udp", "/proc/self/net/udp6"]
        .iter()
        .find_map(|table| dropped_in(&std::fs::read_to_string(table).ok()?, inode))
}

/// The last column of a socket's row; its inode is the tenth.
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
