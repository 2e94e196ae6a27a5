//! `linreg(y, x…)`: fits a line or plane to the records by least squares.
//!
//! Sums and products are exact, and the normal equations are rounded once, after centring about the means: large
//! numbers that differ little lose no precision, and any split of the input gives the same bytes. The equations are
//! solved by the square-root-free Cholesky decomposition (G. H. Golub, C. F. Van Loan, *Matrix Computations*, §4.1).

use super::moments::{Moments, Sums};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, Expansion, Value, scale, two_product};

pub(super) const LINREG: AggregateDef = AggregateDef {
    entry: Entry {
        name: "linreg",
        usage: "linreg(y, x, …) [as NAME]",
        summary: "Fit y = intercept + slope·x by least squares.",
        details: "Creates the columns `intercept`, `slope` (`slope_X` for each of several x), `r2` (the share of the \
                  variance that the fit explains) and `n` (the number of records used); `as fit` names them \
                  `fit_intercept` and so on. Records in which y or an x is null or not a number are left out. If the \
                  records do not determine the fit (too few, a constant x, or an x that follows from the others), all \
                  but `n` are null.",
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
    columns: Some(columns),
    accumulator: |settings| Moments::boxed(settings, settings.arguments + 2, fit),
    ..AggregateDef::DEFAULT
};

/// A regressor is treated as dependent on the others if less than this share of it is independent.
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

/// Computes the result columns of a group; variable 0 is y.
fn fit(sums: &Sums) -> Vec<Value> {
    let regressors = sums.variables() - 1;
    let count = Value::Int(sums.count() as i64);
    let is_enough = sums.count() > regressors as u64;
    // A variable that is always zero has no exponent.
    let exponents: Vec<i32> =
        (0..sums.variables()).filter(|_| is_enough).map(|variable| sums.exponent(variable).unwrap_or(0)).collect();
    let scaled = is_enough.then(|| slopes(sums, &exponents)).flatten();
    let Some(scaled) = scaled else {
        let mut columns = vec![Value::Null; regressors + 2];
        columns.push(count);
        return columns;
    };
    let mut columns = vec![Value::float(intercept(sums, &scaled, &exponents))];
    let slopes = scaled.iter().zip(&exponents[1..]);
    columns.extend(slopes.map(|(&slope, x)| Value::float(scale(slope, exponents[0] - x))));
    columns.push(Value::float(explained(sums, &scaled, &exponents)));
    columns.push(count);
    columns
}

/// (Σy − Σ slope Σx) / n, with slopes scaled by the variables' powers of two: an unscaled slope may exceed the range
/// of floats.
fn intercept(sums: &Sums, slopes: &[f64], exponents: &[i32]) -> f64 {
    let mut rest = sums.sum_without(0, exponents[0]);
    for (index, &slope) in slopes.iter().enumerate() {
        let mut slope_alone = Expansion::default();
        slope_alone.add(slope);
        let x = sums.sum_without(index + 1, exponents[index + 1]);
        rest = rest.minus(&x.times(&slope_alone));
    }
    scale(rest.round() / sums.count() as f64, exponents[0])
}

/// The share of the variance of y that the fit explains; 0 / 0, which is null, if y is constant.
fn explained(sums: &Sums, slopes: &[f64], exponents: &[i32]) -> f64 {
    let y = (0, exponents[0]);
    let mut explained = Expansion::default();
    for (index, &slope) in slopes.iter().enumerate() {
        let x = (index + 1, exponents[index + 1]);
        let (high, low) = two_product(slope, sums.centred_without(x, y));
        explained.add(low);
        explained.add(high);
    }
    (explained.round() / sums.centred_without(y, y)).clamp(0.0, 1.0)
}

/// Solves the normal equations with each variable scaled by its power of two, so that no square overflows and no
/// regressor vanishes beside a larger one. Returns `None` if they do not determine the slopes.
fn slopes(sums: &Sums, exponents: &[i32]) -> Option<Vec<f64>> {
    let size = sums.variables() - 1;
    let of = |variable: usize| (variable, exponents[variable]);
    let scaled = |row: usize, column: usize| sums.centred_without(of(row + 1), of(column + 1));
    let mut lower = vec![vec![0.0; size]; size];
    let mut diagonal = vec![0.0; size];
    for row in 0..size {
        for column in 0..row {
            let before: f64 = (0..column).map(|k| lower[row][k] * lower[column][k] * diagonal[k]).sum();
            lower[row][column] = (scaled(row, column) - before) / diagonal[column];
        }
        let before: f64 = (0..row).map(|k| lower[row][k] * lower[row][k] * diagonal[k]).sum();
        let whole = scaled(row, row);
        diagonal[row] = whole - before;
        let is_decided = diagonal[row] > whole * LEAST_SHARE;
        if !is_decided {
            return None;
        }
    }
    let mut solution: Vec<f64> = Vec::with_capacity(size);
    for (row, coefficients) in lower.iter().enumerate().take(size) {
        let before: f64 = coefficients.iter().zip(&solution).map(|(by, known)| by * known).sum();
        solution.push(sums.centred_without(of(row + 1), of(0)) - before);
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|k| lower[k][row] * solution[k]).sum();
        solution[row] = solution[row] / diagonal[row] - known;
    }
    Some(solution)
}
