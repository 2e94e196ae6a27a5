//! Save, load, and damage in between.

use proptest::prelude::*;

use super::values::tag;
use super::*;
use crate::data::batch::Batch;
use crate::data::{Column, Position, RecordColumn, Slot, Ternary, Validity, Value};

/// Any value, lists and objects included.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        "-?[1-9][0-9]{19,40}".prop_map(|digits| Value::BigInt(digits.into_bytes().into())),
        any::<f64>().prop_map(Value::float),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Text),
        any::<i64>().prop_map(Value::Time),
        any::<i64>().prop_map(Value::Duration),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            proptest::collection::vec(("[a-c]{1,2}", inner), 0..4).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect())
            }),
        ]
    })
}

/// A column of `rows` rows, of any kind.
fn column(rows: usize) -> BoxedStrategy<Column<'static>> {
    let of = |value: BoxedStrategy<Value>| {
        let values = proptest::collection::vec(value, rows);
        values.prop_map(|values| values.iter().map(Value::borrow).collect::<Column<'static>>())
    };
    let or_null = |value: BoxedStrategy<Value>| prop_oneof![3 => value, 1 => Just(Value::Null)].boxed();
    let truth = prop_oneof![Just(Ternary::False), Just(Ternary::True), Just(Ternary::Unknown)];
    prop_oneof![
        of(or_null("[a-z]{0,5}".prop_map(|text| Value::Text(text.into_bytes())).boxed())),
        of(or_null(any::<i64>().prop_map(Value::Int).boxed())),
        of(or_null((-1e9..1e9).prop_map(Value::Float).boxed())),
        of(value().boxed()),
        proptest::collection::vec(truth, rows).prop_map(Column::Bool),
        value().prop_map(move |value| Column::Constant(value, rows)),
        proptest::collection::vec(any::<i64>(), rows).prop_map(move |ints| {
            let names: Vec<Vec<u8>> = vec![b"a".to_vec(), b"b".to_vec()];
            let columns = vec![Column::Int(ints, Validity::ALL), Column::Constant(Value::Null, rows)];
            Column::Record(RecordColumn::new(names.into(), columns, rows))
        }),
    ]
    .boxed()
}

fn batch() -> impl Strategy<Value = Batch<'static>> {
    (0usize..6).prop_flat_map(|rows| {
        let columns = proptest::collection::vec(proptest::option::of(column(rows)), 0..5);
        (Just(rows), any::<u64>(), columns).prop_map(|(rows, position, columns)| {
            let mut batch = Batch::new(rows, Position(position));
            for (slot, column) in (0..).zip(columns) {
                if let Some(column) = column {
                    batch.set(Slot(slot), column);
                }
            }
            batch
        })
    })
}

fn rows(batch: &Batch<'_>) -> Vec<Vec<Value>> {
    let column = |slot| (0..batch.rows).map(|row| batch.column(slot).get(row).to_value()).collect();
    batch.slots().iter().map(column).collect()
}

proptest! {
    #[test]
    fn a_value_is_loaded_as_it_was_saved(value in value()) {
        let bytes = to_bytes(&value);
        let loaded: Value = from_bytes(&bytes).expect("its own bytes");
        prop_assert_eq!(&loaded, &value);
        prop_assert_eq!(to_bytes(&loaded), bytes);
    }

    #[test]
    fn a_batch_is_loaded_as_it_was_saved(batch in batch()) {
        let bytes = to_bytes(&batch);
        let loaded: Batch<'static> = from_bytes(&bytes).expect("its own bytes");
        prop_assert_eq!(loaded.rows, batch.rows);
        prop_assert_eq!(loaded.position, batch.position);
        prop_assert_eq!(loaded.slots().iter().collect::<Vec<_>>(), batch.slots().iter().collect::<Vec<_>>());
        prop_assert_eq!(rows(&loaded), rows(&batch));
        prop_assert_eq!(to_bytes(&loaded), bytes);
    }

    #[test]
    fn taken_rows_have_the_same_bytes_as_the_original_ones(column in column(5)) {
        let order = [4, 0, 3, 1, 2];
        let back = [1, 3, 4, 2, 0];
        let (mut first, mut again) = (Vec::new(), Vec::new());
        column.save(&mut first);
        column.take(&order).take(&back).into_owned().save(&mut again);
        prop_assert_eq!(first, again);
    }

    #[test]
    fn a_damaged_byte_is_found(batch in batch(), at in any::<prop::sample::Index>(), change in 1u8..) {
        let mut bytes = to_bytes(&batch);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert!(from_bytes::<Batch<'static>>(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_a_state_or_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = Value::load(&mut StateReader::new(&bytes));
        let _ = Batch::load(&mut StateReader::new(&bytes));
    }
}

#[test]
fn a_truncated_or_extended_state_is_damaged() {
    let bytes = to_bytes(&Value::Text(b"a text".to_vec()));
    for end in MAGIC.len()..bytes.len() {
        assert_eq!(from_bytes::<Value>(&bytes[..end]), Err(StateError::Damaged), "{end}");
    }
    let longer = [&bytes[..], b"\0"].concat();
    assert_eq!(from_bytes::<Value>(&longer), Err(StateError::Damaged));
    assert_eq!(from_bytes::<Value>(b""), Err(StateError::NotAState));
    assert_eq!(from_bytes::<Value>(b"bour"), Err(StateError::NotAState));
}

#[test]
fn a_state_of_another_kind_or_version_is_named() {
    struct Later(Value);

    impl Persist for Later {
        fn save(&self, out: &mut Vec<u8>) {
            self.0.save(out);
        }

        fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
            Value::load(input).map(Later)
        }
    }

    impl PersistRoot for Later {
        const KIND: [u8; 4] = Value::KIND;
        const VERSION: u32 = 2;
    }

    assert_eq!(from_bytes::<Value>(&to_bytes(&Later(Value::Null))), Err(StateError::OtherVersion(2)));
    assert_eq!(from_bytes::<Value>(&to_bytes(&Batch::default())), Err(StateError::OtherKind));
}

#[test]
fn the_bytes_under_a_null_do_not_count() {
    let mut saved = Vec::new();
    for hidden in [0, 7] {
        let mut out = Vec::new();
        Column::Int(vec![1, hidden], Validity::of(vec![true, false])).save(&mut out);
        saved.push(out);
    }
    assert_eq!(saved[0], saved[1]);
    let (mut all, mut listed) = (Vec::new(), Vec::new());
    Column::Int(vec![1], Validity::ALL).save(&mut all);
    Column::Int(vec![1], Validity::of(vec![true])).save(&mut listed);
    assert_eq!(all, listed);
}

#[test]
fn the_form_of_a_value_never_changes() {
    let value = Value::Object(vec![(b"a".to_vec(), Value::List(vec![Value::Int(-2), Value::Bool(true)]))]);
    let mut bytes = Vec::new();
    value.save(&mut bytes);
    let expected =
        b"\x0a\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0a\x09\x02\0\0\0\0\0\0\0\x03\xfe\xff\xff\xff\xff\xff\xff\xff\x02";
    assert_eq!(bytes, expected);
}

#[test]
fn deep_nesting_is_rejected() {
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        bytes.extend_from_slice(b"\x09\x01\0\0\0\0\0\0\0");
    }
    bytes.push(tag::NULL);
    assert_eq!(Value::load(&mut StateReader::new(&bytes)), Err(StateError::Damaged));
}

#[test]
fn positions_of_a_later_part_come_after_those_of_earlier_ones() {
    let mut saved = Vec::new();
    Position(5).save(&mut saved);
    assert_eq!(Position::load(&mut StateReader::new(&saved)), Ok(Position(5)));
    assert_eq!(Position::load(&mut StateReader::new(&saved).after(Position(7))), Ok(Position(12)));
    assert_eq!(Position::load(&mut StateReader::new(&saved).after(Position(u64::MAX))), Err(StateError::Damaged));
}

#[test]
fn states_that_follow_each_other_are_split() {
    let (first, second) = (to_bytes(&Value::Int(1)), to_bytes(&Value::Null));
    let both = [first.clone(), second.clone()].concat();
    assert_eq!(split_first(&both), Ok((&first[..], &second[..])));
    assert_eq!(split_first(&second), Ok((&second[..], &[][..])));
    assert_eq!(split_first(&both[1..]), Err(StateError::NotAState));
    for end in MAGIC.len()..first.len() {
        assert_eq!(split_first(&first[..end]), Err(StateError::Damaged));
    }
}
