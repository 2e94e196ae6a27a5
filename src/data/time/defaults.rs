//! Defaults for the parts that a time lacks.

use std::sync::OnceLock;

use jiff::tz::TimeZone;

use crate::data::clock::system_clock;

/// Defaults for the parts that a time lacks.
#[derive(Clone, Debug)]
pub struct TimeDefaults {
    /// The year of the first time of a source without one; the current time decides if there is no default.
    pub year: Option<i16>,
    /// The zone of a time without one.
    pub zone: TimeZone,
    /// The start of the run, in nanoseconds UTC.
    pub now_ns: i64,
}

static DEFAULTS: OnceLock<TimeDefaults> = OnceLock::new();

impl TimeDefaults {
    /// Makes the defaults with the current time.
    pub fn new(year: Option<i16>, zone: TimeZone) -> TimeDefaults {
        TimeDefaults { year, zone, now_ns: system_clock().wall_ns() }
    }
}

/// Sets the defaults for all times of the run. Call it once, before the first time is read; returns whether it had an
/// effect.
pub fn set_time_defaults(defaults: TimeDefaults) -> bool {
    DEFAULTS.set(defaults).is_ok()
}

/// Returns the defaults: the year by the current time and UTC, unless they were set.
pub fn time_defaults() -> &'static TimeDefaults {
    DEFAULTS.get_or_init(|| TimeDefaults::new(None, TimeZone::UTC))
}
