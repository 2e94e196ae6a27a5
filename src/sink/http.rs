//! `http://…` and `https://…`: a POST of each result.

mod address;
mod answer;
mod bodies;

use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::named_fields::NamedFields;
use super::result_name::{ResultNames, deliver_each};
use super::{DeliveryError, Encodes, OpenSink, Promise, RowSink, SinkBatch, SinkDef, SinkResult, SinkSettings};
use crate::data::{Entry, Example, system_clock};
use crate::net::tls;

use address::HttpAddress;
use bodies::{Bodies, BodyFormat};

pub(super) const HTTP: SinkDef = SinkDef {
    entry: Entry {
        name: "http",
        usage: "http://HOST/PATH[?PARAMETERS]",
        summary: "A web server, which receives each result by POST; also https.",
        details: "Each window, each batch of single rows, or the result of everything read is sent as NDJSON: a JSON \
                  object for each row. A result of more than 4 MB is sent in several requests. Each request has an \
                  `Idempotency-Key`, which is the same if it is sent again. A result without rows is not sent.\n\n\
                  Some parameters are taken out of the address; the server receives the others:\n\n\
                  `format=json` sends a request for each row, as webhooks expect; `format=influx` the line protocol of \
                  InfluxDB (`measurement=NAME`, by default `bourn`; keys are tags, numbers are floats); `format=loki` the push API of Loki (keys are labels, or `labels=a,b`; each set of their values is a stream there, \
                  so choose few); \
                  `format=elasticsearch` the bulk API of Elasticsearch and OpenSearch, with the index as path and ids \
                  made of the keys. Keys are those of the aggregate, or `key=a,b`. The time is the start of the window, \
                  or the first column that is a time, in the `precision=` of InfluxDB. The times of JSON are text: \
                  `let ts = time(ts)` makes them times.\n\n\
                  `header=Name: value` adds a header; `token-file=FILE` a bearer token; `password-file=FILE` the password \
                  of USER in `http://USER@HOST`; `tls-ca=FILE` trusts these certificates instead of the system's; \
                  `timeout=30s` limits a request (default 60s).\n\n\
                  Answers of 2xx are success. After 408, 425, 429 (with its `Retry-After`), 5xx and failed connections the \
                  request is sent again, see `--retry`; any other answer, also a redirect, ends the run.",
        examples: &[Example {
            expr: "--check --to 'http://tsdb:8086/write?db=web&format=influx' 'count'",
            input: "",
            output: "",
        }],
    },
    promise: Promise::AtLeastOnce(
        "a request whose answer a crash has hidden is sent again, with the same Idempotency-Key",
    ),
    encodes: |_| Encodes::Nothing,
    accepts: |target| {
        let target = target.to_string_lossy();
        ["http://", "https://"].iter().any(|scheme| target.starts_with(scheme))
    },
    check: |target| HttpAddress::parse(target).map(drop),
    path: |_| None,
    is_same: |one, other| one == other,
    fits: |target, settings| check_keys(&HttpAddress::parse(target).map_err(|error| error.message)?, settings),
    open: OpenSink::Rows(|target, settings| Ok(Box::new(Http::open(target, settings)?))),
};

/// The longest time for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

struct Http {
    address: HttpAddress,
    settings: SinkSettings,
    agent: Agent,
    /// Begins the keys of all requests: of the stream, or of this run.
    id: String,
    names: ResultNames,
    /// The requests of the open result that have succeeded.
    sent: usize,
    /// The time of rows without one, the same in each attempt.
    now: Option<i64>,
    /// Rows that the format cannot hold, and whether that was said.
    left_out: usize,
    /// Rows had no time, and whether that was said.
    lacks_time: bool,
    has_noted_time: bool,
    has_noted: bool,
    /// The fields of `key=`.
    named: NamedFields,
    notes: Vec<String>,
}

impl Http {
    fn open(target: &OsStr, settings: &SinkSettings) -> Result<Http, String> {
        let address = HttpAddress::parse(target).map_err(|diagnostic| diagnostic.message)?;
        address.authorization()?; // a missing file is found before anything is read
        check_keys(&address, settings)?;
        let keys = address.keys.iter().flatten().map(String::as_str);
        let named = NamedFields::new(&settings.columns, keys);
        let random = || format!("{:016x}", RandomState::new().hash_one(&address.url));
        Ok(Http {
            agent: agent(&address)?,
            id: settings.stream.clone().unwrap_or_else(random),
            address,
            settings: settings.clone(),
            named,
            notes: Vec::new(),
            names: ResultNames::new(&settings.columns),
            sent: 0,
            now: None,
            left_out: 0,
            lacks_time: false,
            has_noted_time: false,
            has_noted: false,
        })
    }

    fn deliver_result(&mut self, name: &str, result: &SinkResult) -> Result<(), DeliveryError> {
        let id = format!("{}-{name}", self.id);
        let now = *self.now.get_or_insert_with(|| system_clock().wall_ns());
        let (format, keys) = (self.address.format, self.address.keys.as_deref());
        let measurement = self.address.measurement.as_deref().unwrap_or("bourn");
        let bodies = Bodies { format, columns: &self.settings.columns, keys, measurement, id: &id, now };
        let (mut part, mut sent) = (0, self.sent);
        let delivered = bodies.each(result, |body| {
            if part >= sent {
                self.post(&format!("{id}-{part}"), body)?;
                sent = part + 1;
            }
            part += 1;
            Ok(())
        });
        self.sent = sent;
        let unfit = delivered?;
        self.left_out += unfit.left_out;
        self.lacks_time |= unfit.without_time;
        (self.sent, self.now) = (0, None);
        Ok(())
    }

    fn post(&self, key: &str, body: &[u8]) -> Result<(), DeliveryError> {
        let HttpAddress { url, format, headers, timeout, .. } = &self.address;
        let mut request = self.agent.post(url.as_str()).header("Idempotency-Key", key);
        if !headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("Content-Type", format.content_type());
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(value) = self.address.authorization().map_err(DeliveryError::Retry)? {
            request = request.header("Authorization", value);
        }
        match request.send(body) {
            Ok(mut response) => answer::check(&mut response, *format == BodyFormat::Elasticsearch),
            Err(error) => Err(answer::failure(error, *timeout)),
        }
    }
}

/// Checks that the result has the columns of `key=`.
fn check_keys(address: &HttpAddress, settings: &SinkSettings) -> Result<(), String> {
    let columns = &settings.columns;
    if let Some(keys) = &address.keys
        && columns.whole.is_none()
        && let Some(missing) = keys.iter().find(|key| !columns.named.iter().any(|column| column.name == **key))
    {
        let names: Vec<&str> = columns.named.iter().map(|column| column.name.as_str()).collect();
        return Err(format!("the result has no column `{missing}`\n  = help: it has {}", names.join(", ")));
    }
    Ok(())
}

/// The client of an address.
fn agent(address: &HttpAddress) -> Result<Agent, String> {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(address.timeout))
        .user_agent(concat!("bourn/", env!("CARGO_PKG_VERSION")));
    if address.is_encrypted {
        let trusted = tls::certificates(address.authority_file.as_deref())?;
        let trusted: Vec<Certificate<'static>> =
            trusted.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::from(trusted));
        config = config.tls_config(tls.build());
    }
    Ok(config.build().into())
}

impl RowSink for Http {
    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        self.notes.extend(self.named.look(&self.settings.columns, batch));
        deliver_each(self, |sink| &mut sink.names, batch, Self::deliver_result)
    }

    fn delivered_rows(&self) -> usize {
        self.names.delivered_rows()
    }

    fn take_notes(&mut self) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.notes);
        if self.left_out > 0 && !std::mem::replace(&mut self.has_noted, true) {
            notes.push(
                "rows without a value besides keys and time are left out, as line protocol has no null".to_owned(),
            );
        }
        if self.lacks_time && !std::mem::replace(&mut self.has_noted_time, true) {
            notes.push(
                "no column is a time, so rows have the time at which they are sent: write let ts = time(ts) for a text"
                    .to_owned(),
            );
        }
        notes
    }
}
