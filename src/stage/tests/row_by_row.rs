//! Stages that need no other record, compared with loops over the rows, however these are cut into batches.

use super::*;
use crate::data::ValueRef;

/// A stage that is row by row, with the names of the fields before it, and those after it with their slots.
struct RowBench {
    stages: RowStages,
    before: Vec<Slot>,
    after: Vec<(String, Slot)>,
}

impl RowBench {
    fn new(text: &str, fields: &[&str], seed: u64) -> RowBench {
        let pipeline = crate::lang::parse(text).expect("the test's own text");
        let def = pipeline.stages[0].head.as_word().and_then(find).expect("a stage");
        let mut scope = Scope::new();
        scope.settings.seed = seed;
        let before = fields.iter().map(|name| scope.set(name)).collect();
        let mut work = AddedWork::default();
        work.add((def.bind)(&pipeline.stages[0], &mut scope).expect("the test's own text")).expect("it is bound");
        let after = scope.fields().iter().map(|field| (field.name.clone(), field.slot)).collect();
        RowBench { stages: work.rows, before, after }
    }

    /// The rows after the stage, and the counts of all batches.
    fn run(&self, rows: &[Vec<Value>], cuts: &[usize]) -> (Vec<Vec<Value>>, RecordCounts) {
        let (mut out, mut all, mut start) = (Vec::new(), RecordCounts::default(), 0);
        let mut live = SlotSet::default();
        self.before.iter().chain(self.after.iter().map(|(_, slot)| slot)).for_each(|slot| live.insert(*slot));
        self.stages.iter().flat_map(|stage| stage.makes()).for_each(|slot| live.insert(slot));
        for end in cuts.iter().copied().filter(|cut| *cut < rows.len()).chain([rows.len()]) {
            let part = &rows[start.min(end)..end];
            let mut batch = Batch::new(part.len(), Position(start as u64));
            for (index, slot) in self.before.iter().enumerate() {
                batch.set(*slot, part.iter().map(|row| row[index].borrow()).collect());
            }
            let mut counts = RecordCounts::default();
            self.stages.iter().for_each(|stage| stage.apply(&mut batch, &live, &mut counts));
            let row = |row| self.after.iter().map(|(_, slot)| batch.column(*slot).get(row).to_value()).collect();
            out.extend((0..batch.rows).map(row));
            all.exploded = Some(all.exploded.unwrap_or(0) + counts.exploded.unwrap_or(0));
            all.append(counts);
            start = end;
        }
        (out, all)
    }

    fn names(&self) -> Vec<&str> {
        self.after.iter().map(|(name, _)| name.as_str()).collect()
    }
}

fn rows() -> impl Strategy<Value = (Vec<(i64, Value)>, Vec<usize>)> {
    let single = || {
        prop_oneof![
            (0i64..9).prop_map(Value::Int),
            "[a-c]{0,20}".prop_map(|text| Value::Text(text.into())),
            Just(Value::Null)
        ]
    };
    let value = prop_oneof![single(), prop::collection::vec(single(), 0..4).prop_map(Value::List)];
    (prop::collection::vec((0i64..99, value), 0..30), prop::collection::vec(0usize..30, 0..4)).prop_map(
        |(rows, mut cuts)| {
            cuts.sort_unstable();
            (rows, cuts)
        },
    )
}

proptest! {
    #[test]
    fn explode_makes_a_row_of_each_element((rows, cuts) in rows()) {
        let cells: Vec<Vec<Value>> = rows.iter().map(|(id, list)| vec![Value::Int(*id), list.clone()]).collect();
        let mut expected = Vec::new();
        for (id, list) in &rows {
            match list {
                Value::Null => {}
                Value::List(elements) => expected.extend(elements.iter().map(|element| vec![Value::Int(*id), element.clone()])),
                single => expected.push(vec![Value::Int(*id), single.clone()]),
            }
        }
        for (text, names) in [("explode list", ["id", "list"]), ("explode list as tag", ["id", "tag"])] {
            let bench = RowBench::new(text, &["id", "list"], 0);
            prop_assert_eq!(bench.names(), names);
            let (found, counts) = bench.run(&cells, &cuts);
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!((counts.exploded, counts.filtered), (Some(rows.len() as u64), 0));
        }
    }

    #[test]
    fn a_smaller_sample_is_part_of_a_larger_one(numbers in prop::collection::vec(any::<i64>(), 0..60), mut cuts in prop::collection::vec(0usize..60, 0..5), seed in any::<u64>(), share in 0u32..=100) {
        cuts.sort_unstable();
        let rows: Vec<Vec<Value>> = numbers.iter().map(|number| vec![Value::Int(*number)]).collect();
        let sample = |share: u32, cuts: &[usize]| RowBench::new(&format!("sample {share}%"), &["line"], seed).run(&rows, cuts);
        let (small, counts) = sample(share / 2, &cuts);
        prop_assert_eq!(&small, &sample(share / 2, &[]).0);
        prop_assert_eq!(counts.filtered as usize, rows.len() - small.len());
        let mut large = sample(share, &[]).0.into_iter();
        prop_assert!(small.iter().all(|row| large.any(|other| other == *row)), "it has others, or in another order");
        prop_assert_eq!(&sample(100, &cuts).0, &rows);
        prop_assert_eq!(sample(0, &cuts).0, Vec::<Vec<Value>>::new());
    }

    #[test]
    fn projections_move_values_with_their_names(
        (steps, row) in (prop::collection::vec((0usize..6, 0usize..3, 0usize..3), 1..6), prop::collection::vec(0i64..99, 3)),
    ) {
        let mut columns: Vec<(String, i64)> = ["a", "b", "c"].into_iter().map(str::to_owned).zip(row).collect();
        for (kind, first, second) in steps {
            let (one, two) = (columns[first % columns.len()].clone(), columns[second % columns.len()].clone());
            let place = |columns: &[(String, i64)]| columns.iter().position(|(name, _)| *name == one.0).expect("a column");
            let fields: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let values: Vec<Value> = columns.iter().map(|(_, value)| Value::Int(*value)).collect();
            let (text, expected) = match kind {
                0 => {
                    let mut expected = columns.clone();
                    expected[place(&columns)].1 = two.1 + 1;
                    (format!("let {} = {} + 1", one.0, two.0), expected)
                }
                1 if fields.iter().all(|name| *name != "new") => {
                    let mut expected = columns.clone();
                    expected.push(("new".to_owned(), one.1 * 2));
                    expected[place(&columns)].1 = one.1 * 2 - 1;
                    (format!("let new = {0} * 2, {0} = new - 1", one.0), expected)
                }
                2 if columns.len() > 1 => {
                    let mut expected = columns.clone();
                    expected.remove(place(&columns));
                    (format!("drop {}", one.0), expected)
                }
                3 if one.0 != two.0 => {
                    let expected = vec![(one.0.clone(), two.1), (two.0.clone(), one.1)];
                    (format!("select {1} as {0}, {0} as {1}", one.0, two.0), expected)
                }
                _ => (format!("select {} as x, {} + 0 as y", one.0, two.0), vec![("x".to_owned(), one.1), ("y".to_owned(), two.1)]),
            };
            let bench = RowBench::new(&text, &fields, 0);
            let (found, _) = bench.run(&[values], &[]);
            let found = bench.names().into_iter().map(str::to_owned).zip(ints(found.concat()));
            prop_assert_eq!(found.collect::<Vec<_>>(), expected.clone(), "{}", text);
            columns = expected;
        }
    }
}

#[test]
fn a_sample_has_about_its_share_for_every_seed() {
    let rows: Vec<Vec<Value>> =
        (0..3000).map(|number| vec![Value::Text(format!("line {number}").into_bytes())]).collect();
    let mut all = HashSet::new();
    for seed in 0..5 {
        let sample = RowBench::new("sample 20%", &["line"], seed).run(&rows, &[]).0;
        // The standard deviation is 22.
        assert!((500..700).contains(&sample.len()), "{} with seed {seed}", sample.len());
        let texts = sample.into_iter().flatten().filter_map(|value| match value.borrow() {
            ValueRef::Text(text) => Some(text.to_vec()),
            _ => None,
        });
        all.extend(texts);
    }
    // Five independent samples miss a line with a probability of 0.8^5.
    assert!((1900..2150).contains(&all.len()), "{} of 3000 lines", all.len());
}
