//! `linreg(y, x…)`: a line, or a plane, through the records by least squares.
//!
//! Sums and products are exact, so the normal equations are rounded once, after they have been centred about the
//! means: large numbers that differ little are no trouble, and any split of the input gives the same bytes. They
//! are solved by the square-root-free Cholesky decomposition (G. H. Golub, C. F. Van Loan, *Matrix
//! Computations*, §4.1).

use super::moments::{Moments, Sums};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, Expansion, Value, two_product};

pub(super) const LINREG: AggregateDef = AggregateDef {
    entry: Entry {
        name: "linreg",
        usage: "linreg(y, x, …) [as NAME]",
        summary: "Fit y = intercept + slope·x by least squares.",
        details: "It makes several columns: `intercept`, `slope` (of several x a `slope_X` each), `r2`, the share of \
                  the variance that the fit explains, and `n`, how many records took part; `as fit` makes them \
                  `fit_intercept`, and so on. Records in which y or an x is null or no number are left out. Where \
                  the records do not decide the fit (too few, an x that never changes, one x that follows from the \
                  others) all but `n` are null.",
        examples: &[
            Example {
                expr: "split ';' | let x = substr(word, 0, 1), y = substr(word, 1) | linreg(y, x)",
                input: "13;25;37\n",
                output: "1\t2\t1\t3\n",
            },
            Example {
                expr: "--header 'split | let n = num(word) | linreg(n*n, n) as fit'",
                input: "1 2 3 4\n",
                output: "fit_intercept\tfit_slope\tfit_r2\tfit_n\n-5\t5\t0.9689922480620154\t4\n",
            },
        ],
    },
    argument: ArgumentKind::Numbers(2, usize::MAX),
    ordered: false,
    columns: Some(columns),
    shares_states: None,
    only_runs: false,
    accumulator: |settings| Moments::boxed(settings, settings.arguments + 2, fit),
};

/// A regressor of which less than this share is its own follows from the others.
const LEAST_SHARE: f64 = 1e-12;

fn columns(arguments: &[String]) -> Vec<String> {
    let mut names = vec!["intercept".to_owned()];
    match arguments {
        [_, _] => names.push("slope".to_owned()),
        _ => names.extend(arguments.iter().skip(1).map(|name| format!("slope_{name}"))),
    }
    names.extend(["r2".to_owned(), "n".to_owned()]);
    names
}

/// The columns of a group; variable 0 is y.
fn fit(sums: &Sums) -> Vec<Value> {
    let regressors = sums.variables() - 1;
    let count = Value::Int(sums.count() as i64);
    let slopes = if sums.count() > regressors as u64 {
        slopes(sums)
    } else {
        None
    };
    let Some(slopes) = slopes else {
        let mut columns = vec![Value::Null; regressors + 2];
        columns.push(count);
        return columns;
    };
    let mut columns = vec![Value::float(intercept(sums, &slopes))];
    columns.extend(slopes.iter().map(|&slope| Value::float(slope)));
    columns.push(Value::float(explained(sums, &slopes)));
    columns.push(count);
    columns
}

/// (Σy − Σ slope Σx) / n
fn intercept(sums: &Sums, slopes: &[f64]) -> f64 {
    let mut rest = sums.sum(0);
    for (index, &slope) in slopes.iter().enumerate() {
        let mut slope_alone = Expansion::default();
        slope_alone.add(slope);
        rest = rest.minus(&sums.sum(index + 1).times(&slope_alone));
    }
    rest.round() / sums.count() as f64
}

/// The share of the variance of y that the fit explains; 0 / 0, which is no float, if y never changes.
fn explained(sums: &Sums, slopes: &[f64]) -> f64 {
    let mut explained = Expansion::default();
    for (index, &slope) in slopes.iter().enumerate() {
        let (high, low) = two_product(slope, sums.centred(index + 1, 0));
        explained.add(low);
        explained.add(high);
    }
    (explained.round() / sums.centred(0, 0)).clamp(0.0, 1.0)
}

/// Solves the normal equations; nothing if they do not decide the slopes.
fn slopes(sums: &Sums) -> Option<Vec<f64>> {
    let size = sums.variables() - 1;
    // Each regressor is scaled by a power of two, which rounds nothing, so that none is lost beside a larger one.
    let scales: Vec<f64> = (1..=size)
        .map(|x| power_near_root(sums.centred(x, x)))
        .collect();
    let scaled = |row: usize, column: usize| {
        sums.centred(row + 1, column + 1) / scales[row] / scales[column]
    };
    let mut lower = vec![vec![0.0; size]; size];
    let mut diagonal = vec![0.0; size];
    for row in 0..size {
        for column in 0..row {
            let before: f64 = (0..column)
                .map(|k| lower[row][k] * lower[column][k] * diagonal[k])
                .sum();
            lower[row][column] = (scaled(row, column) - before) / diagonal[column];
        }
        let before: f64 = (0..row)
            .map(|k| lower[row][k] * lower[row][k] * diagonal[k])
            .sum();
        let whole = scaled(row, row);
        diagonal[row] = whole - before;
        let is_decided = diagonal[row] > whole * LEAST_SHARE;
        if !is_decided {
            return None;
        }
    }
    let mut solution: Vec<f64> = Vec::with_capacity(size);
    for row in 0..size {
        let before: f64 = (0..row).map(|k| lower[row][k] * solution[k]).sum();
        solution.push(sums.centred(row + 1, 0) / scales[row] - before);
    }
    for row in (0..size).rev() {
        let behind: f64 = (row + 1..size).map(|k| lower[k][row] * solution[k]).sum();
        solution[row] = solution[row] / diagonal[row] - behind;
    }
    for (slope, scale) in solution.iter_mut().zip(&scales) {
        *slope /= scale;
    }
    Some(solution)
}

/// A power of two near the root of a number; 1 if that has none.
fn power_near_root(square: f64) -> f64 {
    let exponent = (square.to_bits() >> 52) as i32 - 1023;
    if square.is_normal() && square > 0.0 {
        2f64.powi(exponent / 2)
    } else {
        1.0
    }
}
