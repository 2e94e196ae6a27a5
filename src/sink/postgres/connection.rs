//! A connection to the server. Every answer has a time limit, so that a dead server is noticed.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::PostgresTarget;
use super::faults::fault;
use super::secrets::password;
use super::tls::TlsMode;
use crate::sink::DeliveryError;

/// The longest time until a connection is made.
const CONNECT: Duration = Duration::from_secs(20);

/// The longest time until the server answers; longer than a statement may take there, so that it has ended.
const ANSWER: Duration = Duration::from_secs(330);

/// After this time without a sign of life, the system asks the server for one.
const IDLE: Duration = Duration::from_secs(30);

/// The settings of a session. Waiting for a lock, a statement and a transaction that is not continued end with an error.
const SESSION: &str = "SET lock_timeout = '20s'; SET statement_timeout = '5min'; \
    SET idle_in_transaction_session_timeout = '10min'; SET client_min_messages = warning; SET TimeZone = 'UTC'; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// The parameters of a statement.
pub(super) type Parameters<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Ends when the connection does.
type RunningConnection = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// An open connection.
pub(super) struct PostgresLink {
    client: Client,
    driver: Driver,
    statements: HashMap<String, Statement>,
}

/// Moves bytes between the client and the server.
struct Driver {
    runtime: Runtime,
    /// The connection; `None` after its end.
    connection: Option<RunningConnection>,
    /// Why it has ended.
    end: Option<DeliveryError>,
}

impl Driver {
    /// Waits for an answer.
    fn run<T>(&mut self, limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, DeliveryError> {
        let Driver { runtime, connection, end } = self;
        let mut work = pin!(work);
        let answer = poll_fn(|context| {
            if let Some(Poll::Ready(result)) = connection.as_mut().map(|connection| connection.as_mut().poll(context)) {
                *end = result.err().as_ref().map(fault);
                *connection = None;
            }
            work.as_mut().poll(context)
        });
        match runtime.block_on(async { tokio::time::timeout(limit, answer).await }) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) if error.is_closed() => Err(self.end.take().unwrap_or_else(|| fault(&error))),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(DeliveryError::Retry(format!("the server has not answered for {} s", limit.as_secs()))),
        }
    }
}

impl PostgresLink {
    /// Connects.
    pub(super) fn open(target: &PostgresTarget) -> Result<PostgresLink, DeliveryError> {
        let mut config = Config::new();
        let user = user_of(target)?;
        if let Some(password) = password(target, &user).map_err(DeliveryError::Failed)? {
            config.password(password);
        }
        config.user(user).dbname(&target.database).port(target.port).application_name("bourn");
        if target.is_socket() {
            config.host_path(&target.host);
        } else {
            config.host(&target.host);
        }
        config.connect_timeout(CONNECT).tcp_user_timeout(2 * IDLE);
        config.keepalives_idle(IDLE).keepalives_interval(IDLE / 3).keepalives_retries(3);
        let mode = mode_of(target);
        config.ssl_mode(match mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        let tls = mode.config(target.authorities.as_deref()).map_err(DeliveryError::Failed)?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| DeliveryError::Retry(crate::data::reason(&error)))?;
        let mut driver = Driver { runtime, connection: None, end: None };
        let (client, connection) = driver.run(CONNECT, config.connect(MakeRustlsConnect::new(tls)))?;
        driver.connection = Some(Box::pin(connection));
        let mut link = PostgresLink { client, driver, statements: HashMap::new() };
        link.batch(SESSION)?;
        Ok(link)
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), DeliveryError> {
        self.driver.run(ANSWER, self.client.batch_execute(sql))
    }

    /// Runs a statement; returns its rows.
    pub(super) fn query(&mut self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, DeliveryError> {
        self.driver.run(ANSWER, self.client.query(sql, parameters))
    }

    /// Runs a statement that is often used; returns the number of rows. `before` and `after` are sent along with it, which
    /// saves their way to the server and back.
    pub(super) fn execute(
        &mut self,
        before: Option<&str>,
        sql: &str,
        parameters: Parameters<'_>,
        after: Option<&str>,
    ) -> Result<u64, DeliveryError> {
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.driver.run(ANSWER, self.client.prepare(sql))?;
                self.statements.insert(sql.to_owned(), statement.clone());
                statement
            }
        };
        let client = &self.client;
        let simple = async |sql: Option<&str>| match sql {
            Some(sql) => client.batch_execute(sql).await,
            None => Ok(()),
        };
        // the three are sent in this order; after a failure the server ignores the rest of the transaction, and a commit
        // rolls it back
        let all = futures_util::future::join3(simple(before), client.execute(&statement, parameters), simple(after));
        let work = async {
            let (before, rows, after) = all.await;
            before?;
            let rows = rows?;
            after?;
            Ok(rows)
        };
        self.driver.run(ANSWER, work)
    }

    /// Copies rows into a table: `next` appends some of them, until it returns false.
    pub(super) fn copy(&mut self, sql: &str, mut next: impl FnMut(&mut Vec<u8>) -> bool) -> Result<(), DeliveryError> {
        let copy = self.driver.run(ANSWER, self.client.copy_in::<_, bytes::Bytes>(sql))?;
        let mut copy = pin!(copy);
        loop {
            let mut text = Vec::new();
            let is_more = next(&mut text);
            let sent = self.driver.run(ANSWER, futures_util::SinkExt::send(&mut copy, bytes::Bytes::from(text)));
            if sent.is_err() || !is_more {
                break; // the end of the copy returns the reason
            }
        }
        self.driver.run(ANSWER, copy.finish()).map(|_| ())
    }
}

/// The user of the target, of the environment, or of the system.
fn user_of(target: &PostgresTarget) -> Result<String, DeliveryError> {
    let of_environment = || ["PGUSER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    target.user.clone().or_else(of_environment).ok_or_else(|| {
        DeliveryError::Failed(
            "the target names no user\n  = help: write postgres://USER@HOST/DATABASE/TABLE".to_owned(),
        )
    })
}

/// A server of another machine must prove that it is the one that is meant, unless the target says otherwise.
fn mode_of(target: &PostgresTarget) -> TlsMode {
    let has_authorities = target.authorities.is_some();
    match target.tls {
        _ if target.is_socket() => TlsMode::Disable,
        Some(mode) => mode,
        None if target.is_local() && !has_authorities => TlsMode::Prefer,
        None => TlsMode::VerifyFull,
    }
}
