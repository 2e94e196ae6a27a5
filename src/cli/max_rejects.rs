//! `--max-rejects`: the number or share of rejected records that is allowed.

use std::fmt;

use crate::engine::Ledger;

/// A number of records, or a share of all records read. Shares are exact integers, not floats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MaxRejects {
    /// As written.
    text: String,
    allowed: Allowed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    Records(u64),
    /// Billionths of all records.
    Billionths(u64),
}

/// The number of decimals of a percentage that is a whole number of billionths.
const DIGITS: usize = 7;

impl MaxRejects {
    /// Reads `100` or `0.1%`.
    pub(super) fn parse(text: &str) -> Option<MaxRejects> {
        let allowed = match text.strip_suffix('%') {
            Some(percent) => Allowed::Billionths(billionths(percent)?),
            None => Allowed::Records(digits(text)?),
        };
        Some(MaxRejects { text: text.to_owned(), allowed })
    }

    /// True if more records were rejected.
    pub(super) fn is_exceeded_by(&self, ledger: &Ledger) -> bool {
        let Ledger { read, rejected, .. } = *ledger;
        match self.allowed {
            Allowed::Records(records) => rejected > records,
            Allowed::Billionths(billionths) => {
                u128::from(rejected) * 1_000_000_000 > u128::from(billionths) * u128::from(read)
            }
        }
    }
}

impl fmt::Display for MaxRejects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// A percentage from 0 to 100, in billionths.
fn billionths(percent: &str) -> Option<u64> {
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, "0"));
    let whole = digits(whole).filter(|whole| *whole <= 100)?;
    if fraction.len() > DIGITS {
        return None;
    }
    let fraction = digits(&format!("{fraction:0<DIGITS$}")).filter(|_| !fraction.is_empty())?;
    Some(whole * 10_000_000 + fraction).filter(|billionths| *billionths <= 1_000_000_000)
}

/// Parses a text that consists only of digits.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exceeded(limit: &str, rejected: u64, read: u64) -> bool {
        let ledger = Ledger { read, rejected, ..Ledger::default() };
        MaxRejects::parse(limit).expect("a limit").is_exceeded_by(&ledger)
    }

    #[test]
    fn only_more_than_the_limit_exceeds_it() {
        assert!(!exceeded("0", 0, 0) && exceeded("0", 1, 10));
        assert!(!exceeded("3", 3, 10) && exceeded("3", 4, 10));
        assert!(!exceeded("0.1%", 1, 1000) && exceeded("0.1%", 1, 999));
        assert!(!exceeded("0.3%", 3, 1000) && exceeded("0.3%", 4, 1000));
        assert!(!exceeded("100%", 10, 10) && exceeded("99.9999999%", 10, 10));
        assert!(!exceeded("0%", 0, 0) && exceeded("0%", 1, u64::MAX));
    }

    #[test]
    fn rejects_invalid_limits() {
        for text in [
            "",
            "%",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "100.1%",
            "101%",
            ".5%",
            "5.%",
            "0.12345678%",
            "1 %",
            "99999999999999999999",
        ] {
            assert_eq!(MaxRejects::parse(text), None, "{text}");
        }
    }
}
