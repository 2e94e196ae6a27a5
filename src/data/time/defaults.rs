//! What is taken for the parts that a time does not say.

use std::sync::OnceLock;

use jiff::tz::TimeZone;

/// What is taken for the parts that a time does not say.
#[derive(Clone, Debug)]
pub struct TimeDefaults {
    /// The year of the first time of a source that has none; the clock decides without it.
    pub year: Option<i16>,
    /// The zone of a time without one.
    pub zone: TimeZone,
    /// When the run began, in nanoseconds UTC.
    pub now_ns: i64,
}

static DEFAULTS: OnceLock<TimeDefaults> = OnceLock::new();

impl TimeDefaults {
    /// As of now.
    pub fn new(year: Option<i16>, zone: TimeZone) -> TimeDefaults {
        let now = jiff::Timestamp::now().as_nanosecond();
        TimeDefaults { year, zone, now_ns: i64::try_from(now).unwrap_or(i64::MAX) }
    }
}

/// Says what all times of the run take for what they do not say. To be called once, before the first time is
/// read; whether it was.
pub fn set_time_defaults(defaults: TimeDefaults) -> bool {
    DEFAULTS.set(defaults).is_ok()
}

/// What times take for what they do not say: the year by the clock and UTC, unless it was set.
pub fn time_defaults() -> &'static TimeDefaults {
    DEFAULTS.get_or_init(|| TimeDefaults::new(None, TimeZone::UTC))
}
