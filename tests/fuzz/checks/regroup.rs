//! Records that no byte ends: the same wherever the bytes are cut, each whole, none too long.

use bourn::data::{Ending, Regroup, Regrouped, has_json_values, skip_json};

/// Takes a byte for the kind of records, one for the longest, one for how many bytes come at once, and bytes.
pub fn check(data: &[u8]) {
    let [kind, limit, step, bytes @ ..] = data else {
        return;
    };
    let regroup = match kind % 3 {
        0 => Regroup::Json,
        1 => Regroup::Cri,
        _ => Regroup::OctetCounted,
    };
    let limit_bytes = match limit {
        0 => 1 << 20,
        &limit => usize::from(limit),
    };
    let at_once = regrouped(regroup, limit_bytes, bytes, bytes.len());
    let bit_by_bit = regrouped(regroup, limit_bytes, bytes, usize::from(*step));
    assert_eq!(bit_by_bit.bytes, at_once.bytes);
    assert_eq!(bit_by_bit.rejected, at_once.rejected);
    assert_eq!(at_once.whole, at_once.bytes.len(), "nothing is left over");

    let framing = regroup.framing();
    framing.each_record(&at_once.bytes, |start, end| {
        let record = framing.trim(&at_once.bytes[start..end]);
        assert!(record.len() <= limit_bytes, "longer than a record may be");
        if regroup == Regroup::Json {
            assert_eq!(skip_json(record, 0), Ok(record.len()), "a JSON value");
        }
    });
    for (at, _) in &at_once.rejected {
        assert!(*at <= at_once.whole);
    }

    let known = bytes.len().min(usize::from(*step));
    let early = has_json_values(&bytes[..known], limit_bytes, false);
    let all = has_json_values(bytes, limit_bytes, true);
    assert!(all.is_some() && (early.is_none() || early == all));
}

fn regrouped(regroup: Regroup, limit_bytes: usize, bytes: &[u8], step: usize) -> Regrouped {
    let mut regrouper = regroup.start(limit_bytes);
    let mut out = Regrouped::default();
    for piece in bytes.chunks(step.max(1)) {
        regrouper.push(piece, &mut out);
    }
    regrouper.finish(Ending::Whole, &mut out);
    out
}
