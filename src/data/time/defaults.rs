//! What is taken for the parts that a time does not say.

use std::sync::OnceLock;

use jiff::tz::TimeZone;

/// What is taken for the parts that a time does not say.
#[derive(Clone, Debug)]
pub struct TimeDefaults {
    /// The year of a syslog time.
    pub year: i16,
    /// The zone of a time without one.
    pub zone: TimeZone,
}

static DEFAULTS: OnceLock<TimeDefaults> = OnceLock::new();

/// Says what all times of the run take for what they do not say. To be called once, before the first time is
/// read; whether it was.
pub fn set_time_defaults(defaults: TimeDefaults) -> bool {
    DEFAULTS.set(defaults).is_ok()
}

/// What times take for what they do not say: the current year and UTC, unless it was set.
pub fn time_defaults() -> &'static TimeDefaults {
    DEFAULTS.get_or_init(|| TimeDefaults {
        year: jiff::Timestamp::now().to_zoned(TimeZone::UTC).year(),
        zone: TimeZone::UTC,
    })
}
