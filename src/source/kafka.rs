//! `kafka://HOST:PORT/TOPIC`: the partitions of topics, each a source of its own.

use std::ffi::OsStr;

use super::address::has_scheme;
use super::{Boundedness, Input, SourceDef};
use crate::data::{Entry, parse_time};
use crate::lang::Diagnostic;
use crate::lang::ast::Span;
use crate::net::kafka::{AddressFault, Broker, KafkaAddress, OnLoss, Security, StartAt};

pub(super) const KAFKA: SourceDef = SourceDef {
    entry: Entry {
        name: "kafka",
        usage: "kafka://HOST:PORT[,HOST:PORT]/TOPIC[,TOPIC][?OPTION=VALUE&…]",
        summary: "The messages of Kafka topics.",
        details: "Each value is a record, also one with newlines; a newline at its end is dropped, and a message without a value is an empty record. Each partition is a source of its own, named kafka://HOST:PORT/TOPIC/PARTITION. The fields of a message are `@key`, `@partition`, `@offset`, `@topic`, `@headers.NAME` and `@time`, the time that its producer or broker has set; other sources have null there. A window without `on` goes by the arrival.\n\nWithout `--follow` a topic is read up to the end that it has at the start, one partition after another, so the order of records is always the same. With `--follow` all partitions are read side by side, also new ones. Only committed messages are read. `--tail N` begins at the last N messages of each partition.\n\nOptions: `partitions=0-3,7` (default all); `from=earliest|latest|TIME` (default earliest), where partitions begin that no earlier run with the same `--checkpoint` has read; `on-loss=stop|earliest` (default stop) if messages are gone before they were read; `tls=on`, `tls-ca=FILE` (a PEM file instead of the system's authorities); `sasl=plain|scram-sha-256|scram-sha-512`, `user=NAME`, `password-file=FILE` (default: the variable BOURN_KAFKA_PASSWORD). There are no consumer groups: the offsets are in the checkpoint.\n\n  bourn 'json | count by status' kafka://localhost:9092/requests\n\n  bourn --follow 'count | window 1m on @time' kafka://a:9092/t",
        examples: &[],
    },
    boundedness: Boundedness::Topic,
    is_path: false,
    metadata: |_| None,
    accepts: |written| has_scheme(written, "kafka"),
    check: |written| KafkaTopics::parse(&written.to_string_lossy()).map(|_| ()).map_err(diagnostic),
    open: |written| {
        let mut topics = KafkaTopics::parse(&written.to_string_lossy()).map_err(|fault| fault.message)?;
        topics.security = topics.address.security()?;
        Ok(Input::Topics(Box::new(topics)))
    },
};

/// The options of a source besides those of connections.
const OPTIONS: [&str; 4] = ["partitions", "from", "on-loss", GROUP];

/// An option of other consumers; a message says why it is not one here.
const GROUP: &str = "group";

/// Topics that are read.
#[derive(Clone, Debug)]
pub struct KafkaTopics {
    address: KafkaAddress,
    /// How connections are protected.
    pub security: Security,
    /// The partitions, as ranges of numbers; `None` for all.
    pub partitions: Option<Vec<(i32, i32)>>,
    /// Where partitions begin that no earlier run has read.
    pub start: StartAt,
    /// How to go on if messages are gone before they were read.
    pub on_loss: OnLoss,
}

impl KafkaTopics {
    fn parse(written: &str) -> Result<KafkaTopics, AddressFault> {
        let mut address = KafkaAddress::parse(written, &OPTIONS)?;
        if let Some(option) = address.take(GROUP) {
            let message = "there are no consumer groups: the offsets are in the directory of --checkpoint";
            let help = "leave group out; partitions=0-3 divides a topic among several processes";
            return Err(AddressFault::new(option.name_at, message, help));
        }
        let partitions = match address.take("partitions") {
            None => None,
            Some(option) => {
                let ranges: Option<Vec<(i32, i32)>> = option.value.split(',').map(range).collect();
                let wrong = || {
                    let message = format!("expected numbers of partitions, found `{}`", option.value);
                    AddressFault::new(option.value_at, message, "write partitions=0-3 or partitions=0,2")
                };
                Some(ranges.ok_or_else(wrong)?)
            }
        };
        let start = match address.take("from") {
            None => StartAt::Earliest,
            Some(option) => match option.value.as_str() {
                "earliest" => StartAt::Earliest,
                "latest" => StartAt::Latest,
                time => match parse_time(time.as_bytes()) {
                    Some(ns) => StartAt::Time(ns.div_euclid(1_000_000) + i64::from(ns.rem_euclid(1_000_000) > 0)),
                    None => {
                        let message = format!("expected earliest, latest or a time, found `{time}`");
                        return Err(AddressFault::new(option.value_at, message, "write from=2026-03-01T10:00:00Z"));
                    }
                },
            },
        };
        let on_loss = match address.take("on-loss") {
            None => OnLoss::Stop,
            Some(option) => match option.value.as_str() {
                "stop" => OnLoss::Stop,
                "earliest" => OnLoss::Earliest,
                other => {
                    let message = format!("expected stop or earliest, found `{other}`");
                    return Err(AddressFault::new(option.value_at, message, "write on-loss=earliest"));
                }
            },
        };
        Ok(KafkaTopics { address, security: Security::default(), partitions, start, on_loss })
    }

    /// The brokers to ask first.
    pub fn brokers(&self) -> &[Broker] {
        &self.address.brokers
    }

    /// The topics.
    pub fn topics(&self) -> &[String] {
        &self.address.topics
    }

    /// The name of a partition as a source.
    pub fn partition_name(&self, topic: &str, partition: i32) -> String {
        format!("{}/{topic}/{partition}", self.address.base)
    }

    /// The topic and the partition that a source is.
    pub fn partition_of<'n>(&self, name: &'n str) -> Option<(&'n str, i32)> {
        let (topic, partition) = name.strip_prefix(&self.address.base)?.strip_prefix('/')?.rsplit_once('/')?;
        Some((topic, partition.parse().ok()?))
    }
}

/// Returns the part of an address that tells which messages there are: without the options.
pub(super) fn identity(written: &OsStr) -> Option<&OsStr> {
    if !has_scheme(written, "kafka") {
        return None;
    }
    let text = written.to_str()?;
    Some(OsStr::new(text.split('?').next().unwrap_or(text)))
}

fn range(written: &str) -> Option<(i32, i32)> {
    let number = |text: &str| text.parse::<i32>().ok().filter(|number| *number >= 0 && !text.starts_with('+'));
    let (first, last) = written.split_once('-').unwrap_or((written, written));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

fn diagnostic(fault: AddressFault) -> Diagnostic {
    let (start, end) = fault.at;
    Diagnostic::new(Span { start, end }, fault.message).help(fault.help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(written: &str) -> Result<KafkaTopics, String> {
        KafkaTopics::parse(written).map_err(|fault| fault.message)
    }

    #[test]
    fn options_are_parsed() {
        let topics =
            parse("kafka://a:1/t?partitions=0-3,7&from=2026-03-01T10:00:00Z&on-loss=earliest").expect("an address");
        assert_eq!(topics.partitions, Some(vec![(0, 3), (7, 7)]));
        assert_eq!(topics.start, StartAt::Time(1_772_359_200_000));
        assert_eq!(topics.on_loss, OnLoss::Earliest);
        let plain = parse("kafka://a:1/t").expect("an address");
        assert_eq!((plain.partitions, plain.start, plain.on_loss), (None, StartAt::Earliest, OnLoss::Stop));
    }

    #[test]
    fn a_wrong_value_is_an_error() {
        for (option, message) in [
            ("partitions=3-1", "expected numbers of partitions, found `3-1`"),
            ("partitions=-1", "expected numbers of partitions, found `-1`"),
            ("partitions=a", "expected numbers of partitions, found `a`"),
            ("from=yesterday", "expected earliest, latest or a time, found `yesterday`"),
            ("on-loss=latest", "expected stop or earliest, found `latest`"),
            ("group=g", "there are no consumer groups: the offsets are in the directory of --checkpoint"),
        ] {
            assert_eq!(parse(&format!("kafka://a:1/t?{option}")).expect_err("a mistake"), message);
        }
    }

    #[test]
    fn partitions_are_told_from_their_names() {
        let topics = parse("kafka://a:1,b:2/t.x,u?from=latest").expect("an address");
        let name = topics.partition_name("t.x", 12);
        assert_eq!(name, "kafka://a:1,b:2/t.x/12");
        assert_eq!(topics.partition_of(&name), Some(("t.x", 12)));
        assert_eq!(topics.partition_of("kafka://c/t.x/12"), None);
        assert_eq!(identity(OsStr::new("kafka://a/t?from=latest")), Some(OsStr::new("kafka://a/t")));
        assert_eq!(identity(OsStr::new("a?b")), None);
    }
}
