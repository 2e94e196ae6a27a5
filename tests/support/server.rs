//! A web server that answers as a test wants, and keeps what it has received.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the server does after it has read a request.
#[derive(Clone)]
pub enum Answer {
    /// A status line such as `200 OK`, headers, and a body.
    Full(&'static str, &'static [(&'static str, &'static str)], Vec<u8>),
    /// Nothing for this time.
    Silence(Duration),
    /// The connection is closed.
    Close,
    /// These bytes, which may be anything.
    Bytes(&'static [u8]),
    /// A header, and then this many bytes of one line, unless the client leaves.
    Endless(u64),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    /// By names in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    requests: Vec<Request>,
}

pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// A server that gives these answers, one after the other, and then `200 OK`.
    pub fn start(answers: Vec<Answer>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State { answers: answers.into(), requests: Vec::new() }));
        let own = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&own);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Server { address, state }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A server that encrypts, with this certificate of `tests/data/tls`. It accepts every request.
    pub fn start_encrypted(certificate: &str) -> Server {
        let read = |name: &str| format!("{}/tests/data/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let certificate = CertificateDer::from_pem_file(read(certificate)).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(read("server.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("they belong together");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::default();
        let own: Arc<Mutex<State>> = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = rustls::ServerConnection::new(Arc::clone(&config)).expect("a connection");
                let mut stream = BufReader::new(rustls::StreamOwned::new(connection, stream));
                while let Some(request) = read_request(&mut stream) {
                    own.lock().expect("no panic").requests.push(request);
                    let _ = stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                }
            }
        });
        Server { address, state }
    }

    /// The port, on which `localhost` is served.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The requests so far, in the order in which they ended.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().expect("no panic").requests.clone()
    }
}

/// Answers the requests of a connection.
fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut stream = stream;
    while let Some(request) = read_request(&mut reader) {
        let answer = {
            let mut state = state.lock().expect("no panic");
            state.requests.push(request);
            state.answers.pop_front()
        };
        let written = match answer.unwrap_or(Answer::Full("200 OK", &[], Vec::new())) {
            Answer::Full(status, headers, body) => {
                let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body))
            }
            Answer::Silence(time) => {
                std::thread::sleep(time);
                return;
            }
            Answer::Close => return,
            Answer::Bytes(bytes) => {
                let _ = stream.write_all(bytes);
                return;
            }
            Answer::Endless(bytes) => {
                let _ = stream.write_all(format!("HTTP/1.1 400 Bad\r\nContent-Length: {bytes}\r\n\r\n").as_bytes());
                let block = [b'x'; 1 << 16];
                for _ in 0..bytes / block.len() as u64 {
                    if stream.write_all(&block).is_err() {
                        return;
                    }
                }
                return;
            }
        };
        if written.is_err() {
            return;
        }
    }
}

/// Reads a request; nothing at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
