//! The points of a series. Neighbours may be merged into one, which keeps their minimum and maximum, so that no peak is
//! lost.

/// A point, or several neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::encode) struct ChartPoint {
    /// The x of the first and of the last.
    pub(in crate::encode) from: f64,
    pub(in crate::encode) to: f64,
    /// The y of the first and of the last; NaN if all are null.
    pub(in crate::encode) first: f64,
    pub(in crate::encode) last: f64,
    pub(in crate::encode) low: f64,
    pub(in crate::encode) high: f64,
}

impl ChartPoint {
    /// A point; without y, a gap.
    pub(super) fn at(x: f64, y: Option<f64>) -> ChartPoint {
        let y = y.unwrap_or(f64::NAN);
        ChartPoint { from: x, to: x, first: y, last: y, low: y, high: y }
    }

    /// True if it has no y.
    pub(in crate::encode) fn is_gap(&self) -> bool {
        self.low.is_nan()
    }

    /// Merges it with the next point.
    fn with(self, next: ChartPoint) -> ChartPoint {
        let to = next.to;
        match (self.is_gap(), next.is_gap()) {
            (true, _) => ChartPoint { from: self.from, to, ..next },
            (_, true) => ChartPoint { to, ..self },
            _ => ChartPoint {
                from: self.from,
                to,
                first: self.first,
                last: next.last,
                low: self.low.min(next.low),
                high: self.high.max(next.high),
            },
        }
    }
}

/// A series.
#[derive(Clone, Debug)]
pub(in crate::encode) struct PointSeries {
    pub(in crate::encode) name: String,
    pub(in crate::encode) points: Vec<ChartPoint>,
    /// The sum of the absolute values.
    pub(super) size: f64,
}

impl PointSeries {
    pub(super) fn new(name: String) -> PointSeries {
        PointSeries { name, points: Vec::new(), size: 0.0 }
    }

    pub(super) fn push(&mut self, point: ChartPoint) {
        if !point.is_gap() {
            self.size += point.high.abs();
        }
        self.points.push(point);
    }

    /// True if a point has a value.
    pub(super) fn has_values(&self) -> bool {
        self.points.iter().any(|point| !point.is_gap())
    }

    /// Sorts the points by x; those at the same x keep their order.
    pub(super) fn sort(&mut self) {
        self.points.sort_by(|left, right| left.from.total_cmp(&right.from));
    }

    /// Merges neighbours until there are at most `most` points.
    pub(super) fn shrink(&mut self, most: usize) {
        if self.points.len() <= most {
            return;
        }
        self.sort();
        let size = self.points.len().div_ceil(most);
        let merged = self.points.chunks(size).filter_map(|points| points.iter().copied().reduce(ChartPoint::with));
        self.points = merged.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_keeps_peaks_and_ends() {
        let mut series = PointSeries::new("s".to_owned());
        for x in (0..1000).rev() {
            let y = if x == 707 { 99.0 } else { f64::from(x % 7) };
            series.push(ChartPoint::at(f64::from(x), Some(y)));
        }
        series.shrink(10);
        assert_eq!(series.points.len(), 10);
        assert_eq!(
            series.points[7],
            ChartPoint { from: 700.0, to: 799.0, first: 0.0, last: 1.0, low: 0.0, high: 99.0 }
        );
        assert!(series.points.iter().enumerate().all(|(index, point)| index == 7 || point.high == 6.0));
    }

    #[test]
    fn a_gap_beside_values_is_merged_into_them() {
        let (gap, value) = (ChartPoint::at(1.0, None), ChartPoint::at(2.0, Some(5.0)));
        assert_eq!(gap.with(value), ChartPoint { from: 1.0, ..value });
        assert_eq!(value.with(ChartPoint::at(3.0, None)), ChartPoint { to: 3.0, ..value });
        assert!(gap.with(gap).is_gap());
    }
}
