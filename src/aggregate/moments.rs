//! Exact sums of several numbers and of their products, from which `linreg` and `corr` are computed.

use std::any::Any;
use std::ops::Range;

use super::accumulator::{Accumulator, AggregateSettings, Finish, RowGroups, same, take_states};
use super::summand::number;
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Column, ColumnBuilder, ExactSum, Expansion, HeapBytes, Number, Position, Value, buffer_bytes};
use crate::expr::Failures;

/// The sums of each group. A row counts if every variable is a number in it.
#[derive(Debug)]
pub(super) struct Moments {
    states: Vec<Sums>,
    variables: usize,
    columns: usize,
    results: fn(&Sums) -> Vec<Value>,
    name: String,
    row: Vec<Number>,
}

/// The sums of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    count: u64,
    variables: usize,
    /// The sum of each variable, then of each product of two; empty before the first row.
    sums: Vec<ExactSum>,
}

impl Moments {
    /// Creates an accumulator without groups; `results` computes `columns` columns from the sums.
    pub(super) fn boxed(
        settings: &AggregateSettings,
        columns: usize,
        results: fn(&Sums) -> Vec<Value>,
    ) -> Box<dyn Accumulator> {
        Box::new(Moments {
            states: Vec::new(),
            variables: settings.arguments,
            columns,
            results,
            name: settings.name.clone(),
            row: Vec::new(),
        })
    }

    /// Reads a row; returns true if it counts.
    fn read(&mut self, arguments: &[&Column<'_>], row: usize, failures: &mut Failures) -> bool {
        self.row.clear();
        if arguments.iter().any(|column| column.get(row).is_null()) {
            return false;
        }
        for column in arguments {
            let value = column.get(row);
            match number(value) {
                Ok(Some(number)) => self.row.push(number),
                Ok(None) => return false,
                Err(expected) => {
                    failures.add(&self.name, expected, value);
                    return false;
                }
            }
        }
        true
    }
}

impl Accumulator for Moments {
    fn resize(&mut self, groups: usize) {
        let variables = self.variables;
        self.states.resize_with(groups, || Sums { variables, ..Sums::default() });
    }

    fn update(
        &mut self,
        groups: RowGroups<'_>,
        arguments: &[&Column<'_>],
        _position: Position,
        failures: &mut Failures,
    ) {
        for row in 0..groups.rows() {
            if self.read(arguments, row, failures) {
                self.states[groups.of(row)].add(&self.row);
            }
        }
    }

    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &Self = same(other);
        for (sums, &group) in other.states[from].iter().zip(to) {
            self.states[group as usize].merge(sums);
        }
    }

    fn take_groups(&mut self, order: &[u32]) -> Box<dyn Accumulator> {
        Box::new(Moments {
            states: take_states(&mut self.states, order),
            name: self.name.clone(),
            row: Vec::new(),
            ..*self
        })
    }

    fn finish(&self, _finish: &Finish) -> Vec<Column<'static>> {
        let mut builders: Vec<ColumnBuilder> =
            (0..self.columns).map(|_| ColumnBuilder::new(self.states.len())).collect();
        for sums in &self.states {
            for (builder, value) in builders.iter_mut().zip((self.results)(sums)) {
                builder.push(value.borrow());
            }
        }
        builders.into_iter().map(ColumnBuilder::finish).collect()
    }

    fn result(&self, group: usize, _finish: &Finish) -> Vec<Value> {
        (self.results)(&self.states[group])
    }

    fn save_groups(&self, groups: &[u32], out: &mut Vec<u8>) {
        for &group in groups {
            let sums = &self.states[group as usize];
            sums.count.save(out);
            sums.sums.iter().for_each(|sum| sum.save(out));
        }
    }

    fn load_groups(&mut self, groups: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.states.clear();
        for _ in 0..groups {
            self.states.push(Sums::load(self.variables, input)?);
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl HeapBytes for Moments {
    fn heap_bytes(&self) -> usize {
        let sums = self.states.iter().map(|sums| sums.sums.heap_bytes()).sum::<usize>();
        buffer_bytes(&self.states) + sums + self.name.heap_bytes() + buffer_bytes(&self.row)
    }
}

impl Sums {
    /// Reads the sums; those of no rows are not saved.
    fn load(variables: usize, input: &mut StateReader<'_>) -> Result<Sums, StateError> {
        let mut sums = Sums { count: input.count()?, variables, sums: Vec::new() };
        if sums.count > 0 {
            for _ in 0..sums.products() {
                sums.sums.push(ExactSum::load(input)?);
            }
        }
        Ok(sums)
    }

    /// The number of sums.
    fn products(&self) -> usize {
        self.variables + self.variables * (self.variables + 1) / 2
    }

    /// Number of rows.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Number of variables.
    pub(super) fn variables(&self) -> usize {
        self.variables
    }

    /// The sum of a variable, scaled by a power of two.
    pub(super) fn sum_without(&self, variable: usize, exponent: i32) -> Expansion {
        self.sums[variable].scaled(-exponent)
    }

    /// n Σab − Σa Σb, rounded once: n times the sum of products about the means, each variable scaled by its power of
    /// two. There must be a row.
    pub(super) fn centred_without(&self, (a, a_exponent): (usize, i32), (b, b_exponent): (usize, i32)) -> f64 {
        let products = self.sums[self.product(a.min(b), a.max(b))].scaled(-a_exponent - b_exponent);
        let (a, b) = (self.sum_without(a, a_exponent), self.sum_without(b, b_exponent));
        products.times(&Expansion::of_int(i128::from(self.count))).minus(&a.times(&b)).round()
    }

    /// The exponent of the power of two near the root of a variable's squares; `None` if all values are zero.
    pub(super) fn exponent(&self, variable: usize) -> Option<i32> {
        let squares = &self.sums[self.product(variable, variable)];
        squares.exponent().map(|exponent| exponent.div_euclid(2))
    }

    /// The index of the sum of a product: the upper triangle, row by row.
    fn product(&self, low: usize, high: usize) -> usize {
        let before = low * self.variables - low * low.saturating_sub(1) / 2 - low;
        self.variables + before + high
    }

    fn add(&mut self, row: &[Number]) {
        if self.sums.is_empty() {
            self.sums = vec![ExactSum::default(); self.products()];
        }
        self.count += 1;
        let (sums, products) = self.sums.split_at_mut(self.variables);
        let mut products = products.iter_mut();
        for (index, &left) in row.iter().enumerate() {
            sums[index].add(left);
            for (&right, product) in row[index..].iter().zip(products.by_ref()) {
                product.add_product(left, right);
            }
        }
    }

    fn merge(&mut self, other: &Sums) {
        if self.sums.is_empty() {
            self.clone_from(other);
            return;
        }
        self.count += other.count;
        for (own, other) in self.sums.iter_mut().zip(&other.sums) {
            own.merge(other);
        }
    }
}
